//! The stand-in of the Errata Tool, over `errata` of the simulated state.
//!
//! `advisories` holds them by number. Each has `type`, `kind` (the impetus), `state`, `qa_owner`,
//! `content_alerts` and `push` (jobs with `started_at`, `minutes` and `result`, which advance with the
//! clock). What else it has is optional: `synopsis`, `topic`, `description`, `solution`, `cve`,
//! `security_impact`, `doc_complete`, `text_ready`, `security_approved`, `jira_issues`, `bugs`,
//! `builds` (names by product version), `is_unsigned`, `stage_targets`, `respins`,
//! `blocking_advisories`, `dependent_advisories`, `blocks` (why it must not leave `QE`),
//! `refreshed_alerts`, `refresh_error`, `external_tests`, `container_grade`, `comments`.
//!
//! Beside them: `plan` (minutes and results of the next pushes), `users` (addresses that can own; all,
//! when absent), `known_keys`, `page_size`, `refuses_late_edits`, `is_forbidden`, `takes_back_security` (whether
//! other issues take back the word of product security; they always take back that of docs).

mod advisory;
mod alerts;
mod builds;
mod edit;
pub(crate) mod push;
mod tests;
mod ticket;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    middleware::from_fn_with_state,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::{services::emulate::document, sim::state::SimState};

const SERVICE: &str = "errata";

type Sim = State<Arc<SimState>>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    let tickets = Arc::new(ticket::Tickets::new(state.clone()));
    Router::new()
        .route("/advisory/{file}", get(advisory::legacy))
        .route("/advisory/{id}/builds.json", get(builds::names))
        .route("/advisory/{id}/tps_jobs.json", get(tests::tps_jobs))
        .route(
            "/api/v1/erratum/{id}",
            get(advisory::show).put(edit::update),
        )
        .route("/api/v1/erratum/{id}/add_comment", post(edit::add_comment))
        .route(
            "/api/v1/erratum/{id}/add_jira_issue",
            post(edit::add_jira_issue),
        )
        .route("/api/v1/erratum/{id}/builds", get(builds::details))
        .route(
            "/api/v1/erratum/{id}/change_state",
            post(edit::change_state),
        )
        .route(
            "/api/v1/erratum/{id}/push",
            get(push::list).post(push::start),
        )
        .route(
            "/api/v1/erratum/{id}/remove_jira_issue",
            post(edit::remove_jira_issue),
        )
        .route("/api/v1/erratum/{id}/security_alerts", get(alerts::show))
        .route(
            "/api/v1/erratum/{id}/security_alerts/refresh",
            post(alerts::refresh),
        )
        .route("/api/v1/build/{nvr}", get(builds::one))
        .route("/api/v1/comments", get(advisory::comments))
        .route("/api/v1/external_tests/", get(tests::external))
        .route("/bugs/sync_bug_list", post(edit::sync_bug_list))
        .route("/errata/container/{id}", get(tests::container))
        .route("/jira_issues/{key}/advisories.json", get(advisory::holders))
        .layer(from_fn_with_state(tickets, ticket::check))
        .with_state(state)
}

fn find(state: &SimState, id: &str) -> Option<Value> {
    document(state, SERVICE)["advisories"].get(id).cloned()
}

/// Changes the whole document of the service, together with what the clock says.
fn change<T>(state: &SimState, change: impl FnOnce(&mut Value) -> T) -> Result<T, Response> {
    let changed = state.change(|stored| change(&mut stored.documents[SERVICE]));
    changed.map_err(|error| {
        let text = json!({"error": error.chain()});
        (StatusCode::INTERNAL_SERVER_ERROR, Json(text)).into_response()
    })
}

fn missing(id: &str) -> Response {
    let text = format!("Couldn't find Erratum with id {id}");
    (StatusCode::NOT_FOUND, Json(json!({"error": text}))).into_response()
}

/// A refusal with its reasons, by field.
fn unprocessable(field: &str, text: impl Into<String>) -> Response {
    let errors = json!({"errors": {field: [text.into()]}});
    (StatusCode::UNPROCESSABLE_ENTITY, Json(errors)).into_response()
}

fn bad_request(text: impl Into<String>) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": text.into()}))).into_response()
}
