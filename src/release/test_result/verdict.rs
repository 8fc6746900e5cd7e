//! What a person should think of a build, from the result file alone. It is advice: a person
//! decides.
//!
//! Every scenario that failed in a lost job is classified by whether it failed in all attempts that
//! left a report, and on how many platforms. A class keeps the attempts it was drawn from, so that
//! a person can follow it.

use std::{collections::BTreeMap, fmt};

use indexmap::IndexMap;
use serde::Serialize;

use super::{
    acceptance::{Acceptance, JobEvaluation},
    document::{Job, Run, TestResult},
    job_name::{Platform, is_upgrade},
    reading::Reading,
    registry::{Coverage, Registry},
    scenario::Scenario,
};

/// The advice in one word.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Word {
    /// Take the build.
    Accept,
    /// Do not take the build.
    Reject,
    /// The file does not tell, or cannot be read; somebody must look.
    Investigate,
    /// No file, or no decision in it yet.
    Wait,
}

impl Word {
    /// The word, upper case.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Reject => "REJECT",
            Self::Investigate => "INVESTIGATE",
            Self::Wait => "WAIT",
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How much the advice can be relied on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Confidence {
    /// The stored decision accepts and all required jobs ran, or a blocker was found.
    High,
    /// Only flaky failures, or an accepted build with a coverage gap.
    Medium,
    /// The file does not tell (every `INVESTIGATE`), or the stored decision contradicts the rule.
    Low,
}

impl Confidence {
    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Medium => "Medium",
            Self::Low => "Low",
        }
    }
}

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

/// The advice with everything it rests on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The word.
    pub word: Word,
    /// How much it can be relied on; none for [`Word::Wait`].
    pub confidence: Option<Confidence>,
    /// Why, most important first; the first names a coverage gap when there is one.
    pub reasons: Vec<String>,
    /// What went wrong, blockers first.
    pub units: Vec<Unit>,
}

impl Verdict {
    /// How many units are of `class`.
    pub fn count(&self, class: Class) -> usize {
        self.units.iter().filter(|unit| unit.class == class).count()
    }
}

/// Returns the advice on a file, with coverage compared to `registry` or to the known job set.
pub fn verdict(reading: &Reading, arch: &str, registry: Option<&Registry>) -> Verdict {
    let coverage = reading
        .result()
        .map(|result| Coverage::of(result, arch, registry))
        .unwrap_or_default();
    let acceptance = reading
        .result()
        .map(|result| rule(result, &coverage, registry));
    judge(reading, acceptance.as_ref(), &coverage)
}

/// The rule as it applies to a file. One that is aggregated although the registry does not list all
/// its jobs was decided with an older registry, so all its jobs are taken as required.
pub(super) fn rule(
    result: &TestResult,
    coverage: &Coverage,
    registry: Option<&Registry>,
) -> Acceptance {
    let is_older = result.aggregated == Some(true) && !coverage.unknown.is_empty();
    Acceptance::of(result, registry.filter(|_| !is_older))
}

pub(super) fn judge(
    reading: &Reading,
    acceptance: Option<&Acceptance>,
    coverage: &Coverage,
) -> Verdict {
    let (Reading::Decided(result), Some(acceptance)) = (reading, acceptance) else {
        return undecided(reading, acceptance, coverage);
    };
    let mut verdict = if result.accepted == Some(true) {
        accepted(acceptance)
    } else {
        rejected(result, acceptance, coverage)
    };
    if let Some(difference) = difference(result, acceptance) {
        verdict.confidence = Some(Confidence::Low);
        verdict.reasons.push(difference);
    }
    if let Some(gap) = coverage.gap() {
        if verdict.word == Word::Accept && verdict.confidence == Some(Confidence::High) {
            verdict.confidence = Some(Confidence::Medium);
        }
        verdict.reasons.insert(0, gap);
    }
    if result.is_promoted_by_hand {
        verdict
            .reasons
            .push("a person promoted the build; that does not change this advice".to_owned());
    }
    verdict
}

/// Says that the stored decision is not what the rule gives, when that is so.
pub(super) fn difference(result: &TestResult, acceptance: &Acceptance) -> Option<String> {
    let stored = result.accepted?;
    let word = |accepted: bool| if accepted { "accepts" } else { "rejects" };
    match acceptance.accepted {
        Some(computed) if computed != stored => Some(format!(
            "the file {} the build but the rule {} it: edited by hand, or decided with other job definitions",
            word(stored),
            word(computed)
        )),
        None if result.aggregated == Some(true) => Some(format!(
            "the file {} the build although not all its jobs are complete: edited by hand, or decided with other job definitions",
            word(stored)
        )),
        _ => None,
    }
}

