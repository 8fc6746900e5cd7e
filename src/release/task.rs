//! Task names and status words that the Python tool, the StateBox and people share.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The nine tasks whose status people track, in the order dashboards show them.
pub const WORKFLOW_TASKS: [&str; 9] = [
    "take-ownership",
    "image-consistency-check",
    "analyze-candidate-build",
    "analyze-promoted-build",
    "check-cve-tracker-bug",
    "push-to-cdn-staging",
    "stage-testing",
    "image-signed-check",
    "change-advisory-status",
];

/// Every task name that a StateBox accepts, in the order of its error message.
pub const STATEBOX_TASKS: [&str; 13] = [
    "create-test-report",
    "take-ownership",
    "update-bug-list",
    "image-consistency-check",
    "analyze-candidate-build",
    "analyze-promoted-build",
    "check-greenwave-cvp-tests",
    "check-cve-tracker-bug",
    "push-to-cdn-staging",
    "stage-testing",
    "image-signed-check",
    "drop-bugs",
    "change-advisory-status",
];

/// The tasks that releases of the Errata flow had besides, until the Konflux flow did away with them.
pub const RETIRED_TASKS: [&str; 3] = ["update-bug-list", "check-greenwave-cvp-tests", "drop-bugs"];

/// The tasks that must be `Pass` in one snapshot before final approval.
pub const REQUIRED_FOR_APPROVAL: [&str; 7] = [
    "take-ownership",
    "check-cve-tracker-bug",
    "push-to-cdn-staging",
    "image-consistency-check",
    "stage-testing",
    "analyze-promoted-build",
    "image-signed-check",
];

/// The status of a task in the state store.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum TaskStatus {
    /// Nobody has begun; also what a task without an entry has.
    #[default]
    #[serde(rename = "Not Started")]
    NotStarted,
    /// Something runs outside.
    #[serde(rename = "In Progress")]
    InProgress,
    /// Done.
    Pass,
    /// Done and not good.
    Fail,
}

impl TaskStatus {
    /// The word as it is written, such as `In Progress`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "Not Started",
            Self::InProgress => "In Progress",
            Self::Pass => "Pass",
            Self::Fail => "Fail",
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for TaskStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::NotStarted, Self::InProgress, Self::Pass, Self::Fail]
            .into_iter()
            .find(|status| status.word() == text)
            .ok_or_else(|| {
                Error::invalid(format!("`{text}` is not a task status"))
                    .hint("the words are Not Started, In Progress, Pass and Fail")
            })
    }
}
