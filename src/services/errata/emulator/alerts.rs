//! The word of product security: as last computed, and computed anew.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{SERVICE, Sim, bad_request, change, find, missing};
use crate::services::emulate::answer;

pub(super) async fn show(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "security_alerts", || {
        match find(&state, &id) {
            Some(advisory) => shown(&advisory),
            None => missing(&id),
        }
    })
    .await
}

pub(super) async fn refresh(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "refresh_security_alerts", || {
        let refreshed = change(&state, |tool| {
            let advisory = tool["advisories"].get_mut(&id)?;
            if let Some(text) = advisory["refresh_error"].as_str() {
                return Some(Err(text.to_owned()));
            }
            let count = advisory["refreshes"].as_u64().unwrap_or(0) + 1;
            advisory["refreshes"] = count.into();
            if !advisory["refreshed_alerts"].is_null() {
                advisory["content_alerts"] = advisory["refreshed_alerts"].take();
            }
            Some(Ok(advisory.clone()))
        });
        match refreshed {
            Ok(Some(Ok(advisory))) => shown(&advisory),
            Ok(Some(Err(text))) => bad_request(text),
            Ok(None) => missing(&id),
            Err(broken) => broken,
        }
    })
    .await
}

fn shown(advisory: &Value) -> Response {
    let alerts = match &advisory["content_alerts"] {
        Value::Null => json!({}),
        alerts => alerts.clone(),
    };
    Json(json!({"alerts": alerts})).into_response()
}
