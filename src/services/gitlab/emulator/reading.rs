//! The routes that read.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Seen, Sim,
    call::{Call, missing},
    pages::page,
    pipelines, read,
    requests::Found,
    world::{self, target_of},
};

type Two = Path<(String, String)>;

pub(super) async fn user(State(state): Sim, call: Call) -> Response {
    read(&state, &call, "user", |seen| {
        Json(world::user(seen.gitlab, seen.me)).into_response()
    })
    .await
}

pub(super) async fn users(State(state): Sim, call: Call) -> Response {
    read(&state, &call, "find_user", |seen| {
        let search = call.value("search").unwrap_or_default();
        let users = seen.gitlab["users"].as_object().into_iter().flatten();
        let found = users.filter(|(name, user)| {
            let is_name = !search.contains('@') && name.contains(search);
            search.is_empty() || user["email"] == search || is_name
        });
        let found = found
            .map(|(name, _)| world::user(seen.gitlab, name))
            .collect();
        page(&call, found)
    })
    .await
}

pub(super) async fn project(State(state): Sim, Path(name): Path<String>, call: Call) -> Response {
    read(
        &state,
        &call,
        "project",
        |seen| match world::project_named(seen.gitlab, &name) {
            Some(path) => Json(world::project(seen.gitlab, &path)).into_response(),
            None => missing("Project"),
        },
    )
    .await
}

pub(super) async fn merge_requests(
    State(state): Sim,
    Path(name): Path<String>,
    call: Call,
) -> Response {
    read(
        &state,
        &call,
        "merge_requests",
        |seen| match world::project_named(seen.gitlab, &name) {
            Some(path) => page(
                &call,
                listed(seen, &call, |request| target_of(request) == path),
            ),
            None => missing("Project"),
        },
    )
    .await
}

/// Those of the account of the token, as GitLab does unless another scope is asked for.
pub(super) async fn all_merge_requests(State(state): Sim, call: Call) -> Response {
    read(&state, &call, "merge_requests", |seen| {
        let is_wide = call.value("scope") == Some("all");
        let list = listed(seen, &call, |request| {
            is_wide || request["author"] == seen.me
        });
        page(&call, list)
    })
    .await
}

fn listed(seen: &Seen<'_>, call: &Call, is_wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let search = call.value("search").unwrap_or_default().to_lowercase();
    let fields = call.value("in").unwrap_or("title,description");
    let state = call.value("state").unwrap_or("all");
    let requests = seen.gitlab["merge_requests"]
        .as_object()
        .into_iter()
        .flatten();
    let mut list: Vec<_> = requests
        .filter(|(_, stored)| is_wanted(stored))
        .map(|(iid, stored)| Found {
            gitlab: seen.gitlab,
            iid,
            stored,
        })
        .map(|found| found.shown(seen.now))
        .filter(|shown| state == "all" || shown["state"] == state)
        .filter(|shown| {
            let has = |field: &str| {
                let text = shown[field].as_str().unwrap_or_default();
                text.to_lowercase().contains(&search)
            };
            fields.split(',').any(has)
        })
        .collect();
    list.sort_by_key(|shown| std::cmp::Reverse(shown["iid"].as_u64()));
    list
}

pub(super) async fn merge_request(
    State(state): Sim,
    Path((project, iid)): Two,
    call: Call,
) -> Response {
    read(&state, &call, "merge_request", |seen| {
        with_request(seen, &project, &iid, |found| {
            Json(found.shown(seen.now)).into_response()
        })
    })
    .await
}

pub(super) async fn notes(State(state): Sim, Path((project, iid)): Two, call: Call) -> Response {
    read(&state, &call, "notes", |seen| {
        with_request(seen, &project, &iid, |found| {
            let mut notes = found.notes();
            if call.value("sort") != Some("asc") {
                notes.reverse();
            }
            page(&call, notes)
        })
    })
    .await
}

/// What else belongs to a merge request.
pub(super) async fn part(
    State(state): Sim,
    Path((project, iid, part)): Path<(String, String, String)>,
    call: Call,
) -> Response {
    let operation = match part.as_str() {
        "changes" | "diffs" => "changes",
        "approvals" | "pipelines" => &part,
        _ => {
            return (
                StatusCode::NOT_IMPLEMENTED,
                format!("no stand-in for `{part}` of a merge request"),
            )
                .into_response();
        }
    };
    read(&state, &call, operation, |seen| {
        with_request(seen, &project, &iid, |found| match part.as_str() {
            "diffs" => page(&call, found.changes()),
            "changes" => {
                let mut shown = found.shown(seen.now);
                shown["changes"] = found.changes().into();
                shown["overflow"] = json!(false);
                Json(shown).into_response()
            }
            "approvals" => Json(found.approvals(seen.me)).into_response(),
            _ => {
                let pipelines = pipelines::pipelines(found).into_iter();
                page(&call, pipelines.map(|pipeline| pipeline.shown).collect())
            }
        })
    })
    .await
}

