//! The tools that answer with JSON, and `/health`.

use axum::http::StatusCode;
use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{
    outside::{Outside, y_stream},
    worksheet::Worksheet,
};
use crate::release::{TaskStatus, statebox::time::parse_day, task::WORKFLOW_TASKS};

const CACHE_SIZE: usize = 50;
const FINAL_STATES: [&str; 4] = ["REL_PREP", "PUSH_READY", "IN_PUSH", "SHIPPED_LIVE"];

pub(super) async fn run(outside: &Outside, name: &str, arguments: &Map<String, Value>) -> String {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    let release = text("release").unwrap_or_default();
    let answer = match name {
        "oar_get_release_metadata" => metadata(outside, release),
        "oar_is_release_shipped" => shipped(outside, release),
        "oar_get_release_status" => status(outside, release).await,
        "oar_update_task_status" => update(outside, release, arguments).await,
        "discover_active_releases" => discover(outside).await,
        "mcp_cache_stats" => cache_stats(outside),
        "mcp_cache_invalidate" => cache_invalidate(outside, text("release")),
        _ => cache_warm(outside, text("releases").unwrap_or_default()),
    };
    python_json(&answer)
}

/// JSON as Python writes it: with spaces after separators and without letters beyond ASCII.
pub(super) fn python_json(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(python_json).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", ascii(key), python_json(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::String(text) => ascii(text),
        other => other.to_string(),
    }
}

/// The health of the server.
pub(super) fn health(outside: &Outside) -> (StatusCode, Value) {
    let has_ticket = !outside.lacks("KERBEROS");
    let (size, hits, misses) = {
        let cache = outside.cache();
        (cache.entries.len(), cache.hits, cache.misses)
    };
    let answer = json!({
        "status": if has_ticket { "healthy" } else { "degraded" },
        "server": "release-tests-mcp",
        "version": "1.0.0",
        "transport": "http",
        "tools": {"total": 29, "cli": 17, "api": 12},
        "environment": {"valid": true, "missing_required": [], "missing_optional": ["SLACK_APP_TOKEN"]},
        "kerberos": {"valid": has_ticket, "status": if has_ticket { "valid" } else { "no_ticket" }},
        "cache": {
            "enabled": true,
            "size": size,
            "max_size": CACHE_SIZE,
            "hit_rate": hit_rate(hits, misses),
            "ttl_days": 7,
        },
        "thread_pool": {"size": 32, "cpu_count": 16},
        "timestamp": outside.now().strftime("%Y-%m-%dT%H:%M:%S.000000+00:00").to_string(),
    });
    let status = if has_ticket {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, answer)
}

fn metadata(outside: &Outside, release: &str) -> Value {
    match outside.build_data(release) {
        Ok(data) => json!({
            "release": release,
            "advisories": data.get("advisories").cloned().unwrap_or_else(|| json!({})),
            "jira_ticket": data["jira_ticket"].as_str().unwrap_or_default(),
            "candidate_builds": data.get("candidate_builds").cloned().unwrap_or_else(|| json!({})),
            "shipment_mr": data["shipment_mr"].as_str().unwrap_or_default(),
            "release_date": data["release_date"].as_str().unwrap_or_default(),
        }),
        Err(error) => json!({"error": error, "release": release}),
    }
}

