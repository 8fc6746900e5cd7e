//! What was changed on a ticket, in pages; labels that are changed one by one.
//!
//! With `embedded` of the document a search shows only the newest so many comments and changes of a
//! ticket, and their full number.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Key, LONGEST_PAGE, SERVICE, Sim, invalid, issue};
use crate::services::emulate::{answer, document};

/// The changes of a ticket, oldest first, as Jira Cloud pages them.
pub(super) async fn changelog(
    State(state): Sim,
    Path((_, key)): Key,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    answer(&state, SERVICE, "changelog", || {
        let jira = document(&state, SERVICE);
        let entry = match issue::find(&jira, &key) {
            Ok((_, entry)) => entry,
            Err(refusal) => return refusal,
        };
        let number = |name: &str, usual: usize| -> usize {
            let text = query.get(name);
            text.and_then(|text| text.parse().ok()).unwrap_or(usual)
        };
        let all = entry["history"].as_array().cloned().unwrap_or_default();
        let first = number("startAt", 0);
        let limit = jira["page_size"].as_u64();
        let limit = limit.map_or(LONGEST_PAGE, |size| size as usize).max(1);
        let size = number("maxResults", 100).clamp(1, limit);
        let page: Vec<&Value> = all.iter().skip(first).take(size).collect();
        let is_last = first + page.len() >= all.len();
        let document = json!({"startAt": first, "maxResults": size, "total": all.len(),
            "isLast": is_last, "values": page});
        Json(document).into_response()
    })
    .await
}

/// A ticket as a search shows it.
pub(super) fn cut(jira: &Value, mut shown: Value) -> Value {
    let Some(limit) = jira["embedded"].as_u64() else {
        return shown;
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if let Some(comments) = shown["fields"]["comment"]["comments"].as_array_mut() {
        let surplus = comments.len().saturating_sub(limit);
        comments.drain(..surplus);
    }
    // These come newest first.
    if let Some(histories) = shown["changelog"]["histories"].as_array_mut() {
        histories.truncate(limit);
    }
    shown
}

/// Puts single labels on a ticket or takes them off.
pub(super) fn relabel(entry: &mut Value, verbs: &Value, now: Timestamp) -> Result<(), Response> {
    for verb in verbs.as_array().into_iter().flatten() {
        let before = entry["labels"].as_array().cloned().unwrap_or_default();
        let mut labels = before.clone();
        match (verb["add"].as_str(), verb["remove"].as_str()) {
            (Some(label), None) if label.contains(' ') => {
                return Err(invalid("labels", "The label can't contain spaces."));
            }
            (Some(label), None) => {
                if !labels.iter().any(|other| other == label) {
                    labels.push(label.into());
                }
            }
            (None, Some(label)) => labels.retain(|other| other != label),
            _ => return Err(invalid("labels", "Operation is not known.")),
        }
        if labels != before {
            issue::note(entry, "labels", &before.into(), &labels.clone().into(), now);
            entry["labels"] = labels.into();
        }
    }
    Ok(())
}
