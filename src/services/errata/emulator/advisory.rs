//! Advisories as they are shown.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

use super::{SERVICE, Sim, find, missing};
use crate::services::emulate::{answer, document};

/// When advisories were filed that do not say.
const FILED: &str = "2027-02-15T09:00:00Z";

pub(super) async fn show(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "advisory", || match find(&state, &id) {
        Some(advisory) => Json(erratum(&id, &advisory)).into_response(),
        None => missing(&id),
    })
    .await
}

pub(super) async fn legacy(State(state): Sim, Path(file): Path<String>) -> Response {
    let Some(id) = file.strip_suffix(".json") else {
        return missing(&file);
    };
    answer(&state, SERVICE, "people", || match find(&state, id) {
        Some(advisory) => Json(old_form(id, &advisory)).into_response(),
        None => missing(id),
    })
    .await
}

pub(super) async fn holders(State(state): Sim, Path(key): Path<String>) -> Response {
    answer(&state, SERVICE, "advisories_of", || {
        let tool = document(&state, SERVICE);
        let advisories = tool["advisories"].as_object().cloned().unwrap_or_default();
        let holders: Vec<_> = advisories
            .iter()
            .filter(|(_, advisory)| texts(&advisory["jira_issues"]).contains(&key))
            .map(|(id, advisory)| old_form(id, advisory))
            .collect();
        if holders.is_empty() && !texts(&tool["known_keys"]).contains(&key) {
            let text = json!({"error": format!("Couldn't find JiraIssue {key}")});
            return (StatusCode::NOT_FOUND, Json(text)).into_response();
        }
        Json(holders).into_response()
    })
    .await
}

pub(super) async fn comments(
    State(state): Sim,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let wanted = query.iter().find(|(name, _)| name == "filter[errata_id]");
    let id = wanted.map(|(_, id)| id.clone()).unwrap_or_default();
    answer(&state, SERVICE, "comments", || {
        let comments = find(&state, &id).unwrap_or_default()["comments"].clone();
        let newest_first: Vec<_> = comments
            .as_array()
            .into_iter()
            .flatten()
            .rev()
            .map(|comment| json!({"id": comment["id"], "type": "comments", "attributes": comment}))
            .collect();
        Json(json!({"data": newest_first})).into_response()
    })
    .await
}

/// The document of the newer interface.
pub(super) fn erratum(id: &str, advisory: &Value) -> Value {
    let kind = kind(advisory);
    let number = number(id);
    let text = |name: &str| advisory[name].as_str().unwrap_or("...").to_owned();
    let or = |name: &str, otherwise: Value| match &advisory[name] {
        Value::Null => otherwise,
        value => value.clone(),
    };
    let mut core = json!({
        "id": number,
        "errata_id": number,
        "fulladvisory": format!("{}-01", name(id, advisory)),
        "old_advisory": format!("{}-01", name(id, advisory)),
        "status": advisory["state"],
        "synopsis": synopsis(advisory),
        "revision": 1,
        "respin_count": or("respins", json!(0)),
        "text_only": false,
        "content_types": [or("content_type", json!("rpm"))],
        "security_approved": advisory["security_approved"],
        "doc_complete": or("doc_complete", json!(1)),
        "text_ready": or("text_ready", json!(1)),
        "qa_complete": 0,
        "rhnqa": 0,
        "sign_requested": 0,
        "created_at": or("created_at", json!(FILED)),
        "actual_ship_date": advisory["actual_ship_date"],
        "release_date": null,
        "publish_date": advisory["publish_date"],
        "publish_date_override": advisory["publish_date"],
        "batch_id": null,
        "manager_id": 3_000_500,
        "blocking_advisories": or("blocking_advisories", json!([])),
        "dependent_advisories": or("dependent_advisories", json!([])),
    });
    if kind == "RHSA" {
        core["security_impact"] = json!(impact(advisory));
    }
    let mut errata = Map::new();
    errata.insert(kind.to_lowercase(), core);
    let issue = |key: &String| json!({"jira_issue": {"key": key, "status": "Verified"}});
    let issues = texts(&advisory["jira_issues"]);
    let bugs = or("bugs", json!([]));
    let shown_bugs: Vec<_> = bugs
        .as_array()
        .into_iter()
        .flatten()
        .map(|bug| json!({"bug": {"id": bug}}))
        .collect();
    json!({
        "params": {"format": "json", "action": "show", "controller": "api/v1/erratum", "id": id},
        "errata": errata,
        "content": {"content": {
            "errata_id": number,
            "topic": text("topic"),
            "description": text("description"),
            "solution": text("solution"),
            "cve": advisory["cve"].as_str().unwrap_or_default(),
            "text_only_cpe": null,
            "keywords": "",
        }},
        "diffs": {},
        "bugs": {"id_field": "id", "id_prefix": "bz:", "type": "bugs",
            "idsfixed": bugs, "bugs": shown_bugs, "to_fetch": []},
        "jira_issues": {"id_field": "key", "id_prefix": "jira:", "type": "jira_issues",
            "idsfixed": issues, "jira_issues": issues.iter().map(issue).collect::<Vec<_>>(),
            "to_fetch": []},
    })
}

fn old_form(id: &str, advisory: &Value) -> Value {
    json!({
        "id": number(id),
        "type": kind(advisory),
        "text_only": false,
        "advisory_name": name(id, advisory),
        "synopsis": synopsis(advisory),
        "status": advisory["state"],
        "respin_count": advisory["respins"].as_u64().unwrap_or(0),
        "content_types": [advisory["content_type"].as_str().unwrap_or("rpm")],
        "product": {"id": 79, "name": "Red Hat OpenShift Enterprise", "short_name": "RHOSE"},
        "release": {"id": 436, "name": "RHOSE ASYNC - AUTO"},
        "people": {
            "assigned_to": advisory["qa_owner"],
            "reporter": "art-bot@example.com",
            "qe_group": "OpenShift QE",
            "package_owner": "art-owner@example.com",
        },
    })
}

pub(super) fn kind(advisory: &Value) -> &str {
    advisory["type"].as_str().unwrap_or("RHBA")
}

pub(super) fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

pub(super) fn texts(list: &Value) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    texts
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

fn name(id: &str, advisory: &Value) -> String {
    format!("{}-2027:{id}", kind(advisory))
}

fn impact(advisory: &Value) -> &str {
    advisory["security_impact"].as_str().unwrap_or("Important")
}

/// The title; the tool puts the impact before that of a security advisory by itself.
fn synopsis(advisory: &Value) -> String {
    let title = advisory["synopsis"]
        .as_str()
        .unwrap_or("OpenShift Container Platform packages update");
    match kind(advisory) {
        "RHSA" => format!("{}: {title}", impact(advisory)),
        _ => title.to_owned(),
    }
}
