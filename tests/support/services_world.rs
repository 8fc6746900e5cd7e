//! A small world for tests of what talks to services: a clock that jumps, and everything else from
//! maps. And a server on loopback for its services.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use oar_script::{
    error::Result,
    sim::{
        StandIn,
        state::{Fault, SimState, Stored},
    },
    world::{
        Answer, BoxFuture, Event, Question, Unattended, What, World, clock::VirtualClock, kerberos,
        process, simulated, system::SystemWorld,
    },
};
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

pub const START: &str = "2027-03-01T09:00:00Z";

/// A world made of maps.
pub struct ServicesWorld {
    pub clock: VirtualClock,
    pub env: BTreeMap<String, String>,
    pub endpoints: BTreeMap<String, Url>,
    pub files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
    pub events: Mutex<Vec<Event>>,
    pub tokens: AtomicU64,
    pub person: String,
    /// The programs there are; those of this machine when nobody says otherwise.
    pub programs: Option<Arc<dyn simulated::Programs>>,
}

impl Default for ServicesWorld {
    fn default() -> Self {
        Self {
            clock: VirtualClock::new(start(), false),
            env: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            files: Mutex::default(),
            events: Mutex::default(),
            tokens: AtomicU64::new(0),
            person: "tester".to_owned(),
            programs: None,
        }
    }
}

impl ServicesWorld {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn file(self, path: &str, text: &str) -> Self {
        self.files
            .lock()
            .unwrap()
            .insert(path.into(), text.as_bytes().to_vec());
        self
    }

    pub fn endpoint(mut self, service: &str, endpoint: Url) -> Self {
        self.endpoints.insert(service.to_owned(), endpoint);
        self
    }

    /// How many seconds have passed on its clock.
    pub fn seconds(&self) -> i64 {
        self.clock.now().as_second() - start().as_second()
    }

    /// The waits that were announced, in seconds.
    pub fn announced(&self) -> Vec<u64> {
        let events = self.events.lock().unwrap();
        let waits = events.iter().filter_map(|event| match event.what {
            What::Retrying(_, seconds) => Some(seconds),
            _ => None,
        });
        waits.collect()
    }
}

impl World for ServicesWorld {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.clock.sleep(duration) })
    }

    fn env(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.env.get(name).map(|text| text.as_str().into())
    }

    fn negotiate<'a>(&'a self, _service: &'a Url) -> BoxFuture<'a, Result<SecretString>> {
        let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move { Ok(kerberos::stand_in_token(number)) })
    }

    fn endpoint(&self, service: &str) -> Option<Url> {
        self.endpoints.get(service).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let files = self.files.lock().unwrap();
        files
            .get(path)
            .cloned()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files
            .lock()
            .unwrap()
            .insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut files = self.files.lock().unwrap();
        files.entry(path.to_owned()).or_default().extend(bytes);
        Ok(())
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn run<'a>(
        &'a self,
        command: &'a process::Command,
        listener: process::Listener<'a>,
    ) -> BoxFuture<'a, io::Result<process::Exit>> {
        if let Some(programs) = &self.programs {
            return programs.run(command, listener);
        }
        Box::pin(async move {
            let machine = SystemWorld::new(Arc::new(Unattended), HashMap::new());
            machine.run(command, listener).await
        })
    }

    fn ask(&self, _question: &Question) -> Result<Option<Answer>> {
        Ok(None)
    }

    fn say(&self, event: &Event) {
        self.events.lock().unwrap().push(event.clone());
    }

    fn fresh_id(&self) -> Uuid {
        match self.person.as_str() {
            "tester" => Uuid::nil(),
            person => Uuid::new_v5(&Uuid::NAMESPACE_OID, person.as_bytes()),
        }
    }

    fn person(&self) -> String {
        self.person.clone()
    }
}

/// The state of a simulated outside with the document of one service.
pub fn state(service: &str, document: Value) -> Arc<SimState> {
    let stored = Stored {
        scenario: "test".to_owned(),
        seed: 1,
        ids: 0,
        now: start(),
        documents: serde_json::json!({ service: document }),
        schedule: Vec::new(),
        faults: Vec::new(),
        answers: Vec::new(),
    };
    let clock = VirtualClock::new(start(), false);
    Arc::new(SimState::new(stored, clock, None))
}

/// Lets the next `times` calls of any operation of a service meet a fault.
pub fn fail(state: &SimState, service: &str, kind: &str, times: u32) {
    let fault = Fault {
        service: service.to_owned(),
        operation: "*".to_owned(),
        kind: kind.to_owned(),
        times,
        after: 0,
    };
    state.change(|stored| stored.faults.push(fault)).unwrap();
}

/// Serves on loopback while the runtime lives.
pub async fn serve(stand_in: impl Into<StandIn>) -> Url {
    let stand_in = stand_in.into();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let scheme = stand_in.scheme();
    tokio::spawn(stand_in.serve(listener, CancellationToken::new()));
    Url::parse(&format!("{scheme}://{address}")).unwrap()
}

pub fn start() -> Timestamp {
    START.parse().unwrap()
}
