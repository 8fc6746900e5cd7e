//! `oar_change_advisory_status`: the last word of QE on a release.
//!
//! The shipment merge request is approved at the commit it ends with now. Production is ART's; until the
//! page that announces exactly this release is public, the tool ends `in_progress` and whoever calls it
//! again goes on with the same commit. Nothing runs in between and no clock turns the wait into a
//! failure. Then the advisories go from `QE` to `REL_PREP`, the subtasks of QE are closed, and people are
//! told. Everything is looked at before it is changed, so calling it again changes nothing.
//!
//! | part | when it cannot be done |
//! |---|---|
//! | kernel may ship, merge request is open or merged | `blocked`, and nothing is changed |
//! | the merge request moves while it is approved | `waiting`, and nothing is approved |
//! | it moves after it was approved, before production | `blocked`: a person looks at what was pushed |
//! | the approval was taken back | `blocked` |
//! | whether the page is public cannot be found out now | `in_progress`: it is looked at again |
//! | security alerts block, or cannot be computed anew | `blocked`, and no advisory is moved |
//! | an advisory is not in QE yet | the others are moved, then `waiting` |
//! | subtasks, Slack | a note |
//!
//! A push after production is that of the pipeline, which writes addresses into the files; it holds
//! nothing back. An advisory that was dropped is named and moves nothing; a release all of whose
//! advisories were dropped does not pass.
//!
//! Differs from the Python tool: no process is left behind, so nothing has to be locked, found stale or
//! killed; the page is that of this release, not of the newest one; a closed merge request is not taken
//! for a merged one; subtasks are closed only after the advisories were moved.

mod advisories;
mod kernel;
mod notice;
mod payload;
mod shipment;
mod subtasks;

use std::time::Duration;

use super::{Native, claim::claim_outside_of_flows, log::Log, metadata::assembly};
use crate::{
    error::{Error, Result},
    oar::{backend::Ran, outcome::awaits_production},
    release::{
        Ending, Outcome, Remote, TaskStatus, Version, advisory,
        approval::{Given, KIND},
        build_data::Assembly,
        shipment::Address,
    },
    state::Snapshot,
};
use advisories::Moves;
use payload::Page;

const TASK: &str = "change-advisory-status";
const TITLE: &str = "Change Advisory Status";
const APPROVING: &str = "Add QE approval for shipment MR";

/// How often production is looked for.
const INTERVAL: Duration = Duration::from_mins(30);

/// Why a step is the last one.
enum Stop {
    /// Something went wrong that says nothing about the release.
    Trouble(Error),
    /// The release cannot go on now.
    Held(Box<Outcome>),
}

/// What a step comes to.
type Step<T> = std::result::Result<T, Stop>;

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Trouble(error)
    }
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Held(Box::new(outcome))
    }
}

/// What an earlier call left in the state of the release.
struct Before {
    given: Given,
    text: String,
}

/// The release while it is approved.
struct Work<'a> {
    native: &'a Native,
    release: &'a Version,
    assembly: &'a Assembly,
    before: Option<Before>,
}

/// Approves a release as far as it goes now.
///
/// Fails as the requests do that it rests on. What was done before an error is seen by the next call.
pub(super) async fn approve(native: &Native, release: &Version) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let (assembly, found) = tokio::join!(assembly(native, release), native.state.read(release));
    let (assembly, found) = (assembly?, found?);
    log.status(TITLE, TaskStatus::InProgress);
    let work = Work {
        native,
        release,
        assembly: &assembly,
        before: found.and_then(|snapshot| before(&snapshot)),
    };
    match work.run(&mut log).await {
        Ok(outcome) => {
            let is_waiting = outcome.status == Ending::InProgress;
            let kept = work.before.filter(|_| is_waiting).map(|before| before.text);
            let mut ran = log.ended(outcome);
            // What is recorded says it already: writing it anew would be a commit for every look.
            if let (Some(outcome), Some(text)) = (&mut ran.outcome, kept) {
                outcome.output = Some(text);
            }
            Ok(ran)
        }
        Err(Stop::Held(outcome)) => {
            if outcome.status == Ending::Blocked {
                log.error(format!("Failed to approve release: {}", outcome.reason));
                log.error("change advisory status to REL_PREP failed");
            } else {
                log.warning(&outcome.reason);
            }
            Ok(log.ended(*outcome))
        }
        Err(Stop::Trouble(error)) => Err(error),
    }
}

