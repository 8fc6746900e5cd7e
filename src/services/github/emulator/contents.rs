//! Reading files: contents, trees, blobs and raw files, with entity tags.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::{
    DEFAULT_BRANCH, Pairs, SERVICE, Sim, Site, header_of, is_here, is_known,
    ledger::{self, blob_sha},
    missing, page, tagged, unchanged,
};
use crate::services::emulate::answer;

/// Contents above this size are not in the answer.
const LARGEST_INLINE: usize = 1024 * 1024;

/// How many letters of base64 GitHub puts on a line.
const LINE: usize = 60;

pub(super) async fn root(
    state: Sim,
    Path((owner, name)): Path<(String, String)>,
    query: Pairs,
    headers: HeaderMap,
) -> Response {
    contents(state, Path((owner, name, String::new())), query, headers).await
}

pub(super) async fn contents(
    State(state): Sim,
    Path((owner, name, path)): Path<(String, String, String)>,
    Query(query): Pairs,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "file", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let branch = query.get("ref").map_or(DEFAULT_BRANCH, String::as_str);
        let branch = branch.trim_start_matches("refs/heads/");
        let path = path.trim_matches('/');
        state.read(|stored| match ledger::files(&stored.documents, branch) {
            None => missing(&format!("No commit found for the ref {branch}")),
            Some(files) => match files.get(path) {
                Some(text) if wants_raw(&headers) => (*text).to_owned().into_response(),
                Some(text) => tagged(
                    file_document(&Site::of(&headers), path, branch, text),
                    &headers,
                ),
                None => folder(&files, path, &headers),
            },
        })
    })
    .await
}

fn folder(files: &BTreeMap<&str, &str>, path: &str, headers: &HeaderMap) -> Response {
    let folder = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let site = Site::of(headers);
    let mut entries = Map::new();
    for (name, text) in files {
        let Some(rest) = name.strip_prefix(&folder) else {
            continue;
        };
        let (first, is_folder) = match rest.split_once('/') {
            Some((first, _)) => (first, true),
            None => (rest, false),
        };
        let place = format!("{folder}{first}");
        let (kind, size, sha) = if is_folder {
            ("dir", 0, blob_sha(&format!("{place}/")))
        } else {
            ("file", text.len(), blob_sha(text))
        };
        let entry = json!({"type": kind, "size": size, "name": first, "path": place, "sha": sha,
            "url": site.address(&format!("/contents/{place}"))});
        entries.insert(first.to_owned(), entry);
    }
    if entries.is_empty() && !path.is_empty() {
        return missing("Not Found");
    }
    let entries: Vec<Value> = entries.into_iter().map(|(_, entry)| entry).collect();
    tagged(entries.into(), headers)
}

pub(super) async fn tree(
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
        let prefix = match folder.trim_matches('/') {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let is_recursive = query.contains_key("recursive");
        state.read(|stored| {
            let Some(files) = ledger::files(&stored.documents, branch) else {
                return missing("Not Found");
            };
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
            let sha = ledger::tip(&stored.documents, branch);
            tagged(
                json!({"sha": sha, "tree": entries, "truncated": false}),
                &headers,
            )
        })
    })
    .await
}

pub(super) async fn blob(
    State(state): Sim,
    Path((owner, name, sha)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "blob", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        state.read(|stored| {
            let branches = ledger::branches(&stored.documents).into_iter();
            let text = branches
                .filter_map(|branch| ledger::files(&stored.documents, branch))
                .flat_map(BTreeMap::into_values)
                .find(|text| blob_sha(text) == sha);
            let Some(text) = text else {
                return missing("Not Found");
            };
            let document = json!({"sha": sha, "size": text.len(), "encoding": "base64",
                "content": in_lines(text)});
            tagged(document, &headers)
        })
    })
    .await
}

pub(super) async fn raw(
    State(state): Sim,
    Path((owner, name, branch, path)): Path<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "raw", || {
        state.read(|stored| {
            let text = ledger::text(&stored.documents, &branch, &path);
            let Some(text) = text.filter(|_| is_here(&owner, &name)) else {
                return (StatusCode::NOT_FOUND, "404: Not Found").into_response();
            };
            let tag = format!("\"{}\"", blob_sha(text));
            if is_known(&headers, &tag) {
                return unchanged(&tag);
            }
            let tag = [(header::ETAG, header_of(&tag))];
            let age = [(header::CACHE_CONTROL, "max-age=300")];
            (tag, age, text.to_owned()).into_response()
        })
    })
    .await
}

/// A file with its content, as reading shows it.
fn file_document(site: &Site, path: &str, branch: &str, text: &str) -> Value {
    let (encoding, content) = if text.len() > LARGEST_INLINE {
        ("none", String::new())
    } else {
        ("base64", in_lines(text))
    };
    let mut document = file_facts(site, path, branch, text);
    document["encoding"] = encoding.into();
    document["content"] = content.into();
    document
}

/// A file without its content, as writing shows it.
pub(super) fn file_facts(site: &Site, path: &str, branch: &str, text: &str) -> Value {
    let sha = blob_sha(text);
    json!({
        "type": "file",
        "size": text.len(),
        "name": path.rsplit('/').next().unwrap_or(path),
        "path": path,
        "url": site.address(&format!("/contents/{path}?ref={branch}")),
        "git_url": site.address(&format!("/git/blobs/{sha}")),
        "html_url": page(&format!("/blob/{branch}/{path}")),
        "sha": sha,
    })
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
