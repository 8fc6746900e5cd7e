//! The stand-in of GitHub, over `github` of the simulated state.
//!
//! It knows one repository: `branches` holds the text of every file by branch and path, `commits`
//! the commits that were made by branch, oldest first, `tokens` what is special about a token. It
//! reads and writes contents, lists commits, and answers part of GraphQL. Blob names are git's own;
//! a commit made by hand in `branches` is not listed.

mod account;
mod branches;
mod commits;
mod contents;
mod graphql;
mod labels;
pub(crate) mod ledger;
mod write;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use crate::sim::state::SimState;
use ledger::blob_sha;

const SERVICE: &str = "github";
const REPOSITORY: (&str, &str) = ("openshift", "release-tests");
const DEFAULT_BRANCH: &str = "main";

type Sim = State<Arc<SimState>>;
type Pairs = Query<BTreeMap<String, String>>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    let contents = get(contents::contents)
        .put(write::write)
        .delete(write::delete);
    Router::new()
        .route("/user", get(account::user))
        .route("/rate_limit", get(account::rate_limit))
        .route("/graphql", post(graphql::graphql))
        .route("/repos/{owner}/{name}", get(branches::repository))
        .route("/repos/{owner}/{name}/branches", get(branches::branches))
        .route(
            "/repos/{owner}/{name}/branches/{branch}",
            get(branches::branch),
        )
        .route(
            "/repos/{owner}/{name}/git/ref/heads/{branch}",
            get(branches::reference),
        )
        .route(
            "/repos/{owner}/{name}/git/refs/heads/{branch}",
            get(branches::reference),
        )
        .route("/repos/{owner}/{name}/commits", get(commits::commits))
        .route("/repos/{owner}/{name}/commits/{sha}", get(commits::commit))
        .route("/repos/{owner}/{name}/contents", get(contents::root))
        .route("/repos/{owner}/{name}/contents/{*path}", contents)
        .route(
            "/repos/{owner}/{name}/git/trees/{*tree}",
            get(contents::tree),
        )
        .route("/repos/{owner}/{name}/git/blobs/{sha}", get(contents::blob))
        .route(
            "/repos/{owner}/{name}/issues/{number}/labels",
            get(labels::labels),
        )
        .route("/raw/{owner}/{name}/{branch}/{*path}", get(contents::raw))
        .with_state(state)
}

fn is_here(owner: &str, name: &str) -> bool {
    (owner, name) == REPOSITORY
}

/// Where the caller has found this service; answers name addresses below it.
struct Site(String);

impl Site {
    fn of(headers: &HeaderMap) -> Self {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        Self(match host {
            Some(host) => format!("http://{host}"),
            None => "https://api.github.com".to_owned(),
        })
    }

    /// The address of something in the repository.
    fn address(&self, rest: &str) -> String {
        let (owner, name) = REPOSITORY;
        format!("{}/repos/{owner}/{name}{rest}", self.0)
    }
}

/// Where people look at something in the repository.
fn page(rest: &str) -> String {
    let (owner, name) = REPOSITORY;
    format!("https://github.com/{owner}/{name}{rest}")
}

/// The document with its entity tag, or 304 when the caller has it.
fn tagged(document: Value, headers: &HeaderMap) -> Response {
    let tag = format!("W/\"{}\"", blob_sha(&document.to_string()));
    if is_known(headers, &tag) {
        return unchanged(&tag);
    }
    ([(header::ETAG, header_of(&tag))], Json(document)).into_response()
}

/// Whether the caller names this tag; a weak tag is as good as a strong one.
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|known| known.to_str().ok())
        .flat_map(|known| known.split(','))
        .any(|known| known.trim() == "*" || bare(known) == bare(tag))
}

fn unchanged(tag: &str) -> Response {
    (StatusCode::NOT_MODIFIED, [(header::ETAG, header_of(tag))]).into_response()
}

fn header_of(tag: &str) -> HeaderValue {
    HeaderValue::from_str(tag).expect("a hash in quotes is a header value")
}

fn missing(message: &str) -> Response {
    refused(StatusCode::NOT_FOUND, message)
}

fn refused(status: StatusCode, message: &str) -> Response {
    let document = json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.as_u16().to_string(),
    });
    (status, Json(document)).into_response()
}
