//! `oar_add_issue`, `oar_resolve_issue`, `oar_get_issues` and `oar_get_task_blocker`.

use serde_json::{Map, Value, json};

use super::{Native, Refusal, answer, flag_of, status::untracked, text_of};
use crate::{
    error::Result,
    release::{
        Version,
        statebox::{Change, Issue, StateBox, mask_emails},
    },
};

/// Adds an issue, unless an unresolved one says the same.
pub(super) async fn add(
    native: &Native,
    release: &Version,
    arguments: &Map<String, Value>,
) -> Result<Value> {
    let text = text_of(arguments, "issue");
    let is_blocker = flag_of(arguments, "blocker", true);
    let related_tasks: Vec<String> = text_of(arguments, "related_tasks")
        .split(',')
        .map(str::trim)
        .filter(|task| !task.is_empty())
        .map(str::to_owned)
        .collect();
    let before = native.state.read(release).await?;
    let before = before.ok_or_else(|| untracked(release))?;
    let change = Change::AddIssue {
        text: text.to_owned(),
        is_blocker,
        related_tasks,
    };
    let after = match native.change(&before, &change).await? {
        Ok(after) => after.document,
        Err(refusal) => return Ok(refused(&refusal, release)),
    };
    let kind = if is_blocker {
        "blocking"
    } else {
        "non-blocking"
    };
    Ok(json!({
        "success": true,
        "message": format!("Added {kind} issue"),
        "issue": last(&after, |issue| !issue.is_resolved && issue.says(text)),
        "release": release,
    }))
}

/// Resolves the one unresolved issue that is, or else contains, a text.
pub(super) async fn resolve(
    native: &Native,
    release: &Version,
    arguments: &Map<String, Value>,
) -> Result<Value> {
    let text = text_of(arguments, "issue");
    let resolution = mask_emails(text_of(arguments, "resolution"));
    let before = native.state.read(release).await?;
    let before = before.ok_or_else(|| untracked(release))?;
    let change = Change::ResolveIssue {
        text: text.to_owned(),
        resolution: resolution.clone(),
    };
    let after = match native.change(&before, &change).await? {
        Ok(after) => after.document,
        Err(refusal) => return Ok(refused(&refusal, release)),
    };
    let is_so = |issue: &Issue| {
        issue.is_resolved && issue.resolution.as_deref() == Some(resolution.as_str())
    };
    let was_open = |issue: &Issue| {
        let open = before.document.issues().iter();
        open.filter(|open| !open.is_resolved)
            .any(|open| open.text == issue.text && open.reported_at == issue.reported_at)
    };
    // When it was resolved in the same words before, nothing was open.
    let issue = match last(&after, |issue| is_so(issue) && was_open(issue)) {
        Value::Null => last(&after, |issue| is_so(issue) && issue.says(text)),
        resolved => resolved,
    };
    Ok(json!({
        "success": true,
        "message": "Issue resolved successfully",
        "issue": issue,
        "release": release,
    }))
}

/// Lists issues in the order of report.
pub(super) async fn list(
    native: &Native,
    release: &Version,
    arguments: &Map<String, Value>,
) -> Result<Value> {
    let is_unresolved_only = flag_of(arguments, "unresolved_only", false);
    let is_blockers_only = flag_of(arguments, "blockers_only", false);
    let task = arguments.get("task_name").and_then(Value::as_str);
    let issues = match native.document_or_none(release).await? {
        Some(document) => all(&document, |issue| {
            !(is_unresolved_only && issue.is_resolved)
                && (!is_blockers_only || issue.is_blocker)
                && task.is_none_or(|task| is_about(issue, task))
        }),
        None => Vec::new(),
    };
    Ok(json!({
        "success": true,
        "count": issues.len(),
        "issues": issues,
        "filters": {
            "unresolved_only": is_unresolved_only,
            "blockers_only": is_blockers_only,
            "task_name": task,
        },
        "release": release,
    }))
}

/// Answers with the first unresolved blocker of a task.
pub(super) async fn blocker(
    native: &Native,
    release: &Version,
    arguments: &Map<String, Value>,
) -> Result<Value> {
    let task = text_of(arguments, "task_name");
    let blocker = match native.document_or_none(release).await? {
        Some(document) => {
            let blocks = |issue: &Issue| issue.is_open_blocker() && is_about(issue, task);
            all(&document, blocks).into_iter().next()
        }
        None => None,
    };
    Ok(json!({
        "success": true,
        "blocked": blocker.is_some(),
        "blocker": blocker,
        "task_name": task,
        "release": release,
    }))
}

fn is_about(issue: &Issue, task: &str) -> bool {
    issue.related_tasks.iter().any(|name| name == task)
}

/// The entries of the issues that `is_wanted`, with all their keys.
fn all(document: &StateBox, is_wanted: impl Fn(&Issue) -> bool) -> Vec<Value> {
    let json = document.to_json();
    let entries = json["issues"].as_array().into_iter().flatten();
    entries
        .zip(document.issues())
        .filter(|(_, issue)| is_wanted(issue))
        .map(|(entry, _)| entry.clone())
        .collect()
}

/// The entry of the last issue that `is_wanted`.
fn last(document: &StateBox, is_wanted: impl Fn(&Issue) -> bool) -> Value {
    all(document, is_wanted).pop().unwrap_or_default()
}

/// The rules of a document, in the words of the Python tool.
fn refused(Refusal(error): &Refusal, release: &Version) -> Value {
    let mut letters = error.message.chars();
    let message: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect();
    answer::refused(&message, &release.to_string())
}
