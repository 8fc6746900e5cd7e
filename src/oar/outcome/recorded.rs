//! What an entry in the state store says, whoever wrote it.

use super::{
    Attempt, Judgement, lines, log,
    marks::Marks,
    progress::{self, ART},
};
use crate::release::{Ending, Outcome, TaskStatus};

/// Returns what a task's recorded status and text mean.
///
/// A recorded `Fail` may be a wait, and a recorded `In Progress` may have nothing behind it; the
/// identity of what runs is in the text.
pub fn recorded(task: &str, status: TaskStatus, text: Option<&str>) -> Judgement {
    let text = text.unwrap_or_default();
    let text = log::kept_text(text).unwrap_or_default();
    let marks = Marks::of(&text);
    match status {
        TaskStatus::Pass => Judgement::new(
            Attempt::Ended,
            Outcome::new(Ending::Pass, said(&text, "recorded as passed"))
                .remote(named(task, &marks)),
        ),
        TaskStatus::NotStarted => Judgement::new(
            Attempt::NotStarted,
            Outcome::new(Ending::Waiting, "not started"),
        ),
        TaskStatus::Fail => failed(task, &marks),
        TaskStatus::InProgress => in_progress(task, &marks),
    }
}

fn failed(task: &str, marks: &Marks) -> Judgement {
    let has_verdict = last_line(marks.text).contains("[Fail]");
    if !has_verdict {
        let is_wait = match task {
            "stage-testing" => marks.says("stage release pipeline is not success"),
            "image-consistency-check" => marks.says("Stage release pipeline is not completed yet"),
            "change-advisory-status" => marks.checker.is_some() || marks.checker_busy.is_some(),
            _ => false,
        };
        if is_wait && let Some(judgement) = lines::of(task, marks) {
            return running_for_sure(judgement);
        }
        if task == "change-advisory-status" && marks.says("Release approval timeout") {
            return checker_timed_out();
        }
    }
    if marks.status == Some(TaskStatus::Fail) || has_verdict {
        return progress::failed(task, marks);
    }
    Judgement::new(
        Attempt::Ended,
        Outcome::new(Ending::Fail, said(marks.text, "recorded as failed"))
            .next("read the recorded text, then retry or decide")
            .remote(named(task, marks)),
    )
}

fn in_progress(task: &str, marks: &Marks) -> Judgement {
    if let Some(judgement) = lines::of(task, marks) {
        return running_for_sure(judgement);
    }
    if let Some(remote) = named(task, marks) {
        let mut outcome = Outcome::new(Ending::InProgress, said(marks.text, "it runs"));
        outcome.link = remote.url.clone();
        return Judgement::new(Attempt::Running, outcome.remote(Some(remote)));
    }
    let is_by_hand = matches!(task, "analyze-candidate-build" | "analyze-promoted-build");
    if is_by_hand {
        return Judgement::new(
            Attempt::NotStarted,
            Outcome::new(
                Ending::InProgress,
                "begun; it is judged anew from the test results",
            ),
        );
    }
    let repeats_safely = matches!(
        task,
        "take-ownership" | "check-cve-tracker-bug" | "push-to-cdn-staging" | "image-signed-check"
    );
    if repeats_safely {
        return Judgement::new(
            Attempt::NotStarted,
            Outcome::new(
                Ending::InProgress,
                said(marks.text, "begun, no end recorded"),
            ),
        );
    }
    Judgement::new(
        Attempt::InDoubt,
        Outcome::new(
            Ending::InProgress,
            said(marks.text, "begun, but what runs was not recorded"),
        )
        .owner("a person")
        .next("look outside what runs for this release and record it, or retry the task"),
    )
}

/// What was just started when the text was written has been running since.
fn running_for_sure(mut judgement: Judgement) -> Judgement {
    if judgement.attempt == Attempt::Started {
        judgement.attempt = Attempt::Running;
    }
    judgement
}

fn checker_timed_out() -> Judgement {
    Judgement::new(
        Attempt::Lost,
        Outcome::new(
            Ending::Fail,
            "the approval checker gave up after two days: the payload metadata was not public",
        )
        .owner(ART)
        .next("ask ART when the release ships, then retry the task"),
    )
}

fn named(task: &str, marks: &Marks) -> Option<crate::release::Remote> {
    let by_lines = match task {
        "image-consistency-check" => marks.prow_job().or_else(|| marks.build()),
        "stage-testing" => marks.build(),
        "change-advisory-status" => marks.started_checker(),
        _ => None,
    };
    by_lines.or_else(|| marks.anything_in_prose(task))
}

/// The last thing the text says, for people: without the prefix of log lines.
fn said(text: &str, otherwise: &str) -> String {
    let line = last_line(text).trim();
    let line = match line.split_once("Z: ") {
        Some((stamp, rest)) if stamp.starts_with("20") => {
            rest.split_once(": ").map_or(rest, |(_, message)| message)
        }
        _ => line,
    };
    if line.is_empty() {
        return otherwise.to_owned();
    }
    line.chars().take(200).collect()
}

fn last_line(text: &str) -> &str {
    text.trim().lines().last().unwrap_or_default()
}
