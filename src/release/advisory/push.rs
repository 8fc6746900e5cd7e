//! Pushes to staging: what is there, what is missing, what to do next.
//!
//! A push job belongs to one target; of several the one with the highest number counts. Pushes that
//! ship for real say nothing about staging.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{ART, Advisory, State, Wait};

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
    /// These targets are not complete, and none failed.
    Running(Vec<PushJob>),
    /// These failed.
    Failed(Vec<PushJob>),
}

/// Judges the jobs of one advisory.
pub fn staging(jobs: &[PushJob]) -> Staging {
    let mut newest: BTreeMap<&str, &PushJob> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.is_staging()) {
        let kept = newest.entry(&job.target).or_insert(job);
        if kept.id < job.id {
            *kept = job;
        }
    }
    let those = |is_wanted: fn(&PushJob) -> bool| -> Vec<PushJob> {
        let jobs = newest.values().filter(|job| is_wanted(job));
        jobs.map(|job| (*job).clone()).collect()
    };
    if newest.is_empty() {
        return Staging::Missing;
    }
    let failed = those(PushJob::has_failed);
    if !failed.is_empty() {
        return Staging::Failed(failed);
    }
    let running = those(|job| !job.is_complete());
    match running.is_empty() {
        true => Staging::Complete,
        false => Staging::Running(running),
    }
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
}

/// Decides for one advisory. `blockers` are the advisories it names as blocking, all of them.
///
/// A blocker must be complete before this one is pushed: one that failed or was never pushed is
/// pushed first, and is not taken for done.
pub fn step(seen: &Seen<'_>, blockers: &[Seen<'_>]) -> Step {
    match staging(seen.jobs) {
        Staging::Complete => return Step::Done,
        Staging::Running(jobs) => return Step::Wait(running(seen.advisory.id, &jobs)),
        Staging::Missing | Staging::Failed(_) => {}
    }
    if seen.advisory.state == State::NewFiles {
        return Step::Wait(vec![Wait::for_files(seen.advisory.id)]);
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
            (_, Staging::Running(jobs)) => waits.extend(running(*number, &jobs)),
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

/// The jobs that a push has made, when its answer was lost: those that were not there before.
///
/// The tool lists every job it ever made, so an empty answer says that nothing was pushed yet.
pub fn made_since(before: &[PushJob], after: &[PushJob]) -> Vec<PushJob> {
    let highest = before.iter().map(|job| job.id).max().unwrap_or(0);
    let is_new = |job: &&PushJob| job.id > highest;
    after.iter().filter(is_new).cloned().collect()
}

fn running(advisory: u64, jobs: &[PushJob]) -> Vec<Wait> {
    let wait = |job: &PushJob| {
        let why = format!(
            "push {} of advisory {advisory} to {} is {}",
            job.id, job.target, job.status
        );
        let owner = match job.status.as_str() {
            "WAITING_ON_PUB" => "Pub",
            _ => "the Errata Tool",
        };
        Wait::new(advisory, owner, why)
    };
    jobs.iter().map(wait).collect()
}
