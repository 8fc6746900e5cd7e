//! `oar_push_to_cdn_staging`: looks how far the staging pushes of the advisories are, and starts what
//! is missing.
//!
//! Everything is decided on what the Errata Tool says in this call. While pushes run it is only read. A
//! push that cannot begin (builds not attached, not signed, another advisory first) waits for its owner
//! and is no failure. One that failed is pushed again, until it failed [`MOST_FAILURES`] times in a row:
//! then a person looks, and a push made by hand is followed like ours. A target that fails while others
//! of its advisory run is repeated when they are over.
//!
//! Differs from the Python tool:
//!
//! - A blocking advisory is done when its pushes are complete, not when none runs.
//! - Pushes that ship for real do not count for staging.
//! - A release without living advisories does not pass unseen: a person says so.

mod told;

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{Native, claim::claim, log::Log, metadata::assembly};
use crate::{
    error::{Error, Kind, Result},
    oar::backend::Ran,
    release::{
        Ending, TaskStatus, Version,
        advisory::{
            Advisory, State,
            push::{PushJob, Seen, Staging, Step, newest, staging, step_down},
            to_load,
        },
    },
    services::errata::{self, Pushed},
};
use told::Told;

const TASK: &str = "push-to-cdn-staging";
const TITLE: &str = "Push to CDN Staging";

/// An advisory with its jobs, as they were read.
struct Read {
    advisory: Advisory,
    jobs: Vec<PushJob>,
}

/// Looks, and pushes what can be pushed.
///
/// Fails as the requests to the Errata Tool do, with `not_found` for an advisory it does not have. What
/// was pushed before an error is seen by the next call.
pub(super) async fn to_staging(native: &Native, release: &Version) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let errata = native.client::<errata::Client>()?;
    let listed = assembly(native, release).await?.advisories;
    let listed = listed.unwrap_or_default();
    let listed = to_load(listed.iter().map(|(impetus, id)| (impetus.as_str(), *id)));
    let wanted: Vec<u64> = listed.into_iter().map(|(_, number)| number).collect();
    log.status(TITLE, TaskStatus::InProgress);
    let read = read_all(&errata, release, &wanted).await?;
    let (alive, dropped): (Vec<u64>, Vec<u64>) = wanted
        .iter()
        .partition(|number| state_of(&read, **number) != Some(State::DroppedNoShip));
    if alive.is_empty() {
        return Ok(log.ended(told::nothing_to_push(release, &dropped)));
    }
    let seen: Vec<Seen<'_>> = read.iter().map(Read::seen).collect();
    let steps: Vec<(u64, Step)> = alive
        .iter()
        .map(|number| (*number, step_down(*number, &seen)))
        .collect();
    let to_push: BTreeSet<u64> = steps
        .iter()
        .filter_map(|(_, step)| match step {
            Step::Push(numbers) => Some(numbers),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    if !to_push.is_empty()
        && let Some(elsewhere) = claim(native, release, TASK).await?
    {
        log.info(&elsewhere.reason);
        return Ok(log.ended(elsewhere));
    }
    // One after the other, in the order of their numbers: a second push of the same kind is never on
    // its way when the first one's answer is lost.
    let mut pushed = Vec::new();
    for number in to_push {
        pushed.push((number, errata.push_to_staging(number).await));
    }
    let mut told = Told::default();
    for (number, step) in &steps {
        tell(&mut log, &read, *number, step, &pushed);
        told.step(step);
    }
    let mut trouble = None;
    for (number, pushed) in pushed {
        match pushed {
            Ok(pushed) => told.pushed(number, pushed),
            Err(error) => trouble = trouble.or(Some(error)),
        }
    }
    if let Some(error) = trouble {
        return Err(told.so_far(error));
    }
    let outcome = told.outcome(alive.len(), &seen);
    if outcome.status == Ending::Pass {
        log.status(TITLE, TaskStatus::Pass);
    }
    Ok(log.ended(outcome))
}

impl Read {
    fn seen(&self) -> Seen<'_> {
        Seen {
            advisory: &self.advisory,
            jobs: &self.jobs,
        }
    }

    /// Whether it is to be pushed as far as it alone goes, so that what blocks it matters.
    fn asks_for_its_blockers(&self) -> bool {
        let is_open = !matches!(
            self.advisory.state,
            State::NewFiles | State::DroppedNoShip | State::ShippedLive
        );
        is_open && matches!(staging(&self.jobs), Staging::Missing | Staging::Failed(_))
    }
}

