//! The routes that change something.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Sim,
    call::{Call, bad, created, missing, refused},
    change,
    requests::Found,
    world::{self, source_of},
};
use crate::sim::shipping::APPROVED;

type Two = Path<(String, String)>;
type Body = Option<Json<Value>>;

pub(super) async fn comment(
    State(state): Sim,
    Path((project, iid)): Two,
    call: Call,
    body: Body,
) -> Response {
    change(&state, &call, "comment", |gitlab, me, now| {
        if let Err(response) = open(gitlab, &project, &iid) {
            return response;
        }
        let text = field(&body, "body");
        if text.is_empty() {
            return bad("body is missing");
        }
        let note = json!({"body": text.trim_end(), "author": me, "created_at": now.to_string()});
        append(&mut gitlab["merge_requests"][&iid]["notes"], note);
        let note = found(gitlab, &project, &iid).and_then(|found| found.notes().pop());
        created(note.unwrap_or_default())
    })
    .await
}

pub(super) async fn approve(
    State(state): Sim,
    Path((project, iid)): Two,
    call: Call,
    body: Body,
) -> Response {
    change(&state, &call, "approve", |gitlab, me, now| {
        if let Err(response) = open(gitlab, &project, &iid) {
            return response;
        }
        let Some(request) = found(gitlab, &project, &iid) else {
            return missing("");
        };
        if let Some(response) = is_stale(&request, &body) {
            return response;
        }
        if !request.may_approve(me) {
            return refused(StatusCode::UNAUTHORIZED, "401 Unauthorized");
        }
        append(
            &mut gitlab["merge_requests"][&iid]["approved_by"],
            json!(me),
        );
        let note = json!({
            "body": APPROVED, "author": me, "created_at": now.to_string(), "system": true,
        });
        append(&mut gitlab["merge_requests"][&iid]["notes"], note);
        approvals(gitlab, &project, &iid, me)
    })
    .await
}

pub(super) async fn unapprove(
    State(state): Sim,
    Path((project, iid)): Two,
    call: Call,
) -> Response {
    change(&state, &call, "unapprove", |gitlab, me, _| {
        if let Err(response) = open(gitlab, &project, &iid) {
            return response;
        }
        let names = &mut gitlab["merge_requests"][&iid]["approved_by"];
        let Some(names) = names.as_array_mut() else {
            return missing("");
        };
        let before = names.len();
        names.retain(|name| name != me);
        if names.len() == before {
            return missing("");
        }
        approvals(gitlab, &project, &iid, me)
    })
    .await
}

pub(super) async fn update(
    State(state): Sim,
    Path((project, iid)): Two,
    call: Call,
    body: Body,
) -> Response {
    change(&state, &call, "add_labels", |gitlab, _, now| {
        if let Err(response) = open(gitlab, &project, &iid) {
            return response;
        }
        let request = &mut gitlab["merge_requests"][&iid];
        if body.as_ref().is_some_and(|body| !body["labels"].is_null()) {
            let labels = json!(words(&body, "labels"));
            request["labels"] = labels.clone();
            request["own_labels"] = labels;
        }
        for label in words(&body, "add_labels") {
            // Also where the rest of the world, which sets all labels at once, does not write.
            for key in ["labels", "own_labels"] {
                let is_there = request[key]
                    .as_array()
                    .is_some_and(|list| list.contains(&label));
                if !is_there {
                    append(&mut request[key], label.clone());
                }
            }
        }
        let gone = words(&body, "remove_labels");
        for key in ["labels", "own_labels"] {
            if let Some(list) = request[key].as_array_mut() {
                list.retain(|label| !gone.contains(label));
            }
        }
        for key in ["title", "description", "target_branch"] {
            let text = field(&body, key);
            if !text.is_empty() {
                request[key] = json!(text);
            }
        }
        match (
            field(&body, "state_event").as_str(),
            request["state"].as_str(),
        ) {
            ("close", Some("opened")) => request["state"] = json!("closed"),
            ("reopen", Some("closed")) => request["state"] = json!("opened"),
            _ => {}
        }
        shown(gitlab, &project, &iid, now)
    })
    .await
}

