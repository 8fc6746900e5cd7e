//! The stand-in of the address that serves raw files of GitHub, for the build data alone, over
//! `build_data.branches` of the simulated state.
//!
//! A branch is a document in the shape of the file. A text in `build_data.texts` under the name of a
//! branch is served in its place as it stands, and nothing is while `build_data.is_down` is true. What
//! `build_data.bugs` has for a branch is its file `bug.yml`. It knows one repository and these two files
//! in it, and has no commits and no caches on the way.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

const SERVICE: &str = "build_data";

/// How long a copy is good on the way, as the real address says.
const CACHE: HeaderValue = HeaderValue::from_static("max-age=300");

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    Router::new()
        .route("/{owner}/{repository}/{branch}/releases.yml", get(releases))
        .route("/{owner}/{repository}/{branch}/bug.yml", get(bugs))
        .with_state(state)
}

async fn releases(
    State(state): State<Arc<SimState>>,
    Path((owner, repository, branch)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "releases", || {
        let is_here = (owner.as_str(), repository.as_str()) == ("openshift-eng", "ocp-build-data");
        let documents = document(&state, SERVICE);
        if documents["is_down"] == true {
            return (StatusCode::SERVICE_UNAVAILABLE, "503: Service Unavailable").into_response();
        }
        if let Some(text) = documents["texts"][&branch].as_str().filter(|_| is_here) {
            return tagged(text.to_owned(), &headers);
        }
        match documents["branches"].get(&branch).filter(|_| is_here) {
            None | Some(Value::Null) => (StatusCode::NOT_FOUND, "404: Not Found").into_response(),
            Some(document) => match written(document) {
                Ok(text) => tagged(text, &headers),
                Err(error) => {
                    let text = format!("the document of `{branch}` has no YAML form: {error}");
                    (StatusCode::NOT_IMPLEMENTED, text).into_response()
                }
            },
        }
    })
    .await
}

async fn bugs(
    State(state): State<Arc<SimState>>,
    Path((owner, repository, branch)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "bugs", || {
        let is_here = (owner.as_str(), repository.as_str()) == ("openshift-eng", "ocp-build-data");
        let documents = document(&state, SERVICE);
        if documents["is_down"] == true {
            return (StatusCode::SERVICE_UNAVAILABLE, "503: Service Unavailable").into_response();
        }
        match documents["bugs"].get(&branch).filter(|_| is_here) {
            None | Some(Value::Null) => (StatusCode::NOT_FOUND, "404: Not Found").into_response(),
            Some(Value::String(text)) => tagged(text.clone(), &headers),
            Some(document) => match written(document) {
                Ok(text) => tagged(text, &headers),
                Err(error) => {
                    let text = format!("the document of `{branch}` has no YAML form: {error}");
                    (StatusCode::NOT_IMPLEMENTED, text).into_response()
                }
            },
        }
    })
    .await
}

/// A document in the vendor's form, with long texts on one line.
fn written(document: &Value) -> Result<String, serde_saphyr::ser::Error> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(document, options)
}

/// The text with its entity tag, or 304 when the caller has it.
fn tagged(text: String, headers: &HeaderMap) -> Response {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("W/\"{hex}\"");
    let value = HeaderValue::from_str(&tag).expect("a hash in quotes is a header value");
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let common = [(header::ETAG, value), (header::CACHE_CONTROL, CACHE)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    (common, [(header::CONTENT_TYPE, plain)], text).into_response()
}
