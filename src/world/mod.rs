//! Everything outside the process, behind one trait: clock, disk, environment, terminal, other
//! programs, where a service lives and its secret.
//!
//! Nothing above asks which world it is in. [`system::SystemWorld`] is the real one;
//! [`simulated::SimulatedWorld`] has a clock that moves only when something sleeps and finds every
//! service on loopback.

pub mod clock;
mod disk;
pub mod kerberos;
pub mod process;
pub mod simulated;
pub mod system;

use std::{
    fmt,
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use crate::error::{Error, Kind, Result};
use kerberos::Ticket;
use process::{Command, Exit, Listener};

/// A future that may be sent to another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Everything outside the process.
pub trait World: Send + Sync + 'static {
    /// The time now, whole seconds matter.
    fn now(&self) -> Timestamp;

    /// The zone in which people here count days; UTC unless the machine says otherwise.
    fn time_zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    /// Waits on this world's clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;

    /// Returns an environment variable, empty ones as absent.
    fn env(&self, name: &str) -> Option<String>;

    /// Returns the secret kept under the name of an environment variable, such as `GITHUB_TOKEN`.
    fn secret(&self, name: &str) -> Option<SecretString>;

    /// Returns a fresh Kerberos token for one request to this address, in base64, as the scheme
    /// `Negotiate` carries it.
    ///
    /// Fails with `denied` when there is no ticket to make one from, `unreachable` when no Kerberos
    /// server answers.
    fn negotiate<'a>(&'a self, _service: &'a Url) -> BoxFuture<'a, Result<SecretString>> {
        Box::pin(async { Err(no_tickets()) })
    }

    /// Returns whose Kerberos ticket there is. Fails with `denied` when there is none to use.
    fn ticket(&self) -> BoxFuture<'_, Result<Ticket>> {
        Box::pin(async { Err(no_tickets()) })
    }

    /// Where a service lives, if it is not at its default address.
    fn endpoint(&self, service: &str) -> Option<Url>;

    /// Reads a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Replaces a file as a whole, readable by its owner alone; creates its folder.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Appends to a file and returns once the bytes are safe; creates its folder.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Keeps a file to this process until the guard is dropped; waits for others to let go.
    fn lock(&self, _path: &Path) -> io::Result<Box<dyn Send>> {
        Ok(Box::new(()))
    }

    /// Lists the files below a folder, sorted, as paths relative to it; an absent folder is empty.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// Runs a program and hands over every line that it prints on either output, when it comes.
    ///
    /// Fails only when the program could not be started: `NotFound` when there is none,
    /// `PermissionDenied` when it is no program. It is ended when the future is dropped.
    fn run<'a>(
        &'a self,
        _command: &'a Command,
        _listener: Listener<'a>,
    ) -> BoxFuture<'a, io::Result<Exit>> {
        Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
    }

    /// Asks a person. `None` when nobody can be asked here.
    fn ask(&self, question: &Question) -> Result<Option<Answer>>;

    /// Tells whoever watches what happens.
    fn say(&self, event: &Event);

    /// Returns an identity nobody has used before.
    fn fresh_id(&self) -> Uuid;

    /// The name of the person at the keyboard, for the record.
    fn person(&self) -> String;

    /// Whether anything outside can still change by itself. The real world always can.
    fn can_change(&self) -> bool {
        true
    }

    /// A place where the process may die. Simulated worlds use it to try every one of them.
    fn point(&self, _name: &str) {}

    /// Takes part in the world's order of turns while a branch of work runs on this thread.
    ///
    /// Branches that run at once do so for real in the real world. A simulated world lets one run
    /// at a time, in the order of `rank`, and hands the turn on when one sleeps or ends, so that the
    /// same seed gives the same record.
    fn reserve_turn(&self, _rank: u64) -> Box<dyn TurnTicket> {
        Box::new(Unordered)
    }

    /// Steps out of the order of turns while `wait` blocks until all branches started here ended.
    fn wait_for_others(&self, wait: &mut dyn FnMut()) {
        wait();
    }

    /// The same while `wait` blocks until the next of them ends; whoever waits goes on before any
    /// other branch does.
    fn wait_for_next(&self, wait: &mut dyn FnMut()) {
        wait();
    }
}

/// A place in the order of turns, reserved by the thread that starts a branch and taken by the
/// thread that runs it.
pub trait TurnTicket: Send {
    /// Waits for the turn; the branch keeps it until it sleeps or the guard is dropped.
    fn enter(self: Box<Self>) -> Box<dyn TurnGuard>;
}

/// Holds the turn of a branch. Dropping it ends the branch.
pub trait TurnGuard {}

struct Unordered;

impl TurnTicket for Unordered {
    fn enter(self: Box<Self>) -> Box<dyn TurnGuard> {
        self
    }
}

impl TurnGuard for Unordered {}

/// The person at the other end, as a world reaches them. The command line implements it.
pub trait Terminal: Send + Sync {
    /// Shows what happens.
    fn say(&self, event: &Event);

    /// Asks; `None` when there is nobody.
    fn ask(&self, question: &Question) -> Result<Option<Answer>>;
}

/// Nobody is there: nothing is shown and nothing is answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unattended;

impl Terminal for Unattended {
    fn say(&self, _event: &Event) {}

    fn ask(&self, _question: &Question) -> Result<Option<Answer>> {
        Ok(None)
    }
}

/// A question to a person.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it is about, for answers prepared beforehand: a task or `owner`.
    pub about: String,
    /// The question itself.
    pub text: String,
    /// The words that can be chosen; empty for free text.
    pub choices: Vec<String>,
    /// Whether a reason must be given as well.
    pub wants_reason: bool,
}

/// A person's answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// One of the choices, or the free text.
    pub word: String,
    /// Why, if it was asked for.
    pub reason: String,
}

/// Something worth showing while a run goes on.
#[derive(Clone, Debug)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// Which node it is about.
    pub node: Option<String>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// A pass begins, with its number.
    PassStarted(u64),
    /// A node begins.
    Started,
    /// A node ended, with the word of its outcome and the reason.
    Ended(String, String),
    /// A call is tried again: why, and in how many seconds.
    Retrying(String, u64),
    /// A script printed something.
    Printed(String),
    /// A program that was started for this printed a line.
    Output(String),
    /// Something a person should know.
    Notice(String),
    /// Nothing to do until the given time.
    Sleeping(Timestamp),
}

impl fmt::Debug for dyn World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("World")
    }
}

fn no_tickets() -> Error {
    Error::new(Kind::Denied, "there are no Kerberos tickets in this world")
}
