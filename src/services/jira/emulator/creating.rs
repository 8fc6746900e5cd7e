//! Projects, their versions, and new tickets in them.
//!
//! `projects` of the document holds them by key: `{"CVP": {"id": "10555", "versions": ["4.20.z"]}}`.
//! Without it, the projects are those of the tickets, and nobody looks at versions. With
//! `index_lag_secs` a new ticket is found by a search that much later only.

use std::sync::LazyLock;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::{Value, json};

use super::{Key, SERVICE, Sim, invalid, issue, refused};
use crate::services::emulate::{answer, document};

static VERSIONS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)["']target version["']\s+in\s*\(([^)]*)\)"#).expect("the pattern is constant")
});

pub(super) async fn project(State(state): Sim, Path((_, key)): Key) -> Response {
    answer(&state, SERVICE, "project", || {
        match find(&document(&state, SERVICE), &key) {
            Some((key, id, _)) => Json(json!({"id": id, "key": key, "name": key})).into_response(),
            None => missing(&key),
        }
    })
    .await
}

pub(super) async fn versions(State(state): Sim, Path((_, key)): Key) -> Response {
    answer(&state, SERVICE, "versions", || {
        let Some((_, _, versions)) = find(&document(&state, SERVICE), &key) else {
            return missing(&key);
        };
        let versions: Vec<Value> = versions
            .iter()
            .zip(1..)
            .map(|(name, id)| {
                let is_archived = name["is_archived"] == true;
                let name = name["name"].as_str().or(name.as_str()).unwrap_or_default();
                json!({"id": format!("{}", 12_000 + id), "name": name,
                    "archived": is_archived, "released": false})
            })
            .collect();
        Json(versions).into_response()
    })
    .await
}

pub(super) async fn create(
    State(state): Sim,
    Path(_): Path<String>,
    Json(body): Json<Value>,
) -> Response {
    answer(&state, SERVICE, "create", || {
        let now = state.clock().now();
        let made = state.change(|stored| {
            let jira = &mut stored.documents[SERVICE];
            let fields = &body["fields"];
            let named = ["key", "id"].map(|name| fields["project"][name].as_str());
            let project = named.into_iter().flatten().find_map(|name| find(jira, name));
            let Some((project, _, _)) = project else {
                return Err(invalid("project", "valid project is required"));
            };
            let text = |value: &Value| value.as_str().map(str::trim).map(str::to_owned);
            let summary = text(&fields["summary"]).filter(|summary| !summary.is_empty());
            let Some(summary) = summary else {
                return Err(invalid("summary", "You must specify a summary of the issue."));
            };
            let kind = text(&fields["issuetype"]["name"]);
            let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
                return Err(invalid("issuetype", "Specify an issue type"));
            };
            let issues = jira["issues"].as_object().into_iter().flatten();
            let numbers = issues.filter_map(|(key, _)| {
                key.strip_prefix(&format!("{project}-"))?.parse::<u64>().ok()
            });
            let key = format!("{project}-{}", numbers.max().unwrap_or(500) + 1);
            jira["issues"][&key] = json!({
                "summary": summary, "type": kind, "status": "New", "created": issue::stamp(now),
                "priority": fields["priority"]["name"], "description": fields["description"],
                "labels": fields["labels"], "reporter": "self",
            });
            if let Some(lag) = jira["index_lag_secs"].as_i64() {
                let at = now.saturating_add(SignedDuration::from_secs(lag));
                let at = at.unwrap_or(Timestamp::MAX).to_string();
                jira["issues"][&key]["indexed_at"] = at.into();
            }
            Ok(key)
        });
        match made {
            Ok(Ok(key)) => {
                let document = json!({"id": issue::number(&key), "key": key,
                    "self": format!("https://jira.example.com/rest/api/2/issue/{}", issue::number(&key))});
                (StatusCode::CREATED, Json(document)).into_response()
            }
            Ok(Err(refusal)) => refusal,
            Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
        }
    })
    .await
}

/// Whether a search finds a ticket yet.
pub(super) fn is_indexed(entry: &Value, now: Timestamp) -> bool {
    let at = entry["indexed_at"].as_str();
    at.is_none_or(|at| at.parse::<Timestamp>().is_ok_and(|at| at <= now))
}

/// What Jira says about a query that names a version no project has.
pub(super) fn unknown_version(jira: &Value, query: &str) -> Option<String> {
    let projects = jira["projects"].as_object()?;
    let is_known = |wanted: &str| {
        let versions = projects
            .values()
            .flat_map(|project| project["versions"].as_array().into_iter().flatten());
        let mut names =
            versions.filter_map(|version| version["name"].as_str().or(version.as_str()));
        names.any(|name| name == wanted)
    };
    let lists = VERSIONS.captures_iter(query);
    let mut names = lists.flat_map(|list| {
        let names = list.get(1).map_or("", |names| names.as_str()).split(',');
        names
            .map(|name| name.trim().trim_matches(['"', '\'']))
            .collect::<Vec<_>>()
    });
    let unknown = names.find(|name| !is_known(name))?;
    Some(format!(
        "The value '{unknown}' does not exist for the field 'Target Version'."
    ))
}

/// A project by its key or number: its key, its number, its versions.
fn find(jira: &Value, wanted: &str) -> Option<(String, String, Vec<Value>)> {
    if let Some(projects) = jira["projects"].as_object() {
        let mut projects = projects.iter();
        return projects.find_map(|(key, project)| {
            let id = project["id"].as_str().unwrap_or_default();
            let versions = project["versions"].as_array().cloned();
            (key == wanted || id == wanted)
                .then(|| (key.clone(), id.to_owned(), versions.unwrap_or_default()))
        });
    }
    let issues = jira["issues"].as_object()?;
    let mut keys = issues.keys().filter_map(|key| key.split('-').next());
    keys.find(|key| *key == wanted || issue::number(key) == wanted)
        .map(|key| (key.to_owned(), issue::number(key), Vec::new()))
}

fn missing(key: &str) -> Response {
    let text = format!("No project could be found with key '{key}'.");
    refused(StatusCode::NOT_FOUND, &text)
}
