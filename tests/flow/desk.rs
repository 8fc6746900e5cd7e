//! Drives of one release with nobody behind them: a state store on disk, a virtual clock, and facts
//! that a test makes up.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use oar_script::{
    call::Session,
    config::Config,
    error::Result,
    flow::{Drive, Evidence, Fact, Journal, Plan, Sources, Stores, journal::Entry},
    http::Http,
    release::{
        Metadata, TaskStatus, Version,
        statebox::{Change, StateBox},
    },
    services,
    sim::{self, Simulation, state::Fault},
    state::{Snapshot, StateStore, local::LocalStore},
    world::{BoxFuture, World},
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A release with a state document and no task begun.
const DOCUMENT: &str = include_str!("../fixtures/statebox/4.20.28.yaml");

pub struct Desk {
    folder: TempDir,
    simulation: Simulation,
    evidence: Arc<Mutex<Option<Evidence>>>,
    build_data: Arc<Mutex<Result<Metadata>>>,
    runtime: Runtime,
}

struct MadeUp {
    evidence: Arc<Mutex<Option<Evidence>>>,
    build_data: Arc<Mutex<Result<Metadata>>>,
}

impl Sources for MadeUp {
    fn metadata<'a>(
        &'a self,
        _session: &'a Session,
        _release: &'a Version,
    ) -> BoxFuture<'a, Result<Metadata>> {
        let build_data = self.build_data.lock().expect("no test panics here").clone();
        Box::pin(async { build_data })
    }

    fn evidence(&self, _session: &Session, _build: &str) -> Result<Option<Evidence>> {
        Ok(self.evidence.lock().expect("no test panics here").clone())
    }
}

/// A store that says it keeps statuses only.
struct Limited(LocalStore);

impl StateStore for Limited {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async {
            let snapshot = self.0.read(release).await?;
            Ok(snapshot.map(limited))
        })
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        self.0.create(document)
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async { self.0.apply(release, changes).await.map(limited) })
    }
}

fn limited(snapshot: Snapshot) -> Snapshot {
    Snapshot {
        is_limited: true,
        ..snapshot
    }
}

pub fn release() -> Version {
    "4.20.28".parse().expect("a version")
}

/// What the document recorded.
pub fn recorded() -> Metadata {
    let document = StateBox::parse_any(DOCUMENT).expect("a document");
    Metadata::of_statebox(document.metadata())
}

impl Desk {
    pub fn new() -> Self {
        Self::with_env(&[])
    }

    /// A desk whose program finds these variables in its environment.
    pub fn with_env(env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = Runtime::new().expect("a runtime");
        let options = sim::Options {
            folder: Some(folder.path().join("world")),
            files: vec![folder.path().to_path_buf()],
            env: env
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..sim::Options::default()
        };
        let simulation =
            Simulation::open(options, runtime.handle(), |_| Vec::new()).expect("a world");
        let desk = Self {
            folder,
            simulation,
            evidence: Arc::default(),
            build_data: Arc::new(Mutex::new(Ok(recorded()))),
            runtime,
        };
        desk.store().import(DOCUMENT).expect("a document");
        desk
    }

    pub fn world(&self) -> Arc<dyn World> {
        self.simulation.world().clone()
    }

    pub fn journals(&self, operator: &str) -> PathBuf {
        self.folder.path().join(operator)
    }

    fn store(&self) -> LocalStore {
        LocalStore::open(&self.folder.path().join("state.git"), self.world()).expect("a store")
    }

    /// A drive as a new process of this operator opens it.
    pub fn drive(&self, operator: &str) -> Arc<Drive> {
        self.planned(operator, None)
    }

    /// A drive that can tell people in Slack, as a new process of this operator opens it.
    pub fn telling(&self, operator: &str) -> Arc<Drive> {
        self.equipped(self.drive(operator))
    }

    /// Gives a drive the services of this world, with the contacts of simulated worlds.
    pub fn equipped(&self, drive: Arc<Drive>) -> Arc<Drive> {
        let mut config = Config::default();
        config.contacts = sim::seed::contacts(std::iter::once("4.20".to_owned()));
        let http = Http::new(self.world()).expect("a way out");
        services::install(&drive.session, &http, &config).expect("clients");
        drive
    }

