//! What a tool came to when a person called it, in the state of its release.
//!
//! The flow keeps the end of its nodes itself, and an OAR server what it ran. A tool that ran here
//! outside of the flow, such as at the prompt, is kept by these rules: what passed, failed or runs is
//! written; a wait is not, because nothing has begun.

use serde_json::Value;

use super::{backend::Answer, tools::Tool};
use crate::{
    call::Session,
    error::{Kind, Result},
    release::{
        Ending, TaskStatus, Version,
        statebox::Change,
        task::{RETIRED_TASKS, WORKFLOW_TASKS},
    },
    state::Kept,
};

/// Writes the end of a tool that works on a task into the state of its release, if it has one.
pub(super) async fn keep(
    session: &Session,
    tool: &Tool,
    arguments: &Value,
    answer: &Answer,
) -> Result<()> {
    let task = tool.task();
    let Some(outcome) = &answer.outcome else {
        return Ok(());
    };
    let status = match outcome.status {
        Ending::Pass => TaskStatus::Pass,
        Ending::Fail => TaskStatus::Fail,
        Ending::InProgress => TaskStatus::InProgress,
        Ending::Waiting | Ending::Blocked | Ending::Skipped | Ending::NeedsDecision => {
            return Ok(());
        }
    };
    let is_kept = |tasks: &[&str]| tasks.contains(&task.as_str());
    if !is_kept(&WORKFLOW_TASKS) && !is_kept(&RETIRED_TASKS) {
        return Ok(());
    }
    let release: Version = arguments["release"].as_str().unwrap_or_default().parse()?;
    let Kept(store) = &*session.get::<Kept>()?;
    if store.read(&release).await?.is_none() {
        return Ok(());
    }
    let change = Change::SetTask {
        name: task,
        status,
        result: outcome
            .output
            .clone()
            .or_else(|| Some(outcome.reason.clone())),
        started_at: None,
        completed_at: None,
        is_reset: false,
    };
    match store.apply(&release, &[change]).await {
        // It is `Pass` already, and stays so.
        Err(error) if error.kind == Kind::Refused => Ok(()),
        written => written.map(|_| ()),
    }
}
