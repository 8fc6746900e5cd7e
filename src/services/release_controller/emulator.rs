//! The stand-in of the Release Controller, over `release_controller.streams` of the simulated state.
//!
//! It has the read paths of the API that tools use, not the pages, the graph and the approvals.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use semver::{Version, VersionReq};
use serde_json::{Map, Value, json};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

const SERVICE: &str = "release_controller";
const NEVER: &str = "0001-01-01T00:00:00Z";

type Sim = State<Arc<SimState>>;
type Pairs = Query<Vec<(String, String)>>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    Router::new()
        .route("/api/v1/releasestream/{stream}/latest", get(latest))
        .route("/api/v1/releasestream/{stream}/tags", get(tags))
        .route("/api/v1/releasestream/{stream}/release/{tag}", get(release))
        .route("/api/v1/releasestreams/accepted", get(accepted))
        .route("/releasetag/{tag}/json", get(payload))
        .with_state(state)
}

async fn latest(State(state): Sim, Path(stream): Path<String>, Query(query): Pairs) -> Response {
    answer(&state, SERVICE, "latest", || {
        let Some(tags) = stream_tags(&state, &stream) else {
            return no_stream(&stream);
        };
        let prefix = first(&query, "prefix").unwrap_or_default();
        let range = match first(&query, "in").map(|text| range(&text)).transpose() {
            Ok(range) => range,
            Err(reason) => return refused(&format!("error: invalid range: {reason}")),
        };
        let skip = match first(&query, "rel")
            .map(|text| text.parse::<usize>())
            .transpose()
        {
            Ok(skip) => skip.unwrap_or_default(),
            Err(_) => return refused("error: 'rel' must be a non-negative integer"),
        };
        let tag = tags
            .into_iter()
            .filter(|tag| tag["phase"] == "Accepted")
            .filter(|tag| name_of(tag).starts_with(&prefix))
            .filter(|tag| {
                range
                    .as_ref()
                    .is_none_or(|range| is_within(range, name_of(tag)))
            })
            .nth(skip);
        let Some(tag) = tag else {
            let text = "error: no tags in the stream match the given criteria";
            return (StatusCode::NOT_FOUND, text).into_response();
        };
        match first(&query, "format").as_deref() {
            None | Some("" | "json") => Json(tag).into_response(),
            Some(key @ ("pullSpec" | "downloadURL" | "name")) => tag[key]
                .as_str()
                .unwrap_or_default()
                .to_owned()
                .into_response(),
            Some(_) => refused("error: unknown format"),
        }
    })
    .await
}

async fn tags(State(state): Sim, Path(stream): Path<String>, Query(query): Pairs) -> Response {
    answer(&state, SERVICE, "tags", || {
        let Some(mut tags) = stream_tags(&state, &stream) else {
            return no_stream(&stream);
        };
        let phases: Vec<_> = query
            .iter()
            .filter(|(name, _)| name == "phase")
            .map(|(_, phase)| phase.as_str())
            .collect();
        tags.retain(|tag| {
            phases.is_empty() || phases.contains(&tag["phase"].as_str().unwrap_or_default())
        });
        let tags = if tags.is_empty() {
            Value::Null
        } else {
            tags.into()
        };
        Json(json!({"name": stream, "tags": tags})).into_response()
    })
    .await
}

async fn release(
    State(state): Sim,
    Path((stream, tag)): Path<(String, String)>,
    Query(query): Pairs,
) -> Response {
    let is_short = first(&query, "format").as_deref() == Some("short");
    let operation = if is_short { "release" } else { "digest" };
    answer(&state, SERVICE, operation, || {
        let stored = &document(&state, SERVICE)["streams"][&stream][&tag];
        if stored.is_null() {
            return (StatusCode::NOT_FOUND, "error: unknown release tag").into_response();
        }
        let mut info = Map::new();
        info.insert("name".to_owned(), json!(tag));
        info.insert("phase".to_owned(), stored["phase"].clone());
        for key in ["results", "upgradesTo", "upgradesFrom"] {
            if let Some(value) = stored.get(key) {
                info.insert(key.to_owned(), value.clone());
            }
        }
        let digest = stored["digest"].as_str().unwrap_or_default();
        let changelog = if is_short || digest.is_empty() {
            let nothing = json!({"name": "", "created": NEVER, "digest": ""});
            json!({"from": nothing, "to": nothing})
        } else {
            let page = BASE64_STANDARD.encode(format!("<h1>{tag}</h1>"));
            info.insert("changeLog".to_owned(), json!(page));
            let created = stored["created"].as_str().unwrap_or(NEVER);
            let from = json!({"name": "", "created": NEVER, "digest": ""});
            let to = json!({"name": tag, "created": created, "digest": digest});
            json!({"from": from, "to": to, "components": []})
        };
        info.insert("changeLogJson".to_owned(), changelog);
        Json(Value::Object(info)).into_response()
    })
    .await
}

