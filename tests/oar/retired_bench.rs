//! A release of the Errata flow, or bugs that wait, at all services on loopback; and tools over them whose
//! requests are counted and can be cut off.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    middleware,
    response::IntoResponse as _,
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
    release::{Ending, Outcome, Version, statebox::Metadata},
    services,
    sim::{
        seed, sheet,
        state::{Fault, SimState, Stored, set},
    },
    state::{Kept, local::LocalStore, sheet::Tabs},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::services_world::{ServicesWorld, serve, start};

pub const RELEASE: &str = "4.20.1";

pub struct Bench {
    pub state: Arc<SimState>,
    pub world: Arc<ServicesWorld>,
    pub store: Arc<LocalStore>,
    pub oar: Oar,
    gate: Arc<Mutex<Gate>>,
    _folder: TempDir,
}

/// What was asked of all services, and how many changes are let through before nobody answers.
#[derive(Default)]
struct Gate {
    requests: Vec<String>,
    changes_left: Option<usize>,
}

impl Bench {
    pub async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let clock = oar_script::world::clock::VirtualClock::new(start(), false);
        let mut documents = documents();
        change(&mut documents);
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
        let state = Arc::new(SimState::new(stored, clock.clone(), None));
        let gate = Arc::new(Mutex::new(Gate::default()));
        let mut world = ServicesWorld {
            clock,
            ..ServicesWorld::default()
        };
        for (name, value) in [
            ("GITHUB_TOKEN", "ghp_made_up"),
            ("JIRA_USERNAME", "bot@example.com"),
            ("JIRA_TOKEN", "made-up"),
            ("SLACK_BOT_TOKEN", "xoxb-made-up"),
            ("GCP_SA_FILE", "/key.json"),
        ] {
            world = world.env(name, value);
        }
        let routers = [
            (
                "build_data",
                services::build_data::emulator::router(state.clone()),
            ),
            ("errata", services::errata::emulator::router(state.clone())),
            ("github", services::github::emulator::router(state.clone())),
            ("jira", services::jira::emulator::router(state.clone())),
            ("sheets", services::sheets::emulator::router(state.clone())),
            ("slack", services::slack::emulator::router(state.clone())),
        ];
        let directory = services::ldap::emulator::stand_in(state.clone());
        world = world.endpoint("ldap", serve(directory).await);
        for (name, router) in routers {
            let url = serve(watched(name, router, &gate)).await;
            if name == "sheets" {
                let address = url.join("/token").unwrap();
                let key = services::sheets::emulator::key_file(address.as_str());
                world = world.file("/key.json", &key);
            }
            world = world.endpoint(name, url);
        }
        let world = Arc::new(world);
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(&folder.path().join("state.git"), world.clone()).unwrap();
        let store = Arc::new(store);
        let oar = tools(&world, &store);
        Self {
            state,
            world,
            store,
            oar,
            gate,
            _folder: folder,
        }
    }

    /// The tools of another process.
    pub fn another(&self) -> Oar {
        tools(&self.world, &self.store)
    }

    /// Calls a tool about the release.
    pub async fn call(&self, tool: &str) -> Result<Answer, Error> {
        self.with_arguments(tool, json!({"release": RELEASE})).await
    }

    pub async fn with_arguments(&self, tool: &str, given: Value) -> Result<Answer, Error> {
        self.oar.call(tool, &given).await
    }

    /// Calls a tool about the release that must come to an end, and returns its lines too.
    pub async fn ran(&self, tool: &str) -> (Outcome, String) {
        outcome(self.call(tool).await.unwrap())
    }

    /// Lets this many changes through; after that nobody answers.
    pub fn cut_after(&self, changes: usize) {
        self.gate.lock().unwrap().changes_left = Some(changes);
    }

    /// Everybody answers again.
    pub fn restore(&self) {
        self.gate.lock().unwrap().changes_left = None;
    }

    /// The requests since this was asked last, as `service METHOD /path`.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.gate.lock().unwrap().requests)
    }

    pub fn set(&self, path: &str, value: Value) {
        let path: Vec<_> = path.split('/').map(str::to_owned).collect();
        self.state
            .change(|stored| set(&mut stored.documents, &path, value))
            .unwrap();
    }

    pub fn get(&self, path: &str) -> Value {
        self.state.read(|stored| {
            let found = path
                .split('/')
                .try_fold(&stored.documents, |place, key| place.get(key));
            found.cloned().unwrap_or_default()
        })
    }

    /// A cell of the tab.
    pub fn cell(&self, cell: &str) -> String {
        self.state.read(|stored| {
            let tab = sheet::tab(&stored.documents, "4.20", RELEASE).unwrap();
            let shown = tab["cells"][cell]["formula"].as_str();
            shown.unwrap_or(sheet::text(tab, cell)).to_owned()
        })
    }

    /// The texts of all messages.
    pub fn messages(&self) -> Vec<String> {
        let messages = self.get("slack/messages");
        let texts = messages.as_array().unwrap().iter();
        texts
            .map(|message| message["text"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The next `times` calls of an operation meet a fault.
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
}

/// What an answer means, and its lines.
pub fn outcome(answer: Answer) -> (Outcome, String) {
    (answer.outcome.unwrap(), answer.text)
}

/// Checks the end and a part of the reason.
pub fn check(outcome: &Outcome, ending: Ending, part: &str) {
    assert_eq!(outcome.status, ending, "{outcome:?}");
    assert!(outcome.reason.contains(part), "{}", outcome.reason);
}

fn tools(world: &Arc<ServicesWorld>, store: &Arc<LocalStore>) -> Oar {
    let session = Session::new(world.clone(), tokio::runtime::Handle::current());
    let mut config = Config::default();
    config.contacts = seed::contacts(sheet::y_streams());
    services::install(&session, &Http::new(world.clone()).unwrap(), &config).unwrap();
    session.put(Arc::new(Kept(store.clone())));
    let documents = BTreeMap::from([("4.20".to_owned(), sheet::document_id("4.20"))]);
    let client = session.get().unwrap();
    session.put(Arc::new(Tabs::new(client, documents)));
    Oar::new(Arc::new(Native::of(&session).unwrap()))
}

fn watched(name: &'static str, router: axum::Router, gate: &Arc<Mutex<Gate>>) -> axum::Router {
    let gate = gate.clone();
    router.layer(middleware::from_fn(
        move |request: Request, next: middleware::Next| {
            let path = request.uri().path().to_owned();
            let is_changing = request.method() != Method::GET
                && !["/graphql", "/token", "lookupByEmail", "usergroups.list"]
                    .iter()
                    .any(|reading| path.ends_with(reading));
            let line = format!("{name} {} {path}", request.method());
            let is_cut = {
                let mut gate = gate.lock().unwrap();
                gate.requests.push(line);
                match &mut gate.changes_left {
                    Some(0) => true,
                    Some(left) if is_changing => {
                        *left -= 1;
                        false
                    }
                    _ => false,
                }
            };
            async move {
                match is_cut {
                    true => StatusCode::FORBIDDEN.into_response(),
                    false => next.run(request).await,
                }
            }
        },
    ))
}

/// A release of the Errata flow with two advisories, its tab, and four bugs.
fn documents() -> Value {
    let metadata = Metadata {
        jira_ticket: Some("ART-30001".into()),
        advisory_ids: [("image".to_owned(), 180101), ("rpm".to_owned(), 180102)].into(),
        release_date: Some("2027-Mar-06".into()),
        candidate_builds: Default::default(),
        shipment_mr: None,
    };
    let release: Version = RELEASE.parse().unwrap();
    let mut documents = json!({});
    sheet::add_tab(&mut documents, &release, &metadata);
    documents["build_data"] = json!({"branches": {"openshift-4.20": {"releases": {RELEASE: {"assembly": {
        "group": {
            "advisories": {"image": 180_101, "rpm": 180_102, "microshift": 180_103, "metadata": -1},
            "release_jira": "ART-30001",
            "release_date": "2027-Mar-06",
        },
    }}}}}});
    documents["errata"] = json!({
        "advisories": {
            "180101": {"kind": "image", "type": "RHBA", "state": "QE", "doc_complete": 1, "text_ready": 1,
                "jira_issues": ["OCPBUGS-123", "OCPBUGS-1234", "OCPBUGS-3"]},
            "180102": {"kind": "rpm", "type": "RHSA", "state": "QE", "doc_complete": 1, "text_ready": 1,
                "security_approved": true, "jira_issues": ["OCPBUGS-4"]},
        },
    });
    let bug = |summary: &str, status: &str, contact: &str| json!({"summary": summary, "status": status, "type": "Bug", "qa_contact": contact, "assignee": "dev", "reporter": "rep"});
    documents["jira"] = json!({
        "page_size": 2,
        "projects": {
            "OCPBUGS": {"id": "10100", "versions": ["4.19.z", "4.20.z", {"name": "4.21.z", "is_archived": true}, "5.0.0"]},
            "CVP": {"id": "10555", "versions": []},
        },
        "users": {
            "self": {"name": "QE bot", "email": "bot@example.com"},
            "qa": {"name": "Qa", "email": "qa@example.com"},
            "hidden": {"name": "Hidden", "email": "hidden@example.com", "hides_email": true},
            "dev": {"name": "Dev", "email": "dev@example.com"},
            "rep": {"name": "Rep", "email": "rep@example.com"},
            "boss": {"name": "Boss", "email": "boss@example.com"},
        },
        "issues": {
            "OCPBUGS-123": bug("kubelet leaks", "ON_QA", "qa"),
            "OCPBUGS-1234": bug("node is slow", "Verified", "qa"),
            "OCPBUGS-3": bug("console is blank", "MODIFIED", "hidden"),
            "OCPBUGS-4": {"summary": "CVE-2027-1 in a library", "status": "ON_QA", "type": "Vulnerability", "qa_contact": "qa"},
        },
    });
    documents["slack"] = json!({
        "channels": {
            "C1": {"name": "team-qe-release"}, "C2": {"name": "forum-ocp-release"}, "C3": {"name": "forum-openshift-qe"},
        },
        "users": {"U1": {"name": "qa", "email": "qa@example.com"}, "U2": {"name": "boss", "email": "boss@example.com"}},
        "usergroups": {
            "S1": {"handle": "4.20-qe-leads"}, "S2": {"handle": "docs-rel-notes"},
            "S3": {"handle": "forum-openshift-qe"}, "S4": {"handle": "release-artists"},
        },
        "messages": [],
    });
    documents["ldap"] = json!({"people": {
        "qa": {"mail": "qa@example.com"}, "dev": {"mail": "dev@example.com"}, "boss": {"mail": "boss@example.com"},
    }});
    let tracking = "releases:\n  4.20.1: {}\n";
    documents["github"] = json!({"branches": {"z-stream": {
        "_releases/4.20/4.20.z.yaml": tracking, "_releases/4.19/4.19.z.yaml": "releases:\n  4.19.9: {}\n",
        "_releases/4.21/4.21.z.yaml": "releases: {}\n", "_releases/4.22/4.22.z.yaml": "releases: {}\n",
        "_releases/4.9/readme.md": "old",
    }}});
    documents
}
