//! Projects, branches and accounts in the documents.
//!
//! `projects` has, by full path, `id`, `default_branch`, `branches` and perhaps `forked_from` (a path)
//! and `resets_approvals`. A branch has its own `files` (path to text, `null` for one taken away), the
//! `base` it shows the rest of, how many `pushes` it had, and what each push replaced (`history`).
//! `users` has, by name, `id`, `name`, `email`, `token`, and perhaps `state` and `scope`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The project of shipments, which merge requests belong to unless they say otherwise.
pub const SHIPMENTS: &str = "hybrid-platforms/art/ocp-shipment-data";

/// Where people see GitLab.
pub const PAGES: &str = "https://gitlab.cee.redhat.com";

/// Files by path.
pub type Files = BTreeMap<String, String>;

/// Adds the project of shipments and its accounts to documents that have none.
pub fn complete(gitlab: &mut Value) {
    if !gitlab.is_object() {
        *gitlab = json!({});
    }
    if !gitlab["projects"].is_object() {
        gitlab["projects"] = json!({
            SHIPMENTS: {"id": 120_345, "default_branch": "main", "branches": {"main": {"files": {}}}},
        });
    }
    if !gitlab["users"].is_object() {
        gitlab["users"] = json!({
            "oar-bot": {
                "id": 40_123, "name": "Release bot", "email": "oar-bot@example.com", "bot": true,
                "token": "simulated-gitlab-token",
            },
        });
    }
    if !gitlab["merge_requests"].is_object() {
        gitlab["merge_requests"] = json!({});
    }
}

/// Whether [`complete`] has something to do.
pub fn is_complete(gitlab: &Value) -> bool {
    ["projects", "users", "merge_requests"]
        .iter()
        .all(|key| gitlab[key].is_object())
}

/// The full path of a project named by path or number.
pub fn project_named(gitlab: &Value, name: &str) -> Option<String> {
    let projects = gitlab["projects"].as_object()?;
    let is_meant =
        |(path, project): &(&String, &Value)| path.as_str() == name || is_numbered(project, name);
    projects.iter().find(is_meant).map(|(path, _)| path.clone())
}

/// Whether this text is the number of a project or a pipeline.
pub fn is_numbered(document: &Value, text: &str) -> bool {
    let number = document["id"].as_u64();
    number.is_some() && number == text.parse().ok()
}

/// A project as the API shows it.
pub fn project(gitlab: &Value, path: &str) -> Value {
    let project = &gitlab["projects"][path];
    let mut shown = json!({
        "id": project["id"],
        "name": path.rsplit('/').next(),
        "path_with_namespace": path,
        "default_branch": project["default_branch"],
        "visibility": "internal",
        "web_url": format!("{PAGES}/{path}"),
        "http_url_to_repo": format!("{PAGES}/{path}.git"),
    });
    if let Some(from) = project["forked_from"].as_str() {
        shown["forked_from_project"] = json!({
            "id": gitlab["projects"][from]["id"],
            "path_with_namespace": from,
        });
    }
    shown
}

/// An account as the API shows it.
pub fn user(gitlab: &Value, name: &str) -> Value {
    let user = &gitlab["users"][name];
    // Those who act elsewhere in this world have no account here, but did act.
    let made_up = name
        .bytes()
        .fold(600_u64, |sum, byte| sum + u64::from(byte));
    json!({
        "id": user["id"].as_u64().unwrap_or(made_up),
        "username": name,
        "name": user["name"].as_str().unwrap_or(name),
        "state": user["state"].as_str().unwrap_or("active"),
        "web_url": format!("{PAGES}/{name}"),
    })
}

/// The account a token belongs to.
pub fn account_of(gitlab: &Value, token: &str) -> Option<String> {
    let users = gitlab["users"].as_object()?;
    let owns = |(_, user): &(&String, &Value)| user["token"] == token;
    let name = users.iter().find(owns).map(|(name, _)| name.clone());
    name.filter(|_| !token.is_empty())
}

/// The commit a branch ends with.
pub fn head(gitlab: &Value, project: &str, branch: &str) -> Option<String> {
    let stored = gitlab["projects"][project]["branches"].get(branch)?;
    let mut hash = Sha256::new();
    for part in [project, branch, &stored["pushes"].to_string()] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(stored["files"].to_string().as_bytes());
    let hash = hash.finalize();
    // As long as the names git gives: 20 bytes.
    let hex = hash.iter().take(20).map(|byte| format!("{byte:02x}"));
    Some(hex.collect())
}

/// The files at a branch or commit; `None` when there is neither of this name.
pub fn files_at(gitlab: &Value, project: &str, at: &str) -> Option<Files> {
    let branches = gitlab["projects"][project]["branches"].as_object()?;
    if branches.contains_key(at) {
        return Some(files_of(gitlab, project, at));
    }
    for (branch, stored) in branches {
        let mut files = files_of(gitlab, project, branch);
        if head(gitlab, project, branch).as_deref() == Some(at) {
            return Some(files);
        }
        for push in stored["history"].as_array().into_iter().flatten().rev() {
            overlay(&mut files, &push["was"]);
            if push["sha"] == at {
                return Some(files);
            }
        }
    }
    None
}

fn files_of(gitlab: &Value, project: &str, branch: &str) -> Files {
    let stored = &gitlab["projects"][project]["branches"][branch];
    let mut files = match stored["base"].as_str() {
        Some(base) if base != branch => files_of(gitlab, project, base),
        _ => Files::new(),
    };
    overlay(&mut files, &stored["files"]);
    files
}

fn overlay(files: &mut Files, changes: &Value) {
    for (path, text) in changes.as_object().into_iter().flatten() {
        match text.as_str() {
            Some(text) => files.insert(path.clone(), text.to_owned()),
            None => files.remove(path),
        };
    }
}

/// Pushes one commit with these files (`null` takes one away) to a branch, which is made when it is
/// not there. Approvals of merge requests from this branch go, where the project says so.
pub fn push(gitlab: &mut Value, project: &str, branch: &str, changes: &Map<String, Value>) {
    let before = files_of(gitlab, project, branch);
    let sha = head(gitlab, project, branch);
    let was: Map<String, Value> = changes
        .keys()
        .map(|path| (path.clone(), json!(before.get(path))))
        .collect();
    let stored = &mut gitlab["projects"][project]["branches"][branch];
    for (path, text) in changes {
        stored["files"][path] = text.clone();
    }
    stored["pushes"] = json!(stored["pushes"].as_u64().unwrap_or(0) + 1);
    if let Some(sha) = sha {
        let push = json!({"sha": sha, "was": was});
        match stored["history"].as_array_mut() {
            Some(history) => history.push(push),
            None => stored["history"] = json!([push]),
        }
    }
    let resets =
        |gitlab: &Value, target: &str| gitlab["projects"][target]["resets_approvals"] == true;
    let requests = gitlab["merge_requests"].as_object().into_iter().flatten();
    let reset: Vec<_> = requests
        .filter(|(_, request)| {
            request["source_branch"] == branch
                && source_of(request) == project
                && resets(gitlab, target_of(request))
        })
        .map(|(iid, _)| iid.clone())
        .collect();
    for iid in reset {
        gitlab["merge_requests"][&iid]["approved_by"] = json!([]);
    }
}

/// The project a merge request would be merged into.
pub fn target_of(request: &Value) -> &str {
    request["project"].as_str().unwrap_or(SHIPMENTS)
}

/// The project the changes of a merge request come from.
pub fn source_of(request: &Value) -> &str {
    request["source_project"]
        .as_str()
        .unwrap_or_else(|| target_of(request))
}
