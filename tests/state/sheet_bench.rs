//! A simulated Google with one document, and stores over it whose requests are counted.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{extract::Request, middleware};
use oar_script::{
    error::Result,
    http::{Auth, Http},
    release::{
        TaskStatus, Version,
        sheet::Layout,
        statebox::{Change, Metadata, StateBox},
    },
    services::sheets::{Account, Client, emulator},
    sim::{
        sheet,
        state::{Fault, SimState},
    },
    state::{
        Snapshot, StateStore,
        sheet::{MetadataSource, SheetStore, Tabs},
    },
    world::{BoxFuture, World},
};
use serde_json::{Value, json};

use crate::support::services_world::{self, ServicesWorld, serve};

pub const RELEASE: &str = "4.20.1";

pub struct Bench {
    pub state: Arc<SimState>,
    pub world: Arc<ServicesWorld>,
    pub tabs: Tabs,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    /// A document for 4.20 with the Konflux template, and no tab.
    pub async fn new() -> Self {
        let mut documents = json!({});
        sheet::add_document(&mut documents, &release(), Layout::Konflux);
        Self::with(documents["sheets"].take()).await
    }

    /// The same with the tab of the release.
    pub async fn with_tab() -> Self {
        let mut documents = json!({});
        sheet::add_tab(&mut documents, &release(), &metadata());
        Self::with(documents["sheets"].take()).await
    }

    pub async fn with(documents: Value) -> Self {
        let state = services_world::state("sheets", documents);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        let watch = move |request: Request, next: middleware::Next| {
            let path = request.uri().path().to_owned();
            let line = format!("{} {}", request.method(), named(&path));
            log.lock().unwrap().push(line);
            next.run(request)
        };
        let router = emulator::router(state.clone()).layer(middleware::from_fn(watch));
        let url = serve(router).await;
        let key = emulator::key_file(url.join("/token").unwrap().as_str());
        let world = ServicesWorld::default()
            .env("GCP_SA_FILE", "/key.json")
            .file("/key.json", &key);
        let world = Arc::new(world);
        let http = Http::new(world.clone() as Arc<dyn World>).unwrap();
        let caller = http.service("sheets", url, Auth::none());
        let account = Account::new(world.clone(), http);
        let client = Arc::new(Client::new(caller, account));
        let documents = BTreeMap::from([("4.20".to_owned(), sheet::document_id("4.20"))]);
        Self {
            state,
            world,
            tabs: Tabs::new(client, documents),
            requests,
        }
    }

    /// One operator's store.
    pub fn store(&self) -> SheetStore {
        let source: MetadataSource = Arc::new(|_: &Version| known(metadata()));
        SheetStore::new(self.tabs.clone(), source, self.world.clone())
    }

    /// The requests since this was asked last, without those for tokens.
    pub fn requests(&self) -> Vec<String> {
        let mut requests = std::mem::take(&mut *self.requests.lock().unwrap());
        requests.retain(|request| !request.contains("/token"));
        requests
    }

    /// What a cell of the release's tab holds.
    pub fn cell(&self, cell: &str) -> String {
        self.tab(|tab| sheet::text(tab, cell).to_owned())
    }

    pub fn tab<T>(&self, look: impl FnOnce(&Value) -> T) -> T {
        self.state
            .read(|stored| look(sheet::tab(&stored.documents, "4.20", RELEASE).unwrap()))
    }

    pub fn has_tab(&self) -> bool {
        self.state
            .read(|stored| sheet::tab(&stored.documents, "4.20", RELEASE).is_some())
    }

    /// A person types into a cell of a tab.
    pub fn type_into(&self, tab: &str, cell: &str, text: &str) {
        self.state
            .change(|stored| sheet::type_into(&mut stored.documents, "4.20", tab, cell, text))
            .unwrap();
    }

    /// A person changes the document.
    pub fn change(&self, change: impl FnOnce(&mut Value)) {
        self.state
            .change(|stored| {
                let id = sheet::document_id("4.20");
                change(&mut stored.documents["sheets"]["spreadsheets"][id]);
            })
            .unwrap();
    }

    /// The next `times` calls of an operation meet a fault.
    pub fn fault(&self, operation: &str, kind: &str, times: u32) {
        let fault = Fault {
            service: "sheets".to_owned(),
            operation: operation.to_owned(),
            kind: kind.to_owned(),
            times,
            after: 0,
        };
        self.state
            .change(|stored| stored.faults.push(fault))
            .unwrap();
    }
}

/// What is asked, without the document's id.
fn named(path: &str) -> String {
    path.replace(&sheet::document_id("4.20"), "4.20")
        .replace("/v4/spreadsheets/", "")
}

fn known<'a>(metadata: Metadata) -> BoxFuture<'a, Result<Metadata>> {
    Box::pin(async { Ok(metadata) })
}

pub fn release() -> Version {
    RELEASE.parse().unwrap()
}

pub fn metadata() -> Metadata {
    Metadata {
        jira_ticket: Some("ART-30001".into()),
        advisory_ids: [("rpm".to_owned(), 180101), ("rhcos".to_owned(), 180102)].into(),
        release_date: Some("2027-Mar-06".into()),
        candidate_builds: [(
            "x86_64".to_owned(),
            "4.20.0-0.nightly-2027-02-27-010203".to_owned(),
        )]
        .into(),
        shipment_mr: Some("https://gitlab.example.com/-/merge_requests/901".into()),
    }
}

pub fn document() -> StateBox {
    StateBox::new(&release(), metadata(), services_world::start())
}

pub fn set(name: &str, status: TaskStatus) -> Change {
    change(name, status, false)
}

pub fn reset(name: &str, status: TaskStatus) -> Change {
    change(name, status, true)
}

fn change(name: &str, status: TaskStatus, is_reset: bool) -> Change {
    Change::SetTask {
        name: name.into(),
        status,
        result: Some(format!("{name} is {status}")),
        started_at: None,
        completed_at: None,
        is_reset,
    }
}

pub async fn read(store: &dyn StateStore) -> Snapshot {
    store.read(&release()).await.unwrap().unwrap()
}
