//! The stand-in of the Errata Tool, over `errata.advisories` of the simulated state.
//!
//! It reads advisories and their security alerts. It asks for no ticket, and changes nothing.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::{Map, Value, json};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

const SERVICE: &str = "errata";

type Sim = State<Arc<SimState>>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    Router::new()
        .route("/api/v1/erratum/{id}", get(erratum))
        .route("/api/v1/erratum/{id}/security_alerts", get(security_alerts))
        .with_state(state)
}

async fn erratum(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "advisory_type", || {
        let Some(advisory) = advisory(&state, &id) else {
            return missing(&id);
        };
        let kind = advisory["type"].as_str().unwrap_or("RHBA");
        let number: u64 = id.parse().unwrap_or_default();
        let mut errata = Map::new();
        errata.insert(
            kind.to_lowercase(),
            json!({
                "id": number,
                "fulladvisory": format!("{kind}-2027:{number}-01"),
                "status": advisory["state"],
                "content_types": [advisory["kind"]],
                "doc_complete": 1,
                "text_ready": 1,
                "security_approved": Value::Null,
                "blocking_advisories": [],
            }),
        );
        Json(json!({
            "params": {"format": "json", "action": "show", "controller": "api/v1/erratum", "id": id},
            "errata": errata,
            "content": {"content": {"errata_id": number, "cve": ""}},
            "bugs": {"type": "bugs", "bugs": []},
            "jira_issues": {"type": "jira_issues", "jira_issues": []},
        }))
        .into_response()
    })
    .await
}

async fn security_alerts(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "security_alerts", || {
        let Some(advisory) = advisory(&state, &id) else {
            return missing(&id);
        };
        let alerts = match &advisory["content_alerts"] {
            Value::Null => json!({}),
            alerts => alerts.clone(),
        };
        Json(json!({"alerts": alerts})).into_response()
    })
    .await
}

fn advisory(state: &SimState, id: &str) -> Option<Value> {
    document(state, SERVICE)["advisories"].get(id).cloned()
}

fn missing(id: &str) -> Response {
    let text = format!("Couldn't find Erratum with id {id}");
    (StatusCode::NOT_FOUND, Json(json!({"error": text}))).into_response()
}
