//! What went wrong in lost jobs: each failing scenario with its class and the attempts it was drawn
//! from.
//!
//! An attempt with a test report, or a successful one, is tested. A scenario that fails in all
//! tested attempts of a job is consistent there, one that fails in some only is flaky.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::{
    document::{Job, Run},
    job_name::Platform,
    scenario::Scenario,
};

/// The class of a unit of failure.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Class {
    /// Fails in every tested attempt on two or more platforms: a blocker.
    CrossPlatform,
    /// Fails in every tested attempt on one platform, in a critical area: a blocker.
    ConsistentCritical,
    /// Fails in every tested attempt on one platform: unknown.
    ConsistentOther,
    /// A failed attempt left no report: unknown.
    NoEvidence,
    /// Fails in some tested attempts of a job and not in others: can be waived.
    Flaky,
}

impl Class {
    /// All classes, blockers first.
    pub const BY_WEIGHT: [Self; 5] = [
        Self::CrossPlatform,
        Self::ConsistentCritical,
        Self::ConsistentOther,
        Self::NoEvidence,
        Self::Flaky,
    ];

    /// The word, upper case.
    pub fn word(self) -> &'static str {
        match self {
            Self::CrossPlatform => "CROSS_PLATFORM",
            Self::ConsistentCritical => "CONSISTENT_CRITICAL",
            Self::ConsistentOther => "CONSISTENT_OTHER",
            Self::NoEvidence => "NO_EVIDENCE",
            Self::Flaky => "FLAKY",
        }
    }

    /// Whether it rejects.
    pub fn is_blocker(self) -> bool {
        matches!(self, Self::CrossPlatform | Self::ConsistentCritical)
    }
}

/// One attempt a class was drawn from.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Evidence {
    /// The full job name.
    pub job: String,
    /// Its platform.
    pub platform: Platform,
    /// `first`, `retry 1`, …
    pub attempt: String,
    /// The state of the run.
    pub state: String,
    /// Where a person looks at it.
    pub url: Option<String>,
    /// What it shows: `fails`, `passes` (tested, does not fail) or `no report`.
    pub shows: &'static str,
}

/// One thing that went wrong: a scenario, or a job whose attempts left no report.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Unit {
    /// The class.
    pub class: Class,
    /// The scenario; none for [`Class::NoEvidence`].
    pub scenario: Option<Scenario>,
    /// The platforms it was seen on.
    pub platforms: Vec<Platform>,
    /// The jobs it was seen in.
    pub jobs: Vec<String>,
    /// The attempts it was drawn from.
    pub evidence: Vec<Evidence>,
}

/// What the attempts of one job show.
struct Tested<'a> {
    job: &'a Job,
    platform: Platform,
    /// Attempts with a report (or a success), and the scenarios that fail in them.
    attempts: Vec<(String, &'a Run, Vec<&'a str>)>,
    without_report: Vec<(String, &'a Run)>,
}

impl<'a> Tested<'a> {
    fn of(job: &'a Job) -> Self {
        let mut tested = Self {
            job,
            platform: Platform::of(&job.name),
            attempts: Vec::new(),
            without_report: Vec::new(),
        };
        for (label, run) in job.attempts() {
            match &run.suites {
                Some(suites) => {
                    let failing = suites.iter().flat_map(|suite| &suite.failing_scenarios);
                    tested
                        .attempts
                        .push((label, run, failing.map(String::as_str).collect()));
                }
                None if run.is_success() => tested.attempts.push((label, run, Vec::new())),
                None => tested.without_report.push((label, run)),
            }
        }
        tested
    }

    fn evidence(&self, attempt: &str, run: &Run, shows: &'static str) -> Evidence {
        Evidence {
            job: self.job.name.clone(),
            platform: self.platform,
            attempt: attempt.to_owned(),
            state: run.state_word().to_owned(),
            url: run.url.clone(),
            shows,
        }
    }

    /// For each failing scenario whether it fails in all tested attempts, with the attempts.
    fn scenarios(&self) -> IndexMap<&'a str, (bool, Vec<Evidence>)> {
        let mut found = IndexMap::new();
        for (_, _, failing) in &self.attempts {
            for scenario in failing {
                found.entry(*scenario).or_insert_with(|| {
                    let fails = |failing: &[&str]| failing.contains(scenario);
                    let is_consistent = self.attempts.iter().all(|(_, _, failing)| fails(failing));
                    let evidence = self
                        .attempts
                        .iter()
                        .map(|(label, run, failing)| {
                            self.evidence(
                                label,
                                run,
                                if fails(failing) { "fails" } else { "passes" },
                            )
                        })
                        .collect();
                    (is_consistent, evidence)
                });
            }
        }
        found
    }
}

/// Returns what went wrong in lost jobs, blockers first.
pub(super) fn units<'a>(lost: impl Iterator<Item = &'a Job>) -> Vec<Unit> {
    let mut flaky: IndexMap<&str, Vec<Evidence>> = IndexMap::new();
    let mut consistent: IndexMap<&str, Vec<Evidence>> = IndexMap::new();
    let mut units = Vec::new();
    for tested in lost.map(Tested::of) {
        if !tested.without_report.is_empty() {
            let evidence = tested
                .without_report
                .iter()
                .map(|(label, run)| tested.evidence(label, run, "no report"))
                .collect();
            units.push(unit(Class::NoEvidence, None, evidence));
        }
        for (scenario, (is_consistent, evidence)) in tested.scenarios() {
            let found = if is_consistent {
                &mut consistent
            } else {
                &mut flaky
            };
            found.entry(scenario).or_default().extend(evidence);
        }
    }
    for (name, evidence) in consistent {
        let scenario = Scenario::parse(name);
        let is_critical = scenario.is_critical();
        let mut unit = unit(Class::ConsistentOther, Some(scenario), evidence);
        if unit.platforms.len() > 1 {
            unit.class = Class::CrossPlatform;
        } else if is_critical {
            unit.class = Class::ConsistentCritical;
        }
        units.push(unit);
    }
    for (name, evidence) in flaky {
        units.push(unit(Class::Flaky, Some(Scenario::parse(name)), evidence));
    }
    units.sort_by_key(|unit| unit.class);
    units
}

fn unit(class: Class, scenario: Option<Scenario>, evidence: Vec<Evidence>) -> Unit {
    let mut jobs: IndexMap<String, ()> = IndexMap::new();
    let mut platforms: BTreeMap<Platform, ()> = BTreeMap::new();
    for item in &evidence {
        jobs.insert(item.job.clone(), ());
        platforms.insert(item.platform, ());
    }
    Unit {
        class,
        scenario,
        platforms: platforms.into_keys().collect(),
        jobs: jobs.into_keys().collect(),
        evidence,
    }
}
