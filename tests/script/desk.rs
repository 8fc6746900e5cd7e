//! A small world for these tests: files in memory, a virtual clock, and a record of what was said.
#![expect(
    clippy::disallowed_methods,
    reason = "tests of links need files on the real disk"
)]

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use oar_script::{
    Host,
    error::Result,
    script::{builder::HostBuilder, diagnostic::ScriptError, program::Program},
    world::{Answer, BoxFuture, Event, Question, TurnTicket, What, World, clock::VirtualClock},
};
use rhai::Dynamic;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

pub struct Desk {
    clock: VirtualClock,
    files: BTreeMap<PathBuf, Vec<u8>>,
    said: Mutex<Vec<Event>>,
}

impl Desk {
    /// A world with these files; scripts lie below `/given`, `/project` and `/user`.
    pub fn new(files: &[(&str, &str)]) -> Arc<Self> {
        Self::with_turns(files, true)
    }

    pub fn with_turns(files: &[(&str, &str)], is_ordered: bool) -> Arc<Self> {
        let start = "2027-03-01T09:00:00Z".parse().expect("a valid time");
        let files = files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
        Arc::new(Self {
            clock: VirtualClock::new(start, is_ordered),
            files: files.collect(),
            said: Mutex::default(),
        })
    }

    pub fn printed(&self) -> Vec<String> {
        let said = self.said.lock().expect("no test panics here");
        said.iter()
            .filter_map(|event| match &event.what {
                What::Printed(text) => Some(text.clone()),
                _ => None,
            })
            .collect()
    }

    pub fn said(&self) -> Vec<What> {
        let said = self.said.lock().expect("no test panics here");
        said.iter().map(|event| event.what.clone()).collect()
    }

    pub fn builder(self: &Arc<Self>) -> HostBuilder {
        Host::builder()
            .world(self.clone())
            .scripts("/given")
            .project("/project")
            .user("/user")
    }
}

/// A host with these files and nothing else.
pub fn host(files: &[(&str, &str)]) -> Host {
    Desk::new(files).builder().build().expect("a host")
}

/// Runs a text and returns its value.
pub fn run(text: &str) -> Result<Dynamic, ScriptError> {
    let host = host(&[]);
    let program = host.load_text("main.rhai", text)?;
    host.run(&program, Vec::new())
}

/// Runs a text that must succeed and returns its value as text.
pub fn value(text: &str) -> String {
    match run(text) {
        Ok(value) => value.to_string(),
        Err(error) => panic!("{}", error.render(false)),
    }
}

/// Runs a text that must fail and returns the report.
pub fn report(text: &str) -> String {
    run(text).expect_err("this script fails").render(false)
}

/// Loads `/project/main.rhai` of these files, which must fail, and returns the report.
pub fn load_report(files: &[(&str, &str)]) -> String {
    load(files)
        .1
        .expect_err("this script does not load")
        .render(false)
}

pub fn load(files: &[(&str, &str)]) -> (Host, Result<Program, ScriptError>) {
    let host = host(files);
    let program = host.load("main");
    (host, program)
}

/// Loads and runs `/project/main.rhai` of these files.
pub fn run_files(files: &[(&str, &str)]) -> Result<Dynamic, ScriptError> {
    let (host, program) = load(files);
    host.run(&program?, Vec::new())
}

impl World for Desk {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.clock.sleep(duration) })
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
        match self.files.get(path) {
            Some(bytes) => Ok(bytes.clone()),
            None => std::fs::read(path),
        }
    }

    fn write(&self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn append(&self, _path: &Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let below = self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(folder).ok());
        Ok(below.map(Path::to_path_buf).collect())
    }

    fn ask(&self, _question: &Question) -> Result<Option<Answer>> {
        Ok(None)
    }

    fn say(&self, event: &Event) {
        self.said
            .lock()
            .expect("no test panics here")
            .push(event.clone());
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::nil()
    }

    fn person(&self) -> String {
        "somebody@example.com".to_owned()
    }

    fn reserve_turn(&self, rank: u64) -> Box<dyn TurnTicket> {
        self.clock.reserve(rank)
    }

    fn wait_for_others(&self, wait: &mut dyn FnMut()) {
        self.clock.wait_for_others(wait);
    }

    fn wait_for_next(&self, wait: &mut dyn FnMut()) {
        self.clock.wait_for_next(wait);
    }
}
