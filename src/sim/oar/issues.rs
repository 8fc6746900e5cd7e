//! The issue tools.

use serde_json::{Map, Value, json};

use super::{
    book::{is_about, is_open_blocker},
    outside::Outside,
};
use crate::error::Result;

const MAX_CHARS: usize = 1000;

pub(super) async fn run(outside: &Outside, name: &str, arguments: &Map<String, Value>) -> String {
    let release = text(arguments, "release");
    let answered = match outside.lacks("GITHUB_TOKEN") {
        true => Err("GitHub token not found. Set GITHUB_TOKEN environment variable.".to_owned()),
        false => match name {
            "oar_add_issue" => add(outside, release, arguments).await,
            "oar_resolve_issue" => resolve(outside, release, arguments).await,
            "oar_get_issues" => list(outside, release, arguments).await,
            _ => blocker(outside, release, arguments).await,
        },
    };
    let answer = answered.unwrap_or_else(|error| {
        let mut answer = json!({"success": false, "error": error, "release": release});
        match name {
            "oar_get_issues" => {
                answer["count"] = json!(0);
                answer["issues"] = json!([]);
            }
            "oar_get_task_blocker" => {
                answer["task_name"] = json!(text(arguments, "task_name"));
                answer["blocked"] = json!(false);
                answer["blocker"] = Value::Null;
            }
            _ => {}
        }
        answer
    });
    super::data::python_json(&answer)
}

async fn add(
    outside: &Outside,
    release: &str,
    arguments: &Map<String, Value>,
) -> Result<Value, String> {
    let issue = text(arguments, "issue");
    if issue.trim().is_empty() {
        return Err("Issue description cannot be empty".to_owned());
    }
    if issue.chars().count() > MAX_CHARS {
        return Err(format!(
            "Issue description too long (max {MAX_CHARS} characters)"
        ));
    }
    let is_blocker = arguments["blocker"] == true;
    let related: Vec<String> = text(arguments, "related_tasks")
        .split(',')
        .map(str::trim)
        .filter(|task| !task.is_empty())
        .map(str::to_owned)
        .collect();
    let data = outside.build_data(release)?;
    outside
        .book()
        .add_issue(release, &data, issue, is_blocker, related, outside.now())
        .await
        .map_err(|error| error.message)?;
    let entry = found(outside, release, issue, false).await?;
    let kind = if is_blocker {
        "blocking"
    } else {
        "non-blocking"
    };
    Ok(json!({
        "success": true,
        "message": format!("Added {kind} issue"),
        "issue": entry,
        "release": release,
    }))
}

async fn resolve(
    outside: &Outside,
    release: &str,
    arguments: &Map<String, Value>,
) -> Result<Value, String> {
    let issue = text(arguments, "issue");
    let before = outside
        .book()
        .issues(release)
        .await
        .map_err(|error| error.chain())?;
    outside
        .book()
        .resolve_issue(release, issue, text(arguments, "resolution"))
        .await
        .map_err(|error| error.message)?;
    let after = outside
        .book()
        .issues(release)
        .await
        .map_err(|error| error.chain())?;
    let entry = after
        .into_iter()
        .zip(before)
        .find(|(after, before)| after["resolved"] != before["resolved"])
        .map(|(after, _)| after);
    Ok(json!({
        "success": true,
        "message": "Issue resolved successfully",
        "issue": entry,
        "release": release,
    }))
}

async fn list(
    outside: &Outside,
    release: &str,
    arguments: &Map<String, Value>,
) -> Result<Value, String> {
    let is_unresolved_only = arguments["unresolved_only"] == true;
    let is_blockers_only = arguments["blockers_only"] == true;
    let task = arguments.get("task_name").and_then(Value::as_str);
    let mut issues = outside
        .book()
        .issues(release)
        .await
        .map_err(|error| error.chain())?;
    issues.retain(|issue| {
        (!is_unresolved_only || issue["resolved"] == false)
            && (!is_blockers_only || issue["blocker"] == true)
            && task.is_none_or(|task| is_about(issue, task))
    });
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

async fn blocker(
    outside: &Outside,
    release: &str,
    arguments: &Map<String, Value>,
) -> Result<Value, String> {
    let task = text(arguments, "task_name");
    let issues = outside
        .book()
        .issues(release)
        .await
        .map_err(|error| error.chain())?;
    let found = issues
        .into_iter()
        .find(|issue| is_open_blocker(issue) && is_about(issue, task));
    Ok(json!({
        "success": true,
        "blocked": found.is_some(),
        "blocker": found,
        "task_name": task,
        "release": release,
    }))
}

async fn found(
    outside: &Outside,
    release: &str,
    issue: &str,
    is_resolved: bool,
) -> Result<Value, String> {
    let wanted = issue.trim().to_lowercase();
    let issues = outside
        .book()
        .issues(release)
        .await
        .map_err(|error| error.chain())?;
    let entry = issues.into_iter().find(|entry| {
        entry["resolved"] == is_resolved
            && entry["issue"]
                .as_str()
                .is_some_and(|text| text.trim().to_lowercase() == wanted)
    });
    Ok(entry.unwrap_or(Value::Null))
}

fn text<'a>(arguments: &'a Map<String, Value>, name: &str) -> &'a str {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
