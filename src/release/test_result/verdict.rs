//! What a person should think of a build, from the result file alone. It is advice: a person
//! decides.
//!
//! It starts from the stored decision, and for a rejected build weighs what went wrong in the lost
//! jobs ([`super::unit`]).

use std::fmt;

use serde::Serialize;

use super::{
    acceptance::{Acceptance, JobEvaluation},
    document::{Job, TestResult},
    job_name::is_upgrade,
    reading::Reading,
    registry::{Coverage, Registry},
    unit::{Class, Unit, units},
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
            Some(acceptance)
                if !acceptance.is_all_completed
                    && acceptance.total > 0
                    && acceptance.jobs.iter().all(|job| job.is_completed) =>
            {
                "all jobs are complete, but the registry no longer lists some of them, so the aggregator does not finish this file"
                    .to_owned()
            }
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

fn jobs(count: usize) -> String {
    if count == 1 {
        "1 job".to_owned()
    } else {
        format!("{count} jobs")
    }
}