pub(super) async fn merge(
    State(state): Sim,
    Path((project, iid)): Two,
    call: Call,
    body: Body,
) -> Response {
    change(&state, &call, "merge", |gitlab, _, now| {
        if let Err(response) = open(gitlab, &project, &iid) {
            return response;
        }
        let Some(request) = found(gitlab, &project, &iid) else {
            return missing("");
        };
        if let Some(response) = is_stale(&request, &body) {
            return response;
        }
        let is_ready = request.stored["state"].as_str().unwrap_or("opened") == "opened"
            && request.approvals_left() == 0
            && request.shown(now)["draft"] == false;
        if !is_ready {
            return refused(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed");
        }
        let (target, branch) = (
            world::target_of(request.stored).to_owned(),
            request.target_branch(),
        );
        let source = world::files_at(gitlab, source_of(request.stored), &request.source_branch());
        let source = source.unwrap_or_default();
        let files: Map<String, Value> = request
            .changes()
            .iter()
            .filter_map(|change| change["new_path"].as_str())
            .map(|path| (path.to_owned(), json!(source.get(path))))
            .collect();
        let request = &mut gitlab["merge_requests"][&iid];
        request["state"] = json!("merged");
        request["merged_at"] = json!(now.to_string());
        world::push(gitlab, &target, &branch, &files);
        shown(gitlab, &project, &iid, now)
    })
    .await
}

pub(super) async fn create(
    State(state): Sim,
    Path(project): Path<String>,
    call: Call,
    body: Body,
) -> Response {
    change(&state, &call, "create", |gitlab, me, now| {
        let Some(source) = world::project_named(gitlab, &project) else {
            return missing("Project");
        };
        for key in ["source_branch", "target_branch", "title"] {
            if field(&body, key).is_empty() {
                return bad(&format!("{key} is missing"));
            }
        }
        let target = match body.as_ref().map(|body| &body["target_project_id"]) {
            None | Some(Value::Null) => source.clone(),
            Some(id) => match world::project_named(gitlab, id.to_string().trim_matches('"')) {
                Some(path) => path,
                None => return missing("Project"),
            },
        };
        let requests = gitlab["merge_requests"].as_object().into_iter().flatten();
        let same = requests.clone().find(|(_, request)| {
            request["state"] == "opened"
                && request["source_branch"] == field(&body, "source_branch")
                && source_of(request) == source
        });
        if let Some((iid, _)) = same {
            let text =
                format!("Another open merge request already exists for this source branch: !{iid}");
            return refused(StatusCode::CONFLICT, json!([text]));
        }
        let highest = requests
            .filter_map(|(iid, _)| iid.parse::<u64>().ok())
            .max();
        let iid = (highest.unwrap_or(0) + 1).to_string();
        gitlab["merge_requests"][&iid] = json!({
            "state": "opened",
            "project": target,
            "source_project": source,
            "source_branch": field(&body, "source_branch"),
            "target_branch": field(&body, "target_branch"),
            "title": field(&body, "title"),
            "description": field(&body, "description"),
            "labels": words(&body, "labels"),
            "squash": body.as_ref().is_some_and(|body| body["squash"] == true),
            "author": me,
            "created_at": now.to_string(),
            "approvals_required": 0,
            "approved_by": [],
            "notes": [],
            "pipelines": [],
        });
        let document = found(gitlab, &target, &iid).map(|found| found.shown(now));
        created(document.unwrap_or_default())
    })
    .await
}

pub(super) async fn commit(
    State(state): Sim,
    Path(project): Path<String>,
    call: Call,
    body: Body,
) -> Response {
    change(&state, &call, "commit", |gitlab, me, now| {
        let Some(project) = world::project_named(gitlab, &project) else {
            return missing("Project");
        };
        let (branch, start) = (field(&body, "branch"), field(&body, "start_branch"));
        let message = field(&body, "commit_message");
        for (key, value) in [("branch", &branch), ("commit_message", &message)] {
            if value.is_empty() {
                return bad(&format!("{key} is missing"));
            }
        }
        let branches = &gitlab["projects"][&project]["branches"];
        let is_new = branches.get(&branch).is_none();
        if is_new && branches.get(&start).is_none() {
            let text = "You can only create or edit files when you are on a branch";
            return refused(StatusCode::BAD_REQUEST, text);
        }
        let from = if is_new { &start } else { &branch };
        let files = world::files_at(gitlab, &project, from).unwrap_or_default();
        let mut changes = Map::new();
        let actions = body.as_ref().and_then(|body| body["actions"].as_array());
        for action in actions.into_iter().flatten() {
            let path = action["file_path"].as_str().unwrap_or_default();
            let is_there = files.contains_key(path);
            let text = match (action["action"].as_str(), is_there) {
                (Some("create"), true) => {
                    return refused(
                        StatusCode::BAD_REQUEST,
                        "A file with this name already exists",
                    );
                }
                (Some("update" | "delete"), false) => {
                    return refused(
                        StatusCode::BAD_REQUEST,
                        "A file with this name doesn't exist",
                    );
                }
                (Some("create" | "update"), _) => action["content"].clone(),
                (Some("delete"), _) => Value::Null,
                _ => return bad("actions[0][action] does not have a valid value"),
            };
            changes.insert(path.to_owned(), text);
        }
        if is_new {
            gitlab["projects"][&project]["branches"][&branch] = json!({"base": start, "files": {}});
        }
        world::push(gitlab, &project, &branch, &changes);
        let id = world::head(gitlab, &project, &branch).unwrap_or_default();
        created(json!({
            "id": id,
            "short_id": id.get(..8),
            "title": message.lines().next(),
            "message": message,
            "author_name": me,
            "created_at": now.to_string(),
        }))
    })
    .await
}

/// Refuses when there is no such merge request, or GitLab is busy with it.
fn open(gitlab: &mut Value, project: &str, iid: &str) -> Result<(), Response> {
    if world::project_named(gitlab, project).is_none() {
        return Err(missing("Project"));
    }
    if found(gitlab, project, iid).is_none() {
        return Err(missing(""));
    }
    match gitlab["locks"][iid].as_u64() {
        None | Some(0) => Ok(()),
        Some(left) => {
            gitlab["locks"][iid] = json!(left - 1);
            Err(refused(StatusCode::CONFLICT, "409 Conflict: Resource lock"))
        }
    }
}

fn found<'a>(gitlab: &'a Value, project: &str, iid: &'a str) -> Option<Found<'a>> {
    Found::of(gitlab, &world::project_named(gitlab, project)?, iid)
}

/// Refuses when the head the caller has seen is not the head any more.
fn is_stale(request: &Found<'_>, body: &Body) -> Option<Response> {
    let (seen, head) = (field(body, "sha"), request.head().unwrap_or_default());
    let text = format!("SHA does not match HEAD of source branch: {head}");
    (!seen.is_empty() && seen != head).then(|| refused(StatusCode::CONFLICT, text))
}

fn approvals(gitlab: &Value, project: &str, iid: &str, me: &str) -> Response {
    let document = found(gitlab, project, iid).map(|found| found.approvals(me));
    created(document.unwrap_or_default())
}

fn shown(gitlab: &Value, project: &str, iid: &str, now: Timestamp) -> Response {
    let document = found(gitlab, project, iid).map(|found| found.shown(now));
    Json(document.unwrap_or_default()).into_response()
}

fn field(body: &Body, key: &str) -> String {
    let value = body.as_ref().and_then(|body| body[key].as_str());
    value.unwrap_or_default().to_owned()
}

/// A list that comes as an array, or as text with commas.
fn words(body: &Body, key: &str) -> Vec<Value> {
    let Some(value) = body.as_ref().map(|body| &body[key]) else {
        return Vec::new();
    };
    match value {
        Value::Array(list) => list.clone(),
        Value::String(text) => {
            let parts = text.split(',').map(str::trim);
            parts
                .filter(|part| !part.is_empty())
                .map(|part| json!(part))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn append(list: &mut Value, entry: Value) {
    match list.as_array_mut() {
        Some(list) => list.push(entry),
        None => *list = json!([entry]),
    }
}
