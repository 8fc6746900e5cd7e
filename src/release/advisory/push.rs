//! Pushes to staging: what is there, what is missing, what to do next.
//!
//! A push job belongs to one target; of several the one with the highest number counts. Pushes that
//! ship for real say nothing about staging.

use std::{cmp::Reverse, collections::BTreeMap};

use serde::Serialize;

use super::{ART, Advisory, State, Wait};

/// After so many failures in a row a push is not repeated before a person looked.
pub const MOST_FAILURES: usize = 3;

/// Who carries a push out.
const PUB: &str = "Pub";
const ERRATA_TOOL: &str = "the Errata Tool";

/// One push of an advisory to one target.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PushJob {
    /// Its number; later ones are higher.
    pub id: u64,
    /// The tool's word: `QUEUED`, `READY`, `RUNNING`, `WAITING_ON_PUB`, `COMPLETE`, `FAILED`, or one
    /// nobody here knows.
    pub status: String,
    /// Where to, such as `cdn_stage`.
    pub target: String,
}

impl PushJob {
    /// Whether it ended well.
    pub fn is_complete(&self) -> bool {
        self.status == "COMPLETE"
    }

    /// Whether it ended badly. A word nobody knows is neither: it counts as still running.
    pub fn has_failed(&self) -> bool {
        self.status == "FAILED"
    }

    fn is_staging(&self) -> bool {
        self.target.ends_with("_stage")
    }
}

/// How far the staging pushes of one advisory are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Staging {
    /// There is none.
    Missing,
    /// All targets are complete.
    Complete,
    /// These are under way, whatever became of the others.
    Running(Vec<PushJob>),
    /// These failed, and nothing is under way.
    Failed(Vec<PushJob>),
}

/// A target whose last pushes failed, one after the other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failing {
    /// The last of them.
    pub job: PushJob,
    /// How many.
    pub times: usize,
}

/// Judges the jobs of one advisory.
///
/// What runs comes before what failed: a push repeats the failed targets and may repeat those that
/// run too, so it waits until nothing runs.
pub fn staging(jobs: &[PushJob]) -> Staging {
    let newest = newest(jobs);
    let those = |is_wanted: fn(&PushJob) -> bool| -> Vec<PushJob> {
        let jobs = newest.iter().filter(|job| is_wanted(job));
        jobs.map(|job| (*job).clone()).collect()
    };
    if newest.is_empty() {
        return Staging::Missing;
    }
    let running = those(|job| !job.is_complete() && !job.has_failed());
    if !running.is_empty() {
        return Staging::Running(running);
    }
    let failed = those(PushJob::has_failed);
    match failed.is_empty() {
        true => Staging::Complete,
        false => Staging::Failed(failed),
    }
}

/// The newest job of each target that stands for staging, by target.
pub fn newest(jobs: &[PushJob]) -> Vec<&PushJob> {
    let mut newest: BTreeMap<&str, &PushJob> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.is_staging()) {
        let kept = newest.entry(&job.target).or_insert(job);
        if kept.id < job.id {
            *kept = job;
        }
    }
    newest.into_values().collect()
}

/// The staging targets whose newest push failed, with how many failed in a row.
pub fn failing(jobs: &[PushJob]) -> Vec<Failing> {
    let failed = newest(jobs).into_iter().filter(|job| job.has_failed());
    let counted = failed.map(|newest| {
        let mut same: Vec<_> = jobs
            .iter()
            .filter(|job| job.target == newest.target)
            .collect();
        same.sort_by_key(|job| Reverse(job.id));
        Failing {
            job: newest.clone(),
            times: same.iter().take_while(|job| job.has_failed()).count(),
        }
    });
    counted.collect()
}

/// An advisory with its push jobs, both read just now.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// The advisory.
    pub advisory: &'a Advisory,
    /// All its push jobs.
    pub jobs: &'a [PushJob],
}

/// What to do about the staging push of one advisory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Nothing: it is there.
    Done,
    /// Nothing for now.
    Wait(Vec<Wait>),
    /// Push these. Whatever waits for them comes in a later pass.
    Push(Vec<u64>),
    /// These pushes of an advisory failed too often in a row: a person looks.
    GivenUp(u64, Vec<Failing>),
}

