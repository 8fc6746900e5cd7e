//! The StateBox document.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::TaskStatus;

/// Placeholder.
#[derive(Clone, Debug, PartialEq)]
pub struct StateBox {}

/// One change to a document, re-applied to the freshest one when it is written.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Sets the status and, when given, the result of a task.
    SetTask {
        /// The task.
        name: String,
        /// The new status.
        status: TaskStatus,
        /// The new result; the old one stays when absent.
        result: Option<String>,
        /// When the work began, if it is known.
        started_at: Option<Timestamp>,
        /// When it ended, if it is known.
        completed_at: Option<Timestamp>,
    },
    /// Adds an issue, unless an unresolved one says the same.
    AddIssue {
        /// The text.
        text: String,
        /// Whether it blocks.
        is_blocker: bool,
        /// The tasks it is about; none for the whole release.
        related_tasks: Vec<String>,
    },
    /// Resolves the unresolved issue that matches.
    ResolveIssue {
        /// The text, or a part that only one unresolved issue has.
        text: String,
        /// How.
        resolution: String,
    },
    /// Replaces metadata entries; maps are merged entry by entry.
    PatchMetadata(Map<String, Value>),
}
