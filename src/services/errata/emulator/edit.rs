//! What people change: fields, issues, states, comments.

use axum::{
    Form, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{
    SERVICE, Sim,
    advisory::{erratum, texts},
    change, missing, unprocessable,
};
use crate::services::emulate::answer;

type Fields = Form<Vec<(String, String)>>;

/// Fields of plain text, by the name they have in a form.
const TEXTS: [&str; 4] = ["synopsis", "topic", "description", "solution"];

/// What was refused: the field and why.
type Refused = (&'static str, String);

pub(super) async fn update(
    State(state): Sim,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Response {
    answer(&state, SERVICE, "update", || {
        let changed = change(&state, |tool| {
            edited(tool, &id, |tool, advisory| {
                let is_late = !matches!(advisory["state"].as_str(), Some("NEW_FILES" | "QE"));
                if is_late && tool["refuses_late_edits"] == true {
                    return Err((
                        "base",
                        "the advisory can not be edited in this state".to_owned(),
                    ));
                }
                let fields = fields.iter().filter_map(|(name, value)| {
                    let name = name.strip_prefix("advisory[")?.strip_suffix(']')?;
                    Some((name, value.as_str()))
                });
                for (name, value) in fields {
                    set(tool, &id, advisory, name, value)?;
                }
                Ok(())
            })
        });
        answered(&id, changed, StatusCode::OK)
    })
    .await
}

pub(super) async fn change_state(
    State(state): Sim,
    Path(id): Path<String>,
    Form(fields): Fields,
) -> Response {
    let wanted = fields.into_iter().find(|(name, _)| name == "new_state");
    let wanted = wanted.map(|(_, value)| value).unwrap_or_default();
    answer(&state, SERVICE, "change_state", || {
        let now = state.clock().now().to_string();
        let changed = change(&state, |tool| {
            edited(tool, &id, |_, advisory| {
                let from = advisory["state"].as_str().unwrap_or_default().to_owned();
                let is_step = matches!(
                    (from.as_str(), wanted.as_str()),
                    ("NEW_FILES", "QE")
                        | ("QE", "NEW_FILES" | "REL_PREP")
                        | ("REL_PREP", "NEW_FILES" | "QE")
                );
                if !is_step {
                    return Err((
                        "base",
                        format!("Cannot change state from {from} to {wanted}"),
                    ));
                }
                let blocks = texts(&advisory["blocks"]);
                if wanted == "REL_PREP" && !blocks.is_empty() {
                    return Err(("base", blocks.join(", ")));
                }
                advisory["state"] = json!(wanted);
                comment(
                    advisory,
                    &now,
                    &format!("Changed state from {from} to {wanted}"),
                );
                Ok(())
            })
        });
        answered(&id, changed, StatusCode::CREATED)
    })
    .await
}

pub(super) async fn remove_jira_issue(
    State(state): Sim,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let key = body["jira_issue"].as_str().unwrap_or_default().to_owned();
    answer(&state, SERVICE, "remove_jira_issue", || {
        let changed = change(&state, |tool| {
            edited(tool, &id, |tool, advisory| {
                let mut keys = texts(&advisory["jira_issues"]);
                if !keys.contains(&key) {
                    return Err(("jira_issue", format!("{key} is not on this advisory")));
                }
                keys.retain(|other| *other != key);
                set_issues(tool, advisory, keys);
                Ok(())
            })
        });
        answered(&id, changed, StatusCode::CREATED)
    })
    .await
}

pub(super) async fn add_jira_issue(
    State(state): Sim,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let key = body["jira_issue"].as_str().unwrap_or_default().to_owned();
    answer(&state, SERVICE, "add_jira_issue", || {
        let changed = change(&state, |tool| {
            edited(tool, &id, |tool, advisory| {
                if let Some(other) = other_holder(tool, &id, &key) {
                    return Err(("jira_issue", format!("{key} is on advisory {other}")));
                }
                let mut keys = texts(&advisory["jira_issues"]);
                keys.push(key.clone());
                set_issues(tool, advisory, keys);
                Ok(())
            })
        });
        answered(&id, changed, StatusCode::CREATED)
    })
    .await
}

pub(super) async fn add_comment(
    State(state): Sim,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    let text = body["comment"].as_str().unwrap_or_default().to_owned();
    answer(&state, SERVICE, "add_comment", || {
        let now = state.clock().now().to_string();
        let changed = change(&state, |tool| {
            edited(tool, &id, |_, advisory| {
                comment(advisory, &now, &text);
                Ok(())
            })
        });
        answered(&id, changed, StatusCode::CREATED)
    })
    .await
}

pub(super) async fn sync_bug_list(State(state): Sim, Form(fields): Fields) -> Response {
    answer(&state, SERVICE, "sync_bug_list", || {
        let listed = fields.iter().filter(|(name, _)| name == "issue_list");
        let keys = listed.flat_map(|(_, list)| list.split_whitespace());
        let synced = change(&state, |tool| {
            keys.for_each(|key| know(tool, key));
        });
        match synced {
            Ok(()) => Json(json!({})).into_response(),
            Err(broken) => broken,
        }
    })
    .await
}

/// Changes a copy of an advisory and keeps it if nothing was refused: all or nothing.
fn edited(
    tool: &mut Value,
    id: &str,
    edit: impl FnOnce(&mut Value, &mut Value) -> Result<(), Refused>,
) -> Option<Result<Value, Refused>> {
    let mut advisory = tool["advisories"].get(id)?.clone();
    if let Err(refused) = edit(tool, &mut advisory) {
        return Some(Err(refused));
    }
    tool["advisories"][id] = advisory.clone();
    Some(Ok(advisory))
}

fn answered(
    id: &str,
    changed: Result<Option<Result<Value, Refused>>, Response>,
    status: StatusCode,
) -> Response {
    match changed {
        Ok(Some(Ok(advisory))) => (status, Json(erratum(id, &advisory))).into_response(),
        Ok(Some(Err((field, text)))) => unprocessable(field, text),
        Ok(None) => missing(id),
        Err(broken) => broken,
    }
}

fn set(
    tool: &mut Value,
    id: &str,
    advisory: &mut Value,
    name: &str,
    value: &str,
) -> Result<(), Refused> {
    match name {
        "assigned_to_email" => {
            let users = texts(&tool["users"]);
            let is_known = users.is_empty() || users.iter().any(|user| user == value);
            if !is_known || !value.contains('@') {
                return Err(("assigned_to_email", format!("{value} is not a known user")));
            }
            advisory["qa_owner"] = json!(value);
        }
        "idsfixed" => {
            let (keys, bugs): (Vec<_>, Vec<_>) =
                value.split_whitespace().partition(|id| id.contains('-'));
            let bugs: Result<Vec<u64>, _> = bugs.iter().map(|bug| bug.parse()).collect();
            let bugs = bugs.map_err(|_| ("idsfixed", format!("{value}: not a list of issues")))?;
            for key in &keys {
                if let Some(other) = other_holder(tool, id, key) {
                    return Err(("idsfixed", format!("{key} is on advisory {other}")));
                }
            }
            advisory["bugs"] = json!(bugs);
            let before = texts(&advisory["jira_issues"]);
            let mut kept: Vec<String> = keys.into_iter().map(str::to_owned).collect();
            // The order is the tool's: what was there stays where it was.
            kept.sort_by_key(|key| {
                before
                    .iter()
                    .position(|old| old == key)
                    .unwrap_or(usize::MAX)
            });
            if kept != before {
                set_issues(tool, advisory, kept);
            }
        }
        "text_ready" => advisory["text_ready"] = json!(u8::from(is_true(value))),
        "security_approved" if is_true(value) => {
            let text = "only product security approves".to_owned();
            return Err(("security_approved", text));
        }
        "security_approved" => advisory["security_approved"] = json!(false),
        "cve" | "security_impact" => advisory[name] = json!(value),
        text if TEXTS.contains(&text) => {
            if advisory[text].as_str().is_some_and(|old| old != value) {
                reopen_docs(advisory);
            }
            advisory[text] = json!(value);
        }
        // Echoes of what does not change.
        _ => {}
    }
    Ok(())
}

fn is_true(value: &str) -> bool {
    matches!(value, "1" | "true" | "True")
}

fn set_issues(tool: &mut Value, advisory: &mut Value, keys: Vec<String>) {
    for key in texts(&advisory["jira_issues"]).iter().chain(&keys) {
        know(tool, key);
    }
    advisory["jira_issues"] = json!(keys);
    reopen_docs(advisory);
    if tool["takes_back_security"] == true {
        advisory["security_approved"] = Value::Null;
    }
}

/// What docs approved is no longer what is there.
fn reopen_docs(advisory: &mut Value) {
    advisory["doc_complete"] = json!(0);
    advisory["text_ready"] = json!(0);
}

fn know(tool: &mut Value, key: &str) {
    let mut known = texts(&tool["known_keys"]);
    if !known.iter().any(|other| other == key) {
        known.push(key.to_owned());
        tool["known_keys"] = json!(known);
    }
}

/// Another advisory that is still under way and holds the key.
fn other_holder(tool: &Value, id: &str, key: &str) -> Option<String> {
    let advisories = tool["advisories"].as_object().into_iter().flatten();
    let mut others = advisories.filter(|(other, advisory)| {
        let is_over = matches!(
            advisory["state"].as_str(),
            Some("SHIPPED_LIVE" | "DROPPED_NO_SHIP")
        );
        *other != id
            && !is_over
            && texts(&advisory["jira_issues"])
                .iter()
                .any(|held| held == key)
    });
    others.next().map(|(other, _)| other.clone())
}

fn comment(advisory: &mut Value, at: &str, text: &str) {
    let mut comments = advisory["comments"].as_array().cloned().unwrap_or_default();
    let id = comments.len() + 1;
    comments.push(json!({"id": id, "created_at": at, "text": text}));
    advisory["comments"] = json!(comments);
}
