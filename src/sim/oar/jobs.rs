//! The tools of `oarctl`, `job` and `jobctl`, whose log lines the server does not return.

use serde_json::{Map, Value, json};

use super::{
    command,
    finished::{Finished, usage},
    outside::Outside,
    text::Log,
};
use crate::sim::build_data;

pub(super) async fn run(outside: &Outside, name: &str, arguments: &Map<String, Value>) -> Finished {
    let mut log = Log::new(outside.now());
    let code = match name {
        "oarctl_start_release_detector" => detect(outside, arguments, &mut log).await,
        "oarctl_jira_notificator" => 0,
        "job_run" => job(outside, arguments, &mut log),
        _ => controller(outside, name, arguments, &mut log),
    };
    Finished::of_others(code, log)
}

async fn detect(outside: &Outside, arguments: &Map<String, Value>, log: &mut Log) -> i32 {
    let stream = argument(arguments, "release");
    let is_stream =
        stream.split('.').count() == 2 && stream.split('.').all(|part| part.parse::<u32>().is_ok());
    if !is_stream {
        let error = format!("Invalid OCP minor version {stream}");
        log.print(usage("oarctl start-release-detector", &error));
        return 2;
    }
    let newest = outside
        .state()
        .read(|stored| build_data::releases(&stored.documents, stream))
        .into_iter()
        .max();
    if let Some(newest) = newest {
        let mut report = Map::new();
        report.insert("release".to_owned(), json!(newest.to_string()));
        log.info(format!("latest z-stream version: {newest}"));
        command::run(outside, "oar_create_test_report", &report).await;
        log.info(format!("test report is created for {newest}"));
    }
    0
}

fn job(outside: &Outside, arguments: &Map<String, Value>, log: &mut Log) -> i32 {
    log.print("Debug mode is off");
    if outside.lacks("APITOKEN") {
        log.print("No APITOKEN env var found, exit...");
        return 0;
    }
    let name = argument(arguments, "job_name");
    let payload = argument(arguments, "payload");
    let request = format!(
        "{{'job_execution_type': '1', 'pod_spec_options': {{'envs': {{'RELEASE_IMAGE_LATEST': '{payload}'}}}}}}"
    );
    if !name.starts_with("periodic-ci-") {
        log.print(format!("Warning! Couldn't find job: {name}"));
        return 0;
    }
    let id = start(outside, name, payload);
    outside.triggered("job_run");
    log.print(format!(
        "{request}\nReturned job id: {id}\nJob {id} results: {{'jobName': '{name}', 'jobState': 'triggered'}}"
    ));
    0
}

fn controller(outside: &Outside, name: &str, arguments: &Map<String, Value>, log: &mut Log) -> i32 {
    let missing: Vec<_> = ["GITHUB_TOKEN", "APITOKEN"]
        .into_iter()
        .filter(|variable| outside.lacks(variable))
        .collect();
    if !missing.is_empty() {
        let names = missing.join(", ");
        log.print(format!("Missing required environment variables: {names}"));
        return 1;
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
    0
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
