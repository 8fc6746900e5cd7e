//! What the journal knows of telling people something.

use std::time::Duration;

use jiff::Timestamp;

use crate::flow::journal::{Entry, Fact, Telling};

/// How long until a message that could not be posted is tried again; twice as long each time.
const FIRST_WAIT: Duration = Duration::from_mins(10);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_hours(6);

/// How often something may be posted of which nobody knows whether it is there: the second is the one
/// that may be one too many.
const MOST_DOUBTS: usize = 2;

/// What was done so far to tell people one thing in one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// Whether people were told, or nobody tries any more.
    pub is_over: bool,
    /// The messages that may be there, oldest first: their tokens and when they were meant to go.
    pub open: Vec<(String, Timestamp)>,
    /// How often it could not be posted.
    pub kept: u32,
    /// When it was tried last.
    pub last_try: Option<Timestamp>,
}

impl Known {
    /// Reads what the journal says about `key`; `thread` is that of an answer.
    pub fn of(entries: &[Entry], key: &str, thread: Option<&str>) -> Self {
        let mut known = Self::default();
        let mut tokens: Vec<&str> = Vec::new();
        for entry in entries {
            match &entry.fact {
                Fact::NoticeIntent {
                    token,
                    about,
                    thread: other,
                    ..
                } if other.as_deref() == thread && about.iter().any(|name| name == key) => {
                    tokens.push(token);
                    known.open.push((token.clone(), entry.at));
                    known.last_try = Some(entry.at);
                }
                Fact::NoticeEnded { token, how, .. } if tokens.contains(&token.as_str()) => {
                    known.open.retain(|(open, _)| open != token);
                    match how {
                        Telling::Posted | Telling::GivenUp => known.is_over = true,
                        Telling::Kept => known.kept += 1,
                        Telling::Absent => {}
                    }
                }
                _ => {}
            }
        }
        known
    }

    /// Whether it may be tried now, as far as waiting goes.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.due_at().is_none_or(|due| due <= now)
    }

    /// When it may be tried again, if it could not be posted before.
    pub fn due_at(&self) -> Option<Timestamp> {
        let last = self.last_try.filter(|_| self.kept > 0)?;
        let factor = 1_u32 << (self.kept - 1).min(10);
        let wait = (FIRST_WAIT * factor).min(LONGEST_WAIT);
        Some(last.checked_add(wait).unwrap_or(Timestamp::MAX))
    }

    /// Whether it was posted as often as it may be without anybody having seen it.
    pub fn is_hopeless(&self) -> bool {
        self.open.len() >= MOST_DOUBTS
    }
}

/// The tokens of all messages of ours.
pub(super) fn tokens(entries: &[Entry]) -> Vec<&str> {
    entries
        .iter()
        .filter_map(|entry| match &entry.fact {
            Fact::NoticeIntent { token, .. } => Some(token.as_str()),
            _ => None,
        })
        .collect()
}

/// When something was posted to a channel last, and by which identity Slack knows it.
pub(super) fn last_post(entries: &[Entry], channel: &str) -> Option<(Timestamp, Option<String>)> {
    let mut tokens: Vec<&str> = Vec::new();
    let mut last = None;
    for entry in entries {
        match &entry.fact {
            Fact::NoticeIntent {
                token, channel: to, ..
            } if to == channel => tokens.push(token),
            Fact::NoticeEnded {
                token,
                how: Telling::Posted,
                place,
                ..
            } if tokens.contains(&token.as_str()) => {
                last = Some((entry.at, place.clone()));
            }
            _ => {}
        }
    }
    last
}
