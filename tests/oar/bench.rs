//! A simulated outside for these tests: a fresh release, an emulated server, a store in memory.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, Once},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use oar_script::{
    error::{Error, Kind, Result},
    oar::{
        backend::{Answer, Oar},
        mcp::Server,
    },
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    sim::{
        oar::{Running, start},
        state::{Fault, SimState, Stored, set},
    },
    state::{Snapshot, StateStore},
    world::{self, BoxFuture, Event, Question, World, clock::VirtualClock},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

pub const RELEASE: &str = "4.20.1";

pub struct Bench {
    pub state: Arc<SimState>,
    pub store: Arc<MemoryStore>,
    pub server: Arc<Running>,
    pub world: Arc<TestWorld>,
    pub oar: Oar,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// A bench whose documents are changed before the server starts.
    pub async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let clock = VirtualClock::new(at("2027-03-01T09:00:00Z"), false);
        let mut documents = documents();
        change(&mut documents);
        let stored = Stored {
            scenario: "test".to_owned(),
            seed: 1,
            ids: 0,
            now: clock.now(),
            documents,
            schedule: Vec::new(),
            faults: Vec::new(),
            answers: Vec::new(),
        };
        let state = Arc::new(SimState::new(stored, clock.clone(), None));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let server = Arc::new(start(state.clone(), store.clone()).await.unwrap());
        let world = Arc::new(TestWorld {
            clock,
            endpoint: server.endpoint(),
        });
        let client = Server::new(world.clone(), http(), server.endpoint());
        Self {
            state,
            store,
            server,
            world,
            oar: Oar::new(Arc::new(client)),
        }
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Result<Answer> {
        self.oar.call(tool, &arguments).await
    }

    /// Calls a tool for the release and returns the answer of a call that worked.
    pub async fn ask(&self, tool: &str) -> Answer {
        self.call(tool, json!({"release": RELEASE})).await.unwrap()
    }

    pub fn set(&self, path: &str, value: Value) {
        let path: Vec<_> = path.split('/').map(str::to_owned).collect();
        self.state
            .change(|stored| set(&mut stored.documents, &path, value))
            .unwrap();
    }

    pub fn change(&self, change: impl FnOnce(&mut Value)) {
        self.state
            .change(|stored| change(&mut stored.documents))
            .unwrap();
    }

    pub fn get(&self, path: &str) -> Value {
        self.state.read(|stored| {
            let found = path
                .split('/')
                .try_fold(&stored.documents, |place, key| place.get(key));
            found.cloned().unwrap_or(Value::Null)
        })
    }

    pub fn triggers(&self, tool: &str) -> u64 {
        self.get(&format!("oar/triggers/{tool}"))
            .as_u64()
            .unwrap_or(0)
    }

