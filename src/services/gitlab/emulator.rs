//! The stand-in of GitLab, over `gitlab` of the simulated state.
//!
//! It has accounts with tokens, projects with branches, merge requests with comments, approvals, labels
//! and pipelines. `merge_requests` (by number) is what the rest of the world knows too: `state`,
//! `labels`, `stage_release`, `prod_release`, `approved_by` (names of accounts) and `notes` (texts, or maps
//! with `body`, `author`, `created_at`). All else in it may be missing. `locks` says how many more changes
//! of a merge request are refused because GitLab is busy with it.
//!
//! Not there: git itself, discussions on lines, approval rules, groups, and rights beyond `approvers` and
//! the `scope` of a token (`api`, or `read_api` for one that may only read).

mod call;
mod changing;
mod ci;
mod pages;
mod pipelines;
mod reading;
mod requests;
mod world;

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse as _, Response},
    routing::{get, post, put},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::call::{API, Call, refused};
use crate::{services::emulate::answer, sim::state::SimState};

const SERVICE: &str = "gitlab";

type Sim = State<Arc<SimState>>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    let api = Router::new()
        .route("/user", get(reading::user))
        .route("/users", get(reading::users))
        .route("/merge_requests", get(reading::all_merge_requests))
        .route("/projects/{project}", get(reading::project))
        .route(
            "/projects/{project}/merge_requests",
            get(reading::merge_requests).post(changing::create),
        )
        .route(
            "/projects/{project}/merge_requests/{iid}",
            get(reading::merge_request).put(changing::update),
        )
        .route(
            "/projects/{project}/merge_requests/{iid}/notes",
            get(reading::notes).post(changing::comment),
        )
        .route(
            "/projects/{project}/merge_requests/{iid}/approve",
            post(changing::approve),
        )
        .route(
            "/projects/{project}/merge_requests/{iid}/unapprove",
            post(changing::unapprove),
        )
        .route(
            "/projects/{project}/merge_requests/{iid}/merge",
            put(changing::merge),
        )
        .route(
            "/projects/{project}/merge_requests/{iid}/{part}",
            get(reading::part),
        )
        .route("/projects/{project}/pipelines/{id}", get(reading::pipeline))
        .route(
            "/projects/{project}/pipelines/{id}/jobs",
            get(reading::jobs),
        )
        .route(
            "/projects/{project}/pipelines/{id}/bridges",
            get(reading::bridges),
        )
        .route("/projects/{project}/repository/tree", get(reading::tree))
        .route(
            "/projects/{project}/repository/files/{path}",
            get(reading::file),
        )
        .route(
            "/projects/{project}/repository/files/{path}/raw",
            get(reading::raw_file),
        )
        .route(
            "/projects/{project}/repository/commits",
            post(changing::commit),
        );
    Router::new().nest(API, api).with_state(state)
}

/// What a handler looks at.
struct Seen<'a> {
    gitlab: &'a Value,
    /// The account of the token.
    me: &'a str,
    now: Timestamp,
}

/// Answers a call that reads.
async fn read(
    state: &SimState,
    call: &Call,
    operation: &str,
    act: impl FnOnce(&Seen<'_>) -> Response,
) -> Response {
    let response = answer(state, SERVICE, operation, || {
        if let Err(response) = settled(state) {
            return response;
        }
        let gitlab = state.read(|stored| stored.documents[SERVICE].clone());
        match account(&gitlab, call) {
            Ok(me) => act(&Seen {
                gitlab: &gitlab,
                me: &me,
                now: state.clock().now(),
            }),
            Err(response) => response,
        }
    });
    as_gitlab(response.await)
}

/// Answers a call that changes the documents; `act` gets them, the account and the time.
async fn change(
    state: &SimState,
    call: &Call,
    operation: &str,
    act: impl FnOnce(&mut Value, &str, Timestamp) -> Response,
) -> Response {
    let response = answer(state, SERVICE, operation, || {
        if let Err(response) = settled(state) {
            return response;
        }
        let now = state.clock().now();
        let changed = state.change(|stored| {
            let gitlab = &mut stored.documents[SERVICE];
            match account(gitlab, call) {
                Ok(me) => act(gitlab, &me, now),
                Err(response) => response,
            }
        });
        changed.unwrap_or_else(|error| unkept(&error.chain()))
    });
    as_gitlab(response.await)
}

/// Lets the world do what it would have done by now.
fn settled(state: &SimState) -> Result<(), Response> {
    let is_settled = state.read(|stored| {
        let gitlab = &stored.documents[SERVICE];
        world::is_complete(gitlab) && !ci::is_due(gitlab)
    });
    if is_settled {
        return Ok(());
    }
    let done = state.change(|stored| {
        let gitlab = &mut stored.documents[SERVICE];
        world::complete(gitlab);
        ci::settle(gitlab);
    });
    done.map_err(|error| unkept(&error.chain()))
}

fn unkept(error: &str) -> Response {
    refused(StatusCode::INTERNAL_SERVER_ERROR, json!(error))
}

/// The account of the token, if it may do such a thing at all.
fn account(gitlab: &Value, call: &Call) -> Result<String, Response> {
    let Some(me) = world::account_of(gitlab, &call.token) else {
        return Err(refused(StatusCode::UNAUTHORIZED, "401 Unauthorized"));
    };
    if call.is_changing && gitlab["users"][&me]["scope"] == "read_api" {
        let body = json!({
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": "api",
        });
        return Err((StatusCode::FORBIDDEN, axum::Json(body)).into_response());
    }
    Ok(me)
}

/// Puts a made refusal into the words of GitLab.
fn as_gitlab(response: Response) -> Response {
    if response.status() != StatusCode::TOO_MANY_REQUESTS {
        return response;
    }
    let wait = response.headers().get(RETRY_AFTER).cloned();
    let wait = wait.unwrap_or(HeaderValue::from_static("60"));
    let headers = [(RETRY_AFTER, wait)];
    (StatusCode::TOO_MANY_REQUESTS, headers, "Retry later\n").into_response()
}
