//! What follows every command that returned: the status read off the last line of the log, and
//! written to the StateBox together with the log.

use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde_json::Value;

use super::{command::Command, outside::y_stream};
use crate::release::{TaskStatus, task::WORKFLOW_TASKS};

static STAMP: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")
        .expect("the pattern is constant")
});

/// Records how a command ended. Trouble is only logged.
pub(super) async fn run(command: &mut Command<'_>, task: &str) {
    if !WORKFLOW_TASKS.contains(&task) {
        return;
    }
    if command.outside.is_in_sheet_alone(command.release) {
        // A server from before the StateBox: the sheet is all it writes.
        return;
    }
    let text = command.log.logged();
    let status = status_of(&text);
    if command.outside.lacks("GITHUB_TOKEN") {
        let line = format!(
            "Failed to update StateBox for task '{task}': GitHub token not found. Set GITHUB_TOKEN environment variable."
        );
        command.log.warning(line);
        return;
    }
    let release = command.release;
    let before = command.outside.book().document(release).await;
    command.log.info(initialized(release));
    let old = match before {
        Ok(Some(document)) => {
            let line = loaded(release, &document);
            command.log.info(line);
            document["tasks"]
                .as_array()
                .and_then(|tasks| tasks.iter().find(|entry| entry["name"] == task))
                .and_then(|entry| entry["status"].as_str())
                .map(str::to_owned)
        }
        Ok(None) => {
            command
                .log
                .info("State file not found, returning default state");
            None
        }
        Err(error) => {
            let line = format!(
                "Failed to update StateBox for task '{task}': {}",
                error.chain()
            );
            return command.log.warning(line);
        }
    };
    if old.is_none() {
        command.log.info(format!("Created new task: {task}"));
    }
    let old = old.unwrap_or_else(|| "Not Started".to_owned());
    command
        .log
        .info(format!("Updated task '{task}' status: {old} -> {status}"));
    command.log.info(format!(
        "Updated task '{task}' result (sensitive data masked)"
    ));
    let now = command.outside.now();
    let data = command.data.clone();
    let written = command
        .outside
        .book()
        .record(release, &data, task, status, Some(&text), now)
        .await;
    let line = match written {
        Ok(()) => {
            command
                .log
                .info(format!("Updated state file {} (attempt 1)", path(release)));
            command
                .log
                .info(format!("StateBox updated successfully for task '{task}'"));
            return;
        }
        Err(error) => format!(
            "Failed to update StateBox for task '{task}': {}",
            error.chain()
        ),
    };
    command.log.warning(line);
}

/// The status that a log stands for.
pub(super) fn status_of(text: &str) -> TaskStatus {
    if text.is_empty() {
        return TaskStatus::Pass;
    }
    let last = text.rsplit('\n').next().unwrap_or_default();
    let by_last_line = [
        ("[Fail]", TaskStatus::Fail),
        ("[Pass]", TaskStatus::Pass),
        ("[In Progress]", TaskStatus::InProgress),
    ]
    .into_iter()
    .find(|(mark, _)| last.contains(mark));
    match by_last_line {
        Some((_, status)) => status,
        None if text.contains(": ERROR:") => TaskStatus::Fail,
        None => TaskStatus::InProgress,
    }
}

/// The first and the last time that a text names.
pub(super) fn times_in(text: &str) -> Option<(Timestamp, Timestamp)> {
    let mut times = STAMP
        .find_iter(text)
        .filter_map(|found| found.as_str().parse::<Timestamp>().ok());
    let first = times.next()?;
    Some((first, times.last().unwrap_or(first)))
}

/// Where the StateBox of a release is.
pub(super) fn path(release: &str) -> String {
    format!("_releases/{}/statebox/{release}.yaml", y_stream(release))
}

/// The line of a new StateBox client.
pub(super) fn initialized(release: &str) -> String {
    format!(
        "Initialized StateBox for release {release} at openshift/release-tests/z-stream/{}",
        path(release)
    )
}

/// The line of a StateBox that was read.
pub(super) fn loaded(release: &str, document: &Value) -> String {
    let name = document["updated_at"].as_str().unwrap_or_default();
    let id = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes())
        .simple()
        .to_string();
    format!("Loaded state from {} (SHA: {})", path(release), &id[..8])
}
