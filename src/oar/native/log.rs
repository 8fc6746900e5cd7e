//! What a tool did, as log lines in the form of the Python tool, which other programs read from the
//! state of a release.
//!
//! The lines are for people and for those programs. What came of a tool is told by its outcome.

use std::sync::Arc;

use crate::{
    oar::backend::Ran,
    release::{
        Outcome, TaskStatus,
        statebox::{mask_emails, time},
    },
    world::World,
};

/// The lines of one command, or of one of its steps that run at once.
#[derive(Clone)]
pub(super) struct Log {
    world: Arc<dyn World>,
    lines: Vec<String>,
}

impl Log {
    /// Begins a log whose lines carry the time of this world.
    pub fn new(world: &Arc<dyn World>) -> Self {
        Self {
            world: world.clone(),
            lines: Vec::new(),
        }
    }

    /// Begins the log of a step, to be put in its place with [`Self::append`].
    pub fn step(&self) -> Self {
        Self::new(&self.world)
    }

    /// Puts the lines of a step at the end.
    pub fn append(&mut self, step: Self) {
        self.lines.extend(step.lines);
    }

    /// Puts the lines of another tool at the end, as they are.
    pub fn quote(&mut self, lines: &str) {
        self.lines.extend(lines.lines().map(str::to_owned));
    }

    /// Adds a line that tells what happened.
    pub fn info(&mut self, message: impl AsRef<str>) {
        self.add("INFO", message.as_ref());
    }

    /// Adds a line about something odd that holds nothing back.
    pub fn warning(&mut self, message: impl AsRef<str>) {
        self.add("WARNING", message.as_ref());
    }

    /// Adds a line about something that failed.
    pub fn error(&mut self, message: impl AsRef<str>) {
        self.add("ERROR", message.as_ref());
    }

    /// Adds the line by which other programs know the status of a task; `title` is the name of the
    /// task in such lines, as in `Take Ownership`.
    pub fn status(&mut self, title: &str, status: TaskStatus) {
        self.info(format!("task [{title}] status is changed to [{status}]"));
    }

    /// The lines so far, without addresses of people.
    pub fn text(&self) -> String {
        mask_emails(&self.lines.join("\n"))
    }

    /// Ends the log: the lines become what the state of the release keeps, without addresses of
    /// people.
    pub fn ended(self, outcome: Outcome) -> Ran {
        let lines = mask_emails(&self.lines.join("\n"));
        Ran {
            text: format!("✓ Command succeeded\n\n{lines}"),
            outcome: Some(match lines.is_empty() {
                true => outcome,
                false => outcome.output(lines),
            }),
        }
    }

    /// Ends the log of a command whose lines say by themselves what came of it.
    pub fn succeeded(self) -> Ran {
        let lines = mask_emails(&self.lines.join("\n"));
        Ran::from(format!("✓ Command succeeded\n\n{lines}"))
    }

    /// Ends the log of a command that could not do its work, in the form of the Python tool; what it
    /// means is read from the text.
    pub fn failed(self, command: &str, message: &str) -> Ran {
        let lines = mask_emails(&self.lines.join("\n"));
        let text = format!(
            "✗ Command failed (exit code 1)\n\n{lines}\n\
             ✗ Command execution failed with unhandled exception\n\n\
             Command: oar {command}\n\n\
             Error: {message}"
        );
        Ran::from(text)
    }

    fn add(&mut self, level: &str, message: &str) {
        tracing::debug!(level, "{}", mask_emails(message));
        let at = time::format(self.world.now());
        self.lines.push(format!("{at}: {level}: {message}"));
    }
}
