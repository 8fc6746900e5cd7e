//! The commits that were made, newest first.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    DEFAULT_BRANCH, Pairs, SERVICE, Sim, Site, is_here, ledger, missing, page, refused, tagged,
};
use crate::services::emulate::answer;

const USUAL_COUNT: usize = 30;
const LARGEST_COUNT: usize = 100;

pub(super) async fn commits(
    State(state): Sim,
    Path((owner, name)): Path<(String, String)>,
    Query(query): Pairs,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "commits", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let start = query.get("sha").map_or(DEFAULT_BRANCH, String::as_str);
        let listed = state.read(|stored| from(&stored.documents, start));
        let Some(mut listed) = listed else {
            return missing("Not Found");
        };
        if let Some(path) = query.get("path").map(|path| path.trim_matches('/')) {
            let folder = format!("{path}/");
            listed.retain(|commit| {
                let changed = commit["path"].as_str().unwrap_or_default();
                path.is_empty() || changed == path || changed.starts_with(&folder)
            });
        }
        let limit = |name: &str| query.get(name)?.parse::<Timestamp>().ok();
        let at = |commit: &Value| commit["at"].as_str()?.parse::<Timestamp>().ok();
        if let Some(since) = limit("since") {
            listed.retain(|commit| at(commit) >= Some(since));
        }
        if let Some(until) = limit("until") {
            listed.retain(|commit| at(commit) <= Some(until));
        }
        let number = |name: &str| query.get(name)?.parse::<usize>().ok();
        let count = number("per_page")
            .unwrap_or(USUAL_COUNT)
            .clamp(1, LARGEST_COUNT);
        let page_number = number("page").unwrap_or(1).max(1);
        let site = Site::of(&headers);
        let pages = listed.len().div_ceil(count);
        let shown: Vec<_> = listed
            .iter()
            .rev()
            .skip((page_number - 1).saturating_mul(count))
            .take(count)
            .map(|record| commit_document(&site, record))
            .collect();
        let mut response = tagged(shown.into(), &headers);
        if page_number < pages {
            let link = next_pages(&site, &query, page_number + 1, pages);
            if let Ok(link) = HeaderValue::from_str(&link) {
                response.headers_mut().insert(header::LINK, link);
            }
        }
        response
    })
    .await
}

pub(super) async fn commit(
    State(state): Sim,
    Path((owner, name, sha)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Response {
    answer(&state, SERVICE, "commit", || {
        if !is_here(&owner, &name) {
            return missing("Not Found");
        }
        let found = state.read(|stored| from(&stored.documents, &sha)?.pop());
        let Some(found) = found else {
            let message = format!("No commit found for SHA: {sha}");
            return refused(StatusCode::UNPROCESSABLE_ENTITY, &message);
        };
        let mut document = commit_document(&Site::of(&headers), &found);
        document["files"] = json!([{
            "filename": found["path"],
            "sha": found["blob"],
            "status": if found["blob"].is_null() { "removed" } else { "modified" },
        }]);
        tagged(document, &headers)
    })
    .await
}

/// The commits up to a branch or a commit, oldest first; `None` when there is no such thing.
fn from(documents: &Value, start: &str) -> Option<Vec<Value>> {
    if ledger::files(documents, start).is_some() {
        return Some(ledger::commits(documents, start));
    }
    ledger::branches(documents).into_iter().find_map(|branch| {
        let mut commits = ledger::commits(documents, branch);
        let place = commits.iter().position(|commit| commit["sha"] == start)?;
        commits.truncate(place + 1);
        Some(commits)
    })
}

/// A commit as lists and writes show it.
pub(super) fn commit_document(site: &Site, record: &Value) -> Value {
    let sha = record["sha"].as_str().unwrap_or_default();
    let login = record["author"].as_str().unwrap_or_default();
    let tree = record["tree"].as_str().unwrap_or_default();
    let person = json!({
        "name": login,
        "email": format!("{login}@users.noreply.github.com"),
        "date": record["at"],
    });
    let account = json!({"login": login, "id": 1001, "type": "User"});
    let parents: Vec<_> = record["parent"]
        .as_str()
        .map(|parent| json!({"sha": parent, "url": site.address(&format!("/commits/{parent}"))}))
        .into_iter()
        .collect();
    json!({
        "sha": sha,
        "node_id": format!("C_{sha}"),
        "url": site.address(&format!("/commits/{sha}")),
        "html_url": page(&format!("/commit/{sha}")),
        "commit": {
            "author": person,
            "committer": person,
            "message": record["message"],
            "tree": {"sha": tree, "url": site.address(&format!("/git/trees/{tree}"))},
            "comment_count": 0,
        },
        "author": account,
        "committer": account,
        "parents": parents,
    })
}

/// The header that leads to the pages that follow.
fn next_pages(site: &Site, query: &BTreeMap<String, String>, next: usize, last: usize) -> String {
    let address = |page: usize| {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in query.iter().filter(|(key, _)| *key != "page") {
            pairs.append_pair(key, value);
        }
        pairs.append_pair("page", &page.to_string());
        site.address(&format!("/commits?{}", pairs.finish()))
    };
    format!(
        "<{}>; rel=\"next\", <{}>; rel=\"last\"",
        address(next),
        address(last)
    )
}
