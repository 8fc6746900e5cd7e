//! Programs that are started: without a shell, in a process group of their own, both outputs in one
//! stream, with a time limit.
//!
//! ```text
//! started -> prints lines -> ends
//!         -> its time is over, or nobody waits any more: TERM, a moment, KILL
//! ```

use std::{ffi::OsString, fmt, time::Duration};

use secrecy::SecretString;

/// How many bytes of a line are kept; the rest of a longer one is dropped.
pub const LONGEST_LINE: usize = 64 * 1024;

/// A program to start.
#[derive(Clone)]
pub struct Command {
    /// The program: a path, or a name that is looked for on the `PATH` of `environment`.
    pub program: OsString,
    /// The words behind it; none of them is looked at by a shell.
    pub arguments: Vec<String>,
    /// The whole environment of the program.
    pub environment: Vec<(&'static str, SecretString)>,
    /// How long it may run.
    pub limit: Duration,
    /// How long it has to end by itself once it was asked to.
    pub grace: Duration,
}

impl Command {
    /// The command line for people.
    pub fn shown(&self) -> String {
        let mut shown = self.program.to_string_lossy().into_owned();
        for word in &self.arguments {
            shown.push(' ');
            shown.push_str(word);
        }
        shown
    }
}

/// What the environment holds may be secret.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .finish_non_exhaustive()
    }
}

/// How a program that was started ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal, which we did not send.
    Signal(i32),
    /// By us, because its time was over.
    Late,
    /// Nobody knows.
    Unknown,
}

/// Hears every line that a program prints.
pub type Listener<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Cuts a stream of bytes into lines. What is no text becomes the replacement sign.
#[cfg(unix)]
struct Lines<'a> {
    listener: Listener<'a>,
    line: Vec<u8>,
}

#[cfg(unix)]
impl<'a> Lines<'a> {
    fn new(listener: Listener<'a>) -> Self {
        Self {
            listener,
            line: Vec::new(),
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        self.extend(pieces.next().unwrap_or_default());
        for piece in pieces {
            self.end();
            self.extend(piece);
        }
    }

    /// Hands over what came without an end of line.
    fn finish(&mut self) {
        if !self.line.is_empty() {
            self.end();
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE - self.line.len();
        self.line.extend(&bytes[..bytes.len().min(room)]);
    }

    fn end(&mut self) {
        let text = String::from_utf8_lossy(&self.line);
        (self.listener)(text.strip_suffix('\r').unwrap_or(&text));
        self.line.clear();
    }
}

#[cfg(unix)]
pub(super) use unix::run;

/// Programs are groups of processes, which other systems do not have.
#[cfg(not(unix))]
pub(super) async fn run(_: &Command, _: Listener<'_>) -> std::io::Result<Exit> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(unix)]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place where programs are started"
)]
mod unix {
    use std::{io, os::fd::OwnedFd, os::unix::process::ExitStatusExt as _, process::Stdio};

    use rustix::process::{Pid, Signal, kill_process_group};
    use secrecy::ExposeSecret as _;
    use tokio::{io::AsyncReadExt as _, net::unix::pipe::Receiver, process::Child, time::timeout};

    use super::{Command, Duration, Exit, Lines, Listener};

    /// How long output is waited for when the program has ended and something it left behind still
    /// holds the other end.
    const LINGER: Duration = Duration::from_secs(1);

    /// Runs a program; fails when it could not be started. It is ended when the future is dropped.
    pub(in crate::world) async fn run(
        command: &Command,
        listener: Listener<'_>,
    ) -> io::Result<Exit> {
        let (reader, writer) = io::pipe()?;
        let mut output = Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let environment = command.environment.iter();
        let child = tokio::process::Command::new(&command.program)
            .args(&command.arguments)
            .env_clear()
            .envs(environment.map(|(name, value)| (name, value.expose_secret())))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        let mut started = Started::new(child, command.grace);
        let mut lines = Lines::new(listener);
        let ended = timeout(command.limit, listen(&mut started, &mut output, &mut lines)).await;
        let exit = match ended {
            Ok(exit) => exit,
            Err(_) => {
                started.stop().await;
                Exit::Late
            }
        };
        // What it printed last, unless something else goes on printing.
        let _ = timeout(LINGER, drain(&mut output, &mut lines)).await;
        lines.finish();
        Ok(exit)
    }

    /// Reads until the program ends.
    async fn listen(started: &mut Started, output: &mut Receiver, lines: &mut Lines<'_>) -> Exit {
        let mut buffer = vec![0; 16 * 1024];
        let mut is_open = true;
        loop {
            tokio::select! {
                read = output.read(&mut buffer), if is_open => match read {
                    Ok(0) | Err(_) => is_open = false,
                    Ok(count) => lines.add(&buffer[..count]),
                },
                exit = started.exit() => return exit,
            }
        }
    }

    async fn drain(output: &mut Receiver, lines: &mut Lines<'_>) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count) = output.read(&mut buffer).await
            && count > 0
        {
            lines.add(&buffer[..count]);
        }
    }

    /// A program that was started. Dropping it before it ended ends it, and what it started too
    /// unless that left its group.
    struct Started {
        child: Option<Child>,
        group: Option<Pid>,
        grace: Duration,
    }

    impl Started {
        fn new(child: Child, grace: Duration) -> Self {
            let id = child.id().and_then(|id| i32::try_from(id).ok());
            Self {
                group: id.and_then(Pid::from_raw),
                child: Some(child),
                grace,
            }
        }

        async fn exit(&mut self) -> Exit {
            let Some(child) = &mut self.child else {
                return Exit::Unknown;
            };
            let status = child.wait().await;
            self.child = None;
            match status {
                Ok(status) => match (status.code(), status.signal()) {
                    (Some(code), _) => Exit::Code(code),
                    (None, Some(signal)) => Exit::Signal(signal),
                    (None, None) => Exit::Unknown,
                },
                Err(_) => Exit::Unknown,
            }
        }

        /// Asks it to end, and makes it.
        async fn stop(&mut self) {
            self.signal(Signal::TERM);
            if timeout(self.grace, self.exit()).await.is_err() {
                self.signal(Signal::KILL);
                self.exit().await;
            }
        }

        fn signal(&self, signal: Signal) {
            if let Some(group) = self.group {
                // It fails when all of them have ended, which is what is wanted.
                let _ = kill_process_group(group, signal);
            }
        }
    }

    impl Drop for Started {
        fn drop(&mut self) {
            let Some(child) = self.child.take() else {
                return;
            };
            self.signal(Signal::TERM);
            let last = Last(Self {
                child: Some(child),
                group: self.group,
                grace: self.grace,
            });
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(last.wait());
            }
        }
    }

    /// A program that was asked to end. It is killed when this process cannot wait any longer.
    struct Last(Started);

    impl Last {
        async fn wait(mut self) {
            // Whoever does not end in time is killed when this is dropped.
            let _ = timeout(self.0.grace, self.0.exit()).await;
        }
    }

    impl Drop for Last {
        fn drop(&mut self) {
            if self.0.child.take().is_some() {
                self.0.signal(Signal::KILL);
            }
        }
    }
}
