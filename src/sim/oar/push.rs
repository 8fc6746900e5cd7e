//! `push-to-cdn-staging`: looks at the push jobs of every advisory and starts what is missing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    command::{Command, Raised, Ran},
    outside::is_over,
};

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
        is_complete &= advisory(command, &id);
    }
    Ok(is_complete)
}

fn advisory(command: &mut Command<'_>, id: &str) -> bool {
    let now = command.outside.now();
    let pushes = command.outside.get(&["errata", "advisories", id, "push"]);
    let mut newest: BTreeMap<String, String> = BTreeMap::new();
    for push in pushes.as_array().into_iter().flatten() {
        let target = push["target"].as_str().unwrap_or("cdn_stage").to_owned();
        let state = if is_over(push, now) {
            push["result"].as_str().unwrap_or("COMPLETE")
        } else {
            "RUNNING"
        };
        newest.insert(target, state.to_owned());
    }
    if newest.is_empty() {
        command
            .log
            .info(format!("no push job found for advisory {id}"));
        start(command, id);
        return false;
    }
    if newest.values().any(|state| state == "FAILED") {
        command
            .log
            .warning("found failed push job, will trigger again");
        start(command, id);
        return false;
    }
    for (target, state) in &newest {
        command
            .log
            .info(format!("push job for target <{target}> is {state}"));
    }
    newest.values().all(|state| state == "COMPLETE")
}

fn start(command: &mut Command<'_>, id: &str) {
    let outside = command.outside;
    command
        .log
        .info(format!("advisory {id} has blocking advisory []"));
    let result = outside.planned(&["errata", "plan", "push_results"], "COMPLETE");
    let minutes = outside
        .get(&["errata", "plan", "push_minutes"])
        .as_i64()
        .unwrap_or(45);
    let count = outside
        .get(&["errata", "advisories", id, "push"])
        .as_array()
        .map_or(0, Vec::len);
    let push_id: Value = match id.parse::<u64>() {
        Ok(number) => json!(number * 10 + count as u64 + 1),
        Err(_) => json!(count + 1),
    };
    outside.append(
        &["errata", "advisories", id, "push"],
        json!({
            "id": push_id,
            "target": "cdn_stage",
            "started_at": outside.now().to_string(),
            "minutes": minutes,
            "result": result,
        }),
    );
    outside.triggered("oar_push_to_cdn_staging");
    command
        .log
        .info(format!("push job for advisory {id} is triggered"));
}
