//! Tells people what they were not told yet.

use jiff::Timestamp;

use super::{
    Notice,
    change::{Change, changes},
    known,
    post::Place,
    send::{Batch, document, is_told_by_another, known_of, send},
};
use crate::{
    call::Control,
    config::Notices,
    error::{Kind, Result},
    flow::{drive::Drive, pass::Runner, report::Report},
    release::statebox::StateBox,
};

/// The environment variable without which nobody is told anything.
const CREDENTIAL: &str = "SLACK_BOT_TOKEN";

/// Tells people what is true after a pass and was not told before.
///
/// Returns when to come back for what could not be posted. Fails only when the journal cannot be written
/// or a person stops the run; every other trouble is said to whoever watches and tried again after a later
/// pass.
pub fn tell(drive: &Drive, runner: &dyn Runner, report: &Report) -> Result<Option<Timestamp>> {
    if drive.plan.is_some() {
        return Ok(None);
    }
    let hasty = Control {
        is_hasty: true,
        ..Control::current()
    };
    let told: Result<()> = hasty.scope(|| {
        for batch in batches(drive, runner, report)? {
            send(drive, batch)?;
        }
        Ok(())
    });
    match told {
        Err(error) if error.kind == Kind::Cancelled => Err(error),
        Err(_) if drive.journal.trouble().is_some() => {
            drive.journal.trouble().map_or(Ok(None), Err)
        }
        Err(error) => {
            drive.say_once(&format!("people were not told: {}", error.chain()));
            Ok(None)
        }
        Ok(()) => Ok(next_try(drive, report)),
    }
}

/// When the first of what could not be posted may be tried again.
fn next_try(drive: &Drive, report: &Report) -> Option<Timestamp> {
    let document = document(drive).ok()?;
    let untold = untold(drive, report, document.as_ref());
    let due = untold.iter().filter_map(|change| {
        let known = known_of(drive, &change.key, None);
        known.due_at().filter(|_| !known.is_over)
    });
    due.min()
}

/// What a run would tell people now, a line each; nothing but for a plan that may ask services.
pub fn would_tell(drive: &Drive, runner: &dyn Runner, report: &Report) -> Result<Vec<String>> {
    if drive.plan.as_ref().is_none_or(|plan| plan.is_offline) {
        return Ok(Vec::new());
    }
    let hasty = Control {
        is_hasty: true,
        ..Control::current()
    };
    let found = match hasty.scope(|| batches(drive, runner, report)) {
        Err(error) if error.kind == Kind::Cancelled => return Err(error),
        found => found.unwrap_or_default(),
    };
    let lines = found.into_iter().flat_map(|batch| {
        let channel = batch.place.channel;
        let line = move |(_, text): (String, String)| {
            let first = text.lines().next().unwrap_or_default().to_owned();
            format!("would tell {channel}: {first}")
        };
        batch.items.into_iter().map(line)
    });
    Ok(lines.collect())
}

/// What is to be told where.
fn batches(drive: &Drive, runner: &dyn Runner, report: &Report) -> Result<Vec<Batch>> {
    let settings = drive.session.get::<Notices>();
    if !settings.is_ok_and(|settings| settings.enabled) {
        return Ok(Vec::new());
    }
    let world = drive.session.world();
    let now = world.now();
    let has_credential = world.secret(CREDENTIAL).is_some();
    let chat = Place::of_chat(&**world);
    let thread = chat.as_ref().and_then(|chat| chat.thread.clone());
    let document = document(drive)?;
    let mut batches: Vec<Batch> = Vec::new();
    for change in untold(drive, report, document.as_ref()) {
        let is_wanted = |thread: Option<&str>| {
            let known = known_of(drive, &change.key, thread);
            !known.is_over && known.is_due(now)
        };
        let in_channel = is_wanted(None);
        let in_chat = chat.is_some() && is_wanted(thread.as_deref());
        if !in_channel && !in_chat {
            continue;
        }
        for notice in texts(drive, runner, &change)? {
            if !has_credential {
                drive.say_once(&format!("no notices: {CREDENTIAL} is not set"));
                return Ok(Vec::new());
            }
            let item = (change.key.clone(), notice.text.clone());
            if let Some(chat) = chat.as_ref().filter(|_| in_chat) {
                add(&mut batches, chat, item.clone());
            }
            if in_channel {
                match Place::of_contact(&drive.session, &notice.contact, &drive.release) {
                    Ok(place) => add(&mut batches, &place, item),
                    Err(error) => drive.say_once(&format!(
                        "no notices for {}: {}",
                        notice.contact,
                        error.chain()
                    )),
                }
            }
        }
    }
    Ok(batches)
}

/// What is true now and told by nobody else.
fn untold(drive: &Drive, report: &Report, document: Option<&StateBox>) -> Vec<Change> {
    let lead = drive.known_owner();
    drive.journal.look(|entries| {
        let ours = known::tokens(entries);
        let mut found = changes(report, document, entries, lead.as_deref());
        found.retain(|change| !is_told_by_another(document, &change.key, &ours));
        found
    })
}

/// What the script makes of a change. An error in it is told to whoever runs it, not to the team.
fn texts(drive: &Drive, runner: &dyn Runner, change: &Change) -> Result<Vec<Notice>> {
    match runner.notices(change) {
        Ok(mut notices) => {
            notices.retain(|notice| !notice.text.trim().is_empty());
            Ok(notices)
        }
        Err(trouble) if trouble.error.kind == Kind::Cancelled => Err(trouble.error),
        Err(trouble) => {
            let why = trouble.report.unwrap_or_else(|| trouble.error.chain());
            drive.say_once(&format!(
                "people were not told about `{}`: {why}",
                change.key
            ));
            Ok(Vec::new())
        }
    }
}

fn add(batches: &mut Vec<Batch>, place: &Place, item: (String, String)) {
    match batches.iter_mut().find(|batch| batch.place == *place) {
        Some(batch) => batch.items.push(item),
        None => batches.push(Batch {
            place: place.clone(),
            items: vec![item],
        }),
    }
}
