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
    error::{Error, Kind, Result},
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
    let count = missed.keys().count();
    let mut issues = before.document.issues().iter();
    if issues.any(|issue| !issue.is_resolved && issue.says(&text)) {
        log.info(format!("Issue already exists: {text}"));
        return Ok(Reported::Said(Vec::new()));
    }
    if let Some(elsewhere) = claim_outside_of_flows(native, release, TASK).await? {
        log.info(&elsewhere.reason);
        return Ok(Reported::Elsewhere(elsewhere));
    }
    let change = Change::AddIssue {
        text: text.clone(),
        is_blocker: true,
        related_tasks: vec![TASK.to_owned()],
    };
    match native.change(before, &change).await {
        Ok(Ok(_)) => {}
        Ok(Err(Refusal(error))) => return Ok(Reported::Said(vec![unsaid(log, &error)])),
        Err(error) if error.kind == Kind::Refused => {
            return Ok(Reported::Said(vec![unsaid(log, &error)]));
        }
        Err(error) => return Err(error),
    }
    log.info(format!("Added blocking (tasks: {TASK}) issue: {text}"));
    log.info(format!(
        "Created blocking issue in StateBox for {count} CVE tracker bugs"
    ));
    if !notifies {
        return Ok(Reported::Said(Vec::new()));
    }
    let token = format!("{release}/{TASK}");
    let links: Vec<_> = missed
        .keys()
        .map(|key| link(&ticket::link(key), key))
        .collect();
    let message = |group: &str| {
        format!(
            "Hello {group}, new CVE tracker bugs are found for [{release}] that are not attached, please take a look: {}",
            links.join(" ")
        )
    };
    let note = announce(native, log, Whom::Art, &token, message).await;
    Ok(Reported::Said(note.into_iter().collect()))
}

/// The store keeps no issues, or another issue holds the task up already: whoever resolves that one
/// looks at the trackers too.
fn unsaid(log: &mut Log, error: &Error) -> String {
    let why = error.message.replace('\n', " ");
    log.warning(format!(
        "the missed trackers have no issue of their own: {why}"
    ));
    format!("no issue was opened: {why}")
}
