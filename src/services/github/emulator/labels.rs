//! Labels of pull requests: `labels` of the document, by `openshift/name#123`.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{SERVICE, Sim};
use crate::services::emulate::{answer, document};

pub(super) async fn labels(
    State(state): Sim,
    Path((owner, name, number)): Path<(String, String, String)>,
) -> Response {
    answer(&state, SERVICE, "labels", || {
        let github = document(&state, SERVICE);
        let Some(labels) = github["labels"][format!("{owner}/{name}#{number}")].as_array() else {
            return (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response();
        };
        let labels: Vec<Value> = labels
            .iter()
            .zip(1..)
            .map(|(name, id)| json!({"id": id, "name": name}))
            .collect();
        Json(labels).into_response()
    })
    .await
}