pub(super) async fn pipeline(State(state): Sim, Path((project, id)): Two, call: Call) -> Response {
    read(&state, &call, "pipeline", |seen| {
        with_pipeline(seen, &project, &id, |pipeline| {
            Json(pipeline.shown).into_response()
        })
    })
    .await
}

pub(super) async fn jobs(State(state): Sim, Path((project, id)): Two, call: Call) -> Response {
    read(&state, &call, "jobs", |seen| {
        with_pipeline(seen, &project, &id, |pipeline| page(&call, pipeline.jobs))
    })
    .await
}

pub(super) async fn bridges(State(state): Sim, Path((project, id)): Two, call: Call) -> Response {
    read(&state, &call, "bridges", |seen| {
        with_pipeline(seen, &project, &id, |pipeline| {
            page(&call, pipeline.bridges)
        })
    })
    .await
}

pub(super) async fn tree(State(state): Sim, Path(project): Path<String>, call: Call) -> Response {
    read(&state, &call, "tree", |seen| {
        let files = match files(seen, &project, &call) {
            Ok(files) => files,
            Err(response) => return response,
        };
        let folder = call.value("path").unwrap_or_default().trim_matches('/');
        let recursive = call.value("recursive").unwrap_or_default();
        let is_recursive = matches!(recursive.to_lowercase().as_str(), "true" | "1");
        let mut entries = std::collections::BTreeMap::new();
        for path in files.keys() {
            let below = match folder {
                "" => path.as_str(),
                folder => match path
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/'))
                {
                    Some(below) => below,
                    None => continue,
                },
            };
            let start = path.len() - below.len();
            let ends = below.match_indices('/').map(|(at, _)| start + at);
            for (depth, end) in ends.chain([path.len()]).enumerate() {
                if depth == 0 || is_recursive {
                    entries.insert(path[..end].to_owned(), end < path.len());
                }
            }
        }
        if entries.is_empty() && !folder.is_empty() {
            return missing("Tree");
        }
        let entries = entries.iter().map(|(path, is_folder)| {
            json!({
                "id": blob(path),
                "name": path.rsplit('/').next(),
                "type": if *is_folder { "tree" } else { "blob" },
                "path": path,
                "mode": if *is_folder { "040000" } else { "100644" },
            })
        });
        page(&call, entries.collect())
    })
    .await
}

pub(super) async fn file(State(state): Sim, Path((project, path)): Two, call: Call) -> Response {
    read(&state, &call, "file", |seen| {
        let text = match text(seen, &project, &path, &call) {
            Ok(text) => text,
            Err(response) => return response,
        };
        Json(json!({
            "file_name": path.rsplit('/').next(),
            "file_path": path,
            "size": text.len(),
            "encoding": "base64",
            "content": BASE64_STANDARD.encode(&text),
            "content_sha256": blob(&text),
            "ref": call.value("ref"),
            "blob_id": &blob(&text)[..40],
        }))
        .into_response()
    })
    .await
}

pub(super) async fn raw_file(
    State(state): Sim,
    Path((project, path)): Two,
    call: Call,
) -> Response {
    read(&state, &call, "file", |seen| {
        match text(seen, &project, &path, &call) {
            Ok(text) => ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
            Err(response) => response,
        }
    })
    .await
}

fn text(seen: &Seen<'_>, project: &str, path: &str, call: &Call) -> Result<String, Response> {
    let mut files = files(seen, project, call)?;
    files.remove(path).ok_or_else(|| missing("File"))
}

fn files(seen: &Seen<'_>, project: &str, call: &Call) -> Result<world::Files, Response> {
    let path = world::project_named(seen.gitlab, project).ok_or_else(|| missing("Project"))?;
    let usual = seen.gitlab["projects"][&path]["default_branch"].as_str();
    let at = match call.value("ref") {
        None | Some("HEAD") => usual.unwrap_or("main"),
        Some(at) => at,
    };
    world::files_at(seen.gitlab, &path, at).ok_or_else(|| missing("Commit"))
}

fn with_request(
    seen: &Seen<'_>,
    project: &str,
    iid: &str,
    act: impl FnOnce(&Found<'_>) -> Response,
) -> Response {
    let Some(path) = world::project_named(seen.gitlab, project) else {
        return missing("Project");
    };
    match Found::of(seen.gitlab, &path, iid) {
        Some(found) => act(&found),
        None => missing(""),
    }
}

fn with_pipeline(
    seen: &Seen<'_>,
    project: &str,
    id: &str,
    act: impl FnOnce(pipelines::Pipeline) -> Response,
) -> Response {
    let Some(path) = world::project_named(seen.gitlab, project) else {
        return missing("Project");
    };
    match pipelines::pipeline(seen.gitlab, &path, id) {
        Some(pipeline) => act(pipeline),
        None => missing(""),
    }
}

fn blob(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
