//! Pushes: asked for, and on their way as the clock goes.
//!
//! A job passes `QUEUED`, `READY`, `RUNNING` and `WAITING_ON_PUB` and ends with its `result` when its
//! `minutes` are over. One whose `result` is none of the two ends stays there.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    SERVICE, Sim,
    advisory::{kind, number, texts},
    bad_request, change, find, missing,
};
use crate::services::emulate::answer;

const TARGETS: [(&str, u64); 6] = [
    ("cdn_stage", 7),
    ("cdn_docker_stage", 10),
    ("cdn", 4),
    ("cdn_docker", 9),
    ("ftp", 3),
    ("altsrc", 5),
];

pub(super) async fn list(State(state): Sim, Path(id): Path<String>) -> Response {
    answer(&state, SERVICE, "push_jobs", || {
        let Some(advisory) = find(&state, &id) else {
            return missing(&id);
        };
        let now = state.clock().now();
        let jobs = advisory["push"].as_array().cloned().unwrap_or_default();
        let shown: Vec<_> = jobs
            .iter()
            .map(|job| shown(&id, &advisory, job, now))
            .collect();
        Json(shown).into_response()
    })
    .await
}

pub(super) async fn start(
    State(state): Sim,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    body: Bytes,
) -> Response {
    let defaults = query.iter().find(|(name, _)| name == "defaults");
    let defaults = defaults.map(|(_, value)| value.clone());
    answer(&state, SERVICE, "push", || {
        let now = state.clock().now();
        let started = change(&state, |tool| {
            let advisory = tool["advisories"].get(&id)?.clone();
            let targets = match (defaults.as_deref(), wanted(&body)) {
                (Some("stage"), _) => stage_targets(&advisory),
                (None, targets) if !targets.is_empty() => targets,
                _ => return Some(Err("the push targets are not allowed now".to_owned())),
            };
            let jobs = asked(tool, &id, &targets, now);
            Some(jobs.map(|jobs| (advisory, jobs)))
        });
        match started {
            Ok(Some(Ok((advisory, jobs)))) => {
                let jobs: Vec<_> = jobs
                    .iter()
                    .map(|job| shown(&id, &advisory, job, now))
                    .collect();
                (StatusCode::CREATED, Json(jobs)).into_response()
            }
            Ok(Some(Err(text))) => bad_request(text),
            Ok(None) => missing(&id),
            Err(broken) => broken,
        }
    })
    .await
}

/// Makes the jobs of a push to staging, or says why not; for whoever else speaks to the tool.
pub(crate) fn to_staging(tool: &mut Value, id: &str, now: Timestamp) -> Result<Vec<Value>, String> {
    let targets = stage_targets(&tool["advisories"][id]);
    asked(tool, id, &targets, now)
}

fn asked(
    tool: &mut Value,
    id: &str,
    targets: &[String],
    now: Timestamp,
) -> Result<Vec<Value>, String> {
    let advisory = tool["advisories"][id].clone();
    may_push(tool, &advisory, now)?;
    let jobs = targets
        .iter()
        .filter(|target| !is_complete(&advisory, target, now))
        .map(|target| make(tool, id, &advisory, target, now));
    Ok(jobs.collect())
}

fn may_push(tool: &Value, advisory: &Value, now: Timestamp) -> Result<(), String> {
    if advisory["state"] == "NEW_FILES" || advisory["state"] == "DROPPED_NO_SHIP" {
        let state = advisory["state"].as_str().unwrap_or_default();
        return Err(format!("an advisory in state {state} can not be pushed"));
    }
    if advisory["is_unsigned"] == true {
        return Err("packages are not signed yet".to_owned());
    }
    for number in advisory["blocking_advisories"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let blocker = &tool["advisories"][number.to_string()];
        let targets = stage_targets(blocker);
        let is_pushed = blocker["state"] == "SHIPPED_LIVE"
            || targets
                .iter()
                .all(|target| is_complete(blocker, target, now));
        if !is_pushed {
            return Err(format!(
                "advisory has dependencies that are not pushed yet: {number}"
            ));
        }
    }
    Ok(())
}

