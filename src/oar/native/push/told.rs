//! What the staging pushes of a release come to, taken together.

use std::time::Duration;

use crate::{
    error::Error,
    release::{
        Ending, Outcome, Version,
        advisory::{
            ART, Wait, link,
            push::{Failing, MOST_FAILURES, Seen, Step, failing, under_way},
        },
    },
    services::errata::Pushed,
};

/// When the signing of packages is looked at again; the only way to find out is to ask for the push.
const ASKED_IN_VAIN: Duration = Duration::from_mins(30);

/// What was found and done for each advisory.
#[derive(Default)]
pub(super) struct Told {
    complete: usize,
    started: Vec<u64>,
    meanwhile: Vec<u64>,
    running: Vec<Wait>,
    waiting: Vec<Wait>,
    given_up: Vec<(u64, Failing)>,
    refused: Vec<(u64, String)>,
    was_asked_in_vain: bool,
}

impl Told {
    /// Takes in what was decided for an advisory of the release.
    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Done => self.complete += 1,
            Step::Push(_) => {}
            Step::Wait(waits) => {
                let (running, waiting): (Vec<_>, Vec<_>) =
                    waits.iter().cloned().partition(Wait::is_for_a_push);
                add(&mut self.running, running);
                add(&mut self.waiting, waiting);
            }
            Step::GivenUp(number, failing) => {
                for failing in failing {
                    let entry = (*number, failing.clone());
                    if !self.given_up.contains(&entry) {
                        self.given_up.push(entry);
                    }
                }
            }
        }
    }

    /// Takes in what came of asking for a push.
    pub fn pushed(&mut self, number: u64, pushed: Pushed) {
        match pushed {
            Pushed::Already => self.meanwhile.push(number),
            Pushed::Running { jobs } => {
                add(&mut self.running, under_way(number, &jobs));
            }
            Pushed::Started { jobs } if jobs.is_empty() => {
                let why = format!(
                    "the Errata Tool was asked to push advisory {number} and found nothing to do"
                );
                self.refused.push((number, why));
            }
            Pushed::Started { .. } => self.started.push(number),
            Pushed::Refused { refusal } => match refusal.wait(number) {
                Some(mut wait) => {
                    wait.why = format!("advisory {number} cannot be pushed: {}", wait.why);
                    self.was_asked_in_vain = true;
                    add(&mut self.waiting, vec![wait]);
                }
                None => {
                    let why = format!(
                        "the push of advisory {number} was refused: {}",
                        refusal.text
                    );
                    self.refused.push((number, why));
                }
            },
        }
    }

    /// An error, with what was pushed before it.
    pub fn so_far(&self, mut error: Error) -> Error {
        if !self.started.is_empty() {
            let started = numbers(&self.started);
            error.message = format!("{}; pushed before that: {started}", error.message);
        }
        error
    }

    /// The end of the call, for this many advisories.
    pub fn outcome(&self, count: usize, seen: &[Seen<'_>]) -> Outcome {
        if self.complete == count {
            let what = match count {
                1 => "1 advisory is".to_owned(),
                count => format!("{count} advisories are"),
            };
            return Outcome::new(Ending::Pass, format!("{what} pushed to CDN staging"));
        }
        let mut reasons = Vec::new();
        match self.started.as_slice() {
            [] => {}
            [one] => reasons.push(format!("advisory {one} is being pushed")),
            more => reasons.push(format!("advisories {} are being pushed", numbers(more))),
        }
        let meanwhile = self.meanwhile.iter();
        reasons.extend(meanwhile.map(|number| format!("advisory {number} was pushed meanwhile")));
        let waits = || self.running.iter().chain(&self.waiting);
        reasons.extend(waits().map(|wait| wait.why.clone()));
        reasons.extend(self.again(seen));
        reasons.extend(self.refused.iter().map(|(_, why)| why.clone()));
        reasons.extend(self.given_up.iter().map(|(number, failing)| {
            format!(
                "the push of advisory {number} to {} failed {} times in a row, last as job {}, and is not repeated",
                failing.job.target, failing.times, failing.job.id
            )
        }));
        let is_moving =
            !self.started.is_empty() || !self.meanwhile.is_empty() || !self.running.is_empty();
        let needs_a_person = !self.given_up.is_empty() || !self.refused.is_empty();
        let ending = match (is_moving, needs_a_person) {
            (true, _) => Ending::InProgress,
            (false, true) => Ending::Blocked,
            (false, false) => Ending::Waiting,
        };
        let mut outcome = Outcome::new(ending, reasons.join("; "));
        if needs_a_person {
            let first = self.given_up.first().map(|(number, _)| *number);
            let first = first.or(self.refused.first().map(|(number, _)| *number));
            outcome = outcome
                .owner("the release lead")
                .next("look at the push in the Errata Tool; when its cause is gone push it there by hand, it is followed from then on");
            outcome.link = first.map(link);
        } else {
            let mut owners: Vec<&str> = Vec::new();
            for wait in waits() {
                if !owners.contains(&wait.owner.as_str()) {
                    owners.push(&wait.owner);
                }
            }
            if !owners.is_empty() {
                outcome = outcome.owner(owners.join(", "));
            }
            outcome.link = self.waiting.first().map(|wait| link(wait.advisory));
        }
        match ending == Ending::Waiting && self.was_asked_in_vain {
            true => outcome.recheck(ASKED_IN_VAIN),
            false => outcome,
        }
    }

    /// What failed before and was started again now.
    fn again(&self, seen: &[Seen<'_>]) -> Vec<String> {
        let started = seen
            .iter()
            .filter(|seen| self.started.contains(&seen.advisory.id));
        let failed = started.flat_map(|seen| {
            let failing = failing(seen.jobs).into_iter();
            failing.map(|failing| {
                format!(
                    "its push to {} failed {} of at most {MOST_FAILURES} times in a row",
                    failing.job.target, failing.times
                )
            })
        });
        failed.collect()
    }
}

/// The release has nothing that can be pushed.
pub(super) fn nothing_to_push(release: &Version, dropped: &[u64]) -> Outcome {
    let why = match dropped {
        [] => format!("the build data of {release} lists no advisory to push"),
        dropped => format!(
            "every advisory of {release} is dropped ({}), so nothing can be pushed",
            numbers(dropped)
        ),
    };
    Outcome::new(Ending::Blocked, why)
        .owner(ART)
        .next("ask ART whether the release has advisories; when it really has none, record the task as passed: oar::update_task_status(release, \"push-to-cdn-staging\", \"Pass\", \"why\")")
}

/// Adds what is not there yet: two advisories may wait for the same thing.
fn add(waits: &mut Vec<Wait>, more: Vec<Wait>) {
    for wait in more {
        if !waits.contains(&wait) {
            waits.push(wait);
        }
    }
}

fn numbers(numbers: &[u64]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    numbers.join(", ")
}
