//! The StateBox behind the emulated server, written with the rules of the Python tool.
//!
//! Those are looser than ours: any status may follow any other. What the store would refuse is asked
//! for as a reset.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::hook;
use crate::{
    error::{Error, Result},
    release::{
        TaskStatus, Version,
        statebox::{Change, Metadata, StateBox},
    },
    state::StateStore,
};

/// The StateBox of all releases.
pub(super) struct Book {
    store: Arc<dyn StateStore>,
}

impl Book {
    pub fn new(store: Arc<dyn StateStore>) -> Self {
        Self { store }
    }

    /// Returns the document of a release as JSON.
    pub async fn document(&self, release: &str) -> Result<Option<Value>> {
        let snapshot = self.store.read(&release.parse()?).await?;
        Ok(snapshot.map(|snapshot| snapshot.document.to_json()))
    }

    /// Creates the document of a release from its build data.
    pub async fn create(&self, release: &str, data: &Value, now: Timestamp) -> Result<()> {
        let release: Version = release.parse()?;
        let document = StateBox::new(&release, metadata(data), now);
        self.store.create(&document).await.map(|_| ())
    }

    /// Sets status and text of a task; creates the document when there is none.
    pub async fn record(
        &self,
        release: &str,
        data: &Value,
        task: &str,
        status: TaskStatus,
        text: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let stored = self.stored_task(release, task).await?;
        let stored_text = stored["result"].as_str().map(str::to_owned);
        let source = text.map(str::to_owned).or(stored_text);
        let times = source.as_deref().and_then(hook::times_in);
        let started = times.map_or(now, |(first, _)| first);
        let ended = times.map_or(now, |(_, last)| last);
        let (started_at, completed_at) = match status {
            TaskStatus::InProgress => (Some(started), None),
            TaskStatus::Pass | TaskStatus::Fail if stored["started_at"].is_string() => {
                (None, Some(ended))
            }
            TaskStatus::Pass | TaskStatus::Fail => (Some(started), Some(ended)),
            TaskStatus::NotStarted => (None, None),
        };
        let change = Change::SetTask {
            name: task.to_owned(),
            status,
            result: text.map(str::to_owned),
            started_at,
            completed_at,
            is_reset: true,
        };
        self.apply(release, data, change, now).await
    }

    /// Adds an issue; creates the document when there is none.
    ///
    /// A blocker is refused while one of its tasks has one, even the same.
    pub async fn add_issue(
        &self,
        release: &str,
        data: &Value,
        text: &str,
        is_blocker: bool,
        related_tasks: Vec<String>,
        now: Timestamp,
    ) -> Result<()> {
        if is_blocker {
            for task in &related_tasks {
                if let Some(blocker) = self.blocker(release, task).await? {
                    let text = blocker["issue"].as_str().unwrap_or_default();
                    return Err(Error::invalid(format!(
                        "Task '{task}' already has unresolved blocker: {text}"
                    )));
                }
            }
        }
        let change = Change::AddIssue {
            text: text.to_owned(),
            is_blocker,
            related_tasks,
        };
        self.apply(release, data, change, now).await
    }

    /// Resolves an issue.
    pub async fn resolve_issue(&self, release: &str, text: &str, resolution: &str) -> Result<()> {
        let change = Change::ResolveIssue {
            text: text.to_owned(),
            resolution: resolution.to_owned(),
        };
        let release: Version = release.parse()?;
        self.store.apply(&release, &[change]).await.map(|_| ())
    }

    /// The issues of a release, in the order of report.
    pub async fn issues(&self, release: &str) -> Result<Vec<Value>> {
        let document = self.document(release).await?.unwrap_or_default();
        Ok(document["issues"].as_array().cloned().unwrap_or_default())
    }

    /// The first unresolved blocker of a task.
    pub async fn blocker(&self, release: &str, task: &str) -> Result<Option<Value>> {
        let issues = self.issues(release).await?;
        Ok(issues
            .into_iter()
            .find(|issue| is_open_blocker(issue) && is_about(issue, task)))
    }

    async fn stored_task(&self, release: &str, task: &str) -> Result<Value> {
        let document = self.document(release).await?.unwrap_or_default();
        let tasks = document["tasks"].as_array().cloned().unwrap_or_default();
        let found = tasks.into_iter().find(|entry| entry["name"] == task);
        Ok(found.unwrap_or(Value::Null))
    }

    async fn apply(
        &self,
        release: &str,
        data: &Value,
        change: Change,
        now: Timestamp,
    ) -> Result<()> {
        if self.document(release).await?.is_none() {
            self.create(release, data, now).await?;
        }
        let release: Version = release.parse()?;
        self.store.apply(&release, &[change]).await.map(|_| ())
    }
}

/// Whether an issue blocks and nobody has resolved it.
pub(super) fn is_open_blocker(issue: &Value) -> bool {
    issue["blocker"] == true && issue["resolved"] == false
}

/// Whether an issue is about a task.
pub(super) fn is_about(issue: &Value, task: &str) -> bool {
    issue["related_tasks"]
        .as_array()
        .is_some_and(|tasks| tasks.iter().any(|name| name == task))
}

fn metadata(data: &Value) -> Metadata {
    let text = |key: &str| {
        data[key]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let entries = |key: &str| data[key].as_object().cloned().unwrap_or_default();
    Metadata {
        jira_ticket: text("jira_ticket"),
        advisory_ids: entries("advisories")
            .into_iter()
            .filter_map(|(kind, id)| Some((kind, id.as_i64()?)))
            .collect(),
        release_date: text("release_date"),
        candidate_builds: entries("candidate_builds")
            .into_iter()
            .filter_map(|(arch, build)| Some((arch, build.as_str()?.to_owned())))
            .collect(),
        shipment_mr: text("shipment_mr"),
    }
}
