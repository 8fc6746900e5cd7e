//! Numbers and states in the words of the page.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use crate::release::test_result::{
    Acceptance, Class, JobEvaluation, JobWord, Platform, Run, TestResult, Unit, Word,
};

pub(super) fn word_style(word: Word) -> Style {
    let colour = match word {
        Word::Accept => AnsiColor::Green,
        Word::Reject => AnsiColor::Red,
        Word::Investigate => AnsiColor::Yellow,
        Word::Wait => AnsiColor::Cyan,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

pub(super) fn stored(result: &TestResult) -> String {
    let flag = |flag: Option<bool>| flag.map_or("absent".to_owned(), |flag| flag.to_string());
    let by_hand = if result.is_promoted_by_hand {
        ", promoted by hand"
    } else {
        ""
    };
    format!(
        "aggregated {}, accepted {}{by_hand}",
        flag(result.aggregated),
        flag(result.accepted)
    )
}

pub(super) fn computed(rule: &Acceptance) -> String {
    let word = match rule.accepted {
        Some(true) => "accepts",
        Some(false) => "rejects",
        None => "open",
    };
    let count = |word: JobWord| rule.jobs.iter().filter(|job| job.word() == word).count();
    let mut text = format!(
        "{word}: {} of {} jobs passed",
        count(JobWord::Success),
        rule.total
    );
    let lost = count(JobWord::Failed) + count(JobWord::Error);
    for (count, what) in [
        (lost, "lost"),
        (count(JobWord::Pending), "pending"),
        (rule.retried().count(), "needed retries"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

pub(super) fn platforms(rule: &Acceptance) -> String {
    let mut platforms: Vec<_> = rule
        .jobs
        .iter()
        .map(|job| Platform::of(&job.name))
        .collect();
    platforms.sort();
    platforms.dedup();
    let counts = platforms.into_iter().map(|platform| {
        let jobs = rule
            .jobs
            .iter()
            .filter(|job| Platform::of(&job.name) == platform);
        let (passed, total) = jobs.fold((0, 0), |(passed, total), job| {
            (passed + usize::from(job.is_success), total + 1)
        });
        format!("{platform} {passed} of {total} passed")
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// State and duration of a run, such as `failure 2h39m`.
pub(super) fn attempt(run: &Run) -> String {
    let state = match run.state_word() {
        "unknown" => "not started",
        word => word,
    };
    match run.duration_minutes() {
        Some(minutes) if minutes >= 60 => format!("{state} {}h{:02}m", minutes / 60, minutes % 60),
        Some(minutes) => format!("{state} {minutes}m"),
        None => state.to_owned(),
    }
}

pub(super) fn outcome(job: &JobEvaluation) -> String {
    let word = match job.word() {
        JobWord::Success => "passed",
        JobWord::Failed => "lost",
        JobWord::Error => "lost (error)",
        JobWord::Pending => "pending",
    };
    match job.retries {
        0 => word.to_owned(),
        retries => format!("{word} {}/{retries}", job.wins),
    }
}

pub(super) fn lost(job: &JobEvaluation) -> String {
    match (job.word(), job.retries) {
        (JobWord::Error, 0) => "lost, the run could not start or has no end state".to_owned(),
        (_, 0) => "lost, without a retry".to_owned(),
        (_, retries) => format!(
            "lost, won {} of {retries} retries where {} were needed",
            job.wins, job.wins_needed
        ),
    }
}

/// A name from a report in one line, without characters that move a cursor.
pub(super) fn plain(name: &str) -> String {
    let words = name.split_whitespace().map(|word| {
        let shown = word.chars().filter(|c| !c.is_control());
        shown.collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What the attempts on a platform show of a unit, such as `fails 2 of 3`.
pub(super) fn seen(unit: &Unit, platform: Platform) -> String {
    let evidence = unit
        .evidence
        .iter()
        .filter(|item| item.platform == platform);
    let shown: Vec<_> = evidence.map(|item| item.shows).collect();
    let fails = shown.iter().filter(|shows| **shows == "fails").count();
    match (unit.class, shown.len()) {
        (_, 0) => "-".to_owned(),
        (Class::NoEvidence, count) => format!("{count} without"),
        (_, count) => format!("fails {fails} of {count}"),
    }
}
