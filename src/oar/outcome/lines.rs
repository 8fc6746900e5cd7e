//! What lines say that stand for something under way, task by task.

use super::{Attempt, Judgement, marks::Marks, progress::ART};
use crate::release::{
    Ending, Outcome, Remote, TaskStatus,
    approval::{self, Given},
};

/// Returns what lines say that stand for something under way, whatever the status beside them is.
pub(super) fn of(task: &str, marks: &Marks) -> Option<Judgement> {
    match task {
        "image-consistency-check" => consistency(marks),
        "stage-testing" => stage(marks),
        "push-to-cdn-staging" => push(marks),
        "change-advisory-status" => approval(marks),
        "image-signed-check" => signature(marks),
        _ => None,
    }
}

/// The stage-release pipeline of the merge request has not succeeded yet.
pub(super) fn stage_release_awaited(marks: &Marks, attempt: Attempt) -> Judgement {
    let state = marks
        .stage_release
        .map_or(String::new(), |state| format!(" (it is `{state}`)"));
    Judgement::new(
        attempt,
        Outcome::new(
            Ending::Waiting,
            format!("the stage-release pipeline of the merge request has not succeeded{state}"),
        )
        .owner("ART, stage-release pipeline")
        .next("look at the pipeline of the shipment merge request; when it failed, ask ART to run it again"),
    )
}

fn consistency(marks: &Marks) -> Option<Judgement> {
    if let Some(id) = marks.prow_triggered {
        return Some(running(
            Attempt::Started,
            format!("Prow job {id} was started"),
            marks.prow_job(),
        ));
    }
    if marks.build_triggered.is_some() {
        let started = marks.build();
        return Some(running(
            started_if_known(&started),
            "the job was started".to_owned(),
            started,
        ));
    }
    if let Some((id, state)) = marks.prow_duplicate {
        return Some(running(
            Attempt::Running,
            format!("Prow job {id} is in state `{state}`"),
            marks.prow_job(),
        ));
    }
    if marks.says("image consistency check already pass") {
        return Some(already_passed("image-consistency-check"));
    }
    if let Some(id) = marks.prow_missing {
        return Some(job_lost(id, marks));
    }
    if marks.says("Stage release pipeline is not completed yet") {
        return Some(Judgement {
            outcome: stage_release_awaited(marks, Attempt::Running)
                .outcome
                .remote(marks.prow_job()),
            attempt: Attempt::Running,
        });
    }
    if let Some((id, _)) = marks.prow_ended {
        return Some(job_lost(id, marks));
    }
    if marks.says("image consistency check already in progress") {
        return Some(started_but_unnamed("image-consistency-check", "Prow job"));
    }
    if marks.says("there is pending job in the queue") {
        return Some(queue_busy());
    }
    let (id, state) = (marks.prow_checked?, marks.prow_state?);
    let is_over = !matches!(state, "triggered" | "pending" | "scheduling" | "None");
    if is_over && marks.status != Some(TaskStatus::InProgress) {
        return None;
    }
    Some(running(
        Attempt::Running,
        format!("Prow job {id} is in state `{state}`"),
        marks.prow_job(),
    ))
}

/// Nobody can tell how a job ended, because Prow no longer knows it.
pub(super) fn job_lost(id: &str, marks: &Marks) -> Judgement {
    Judgement::new(
        Attempt::InDoubt,
        Outcome::new(
            Ending::Waiting,
            format!("Prow gave no answer about job {id}, so how it ended is unknown"),
        )
        .owner("a person")
        .next("look the job up in its artifacts, then set the task or start it anew")
        .remote(marks.prow_job()),
    )
}

fn stage(marks: &Marks) -> Option<Judgement> {
    if marks.build_triggered.is_some() {
        let started = marks.build();
        let reason = match &started {
            Some(remote) if remote.kind == "jenkins-queue-item" => {
                format!(
                    "the stage pipeline waits in the queue as item {}",
                    remote.id
                )
            }
            Some(remote) => format!("build {} of the stage pipeline was started", remote.id),
            None => "the stage pipeline was started, but its number is not known".to_owned(),
        };
        return Some(running(started_if_known(&started), reason, started));
    }
    if marks.says("stage testing already passed") {
        return Some(already_passed("stage-testing"));
    }
    if marks.says("stage testing already triggered and in progress") {
        return Some(started_but_unnamed("stage-testing", "build"));
    }
    if marks.says("stage release pipeline is not success") {
        return Some(stage_release_awaited(marks, Attempt::NotStarted));
    }
    if marks.says("there is pending job in the queue") {
        return Some(queue_busy());
    }
    if let Some((number, state)) = marks
        .build_state
        .filter(|(_, state)| *state == "In Progress")
    {
        return Some(running(
            Attempt::Running,
            format!(
                "build {number} of the stage pipeline is {}",
                state.to_lowercase()
            ),
            marks.build(),
        ));
    }
    None
}

fn queue_busy() -> Judgement {
    Judgement::new(
        Attempt::NotStarted,
        Outcome::new(
            Ending::Waiting,
            "the Jenkins queue is busy, so nothing was started",
        )
        .owner("the Jenkins queue"),
    )
}

