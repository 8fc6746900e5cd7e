//! A simulated outside with every service, and operators whose tools run in this process over one
//! state store.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use axum::{
    extract::Request,
    http::Method,
    middleware::{Next, from_fn},
};
use jiff::SignedDuration;
use oar_script::{
    call::Session,
    config::Config,
    error::Error,
    http::Http,
    oar::{
        backend::{Answer, Oar},
        native::Native,
    },
    release::{
        Ending, Outcome, Version,
        statebox::{Change, StateBox},
    },
    services,
    sim::{
        seed::{Seed, contacts},
        state::{Fault, SimState, Stored, set},
    },
    state::{Kept, StateStore, local::LocalStore},
    world::clock::VirtualClock,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;
use url::Url;

use crate::support::services_world::{ServicesWorld, serve, start};

pub const RELEASE: &str = "4.20.1";
pub const OWNER: &str = "lead@example.com";
pub const RPM: &str = "errata/advisories/180101";
pub const RHCOS: &str = "errata/advisories/180102";
pub const NOTES: &str = "gitlab/merge_requests/901/notes";

/// Everything outside, and one operator.
pub struct Office {
    pub state: Arc<SimState>,
    pub oar: Oar,
    pub store: Arc<LocalStore>,
    gate: Arc<Gate>,
    endpoints: Vec<(&'static str, Url)>,
    folder: Arc<TempDir>,
}

/// Counts changing requests, and keeps back the answer of the one at which a process is to die.
#[derive(Default)]
struct Gate {
    changes: AtomicUsize,
    deadly: AtomicUsize,
    died: Notify,
}

impl Office {
    /// A fresh release with its StateBox.
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// The same, with documents that are changed before anything is served.
    pub async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let office = Self::without_statebox(change).await;
        office.call("create_test_report", json!({})).await.unwrap();
        // That there is a StateBox was told; what is told from now on is looked at.
        let forget = |stored: &mut Stored| stored.documents["slack"]["messages"] = json!([]);
        office.state.change(forget).unwrap();
        office
    }

    /// A release that nobody tracks yet.
    pub async fn without_statebox(change: impl FnOnce(&mut Value)) -> Self {
        let seed = Seed {
            scenario: "test".to_owned(),
            seed: 1,
            version: RELEASE.parse().unwrap(),
            start: start(),
        };
        let mut documents = seed.documents(&seed.identity(&Value::Null));
        change(&mut documents);
        let clock = VirtualClock::new(start(), false);
        let stored = Stored {
            scenario: "test".to_owned(),
            seed: 1,
            ids: 0,
            now: start(),
            documents,
            schedule: Vec::new(),
            faults: Vec::new(),
            answers: Vec::new(),
        };
        let state = Arc::new(SimState::new(stored, clock, None));
        let gate = Arc::new(Gate::default());
        let mut endpoints = Vec::new();
        for (name, router) in [
            (
                "build_data",
                services::build_data::emulator::router(state.clone()),
            ),
            (
                "release_controller",
                services::release_controller::emulator::router(state.clone()),
            ),
            ("github", services::github::emulator::router(state.clone())),
            ("errata", services::errata::emulator::router(state.clone())),
            ("gitlab", services::gitlab::emulator::router(state.clone())),
            ("jira", services::jira::emulator::router(state.clone())),
            ("slack", services::slack::emulator::router(state.clone())),
            ("portal", services::portal::emulator::router(state.clone())),
            ("brew", services::brew::emulator::router(state.clone())),
            (
                "release_controller",
                services::release_controller::emulator::router(state.clone()),
            ),
        ] {
            let gate = gate.clone();
            let router = router.layer(from_fn(move |request, next| {
                let gate = gate.clone();
                async move { gate.pass(request, next).await }
            }));
            endpoints.push((name, serve(router).await));
        }
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Self::operator("tester", state, gate, endpoints, folder)
    }

    /// Another person with tools of their own over the same outside.
    pub fn another(&self, person: &str) -> Self {
        let (state, gate) = (self.state.clone(), self.gate.clone());
        Self::operator(
            person,
            state,
            gate,
            self.endpoints.clone(),
            self.folder.clone(),
        )
    }

    fn operator(
        person: &str,
        state: Arc<SimState>,
        gate: Arc<Gate>,
        endpoints: Vec<(&'static str, Url)>,
        folder: Arc<TempDir>,
    ) -> Self {
        let mut world = ServicesWorld {
            clock: state.clock().clone(),
            person: person.to_owned(),
            // No two people show the same Kerberos token.
            tokens: AtomicU64::new(person.bytes().map(u64::from).sum::<u64>() << 20),
            ..ServicesWorld::default()
        }
        .env("GITHUB_TOKEN", "ghp_made_up")
        .env("GITLAB_TOKEN", "simulated-gitlab-token")
        .env("JIRA_USERNAME", "bot@example.com")
        .env("JIRA_TOKEN", "made-up")
        .env("SLACK_BOT_TOKEN", "xoxb-made-up");
        for (name, endpoint) in &endpoints {
            world = world.endpoint(name, endpoint.clone());
        }
        let world = Arc::new(world);
        let path: PathBuf = folder.path().join("state.git");
        let store = Arc::new(LocalStore::open(&path, world.clone()).unwrap());
        let session = Session::new(world.clone(), tokio::runtime::Handle::current());
        let mut config = Config::default();
        config.contacts = contacts(["4.20".to_owned()].into_iter());
        let http = Http::new(world.clone()).unwrap();
        services::install(&session, &http, &config).unwrap();
        session.put(Arc::new(Kept(store.clone())));
        let oar = Oar::new(Arc::new(Native::of(&session).unwrap()));
        Self {
            state,
            oar,
            store,
            gate,
            endpoints,
            folder,
        }
    }

    pub async fn call(&self, tool: &str, mut arguments: Value) -> Result<Answer, Error> {
        arguments["release"] = RELEASE.into();
        self.oar.call(tool, &arguments).await
    }

    /// What taking ownership comes to.
    pub async fn take(&self) -> Result<Outcome, Error> {
        let answer = self.call("take_ownership", json!({"email": OWNER})).await;
        Ok(answer?.outcome.unwrap())
    }

    /// What pushing comes to.
    pub async fn push(&self) -> Result<Outcome, Error> {
        let answer = self.call("push_to_cdn_staging", json!({})).await;
        Ok(answer?.outcome.unwrap())
    }

    /// Runs a tool until its `point`th changing request was carried out, and drops it there. Says
    /// whether it came so far.
    pub async fn dies_at<T>(&self, point: usize, work: impl Future<Output = T>) -> bool {
        self.gate.changes.store(0, Ordering::SeqCst);
        self.gate.deadly.store(point, Ordering::SeqCst);
        let has_died = tokio::select! {
            _ = work => false,
            () = self.gate.died.notified() => true,
        };
        self.gate.deadly.store(0, Ordering::SeqCst);
        has_died
    }

    pub fn get(&self, path: &str) -> Value {
        let path = format!("/{path}");
        self.state
            .read(|stored| stored.documents.pointer(&path).cloned())
            .unwrap_or_default()
    }

    pub fn set(&self, path: &str, value: Value) {
        let path: Vec<_> = path.split('/').map(str::to_owned).collect();
        self.state
            .change(|stored| set(&mut stored.documents, &path, value))
            .unwrap();
    }

    pub fn fault(&self, service: &str, operation: &str, kind: &str, times: u32) {
        let fault = Fault {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind: kind.to_owned(),
            times,
            after: 0,
        };
        self.state
            .change(|stored| stored.faults.push(fault))
            .unwrap();
    }

    pub fn pass_minutes(&self, minutes: i64) {
        let clock = self.state.clock();
        clock.advance_to(clock.now() + SignedDuration::from_mins(minutes));
    }

    /// How many entries a list of the documents has.
    pub fn count(&self, path: &str) -> usize {
        self.get(path).as_array().map_or(0, Vec::len)
    }

    /// The texts of the messages in a channel.
    pub fn messages(&self, channel: &str) -> Vec<String> {
        let messages = self.get("slack/messages");
        let messages = messages.as_array().cloned().unwrap_or_default();
        messages
            .iter()
            .filter(|message| message["channel"] == channel)
            .map(|message| message["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    pub async fn document(&self) -> StateBox {
        let release: Version = RELEASE.parse().unwrap();
        let found = self.store.read(&release).await.unwrap();
        found.unwrap().document
    }

    /// Writes the end of a task, as a flow does after the tool.
    pub async fn record(&self, task: &str, outcome: &Outcome) {
        let status = match outcome.status {
            Ending::Pass => "Pass",
            Ending::InProgress => "In Progress",
            _ => return,
        };
        let change = Change::SetTask {
            name: task.to_owned(),
            status: status.parse().unwrap(),
            result: outcome.output.clone(),
            started_at: None,
            completed_at: None,
            is_reset: false,
        };
        let release: Version = RELEASE.parse().unwrap();
        self.store.apply(&release, &[change]).await.unwrap();
    }
}

impl Gate {
    async fn pass(&self, request: Request, next: Next) -> axum::response::Response {
        let is_changing = request.method() != Method::GET;
        let response = next.run(request).await;
        if is_changing && response.status().is_success() {
            let count = self.changes.fetch_add(1, Ordering::SeqCst) + 1;
            if count == self.deadly.load(Ordering::SeqCst) {
                self.died.notify_one();
                std::future::pending::<()>().await;
            }
        }
        response
    }
}

/// The lines of an outcome without their times.
pub fn lines(outcome: &Outcome) -> Vec<String> {
    let text = outcome.output.as_deref().unwrap_or_default();
    let bare = text
        .lines()
        .map(|line| line.split_once(": ").unwrap_or(("", line)).1);
    bare.map(str::to_owned).collect()
}
