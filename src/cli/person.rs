//! `decide`, `retry`, `adopt`, `resolve`, `override`: a person's word, for the record.

use std::sync::Arc;

use serde_json::json;

use super::{
    args::{Options, Output},
    out::{self, Failure},
    view::View,
    wiring::Wiring,
};
use crate::{
    error::{Error, Result},
    flow::{Drive, effect, graph::nearest, journal::Fact, watch},
    oar::outcome::{Attempt, Judgement, recorded},
    release::{Ending, Remote, TaskStatus, Version, statebox::Change, task::STATEBOX_TASKS},
};

/// The tasks on which a person's word counts.
const DECIDABLE: [&str; 4] = [
    "analyze-promoted-build",
    "analyze-candidate-build",
    "gate",
    "change-advisory-status",
];

/// What a person does by hand, and says so, for a release without a shipment merge request.
const BY_HAND: [&str; 4] = [
    "take-ownership",
    "check-cve-tracker-bug",
    "image-consistency-check",
    "stage-testing",
];

/// Records a person's choice.
pub fn decide(
    release: &str,
    task: &str,
    word: &str,
    why: &str,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    if !DECIDABLE.contains(&task) && !BY_HAND.contains(&task) {
        return Err(not_one_of("there is nothing to decide about", task, &DECIDABLE).into());
    }
    let (wiring, drive) = open(release, options, view)?;
    if BY_HAND.contains(&task) && drive.metadata()?.flow() != "errata" {
        return Err(Error::invalid(format!(
            "there is nothing to decide about `{task}` of {}",
            drive.release
        ))
        .hint("a task that failed is tried again with `oar-script retry`")
        .into());
    }
    watch::decide(&drive, task, word, why)?;
    done(
        &wiring,
        options,
        &drive.release,
        &format!("{task} of {}: {word}", drive.release),
    )
}

/// Lets a failed task be tried again.
pub fn retry(
    release: &str,
    task: &str,
    why: &str,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    known(task)?;
    needs_reason(why)?;
    let (wiring, drive) = open(release, options, view)?;
    refuse_passed(
        &drive,
        task,
        "what has passed is not run again; resolve its issues instead",
    )?;
    if let Some(remote) = running_job(&drive, task)? {
        return Err(Error::invalid(format!(
            "{task} of {} runs as {} {}",
            drive.release, remote.kind, remote.id
        ))
        .hint("it is followed until it ends; what has failed or cannot be found any more is tried again")
        .into());
    }
    effect::settle(&drive, task, crate::flow::journal::Settlement::Declared)?;
    if is_held_by_its_entry(&drive, task)? {
        // What the entry names is gone, so it would keep everybody away for ever.
        drive.write(vec![Change::SetTask {
            name: task.to_owned(),
            status: TaskStatus::NotStarted,
            result: None,
            started_at: None,
            completed_at: None,
            is_reset: true,
        }])?;
    }
    drive.record(Fact::Retry {
        task: task.to_owned(),
        why: why.trim().to_owned(),
        who: wiring.world.person(),
    })?;
    done(
        &wiring,
        options,
        &drive.release,
        &format!("{task} of {} may be tried again", drive.release),
    )
}

/// Names what runs outside for a task.
pub fn adopt(
    release: &str,
    task: &str,
    id: &str,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    known(task)?;
    let Some((effect, kind)) = job_of(task) else {
        let tasks = ["image-consistency-check", "stage-testing"];
        return Err(not_one_of("nothing runs outside for", task, &tasks).into());
    };
    let id = id.trim();
    let is_word = !id.is_empty()
        && id
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if !is_word || (kind == "jenkins-build" && id.parse::<u64>().is_err()) {
        return Err(
            Error::invalid(format!("`{id}` is not the identity of a {kind}"))
                .hint("a Jenkins build has a number, a Prow job an id")
                .into(),
        );
    }
    let (wiring, drive) = open(release, options, view)?;
    refuse_passed(&drive, task, "nothing of it is followed any more")?;
    let remote = Remote {
        kind: kind.to_owned(),
        id: id.to_owned(),
        url: None,
    };
    effect::adopt_by_hand(&drive, task, effect, &remote)?;
    done(
        &wiring,
        options,
        &drive.release,
        &format!("{task} of {} follows {kind} {id}", drive.release),
    )
}