/// Reads advisories and their jobs, and those that block them.
async fn read_all(errata: &errata::Client, release: &Version, wanted: &[u64]) -> Result<Vec<Read>> {
    let mut read: Vec<Read> = Vec::new();
    let mut next: BTreeSet<u64> = wanted.iter().copied().collect();
    while !next.is_empty() {
        let some = join_all(next.iter().map(|number| read_one(errata, release, *number)));
        for one in some.await {
            read.push(one?);
        }
        next = read
            .iter()
            .filter(|one| one.asks_for_its_blockers())
            .flat_map(|one| &one.advisory.blocking_advisories)
            .filter(|number| read.iter().all(|one| one.advisory.id != **number))
            .copied()
            .collect();
    }
    Ok(read)
}

async fn read_one(errata: &errata::Client, release: &Version, number: u64) -> Result<Read> {
    let (advisory, jobs) = tokio::join!(errata.advisory(number), errata.push_jobs(number));
    let unknown = |error: Error| {
        match error.kind {
        Kind::NotFound => error.hint(format!(
            "advisory {number} belongs to {release} as ART says, and the Errata Tool does not have it; ask ART which one is right"
        )),
        _ => error,
    }
    };
    Ok(Read {
        advisory: advisory.map_err(unknown)?,
        jobs: jobs.map_err(unknown)?,
    })
}

fn state_of(read: &[Read], number: u64) -> Option<State> {
    let found = read.iter().find(|one| one.advisory.id == number);
    found.map(|one| one.advisory.state)
}

/// The lines about one advisory.
fn tell(log: &mut Log, read: &[Read], number: u64, step: &Step, pushed: &[(u64, Result<Pushed>)]) {
    log.info(format!(
        "checking push job status for advisory {number} ..."
    ));
    let Some(own) = read.iter().find(|one| one.advisory.id == number) else {
        return;
    };
    match staging(&own.jobs) {
        Staging::Complete | Staging::Running(_) => {
            for job in newest(&own.jobs) {
                log.info(format!(
                    "push job for target <{}> is {}",
                    job.target, job.status
                ));
            }
            return;
        }
        Staging::Failed(_) if matches!(step, Step::GivenUp(..)) => {
            log.warning("found failed push job, will not trigger again before a person looked");
            return;
        }
        Staging::Failed(_) => log.warning("found failed push job, will trigger again"),
        Staging::Missing => log.info(format!("no push job found for advisory {number}")),
    }
    if own.advisory.state == State::NewFiles {
        log.warning(format!(
            "advisory {number} is in NEW_FILES, will not trigger push job for it"
        ));
        return;
    }
    let blocking = &own.advisory.blocking_advisories;
    if !blocking.is_empty() {
        log.info(format!(
            "advisory {number} has blocking advisory {blocking:?}"
        ));
    }
    let Step::Push(numbers) = step else {
        tell_blockers(log, read, number, blocking);
        return;
    };
    for next in numbers {
        let Some((_, ended)) = pushed.iter().find(|(other, _)| other == next) else {
            continue;
        };
        tell_push(log, *next, ended);
    }
    if !numbers.contains(&number) {
        tell_blockers(log, read, number, blocking);
    }
}

fn tell_blockers(log: &mut Log, read: &[Read], number: u64, blocking: &[u64]) {
    let open = read
        .iter()
        .filter(|one| blocking.contains(&one.advisory.id))
        .filter(|one| staging(&one.jobs) != Staging::Complete);
    for one in open.filter(|one| one.advisory.state != State::ShippedLive) {
        log.warning(format!(
            "push jobs of blocking advisory {} are not completed yet, will not trigger push job for {number}, please try again later",
            one.advisory.id
        ));
    }
}

fn tell_push(log: &mut Log, number: u64, ended: &Result<Pushed>) {
    match ended {
        Ok(Pushed::Started { jobs }) if jobs.is_empty() => log.warning(format!(
            "the Errata Tool was asked to push advisory {number} and made no push job"
        )),
        Ok(Pushed::Started { .. }) => {
            log.info(format!("push job for advisory {number} is triggered"));
        }
        Ok(Pushed::Running { jobs }) => {
            for job in jobs {
                log.info(format!(
                    "push job for target <{}> is {}",
                    job.target, job.status
                ));
            }
        }
        Ok(Pushed::Already) => log.info(format!("advisory {number} is pushed already")),
        Ok(Pushed::Refused { refusal }) => log.warning(format!(
            "push job for advisory {number} was not triggered: {}",
            refusal.text
        )),
        Err(error) => log.error(format!("cannot push advisory {number}: {}", error.chain())),
    }
}
