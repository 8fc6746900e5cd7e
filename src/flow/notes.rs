//! What people are told beside the nodes: what changed in the build data, and what to know about the
//! state of a release.

use super::{approval, data::Data, drive::Drive, journal::Fact};
use crate::{
    error::Result,
    http::Http,
    release::{Ending, metadata::Drift},
    world::{Event, What},
};

/// Tells what changed in the build data, has other copies of them forgotten, and writes them down.
pub(super) fn hear(drive: &Drive, data: &Data) -> Result<()> {
    if drive.plan.is_some() {
        return Ok(());
    }
    let world = drive.session.world();
    let say = |text: String| {
        world.say(&Event {
            at: world.now(),
            node: None,
            what: What::Notice(text),
        });
    };
    if drive.is_noted_anew(data.note.as_deref()) {
        let again = "the build data can be read again";
        say(data.note.clone().unwrap_or_else(|| again.to_owned()));
    }
    if !data.is_news {
        return Ok(());
    }
    let changes: Vec<_> = data.news().iter().map(Drift::line).collect();
    for change in &changes {
        say(format!("build data: {change}"));
    }
    if !changes.is_empty()
        && let Err(error) = drive.sources.forget(&drive.session, &drive.release)
    {
        // Not written down, so that the next pass tries again.
        say(format!(
            "the OAR server may still act on older build data: {}",
            error.chain()
        ));
        return Ok(());
    }
    drive.record(Fact::BuildData {
        metadata: data.metadata.clone(),
        changes,
    })
}

/// What people should know beside the nodes.
pub(super) fn notes(drive: &Drive, data: &Data) -> Result<Vec<String>> {
    let mut notes: Vec<String> = data.note.iter().cloned().collect();
    // A session that goes nowhere over HTTP has no way out and no clock to compare.
    let http = drive.session.get::<Http>().ok();
    if let Some(skew) = http.and_then(|http| http.skew()) {
        notes.push(format!(
            "{}: dates and credentials may be wrong",
            skew.told()
        ));
    }
    notes.extend(drive.stores.primary.notes(&drive.release));
    let Some(snapshot) = drive.snapshot()? else {
        let had_one = drive.journal.last_outcome("create-test-report");
        let note = match had_one.is_some_and(|(outcome, _)| outcome.status == Ending::Pass) {
            true => {
                "the StateBox of this release is gone: restore its file from the history of the branch"
            }
            false => "there is no StateBox for this release yet",
        };
        notes.push(note.to_owned());
        return Ok(notes);
    };
    if snapshot.is_limited {
        notes.push(
            "limited mode: no StateBox, only the statuses of the sheet; no job ids and no issues"
                .to_owned(),
        );
    }
    for issue in snapshot
        .document
        .issues()
        .iter()
        .filter(|issue| !issue.is_resolved)
    {
        let text = issue.text.lines().next().unwrap_or_default();
        let word = if issue.is_blocker {
            "open blocker"
        } else {
            "open issue"
        };
        let about = if issue.related_tasks.is_empty() {
            "the whole release".to_owned()
        } else {
            issue.related_tasks.join(", ")
        };
        notes.push(format!("{word} ({about}): {text}"));
    }
    if let Some(why) = approval::overridden(drive) {
        notes.push(format!("the rules of final approval were set aside: {why}"));
    }
    Ok(notes)
}