/// Whether a target has a good push since the builds last changed.
fn is_complete(advisory: &Value, target: &str, now: Timestamp) -> bool {
    let respin = advisory["respins"].as_u64().unwrap_or(0);
    let jobs = advisory["push"].as_array().into_iter().flatten();
    let mut good = jobs.filter(|job| {
        target_of(job) == target
            && job["respin"].as_u64().unwrap_or(0) == respin
            && status(job, now) == "COMPLETE"
    });
    good.next().is_some()
}

fn make(tool: &mut Value, id: &str, advisory: &Value, target: &str, now: Timestamp) -> Value {
    let all = tool["advisories"].as_object().into_iter().flatten();
    let jobs = all.flat_map(|(_, advisory)| advisory["push"].as_array().into_iter().flatten());
    let highest = jobs.filter_map(|job| job["id"].as_u64()).max();
    let minutes = tool["plan"]["push_minutes"].as_i64().unwrap_or(45);
    let result = planned(&mut tool["plan"]["push_results"]);
    let job = json!({
        "id": highest.unwrap_or(10 * number(id)) + 1,
        "target": target,
        "started_at": now.to_string(),
        "minutes": minutes,
        "result": result,
        "respin": advisory["respins"].as_u64().unwrap_or(0),
    });
    match tool["advisories"][id]["push"].as_array_mut() {
        Some(jobs) => jobs.push(job.clone()),
        None => tool["advisories"][id]["push"] = json!([job]),
    }
    job
}

/// The next result; the last one of a list stays.
fn planned(results: &mut Value) -> Value {
    match results {
        Value::Array(list) if list.len() > 1 => list.remove(0),
        Value::Array(list) => list.first().cloned().unwrap_or(json!("COMPLETE")),
        Value::String(word) => json!(word),
        _ => json!("COMPLETE"),
    }
}

fn shown(id: &str, advisory: &Value, job: &Value, now: Timestamp) -> Value {
    let target = target_of(job);
    let known = TARGETS.iter().find(|(name, _)| *name == target);
    let status = status(job, now);
    let task = if status == "QUEUED" {
        Value::Null
    } else {
        json!({"id": job["id"].as_u64().unwrap_or(0) + 600_000})
    };
    json!({
        "id": job["id"],
        "status": status,
        "target": {"id": known.map(|(_, number)| number), "name": target},
        "errata": {"id": number(id), "name": format!("{}-2027:{id}", kind(advisory))},
        "pub_task": task,
        "url": format!("https://errata.devel.redhat.com/api/v1/erratum/{id}/push/{}", job["id"]),
    })
}

/// Where a job stands.
pub(crate) fn status(job: &Value, now: Timestamp) -> String {
    let started: Option<Timestamp> = job["started_at"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let Some(started) = started else {
        return job["result"].as_str().unwrap_or("COMPLETE").to_owned();
    };
    let passed = now.duration_since(started);
    let whole = SignedDuration::from_mins(job["minutes"].as_i64().unwrap_or(0));
    let status = if passed >= whole {
        job["result"].as_str().unwrap_or("COMPLETE")
    } else if passed * 20 < whole {
        "QUEUED"
    } else if passed * 10 < whole {
        "READY"
    } else if passed * 2 < whole {
        "RUNNING"
    } else {
        "WAITING_ON_PUB"
    };
    status.to_owned()
}

/// The target of a job.
pub(crate) fn target_of(job: &Value) -> &str {
    job["target"].as_str().unwrap_or("cdn_stage")
}

fn stage_targets(advisory: &Value) -> Vec<String> {
    match texts(&advisory["stage_targets"]) {
        none if none.is_empty() => vec!["cdn_stage".to_owned()],
        targets => targets,
    }
}

/// The targets that a body names one by one.
fn wanted(body: &[u8]) -> Vec<String> {
    let list: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    list.iter()
        .filter_map(|entry| entry["target"].as_str().map(str::to_owned))
        .collect()
}
