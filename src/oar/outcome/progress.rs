//! What the lines of a command that returned normally mean.

use super::{Attempt, Judgement, lines, marks::Marks};
use crate::release::{Ending, Outcome, TaskStatus};

/// Who publishes releases, pushes and signs them.
pub(super) const ART: &str = "ART";

/// Returns what the lines mean, or `None` when they say nothing we know.
pub(super) fn judge(task: &str, marks: &Marks) -> Option<Judgement> {
    if marks.says("No APITOKEN env var found") {
        return Some(no_token("APITOKEN"));
    }
    match marks.status {
        Some(TaskStatus::Pass) => return Some(passed(task, marks)),
        Some(TaskStatus::Fail) => return Some(failed(task, marks)),
        Some(TaskStatus::NotStarted) => return Some(reset(marks)),
        Some(TaskStatus::InProgress) | None => {}
    }
    lines::of(task, marks).or_else(|| without_status(task, marks))
}

/// The server lacks a credential; a person must set it.
pub(super) fn no_token(name: &str) -> Judgement {
    Judgement::new(
        Attempt::NotStarted,
        Outcome::new(
            Ending::Blocked,
            format!("the OAR server has no `{name}`, so nothing was started"),
        )
        .owner("whoever runs the OAR server")
        .next(format!(
            "set `{name}` in the environment of the OAR server and restart it"
        )),
    )
}

fn passed(task: &str, marks: &Marks) -> Judgement {
    let remote = match task {
        "image-consistency-check" => marks.prow_job(),
        "stage-testing" => marks.build(),
        _ => None,
    };
    let reason = match (task, &remote) {
        ("image-consistency-check", Some(job)) => format!("Prow job {} passed", job.id),
        ("stage-testing", Some(build)) => {
            format!("build {} of the stage pipeline passed", build.id)
        }
        _ => "passed".to_owned(),
    };
    Judgement::new(
        Attempt::Ended,
        Outcome::new(Ending::Pass, reason).remote(remote),
    )
}

/// A verdict that the tool itself gave.
pub(super) fn failed(task: &str, marks: &Marks) -> Judgement {
    if !marks.missed.is_empty() {
        return missed(marks);
    }
    let (reason, remote) = match task {
        "image-consistency-check" => (consistency_failure(marks), marks.prow_job()),
        "stage-testing" => (
            marks.build_state.map(|(number, state)| {
                format!("build {number} of the stage pipeline ended as {state}")
            }),
            marks.build(),
        ),
        _ => (None, None),
    };
    let next = match task {
        "image-consistency-check" => {
            "look at the job and at the image health summary in the merge request"
        }
        "stage-testing" => "look at the build in Jenkins",
        _ => "read the log of the task",
    };
    Judgement::new(
        Attempt::Ended,
        Outcome::new(
            Ending::Fail,
            reason.unwrap_or_else(|| format!("{task} failed")),
        )
        .next(next)
        .remote(remote),
    )
}

/// Trackers are missed: the tool has opened an issue that blocks until a person resolves it.
pub(super) fn missed(marks: &Marks) -> Judgement {
    Judgement::new(Attempt::Ended, missed_trackers(&marks.missed))
}

/// What the check for CVE trackers ends with when these are missed.
pub fn missed_trackers(keys: &[&str]) -> Outcome {
    let reason = format!(
        "{} missed CVE tracker bugs: {}",
        keys.len(),
        keys.join(", ")
    );
    Outcome::new(Ending::Blocked, reason).owner(ART).next(
        "ask ART to add the bugs; then resolve the issue `missed CVE tracker bugs` and run the check again",
    )
}

fn consistency_failure(marks: &Marks) -> Option<String> {
    if let Some((images, unhealthy)) = marks.unhealthy.filter(|(_, count)| *count != "0") {
        return Some(format!("{unhealthy} of {images} images are unhealthy"));
    }
    let id = marks.prow_checked.unwrap_or("the Prow job");
    marks
        .prow_state
        .map(|state| format!("Prow job {id} ended as {state}"))
}

fn reset(marks: &Marks) -> Judgement {
    let what = match marks.prow_ended {
        Some((id, state)) => format!("Prow job {id} ended as `{state}`, without a result"),
        None => "the attempt ended without a result".to_owned(),
    };
    Judgement::new(
        Attempt::Lost,
        Outcome::new(Ending::Waiting, format!("{what}; a new one may start"))
            .owner("nobody")
            .remote(marks.prow_job()),
    )
}

fn without_status(task: &str, marks: &Marks) -> Option<Judgement> {
    match task {
        "create-test-report" => marks.report.map(|place| {
            let mut outcome =
                Outcome::new(Ending::Pass, format!("the release is tracked in {place}"));
            outcome.link = report_link(place);
            Judgement::new(Attempt::Ended, outcome)
        }),
        "job-run" => job_run(marks),
        _ if task.starts_with("jobctl-") || task.starts_with("oarctl-") => Some(Judgement::new(
            Attempt::Ended,
            Outcome::new(
                Ending::Pass,
                "the command succeeded; the server gives no details",
            ),
        )),
        _ if marks.says(&format!("{} already pass", task.replace('-', " "))) => {
            Some(lines::already_passed(task))
        }
        _ if marks.says("image signed check already pass") => Some(lines::already_passed(task)),
        _ => None,
    }
}

fn job_run(marks: &Marks) -> Option<Judgement> {
    if let Some(id) = marks.prow_triggered {
        return Some(lines::running(
            Attempt::Started,
            format!("Prow job {id} was started"),
            marks.prow_job(),
        ));
    }
    let trouble = marks.text.lines().find(|line| {
        line.starts_with("Error code: ") || line.starts_with("Warning! Couldn't find job")
    })?;
    Some(Judgement::new(
        Attempt::NotStarted,
        Outcome::new(Ending::Fail, format!("the job was not started: {trouble}"))
            .next("check the name of the job and the server's credential"),
    ))
}

/// Where a person reads a report, when its place is an address or a file of the shared branch.
fn report_link(place: &str) -> Option<String> {
    if place.starts_with("http") {
        Some(place.to_owned())
    } else if place.starts_with("_releases/") {
        Some(format!(
            "https://github.com/openshift/release-tests/blob/z-stream/{place}"
        ))
    } else {
        None
    }
}
