//! Results of tests that others run: container checks, grades, package checks.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{Html, IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{SERVICE, Sim, advisory::kind, advisory::number, find, missing};
use crate::services::emulate::{answer, document};

pub(super) async fn external(
    State(state): Sim,
    Query(query): Query<Vec<(String, String)>>,
) -> Response {
    let value = |wanted: &str| {
        let found = query.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let id = value("filter[errata_id]");
    let wanted = value("filter[test_type]");
    let page: usize = value("page[number]").parse().unwrap_or(1);
    answer(&state, SERVICE, "external_tests", || {
        let size = document(&state, SERVICE)["page_size"]
            .as_u64()
            .unwrap_or(20) as usize;
        let advisory = find(&state, &id).unwrap_or_default();
        let tests = advisory["external_tests"].as_array().cloned();
        let data: Vec<_> = tests
            .unwrap_or_default()
            .iter()
            .filter(|test| test["active"] != false)
            .filter(|test| wanted.is_empty() || test_type(test) == wanted)
            .skip(page.saturating_sub(1).saturating_mul(size))
            .take(size)
            .map(|test| shown(&id, &advisory, test))
            .collect();
        Json(json!({"data": data})).into_response()
    })
    .await
}

pub(super) async fn container(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "container_grade", || {
        let Some(advisory) = find(&state, &id) else {
            let page = Html("<html><body><h1>Advisory not found</h1></body></html>\n");
            return (StatusCode::NOT_FOUND, page).into_response();
        };
        let grade = match advisory["container_grade"].as_str() {
            Some(grade) => format!("<h2>Docker Container Content - {grade}</h2>"),
            None => "<p>No container content.</p>".to_owned(),
        };
        Html(format!(
            "<!DOCTYPE html>\n<html><body>{grade}</body></html>\n"
        ))
        .into_response()
    })
    .await
}

pub(super) async fn tps_jobs(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "tps_jobs", || match find(&state, &id) {
        Some(_) => Json(json!([])).into_response(),
        None => missing(&id),
    })
    .await
}

fn test_type(test: &Value) -> &str {
    test["type"].as_str().unwrap_or("greenwave_cvp")
}

fn shown(id: &str, advisory: &Value, test: &Value) -> Value {
    json!({
        "id": test["id"],
        "type": "external_tests",
        "attributes": {"test_type": test_type(test), "active": true, "status": test["status"],
            "external_status": test["status"], "external_message": null, "external_data": {}},
        "relationships": {
            "errata": {"id": number(id), "errata_type": kind(advisory)},
            "brew_build": {"id": test["id"], "nvr": test["nvr"]},
        },
    })
}