    /// Serves Slack to every drive that is equipped later.
    pub fn serve_slack(&self) {
        let router = services::slack::emulator::router(self.simulation.state().clone());
        self.simulation.serve("slack", router).expect("a stand-in");
    }

    /// Changes the documents of the outside.
    pub fn change(&self, change: impl FnOnce(&mut Value)) {
        let state = self.simulation.state();
        state
            .change(|stored| change(&mut stored.documents))
            .expect("a kept world");
    }

    /// Lets a service meet a fault in an operation, once.
    pub fn fail(&self, service: &str, operation: &str, kind: &str) {
        let fault = Fault {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind: kind.to_owned(),
            times: 1,
            after: 0,
        };
        let state = self.simulation.state();
        state
            .change(|stored| stored.faults.push(fault))
            .expect("a kept world");
    }

    /// The messages in Slack.
    pub fn messages(&self) -> Vec<Value> {
        let state = self.simulation.state();
        let messages = state.read(|stored| stored.documents["slack"]["messages"].clone());
        messages.as_array().cloned().unwrap_or_default()
    }

    /// A drive of a release that has no document but statuses, as a sheet keeps them.
    pub fn limited(&self, operator: &str) -> Arc<Drive> {
        let nothing = self.folder.path().join("nothing.git");
        let nothing = LocalStore::open(&nothing, self.world()).expect("a store");
        let stores = Stores {
            primary: Arc::new(nothing),
            fallback: Some(Arc::new(Limited(self.store()))),
        };
        self.over(operator, stores, None)
    }

    pub fn planned(&self, operator: &str, plan: Option<Plan>) -> Arc<Drive> {
        let stores = Stores {
            primary: Arc::new(self.store()),
            fallback: None,
        };
        self.over(operator, stores, plan)
    }

    fn over(&self, operator: &str, stores: Stores, plan: Option<Plan>) -> Arc<Drive> {
        let journal = Journal::open(self.world(), &self.journals(operator), &release());
        Arc::new(Drive::new(
            Session::new(self.world(), self.runtime.handle().clone()),
            release(),
            journal.expect("a journal"),
            stores,
            Arc::new(MadeUp {
                evidence: self.evidence.clone(),
                build_data: self.build_data.clone(),
            }),
            None,
            plan,
        ))
    }

    pub fn wait(&self, duration: Duration) {
        self.simulation
            .advance(duration)
            .expect("a clock that moves");
    }

    /// Fills the disk for one append, after `after` good ones.
    pub fn fill_disk(&self, after: u32) {
        let fault = Fault {
            service: "world".to_owned(),
            operation: "append".to_owned(),
            kind: "disk_full".to_owned(),
            times: 1,
            after,
        };
        let state = self.simulation.state();
        state
            .change(|stored| stored.faults.push(fault))
            .expect("a kept world");
    }

    /// Says what the build data are from now on.
    pub fn build_data(&self, read: Result<Metadata>) {
        *self.build_data.lock().expect("no test panics here") = read;
    }

    /// Says what the result file of every build is from now on.
    pub fn results(&self, identity: &str, is_accepted: bool) {
        *self.evidence.lock().expect("no test panics here") = Some(Evidence {
            build: release().to_string(),
            identity: identity.to_owned(),
            is_aggregated: true,
            is_accepted,
            summary: "made up".to_owned(),
            verdict: if is_accepted { "ACCEPT" } else { "REJECT" }.to_owned(),
            link: "https://example.com/results".to_owned(),
        });
    }

    /// The state as it is in the store.
    pub fn state(&self) -> Snapshot {
        let store = self.store();
        let read = self.runtime.block_on(store.read(&release()));
        read.expect("a store that reads").expect("a document")
    }
}

/// The change that sets the status of a task.
pub fn set(task: &str, status: TaskStatus) -> Change {
    Change::SetTask {
        name: task.to_owned(),
        status,
        result: Some(format!("{task} is {status}")),
        started_at: None,
        completed_at: None,
        is_reset: false,
    }
}

pub fn facts(drive: &Drive) -> Vec<Fact> {
    drive
        .journal
        .entries()
        .into_iter()
        .map(|Entry { fact, .. }| fact)
        .collect()
}