/// Gives the approval of QE to the merge request of a release, and does nothing else.
pub(super) async fn add_qe_approval(native: &Native, release: &Version) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let assembly = assembly(native, release).await?;
    let Some(address) = Address::of_release(assembly.shipment_mr.as_deref())? else {
        let why =
            format!("{release} has no shipment merge request, so there is nothing to approve");
        return Ok(log.ended(Outcome::new(Ending::Skipped, why)));
    };
    log.status(APPROVING, TaskStatus::InProgress);
    let approved = async {
        let seen = shipment::look(native, release, &address, false).await?;
        shipment::approve(native, &mut log, release, &seen).await
    };
    match approved.await {
        Ok(given) => {
            log.status(APPROVING, TaskStatus::Pass);
            let word = if given.is_merged {
                "merged"
            } else {
                "approved"
            };
            let reason = format!("MR {} is {word} at {}", given.iid, given.short_sha());
            let mut outcome = Outcome::new(Ending::Pass, reason);
            outcome.link = assembly.shipment_mr;
            Ok(log.ended(outcome))
        }
        Err(Stop::Held(outcome)) => {
            log.error(&outcome.reason);
            Ok(log.ended(*outcome))
        }
        Err(Stop::Trouble(error)) => Err(error),
    }
}

impl Work<'_> {
    async fn run(&self, log: &mut Log) -> Step<Outcome> {
        let address = Address::of_release(self.assembly.shipment_mr.as_deref())?;
        match address {
            Some(address) => self.shipped_by(&address, log).await,
            None => {
                let read = self.read(log).await?;
                self.claim().await?;
                self.finish(log, None, None, read).await
            }
        }
    }

    /// With a shipment: its merge request first, its production, then the advisories.
    async fn shipped_by(&self, address: &Address, log: &mut Log) -> Step<Outcome> {
        let (native, release) = (self.native, self.release);
        let is_later = self.before.is_some();
        let (mut of_payload, mut of_advisories) = (log.step(), log.step());
        let (seen, page, read) = tokio::join!(
            shipment::look(native, release, address, is_later),
            payload::look(native, &mut of_payload, release),
            async {
                // They are needed once production is there, and before anything is approved.
                match is_later {
                    true => Ok(None),
                    false => self.read(&mut of_advisories).await.map(Some),
                }
            },
        );
        let seen = seen?;
        shipment::tell_state(log, &seen);
        log.append(of_advisories);
        let read = read?;
        let (given, note) = match &self.before {
            Some(before) => {
                let given = before.given.clone();
                let note = shipment::still(native, log, release, &seen, &given).await?;
                (given, note)
            }
            None => {
                shipment::may_be_approved(release, &seen)?;
                self.claim().await?;
                let given = shipment::approve(native, log, release, &seen).await?;
                (given, None)
            }
        };
        log.append(of_payload);
        let remote = self.remote(&given);
        let page = page.map_err(Stop::from)?;
        if !matches!(page, Page::Public(_)) {
            let oddness = note.into_iter().chain(page.oddness());
            return Ok(self.waiting(log, &given, oddness, remote));
        }
        log.info("The metadata url is accessible");
        let read = match read {
            Some(read) => Ok(read),
            None => self.read(log).await,
        };
        let ended = match read {
            Ok(read) => self.finish(log, Some(&given), note, read).await,
            Err(stop) => Err(stop),
        };
        // What was approved is followed, whatever holds the rest back.
        ended.map_err(|stop| match stop {
            Stop::Held(mut outcome) => {
                outcome.remote = outcome.remote.or(Some(remote));
                Stop::Held(outcome)
            }
            trouble => trouble,
        })
    }

    /// Reads the advisories, and whether their kernel may ship.
    async fn read(&self, log: &mut Log) -> Step<Vec<advisory::Advisory>> {
        let listed = self.assembly.advisories.clone().unwrap_or_default();
        advisories::read(self.native, log, self.release, &listed).await
    }

    /// Keeps another operator away who begins in the same moment.
    async fn claim(&self) -> Step<()> {
        match claim_outside_of_flows(self.native, self.release, TASK).await? {
            Some(elsewhere) => Err(elsewhere.into()),
            None => Ok(()),
        }
    }

    fn remote(&self, given: &Given) -> Remote {
        Remote {
            kind: KIND.to_owned(),
            id: given.id(),
            url: self.assembly.shipment_mr.clone(),
        }
    }

    /// Ends while production is not there.
    fn waiting(
        &self,
        log: &mut Log,
        given: &Given,
        oddness: impl Iterator<Item = String>,
        remote: Remote,
    ) -> Outcome {
        log.info(given.to_string());
        let mut outcome = awaits_production(given).recheck(INTERVAL);
        for what in oddness {
            outcome.reason = format!("{}; {what}", outcome.reason);
        }
        let now = self.native.world.now();
        if let Some(before) = self
            .before
            .as_ref()
            .filter(|before| before.given.is_late(now))
        {
            let since = before.given.at.map(|at| at.to_string()).unwrap_or_default();
            outcome.reason = format!(
                "{}; production is late, it has been waited for since {since}",
                outcome.reason
            );
            outcome = outcome.next("ask ART when the release ships; it is looked at again");
        }
        outcome.link.clone_from(&self.assembly.shipment_mr);
        outcome.remote(Some(remote))
    }

    /// Moves the advisories; when all that ship are moved, closes the subtasks and tells people.
    async fn finish(
        &self,
        log: &mut Log,
        given: Option<&Given>,
        note: Option<String>,
        read: Vec<advisory::Advisory>,
    ) -> Step<Outcome> {
        let (native, release) = (self.native, self.release);
        let moves = advisories::move_on(native, log, release, &read).await?;
        // A release may have nothing but its shipment.
        let has_nothing_else = read.is_empty() && given.is_some();
        if moves.states.ships_nothing() && !has_nothing_else {
            return Err(advisories::nothing_ships(release, &moves).into());
        }
        if !moves.states.is_complete() && !has_nothing_else {
            return Err(moves.held().into());
        }
        let ticket = self.assembly.jira_ticket.as_deref();
        let mut notes = moves.notes();
        notes.extend(note);
        notes.extend(subtasks::close(native, log, ticket).await);
        if self.before.is_some() {
            log.info("Release approval completed. Payload metadata URL is now accessible and advisories have been moved to REL_PREP.");
        }
        if moves.is_ours_to_tell {
            let is_shipment = given.is_some();
            notes.extend(notice::tell(native, log, release, is_shipment, &moves).await);
        }
        log.status(TITLE, TaskStatus::Pass);
        let mut outcome = Outcome::new(Ending::Pass, passed(given, &moves, &notes));
        outcome.link.clone_from(&self.assembly.shipment_mr);
        Ok(outcome)
    }
}

/// What the state says of an approval that waits.
fn before(snapshot: &Snapshot) -> Option<Before> {
    let task = snapshot.document.task(TASK)?;
    if task.status != TaskStatus::InProgress {
        return None;
    }
    let text = task.result.clone()?;
    let given = Given::read(&text)?;
    Some(Before { given, text })
}

fn passed(given: Option<&Given>, moves: &Moves, notes: &[String]) -> String {
    let mut parts = Vec::new();
    if let Some(given) = given {
        let word = if given.is_merged {
            "merged"
        } else {
            "approved"
        };
        parts.push(format!(
            "MR {} is {word} at {}",
            given.iid,
            given.short_sha()
        ));
    }
    if !moves.states.moved.is_empty() {
        let numbers: Vec<_> = moves.states.moved.iter().map(u64::to_string).collect();
        parts.push(format!("in REL_PREP or further: {}", numbers.join(", ")));
    }
    parts.extend(notes.iter().cloned());
    parts.join("; ")
}

/// What a person types to have the task begun anew.
fn retry(release: &Version) -> String {
    format!("oar-script retry {release} {TASK} --why TEXT")
}