fn push(marks: &Marks) -> Option<Judgement> {
    let mut pushed: Vec<_> = match marks.pushes_triggered.as_slice() {
        [] => Vec::new(),
        [id] => vec![format!("advisory {id} is being pushed")],
        ids => vec![format!("advisories {} are being pushed", ids.join(", "))],
    };
    let open: Vec<_> = marks
        .push_states
        .iter()
        .filter(|(_, state)| *state != "COMPLETE")
        .collect();
    for (place, (target, state)) in open.iter().enumerate() {
        let is_same = |other: &&(_, _)| **other == (*target, *state);
        if open[..place].iter().copied().any(|other| is_same(&other)) {
            continue;
        }
        pushed.push(match open.iter().copied().filter(is_same).count() {
            1 => format!("a push to {target} is {state}"),
            count => format!("{count} pushes to {target} are {state}"),
        });
    }
    if let Some(blocking) = marks.push_blocked {
        return Some(running(
            Attempt::Running,
            format!("the push of blocking advisory {blocking} comes first"),
            None,
        ));
    }
    if pushed.is_empty() && marks.push_states.is_empty() {
        return None;
    }
    let attempt = if marks.pushes_triggered.is_empty() {
        Attempt::Running
    } else {
        Attempt::Started
    };
    let reason = if pushed.is_empty() {
        "not every push is complete".to_owned()
    } else {
        pushed.join(", ")
    };
    Some(running(attempt, reason, None))
}

fn approval(marks: &Marks) -> Option<Judgement> {
    if marks.checker.is_some() {
        let log = marks
            .checker_log
            .map(|log| format!(", log {log} on the server"));
        return Some(Judgement::new(
            Attempt::Started,
            Outcome::new(
                Ending::InProgress,
                format!(
                    "approved; a checker moves the advisories once the payload metadata is public{}",
                    log.unwrap_or_default()
                ),
            )
            .owner("ART, production release")
            .remote(marks.started_checker()),
        ));
    }
    if let Some(given) = &marks.given {
        let outcome = awaits_production(given);
        return Some(Judgement::new(Attempt::Running, outcome));
    }
    if let Some(stream) = marks.checker_busy {
        return Some(Judgement::new(
            Attempt::InDoubt,
            Outcome::new(
                Ending::Waiting,
                format!("the server says a checker for {stream} runs already; it may be another release's"),
            )
            .owner("the checker on the OAR server")
            .next(format!(
                "wait for it; if none runs, remove `oar_scheduler_{stream}.lock` in the server's temporary folder"
            )),
        ));
    }
    marks
        .says("Not all the release resources are approved")
        .then(|| {
            Judgement::new(
                Attempt::NotStarted,
                Outcome::new(
                    Ending::Waiting,
                    "not all resources of the release are approved",
                )
                .owner(ART)
                .next("look which advisories are not in QE or later"),
            )
        })
}

/// QE has approved; production is ART's, and the flow looks for it.
pub(in crate::oar) fn awaits_production(given: &Given) -> Outcome {
    let word = if given.is_merged {
        "merged"
    } else {
        "approved"
    };
    let reason = format!(
        "MR {} is {word} at {}; the payload metadata is not public yet",
        given.iid,
        given.short_sha()
    );
    Outcome::new(Ending::InProgress, reason)
        .owner("ART, production release")
        .next("nothing to do; it is looked at again")
        .remote(Some(super::remote(approval::KIND, &given.id(), None)))
}

fn signature(marks: &Marks) -> Option<Judgement> {
    let is_missing = [
        "Image digest failed to show",
        "No image digest found",
        "No changeLogJson element is found",
    ]
    .iter()
    .any(|part| marks.says(part));
    let is_unsettled =
        marks.says("Comparing digest from url") && !marks.says("Signature check PASSED");
    (is_missing || is_unsettled).then(signature_awaited)
}

/// The signature or the digest of the payload is not published yet.
pub(super) fn signature_awaited() -> Judgement {
    Judgement::new(
        Attempt::NotStarted,
        Outcome::new(
            Ending::Waiting,
            "the digest or the signature of the payload is not published yet",
        )
        .owner("ART, signing")
        .next("nothing to do; it is looked at again"),
    )
}

/// Something runs, and this is what.
pub(super) fn running(attempt: Attempt, reason: String, remote: Option<Remote>) -> Judgement {
    let link = remote.as_ref().and_then(|remote| remote.url.clone());
    let mut outcome = Outcome::new(Ending::InProgress, reason).remote(remote);
    outcome.link = link;
    Judgement::new(attempt, outcome)
}

fn started_if_known(remote: &Option<Remote>) -> Attempt {
    if remote.is_some() {
        Attempt::Started
    } else {
        Attempt::InDoubt
    }
}

fn started_but_unnamed(task: &str, what: &str) -> Judgement {
    Judgement::new(
        Attempt::InDoubt,
        Outcome::new(
            Ending::InProgress,
            format!("{task} was started before, but which {what} it is was not recorded"),
        )
        .owner("a person")
        .next(format!("find the {what} of this release and record it")),
    )
}

/// It had passed before this call.
pub(super) fn already_passed(task: &str) -> Judgement {
    Judgement::new(
        Attempt::Ended,
        Outcome::new(Ending::Pass, format!("{task} had passed before")),
    )
}
