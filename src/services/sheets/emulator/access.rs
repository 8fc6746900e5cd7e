//! Who may open a document of the stand-in, how often, and how it is changed.

use axum::http::{HeaderMap, header};
use serde_json::{Value, json};

use super::{
    Answer, SERVICE,
    account::{self, EMAIL},
    refusal::Refusal,
};
use crate::{services::emulate::document, sim::state::SimState};

/// Returns a document that the caller may read or write, if the quota allows.
pub(super) fn open(state: &SimState, headers: &HeaderMap, id: &str, what: &str) -> Answer {
    check(
        state,
        headers,
        &["spreadsheets", "drive", "drive.file", "feeds"],
    )?;
    spend(state, what)?;
    let found = document(state, SERVICE)["spreadsheets"][id].clone();
    if found.is_null() {
        return Err(Refusal::not_found());
    }
    if !is_shared(&found) {
        return Err(Refusal::denied("The caller does not have permission"));
    }
    Ok(found)
}

/// Holds the caller's token against the scopes of which one is needed.
pub(super) fn check(state: &SimState, headers: &HeaderMap, needed: &[&str]) -> Result<(), Refusal> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(token) = token else {
        return Err(Refusal::unauthenticated(
            "Request is missing required authentication credential. Expected OAuth 2 access token, \
             login cookie or other valid authentication credential.",
        ));
    };
    let Some(scopes) = account::scopes(token, state.clock().now()) else {
        return Err(Refusal::unauthenticated(
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential.",
        ));
    };
    let is_enough = scopes
        .split_whitespace()
        .filter_map(|scope| scope.rsplit('/').next())
        .any(|scope| needed.contains(&scope));
    if is_enough {
        return Ok(());
    }
    Err(Refusal::denied(
        "Request had insufficient authentication scopes.",
    ))
}

/// Counts a call of this minute when there is a quota.
fn spend(state: &SimState, what: &str) -> Result<(), Refusal> {
    let Some(most) = document(state, SERVICE)["quota_per_minute"].as_u64() else {
        return Ok(());
    };
    let minute = state.clock().now().as_second() / 60;
    let is_left = state.change(|stored| {
        let used = &mut stored.documents[SERVICE]["used"];
        if used["minute"] != minute {
            *used = json!({"minute": minute, "Read": 0, "Write": 0});
        }
        let count = used[what].as_u64().unwrap_or(0);
        used[what] = (count + 1).into();
        count < most
    });
    match is_left {
        Ok(true) => Ok(()),
        _ => Err(Refusal::used_up(what)),
    }
}

/// Changes a document that the caller may write. Nobody comes in between, and what is refused
/// changes nothing.
pub(super) fn alter<T>(
    state: &SimState,
    headers: &HeaderMap,
    id: &str,
    change: impl FnOnce(&mut Value) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    open(state, headers, id, "Write")?;
    let changed = state.change(|stored| {
        let mut document = stored.documents[SERVICE]["spreadsheets"][id].clone();
        let answer = change(&mut document)?;
        stored.documents[SERVICE]["spreadsheets"][id] = document;
        Ok(answer)
    });
    changed.unwrap_or_else(|error| Err(Refusal::broken(&error.to_string())))
}

pub(super) fn is_shared(document: &Value) -> bool {
    let shared = document["shared_with"].as_array();
    shared.is_some_and(|shared| shared.iter().any(|address| address == EMAIL))
}
