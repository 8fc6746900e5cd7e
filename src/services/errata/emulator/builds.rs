//! Builds of an advisory.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

use super::{SERVICE, Sim, advisory::number, advisory::texts, find, missing};
use crate::services::emulate::{answer, document};

pub(super) async fn names(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "builds", || {
        let Some(advisory) = find(&state, &id) else {
            return missing(&id);
        };
        let versions = versions(&advisory).into_iter().map(|(version, builds)| {
            let build = |nvr: String| json!({nvr: {"9Base-RHOSE": {"x86_64": []}}});
            (version, builds.into_iter().map(build).collect::<Value>())
        });
        Json(versions.collect::<Map<_, _>>()).into_response()
    })
    .await
}

pub(super) async fn details(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "build_details", || {
        let Some(advisory) = find(&state, &id) else {
            return missing(&id);
        };
        let mut next = 10 * number(&id);
        let versions = versions(&advisory).into_iter().map(|(version, builds)| {
            let build = |nvr: String| {
                next += 1;
                json!({nvr.clone(): {"nvr": nvr, "id": next, "is_module": false, "variant_arch": {}}})
            };
            let builds: Value = builds.into_iter().map(build).collect();
            let entry = json!({"name": version, "description": version, "builds": builds});
            (version, entry)
        });
        Json(versions.collect::<Map<_, _>>()).into_response()
    })
    .await
}

pub(super) async fn one(State(state): Sim, Path(nvr): Path<String>) -> Response {
    answer(&state, SERVICE, "build", || {
        let advisories = document(&state, SERVICE)["advisories"].clone();
        let holder = advisories
            .as_object()
            .into_iter()
            .flatten()
            .find(|(_, advisory)| {
                let mut all = versions(advisory)
                    .into_iter()
                    .flat_map(|(_, builds)| builds);
                all.any(|name| name == nvr)
            });
        let Some((id, advisory)) = holder else {
            let text = json!({"error": format!("Couldn't find build {nvr}")});
            return (StatusCode::NOT_FOUND, Json(text)).into_response();
        };
        Json(json!({
            "id": 10 * number(id),
            "nvr": nvr,
            "released_errata": null,
            "all_errata": [{"id": number(id), "status": advisory["state"]}],
            "rpms_signed": advisory["is_unsigned"] != true,
        }))
        .into_response()
    })
    .await
}

fn versions(advisory: &Value) -> Vec<(String, Vec<String>)> {
    let builds = advisory["builds"].as_object().into_iter().flatten();
    builds
        .map(|(version, builds)| (version.clone(), texts(builds)))
        .collect()
}
