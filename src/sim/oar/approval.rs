//! `change-advisory-status`: the approval, at once or by a background checker.

use serde_json::{Map, Value, json};

use super::{
    checker,
    command::{Command, Raised, Ran},
};
use crate::sim::shipment::BOT;

const TASK: &str = "change-advisory-status";
const STOP_SHIP: &str = "early-kernel-stop-ship";

enum Approved {
    Now,
    Scheduled,
    NotNow,
}

pub(super) async fn run(command: &mut Command<'_>) -> Ran {
    command.status(TASK, "In Progress");
    match steps(command) {
        Ok(Approved::Now) => command.status(TASK, "Pass"),
        Ok(Approved::Scheduled) => command.log.info(
            "Background metadata checker process started. Task status will be updated when metadata URL becomes accessible.",
        ),
        Ok(Approved::NotNow) => command.log.info(
            "Not all the release resources are approved e.g. ET advisories are not updated yet. Please try again later",
        ),
        Err(Raised::Error(error)) => {
            return Err(command.fail(TASK, "change advisory status to REL_PREP failed", &error));
        }
        Err(exit) => return Err(exit),
    }
    Ok(())
}

fn steps(command: &mut Command<'_>) -> Ran<Approved> {
    command.errata_client()?;
    let open_request = command.open_request();
    if let Err(Raised::Error(error)) = &open_request {
        command.log.info(format!(
            "ShipmentData initialization failed (MR likely merged): {error}"
        ));
    }
    let approved = approve(command, open_request.ok());
    let approved = match approved {
        Ok(approved) => approved,
        Err(Raised::Error(error)) => {
            command
                .log
                .error(format!("Failed to approve release: {error}"));
            return Err(error.into());
        }
        Err(exit) => return Err(exit),
    };
    close_subtasks(command)?;
    Ok(approved)
}

fn approve(command: &mut Command<'_>, request: Option<String>) -> Ran<Approved> {
    for (kind, id) in command.advisories() {
        check_kernel(command, &kind, &id)?;
    }
    match request {
        Some(number) => approve_request(command, &number),
        None => {
            let line = format!(
                "Shipment MR for {} already merged, skipping QE approval step",
                command.release
            );
            command.log.info(line);
        }
    }
    if is_reachable(command) {
        command.log.info("The metadata url is accessible");
        checker::move_advisories(command.outside, &command.advisories(), &mut command.log)?;
        return Ok(Approved::Now);
    }
    command
        .log
        .info("Payload metadata URL not accessible immediately, scheduling background check...");
    let y_stream = command.y_stream();
    if command.outside.get(&["oar", "checker"]).is_object() {
        command.log.warning(format!(
            "Scheduler is already running for release {y_stream} (lock file exists), skipping additional instance"
        ));
        return Ok(Approved::NotNow);
    }
    let pid = 4000
        + command
            .outside
            .get(&["oar", "triggers", "oar_change_advisory_status"])
            .as_u64()
            .unwrap_or(0);
    let now = command.outside.now();
    let file = format!(
        "/tmp/oar_logs/metadata_checker_{y_stream}_{}.log",
        now.strftime("%Y%m%d_%H%M%S")
    );
    command.outside.set(
        &["oar", "checker"],
        json!({
            "release": command.release,
            "y_stream": y_stream,
            "started_at": now.to_string(),
            "pid": pid,
            "checks": 0,
            "log": file,
        }),
    );
    command.outside.triggered("oar_change_advisory_status");
    command.log.info(
        "Environment for background process - OAR_SLACK_CHANNEL: None, OAR_SLACK_THREAD: None",
    );
    command.log.info(format!("Background metadata checker process started (PID: {pid}) - running independently after parent exit"));
    command
        .log
        .info(format!("Process output redirected to: {file}"));
    Ok(Approved::Scheduled)
}

fn approve_request(command: &mut Command<'_>, number: &str) {
    let user = BOT;
    let outside = command.outside;
    let approvers = outside.get(&["gitlab", "merge_requests", number, "approved_by"]);
    let has_approved = approvers
        .as_array()
        .is_some_and(|list| list.iter().any(|name| name == user));
    if has_approved {
        command
            .log
            .info(format!("User {user} has already approved MR {number}"));
    } else {
        outside.append(
            &["gitlab", "merge_requests", number, "approved_by"],
            user.into(),
        );
        outside.count(&["oar", "triggers", "approve_merge_request"]);
        command
            .log
            .info(format!("Successfully approved MR {number}"));
    }
    command
        .log
        .info(format!("Successfully added QE approval to MR {number}"));
}

fn is_reachable(command: &mut Command<'_>) -> bool {
    if command.outside.lacks("OC") || command.outside.state().fault("oc", "info").is_some() {
        command
            .log
            .error("Execute oc command failed: error: unable to read image");
        return false;
    }
    let Some(page) = command.outside.announcement(command.release) else {
        return false;
    };
    let line = format!("Checking accessiblity of metadata url {}", page.url);
    command.log.info(line);
    if !page.is_public {
        command.log.info("The metadata url is not accessible");
    }
    page.is_public
}

/// Stops at a kernel that must not ship.
fn check_kernel(command: &mut Command<'_>, kind: &str, id: &str) -> Ran {
    if !matches!(kind, "image" | "rhcos") {
        command.log.info(format!(
            "{kind} advisory does not have RHCOS build, skip checking kernel tag"
        ));
        return Ok(());
    }
    let builds = command.outside.get(&["errata", "advisories", id, "builds"]);
    let names = builds.as_object().into_iter().flat_map(Map::values);
    let mut names = names
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str);
    let Some(nvr) = names.rfind(|name| name.starts_with("rhcos-x86")) else {
        command
            .log
            .warning("No RHCOS nvr found, skip kernel tag checking");
        return Ok(());
    };
    command.log.info(format!("RHCOS nvr is {nvr}"));
    let components = command.outside.get(&["brew", "builds", nvr, "components"]);
    let mut components = components.as_array().into_iter().flatten();
    let Some(kernel) = components.find(|component| component[0] == "kernel") else {
        return Err("'NoneType' object is not subscriptable".into());
    };
    let part = |place: usize| kernel[place].as_str().unwrap_or_default();
    let kernel = format!("kernel-{}-{}", part(1), part(2));
    command.log.info(format!("The commit metadata is {kernel}"));
    let tags = command.outside.get(&["brew", "builds", &kernel, "tags"]);
    let tags: Vec<_> = tags
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let listed: Vec<_> = tags.iter().map(|tag| format!("'{tag}'")).collect();
    command
        .log
        .info(format!("Tags of this build is [{}]", listed.join(", ")));
    if tags.contains(&STOP_SHIP) {
        command
            .log
            .info(format!("kernel tag {STOP_SHIP} is detected"));
        let error =
            format!("kernel tag {STOP_SHIP} is found, stop moving advisory status, please check.");
        return Err(error.as_str().into());
    }
    Ok(())
}

fn close_subtasks(command: &mut Command<'_>) -> Ran {
    command.slack_client()?;
    for (key, subtask) in command.subtasks() {
        let summary = subtask["summary"].as_str().unwrap_or_default();
        command.log.info(format!("found subtask {key} - {summary}"));
        command
            .outside
            .set(&["jira", "issues", &key, "status"], json!("Closed"));
        command
            .log
            .info(format!("jira issue {key} is updated to Closed"));
    }
    Ok(())
}
