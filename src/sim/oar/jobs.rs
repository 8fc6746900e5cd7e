//! The tools of `oarctl`, `job` and `jobctl`, whose log lines the server does not return.

use serde_json::{Map, Value, json};

use super::{command, outside::Outside, text};
use crate::sim::build_data;

pub(super) async fn run(outside: &Outside, name: &str, arguments: &Map<String, Value>) -> String {
    match name {
        "oarctl_start_release_detector" => detect(outside, arguments).await,
        "oarctl_jira_notificator" => text::succeeded(""),
        "job_run" => job(outside, arguments),
        _ => controller(outside, name, arguments),
    }
}

async fn detect(outside: &Outside, arguments: &Map<String, Value>) -> String {
    let stream = argument(arguments, "release");
    let is_stream =
        stream.split('.').count() == 2 && stream.split('.').all(|part| part.parse::<u32>().is_ok());
    if !is_stream {
        let usage = format!(
            "Usage: oarctl start-release-detector [OPTIONS]\n\nError: Invalid OCP minor version {stream}"
        );
        return text::failed(2, &usage);
    }
    let newest = outside
        .state()
        .read(|stored| build_data::releases(&stored.documents, stream))
        .into_iter()
        .max();
    if let Some(newest) = newest {
        let mut report = Map::new();
        report.insert("release".to_owned(), json!(newest.to_string()));
        command::run(outside, "oar_create_test_report", &report).await;
    }
    text::succeeded("")
}

fn job(outside: &Outside, arguments: &Map<String, Value>) -> String {
    if outside.lacks("APITOKEN") {
        return text::succeeded("Debug mode is off\nNo APITOKEN env var found, exit...");
    }
    let name = argument(arguments, "job_name");
    let payload = argument(arguments, "payload");
    let request = format!(
        "{{'job_execution_type': '1', 'pod_spec_options': {{'envs': {{'RELEASE_IMAGE_LATEST': '{payload}'}}}}}}"
    );
    if !name.starts_with("periodic-ci-") {
        return text::succeeded(&format!(
            "Debug mode is off\nWarning! Couldn't find job: {name}"
        ));
    }
    let id = start(outside, name, payload);
    outside.triggered("job_run");
    text::succeeded(&format!(
        "Debug mode is off\n{request}\nReturned job id: {id}\nJob {id} results: {{'jobName': '{name}', 'jobState': 'triggered'}}"
    ))
}

fn controller(outside: &Outside, name: &str, arguments: &Map<String, Value>) -> String {
    let missing: Vec<_> = ["GITHUB_TOKEN", "APITOKEN"]
        .into_iter()
        .filter(|variable| outside.lacks(variable))
        .collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        return text::failed(
            1,
            &format!("Missing required environment variables: {names}"),
        );
    }
    let starts_jobs = matches!(
        name,
        "jobctl_start_controller" | "jobctl_trigger_jobs_for_build"
    );
    if starts_jobs {
        let build = match argument(arguments, "build") {
            "" => argument(arguments, "release"),
            build => build,
        };
        start(
            outside,
            "periodic-ci-openshift-release-tests-blocking",
            build,
        );
    }
    outside.triggered(name);
    text::succeeded("")
}

fn start(outside: &Outside, name: &str, what: &str) -> String {
    let id = outside.state().fresh_id().to_string();
    outside.set(
        &["prow", "jobs", &id],
        json!({
            "job": name,
            "started_at": outside.now().to_string(),
            "minutes": outside.get(&["prow", "plan", "minutes"]).as_i64().unwrap_or(100),
            "outcome": "success",
            "release": what,
        }),
    );
    id
}

fn argument<'a>(arguments: &'a Map<String, Value>, name: &str) -> &'a str {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
