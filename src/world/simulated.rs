//! A world in which nothing is real but the folders it was given: a clock that moves only when
//! something sleeps, emulators for services, dummies for secrets, prepared answers for a person.
//!
//! The outside itself (documents, schedule, faults) is [`SimState`]; the emulators and their
//! addresses come from [`crate::sim::harness`].

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::{
    Answer, BoxFuture, Event, Question, Terminal, TurnTicket, Unattended, What, World,
    clock::VirtualClock,
    disk,
    kerberos::{self, Ticket},
    process::{Command, Exit, Listener},
};
use crate::{
    error::Result,
    sim::state::{PreparedAnswer, SimState},
};

/// The environment variables that hold secrets; each has a fixed dummy here.
pub const SECRET_NAMES: [&str; 14] = [
    "APITOKEN",
    "GCP_SA_FILE",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "JENKINS_TOKEN",
    "JENKINS_USER",
    "JIRA_EMAIL",
    "JIRA_TOKEN",
    "JIRA_USERNAME",
    "OAR_JWK",
    "OAR_MCP_TOKEN",
    "PYXIS_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_BOT_TOKEN",
];

/// What a simulated world is made of besides its state.
pub struct Settings {
    /// Where each emulator listens.
    pub endpoints: HashMap<String, Url>,
    /// The environment; the real one is never looked at.
    pub env: HashMap<String, String>,
    /// The folders whose files can be read and written; everything else is absent.
    pub folders: Vec<PathBuf>,
    /// Asked when no answer is prepared, and told what happens.
    pub terminal: Arc<dyn Terminal>,
    /// The process kills itself at the point with this number, counted from 1.
    pub crash_at: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoints: HashMap::new(),
            env: HashMap::new(),
            folders: Vec::new(),
            terminal: Arc::new(Unattended),
            crash_at: None,
        }
    }
}

/// The programs of a simulated world.
pub trait Programs: Send + Sync {
    /// Runs one of them, as [`World::run`] does.
    fn run<'a>(
        &'a self,
        command: &'a Command,
        listener: Listener<'a>,
    ) -> BoxFuture<'a, io::Result<Exit>>;
}

/// A file that is on no disk.
struct Handed {
    path: PathBuf,
    bytes: Vec<u8>,
}

/// A simulated world.
pub struct SimulatedWorld {
    state: Arc<SimState>,
    clock: VirtualClock,
    endpoints: RwLock<HashMap<String, Url>>,
    /// Files that are on no disk, each named by an environment variable.
    handed: RwLock<HashMap<String, Handed>>,
    programs: RwLock<Option<Arc<dyn Programs>>>,
    env: HashMap<String, String>,
    folders: Vec<PathBuf>,
    terminal: Arc<dyn Terminal>,
    crash_at: Option<u64>,
    points: AtomicU64,
}

impl SimulatedWorld {
    /// Makes the world around `state`.
    pub fn new(state: Arc<SimState>, settings: Settings) -> Self {
        Self {
            clock: state.clock().clone(),
            state,
            endpoints: RwLock::new(settings.endpoints),
            handed: RwLock::default(),
            programs: RwLock::default(),
            env: settings.env,
            folders: settings.folders,
            terminal: settings.terminal,
            crash_at: settings.crash_at,
            points: AtomicU64::new(0),
        }
    }

    /// The outside of this world.
    pub fn state(&self) -> &Arc<SimState> {
        &self.state
    }

    /// Says where a service is from now on.
    pub fn set_endpoint(&self, service: &str, address: Url) {
        self.endpoints
            .write()
            .expect("no thread panics while it holds the addresses")
            .insert(service.to_owned(), address);
    }

    /// Hands the program a file that is on no disk: `variable` names it from now on.
    pub fn hand(&self, variable: &str, path: PathBuf, bytes: Vec<u8>) {
        self.handed
            .write()
            .expect("no thread panics while it holds the files")
            .insert(variable.to_owned(), Handed { path, bytes });
    }

    /// Says which programs there are from now on.
    pub fn set_programs(&self, programs: Arc<dyn Programs>) {
        *self
            .programs
            .write()
            .expect("no thread panics while it holds the programs") = Some(programs);
    }

    /// What is known of the handed files.
    fn find_handed<T>(&self, look: impl FnMut((&String, &Handed)) -> Option<T>) -> Option<T> {
        self.handed
            .read()
            .expect("no thread panics while it holds the files")
            .iter()
            .find_map(look)
    }

    /// How many points at which the process may die were passed.
    pub fn points(&self) -> u64 {
        self.points.load(Ordering::SeqCst)
    }

