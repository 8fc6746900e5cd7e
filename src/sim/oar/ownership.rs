//! `take-ownership`: the owner in advisories, merge request and Jira.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::command::{Command, Ran};

const TASK: &str = "take-ownership";

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$")
        .expect("the pattern is constant")
});

pub(super) async fn run(command: &mut Command<'_>) -> Ran {
    let email = command.argument("email").unwrap_or_default();
    if !EMAIL.is_match(&email) {
        return Err(
            format!("Invalid value for '-e' / '--email': {email} is not a valid email").into(),
        );
    }
    command.status(TASK, "In Progress");
    match steps(command, &email).await {
        Ok(()) => {
            command.status(TASK, "Pass");
            Ok(())
        }
        Err(super::command::Raised::Error(error)) => Err(command.fail(
            TASK,
            "take ownership of advisory and jira subtasks failed",
            &error,
        )),
        Err(exit) => Err(exit),
    }
}

async fn steps(command: &mut Command<'_>, email: &str) -> Ran {
    let outside = command.outside;
    let request = command.open_request()?;
    command.errata_client()?;
    let mut abnormal = Vec::new();
    for (_, id) in command.advisories() {
        let state = outside.get(&["errata", "advisories", &id, "state"]);
        if state == "NEW_FILES" {
            command
                .log
                .warning("advisory state is not QE, it is NEW_FILES");
            abnormal.push(id.clone());
        }
        outside.set(&["errata", "advisories", &id, "qa_owner"], email.into());
        command
            .log
            .info(format!("QA Owner of advisory {id} is updated to {email}"));
    }
    let user = email.split('@').next().unwrap_or_default();
    outside.append(
        &["gitlab", "merge_requests", &request, "notes"],
        format!("QE Release Lead is @{user}").into(),
    );
    outside.triggered("oar_take_ownership");
    command
        .log
        .info(format!("Added QE release lead comment to MR {request}"));
    report_abnormal(command, &abnormal).await;
    assign_subtasks(command, user)?;
    command.tell(
        "#team-qe-release",
        &format!("{} is owned by {user}", command.release),
    )?;
    if !abnormal.is_empty() {
        command.tell("#forum-ocp-release", "advisories are in abnormal state")?;
    }
    Ok(())
}

async fn report_abnormal(command: &mut Command<'_>, abnormal: &[String]) {
    if abnormal.is_empty() {
        return;
    }
    let release = command.release.to_owned();
    if !matches!(command.outside.book().document(&release).await, Ok(Some(_))) {
        command
            .log
            .info("StateBox does not exist, skipping blocker issue creation");
        return;
    }
    let text = format!(
        "Advisories in abnormal state (NEW_FILES instead of QE): {}",
        abnormal.join(", ")
    );
    let added = command
        .outside
        .book()
        .add_issue(
            &release,
            &command.data,
            &text,
            true,
            vec!["push-to-cdn-staging".to_owned()],
            command.outside.now(),
        )
        .await;
    match added {
        Ok(()) => command.log.info(format!(
            "Created StateBox blocker issue for abnormal advisories: {text}"
        )),
        Err(error) => command.log.error(format!(
            "Failed to create StateBox blocker issue: {}",
            error.chain()
        )),
    }
}

fn assign_subtasks(command: &mut Command<'_>, user: &str) -> Ran {
    command.slack_client()?;
    for (key, subtask) in command.subtasks() {
        let summary = subtask["summary"].as_str().unwrap_or_default();
        command.log.info(format!("found subtask {key} - {summary}"));
        command
            .log
            .info(format!("updating jira issue {key} assignee"));
        command
            .outside
            .set(&["jira", "issues", &key, "assignee"], json!(user));
        command
            .log
            .info(format!("jira issue {key} assignee is updated to {user}"));
        let begins = ["[Wed-Fri]", "[Mon-Wed]"]
            .iter()
            .any(|day| summary.starts_with(day));
        if begins && subtask["status"] != "Closed" {
            command
                .log
                .info(format!("updating jira issue {key} status ..."));
            command
                .outside
                .set(&["jira", "issues", &key, "status"], json!("In Progress"));
            command
                .log
                .info(format!("jira issue {key} is updated to In Progress"));
        }
    }
    Ok(())
}