async fn accepted(State(state): Sim) -> Response {
    answer(&state, SERVICE, "accepted", || {
        let streams = document(&state, SERVICE)["streams"].clone();
        let mut lists = Map::new();
        for stream in streams.as_object().into_iter().flat_map(Map::keys) {
            let names: Vec<Value> = stream_tags(&state, stream)
                .unwrap_or_default()
                .into_iter()
                .filter(|tag| tag["phase"] == "Accepted")
                .map(|tag| tag["name"].clone())
                .collect();
            let names = if names.is_empty() {
                Value::Null
            } else {
                names.into()
            };
            lists.insert(stream.clone(), names);
        }
        Json(Value::Object(lists)).into_response()
    })
    .await
}

/// What the controller prints is what `oc adm release info -o json` prints; the list of images and the
/// layers are left out here.
async fn payload(State(state): Sim, Path(tag): Path<String>) -> Response {
    answer(&state, SERVICE, "payload", || {
        let streams = document(&state, SERVICE)["streams"].take();
        let stored = streams
            .as_object()
            .and_then(|streams| streams.values().find_map(|tags| tags.get(&tag)));
        let has_image =
            |stored: &&Value| stored["phase"] != "Pending" && stored["phase"] != "Failed";
        let Some(stored) = stored.filter(has_image) else {
            let text = format!("Unable to find release tag {tag}, it may have been deleted");
            return (StatusCode::BAD_REQUEST, text).into_response();
        };
        let mut metadata = json!({
            "kind": "cincinnati-metadata-v0",
            "version": tag,
            "previous": [],
        });
        if let Some(url) = stored.get("url") {
            metadata["metadata"] = json!({"url": url});
        }
        Json(json!({
            "image": stored["pullSpec"].as_str().unwrap_or_default(),
            "digest": stored["digest"].as_str().unwrap_or_default(),
            "metadata": metadata,
            "references": {"kind": "ImageStream", "apiVersion": "image.openshift.io/v1"},
        }))
        .into_response()
    })
    .await
}

/// The tags of a stream as the API shows them, newest first.
fn stream_tags(state: &SimState, stream: &str) -> Option<Vec<Value>> {
    let document = document(state, SERVICE);
    let stored = document["streams"].get(stream)?.as_object()?;
    let mut names: Vec<_> = stored.keys().collect();
    names.sort_by(|one, other| {
        let versions = (Version::parse(one).ok(), Version::parse(other).ok());
        versions.1.cmp(&versions.0).then_with(|| other.cmp(one))
    });
    let tags = names.into_iter().map(|name| {
        let tag = &stored[name];
        let text = |key: &str| tag[key].as_str().unwrap_or_default().to_owned();
        json!({
            "name": name,
            "phase": text("phase"),
            "pullSpec": text("pullSpec"),
            "downloadURL": text("downloadURL"),
        })
    });
    Some(tags.collect())
}

fn name_of(tag: &Value) -> &str {
    tag["name"].as_str().unwrap_or_default()
}

fn first(query: &[(String, String)], name: &str) -> Option<String> {
    query
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.clone())
}

/// A range such as `>=4.20.0-0 <4.21.0-0`; blanks mean "and".
fn range(text: &str) -> Result<VersionReq, semver::Error> {
    VersionReq::parse(&text.split_whitespace().collect::<Vec<_>>().join(", "))
}

/// The range with pre-releases counted by their order alone, as the controller does.
fn is_within(range: &VersionReq, name: &str) -> bool {
    let Ok(version) = Version::parse(name) else {
        return false;
    };
    range.comparators.iter().all(|comparator| {
        let limit = Version {
            major: comparator.major,
            minor: comparator.minor.unwrap_or_default(),
            patch: comparator.patch.unwrap_or_default(),
            pre: comparator.pre.clone(),
            build: Default::default(),
        };
        match comparator.op {
            semver::Op::Greater => version > limit,
            semver::Op::GreaterEq => version >= limit,
            semver::Op::Less => version < limit,
            semver::Op::LessEq => version <= limit,
            _ => comparator.matches(&version),
        }
    })
}

fn no_stream(stream: &str) -> Response {
    let text = format!("error: unknown release stream {stream}");
    (StatusCode::NOT_FOUND, text).into_response()
}

fn refused(text: &str) -> Response {
    (StatusCode::BAD_REQUEST, text.to_owned()).into_response()
}
