//! The log of one command, line by line as the Python tool writes it.

use jiff::Timestamp;

/// What one command has logged and printed.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    lines: Vec<String>,
    printed: Vec<String>,
    now: Option<Timestamp>,
}

impl Log {
    pub fn new(now: Timestamp) -> Self {
        Self {
            now: Some(now),
            ..Self::default()
        }
    }

    pub fn info(&mut self, message: impl AsRef<str>) {
        self.line("INFO", message.as_ref());
    }

    pub fn warning(&mut self, message: impl AsRef<str>) {
        self.line("WARNING", message.as_ref());
    }

    pub fn error(&mut self, message: impl AsRef<str>) {
        self.line("ERROR", message.as_ref());
    }

    /// Logs an error with the traceback of an exception.
    pub fn exception(&mut self, message: &str, cause: &str) {
        self.error(format!(
            "{message}\nTraceback (most recent call last):\n  File \"oar/cli.py\", line 1, in main\nException: {cause}"
        ));
    }

    /// The status line of a task.
    pub fn status(&mut self, display: &str, status: &str) {
        self.info(format!("task [{display}] status is changed to [{status}]"));
    }

    /// Prints to standard output, which is not logged.
    pub fn print(&mut self, line: impl Into<String>) {
        self.printed.push(line.into());
    }

    /// What was logged, stripped.
    pub fn logged(&self) -> String {
        self.lines.join("\n").trim().to_owned()
    }

    /// What was printed, stripped.
    pub fn printed(&self) -> String {
        self.printed.join("\n").trim().to_owned()
    }

    /// What was logged, then what was printed.
    pub fn output(&self) -> String {
        let parts: Vec<_> = self
            .lines
            .iter()
            .chain(&self.printed)
            .map(String::as_str)
            .collect();
        parts.join("\n").trim().to_owned()
    }

    fn line(&mut self, level: &str, message: &str) {
        let time = self.now.map(stamp).unwrap_or_default();
        self.lines.push(format!("{time}: {level}: {message}"));
    }
}

/// A time as the Python tool writes it.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
