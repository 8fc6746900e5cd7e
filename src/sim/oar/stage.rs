//! `stage-testing`: starts the stage pipeline in Jenkins, or looks at a build.

use serde_json::{Value, json};

use super::{
    command::{Command, Raised, Ran},
    outside::is_over,
};

const TASK: &str = "stage-testing";
const JOB: &str = "zstreams/Stage-Pipeline";
const SERVER: &str = "https://jenkins.example.com";

pub(super) async fn run(command: &mut Command<'_>) -> Ran {
    let request = command.open_request()?;
    command.slack_client()?;
    command.statebox_client()?;
    match command
        .argument("build_number")
        .filter(|number| number != "0")
    {
        Some(number) => look(command, &number),
        None => trigger(command, &request).await,
    }
}

async fn trigger(command: &mut Command<'_>, request: &str) -> Ran {
    command
        .log
        .info("job id is not set, will trigger stage testing");
    let (status, _) = command.recorded(TASK).await?;
    match status.as_deref() {
        Some("Pass") => {
            command
                .log
                .info("stage testing already passed, no need to trigger again");
            return Ok(());
        }
        Some("In Progress") => {
            command
                .log
                .info("stage testing already triggered and in progress, no need to trigger again");
            return Ok(());
        }
        _ => {}
    }
    if let Err(state) = command.stage_release(request) {
        command
            .log
            .error(format!("Stage release failed with status {state}"));
        command.log.error(format!(
            "Job details: {{'id': 8{request},\n 'name': 'stage-release-triggers',\n 'status': '{state}'}}"
        ));
        command
            .log
            .info("stage release pipeline is not success, will not trigger stage test");
        return Ok(());
    }
    if command.outside.get(&["jenkins", "plan", "is_queue_busy"]) == true {
        command
            .log
            .info("there is pending job in the queue, please try again later");
        return Ok(());
    }
    command.status(TASK, "In Progress");
    build(command).map_err(|raised| match raised {
        Raised::Error(error) => command.fail(TASK, "trigger stage testing failed", &error),
        Raised::Exit => Raised::Exit,
    })
}

fn build(command: &mut Command<'_>) -> Ran {
    let outside = command.outside;
    if outside.state().fault("jenkins", "build").is_some() {
        command.log.error("trigger stage pipeline job failed");
        command.status(TASK, "Fail");
        return Err(
            "503 Server Error: Service Unavailable for url: https://jenkins.example.com".into(),
        );
    }
    let number = outside
        .get(&["jenkins", "next_build"])
        .as_u64()
        .unwrap_or(1501);
    let outcome = outside.planned(&["jenkins", "plan", "outcomes"], "SUCCESS");
    let minutes = outside
        .get(&["jenkins", "plan", "minutes"])
        .as_i64()
        .unwrap_or(180);
    outside.set(&["jenkins", "next_build"], (number + 1).into());
    outside.set(
        &["jenkins", "builds", &number.to_string()],
        json!({
            "job": JOB,
            "release": command.release,
            "started_at": outside.now().to_string(),
            "minutes": minutes,
            "outcome": outcome,
        }),
    );
    outside.triggered("oar_stage_testing");
    let url = format!("{SERVER}/job/zstreams/job/Stage-Pipeline/{number}/");
    let shown = if outside.get(&["jenkins", "plan", "shows_queue_item"]) == true {
        format!(
            "a new job triggered by you is pending, you can check queue item link: {SERVER}/queue/item/{}/api/json",
            number + 6000
        )
    } else {
        url.clone()
    };
    command
        .log
        .info(format!("triggered stage pipeline job: <{shown}>"));
    command.tell(
        "#team-qe-release",
        &format!("stage testing of {} runs at {url}", command.release),
    )
}

fn look(command: &mut Command<'_>, number: &str) -> Ran {
    if number.parse::<u64>().is_err() {
        return Err(format!(
            "Invalid value for '-n' / '--build_number': '{number}' is not a valid integer."
        )
        .into());
    }
    command.log.info(format!(
        "check stage job status according to job id: {number}"
    ));
    let build = command.outside.get(&["jenkins", "builds", number]);
    if build["release"] != command.release {
        return Err(format!("get job {JOB}/{number} status failed").into());
    }
    let state = match &build["outcome"] {
        Value::String(outcome) if is_over(&build, command.outside.now()) => outcome.as_str(),
        _ => "In Progress",
    };
    command
        .log
        .info(format!("build status of {JOB}/{number} is {state}"));
    let status = match state {
        "SUCCESS" => "Pass",
        "In Progress" => "In Progress",
        _ => "Fail",
    };
    command.status(TASK, status);
    Ok(())
}
