//! `push-to-cdn-staging`: looks at the push jobs of every advisory and starts what is missing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::command::{Command, Raised, Ran};
use crate::services::errata::emulator::push;

const TASK: &str = "push-to-cdn-staging";

pub(super) fn run(command: &mut Command<'_>) -> Ran {
    command.status(TASK, "In Progress");
    match steps(command) {
        Ok(true) => {
            command.status(TASK, "Pass");
            Ok(())
        }
        Ok(false) => Ok(()),
        Err(Raised::Error(error)) => {
            command.log.exception("push to cdn staging failed", &error);
            command.status(TASK, "Fail");
            Err(format!("push to cdn failed: {error}").into())
        }
        Err(exit) => Err(exit),
    }
}

fn steps(command: &mut Command<'_>) -> Ran<bool> {
    command.errata_client()?;
    let mut is_complete = true;
    for (_, id) in command.advisories() {
        command
            .log
            .info(format!("checking push job status for advisory {id} ..."));
        if command.outside.state().fault("errata", "push").is_some() {
            return Err("500 Server Error: Internal Server Error for url: https://errata.example.com/api/v1".into());
        }
        is_complete &= advisory(command, &id)?;
    }
    Ok(is_complete)
}

/// Whether the pushes of an advisory are complete; starts what is missing.
fn advisory(command: &mut Command<'_>, id: &str) -> Ran<bool> {
    let newest = newest(command, id);
    if newest.is_empty() {
        command
            .log
            .info(format!("no push job found for advisory {id}"));
        start(command, id)?;
        return Ok(false);
    }
    if newest.values().any(|state| state == "FAILED") {
        command
            .log
            .warning("found failed push job, will trigger again");
        start(command, id)?;
        return Ok(false);
    }
    for (target, state) in &newest {
        command
            .log
            .info(format!("push job for target <{target}> is {state}"));
    }
    Ok(newest.values().all(|state| state == "COMPLETE"))
}

/// The state of the newest job of each target.
fn newest(command: &Command<'_>, id: &str) -> BTreeMap<String, String> {
    let now = command.outside.now();
    let pushes = command.outside.get(&["errata", "advisories", id, "push"]);
    let mut jobs = pushes.as_array().cloned().unwrap_or_default();
    jobs.sort_by_key(|job| job["id"].as_u64());
    jobs.iter()
        .map(|job| (push::target_of(job).to_owned(), push::status(job, now)))
        .collect()
}

/// Blocking advisories come first. One that had no jobs before counts as done although it was only
/// just pushed: the tool keeps what it read.
fn start(command: &mut Command<'_>, id: &str) -> Ran {
    let blocking = command
        .outside
        .get(&["errata", "advisories", id, "blocking_advisories"]);
    let blocking: Vec<String> = blocking
        .as_array()
        .into_iter()
        .flatten()
        .map(Value::to_string)
        .collect();
    command.log.info(format!(
        "advisory {id} has blocking advisory [{}]",
        blocking.join(", ")
    ));
    for blocker in blocking {
        let before = newest(command, &blocker);
        advisory(command, &blocker)?;
        if before.values().any(|state| state != "COMPLETE") {
            command.log.warning(format!(
                "push jobs of blocking advisory {blocker} are not completed yet, will not trigger push job for {id}, please try again later"
            ));
            return Ok(());
        }
    }
    let now = command.outside.now();
    let asked = command
        .outside
        .change(|documents| push::to_staging(&mut documents["errata"], id, now));
    asked.map_err(Raised::Error)?;
    command.outside.triggered("oar_push_to_cdn_staging");
    command
        .log
        .info(format!("push job for advisory {id} is triggered"));
    Ok(())
}
