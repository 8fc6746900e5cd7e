//! Writing and removing one file in one commit, if it is what the writer says it is.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    DEFAULT_BRANCH, Pairs, SERVICE, Sim, Site,
    account::{self, Account},
    commits::commit_document,
    contents::file_facts,
    is_here,
    ledger::{self, Change, blob_sha},
    missing, refused,
};
use crate::{
    services::emulate::answer,
    sim::state::{SimState, Stored},
};

pub(super) async fn write(
    State(state): Sim,
    Path((owner, name, path)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&state, SERVICE, "write", || {
        let wanted = match Wanted::new(&state, (&owner, &name, &path), &headers, read(&body)) {
            Ok(wanted) => wanted,
            Err(refusal) => return *refusal,
        };
        let Some(content) = wanted.field("content") else {
            return not_supplied("content");
        };
        let joined: String = content.split_ascii_whitespace().collect();
        let text = BASE64_STANDARD.decode(joined).ok();
        // Only text is kept here; the real service takes any bytes.
        let Some(text) = text.and_then(|bytes| String::from_utf8(bytes).ok()) else {
            let message = "content is not valid Base64";
            return refused(StatusCode::UNPROCESSABLE_ENTITY, message);
        };
        in_one_go(&state, |stored| wanted.commit(stored, Some(&text)))
    })
    .await
}

pub(super) async fn delete(
    State(state): Sim,
    Path((owner, name, path)): Path<(String, String, String)>,
    Query(query): Pairs,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answer(&state, SERVICE, "delete", || {
        let mut document = read(&body);
        for (key, value) in &query {
            document[key] = value.as_str().into();
        }
        match Wanted::new(&state, (&owner, &name, &path), &headers, document) {
            Ok(wanted) => in_one_go(&state, |stored| wanted.commit(stored, None)),
            Err(refusal) => *refusal,
        }
    })
    .await
}

fn read(body: &[u8]) -> Value {
    match serde_json::from_slice(body) {
        Ok(document @ Value::Object(_)) => document,
        _ => json!({}),
    }
}

fn in_one_go(state: &SimState, act: impl FnOnce(&mut Stored) -> Response) -> Response {
    let answer = state.change(act);
    answer.unwrap_or_else(|_| {
        refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the commit could not be kept",
        )
    })
}

/// What a request wants, once it may want anything.
struct Wanted {
    account: Account,
    site: Site,
    path: String,
    branch: String,
    message: String,
    document: Value,
    at: jiff::Timestamp,
}

impl Wanted {
    fn new(
        state: &SimState,
        (owner, name, path): (&str, &str, &str),
        headers: &HeaderMap,
        document: Value,
    ) -> Result<Self, Box<Response>> {
        if !is_here(owner, name) {
            return Err(Box::new(missing("Not Found")));
        }
        let account = account::writer(state, headers)?;
        let message = document["message"].as_str().unwrap_or_default().to_owned();
        if message.is_empty() {
            return Err(Box::new(not_supplied("message")));
        }
        Ok(Self {
            account,
            site: Site::of(headers),
            path: path.trim_matches('/').to_owned(),
            branch: document["branch"]
                .as_str()
                .unwrap_or(DEFAULT_BRANCH)
                .to_owned(),
            message,
            document,
            at: state.clock().now(),
        })
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.document[name].as_str()
    }

    fn commit(&self, stored: &mut Stored, text: Option<&str>) -> Response {
        let Self { path, branch, .. } = self;
        let Some(files) = ledger::files(&stored.documents, branch) else {
            return missing(&format!("Branch {branch} not found"));
        };
        let folder = format!("{path}/");
        if path.is_empty() || files.keys().any(|name| name.starts_with(&folder)) {
            let message = "path contains a malformed path component";
            return refused(StatusCode::UNPROCESSABLE_ENTITY, message);
        }
        let before = files.get(path.as_str()).map(|text| blob_sha(text));
        match (&before, self.field("sha")) {
            (Some(_), None) => return not_supplied("sha"),
            (Some(before), Some(expected)) if before != expected => {
                let message = format!("{path} does not match {expected}");
                return refused(StatusCode::CONFLICT, &message);
            }
            (None, _) if text.is_none() => return missing("Not Found"),
            // A name for what is not there is not looked at: the file is made.
            _ => {}
        }
        let record = ledger::commit(
            &mut stored.documents,
            &Change {
                branch,
                path,
                text,
                message: &self.message,
                author: &self.account.login,
                at: self.at,
            },
        );
        let status = match before {
            None => StatusCode::CREATED,
            Some(_) => StatusCode::OK,
        };
        let content = text.map(|text| file_facts(&self.site, path, branch, text));
        let document = json!({"content": content, "commit": written(&self.site, &record)});
        (status, Json(document)).into_response()
    }
}

/// A commit as the answer to a write shows it: flat, and without accounts.
fn written(site: &Site, record: &Value) -> Value {
    let listed = commit_document(site, record);
    let mut commit = listed["commit"].clone();
    for key in ["sha", "node_id", "url", "html_url", "parents"] {
        commit[key] = listed[key].clone();
    }
    commit
}

fn not_supplied(field: &str) -> Response {
    let message = format!("Invalid request.\n\n\"{field}\" wasn't supplied.");
    refused(StatusCode::UNPROCESSABLE_ENTITY, &message)
}
