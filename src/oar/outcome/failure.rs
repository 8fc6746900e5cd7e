//! What a command that failed means: often something else than that the task failed.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    Attempt, Judgement, lines, log,
    marks::Marks,
    progress::{self, ART},
};
use crate::release::{Ending, Outcome};

static TRANSIENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)tim(?:ed|e)[ -]?out|temporar|try again later|connection (?:reset|refused|aborted|error)|max retries exceeded",
        r"|\b(?:429|500|502|503|504)\b|too many requests|rate limit|throttl|bad gateway|service unavailable",
        r"|internal server error|gateway|remote end closed|name resolution|cannot talk to",
    ))
    .expect("the pattern is constant")
});

static SENT_UNANSWERED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)read tim|tim(?:ed|e)[ -]?out|reset|aborted|remote end closed|\b50[024]\b|gateway",
    )
    .expect("the pattern is constant")
});

static KERBEROS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)kerberos|gssapi|gsserror|spnego|\bkinit\b|ticket expired|no credentials cache")
        .expect("the pattern is constant")
});

static MISSING_VARIABLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)  - ([A-Z_]+): ").expect("the pattern is constant"));

/// Returns what the report of a failed command means.
pub(super) fn judge(task: &str, is_trigger: bool, report: &str) -> Judgement {
    let marks = Marks::of(report);
    let message = log::error_message(report)
        .or_else(|| last_trouble(report))
        .unwrap_or("the command gave no reason");
    if let Some(judgement) = started_all_the_same(task, &marks, message) {
        return judgement;
    }
    if let Some(judgement) = person_needed(task, &marks, report, message) {
        return judgement;
    }
    if let Some(judgement) = somebody_else(task, &marks, message) {
        return judgement;
    }
    if !is_trigger && has_job(task) && marks.status.is_none() {
        return not_seen(message);
    }
    if TRANSIENT.is_match(message) {
        return transient(task, is_trigger, message);
    }
    if let Some(judgement) = build_data_awaited(message) {
        return judgement;
    }
    let next = next_step(task, message);
    Judgement::new(
        Attempt::Ended,
        Outcome::new(Ending::Fail, message).next(next),
    )
}

/// Whether a task is a job outside that goes on whatever becomes of a look at it.
fn has_job(task: &str) -> bool {
    matches!(task, "image-consistency-check" | "stage-testing")
}

/// A look at a job failed, which says nothing about the job.
fn not_seen(message: &str) -> Judgement {
    Judgement::new(
        Attempt::Running,
        Outcome::new(
            Ending::Waiting,
            format!("it could not be looked at: {message}"),
        )
        .owner("the OAR server")
        .next("nothing to do when it passes; else look at the job itself"),
    )
}

/// The build data are read before anything else, so nothing has begun.
fn build_data_awaited(message: &str) -> Option<Judgement> {
    let (owner, next) = if message.contains("ocp build data format is invalid") {
        (
            "ART",
            "tell ART that `releases.yml` of the y-stream is broken",
        )
    } else if message.contains("download ocp build data failed") {
        (
            "the OAR server",
            "nothing to do when it passes; else see whether the OAR server reaches GitHub",
        )
    } else {
        return None;
    };
    Some(Judgement::new(
        Attempt::NotStarted,
        Outcome::new(
            Ending::Waiting,
            format!("the OAR server cannot read the build data: {message}"),
        )
        .owner(owner)
        .next(next),
    ))
}

fn started_all_the_same(task: &str, marks: &Marks, message: &str) -> Option<Judgement> {
    let has_started = marks.prow_triggered.is_some()
        || marks.build_triggered.is_some()
        || marks.checker.is_some()
        || !marks.pushes_triggered.is_empty();
    if !has_started {
        return None;
    }
    let mut judgement = lines::of(task, marks)?;
    judgement
        .outcome
        .reason
        .push_str(&format!(", although the command then failed: {message}"));
    Some(judgement)
}

