//! What an answer of a tool, or an entry in the state store, means.
//!
//! The Python tool says it in log lines, and its exit code and recorded status are often wrong: a
//! job may run after a failure, a wait is recorded as `Fail`, a finished task is set back to
//! `In Progress`. The rules here read the lines instead. Nothing is ever concluded from silence: what
//! cannot be understood is waited for, not passed, failed or started again.
//!
//! An attempt is what one trigger starts:
//!
//! ```text
//! not_started -> started -> running -> ended | lost
//!             -> in_doubt (nobody knows; a person looks)
//! ```

mod failure;
mod lines;
mod log;
mod marks;
mod progress;
mod recorded;

use serde::{Deserialize, Serialize};

use self::marks::Marks;
use super::tools::Tool;
use crate::release::{Ending, Outcome, Remote};

pub(super) use lines::awaits_production;
pub use log::kept_text;
pub use progress::missed_trackers;
pub use recorded::recorded;

/// What a text says about an outcome and about the attempt behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The outcome.
    pub outcome: Outcome,
    /// Where the attempt stands.
    pub attempt: Attempt,
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attempt {
    /// Nothing was started and nothing runs.
    NotStarted,
    /// This call started it.
    Started,
    /// It was started before and is not over.
    Running,
    /// It is over, with a result.
    Ended,
    /// It is over without a result; a new one may start.
    Lost,
    /// Nobody can tell; nothing may be started before a person looked.
    InDoubt,
}

impl Attempt {
    /// The word scripts and JSON use, such as `in_doubt`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Started => "started",
            Self::Running => "running",
            Self::Ended => "ended",
            Self::Lost => "lost",
            Self::InDoubt => "in_doubt",
        }
    }

    /// Whether a new one may be started.
    pub fn may_start(self) -> bool {
        matches!(self, Self::NotStarted | Self::Lost)
    }
}

impl Judgement {
    /// What an outcome that rests on facts says about the attempt.
    pub fn of(outcome: Outcome, is_trigger: bool) -> Self {
        let attempt = match outcome.status {
            _ if outcome.is_in_doubt => Attempt::InDoubt,
            _ if outcome.ends_attempt => Attempt::Lost,
            Ending::Pass | Ending::Fail => Attempt::Ended,
            Ending::InProgress if is_trigger => Attempt::Started,
            Ending::InProgress => Attempt::Running,
            Ending::Waiting | Ending::Blocked | Ending::Skipped | Ending::NeedsDecision => {
                Attempt::NotStarted
            }
        };
        Self { outcome, attempt }
    }

    pub(super) fn new(attempt: Attempt, outcome: Outcome) -> Self {
        Self { outcome, attempt }
    }
}

/// Returns what the text answer of a tool means.
pub fn classify(tool: &Tool, is_trigger: bool, text: &str) -> Judgement {
    let task = tool.task();
    let trimmed = text.trim();
    let mut judgement = if let Some(rest) = trimmed.strip_prefix('✓') {
        let marks = Marks::of(rest);
        progress::judge(&task, &marks).unwrap_or_else(|| not_understood(trimmed))
    } else if let Some(rest) = trimmed.strip_prefix('✗') {
        failure::judge(&task, is_trigger, rest)
    } else {
        not_understood(trimmed)
    };
    if judgement.outcome.output.is_none() {
        judgement.outcome.output = kept_text(text);
    }
    if let Some(trouble) = Marks::of(trimmed).store_trouble {
        let reason = &mut judgement.outcome.reason;
        reason.push_str(&format!("; the server could not record it: {trouble}"));
    }
    judgement
}

fn not_understood(text: &str) -> Judgement {
    let start: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(80)
        .collect();
    let what = if start.is_empty() {
        "it was empty".to_owned()
    } else if start.starts_with('<') {
        "it was a web page".to_owned()
    } else {
        format!("it began with `{start}`")
    };
    Judgement::new(
        Attempt::InDoubt,
        Outcome::new(
            Ending::Waiting,
            format!("the answer could not be understood: {what}"),
        )
        .owner("the OAR server")
        .next("look at the task outside before anything is started again"),
    )
}

fn remote(kind: &str, id: &str, url: Option<&str>) -> Remote {
    Remote {
        kind: kind.to_owned(),
        id: id.to_owned(),
        url: url.map(str::to_owned),
    }
}
