//! What a program printed, and the answer that is made of it.

use std::{collections::VecDeque, sync::LazyLock};

use regex::Regex;

use crate::world::process::LONGEST_LINE;

/// How many bytes are kept from the beginning, and from the end.
const HEAD: usize = 1024 * 1024;
const TAIL: usize = 3 * 1024 * 1024;

/// What a line that was cut loses of its end: the beginning of a secret could stand there.
const EDGE: usize = 4 * 1024;

static LOGGED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: [A-Z]+: ").expect("the pattern is constant")
});

/// The lines of a program: the first and the last of them when there are too many.
#[derive(Debug, Default)]
pub(super) struct Output {
    head: Vec<String>,
    head_bytes: usize,
    tail: VecDeque<String>,
    tail_bytes: usize,
    left_out: u64,
}

impl Output {
    pub(super) fn add(&mut self, line: String) {
        let size = line.len() + 1;
        if self.tail.is_empty() && self.head_bytes + size <= HEAD {
            self.head_bytes += size;
            self.head.push(line);
            return;
        }
        self.tail_bytes += size;
        self.tail.push_back(line);
        while self.tail_bytes > TAIL
            && let Some(line) = self.tail.pop_front()
        {
            self.tail_bytes -= line.len() + 1;
            self.left_out += 1;
        }
    }

    /// The last line that says something.
    pub(super) fn last(&self) -> Option<&str> {
        let lines = self.head.iter().chain(&self.tail);
        lines.map(|line| line.trim()).rfind(|line| !line.is_empty())
    }

    /// The answer when it ended well.
    pub(super) fn succeeded(&self) -> String {
        match self.text().as_str() {
            "" => "✓ Command succeeded".to_owned(),
            text => format!("✓ Command succeeded\n\n{text}"),
        }
    }

    /// The answer when it ended with a code.
    ///
    /// A program of the Python tool that was left by an exception prints its message last, outside
    /// of the log. The server reports it apart from the log, under `Error:`; so it is here.
    pub(super) fn failed(&self, code: i32, command: &str) -> String {
        let headline = format!("✗ Command failed (exit code {code})");
        let text = self.text();
        if text.is_empty() {
            return format!("{headline}\n\nUnknown error");
        }
        let (log, message) = text.rsplit_once('\n').unwrap_or(("", &text));
        let has_message = text.lines().any(|line| line.starts_with("Error: "));
        if has_message || LOGGED.is_match(message) {
            return format!("{headline}\n\n{text}");
        }
        format!(
            "{headline}\n\n{log}\n\n✗ Command execution failed\n\nCommand: {command}\n\nError: {message}"
        )
    }

    fn text(&self) -> String {
        let gap = format!("[{} lines are left out here]", self.left_out);
        let gap = (self.left_out > 0).then_some(gap.as_str());
        let lines: Vec<&str> = self
            .head
            .iter()
            .map(String::as_str)
            .chain(gap)
            .chain(self.tail.iter().map(String::as_str))
            .collect();
        lines.join("\n").trim().to_owned()
    }
}

/// Returns a line as it may be shown and kept: without secrets, and without what only a terminal
/// understands.
pub(super) fn shown(line: &str, redact: impl FnOnce(&str) -> String) -> String {
    let plain: String = console::strip_ansi_codes(line)
        .chars()
        .filter(|letter| *letter == '\t' || !letter.is_control())
        .collect();
    let mut shown = redact(&plain);
    // A line of this length was cut, perhaps in the middle of a secret.
    if line.len() + 1 >= LONGEST_LINE {
        shown.truncate(shown.floor_char_boundary(shown.len().saturating_sub(EDGE)));
        shown.push('…');
    }
    shown
}