fn undecided(reading: &Reading, acceptance: Option<&Acceptance>, coverage: &Coverage) -> Verdict {
    let why = match reading {
        Reading::Missing => "there is no result file yet".to_owned(),
        Reading::InvalidJson(fault) => format!(
            "the result file is not valid JSON: {} at line {}, column {}",
            fault.message, fault.line, fault.column
        ),
        Reading::UnsupportedLayout(why) => {
            format!("the result file has an unsupported layout: {why}")
        }
        Reading::PromotionRequested(_) => {
            "a person asked for promotion; the next pass of the aggregator decides".to_owned()
        }
        Reading::InFlight(_) | Reading::Decided(_) => match acceptance {
            Some(acceptance) if acceptance.is_all_completed => {
                "all jobs are complete; the next pass of the aggregator decides".to_owned()
            }
            Some(acceptance) => {
                format!("{} of {} jobs done", acceptance.completed, acceptance.total)
            }
            None => "not decided yet".to_owned(),
        },
    };
    let is_unreadable = reading.status() == "unreadable";
    Verdict {
        word: if is_unreadable {
            Word::Investigate
        } else {
            Word::Wait
        },
        confidence: is_unreadable.then_some(Confidence::Low),
        reasons: coverage.gap().into_iter().chain([why]).collect(),
        units: Vec::new(),
    }
}

fn accepted(acceptance: &Acceptance) -> Verdict {
    let retried = acceptance.retried().count();
    let reason = match retried {
        0 if acceptance.total == 1 => "accepted: its only job passed".to_owned(),
        0 => format!("accepted: all {} passed", jobs(acceptance.total)),
        _ => format!(
            "accepted: {retried} of {} needed retries",
            jobs(acceptance.total)
        ),
    };
    Verdict {
        word: Word::Accept,
        confidence: Some(Confidence::High),
        reasons: vec![reason],
        units: Vec::new(),
    }
}

fn rejected(result: &TestResult, acceptance: &Acceptance, coverage: &Coverage) -> Verdict {
    let is_optional = |name: &String| coverage.optional.contains(name);
    let lost: Vec<(&Job, &JobEvaluation)> = result
        .jobs
        .iter()
        .zip(&acceptance.jobs)
        .filter(|(job, evaluation)| !evaluation.is_success && !is_optional(&job.name))
        .collect();
    let units = units(lost.iter().map(|(job, _)| *job));
    let has = |class: Class| units.iter().any(|unit| unit.class == class);
    let (word, confidence) = if units.iter().any(|unit| unit.class.is_blocker()) {
        (Word::Reject, Confidence::High)
    } else if has(Class::NoEvidence) || has(Class::ConsistentOther) {
        (Word::Investigate, Confidence::Low)
    } else if has(Class::Flaky) {
        (Word::Accept, Confidence::Medium)
    } else {
        (Word::Investigate, Confidence::Low)
    };
    let mut reasons: Vec<String> = Class::BY_WEIGHT
        .into_iter()
        .filter_map(|class| reason(class, &units))
        .collect();
    if lost.is_empty() {
        reasons.push("no required job was lost, yet the file rejects the build".to_owned());
    } else if units.is_empty() {
        reasons.push("the reports of the lost jobs name no failing test".to_owned());
    }
    let mut upgrades = lost
        .iter()
        .filter(|(job, _)| is_upgrade(&job.name))
        .peekable();
    if has(Class::NoEvidence) && upgrades.peek().is_some() {
        reasons.push("upgrade jobs never leave a test report in this file".to_owned());
    }
    Verdict {
        word,
        confidence: Some(confidence),
        reasons,
        units,
    }
}

impl Class {
    const BY_WEIGHT: [Self; 5] = [
        Self::CrossPlatform,
        Self::ConsistentCritical,
        Self::ConsistentOther,
        Self::NoEvidence,
        Self::Flaky,
    ];
}

fn reason(class: Class, units: &[Unit]) -> Option<String> {
    let members: Vec<_> = units.iter().filter(|unit| unit.class == class).collect();
    let count = members.len();
    if count == 0 {
        return None;
    }
    let scenarios = if count == 1 {
        "1 scenario fails".to_owned()
    } else {
        format!("{count} scenarios fail")
    };
    Some(match class {
        Class::CrossPlatform => format!("{scenarios} in every tested attempt on several platforms"),
        Class::ConsistentCritical => {
            format!("{scenarios} in every tested attempt in a critical area")
        }
        Class::ConsistentOther => {
            format!(
                "{scenarios} in every tested attempt on one platform, outside the critical areas"
            )
        }
        Class::NoEvidence => {
            let attempts: usize = members.iter().map(|unit| unit.evidence.len()).sum();
            format!(
                "{attempts} failed {} of {} left no test report",
                if attempts == 1 { "attempt" } else { "attempts" },
                jobs(count)
            )
        }
        Class::Flaky => format!("{scenarios} in some attempts and not in others"),
    })
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

fn units<'a>(lost: impl Iterator<Item = &'a Job>) -> Vec<Unit> {
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

fn jobs(count: usize) -> String {
    if count == 1 {
        "1 job".to_owned()
    } else {
        format!("{count} jobs")
    }
}
