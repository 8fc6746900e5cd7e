//! `check-cve-tracker-bug`: trackers that the shipment lacks.

use serde_json::json;

use super::command::{Command, Raised, Ran};

const TASK: &str = "check-cve-tracker-bug";

pub(super) async fn run(command: &mut Command<'_>) -> Ran {
    let request = command.open_request()?;
    command.statebox_client()?;
    command.status(TASK, "In Progress");
    match steps(command, &request).await {
        Ok(missed) => {
            let status = if missed == 0 { "Pass" } else { "Fail" };
            command.status(TASK, status);
            Ok(())
        }
        Err(Raised::Error(error)) => {
            Err(command.fail(TASK, "check cve tracker bug failed", &error))
        }
        Err(exit) => Err(exit),
    }
}

async fn steps(command: &mut Command<'_>, request: &str) -> Ran<usize> {
    command
        .log
        .info(format!("Processing MR {request} for Jira issues"));
    let missed: Vec<String> = command
        .outside
        .get(&["oar", "missed_cve_trackers"])
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect();
    if missed.is_empty() {
        command
            .log
            .info("no new CVE tracker bug found in either advisories or shipments");
        return Ok(0);
    }
    for key in &missed {
        command.log.info(format!(
            "Missed CVE tracker bug {key} is not found in shipment data"
        ));
    }
    let listed: Vec<_> = missed.iter().map(|key| format!("'{key}'")).collect();
    let count = missed.len();
    command.log.info(format!(
        "Found {count} missed CVE tracker bugs in shipments: [{}]",
        listed.join(", ")
    ));
    let keys: String = missed.iter().map(|key| format!("- {key}\n")).collect();
    let text = format!(
        "Found {count} missed CVE tracker bugs in shipments\n\nMissed CVE tracker bugs:\n{keys}"
    );
    command
        .outside
        .book()
        .add_issue(
            command.release,
            &command.data,
            &text,
            true,
            vec![TASK.to_owned()],
            command.outside.now(),
        )
        .await
        .map_err(|error| Raised::Error(error.chain()))?;
    command
        .log
        .info(format!("Added blocking (tasks: {TASK}) issue: {text}"));
    command.log.info(format!(
        "Created blocking issue in StateBox for {count} CVE tracker bugs"
    ));
    if command.arguments.get("notify") == Some(&json!(true)) {
        command.tell(
            "#forum-ocp-release",
            &format!("missed CVE trackers: {}", missed.join(", ")),
        )?;
    }
    Ok(count)
}