/// Decides for one advisory. `blockers` are the advisories it names as blocking, all of them.
///
/// A blocker must be complete before this one is pushed: one that failed or was never pushed is
/// pushed first, and is not taken for done.
pub fn step(seen: &Seen<'_>, blockers: &[Seen<'_>]) -> Step {
    if seen.advisory.state == State::ShippedLive {
        return Step::Done;
    }
    match staging(seen.jobs) {
        Staging::Complete => return Step::Done,
        Staging::Running(jobs) => return Step::Wait(under_way(seen.advisory.id, &jobs)),
        Staging::Missing | Staging::Failed(_) => {}
    }
    if seen.advisory.state == State::NewFiles {
        return Step::Wait(vec![Wait::for_files(seen.advisory.id)]);
    }
    let failing: Vec<_> = failing(seen.jobs)
        .into_iter()
        .filter(|failing| failing.times >= MOST_FAILURES)
        .collect();
    if !failing.is_empty() {
        return Step::GivenUp(seen.advisory.id, failing);
    }
    let mut to_push = Vec::new();
    let mut waits = Vec::new();
    for number in &seen.advisory.blocking_advisories {
        let Some(blocker) = blockers
            .iter()
            .find(|blocker| blocker.advisory.id == *number)
        else {
            let why = format!("advisory {number}, which blocks it, was not read");
            waits.push(Wait::new(seen.advisory.id, ART, why));
            continue;
        };
        match (blocker.advisory.state, staging(blocker.jobs)) {
            (State::ShippedLive, _) | (_, Staging::Complete) => {}
            (State::DroppedNoShip, _) => {
                let why = format!("advisory {number}, which blocks it, was dropped");
                waits.push(Wait::new(seen.advisory.id, ART, why));
            }
            (_, Staging::Running(jobs)) => waits.extend(under_way(*number, &jobs)),
            (State::NewFiles, _) => waits.push(Wait::for_files(*number)),
            (_, Staging::Missing | Staging::Failed(_)) => to_push.push(*number),
        }
    }
    match (to_push.is_empty(), waits.is_empty()) {
        (false, _) => Step::Push(to_push),
        (true, false) => Step::Wait(waits),
        (true, true) => Step::Push(vec![seen.advisory.id]),
    }
}

/// Decides for one of the advisories that were read, down to those that can be pushed now: a blocker
/// may be blocked as well.
///
/// `seen` must hold the advisory and all that block it, at any distance.
pub fn step_down(number: u64, seen: &[Seen<'_>]) -> Step {
    down(number, seen, &mut Vec::new())
}

fn down(number: u64, seen: &[Seen<'_>], above: &mut Vec<u64>) -> Step {
    if above.contains(&number) {
        let why = format!("advisory {number} is blocked by advisories that it blocks");
        return Step::Wait(vec![Wait::new(number, ART, why)]);
    }
    let Some(own) = seen.iter().find(|seen| seen.advisory.id == number) else {
        let why = format!("advisory {number} was not read");
        return Step::Wait(vec![Wait::new(number, ART, why)]);
    };
    let next = match step(own, seen) {
        Step::Push(next) if next != [number] => next,
        step => return step,
    };
    above.push(number);
    let mut to_push = Vec::new();
    let mut held = None;
    for blocker in next {
        match down(blocker, seen, above) {
            Step::Push(more) => to_push.extend(more),
            Step::Done => {}
            step => held = held.or(Some(step)),
        }
    }
    above.pop();
    match held {
        Some(step) if to_push.is_empty() => step,
        _ => Step::Push(to_push),
    }
}

/// The jobs that a push has made, when its answer was lost: those that were not there before.
///
/// The tool lists every job it ever made, so an empty answer says that nothing was pushed yet.
pub fn made_since(before: &[PushJob], after: &[PushJob]) -> Vec<PushJob> {
    let highest = before.iter().map(|job| job.id).max().unwrap_or(0);
    let is_new = |job: &&PushJob| job.id > highest;
    after.iter().filter(is_new).cloned().collect()
}

/// What is waited for while these jobs run.
pub fn under_way(advisory: u64, jobs: &[PushJob]) -> Vec<Wait> {
    let wait = |job: &PushJob| {
        let why = format!(
            "push {} of advisory {advisory} to {} is {}",
            job.id, job.target, job.status
        );
        let owner = match job.status.as_str() {
            "WAITING_ON_PUB" => PUB,
            _ => ERRATA_TOOL,
        };
        Wait::new(advisory, owner, why)
    };
    jobs.iter().map(wait).collect()
}

impl Wait {
    /// Whether it is for a push that runs.
    pub fn is_for_a_push(&self) -> bool {
        [PUB, ERRATA_TOOL].contains(&self.owner.as_str())
    }
}
