//! The StateBox document: the state of one release in the form that the Python tool shares.
//!
//! The document is read into typed values and written back as the bytes PyYAML writes; keys nobody
//! here knows stay where they are. It changes only through [`Change`]: one operation on the freshest
//! document, never a document as a whole. Where documents are kept is left to `state`.

mod breaks;
mod change;
mod claim;
mod emit;
mod escape;
mod issues;
mod mask;
mod node;
mod parse;
mod read;
mod resolve;
mod style;
pub mod time;
mod told;

use indexmap::IndexMap;
use jiff::{Timestamp, civil::Date};
use serde_json::Value;

pub use change::Change;
pub use mask::mask_emails;

use super::{TaskStatus, Version};
use crate::error::Result;
use node::Node;

/// The only shape of documents there is.
const SCHEMA_VERSION: &str = "1.0";

/// The state of one release.
#[derive(Clone, Debug, PartialEq)]
pub struct StateBox {
    root: Node,
    release: Version,
    metadata: Metadata,
    tasks: Vec<Task>,
    issues: Vec<Issue>,
}

/// What was known of the build when the document was made. Nothing refreshes it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Metadata {
    /// The release ticket, such as `ART-30001`.
    pub jira_ticket: Option<String>,
    /// Advisories by their impetus (`rpm`, `rhcos`), in the order of the file.
    pub advisory_ids: IndexMap<String, i64>,
    /// The day of release as it is written, such as `2027-Mar-06`.
    pub release_date: Option<String>,
    /// Candidate nightlies by architecture, in the order of the file.
    pub candidate_builds: IndexMap<String, String>,
    /// The shipment merge request of a Konflux release.
    pub shipment_mr: Option<String>,
}

impl Metadata {
    /// The day of release; `None` when it is absent or cannot be read.
    pub fn release_day(&self) -> Option<Date> {
        self.release_date.as_deref().and_then(time::parse_day)
    }
}

/// The entry of one task.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Task {
    /// The name, unique in the document.
    pub name: String,
    /// Its status.
    pub status: TaskStatus,
    /// When work began, as it is written.
    pub started_at: Option<String>,
    /// When it ended, as it is written.
    pub completed_at: Option<String>,
    /// Log text or prose.
    pub result: Option<String>,
}

impl Task {
    /// When work began. Entries older than May 2026 may be hours off.
    pub fn started(&self) -> Option<Timestamp> {
        self.started_at.as_deref().and_then(time::parse)
    }

    /// When it ended. Entries older than May 2026 may be hours off.
    pub fn completed(&self) -> Option<Timestamp> {
        self.completed_at.as_deref().and_then(time::parse)
    }
}

/// The entry of one issue.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issue {
    /// What is wrong.
    pub text: String,
    /// When it was reported, as it is written.
    pub reported_at: Option<String>,
    /// Whether it is done with.
    pub is_resolved: bool,
    /// How it was resolved.
    pub resolution: Option<String>,
    /// Whether it blocks.
    pub is_blocker: bool,
    /// The tasks it is about; none for the whole release.
    pub related_tasks: Vec<String>,
    /// When it was resolved, as it is written.
    pub resolved_at: Option<String>,
}

impl Issue {
    /// Whether it blocks and nobody has resolved it.
    pub fn is_open_blocker(&self) -> bool {
        self.is_blocker && !self.is_resolved
    }
}

impl StateBox {
    /// Makes the document of a release nobody has worked on yet.
    pub fn new(release: &Version, metadata: Metadata, now: Timestamp) -> Self {
        let now = time::format(now);
        let advisories = metadata
            .advisory_ids
            .iter()
            .map(|(impetus, id)| (Node::text(impetus), Node::from_json(&Value::from(*id))));
        let candidates = metadata
            .candidate_builds
            .iter()
            .map(|(arch, build)| (Node::text(arch), Node::text(build)));
        let root = Node::map([
            ("schema_version", Node::text(SCHEMA_VERSION)),
            ("release", Node::text(release.to_string())),
            ("created_at", Node::text(now.as_str())),
            ("updated_at", Node::text(now)),
            (
                "metadata",
                Node::map([
                    (
                        "jira_ticket",
                        Node::optional_text(metadata.jira_ticket.as_deref()),
                    ),
                    ("advisory_ids", Node::Map(advisories.collect())),
                    (
                        "release_date",
                        Node::optional_text(metadata.release_date.as_deref()),
                    ),
                    ("candidate_builds", Node::Map(candidates.collect())),
                    (
                        "shipment_mr",
                        Node::optional_text(metadata.shipment_mr.as_deref()),
                    ),
                ]),
            ),
            ("tasks", Node::List(Vec::new())),
            ("issues", Node::List(Vec::new())),
        ]);
        Self {
            root,
            release: release.clone(),
            metadata,
            tasks: Vec::new(),
            issues: Vec::new(),
        }
    }

    /// Reads the document of `release`.
    ///
    /// Fails with `invalid` on broken YAML (with line and column), a document of another release, a
    /// schema version nobody knows, values of the wrong shape (with their key) and tasks that are
    /// there twice.
    pub fn parse(text: &str, release: &Version) -> Result<Self> {
        parse::document(text, Some(release))
    }

    /// Reads a document of whatever release; otherwise as [`StateBox::parse`].
    pub fn parse_any(text: &str) -> Result<Self> {
        parse::document(text, None)
    }

    /// Writes the document as PyYAML does.
    pub fn to_yaml(&self) -> String {
        emit::emit(&self.root)
    }

    /// Returns the document as JSON, with the keys of the file in their order.
    pub fn to_json(&self) -> Value {
        self.root.to_json()
    }

    /// The release it is about.
    pub fn release(&self) -> &Version {
        &self.release
    }

    /// When it was made, as it is written.
    pub fn created_at(&self) -> Option<&str> {
        self.root.get("created_at").and_then(Node::as_text)
    }

    /// When it was made; `None` when the text is no time.
    pub fn created(&self) -> Option<Timestamp> {
        self.created_at().and_then(time::parse)
    }

    /// When it was last changed, as it is written.
    pub fn updated_at(&self) -> Option<&str> {
        self.root.get("updated_at").and_then(Node::as_text)
    }

    /// When it was last changed; `None` when the text is no time.
    pub fn updated(&self) -> Option<Timestamp> {
        self.updated_at().and_then(time::parse)
    }

    /// What was known of the build.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Whether the release ships through a Konflux shipment merge request.
    pub fn is_konflux(&self) -> bool {
        let shipment = self.metadata.shipment_mr.as_deref();
        shipment.is_some_and(|url| !url.trim().is_empty())
    }

    /// The tasks that somebody has touched, in that order.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The entry of a task, if somebody has touched it.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// The status of a task; one without an entry is not started.
    pub fn status(&self, name: &str) -> TaskStatus {
        self.task(name)
            .map_or_else(TaskStatus::default, |task| task.status)
    }

    /// All issues, in the order of report.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// The first unresolved blocker that is about `task`.
    pub fn blocker_of(&self, task: &str) -> Option<&Issue> {
        self.open_blockers()
            .into_iter()
            .find(|issue| issue.related_tasks.iter().any(|name| name == task))
    }

    /// The unresolved blockers of the whole release.
    pub fn general_blockers(&self) -> Vec<&Issue> {
        let mut blockers = self.open_blockers();
        blockers.retain(|issue| issue.related_tasks.is_empty());
        blockers
    }

    /// All unresolved blockers.
    pub fn open_blockers(&self) -> Vec<&Issue> {
        self.issues
            .iter()
            .filter(|issue| issue.is_open_blocker())
            .collect()
    }
}
