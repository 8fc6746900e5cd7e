//! How a command ended, and what that looks like: as the server answers it, and as the program prints
//! it.

use super::text::Log;

/// A command that has ended.
pub(super) struct Finished {
    code: i32,
    log: Log,
    failure: Option<Failure>,
    /// The server returns the log of `oar`, not that of the other programs.
    is_log_returned: bool,
}

/// An exception that left the command.
struct Failure {
    error: String,
    call: String,
    /// What the log says about it, when the command had begun.
    note: Option<String>,
}

impl Finished {
    /// A command of `oar` that returned, or left the process with code 0.
    pub(super) fn returned(log: Log) -> Self {
        Self {
            code: 0,
            log,
            failure: None,
            is_log_returned: true,
        }
    }

    /// A command of `oar` that raised an exception.
    pub(super) fn raised(log: Log, release: &str, name: &str, shown: &str, error: &str) -> Self {
        let note = format!("Command raised exception (release={release}, command={name}): {error}");
        Self {
            code: 1,
            failure: Some(Failure {
                error: error.to_owned(),
                call: call(release, name, shown),
                note: Some(note),
            }),
            ..Self::returned(log)
        }
    }

    /// An exception before the command of `oar` began.
    pub(super) fn unhandled(release: &str, name: &str, shown: &str, error: &str) -> Self {
        Self {
            code: 1,
            failure: Some(Failure {
                error: error.to_owned(),
                call: call(release, name, shown),
                note: None,
            }),
            ..Self::returned(Log::default())
        }
    }

    /// A command of another program, with its code.
    pub(super) fn of_others(code: i32, log: Log) -> Self {
        Self {
            code,
            is_log_returned: false,
            ..Self::returned(log)
        }
    }

    /// The answer of the server.
    pub(super) fn answer(&self) -> String {
        let Some(failure) = &self.failure else {
            let output = match self.is_log_returned {
                true => self.log.output(),
                false => self.log.printed(),
            };
            return match self.code {
                0 => succeeded(&output),
                code => failed(code, &output),
            };
        };
        let report = |headline: &str| {
            format!(
                "{headline}\n\nCommand: {}\n\nError: {}\n\nTraceback:\nTraceback (most recent call last):\n  File \"oar/cli.py\", line 1, in main\nException: {}",
                failure.call, failure.error, failure.error
            )
        };
        match &failure.note {
            Some(note) => {
                let mut log = self.log.clone();
                log.exception(note, &failure.error);
                let report = report("✗ Command execution failed");
                failed(1, &format!("{}\n\n{report}", log.output()))
            }
            None => failed(
                1,
                &report("✗ Command execution failed with unhandled exception"),
            ),
        }
    }

    /// The code of the program and what it prints: the log, and the message of an exception last.
    pub(super) fn printed(&self) -> (i32, String) {
        let output = self.log.output();
        let Some(failure) = &self.failure else {
            return (self.code, output);
        };
        if failure.error.starts_with("Invalid value for ") {
            return (2, format!("{output}\n{}", usage("oar", &failure.error)));
        }
        (1, format!("{output}\n{}", failure.error))
    }
}

/// What a program prints when it is not called as it wants to be.
pub(super) fn usage(program: &str, error: &str) -> String {
    format!(
        "Usage: {program} [OPTIONS] COMMAND [ARGS]...\nTry '{program} -h' for help.\n\nError: {error}"
    )
}

fn succeeded(output: &str) -> String {
    if output.is_empty() {
        return "✓ Command succeeded".to_owned();
    }
    format!("✓ Command succeeded\n\n{output}")
}

fn failed(code: i32, output: &str) -> String {
    let output = if output.is_empty() {
        "Unknown error"
    } else {
        output
    };
    format!("✗ Command failed (exit code {code})\n\n{output}")
}

fn call(release: &str, name: &str, shown: &str) -> String {
    format!("oar -r {release} {name} {shown}")
        .trim_end()
        .to_owned()
}
