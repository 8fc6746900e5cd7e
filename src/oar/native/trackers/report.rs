//! The blocking issue about missed trackers, and the message to ART.

use super::{
    super::{
        Native, Refusal,
        announce::{Whom, announce},
        claim::claim_outside_of_flows,
        log::Log,
    },
    Missed, TASK,
};
use crate::{
    error::{Kind, Result},
    release::{Outcome, Version, statebox::Change, ticket, tracker::issue_text},
    services::slack::text::link,
    state::Snapshot,
};

/// What became of the report.
pub(super) enum Reported {
    /// Another operator is at it; the tool ends with this.
    Elsewhere(Outcome),
    /// It is said, but for what the notes tell.
    Said(Vec<String>),
}

/// Opens the issue, unless one says the same, and tells ART of a new one.
///
/// ART is told first: whoever is stopped in between tells it again, and finds no issue to take for a sign
/// that it was told. The claim keeps two operators apart.
///
/// Fails when nobody knows whether the issue is there, or the store cannot be written.
pub(super) async fn report(
    native: &Native,
    log: &mut Log,
    release: &Version,
    before: &Snapshot,
    missed: &Missed,
    notifies: bool,
) -> Result<Reported> {
    let text = issue_text(&missed.advisories, &missed.shipment);
    let mut issues = before.document.issues().iter();
    if issues.any(|issue| !issue.is_resolved && issue.says(&text)) {
        log.info(format!("Issue already exists: {text}"));
        return Ok(Reported::Said(Vec::new()));
    }
    if before.is_limited {
        let why = "the sheet of the release keeps no issues";
        return Ok(Reported::Said(vec![unsaid(log, why)]));
    }
    let change = Change::AddIssue {
        text: text.clone(),
        is_blocker: true,
        related_tasks: vec![TASK.to_owned()],
    };
    if let Err(error) = before.document.clone().apply(&change, native.world.now()) {
        return Ok(Reported::Said(vec![unsaid(log, &error.message)]));
    }
    if let Some(elsewhere) = claim_outside_of_flows(native, release, TASK).await? {
        log.info(&elsewhere.reason);
        return Ok(Reported::Elsewhere(elsewhere));
    }
    let mut of_slack = log.step();
    let mut notes = Vec::new();
    if notifies {
        notes.extend(tell(native, &mut of_slack, release, missed).await);
    }
    match native.change(before, &change).await {
        Ok(Ok(_)) => {
            log.info(format!("Added blocking (tasks: {TASK}) issue: {text}"));
            log.info(format!(
                "Created blocking issue in StateBox for {} CVE tracker bugs",
                missed.keys().count()
            ));
        }
        Ok(Err(Refusal(error))) => notes.push(unsaid(log, &error.message)),
        Err(error) if error.kind == Kind::Refused => notes.push(unsaid(log, &error.message)),
        Err(error) => return Err(error),
    }
    log.append(of_slack);
    Ok(Reported::Said(notes))
}

async fn tell(
    native: &Native,
    log: &mut Log,
    release: &Version,
    missed: &Missed,
) -> Option<String> {
    let links = missed.keys().map(|key| link(&ticket::link(key), key));
    let links: Vec<_> = links.collect();
    let message = |group: &str| {
        format!(
            "Hello {group}, new CVE tracker bugs are found for [{release}] that are not attached, please take a look: {}",
            links.join(" ")
        )
    };
    let token = format!("{release}/{TASK}");
    announce(native, log, Whom::Art, &token, message).await
}

/// The store keeps no issues, or another issue holds the task up already: whoever resolves that one
/// looks at the trackers too.
fn unsaid(log: &mut Log, why: &str) -> String {
    let why = why.replace('\n', " ");
    let why = why.trim();
    log.warning(format!(
        "the missed trackers have no issue of their own: {why}"
    ));
    format!("no issue was opened: {why}")
}