fn person_needed(task: &str, marks: &Marks, report: &str, message: &str) -> Option<Judgement> {
    let blocked = |reason: String, owner: &str, next: String| {
        Some(Judgement::new(
            Attempt::NotStarted,
            Outcome::new(Ending::Blocked, reason)
                .owner(owner)
                .next(next),
        ))
    };
    let server = "whoever runs the OAR server";
    if marks.says("No APITOKEN env var found") {
        return Some(progress::no_token("APITOKEN"));
    }
    if marks.says("GitHub token not found") {
        return Some(progress::no_token("GITHUB_TOKEN"));
    }
    if marks.says("Missing required environment variables") {
        let names: Vec<_> = MISSING_VARIABLE
            .captures_iter(report)
            .filter_map(|found| found.get(1))
            .map(|name| name.as_str())
            .collect();
        let names = match names.as_slice() {
            [] => "some variables".to_owned(),
            names => names.join("`, `"),
        };
        return blocked(
            format!("the OAR server lacks `{names}`"),
            server,
            format!("set `{names}` in the environment of the OAR server and restart it"),
        );
    }
    if KERBEROS.is_match(message) {
        return blocked(
            format!("the OAR server has no Kerberos ticket: {message}"),
            server,
            "run `kinit` as the user of the OAR server, then try again".to_owned(),
        );
    }
    if marks.says("invalid token") {
        return blocked(
            format!("a service refused the OAR server's credential: {message}"),
            server,
            "renew the credential (usually `JIRA_TOKEN`) of the OAR server".to_owned(),
        );
    }
    if let Some(request) = marks
        .closed_request
        .filter(|_| task != "change-advisory-status")
    {
        return blocked(
            format!("merge request {request} is not open: it was closed or merged"),
            ART,
            "merged: look at the job itself and set the task by hand; closed: ask ART which merge request is valid"
                .to_owned(),
        );
    }
    if marks.says("has blocking secalerts") || marks.says("found blocking secalert") {
        return blocked(
            format!("a blocking security alert stops the approval: {message}"),
            "product security",
            "ask product security to resolve the alert, then approve again".to_owned(),
        );
    }
    if marks.says("kernel tag early-kernel-stop-ship is") {
        return blocked(
            "the kernel is tagged early-kernel-stop-ship".to_owned(),
            ART,
            "ask ART about the kernel, then approve again".to_owned(),
        );
    }
    if marks.says("already has unresolved blocker") {
        if !marks.missed.is_empty() {
            return Some(progress::missed(marks));
        }
        return blocked(
            message.to_owned(),
            ART,
            "resolve the issue named here, then run the task again".to_owned(),
        );
    }
    None
}

fn somebody_else(task: &str, marks: &Marks, message: &str) -> Option<Judgement> {
    if let Some(id) = marks.prow_missing {
        return Some(lines::job_lost(id, marks));
    }
    if marks.says("Stage release pipeline is not completed yet") {
        return lines::of("image-consistency-check", marks);
    }
    if task == "image-signed-check" {
        let is_early = message.contains("'NoneType' object has no attribute 'replace'")
            || marks.says("No image digest found")
            || marks.says("Image digest failed to show")
            || marks.says("No changeLogJson element is found");
        return is_early.then(lines::signature_awaited);
    }
    let is_unsigned = marks.says("not signed yet") || marks.says("unsigned");
    (task == "push-to-cdn-staging" && is_unsigned).then(|| {
        Judgement::new(
            Attempt::NotStarted,
            Outcome::new(
                Ending::Waiting,
                format!("the packages are not signed yet: {message}"),
            )
            .owner("ART, signing"),
        )
    })
}

fn transient(task: &str, is_trigger: bool, message: &str) -> Judgement {
    let may_have_started = is_trigger
        && matches!(
            task,
            "image-consistency-check" | "stage-testing" | "job-run"
        )
        && SENT_UNANSWERED.is_match(message);
    let reason = format!("a service did not answer well: {message}");
    if may_have_started {
        // The server keeps no trace of what it asked for, so time alone does not tell.
        Judgement::new(
            Attempt::InDoubt,
            Outcome::new(
                Ending::Blocked,
                format!("{reason}; the job may have been started"),
            )
            .owner("a person")
            .next("look outside whether the job was started before it is started again"),
        )
    } else {
        Judgement::new(
            Attempt::NotStarted,
            Outcome::new(Ending::Waiting, reason)
                .owner("the service")
                .next("nothing to do; it is tried again"),
        )
    }
}

fn last_trouble(report: &str) -> Option<&str> {
    report
        .lines()
        .rev()
        .find_map(|line| line.split_once(": ERROR: ").map(|(_, message)| message))
        .or_else(|| {
            report
                .lines()
                .skip(1)
                .map(str::trim)
                .find(|line| !line.is_empty())
        })
}

fn next_step(task: &str, message: &str) -> &'static str {
    let has = |part: &str| message.contains(part);
    if has("ocp build data is not ready") || has("release_date not found") {
        "ask ART when the build data of the release will be there"
    } else if has("invalid release format") {
        "give a full version such as 4.20.1"
    } else if has("Invalid MR URL") {
        "this release has no shipment merge request; the OAR server supports Konflux releases only"
    } else if has("No shipment MR found") {
        "ask ART for the shipment merge request of the release"
    } else if has("is not a valid email") {
        "give the whole address of the owner"
    } else if task == "take-ownership" {
        "look which advisories have their new owner already, mend the cause and run it again"
    } else if task == "change-advisory-status" {
        "look at merge request and advisories first: the approval may have happened"
    } else {
        "read the log, mend the cause and run the task again"
    }
}
