//! Pipelines of merge requests.
//!
//! A merge request may list its `pipelines` in its document, each with `id`, `status`, `created_at` and
//! perhaps `sha`, `jobs` and `bridges`. One that lists none has the usual pipeline, which follows the
//! words `stage_release` and `prod_release` that the rest of the world sets.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    requests::Found,
    world::{PAGES, is_numbered, source_of},
};

/// A pipeline with all its parts.
pub struct Pipeline {
    /// As the API shows it.
    pub shown: Value,
    /// Its jobs.
    pub jobs: Vec<Value>,
    /// Its bridges.
    pub bridges: Vec<Value>,
}

/// The pipelines of a merge request, the newest first.
pub fn pipelines(found: &Found<'_>) -> Vec<Pipeline> {
    let stored = found.stored;
    let mut pipelines: Vec<Pipeline> = match stored["pipelines"].as_array() {
        Some(list) => list
            .iter()
            .map(|pipeline| listed(found, pipeline))
            .collect(),
        None => vec![usual(found)],
    };
    pipelines.sort_by_key(|pipeline| std::cmp::Reverse(pipeline.shown["id"].as_u64()));
    pipelines
}

/// The pipeline with this number, also one that a bridge started.
pub fn pipeline(gitlab: &Value, project: &str, id: &str) -> Option<Pipeline> {
    for (iid, stored) in gitlab["merge_requests"].as_object()? {
        if source_of(stored) != project {
            continue;
        }
        let found = Found {
            gitlab,
            iid,
            stored,
        };
        for pipeline in pipelines(&found) {
            if is_numbered(&pipeline.shown, id) {
                return Some(pipeline);
            }
            for bridge in &pipeline.bridges {
                let started = &bridge["downstream_pipeline"];
                if is_numbered(started, id) {
                    return Some(downstream(&found, started));
                }
            }
        }
    }
    None
}

fn listed(found: &Found<'_>, stored: &Value) -> Pipeline {
    let id = stored["id"].as_u64().unwrap_or_default();
    let created_at = found.created_at().to_string();
    let status = stored["status"].as_str().unwrap_or("running");
    let mut shown = shape(found, id, status, "merge_request_event");
    shown["created_at"] = json!(stored["created_at"].as_str().unwrap_or(&created_at));
    if let Some(sha) = stored["sha"].as_str() {
        shown["sha"] = json!(sha);
    }
    let parts = |key: &str, first: u64| -> Vec<Value> {
        let list = stored[key].as_array().into_iter().flatten();
        let full = list.enumerate().map(|(place, part)| {
            let id = part["id"]
                .as_u64()
                .unwrap_or(id * 1_000 + first + place as u64);
            let mut full = job(
                found,
                id,
                part["name"].as_str().unwrap_or("job"),
                "test",
                "created",
                &shown,
            );
            for (key, value) in part.as_object().into_iter().flatten() {
                full[key] = value.clone();
            }
            full
        });
        full.collect()
    };
    Pipeline {
        jobs: parts("jobs", 1),
        bridges: parts("bridges", 501),
        shown,
    }
}

fn usual(found: &Found<'_>) -> Pipeline {
    let number = found.number();
    let stage = word(&found.stored["stage_release"], "created");
    let prod = match word(&found.stored["prod_release"], "manual").as_str() {
        "manual" if stage != "success" => "created".to_owned(),
        word => word.to_owned(),
    };
    let status = match (stage.as_str(), prod.as_str()) {
        ("success", "manual") => "manual",
        ("success", other) => other,
        ("failed" | "canceled", _) => stage.as_str(),
        _ => "running",
    };
    let mut shown = shape(found, 7_000 + number, status, "merge_request_event");
    let begun = found.created_at() + SignedDuration::from_mins(15);
    shown["created_at"] = json!(begun.to_string());
    let checks = found.changes();
    let jobs = checks.iter().enumerate().map(|(place, change)| {
        let name = change["new_path"].as_str().unwrap_or_default();
        let name = format!("validate {}", name.rsplit('/').next().unwrap_or_default());
        job(
            found,
            number * 1_000 + place as u64,
            &name,
            "validate",
            "success",
            &shown,
        )
    });
    let bridge = |id: u64, name: &str, stage: &str, status: &str| {
        let mut bridge = job(found, id, name, stage, status, &shown);
        if !matches!(status, "created" | "manual" | "skipped") {
            let started = shape(found, id + 10_000_000, status, "parent_pipeline");
            bridge["downstream_pipeline"] = started;
        }
        bridge
    };
    Pipeline {
        jobs: jobs.collect(),
        bridges: vec![
            bridge(
                8_000_000 + number,
                "stage-job",
                "stage-release-triggers",
                &stage,
            ),
            bridge(
                8_500_000 + number,
                "prod-job",
                "prod-release-triggers",
                &prod,
            ),
        ],
        shown,
    }
}

fn downstream(found: &Found<'_>, started: &Value) -> Pipeline {
    let mut shown = started.clone();
    shown["created_at"] = json!(found.created_at().to_string());
    let id = shown["id"].as_u64().unwrap_or_default();
    let status = shown["status"].as_str().unwrap_or("running").to_owned();
    Pipeline {
        jobs: vec![job(found, id * 10, "release", "release", &status, &shown)],
        bridges: Vec::new(),
        shown,
    }
}

/// The words of the rest of the world that are none of GitLab's.
fn word(stored: &Value, unbegun: &str) -> String {
    match stored.as_str() {
        None | Some("not_started" | "not yet") => unbegun.to_owned(),
        Some(word) => word.to_owned(),
    }
}

fn shape(found: &Found<'_>, id: u64, status: &str, source: &str) -> Value {
    let project = source_of(found.stored);
    json!({
        "id": id,
        "iid": id % 1_000,
        "project_id": found.gitlab["projects"][project]["id"],
        "sha": found.head(),
        "ref": format!("refs/merge-requests/{}/head", found.iid),
        "status": status,
        "source": source,
        "created_at": found.created_at().to_string(),
        "web_url": format!("{PAGES}/{project}/-/pipelines/{id}"),
    })
}

fn job(
    found: &Found<'_>,
    id: u64,
    name: &str,
    stage: &str,
    status: &str,
    pipeline: &Value,
) -> Value {
    let project = source_of(found.stored);
    json!({
        "id": id,
        "name": name,
        "stage": stage,
        "status": status,
        "allow_failure": false,
        "created_at": pipeline["created_at"],
        "web_url": format!("{PAGES}/{project}/-/jobs/{id}"),
        "pipeline": {"id": pipeline["id"], "project_id": pipeline["project_id"]},
    })
}
