//! Posts one message to one place, once.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    known::{self, Known},
    post::{self, Place},
    words,
};
use crate::{
    error::{Error, Kind, Result},
    flow::{
        drive::Drive,
        journal::{Fact, Telling},
    },
    release::statebox::{self, StateBox},
    services::slack::{Client, Message, Posted},
};

/// Slack takes about one message a second in a channel.
const SPACING: Duration = Duration::from_secs(1);

/// How often a message is put together anew because somebody else told a part of it meanwhile.
const MOST_RACES: usize = 3;

/// What goes to one place, with the key of each.
pub(super) struct Batch {
    pub(super) place: Place,
    pub(super) items: Vec<(String, String)>,
}

/// A message that may be there.
enum Look {
    Found(Posted),
    Absent,
    /// Nobody may look.
    Forbidden,
    /// Not now.
    Trouble,
}

/// Posts what a batch still has to say.
pub(super) fn send(drive: &Drive, mut batch: Batch) -> Result<()> {
    look_for_open(drive, &mut batch)?;
    for _ in 0..MOST_RACES {
        if batch.items.is_empty() {
            return Ok(());
        }
        let texts: Vec<&str> = batch.items.iter().map(|(_, text)| text.as_str()).collect();
        let text = post::message(&drive.session, &batch.place, &drive.release, &texts);
        keep_distance(drive, &batch.place)?;
        let message = Message {
            channel: batch.place.channel.clone(),
            text,
            thread: batch.place.thread.clone(),
            token: Some(drive.session.world().fresh_id().to_string()),
        };
        let token = message.token.clone().unwrap_or_default();
        let about: Vec<String> = keys(&batch);
        drive.record(Fact::NoticeIntent {
            token: token.clone(),
            about: about.clone(),
            channel: message.channel.clone(),
            thread: message.thread.clone(),
            text: message.text.clone(),
        })?;
        // The answer in a chat is for who asked there; only what a team is told is told by one of us.
        if batch.place.thread.is_none() {
            match claim(drive, &about, &token) {
                Ok(()) => {}
                Err(error) if error.kind == Kind::Conflict => {
                    drive.record(ended(&token, Telling::Absent, Some(&error)))?;
                    drive.refresh()?;
                    let document = document(drive)?;
                    drive.journal.look(|entries| {
                        let ours = known::tokens(entries);
                        let is_ours = |(key, _): &(String, String)| {
                            !is_told_by_another(document.as_ref(), key, &ours)
                        };
                        batch.items.retain(is_ours);
                    });
                    continue;
                }
                Err(error) => return keep(drive, &batch, &token, error),
            }
        }
        return match post(drive, &message) {
            Ok(posted) => {
                drive.record(Fact::NoticeEnded {
                    token,
                    how: Telling::Posted,
                    place: Some(posted.channel),
                    why: None,
                })?;
                let about: Vec<_> = about.iter().map(|key| words(key)).collect();
                drive.say(&format!("told {}: {}", message.channel, about.join(", ")));
                Ok(())
            }
            // It stays open: looked for by the next pass.
            Err(error) if error.kind == Kind::Cancelled => Err(error),
            Err(error) if error.is_ambiguous && error.status != Some(503) => {
                drive.say_once(&format!(
                    "whether {} was told is not known: {}",
                    message.channel,
                    error.chain()
                ));
                Ok(())
            }
            Err(error) => keep(drive, &batch, &token, error),
        };
    }
    Ok(())
}

fn keys(batch: &Batch) -> Vec<String> {
    batch.items.iter().map(|(key, _)| key.clone()).collect()
}

/// Writes down that a message was not posted, for a later pass.
fn keep(drive: &Drive, batch: &Batch, token: &str, error: Error) -> Result<()> {
    drive.record(ended(token, Telling::Kept, Some(&error)))?;
    drive.say_once(&format!(
        "{} was not told, a later pass tries again: {}",
        batch.place.channel,
        error.chain()
    ));
    Ok(())
}

fn ended(token: &str, how: Telling, error: Option<&Error>) -> Fact {
    Fact::NoticeEnded {
        token: token.to_owned(),
        how,
        place: None,
        why: error.map(Error::chain),
    }
}

