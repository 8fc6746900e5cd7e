//! Tickets in the short form of the documents, and as Jira shows them.
//!
//! ```json
//! {"summary": "…", "status": "ON_QA", "type": "Bug", "priority": "Major", "labels": [],
//!  "assignee": "qa1", "qa_contact": "qa1", "parent": "ART-30001", "comments": [], "history": [],
//!  "target_version": "4.20.z", "component": "rhcos", "components": ["RHCOS"], "level": null,
//!  "created": "2027-02-01T09:00:00.000+0000"}
//! ```

use std::collections::BTreeMap;

use axum::{http::StatusCode, response::Response};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::refused;

/// Jira's name, what people call it, and the name in the documents.
pub(super) const CUSTOM_FIELDS: [(&str, &str, &str); 8] = [
    ("customfield_10470", "QA Contact", "qa_contact"),
    ("customfield_10847", "Release Blocker", "release_blocker"),
    ("customfield_10978", "SFDC Cases Counter", "cases_counter"),
    ("customfield_10979", "SFDC Cases Links", "cases_links"),
    ("customfield_10482", "Need Info From", "need_info_from"),
    ("customfield_10855", "Target Version", "target_version"),
    ("customfield_10667", "CVE ID", "cve_id"),
    (
        "customfield_10669",
        "Downstream Component Name",
        "component",
    ),
];

/// What people call a field, which is how a history names it.
pub(super) fn title(name: &str) -> &str {
    let custom = CUSTOM_FIELDS.iter().find(|(_, _, short)| *short == name);
    custom.map_or(name, |(_, title, _)| title)
}

/// Fields of accounts among them.
const PEOPLE: [&str; 2] = ["qa_contact", "need_info_from"];

/// When tickets were written that do not say.
const CREATED: &str = "2027-01-04T09:00:00.000+0000";

/// What stands next to a ticket's project.
const RELEASE_WORK: [&str; 3] = ["New", "In Progress", "Closed"];
const BUG_WORK: [&str; 8] = [
    "New",
    "ASSIGNED",
    "POST",
    "MODIFIED",
    "ON_QA",
    "Verified",
    "Release Pending",
    "Closed",
];

/// Finds a ticket by its key or number, and refuses as Jira does.
pub(super) fn find(jira: &Value, key: &str) -> Result<(String, Value), Response> {
    let issues = jira["issues"].as_object();
    let found = issues
        .into_iter()
        .flatten()
        .find(|(name, _)| *name == key || number(name) == key);
    let Some((name, entry)) = found else {
        return Err(refused(
            StatusCode::NOT_FOUND,
            "Issue does not exist or you do not have permission to see it.",
        ));
    };
    if entry["is_hidden"] == true {
        return Err(refused(
            StatusCode::FORBIDDEN,
            "You do not have the permission to see the specified issue.",
        ));
    }
    Ok((name.clone(), entry.clone()))
}

/// The ways out of a status, with their numbers. A ticket that is closed stays closed in the work of a
/// release.
pub(super) fn ways(key: &str, status: &str) -> Vec<(String, &'static str)> {
    let names: &[&str] = if key.starts_with("ART-") {
        if status == "Closed" {
            return Vec::new();
        }
        &RELEASE_WORK
    } else {
        &BUG_WORK
    };
    let numbered = names.iter().enumerate();
    numbered
        .filter(|(_, name)| **name != status)
        .map(|(place, name)| (format!("{}1", place + 1), *name))
        .collect()
}

/// Adds a change to the history of a ticket.
pub(super) fn note(entry: &mut Value, field: &str, from: &Value, to: &Value, now: Timestamp) {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let change = json!({"created": stamp(now),
        "items": [{"field": field, "fromString": text(from), "toString": text(to)}]});
    if !entry["history"].is_array() {
        entry["history"] = json!([]);
    }
    if let Some(history) = entry["history"].as_array_mut() {
        history.push(change);
    }
}

/// A value that came in, in the form of the documents.
pub(super) fn short(value: &Value) -> Value {
    match value {
        Value::Array(entries) if entries.is_empty() => Value::Null,
        Value::Array(entries) => entries.iter().map(short).collect(),
        Value::Object(fields) => ["accountId", "value", "name"]
            .iter()
            .find_map(|key| fields.get(*key).cloned())
            .unwrap_or_default(),
        other => other.clone(),
    }
}

