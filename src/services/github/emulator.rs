//! The stand-in of GitHub, over `github.branches` of the simulated state.
//!
//! It knows one repository and reads only: contents, trees, blobs, branches and raw files, with
//! entity tags. Blob names are git's own. It has no commits, no pages of lists and no search.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use git2::{ObjectType, Oid};
use serde_json::{Map, Value, json};

use crate::{
    services::emulate::{answer, document},
    sim::state::SimState,
};

const SERVICE: &str = "github";
const REPOSITORY: (&str, &str) = ("openshift", "release-tests");

/// Contents above this size are not in the answer.
const LARGEST_INLINE: usize = 1024 * 1024;

/// How many letters of base64 GitHub puts on a line.
const LINE: usize = 60;

type Sim = State<Arc<SimState>>;
type Pairs = Query<BTreeMap<String, String>>;

/// Returns the routes.
pub fn router(state: Arc<SimState>) -> Router {
    Router::new()
        .route("/repos/{owner}/{name}", get(repository))
        .route("/repos/{owner}/{name}/branches/{branch}", get(branch))
        .route("/repos/{owner}/{name}/contents", get(root))
        .route("/repos/{owner}/{name}/contents/{*path}", get(contents))
        .route("/repos/{owner}/{name}/git/trees/{*tree}", get(tree))
        .route("/repos/{owner}/{name}/git/blobs/{sha}", get(blob))
        .route("/raw/{owner}/{name}/{branch}/{*path}", get(raw))
        .with_state(state)
}

async fn repository(
    State(state): Sim,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "repository", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let (owner, name) = REPOSITORY;
        let document = json!({
            "id": 1,
            "name": name,
            "full_name": format!("{owner}/{name}"),
            "private": false,
            "owner": {"login": owner},
            "default_branch": "main",
        });
        tagged(document, &headers)
    })
    .await
}

async fn branch(
    State(state): Sim,
    Path((owner, name, branch)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "branch", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let Some(files) = files(&state, &branch) else {
            return missing("Branch not found");
        };
        let sha = commit_sha(&files);
        tagged(json!({"name": branch, "commit": {"sha": sha}}), &headers)
    })
    .await
}

async fn root(
    state: Sim,
    Path((owner, name)): Path<(String, String)>,
    query: Pairs,
    headers: HeaderMap,
) -> Response {
    contents(state, Path((owner, name, String::new())), query, headers).await
}

async fn contents(
    State(state): Sim,
    Path((owner, name, path)): Path<(String, String, String)>,
    Query(query): Pairs,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "file", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let branch = query.get("ref").map_or("main", String::as_str);
        let Some(files) = files(&state, branch) else {
            return missing(&format!("No commit found for the ref {branch}"));
        };
        let path = path.trim_matches('/');
        if let Some(text) = files.get(path) {
            if wants_raw(&headers) {
                return text.clone().into_response();
            }
            return tagged(file_document(path, branch, text), &headers);
        }
        let folder = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let mut entries = Map::new();
        for (name, text) in &files {
            let Some(rest) = name.strip_prefix(&folder) else {
                continue;
            };
            let (first, is_folder) = match rest.split_once('/') {
                Some((first, _)) => (first, true),
                None => (rest, false),
            };
            let entry = if is_folder {
                json!({"type": "dir", "size": 0, "name": first, "path": format!("{folder}{first}"),
                    "sha": blob_sha(&format!("{folder}{first}/"))})
            } else {
                json!({"type": "file", "size": text.len(), "name": first, "path": name,
                    "sha": blob_sha(text)})
            };
            entries.insert(first.to_owned(), entry);
        }
        if entries.is_empty() && !path.is_empty() {
            return missing("Not Found");
        }
        let entries: Vec<Value> = entries.into_iter().map(|(_, entry)| entry).collect();
        tagged(entries.into(), &headers)
    })
    .await
}

