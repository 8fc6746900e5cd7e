//! `oar_get_release_status` and `oar_update_task_status`.

use serde_json::{Map, Value, json};

use super::{Native, Refusal, text_of};
use crate::{
    error::{Error, Result},
    release::{
        TaskStatus, Version,
        statebox::{Change, StateBox, mask_emails},
        task::WORKFLOW_TASKS,
    },
};

/// What people may set a task to by its name.
const SETTABLE: [TaskStatus; 3] = [TaskStatus::Pass, TaskStatus::Fail, TaskStatus::InProgress];

const PREVIEW_CHARS: usize = 200;

/// Answers with the whole document, or with the statuses of a sheet.
pub(super) async fn read(native: &Native, release: &Version) -> Result<Value> {
    let Some(snapshot) = native.state.read(release).await? else {
        return Ok(json!({
            "source": "error",
            "error": format!("cannot find a StateBox or a worksheet of {release}"),
            "release": release,
            "overall_status": "Unknown",
            "tasks": {},
        }));
    };
    if snapshot.is_limited {
        Ok(sheet(&snapshot.document))
    } else {
        Ok(snapshot.document.to_json())
    }
}

fn sheet(document: &StateBox) -> Value {
    let status = |task: &&str| document.status(task);
    let overall = if WORKFLOW_TASKS
        .iter()
        .any(|task| status(task) == TaskStatus::Fail)
    {
        "Red"
    } else {
        "Green"
    };
    let tasks: Map<String, Value> = WORKFLOW_TASKS
        .iter()
        .map(|task| ((*task).to_owned(), status(task).word().into()))
        .collect();
    json!({
        "source": "worksheet",
        "release": document.release(),
        "overall_status": overall,
        "tasks": tasks,
    })
}

/// Sets the status of a task and, when there is a text, its result.
pub(super) async fn update(
    native: &Native,
    release: &Version,
    arguments: &Map<String, Value>,
) -> Result<Value> {
    let (task, word) = (
        text_of(arguments, "task_name"),
        text_of(arguments, "status"),
    );
    let status = word.parse().ok().filter(|status| SETTABLE.contains(status));
    let Some(status) = status else {
        let words = SETTABLE.map(TaskStatus::word).join(", ");
        let error = format!("Invalid status: {word}. Must be one of: {words}");
        return Ok(json!({"success": false, "error": error}));
    };
    if !WORKFLOW_TASKS.contains(&task) {
        let names = WORKFLOW_TASKS.join(", ");
        let error = format!("Invalid task name: {task}. Must be one of: {names}");
        return Ok(json!({"success": false, "error": error}));
    }
    let result = Some(text_of(arguments, "result"))
        .filter(|text| !text.trim().is_empty())
        .map(mask_emails);
    let before = native.state.read(release).await?;
    let before = before.ok_or_else(|| untracked(release))?;
    let change = Change::SetTask {
        name: task.to_owned(),
        status,
        result: result.clone(),
        started_at: None,
        completed_at: None,
        is_reset: false,
    };
    let after = match native.change(&before, &change).await? {
        Ok(after) => after,
        // The Python tool has no such rule, so there is no form of its own for it.
        Err(Refusal(error)) => return Err(error.service("oar")),
    };
    let system = if after.is_limited {
        "worksheet"
    } else {
        "statebox"
    };
    let mut answer = json!({
        "success": true,
        "release": release,
        "task": task,
        "status": status.word(),
        "updated_systems": [system],
        "message": format!("Successfully updated task '{task}' to '{status}' in {system}"),
    });
    if let Some(result) = result {
        let length = result.chars().count();
        let mut preview: String = result.chars().take(PREVIEW_CHARS).collect();
        if length > PREVIEW_CHARS {
            preview.push_str("...");
        }
        answer["result_length"] = length.into();
        answer["result_preview"] = preview.into();
    }
    Ok(answer)
}

/// The release has no state, so there is nothing to change.
pub(super) fn untracked(release: &Version) -> Error {
    Error::not_found(format!("{release} has neither StateBox nor sheet"))
        .service("oar")
        .hint("create the StateBox first: `oar::create_test_report(release)`")
}