/// Resolves an issue.
pub fn resolve(
    release: &str,
    issue: &str,
    how: &str,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    if how.trim().is_empty() {
        return Err(Error::invalid("it is not said how the issue was resolved")
            .hint("add --how TEXT")
            .into());
    }
    let (wiring, drive) = open(release, options, view)?;
    if drive.snapshot()?.is_none() {
        return Err(Error::not_found(format!("{} has no issues yet", drive.release)).into());
    }
    drive.write(vec![Change::ResolveIssue {
        text: issue.trim().to_owned(),
        resolution: how.trim().to_owned(),
    }])?;
    done(
        &wiring,
        options,
        &drive.release,
        &format!("an issue of {} is resolved: {}", drive.release, how.trim()),
    )
}

/// Sets the rules of final approval aside.
pub fn set_aside(
    release: &str,
    why: &str,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    needs_reason(why)?;
    let (wiring, drive) = open(release, options, view)?;
    drive.record(Fact::Override {
        rule: "approval".to_owned(),
        why: why.trim().to_owned(),
        who: wiring.world.person(),
    })?;
    done(
        &wiring,
        options,
        &drive.release,
        &format!(
            "the rules of final approval of {} are set aside",
            drive.release
        ),
    )
}

/// The job that runs for a task as far as anybody knows. The last look at one that is lost did not
/// find it running.
fn running_job(drive: &Drive, task: &str) -> Result<Option<Remote>> {
    let is_lost = drive
        .journal
        .last_outcome(task)
        .is_some_and(|(outcome, _)| outcome.status != Ending::InProgress);
    if job_of(task).is_none() || is_lost {
        return Ok(None);
    }
    Ok(entry_of(drive, task)?
        .filter(|judgement| matches!(judgement.attempt, Attempt::Started | Attempt::Running))
        .and_then(|judgement| judgement.outcome.remote))
}

/// Whether the state says of a task that something runs for it, so that nobody starts it.
fn is_held_by_its_entry(drive: &Drive, task: &str) -> Result<bool> {
    Ok(
        entry_of(drive, task)?.is_some_and(|judgement| match judgement.attempt {
            Attempt::InDoubt => true,
            Attempt::Started | Attempt::Running => judgement.outcome.remote.is_some(),
            Attempt::NotStarted | Attempt::Ended | Attempt::Lost => false,
        }),
    )
}

/// What the state says about a task in progress.
fn entry_of(drive: &Drive, task: &str) -> Result<Option<Judgement>> {
    let snapshot = drive.snapshot()?.filter(|snapshot| !snapshot.is_limited);
    Ok(snapshot.and_then(|snapshot| {
        let document = &snapshot.document;
        let status = document.status(task);
        let text = document.task(task).and_then(|task| task.result.as_deref());
        (status == TaskStatus::InProgress).then(|| recorded(task, status, text))
    }))
}

/// The effect by which a task starts a job outside, and what the job is there.
fn job_of(task: &str) -> Option<(&'static str, &'static str)> {
    match task {
        "image-consistency-check" => Some(("consistency-job", "prow-job")),
        "stage-testing" => Some(("stage-pipeline", "jenkins-build")),
        _ => None,
    }
}

fn open(release: &str, options: &Options, view: &Arc<View>) -> Result<(Wiring, Arc<Drive>)> {
    let release: Version = release.parse()?;
    let wiring = Wiring::new(options, view.clone())?;
    let drive = wiring.drive(&release, None, None)?;
    Ok((wiring, drive))
}

fn done(wiring: &Wiring, options: &Options, release: &Version, what: &str) -> Result<u8, Failure> {
    if let Some(simulation) = &wiring.simulation {
        simulation.save()?;
    }
    let next = format!("oar-script drive.rhai {release}");
    match options.output {
        Output::Json => out::json(&json!({ "recorded": what, "next": next })),
        Output::Text => {
            out::answer(&options.at_hand(&format!("recorded: {what}\nnext: {next}")));
        }
    }
    Ok(0)
}

fn known(task: &str) -> Result<()> {
    if STATEBOX_TASKS.contains(&task) {
        return Ok(());
    }
    Err(not_one_of("there is no task", task, &STATEBOX_TASKS))
}

fn not_one_of(what: &str, task: &str, names: &[&str]) -> Error {
    let hint = match nearest(task, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {}", names.join(", ")),
    };
    Error::invalid(format!("{what} `{task}`")).hint(hint)
}

fn refuse_passed(drive: &Drive, task: &str, hint: &str) -> Result<()> {
    let has_passed = drive
        .snapshot()?
        .is_some_and(|snapshot| snapshot.document.status(task) == TaskStatus::Pass);
    if has_passed {
        let what = format!("{task} of {} has passed", drive.release);
        return Err(Error::invalid(what).hint(hint));
    }
    Ok(())
}

fn needs_reason(why: &str) -> Result<()> {
    if why.trim().is_empty() {
        return Err(Error::invalid("a person's word needs a reason").hint("add --why TEXT"));
    }
    Ok(())
}