async fn tree(
    State(state): Sim,
    Path((owner, name, tree)): Path<(String, String, String)>,
    Query(query): Pairs,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "tree", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let (branch, folder) = tree.split_once(':').unwrap_or((&tree, ""));
        let Some(files) = files(&state, branch) else {
            return missing("Not Found");
        };
        let prefix = match folder.trim_matches('/') {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let is_recursive = query.contains_key("recursive");
        let entries: Vec<Value> = files
            .iter()
            .filter_map(|(name, text)| Some((name.strip_prefix(&prefix)?, text)))
            .filter(|(rest, _)| is_recursive || !rest.contains('/'))
            .map(|(rest, text)| {
                json!({"path": rest, "mode": "100644", "type": "blob", "size": text.len(),
                    "sha": blob_sha(text)})
            })
            .collect();
        if entries.is_empty() && !prefix.is_empty() {
            return missing("Not Found");
        }
        let document = json!({"sha": commit_sha(&files), "tree": entries, "truncated": false});
        tagged(document, &headers)
    })
    .await
}

async fn blob(
    State(state): Sim,
    Path((owner, name, sha)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "blob", || {
        let branches = document(&state, SERVICE)["branches"].clone();
        let text = branches
            .as_object()
            .into_iter()
            .flat_map(Map::values)
            .filter_map(Value::as_object)
            .flat_map(Map::values)
            .filter_map(Value::as_str)
            .find(|text| blob_sha(text) == sha);
        let Some(text) = text.filter(|_| is_here(&owner, &name)) else {
            return missing("Not Found");
        };
        let document = json!({"sha": sha, "size": text.len(), "encoding": "base64",
            "content": in_lines(text)});
        tagged(document, &headers)
    })
    .await
}

async fn raw(
    State(state): Sim,
    Path((owner, name, branch, path)): Path<(String, String, String, String)>,
) -> Response {
    answer(&state, SERVICE, "raw", || {
        let text = files(&state, &branch)
            .filter(|_| is_here(&owner, &name))
            .and_then(|files| files.get(&path).cloned());
        match text {
            Some(text) => text.into_response(),
            None => (StatusCode::NOT_FOUND, "404: Not Found").into_response(),
        }
    })
    .await
}

fn file_document(path: &str, branch: &str, text: &str) -> Value {
    let (owner, repository) = REPOSITORY;
    let (encoding, content) = if text.len() > LARGEST_INLINE {
        ("none", String::new())
    } else {
        ("base64", in_lines(text))
    };
    json!({
        "type": "file",
        "encoding": encoding,
        "size": text.len(),
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "content": content,
        "sha": blob_sha(text),
        "html_url": format!("https://github.com/{owner}/{repository}/blob/{branch}/{path}"),
    })
}

fn is_here(owner: &str, name: &str) -> bool {
    (owner, name) == REPOSITORY
}

fn files(state: &SimState, branch: &str) -> Option<BTreeMap<String, String>> {
    let document = document(state, SERVICE);
    let files = document["branches"].get(branch)?.as_object()?;
    let files = files
        .iter()
        .filter_map(|(path, text)| Some((path.clone(), text.as_str()?.to_owned())));
    Some(files.collect())
}

fn blob_sha(text: &str) -> String {
    Oid::hash_object(ObjectType::Blob, text.as_bytes())
        .map(|id| id.to_string())
        .unwrap_or_default()
}

/// Stands for the commit at the tip: it differs when any file does.
fn commit_sha(files: &BTreeMap<String, String>) -> String {
    let listing: Vec<_> = files
        .iter()
        .map(|(path, text)| format!("{} {path}", blob_sha(text)))
        .collect();
    blob_sha(&listing.join("\n"))
}

fn in_lines(text: &str) -> String {
    let encoded = BASE64_STANDARD.encode(text);
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    for (index, letter) in encoded.chars().enumerate() {
        if index > 0 && index % LINE == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push('\n');
    lines
}

fn wants_raw(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("raw"))
}

/// The document with its entity tag, or 304 when the caller has it.
fn tagged(document: Value, headers: &HeaderMap) -> Response {
    let tag = format!("W/\"{}\"", blob_sha(&document.to_string()));
    let value = HeaderValue::from_str(&tag).expect("a hash in quotes is a header value");
    let is_known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    if is_known {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, value)]).into_response();
    }
    ([(header::ETAG, value)], Json(document)).into_response()
}

fn missing(message: &str) -> Response {
    let document = json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    });
    (StatusCode::NOT_FOUND, Json(document)).into_response()
}