fn shipped(outside: &Outside, release: &str) -> Value {
    let data = match outside.build_data(release) {
        Ok(data) => data,
        Err(error) => return json!({"error": error, "shipped": false, "details": {}}),
    };
    let mut details = Map::new();
    let request = data["shipment_mr"]
        .as_str()
        .and_then(|url| url.rsplit('/').next())
        .filter(|number| !number.is_empty());
    let mut is_shipped = true;
    if let Some(number) = request {
        let entry = outside.get(&["gitlab", "merge_requests", number]);
        if entry["state"] == "opened" {
            let production = entry["prod_release"].as_str().unwrap_or("not yet");
            details.insert("prod_release".to_owned(), json!(production));
            details.insert("shipment_mr_merged".to_owned(), json!("no"));
            is_shipped = production == "success";
        } else {
            details.insert("shipment_mr_status".to_owned(), json!("merged"));
        }
    }
    for (kind, id) in data["advisories"].as_object().into_iter().flatten() {
        let id = id.to_string();
        let state = outside.get(&["errata", "advisories", id.trim_matches('"'), "state"]);
        let state = match state.as_str() {
            Some(state) => state.to_owned(),
            None => format!("error: advisory {id} not found"),
        };
        is_shipped &= FINAL_STATES.contains(&state.as_str());
        details.insert(format!("{kind}_advisory"), json!(state));
    }
    let flow = if request.is_some() {
        "konflux"
    } else {
        "errata"
    };
    json!({"shipped": is_shipped, "flow_type": flow, "details": details})
}

async fn status(outside: &Outside, release: &str) -> Value {
    let read = match outside.lacks("GITHUB_TOKEN") || semver::Version::parse(release).is_err() {
        true => Ok(None),
        false => outside.book().document(release).await,
    };
    if let Ok(Some(document)) = read {
        return document;
    }
    if outside.lacks("GCP_SA_FILE") {
        return json!({
            "source": "error",
            "error": "SA file path is invalid: /dev/null",
            "release": release,
            "overall_status": "Unknown",
            "tasks": {},
        });
    }
    let worksheet = match Worksheet::find(outside, release) {
        Ok(worksheet) => worksheet,
        Err(error) => {
            return json!({
                "source": "error",
                "error": error,
                "release": release,
                "overall_status": "Unknown",
                "tasks": {},
            });
        }
    };
    let tasks: Map<String, Value> = WORKFLOW_TASKS
        .iter()
        .map(|task| ((*task).to_owned(), json!(worksheet.status(task))))
        .collect();
    json!({
        "source": "worksheet",
        "release": release,
        "overall_status": worksheet.overall(),
        "tasks": tasks,
    })
}

async fn update(outside: &Outside, release: &str, arguments: &Map<String, Value>) -> Value {
    let text = |key: &str| arguments.get(key).and_then(Value::as_str);
    let task = text("task_name").unwrap_or_default();
    let word = text("status").unwrap_or_default();
    if !matches!(word, "Pass" | "Fail" | "In Progress") {
        return json!({"success": false, "error": format!("Invalid status: {word}. Must be one of: Pass, Fail, In Progress")});
    }
    if !WORKFLOW_TASKS.contains(&task) {
        let names = WORKFLOW_TASKS.join(", ");
        return json!({"success": false, "error": format!("Invalid task name: {task}. Must be one of: {names}")});
    }
    let result = text("result").filter(|text| !text.trim().is_empty());
    let failed = |error: String| json!({"success": false, "error": error, "release": release, "task": task, "status": word});
    let data = match outside.build_data(release) {
        Ok(data) => data,
        Err(error) => return failed(error),
    };
    let mut systems = Vec::new();
    let has_box = matches!(outside.book().document(release).await, Ok(Some(_)));
    if has_box && !outside.lacks("GITHUB_TOKEN") {
        let status: TaskStatus = word.parse().expect("the word was checked");
        let written = outside
            .book()
            .record(release, &data, task, status, result, outside.now())
            .await;
        if written.is_ok() {
            systems.push("statebox");
        }
    }
    if outside.lacks("GCP_SA_FILE") {
        return failed("SA file path is invalid: /dev/null".to_owned());
    }
    if let Ok(worksheet) = Worksheet::find(outside, release) {
        worksheet.set(task, word);
        systems.push("worksheet");
    }
    let mut answer = json!({
        "success": true,
        "release": release,
        "task": task,
        "status": word,
        "updated_systems": systems,
        "message": format!("Successfully updated task '{task}' to '{word}' in {}", systems.join(", ")),
    });
    if let Some(result) = result {
        let length = result.chars().count();
        let preview: String = result.chars().take(200).collect();
        let rest = if length > 200 { "..." } else { "" };
        answer["result_length"] = json!(length);
        answer["result_preview"] = json!(format!("{preview}{rest}"));
    }
    answer
}

