//! `oar_take_ownership`: makes somebody the owner of a release's advisories, merge request and Jira
//! subtasks, and tells people.
//!
//! Everything is looked at before it is changed, so calling it again changes nothing. What one part
//! needs is in the way of no other part:
//!
//! | part | when it cannot be done |
//! |---|---|
//! | advisories | an error, with what was done before it |
//! | merge request is open | `blocked`, and nothing is changed |
//! | comment on it, Slack, blocking issue | a note |
//! | subtasks, without a ticket, an account or a way in the workflow | a note |
//! | subtasks, when Jira is away or does not let us in | `waiting` or `blocked`, the rest is done |
//!
//! Advisories in `NEW_FILES` get their owner too. They hold the push back, by an issue that a person
//! resolves when ART has moved them.
//!
//! Differs from the Python tool: a release without a shipment gets its owner; the Jira account is the
//! one with exactly the address; subtasks that are closed are left alone; a second run says nothing
//! twice.

mod abnormal;
mod advisories;
mod lead;
mod notice;
mod subtasks;

use super::{Native, claim::claim_outside_of_flows, log::Log, metadata::assembly};
use crate::{
    error::{Error, Kind, Result},
    oar::backend::Ran,
    release::{
        Ending, Outcome, TaskStatus, Version,
        advisory::{abnormal, is_email},
        shipment::Address,
    },
};

const TASK: &str = "take-ownership";
const TITLE: &str = "Take Ownership";

/// What the parts came to.
#[derive(Default)]
struct Done {
    /// The advisories that belong to the owner now.
    advisories: Vec<u64>,
    /// Those of them that are not in QE yet.
    abnormal: Vec<u64>,
    /// The subtasks that belong to the owner now.
    subtasks: Vec<String>,
    /// Whether anything was changed in this call.
    is_news: bool,
    /// What could not be done and holds nothing back.
    notes: Vec<String>,
}

/// Makes the person with an address the owner.
///
/// Fails with `invalid` for a text that is no address, and as the requests about advisories and merge
/// request do.
pub(super) async fn take(native: &Native, release: &Version, email: &str) -> Result<Ran> {
    if !is_email(email) {
        let what = format!("Invalid value for '-e' / '--email': {email} is not a valid email");
        return Err(Error::invalid(what)
            .service("oar")
            .hint("give the address of the release lead, such as lead@example.com"));
    }
    let mut log = Log::new(&native.world);
    let assembly = assembly(native, release).await?;
    log.status(TITLE, TaskStatus::InProgress);
    // All that is only looked at, at once: nothing is changed before the merge request is known to be
    // open and the advisories are there.
    let listed = assembly.advisories.unwrap_or_default();
    let (request, advisories, subtasks) = tokio::join!(
        lead::open(native, assembly.shipment_mr.as_deref()),
        advisories::alive(native, release, &listed),
        subtasks::find(native, assembly.jira_ticket.as_deref(), email),
    );
    let request = match request? {
        lead::Request::Open(address) => Some(address),
        lead::Request::None => None,
        lead::Request::Over(outcome) => {
            log.error(&outcome.reason);
            return Ok(log.ended(outcome));
        }
    };
    let advisories = advisories?;
    if let Some(elsewhere) = claim_outside_of_flows(native, release, TASK).await? {
        log.info(&elsewhere.reason);
        return Ok(log.ended(elsewhere));
    }
    let mut done = Done {
        abnormal: abnormal(&advisories),
        ..Done::default()
    };
    let (mut of_request, mut of_jira) = (log.step(), log.step());
    let (owned, told, assigned) = tokio::join!(
        advisories::own(native, &mut log, &advisories, email),
        lead::name(native, &mut of_request, request.as_ref(), email),
        subtasks::assign(&mut of_jira, subtasks),
    );
    log.append(of_request);
    done.take_advisories(owned)?;
    done.is_news |= told.is_new;
    done.notes.extend(told.note);
    let state = native.state.read(release).await;
    if let Some(note) = abnormal::report(native, &mut log, &state, &done.abnormal).await {
        done.notes.push(note);
    }
    log.append(of_jira);
    done.is_news |= assigned.is_news;
    done.subtasks = assigned.keys;
    done.notes.extend(assigned.notes);
    if let Some(trouble) = assigned.trouble {
        return Ok(log.ended(done.without_jira(request.as_ref(), &trouble)));
    }
    // Who ran before us has told people, if the task is passed and nothing has changed since.
    let is_told = state.is_ok_and(|found| {
        found.is_some_and(|found| found.document.status(TASK) == TaskStatus::Pass)
    });
    if done.is_news || !is_told {
        let address = assembly.shipment_mr.as_deref();
        let notes = notice::tell(native, &mut log, release, email, address, &done).await;
        done.notes.extend(notes);
    }
    log.status(TITLE, TaskStatus::Pass);
    let reason = done.reason(request.as_ref());
    Ok(log.ended(Outcome::new(Ending::Pass, reason)))
}

impl Done {
    /// Takes in what became of each advisory. Fails with the first error, which says what was done.
    fn take_advisories(&mut self, owned: Vec<(u64, Result<bool>)>) -> Result<()> {
        let mut trouble = None;
        for (number, owned) in owned {
            match owned {
                Ok(is_new) => {
                    self.is_news |= is_new;
                    self.advisories.push(number);
                }
                Err(error) => trouble = trouble.or(Some(error)),
            }
        }
        let Some(mut error) = trouble else {
            return Ok(());
        };
        if !self.advisories.is_empty() {
            let done = numbers(&self.advisories);
            error.message = format!("{}; owned already: {done}", error.message);
        }
        Err(error)
    }

    /// What has its owner, in one line, and what could not be done.
    fn reason(&self, request: Option<&Address>) -> String {
        let count = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let parts = [
            count(self.advisories.len(), "advisory", "advisories"),
            request.map(|address| format!("merge request {}", address.iid)),
            count(self.subtasks.len(), "subtask", "subtasks"),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        let mut reason = match parts.as_slice() {
            [] => "the release has nothing to own".to_owned(),
            parts => format!("the owner is set: {}", parts.join(", ")),
        };
        if !self.abnormal.is_empty() {
            let early = numbers(&self.abnormal);
            reason.push_str(&format!("; in NEW_FILES instead of QE: {early}"));
        }
        for note in &self.notes {
            reason.push_str("; ");
            reason.push_str(note);
        }
        reason
    }

    /// The end while Jira cannot do its part; the next call does what is left.
    fn without_jira(&self, request: Option<&Address>, trouble: &Error) -> Outcome {
        let passes = matches!(trouble.kind, Kind::Conflict | Kind::Timeout);
        let is_for_a_person = !trouble.is_ambiguous && !trouble.says_nothing() && !passes;
        let ending = match is_for_a_person {
            true => Ending::Blocked,
            false => Ending::Waiting,
        };
        let reason = format!(
            "{}; the subtasks are not assigned: {}",
            self.reason(request),
            trouble.message
        );
        let mut outcome = Outcome::new(ending, reason).owner(match is_for_a_person {
            true => "the release lead",
            false => "Jira",
        });
        outcome.next.clone_from(&trouble.hint);
        outcome.recheck_secs = trouble.retry_after.map(|wait| wait.as_secs());
        outcome
    }
}

fn numbers(numbers: &[u64]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    numbers.join(", ")
}
