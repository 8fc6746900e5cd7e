//! The repository, its branches and their refs.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use serde_json::{Value, json};

use super::{
    DEFAULT_BRANCH, REPOSITORY, SERVICE, Sim, Site, account::account, is_here, ledger, missing,
    page, tagged,
};
use crate::services::emulate::answer;

pub(super) async fn repository(
    State(state): Sim,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "repository", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let (owner, name) = REPOSITORY;
        let site = Site::of(&headers);
        let may_push = account(&state, &headers).is_some_and(|account| account.may_write);
        let document = json!({
            "id": 1,
            "node_id": "R_1",
            "name": name,
            "full_name": format!("{owner}/{name}"),
            "private": false,
            "owner": {"login": owner, "id": 2, "type": "Organization"},
            "url": site.address(""),
            "html_url": page(""),
            "default_branch": DEFAULT_BRANCH,
            "permissions": {"admin": false, "push": may_push, "pull": true},
        });
        tagged(document, &headers)
    })
    .await
}

pub(super) async fn branches(
    State(state): Sim,
    Path((owner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "branches", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let site = Site::of(&headers);
        let listed = state.read(|stored| {
            let documents = &stored.documents;
            let branches = ledger::branches(documents).into_iter();
            let shown = branches
                .filter_map(|branch| Some(shown(&site, branch, &ledger::tip(documents, branch)?)));
            shown.collect::<Vec<_>>()
        });
        tagged(listed.into(), &headers)
    })
    .await
}

pub(super) async fn branch(
    State(state): Sim,
    Path((owner, name, branch)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "branch", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        match state.read(|stored| ledger::tip(&stored.documents, &branch)) {
            Some(sha) => tagged(shown(&Site::of(&headers), &branch, &sha), &headers),
            None => missing("Branch not found"),
        }
    })
    .await
}

pub(super) async fn reference(
    State(state): Sim,
    Path((owner, name, branch)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "reference", || {
        let tip = state.read(|stored| ledger::tip(&stored.documents, &branch));
        let Some(sha) = tip.filter(|_| is_here(&owner, &name)) else {
            return missing("Not Found");
        };
        let site = Site::of(&headers);
        let document = json!({
            "ref": format!("refs/heads/{branch}"),
            "node_id": format!("REF_{branch}"),
            "url": site.address(&format!("/git/refs/heads/{branch}")),
            "object": {"type": "commit", "sha": sha, "url": site.address(&format!("/git/commits/{sha}"))},
        });
        tagged(document, &headers)
    })
    .await
}

fn shown(site: &Site, branch: &str, sha: &str) -> Value {
    json!({
        "name": branch,
        "commit": {"sha": sha, "url": site.address(&format!("/commits/{sha}"))},
        "protected": false,
    })
}