async fn discover(outside: &Outside) -> Value {
    if outside.lacks("GITHUB_TOKEN") {
        return json!({"error": "GitHub token not found. Set GITHUB_TOKEN environment variable.", "releases": []});
    }
    let today = TimeZone::UTC.to_datetime(outside.now()).date();
    let releases = outside.get(&["sim", "releases"]);
    let mut latest: Vec<semver::Version> = Vec::new();
    for release in releases.as_object().into_iter().flat_map(Map::keys) {
        let Ok(version) = semver::Version::parse(release) else {
            continue;
        };
        let Ok(Some(document)) = outside.book().document(release).await else {
            continue;
        };
        if !is_active(&document["metadata"], today) {
            continue;
        }
        match latest
            .iter_mut()
            .find(|other| y_stream(&other.to_string()) == y_stream(release))
        {
            Some(other) => *other = version.max(other.clone()),
            None => latest.push(version),
        }
    }
    latest.sort();
    let latest: Vec<_> = latest.iter().map(ToString::to_string).collect();
    json!({"releases": latest})
}

fn is_active(data: &Value, today: Date) -> bool {
    data["release_date"]
        .as_str()
        .and_then(parse_day)
        .and_then(|day| day.checked_add(SignedDuration::from_hours(24)).ok())
        .is_some_and(|last_day| today <= last_day)
}

fn cache_stats(outside: &Outside) -> Value {
    let cache = outside.cache();
    let entries: Vec<_> = cache
        .entries
        .keys()
        .map(|release| json!({"release": release, "cached": true, "ttl_human": "7 days"}))
        .collect();
    json!({
        "metrics": {
            "hits": cache.hits,
            "misses": cache.misses,
            "evictions": 0,
            "manual_invalidations": cache.invalidations,
            "hit_rate": hit_rate(cache.hits, cache.misses),
            "total_requests": cache.hits + cache.misses,
        },
        "cache_size": entries.len(),
        "max_size": CACHE_SIZE,
        "ttl_seconds": 604_800,
        "ttl_human": "7 days",
        "entries": entries,
    })
}

fn cache_invalidate(outside: &Outside, release: Option<&str>) -> Value {
    let mut cache = outside.cache();
    cache.invalidations += 1;
    match release {
        None => cache.entries.clear(),
        Some(release) => {
            cache.entries.remove(release);
        }
    }
    match release.filter(|release| !release.is_empty()) {
        Some(release) => {
            json!({"success": true, "message": format!("Cache entry for release {release} invalidated"), "release": release})
        }
        None => {
            json!({"success": true, "message": "All cache entries invalidated", "release": "all"})
        }
    }
}

fn cache_warm(outside: &Outside, releases: &str) -> Value {
    let releases: Vec<_> = releases
        .split(',')
        .map(str::trim)
        .filter(|release| !release.is_empty())
        .collect();
    if releases.is_empty() {
        return json!({"success": false, "error": "No releases provided. Expected comma-separated list (e.g., '4.19.1,4.18.5')"});
    }
    let known = releases
        .iter()
        .filter(|release| outside.build_data(release).is_ok())
        .count();
    tracing::debug!("{known} of {} releases are in the cache", releases.len());
    json!({
        "success": true,
        "message": format!("Cache warmed with {} releases", releases.len()),
        "releases": releases,
    })
}

fn hit_rate(hits: u64, misses: u64) -> String {
    let total = (hits + misses).max(1);
    format!("{:.2}%", hits as f64 * 100.0 / total as f64)
}

fn ascii(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    let mut plain = String::with_capacity(quoted.len());
    for letter in quoted.chars() {
        if letter.is_ascii() {
            plain.push(letter);
        } else {
            let mut units = [0_u16; 2];
            for unit in letter.encode_utf16(&mut units) {
                plain.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    plain
}
