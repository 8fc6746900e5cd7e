//! `image-consistency-check`: starts the Prow job, or looks at one.

use serde_json::{Value, json};

use super::{
    command::{Command, Raised, Ran},
    outside::{Outside, is_over},
};

const TASK: &str = "image-consistency-check";
const JOB: &str = "periodic-ci-openshift-release-tests-main-image-consistency-check";
const TRIGGERED: &str = "Triggered image consistency check Prow job: ";

pub(super) async fn run(command: &mut Command<'_>) -> Ran {
    command.slack_client()?;
    let request = command.open_request()?;
    command.statebox_client()?;
    match command.argument("job_id") {
        Some(id) => look(command, &request, &id),
        None => trigger(command).await,
    }
}

async fn trigger(command: &mut Command<'_>) -> Ran {
    let (status, result) = command.recorded(TASK).await?;
    if status.as_deref() == Some("Pass") {
        command
            .log
            .info("Image consistency check already passed, skipping");
        return Ok(());
    }
    let before = result
        .filter(|_| status.as_deref() == Some("In Progress"))
        .and_then(|text| triggered_id(&text));
    if let Some(id) = before {
        let state = state_of(command.outside, &id).unwrap_or_default();
        if matches!(state.as_str(), "triggered" | "pending" | "success") {
            command.log.info(format!(
                "Prow job {id} already in state '{state}', skipping duplicate trigger"
            ));
            return Ok(());
        }
        command.log.info(format!(
            "Prow job {id} ended with state '{state}', re-triggering"
        ));
    }
    command.status(TASK, "In Progress");
    match post(command) {
        Ok(()) => Ok(()),
        Err(Raised::Error(error)) => {
            command.log.error(format!(
                "Failed to trigger image consistency check Prow job: {error}"
            ));
            command.status(TASK, "Fail");
            Err(error.into())
        }
        Err(exit) => Err(exit),
    }
}

fn post(command: &mut Command<'_>) -> Ran {
    let outside = command.outside;
    if outside.lacks("APITOKEN") {
        command.log.print("No APITOKEN env var found, exit...");
        return Err(Raised::Exit);
    }
    if let Some(fault) = outside.state().fault("prow", "trigger") {
        let code = fault.kind.strip_prefix("status:").unwrap_or("503");
        return Err(format!("Failed to run image consistency check job. Error code: {code}, reason: Service Unavailable").into());
    }
    let id = outside.state().fresh_id().to_string();
    let outcome = outside.planned(&["prow", "plan", "outcomes"], "success");
    let minutes = outside
        .get(&["prow", "plan", "minutes"])
        .as_i64()
        .unwrap_or(100);
    outside.set(
        &["prow", "jobs", &id],
        json!({
            "job": JOB,
            "started_at": outside.now().to_string(),
            "minutes": minutes,
            "outcome": outcome,
            "release": command.release,
        }),
    );
    outside.triggered("oar_image_consistency_check");
    command
        .log
        .print(format!("Image consistency check job id: {id}"));
    if outside.state().fault("prow", "url").is_some() {
        return Err(format!("Job {id} not ready after 5 attempts (25s).").into());
    }
    let url = url(&id);
    command
        .log
        .print(format!("Image consistency check job url: {url}"));
    command.log.info(format!("{TRIGGERED}{id}"));
    command.log.info(format!("Prow job URL: {url}"));
    let text = format!(
        "image consistency check of {} runs at {url}",
        command.release
    );
    if outside.slack("#team-qe-release", &text).is_err() {
        return Err("share prow job url failed".into());
    }
    command.log.info("sent slack message to <#team-qe-release>");
    Ok(())
}

fn look(command: &mut Command<'_>, request: &str, id: &str) -> Ran {
    command.log.info(format!(
        "Checking image consistency check Prow job status for job ID: {id}"
    ));
    let Some(state) = state_of(command.outside, id) else {
        command
            .log
            .error(format!("Could not retrieve job info for job ID: {id}"));
        command.status(TASK, "Fail");
        return Err(format!("Job {id} not found or Prow API error").into());
    };
    command
        .log
        .info(format!("Job state: {state}, URL: {}", url(id)));
    match state.as_str() {
        "success" => return health(command, request),
        "triggered" | "pending" => command.status(TASK, "In Progress"),
        "aborted" | "error" => {
            command.log.warning(format!(
                "Prow job {id} ended with state '{state}', resetting for re-trigger"
            ));
            command.status(TASK, "Not Started");
        }
        _ => command.status(TASK, "Fail"),
    }
    Ok(())
}

fn health(command: &mut Command<'_>, request: &str) -> Ran {
    command.log.info(format!(
        "Starting image health check for shipment MR {request}"
    ));
    if command.stage_release(request).is_err() {
        let error = "Stage release pipeline is not completed yet";
        command
            .log
            .error(format!("Image health check failed: {error}"));
        return Err(error.into());
    }
    let unhealthy = command
        .outside
        .get(&["prow", "plan", "unhealthy_images"])
        .as_u64()
        .unwrap_or(0);
    command.log.info(format!("Processing MR {request}"));
    command.log.info("Found 851 images to check");
    command.log.info(format!(
        "Completed image health check. Scanned 851 images, found {unhealthy} unhealthy"
    ));
    command.outside.append(
        &["gitlab", "merge_requests", request, "notes"],
        format!("image health summary: {unhealthy} unhealthy").into(),
    );
    command
        .log
        .info(format!("Added image health summary to MR {request}"));
    command.status(TASK, if unhealthy == 0 { "Pass" } else { "Fail" });
    Ok(())
}

/// The state of a Prow job now; `None` when Prow does not know it (any more).
fn state_of(outside: &Outside, id: &str) -> Option<String> {
    if outside.state().fault("prow", "job").is_some() {
        return None;
    }
    let job = outside.get(&["prow", "jobs", id]);
    if !job.is_object() {
        return None;
    }
    let state = match &job["outcome"] {
        Value::String(outcome) if is_over(&job, outside.now()) => outcome.as_str(),
        _ => "pending",
    };
    Some(state.to_owned())
}

fn triggered_id(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(TRIGGERED)?;
    rest.split_whitespace().next().map(str::to_owned)
}

fn url(id: &str) -> String {
    let number = id
        .bytes()
        .fold(2_000_000_000_000_000_000_u64, |number, byte| {
            number.wrapping_mul(31).wrapping_add(u64::from(byte)) % 100_000_000_000_000_000
        });
    format!("https://prow.ci.openshift.org/view/gs/test-platform-results/logs/{JOB}/2{number:018}")
}