/// The time as Jira writes it.
pub(super) fn stamp(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// An account as Jira shows it.
pub(super) fn user(jira: &Value, id: &Value) -> Value {
    let Some(id) = id.as_str() else {
        return Value::Null;
    };
    let known = &jira["users"][id];
    let mut user = json!({
        "self": format!("https://jira.example.com/rest/api/2/user?accountId={id}"),
        "accountId": id,
        "accountType": "atlassian",
        "displayName": known["name"].as_str().unwrap_or(id),
        "active": known["active"] != false,
    });
    if known["hides_email"] != true && known["email"].is_string() {
        user["emailAddress"] = known["email"].clone();
    }
    user
}

/// A ticket as Jira shows it, with the fields that were asked for.
pub(super) fn shown(
    jira: &Value,
    key: &str,
    entry: &Value,
    query: &BTreeMap<String, String>,
) -> Value {
    let text = |name: &str, usual: &str| entry[name].as_str().unwrap_or(usual).to_owned();
    let mut fields = Map::new();
    fields.insert("summary".into(), text("summary", "").into());
    fields.insert("description".into(), entry["description"].clone());
    let status = text("status", "New");
    fields.insert("status".into(), json!({"name": status}));
    let kind = text(
        "type",
        if entry["parent"].is_string() {
            "Sub-task"
        } else {
            "Bug"
        },
    );
    let is_subtask = entry["parent"].is_string();
    fields.insert(
        "issuetype".into(),
        json!({"name": kind, "subtask": is_subtask}),
    );
    let project = key.split('-').next().unwrap_or_default();
    fields.insert("project".into(), json!({"key": project}));
    fields.insert(
        "priority".into(),
        json!({"name": text("priority", "Undefined")}),
    );
    let labels = entry["labels"].as_array().cloned().unwrap_or_default();
    fields.insert("labels".into(), labels.into());
    let components = entry["components"].as_array().into_iter().flatten();
    let components: Vec<Value> = components.map(|name| json!({ "name": name })).collect();
    fields.insert("components".into(), components.into());
    let level = match &entry["level"] {
        Value::String(level) => json!({ "name": level }),
        _ => Value::Null,
    };
    fields.insert("security".into(), level);
    fields.insert("created".into(), text("created", CREATED).into());
    fields.insert("assignee".into(), user(jira, &entry["assignee"]));
    fields.insert("reporter".into(), user(jira, &entry["reporter"]));
    let subtasks: Vec<Value> = jira["issues"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, other)| other["parent"] == key)
        .map(|(name, other)| {
            json!({"id": number(name), "key": name,
                "fields": {"summary": other["summary"], "status": {"name": other["status"]}}})
        })
        .collect();
    fields.insert("subtasks".into(), subtasks.into());
    for (id, _, name) in CUSTOM_FIELDS {
        let value = &entry[name];
        let value = match value {
            Value::Array(people) if PEOPLE.contains(&name) => {
                people.iter().map(|id| user(jira, id)).collect()
            }
            id if PEOPLE.contains(&name) => user(jira, id),
            Value::String(word) if name == "release_blocker" => json!({"value": word}),
            Value::String(word) if name == "target_version" => json!([{"name": word}]),
            other => other.clone(),
        };
        fields.insert(id.into(), value);
    }
    let comments = entry["comments"].as_array().cloned().unwrap_or_default();
    let count = comments.len();
    fields.insert(
        "comment".into(),
        json!({"startAt": 0, "maxResults": count, "total": count, "comments": comments}),
    );
    if let Some(asked) = query.get("fields").filter(|asked| *asked != "*all") {
        let asked: Vec<_> = asked.split(',').map(str::trim).collect();
        fields.retain(|name, _| asked.contains(&name.as_str()));
    }
    let mut document = json!({"id": number(key), "key": key, "fields": fields,
        "self": format!("https://jira.example.com/rest/api/2/issue/{}", number(key))});
    if query
        .get("expand")
        .is_some_and(|expand| expand.contains("changelog"))
    {
        let history = entry["history"].as_array().cloned().unwrap_or_default();
        let newest_first: Vec<_> = history.into_iter().rev().collect();
        let count = newest_first.len();
        document["changelog"] =
            json!({"startAt": 0, "maxResults": count, "total": count, "histories": newest_first});
    }
    document
}

/// The number behind a key: the same for the same key.
pub(super) fn number(key: &str) -> String {
    let (project, number) = key.split_once('-').unwrap_or((key, "0"));
    let salt: u32 = project.bytes().map(u32::from).sum();
    format!("{salt}{number}")
}
