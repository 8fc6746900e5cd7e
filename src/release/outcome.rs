//! What a node ends with.
//!
//! An outcome is made by a script function (`pass("…")`), by an OAR tool, or by the flow itself
//! when a node cannot run. It always says why, and where somebody or something is waited for, who
//! or what that is.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// The word of an outcome.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Done and good.
    Pass,
    /// Done and not good; a person decides what next.
    Fail,
    /// Something of ours runs outside; look again later.
    InProgress,
    /// Somebody or something else must move first; look again later.
    Waiting,
    /// Does not apply to this release.
    Skipped,
    /// A person must choose before this can go on.
    NeedsDecision,
    /// A person must act before this can go on.
    Blocked,
}

impl Ending {
    /// The word scripts and JSON use, such as `in_progress`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::InProgress => "in_progress",
            Self::Waiting => "waiting",
            Self::Skipped => "skipped",
            Self::NeedsDecision => "needs_decision",
            Self::Blocked => "blocked",
        }
    }

    /// Whether what comes after may start.
    pub fn opens_the_way(self) -> bool {
        matches!(self, Self::Pass | Self::Skipped)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Something that runs or ran outside, by the first identity the other side gave it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Remote {
    /// What it is, such as `prow-job`, `jenkins-build`, `jenkins-queue-item`, `checker`.
    pub kind: String,
    /// Its identity there.
    pub id: String,
    /// Where a person looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What a node ended with.
///
/// As a script value this is a map with the same keys; only `status` is required.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outcome {
    /// The word.
    pub status: Ending,
    /// Why, in one line for people.
    #[serde(default)]
    pub reason: String,
    /// The text that the state store keeps for the task, when it differs from `reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Who or what is waited for, or must act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The exact next step for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Where a person looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When to look again, in seconds from now; the node's own interval when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recheck_secs: Option<u64>,
    /// What runs outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<Remote>,
    /// Whether what ran outside is over without a verdict, so that a new attempt may start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_attempt: bool,
    /// Whether something may have been started outside and nobody can tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_in_doubt: bool,
}

impl Outcome {
    /// Makes an outcome with a reason and nothing else.
    pub fn new(status: Ending, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            output: None,
            owner: None,
            next: None,
            link: None,
            recheck_secs: None,
            remote: None,
            ends_attempt: false,
            is_in_doubt: false,
        }
    }

    /// Says who or what is waited for.
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Says what a person does next.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Adds a link.
    pub fn link(mut self, link: impl Into<String>) -> Self {
        self.link = Some(link.into());
        self
    }

    /// Sets the text that the state store keeps.
    pub fn output(mut self, output: impl Into<String>) -> Self {
        self.output = Some(output.into());
        self
    }

    /// Sets when to look again.
    pub fn recheck(mut self, after: Duration) -> Self {
        self.recheck_secs = Some(after.as_secs());
        self
    }

    /// Names what runs outside.
    pub fn remote(mut self, remote: Option<Remote>) -> Self {
        self.remote = remote;
        self
    }
}
