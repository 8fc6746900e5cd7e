//! The subtasks of QE, closed when their work is done. Jira is in the way of nothing here.

use futures_util::future::join_all;

use super::super::{Native, log::Log};
use crate::{
    error::{Kind, Result},
    release::ticket::{Ticket, is_real},
    services::jira,
};

const CLOSED: &str = "Closed";

/// Closes them, at once. Returns what could not be closed.
pub(super) async fn close(native: &Native, log: &mut Log, ticket: Option<&str>) -> Vec<String> {
    let key = ticket.unwrap_or_default().trim();
    if !is_real(key) {
        let shown = if key.is_empty() { "none" } else { key };
        let note = format!(
            "no subtask was closed, because the build data names no release ticket ({shown})"
        );
        log.warning(&note);
        return vec![note];
    }
    let subtasks = match subtasks(native, key).await {
        Ok(subtasks) => subtasks,
        Err(error) => {
            log.warning(format!("cannot read jira subtasks: {}", error.chain()));
            let why = match error.kind {
                Kind::NotFound => "Jira does not show the ticket".to_owned(),
                _ => error.message,
            };
            return vec![format!(
                "the subtasks of {key} are not closed, close them by hand: {why}"
            )];
        }
    };
    let closed = join_all(subtasks.iter().map(|subtask| {
        let step = log.step();
        one(native, step, subtask)
    }));
    let mut notes = Vec::new();
    for (step, note) in closed.await {
        log.append(step);
        notes.extend(note);
    }
    notes
}

async fn subtasks(native: &Native, key: &str) -> Result<Vec<Ticket>> {
    let jira = native.client::<jira::Client>()?;
    let ticket = jira.ticket(key).await?;
    let mut subtasks = jira.tickets(&ticket.subtasks).await?;
    subtasks.retain(Ticket::is_qe_subtask);
    Ok(subtasks)
}

async fn one(native: &Native, mut log: Log, subtask: &Ticket) -> (Log, Option<String>) {
    let key = &subtask.key;
    log.info(format!("found subtask {key} - {}", subtask.summary));
    if subtask.status.eq_ignore_ascii_case(CLOSED) {
        log.info(format!("jira issue {key} is {CLOSED} already"));
        return (log, None);
    }
    let moved = match native.client::<jira::Client>() {
        Ok(jira) => jira.move_to(key, CLOSED).await,
        Err(error) => Err(error),
    };
    match moved {
        Ok(_) => {
            log.info(format!("jira issue {key} is updated to {CLOSED}"));
            (log, None)
        }
        Err(error) => {
            log.warning(format!("jira issue {key}: {}", error.chain()));
            let note = format!("{key} is not closed, close it by hand: {}", error.message);
            (log, Some(note))
        }
    }
}