/// Takes what is there already, or was posted as often as it may be, out of a batch.
fn look_for_open(drive: &Drive, batch: &mut Batch) -> Result<()> {
    let thread = batch.place.thread.clone();
    let mut looks: HashMap<String, Look> = HashMap::new();
    let mut left = Vec::new();
    for (key, text) in std::mem::take(&mut batch.items) {
        let mut is_left = true;
        let before = known_of(drive, &key, thread.as_deref());
        for (token, at) in &before.open {
            let look = looks
                .entry(token.clone())
                .or_insert_with(|| look(drive, &batch.place, token, *at));
            match look {
                Look::Found(posted) => {
                    drive.record(Fact::NoticeEnded {
                        token: token.clone(),
                        how: Telling::Posted,
                        place: Some(posted.channel.clone()),
                        why: None,
                    })?;
                    is_left = false;
                }
                Look::Absent => drive.record(ended(token, Telling::Absent, None))?,
                Look::Forbidden if before.is_hopeless() => {
                    drive.record(ended(token, Telling::GivenUp, None))?;
                    is_left = false;
                }
                Look::Forbidden => {}
                Look::Trouble => is_left = false,
            }
        }
        // A message that told several things was looked for once and ended once.
        if is_left && !known_of(drive, &key, thread.as_deref()).is_over {
            left.push((key, text));
        }
    }
    batch.items = left;
    Ok(())
}

/// Looks for a message in its channel.
fn look(drive: &Drive, place: &Place, token: &str, since: Timestamp) -> Look {
    let session = &drive.session;
    let found = session.get::<Client>().and_then(|slack| {
        let last = drive
            .journal
            .look(|entries| known::last_post(entries, &place.channel));
        let arguments = json!({ "channel": place.channel, "token": token });
        session.call("slack.find", arguments, false, async {
            let channel = match last.and_then(|(_, place)| place) {
                Some(channel) => channel,
                None => slack.channel(&place.channel).await?,
            };
            slack
                .find(&channel, place.thread.as_deref(), token, since)
                .await
        })
    });
    match found {
        Ok(Some(posted)) => Look::Found(posted),
        Ok(None) => Look::Absent,
        Err(error) if post::is_forbidden(&error) => Look::Forbidden,
        Err(_) => Look::Trouble,
    }
}

/// Keeps a second operator quiet. A store that cannot hold this keeps nobody apart.
fn claim(drive: &Drive, about: &[String], token: &str) -> Result<()> {
    let Some(document) = document(drive)? else {
        return Ok(());
    };
    let changes: Vec<_> = about
        .iter()
        .filter(|key| document.told_in(key).is_none())
        .map(|key| statebox::Change::Tell {
            about: key.clone(),
            token: token.to_owned(),
        })
        .collect();
    match drive.write_now(changes) {
        Err(error) if error.kind == Kind::Refused => Ok(()),
        written => written,
    }
}

fn post(drive: &Drive, message: &Message) -> Result<Posted> {
    let slack = drive.session.get::<Client>()?;
    let arguments =
        json!({"channel": message.channel, "text": message.text, "thread": message.thread});
    drive
        .session
        .call("slack.post", arguments, true, slack.post(message))
}

/// Waits until the channel takes another message.
fn keep_distance(drive: &Drive, place: &Place) -> Result<()> {
    let world = drive.session.world();
    let last = drive
        .journal
        .look(|entries| known::last_post(entries, &place.channel));
    let Some((at, _)) = last else { return Ok(()) };
    let spacing = SignedDuration::try_from(SPACING).unwrap_or_default();
    let left = spacing - world.now().duration_since(at);
    match Duration::try_from(left) {
        Ok(left) if !left.is_zero() => drive.session.wait(async {
            world.sleep(left).await;
            Ok(())
        }),
        _ => Ok(()),
    }
}

/// The StateBox; `None` where only statuses are kept.
pub(super) fn document(drive: &Drive) -> Result<Option<StateBox>> {
    let snapshot = drive.snapshot()?.filter(|snapshot| !snapshot.is_limited);
    Ok(snapshot.map(|snapshot| snapshot.document))
}

/// Whether another operator tells this.
pub(super) fn is_told_by_another(document: Option<&StateBox>, key: &str, ours: &[&str]) -> bool {
    document
        .and_then(|document| document.told_in(key))
        .is_some_and(|token| !ours.contains(&token))
}

/// What the journal knows of telling this.
pub(super) fn known_of(drive: &Drive, key: &str, thread: Option<&str>) -> Known {
    drive
        .journal
        .look(|entries| Known::of(entries, key, thread))
}
