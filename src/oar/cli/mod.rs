//! The programs of the Python tool as a backend: `oar`, `oarctl`, `job` and `jobctl` on this machine.
//!
//! A program runs once, without a shell, with no more of our environment than it needs. What it prints
//! is shown as it comes and becomes the answer in the form of the OAR server, so that the same rules
//! read it. When its time is over, or the run is stopped, it is ended with all it started; a change may
//! have been made by then, so the error is ambiguous. The programs write the StateBox themselves.

mod environment;
mod output;

use std::{
    ffi::OsString,
    fmt, io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tokio::sync::Semaphore;

use super::{
    backend::{Backend, Ran},
    routed::Place,
    tools::{self, Tool},
};
use crate::{
    call::Control,
    error::{Error, Kind, Result},
    http::Http,
    release::Outcome,
    world::{
        BoxFuture, Event, What, World,
        process::{Command, Exit},
    },
};
use output::Output;

/// How many programs run at once.
const TURNS: usize = 3;

/// How long a program has to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the programs of the Python tool.
pub struct Programs {
    world: Arc<dyn World>,
    http: Http,
    folder: Option<PathBuf>,
    limit: Option<Duration>,
    turns: Semaphore,
}

impl Programs {
    /// Runs the programs found on the `PATH`. `http` keeps secrets out of what they print.
    pub fn new(http: Http) -> Self {
        Self {
            world: http.world().clone(),
            http,
            folder: None,
            limit: None,
            turns: Semaphore::new(TURNS),
        }
    }

    /// Takes the programs from a folder instead; `None` leaves that to the `PATH`.
    pub fn within(mut self, folder: Option<PathBuf>) -> Self {
        self.folder = folder;
        self
    }

    /// Lets every program run that long instead of what is usual for it.
    pub fn limited(mut self, limit: Option<Duration>) -> Self {
        self.limit = limit;
        self
    }

    /// Whether there is a program for a tool.
    pub fn has(tool: &Tool) -> bool {
        tools::Command::of(tool).is_some()
    }

    async fn answer(&self, tool: &Tool, arguments: &Map<String, Value>) -> Result<String> {
        let row = tools::Command::of(tool).ok_or_else(|| no_program(tool))?;
        let command = self.command(row, tool, arguments)?;
        let _turn = self.turns.acquire().await.expect("nobody closes the turns");
        self.http.tally("oar").add(1);
        let node = Control::current().node;
        let output = Mutex::new(Output::default());
        let listener = |line: &str| {
            let line = output::shown(line, |line| self.http.redact(line));
            tracing::debug!(program = row.program, "{line}");
            self.world.say(&Event {
                at: self.world.now(),
                node: node.clone(),
                what: What::Output(line.clone()),
            });
            output
                .lock()
                .expect("no thread panics while it holds the output")
                .add(line);
        };
        let began = Instant::now();
        let exit = self.world.run(&command, &listener).await;
        tracing::info!(
            tool = tool.name,
            program = row.program,
            millis = began.elapsed().as_millis() as u64,
            exit = ?exit.as_ref().map_err(io::Error::kind),
            "ran"
        );
        let output = output
            .into_inner()
            .expect("no thread panics while it holds the output");
        let is_changing = tool.changes_with(arguments);
        match exit {
            Ok(Exit::Code(0)) => Ok(output.succeeded()),
            Ok(Exit::Code(code)) => Ok(output.failed(code, &self.http.redact(&command.shown()))),
            Ok(cut_short) => Err(self.broken(&command, cut_short, is_changing, &output)),
            Err(error) => Err(self.not_started(row.program, error)),
        }
    }

    fn command(
        &self,
        row: &tools::Command,
        tool: &Tool,
        arguments: &Map<String, Value>,
    ) -> Result<Command> {
        let usual = Duration::from_secs(row.limit_mins * 60);
        Ok(Command {
            program: match &self.folder {
                Some(folder) => folder.join(row.program).into(),
                None => OsString::from(row.program),
            },
            arguments: row.words(tool, arguments)?,
            environment: environment::of(row.program, self.world.as_ref(), &self.http),
            limit: self.limit.unwrap_or(usual),
            grace: GRACE,
        })
    }

    fn not_started(&self, program: &str, cause: io::Error) -> Error {
        let place = match &self.folder {
            Some(folder) => format!("`{}`", folder.join(program).display()),
            None => format!("`{program}` on the PATH"),
        };
        let (kind, message) = match cause.kind() {
            io::ErrorKind::NotFound => (Kind::Refused, format!("there is no program {place}")),
            io::ErrorKind::PermissionDenied => (
                Kind::Denied,
                format!("{place} is no program that may be run"),
            ),
            _ => (Kind::Refused, format!("{place} cannot be started")),
        };
        Error::new(kind, message)
            .service("oar")
            .hint(
                "install the release tools and set `oar.programs` to the folder they are in, \
                 or set `oar.backend` to `native` or `mcp`",
            )
            .because(cause)
    }

    /// A program that did not come to its end: nobody knows how far it got.
    fn broken(&self, command: &Command, exit: Exit, is_changing: bool, output: &Output) -> Error {
        let program = command.program.to_string_lossy();
        let message = match exit {
            Exit::Late => format!(
                "`{program}` was ended, because it ran longer than {} minutes",
                command.limit.as_secs().div_ceil(60)
            ),
            Exit::Signal(signal) => format!("`{program}` was ended by signal {signal}"),
            Exit::Code(_) | Exit::Unknown => format!("nobody knows how `{program}` ended"),
        };
        let message = match output.last() {
            Some(line) => format!("{message}; its last line was: {line}"),
            None => message,
        };
        let error = Error::new(Kind::Unreachable, message).service("oar");
        if is_changing {
            error
                .ambiguous()
                .hint("it may have done its work: look at the task outside before it is run again")
        } else {
            error.hint("run it again; `oar.limit` gives it more time")
        }
    }
}

impl Backend for Programs {
    fn run<'a>(
        &'a self,
        tool: &'static Tool,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'a, Result<Ran>> {
        Box::pin(async move { self.answer(tool, &arguments).await.map(Ran::from) })
    }

    fn place(&self, _tool: &Tool) -> Option<Place> {
        Some(Place::Cli)
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Programs")
            .field("folder", &self.folder)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The rules that read an answer speak of a server; here it is a program on this machine.
pub(super) fn reword(outcome: &mut Outcome) {
    const WORDS: [(&str, &str); 5] = [
        (" of the OAR server and restart it", " of this program"),
        (" as the user of the OAR server", ""),
        ("on the OAR server", "of the `oar` program"),
        ("the OAR server", "the `oar` program"),
        ("the server could not record it", "it could not be recorded"),
    ];
    let reworded = |text: &String| {
        let text = text.clone();
        WORDS
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to))
    };
    outcome.reason = reworded(&outcome.reason);
    outcome.owner = outcome.owner.as_ref().map(reworded);
    outcome.next = outcome.next.as_ref().map(reworded);
}

fn no_program(tool: &Tool) -> Error {
    let what = format!(
        "no program of the release tools does what `{}` does",
        tool.name
    );
    Error::new(Kind::Refused, what).service("oar")
}
