//! `history`: what happened to a release, from its journal.
//!
//! The journal keeps every look; people are shown what was new. With `--verbose` they see all of it,
//! with the tokens under which things were triggered.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;
use serde_json::json;

use super::{
    args::{Options, Output},
    out::{self, Failure},
    view::{View, clock},
    wiring::Wiring,
};
use crate::{
    flow::{
        Journal,
        journal::{Entry, Fact, Settlement, Telling},
        notice,
    },
    release::Version,
};

/// How much is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// What was new.
    News,
    /// Every entry, with tokens.
    Everything,
}

/// An entry in words.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number in the journal.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The node it is about, if it is about one.
    pub node: Option<String>,
    /// What it says.
    pub what: String,
}

/// Prints the journal of a release.
pub fn history(release: &str, options: &Options, view: &Arc<View>) -> Result<u8, Failure> {
    let release: Version = release.parse()?;
    let wiring = Wiring::new(options, view.clone())?;
    let journal = Journal::open(wiring.world.clone(), &wiring.journals, &release)?;
    let entries = journal.entries();
    match options.output {
        Output::Json => out::json(&json!({
            "release": release,
            "file": journal.file(),
            "entries": entries,
        })),
        Output::Text if entries.is_empty() => {
            out::answer(&format!("nothing happened to {release} here yet"));
        }
        Output::Text => {
            let detail = if options.verbose > 0 {
                Detail::Everything
            } else {
                Detail::News
            };
            let shown = lines(&entries, detail);
            let left_out = entries.len() - shown.len();
            let mut text: Vec<_> = shown
                .iter()
                .map(|line| format!("{:>4} {} {}", line.number, clock(line.at), line.what))
                .collect();
            if left_out > 0 {
                text.push(format!(
                    "{left_out} entries that say nothing new are left out; --verbose shows them"
                ));
            }
            out::answer(&options.at_hand(&text.join("\n")));
        }
    }
    Ok(0)
}

/// The entries in words.
///
/// What is not new: an outcome in the words of the one before it, and another try to start something
/// that was refused before.
pub fn lines(entries: &[Entry], detail: Detail) -> Vec<Line> {
    let mut started: HashMap<&str, (&str, &str)> = HashMap::new();
    let mut last: HashMap<String, String> = HashMap::new();
    let refused: Vec<&str> = entries
        .iter()
        .filter_map(|entry| match &entry.fact {
            Fact::Settled {
                token,
                how: Settlement::Refused,
            } => Some(token.as_str()),
            _ => None,
        })
        .collect();
    let ended: Vec<&str> = entries
        .iter()
        .filter_map(|entry| match &entry.fact {
            Fact::NoticeEnded { token, .. } => Some(token.as_str()),
            _ => None,
        })
        .collect();
    let mut told: HashMap<&str, String> = HashMap::new();
    let mut lines = Vec::new();
    for entry in entries {
        if let Fact::NoticeIntent {
            token,
            about,
            channel,
            ..
        } = &entry.fact
        {
            let about: Vec<_> = about.iter().map(|key| notice::words(key)).collect();
            told.insert(token, format!("{channel}: {}", about.join(", ")));
        }
        if let Fact::Intent {
            node,
            effect,
            token,
            ..
        } = &entry.fact
        {
            started.insert(token, (node, effect));
        }
        let token = match &entry.fact {
            Fact::Intent { token, .. }
            | Fact::Accepted { token, .. }
            | Fact::Settled { token, .. }
            | Fact::NoticeIntent { token, .. }
            | Fact::NoticeEnded { token, .. } => Some(token.as_str()),
            _ => None,
        };
        let (node, mut what) = match token.and_then(|token| told.get(token)) {
            Some(message) => (None, of_notice(&entry.fact, message)),
            None => said(&entry.fact, &started),
        };
        if detail == Detail::News {
            // Only how it ended is news, and that it is on its way.
            let is_news = match &entry.fact {
                Fact::NoticeIntent { token, .. } => !ended.contains(&token.as_str()),
                Fact::NoticeEnded { how, .. } => *how != Telling::Absent,
                Fact::Kept { .. } => false,
                _ => true,
            };
            if !is_news {
                continue;
            }
            let topic = match &entry.fact {
                Fact::Outcome { .. } => "outcome",
                Fact::NoticeEnded { .. } => "notice",
                _ if token.is_some_and(|token| refused.contains(&token)) => match entry.fact {
                    Fact::Intent { .. } => "refused intent",
                    _ => "refused",
                },
                _ => "",
            };
            let key = format!("{topic} {}", node.as_deref().unwrap_or_default());
            if !topic.is_empty() && last.insert(key, what.clone()).as_ref() == Some(&what) {
                continue;
            }
        } else if let Some(token) = token {
            what.push_str(&format!(" ({token})"));
        }
        lines.push(Line {
            number: entry.number,
            at: entry.at,
            node,
            what,
        });
    }
    lines
}

