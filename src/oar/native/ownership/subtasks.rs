//! The subtasks of QE on the release ticket.

use std::sync::Arc;

use futures_util::future::join_all;

use super::super::{Native, log::Log};
use crate::{
    error::{Error, Kind, Result},
    release::ticket::{Person, Ticket, is_real},
    services::jira,
};

/// Where work begins.
const STARTED: &str = "In Progress";

/// What there is to assign, and to whom.
pub(super) enum Found {
    /// These, to this person.
    Some(Arc<jira::Client>, Vec<Ticket>, Person),
    /// Nothing, for a reason that nobody has to wait for.
    None(String),
    /// Jira gave no answer to go by.
    Trouble(Error),
}

/// What became of the subtasks.
#[derive(Default)]
pub(super) struct Assigned {
    /// Those that are the owner's now.
    pub keys: Vec<String>,
    /// Whether anything was changed.
    pub is_news: bool,
    /// What could not be done and holds nothing back.
    pub notes: Vec<String>,
    /// What kept the rest from being done.
    pub trouble: Option<Error>,
}

/// Looks for the subtasks and for the account with exactly this address.
pub(super) async fn find(native: &Native, ticket: Option<&str>, email: &str) -> Found {
    let key = ticket.unwrap_or_default().trim();
    if !is_real(key) {
        let shown = if key.is_empty() { "none" } else { key };
        return Found::None(format!(
            "no subtask was assigned, because the build data names no release ticket ({shown})"
        ));
    }
    match looked_up(native, key, email).await {
        Ok(found) => found,
        Err(error) if error.kind == Kind::NotFound => Found::None(format!(
            "no subtask was assigned, because Jira does not show the release ticket {key}"
        )),
        Err(error) => Found::Trouble(error),
    }
}

async fn looked_up(native: &Native, key: &str, email: &str) -> Result<Found> {
    let jira = native.client::<jira::Client>()?;
    let (ticket, person) = tokio::join!(jira.ticket(key), jira.person(email));
    let (ticket, person) = (ticket?, person?);
    let Some(person) = person else {
        return Ok(Found::None(format!(
            "no subtask of {key} was assigned, because no Jira account shows the address of the owner"
        )));
    };
    let mut subtasks = jira.tickets(&ticket.subtasks).await?;
    subtasks.retain(Ticket::is_qe_subtask);
    if subtasks.is_empty() {
        return Ok(Found::None(format!("{key} has no subtask of QE")));
    }
    Ok(Found::Some(jira, subtasks, person))
}

/// Gives the subtasks to the owner and starts those whose work begins now, all at once.
pub(super) async fn assign(log: &mut Log, found: Found) -> Assigned {
    let mut ended = Assigned::default();
    let (jira, subtasks, person) = match found {
        Found::Some(jira, subtasks, person) => (jira, subtasks, person),
        Found::None(note) => {
            log.warning(&note);
            ended.notes.push(note);
            return ended;
        }
        Found::Trouble(error) => {
            log.error(format!("cannot assign jira subtasks: {}", error.chain()));
            ended.trouble = Some(error);
            return ended;
        }
    };
    let steps = join_all(subtasks.iter().map(|subtask| {
        let step = log.step();
        one(&jira, step, subtask, &person)
    }));
    for (subtask, (step, one)) in subtasks.iter().zip(steps.await) {
        log.append(step);
        ended.is_news |= one.is_news;
        ended.notes.extend(one.notes);
        match one.trouble {
            None => ended.keys.extend(one.keys),
            Some(error) => {
                log.error(format!(
                    "cannot update jira issue {}: {}",
                    subtask.key,
                    error.chain()
                ));
                ended.trouble = ended.trouble.or(Some(error));
            }
        }
    }
    ended
}

/// One subtask, which is left alone when its work is over.
async fn one(
    jira: &jira::Client,
    mut log: Log,
    subtask: &Ticket,
    person: &Person,
) -> (Log, Assigned) {
    let key = &subtask.key;
    let mut ended = Assigned::default();
    log.info(format!("found subtask {key} - {}", subtask.summary));
    if subtask.is_finished() {
        log.info(format!(
            "jira issue {key} is {}, it is left alone",
            subtask.status
        ));
        return (log, ended);
    }
    log.info(format!("updating jira issue {key} assignee"));
    match jira.assign(key, person).await {
        Ok(is_new) => {
            ended.is_news = is_new;
            ended.keys.push(key.clone());
            log.info(format!(
                "jira issue {key} assignee is updated to {}",
                person.name
            ));
        }
        Err(error) => {
            ended.trouble = Some(error);
            return (log, ended);
        }
    }
    if !subtask.starts_with_ownership() {
        return (log, ended);
    }
    log.info(format!("updating jira issue {key} status ..."));
    match jira.move_to(key, STARTED).await {
        Ok(moved) => {
            ended.is_news |= moved != jira::Moved::WasThere;
            log.info(format!("jira issue {key} is updated to {STARTED}"));
        }
        Err(error) if error.kind == Kind::Refused => {
            log.warning(format!("jira issue {key}: {}", error.message));
            ended.notes.push(error.message);
        }
        Err(error) => ended.trouble = Some(error),
    }
    (log, ended)
}