    fn check(&self, path: &Path) -> io::Result<()> {
        let climbs = path
            .components()
            .any(|part| part == std::path::Component::ParentDir);
        if !climbs && self.folders.iter().any(|folder| path.starts_with(folder)) {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "`{}` is outside the folders of the simulated world",
                path.display()
            ),
        ))
    }

    fn meet_fault(&self, operation: &str) -> io::Result<()> {
        let Some(fault) = self.state.fault("world", operation) else {
            return Ok(());
        };
        Err(match fault.kind.as_str() {
            "disk_full" => io::ErrorKind::StorageFull.into(),
            "read_only" => io::ErrorKind::ReadOnlyFilesystem.into(),
            "denied" => io::ErrorKind::PermissionDenied.into(),
            kind => io::Error::other(format!("simulated fault `{kind}`")),
        })
    }
}

impl World for SimulatedWorld {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        // Blocks the thread that polls: that thread is the branch whose turn it is.
        Box::pin(async move { self.clock.sleep(duration) })
    }

    fn env(&self, name: &str) -> Option<String> {
        let handed = self.find_handed(|(variable, file)| {
            (variable == name).then(|| file.path.display().to_string())
        });
        if handed.is_some() {
            return handed;
        }
        self.env
            .get(name)
            .filter(|value| !value.is_empty())
            .cloned()
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        if self
            .find_handed(|(variable, _)| (variable == name).then_some(()))
            .is_some()
        {
            return self.env(name).map(SecretString::from);
        }
        SECRET_NAMES.contains(&name).then(|| {
            let dummy = format!("simulated-{}", name.to_lowercase().replace('_', "-"));
            SecretString::from(dummy)
        })
    }

    fn negotiate<'a>(&'a self, _service: &'a Url) -> BoxFuture<'a, Result<SecretString>> {
        let token = kerberos::stand_in_token(self.state.next_token());
        Box::pin(async { Ok(token) })
    }

    fn ticket(&self) -> BoxFuture<'_, Result<Ticket>> {
        let expires_at = self.now() + SignedDuration::from_hours(10);
        let ticket = Ticket {
            principal: "sim@EXAMPLE.COM".to_owned(),
            expires_at: Some(expires_at),
        };
        Box::pin(async { Ok(ticket) })
    }

    fn endpoint(&self, service: &str) -> Option<Url> {
        self.endpoints
            .read()
            .expect("no thread panics while it holds the addresses")
            .get(service)
            .cloned()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.meet_fault("read")?;
        let handed = self.find_handed(|(_, file)| (file.path == path).then(|| file.bytes.clone()));
        if let Some(bytes) = handed {
            return Ok(bytes);
        }
        self.check(path)?;
        disk::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.meet_fault("write")?;
        self.check(path)?;
        disk::write(path, bytes, disk::Safety::Written)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.meet_fault("append")?;
        self.check(path)?;
        disk::append(path, bytes, disk::Safety::Written)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send>> {
        self.check(path)?;
        disk::lock(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.meet_fault("list")?;
        self.check(folder)?;
        disk::list(folder)
    }

    fn run<'a>(
        &'a self,
        command: &'a Command,
        listener: Listener<'a>,
    ) -> BoxFuture<'a, io::Result<Exit>> {
        let programs = self
            .programs
            .read()
            .expect("no thread panics while it holds the programs")
            .clone();
        Box::pin(async move {
            match programs {
                Some(programs) => programs.run(command, listener).await,
                None => Err(io::ErrorKind::NotFound.into()),
            }
        })
    }

    fn ask(&self, question: &Question) -> Result<Option<Answer>> {
        if let Some(prepared) = self.state.answer(&question.about) {
            self.terminal.say(&Event {
                at: self.now(),
                node: None,
                what: What::Notice(said(question, &prepared)),
            });
            return Ok(Some(Answer {
                word: prepared.word,
                reason: prepared.reason,
            }));
        }
        self.terminal.ask(question)
    }

    fn say(&self, event: &Event) {
        self.terminal.say(event);
    }

    fn fresh_id(&self) -> Uuid {
        self.state.fresh_id()
    }

    fn person(&self) -> String {
        "sim".to_owned()
    }

    fn can_change(&self) -> bool {
        self.state.can_change()
    }

    fn point(&self, _name: &str) {
        let number = self.points.fetch_add(1, Ordering::SeqCst) + 1;
        if self.crash_at == Some(number) {
            die();
        }
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

/// A prepared answer as people see it, since nobody saw it being typed.
fn said(question: &Question, prepared: &PreparedAnswer) -> String {
    let reason = match prepared.reason.as_str() {
        "" => String::new(),
        reason => format!(": {reason}"),
    };
    format!(
        "asked about {}, the person of this scenario answers {}{reason}",
        question.about, prepared.word
    )
}

/// Ends the process as a power cut would: nothing is flushed, nothing is dropped.
pub(crate) fn die() -> ! {
    #[cfg(unix)]
    {
        // Nobody is left to hear about a failure; the abort below ends the process then.
        let _ =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
    std::process::abort()
}