/// A fact in words, and the node it is about. `started` tells node and effect of a token.
fn said(fact: &Fact, started: &HashMap<&str, (&str, &str)>) -> (Option<String>, String) {
    let of = |token: &str| started.get(token).copied().unwrap_or(("?", "?"));
    let about = |node: &str, what: String| (Some(node.to_owned()), format!("{node}: {what}"));
    match fact {
        Fact::Opened { release, .. } => (None, format!("the journal of {release} begins")),
        Fact::Owner { email } => (None, format!("owned by {email}")),
        Fact::Outcome { node, outcome } => about(
            node,
            format!(
                "{} — {}",
                outcome.status.word().replace('_', " "),
                outcome.reason
            ),
        ),
        Fact::Kept { node } => about(node, "the state says so too".to_owned()),
        Fact::Intent {
            node,
            effect,
            attempt,
            ..
        } => about(node, format!("will start {effect}, attempt {attempt}")),
        Fact::Accepted {
            token,
            remote,
            is_adopted,
        } => {
            let (node, effect) = of(token);
            let word = if *is_adopted { "found" } else { "started" };
            let what = remote.as_ref().map_or(effect.to_owned(), |remote| {
                format!("{effect}: {} {}", remote.kind, remote.id)
            });
            about(node, format!("{word} {what}"))
        }
        Fact::Settled { token, how } => {
            let (node, effect) = of(token);
            let word = json!(how);
            let word = word.as_str().unwrap_or_default().replace('_', " ");
            about(node, format!("{effect} is over: {word}"))
        }
        Fact::Decision {
            task,
            word,
            why,
            who,
            ..
        } => about(task, format!("{who} says {word}: {why}")),
        Fact::Retry { task, why, who } => about(task, format!("{who} wants another try: {why}")),
        Fact::Override { rule, why, who } => {
            (None, format!("{who} set the rules of {rule} aside: {why}"))
        }
        Fact::Gate {
            build,
            is_accepted,
            waived_by,
            identity,
        } => {
            let by = match waived_by {
                Some(who) => format!("on the word of {who}"),
                None if *is_accepted => "on its tests".to_owned(),
                None => "on nothing".to_owned(),
            };
            let short: String = identity.chars().take(12).collect();
            about(
                "gate",
                format!("passed for {build} {by} (result file {short})"),
            )
        }
        Fact::BuildData { changes, .. } if changes.is_empty() => {
            (None, "the build data were read".to_owned())
        }
        Fact::BuildData { changes, .. } => (
            None,
            format!("the build data changed: {}", changes.join("; ")),
        ),
        Fact::NoticeIntent { .. } | Fact::NoticeEnded { .. } => (None, of_notice(fact, "people")),
        Fact::Pass { headline, .. } => {
            let short = headline.split("; next: ").next().unwrap_or(headline);
            (None, short.to_owned())
        }
    }
}

/// What came of telling people something; `message` is where and what.
fn of_notice(fact: &Fact, message: &str) -> String {
    let (what, why) = match fact {
        Fact::NoticeEnded { how, why, .. } => {
            let what = match how {
                Telling::Posted => "told",
                Telling::Kept => "could not tell",
                Telling::Absent => "has not told yet",
                Telling::GivenUp => "gave up on telling",
            };
            (what, why.as_deref())
        }
        _ => ("will tell", None),
    };
    let why = why.map_or(String::new(), |why| format!(" ({why})"));
    format!("{what} {message}{why}")
}
