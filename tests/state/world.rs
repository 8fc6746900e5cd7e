//! A world for stores: a clock, somebody else between read and write, and a GitHub on loopback.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
};
use jiff::Timestamp;
use oar_script::{
    error::Result,
    http::{Auth, Http},
    services::github::{Client, GitHub, emulator},
    sim::{
        state::{SimState, Stored},
        statebox_branch::BranchStore,
    },
    state::github::GithubStore,
    world::{Answer, BoxFuture, Event, Question, World, clock::VirtualClock},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::conformance::Meanwhile;
use crate::support::services_world::serve;

pub const NOW: &str = "2027-03-01T09:30:00Z";
pub const BRANCH: &str = "z-stream";
pub const PATH: &str = "_releases/4.20/statebox/4.20.1.yaml";
const REPOSITORY: &str = "openshift/release-tests";

/// A world with a clock and somebody else in it.
pub struct Shared {
    pub clock: VirtualClock,
    pub meanwhile: Meanwhile,
    pub writes: AtomicUsize,
}

impl Shared {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            clock: VirtualClock::new(NOW.parse().unwrap(), false),
            meanwhile: Meanwhile::default(),
            writes: AtomicUsize::new(0),
        })
    }

    /// How long was slept, in milliseconds.
    pub fn slept(&self) -> i64 {
        self.now().as_millisecond() - NOW.parse::<Timestamp>().unwrap().as_millisecond()
    }
}

impl World for Shared {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.clock.sleep(duration);
        Box::pin(std::future::ready(()))
    }
    fn env(&self, _name: &str) -> Option<String> {
        None
    }
    fn secret(&self, _name: &str) -> Option<SecretString> {
        None
    }
    fn endpoint(&self, _service: &str) -> Option<Url> {
        None
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }
    fn append(&self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    }
    fn ask(&self, _question: &Question) -> Result<Option<Answer>> {
        Ok(None)
    }
    fn say(&self, _event: &Event) {}
    fn fresh_id(&self) -> Uuid {
        Uuid::nil()
    }
    fn person(&self) -> String {
        "release-lead".into()
    }
    fn point(&self, name: &str) {
        if name.ends_with(".before_write") {
            self.writes.fetch_add(1, Ordering::Relaxed);
            self.meanwhile.happen();
        }
    }
}

/// A GitHub on loopback, and what it was asked.
pub struct Outside {
    pub world: Arc<Shared>,
    pub state: Arc<SimState>,
    pub base: Url,
    seen: Arc<Mutex<Vec<(String, u16)>>>,
    /// Happens after the next write has been answered, whether or not its answer arrives.
    pub afterwards: Meanwhile,
}

impl Outside {
    /// With the text of the one document, if there is one.
    pub async fn new(text: Option<&str>) -> Self {
        let world = Shared::new();
        let state = documents(&world, text);
        let seen = Arc::<Mutex<Vec<(String, u16)>>>::default();
        let afterwards = Meanwhile::default();
        let router = watched(emulator::router(state.clone()), &seen, &afterwards);
        Self {
            base: serve(router).await,
            world,
            state,
            seen,
            afterwards,
        }
    }

    /// A store of somebody with a client of their own.
    pub fn store(&self) -> Arc<GithubStore> {
        Arc::new(store(self.world.clone(), &self.base))
    }

    /// Somebody who writes without HTTP.
    pub fn neighbour(&self) -> Arc<BranchStore> {
        Arc::new(BranchStore::new(self.state.clone(), BRANCH, "neighbour"))
    }

    /// Method and status of every request so far, and forgets them.
    pub fn seen(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// The text of the document.
    pub fn text(&self) -> String {
        let text = |stored: &Stored| file(&stored.documents).as_str().map(str::to_owned);
        self.state.read(text).unwrap()
    }

    /// The messages of all commits, oldest first.
    pub fn messages(&self) -> Vec<String> {
        self.state.read(|stored| {
            let commits = stored.documents["github"]["commits"][BRANCH].as_array();
            let message = |commit: &Value| commit["message"].as_str().unwrap().to_owned();
            commits.into_iter().flatten().map(message).collect()
        })
    }

    /// The subjects of all commits, oldest first.
    pub fn subjects(&self) -> Vec<String> {
        let subject = |message: &String| message.lines().next().unwrap().to_owned();
        self.messages().iter().map(subject).collect()
    }
}

fn store(world: Arc<Shared>, base: &Url) -> GithubStore {
    GithubStore::new(github(&world, base), world)
}

/// A client of one person's.
pub fn github(world: &Arc<Shared>, base: &Url) -> Arc<GitHub> {
    let http = Http::new(world.clone()).unwrap();
    let auth = Auth::bearer("GITHUB_TOKEN", "a-token".into());
    let client = Client::new(http.service("github", base.clone(), auth));
    Arc::new(GitHub::new(Arc::new(client), REPOSITORY, BRANCH))
}

pub fn documents(world: &Shared, text: Option<&str>) -> Arc<SimState> {
    let mut stored = Stored {
        scenario: "test".to_owned(),
        seed: 1,
        ids: 0,
        now: world.now(),
        documents: json!({"github": {"branches": {BRANCH: {}}}}),
        schedule: Vec::new(),
        faults: Vec::new(),
        answers: Vec::new(),
    };
    if let Some(text) = text {
        stored.documents["github"]["branches"][BRANCH][PATH] = text.into();
    }
    Arc::new(SimState::new(stored, world.clock.clone(), None))
}

fn file(documents: &Value) -> &Value {
    &documents["github"]["branches"][BRANCH][PATH]
}

fn watched(
    router: Router,
    seen: &Arc<Mutex<Vec<(String, u16)>>>,
    afterwards: &Meanwhile,
) -> Router {
    let (seen, afterwards) = (seen.clone(), afterwards.clone());
    router.layer(from_fn(move |request: Request, next: Next| {
        let (seen, afterwards) = (seen.clone(), afterwards.clone());
        async move {
            let method = request.method().to_string();
            let response = next.run(request).await;
            let status = response.status().as_u16();
            if method == "PUT" {
                afterwards.happen();
            }
            seen.lock().unwrap().push((method, status));
            response
        }
    }))
}