    pub fn requests(&self, tool: &str) -> u64 {
        self.get(&format!("oar/requests/{tool}"))
            .as_u64()
            .unwrap_or(0)
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

    /// The status and text recorded for a task.
    pub fn recorded(&self, task: &str) -> Option<(String, String)> {
        let document = self.store.document(RELEASE)?;
        let entry = document.task(task)?;
        Some((
            entry.status.word().to_owned(),
            entry.result.clone().unwrap_or_default(),
        ))
    }
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn http() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(std::iter::empty())
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

fn documents() -> Value {
    json!({
        "release_controller": {"streams": {"4-stable": {"4.20.1": {
            "phase": "Accepted", "digest": "sha256:0123abcd",
            "url": "https://access.redhat.com/errata/RHSA-2027:1",
        }}}},
        "errata": {
            "advisories": {
                "180101": {"kind": "rpm", "type": "RHSA", "state": "QE", "content_alerts": {"blocking": false}, "push": []},
                "180102": {"kind": "rhcos", "type": "RHBA", "state": "QE", "content_alerts": {"blocking": false}, "push": []},
            },
            "plan": {"push_minutes": 45, "push_results": ["COMPLETE"]},
        },
        "gitlab": {"merge_requests": {"901": {
            "state": "opened", "labels": [], "stage_release": "success", "prod_release": "not yet",
            "approved_by": [], "notes": [],
        }}},
        "prow": {"jobs": {}, "plan": {"minutes": 100, "outcomes": ["success"], "unhealthy_images": 0}},
        "jenkins": {"next_build": 1501, "builds": {}, "plan": {"minutes": 180, "outcomes": ["SUCCESS"]}},
        "jira": {"users": {}, "issues": {
            "ART-30001": {"summary": "Release 4.20.1", "status": "New"},
            "ART-30002": {"summary": "QE", "status": "New", "assignee": null, "parent": "ART-30001"},
        }},
        "slack": {"is_down": false, "messages": []},
        "portal": {"pages": {}},
        "build_data": {"branches": {"openshift-4.20": {"releases": {"4.20.1": {"assembly": {
            "basis": {"reference_releases": {"x86_64": "4.20.0-0.nightly-2027-02-27-010203"}},
            "group": {
                "advisories": {"rpm": 180101, "rhcos": 180102},
                "release_jira": "ART-30001",
                "shipment": {"url": "https://gitlab.example.com/art/-/merge_requests/901"},
                "release_date": "2027-Mar-06",
            },
        }}}}}},
        "sim": {"releases": {"4.20.1": "2027-03-01T09:00:00Z"}},
        "oar": {
            "missed_cve_trackers": [],
        },
    })
}

#[derive(Debug)]
pub struct MemoryStore {
    clock: VirtualClock,
    documents: Mutex<HashMap<Version, StateBox>>,
}

impl MemoryStore {
    fn new(clock: VirtualClock) -> Self {
        Self {
            clock,
            documents: Mutex::default(),
        }
    }

    pub fn document(&self, release: &str) -> Option<StateBox> {
        let release: Version = release.parse().unwrap();
        self.documents.lock().unwrap().get(&release).cloned()
    }
}

fn snapshot(document: StateBox) -> Snapshot {
    Snapshot {
        revision: document.updated_at().unwrap_or_default().to_owned(),
        document,
        link: None,
        is_limited: false,
    }
}

impl StateStore for MemoryStore {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        let found = self.documents.lock().unwrap().get(release).cloned();
        Box::pin(async move { Ok(found.map(snapshot)) })
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        let mut documents = self.documents.lock().unwrap();
        let made = if documents.contains_key(document.release()) {
            Err(Error::new(Kind::Conflict, "it exists"))
        } else {
            documents.insert(document.release().clone(), document.clone());
            Ok(snapshot(document.clone()))
        };
        Box::pin(async move { made })
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        let mut documents = self.documents.lock().unwrap();
        let applied = documents
            .get_mut(release)
            .ok_or_else(|| Error::not_found("no document"))
            .and_then(|document| {
                for change in changes {
                    document.apply(change, self.clock.now())?;
                }
                Ok(snapshot(document.clone()))
            });
        Box::pin(async move { applied })
    }
}

#[derive(Debug)]
pub struct TestWorld {
    pub clock: VirtualClock,
    pub endpoint: Url,
}

impl World for TestWorld {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.clock.sleep(duration) })
    }

    fn env(&self, _: &str) -> Option<String> {
        None
    }

    fn secret(&self, _: &str) -> Option<SecretString> {
        None
    }

    fn endpoint(&self, service: &str) -> Option<Url> {
        (service == "oar").then(|| self.endpoint.clone())
    }

    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn append(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn ask(&self, _: &Question) -> Result<Option<world::Answer>> {
        Ok(None)
    }

    fn say(&self, _: &Event) {}

    fn fresh_id(&self) -> Uuid {
        Uuid::nil()
    }

    fn person(&self) -> String {
        "tester".to_owned()
    }
}
