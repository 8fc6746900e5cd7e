//! `history`: what happened to a release, from its journal.

use std::sync::Arc;

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
        journal::{Entry, Fact},
    },
    release::Version,
};

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
            let lines: Vec<_> = entries
                .iter()
                .map(|entry| {
                    format!(
                        "{:>4} {} {}",
                        entry.number,
                        clock(entry.at),
                        said(&entry.fact)
                    )
                })
                .collect();
            out::answer(&lines.join("\n"));
        }
    }
    Ok(0)
}

/// Whether a line is about a node.
pub fn is_about(entry: &Entry, name: &str) -> bool {
    match &entry.fact {
        Fact::Outcome { node, .. } | Fact::Intent { node, .. } => node == name,
        Fact::Decision { task, .. } | Fact::Retry { task, .. } => task == name,
        _ => false,
    }
}

/// A fact in words.
pub fn said(fact: &Fact) -> String {
    match fact {
        Fact::Opened { release, .. } => format!("the journal of {release} begins"),
        Fact::Owner { email } => format!("owned by {email}"),
        Fact::Outcome { node, outcome } => {
            format!(
                "{node}: {} — {}",
                outcome.status.word().replace('_', " "),
                outcome.reason
            )
        }
        Fact::Intent {
            node,
            effect,
            attempt,
            token,
        } => {
            format!("{node}: will trigger {effect}, attempt {attempt} ({token})")
        }
        Fact::Accepted {
            token,
            remote,
            is_adopted,
        } => {
            let word = if *is_adopted { "found" } else { "started" };
            let what = remote
                .as_ref()
                .map_or("without an identity".to_owned(), |remote| {
                    format!("{} {}", remote.kind, remote.id)
                });
            format!("{word}: {what} ({token})")
        }
        Fact::Settled { token, how } => {
            let word = json!(how);
            format!(
                "over: {} ({token})",
                word.as_str().unwrap_or_default().replace('_', " ")
            )
        }
        Fact::Decision {
            task,
            word,
            why,
            who,
            ..
        } => format!("{task}: {who} says {word}: {why}"),
        Fact::Retry { task, why, who } => format!("{task}: {who} wants another try: {why}"),
        Fact::Override { rule, why, who } => format!("{who} set the rules of {rule} aside: {why}"),
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
            format!("the gate was passed for {build} {by} (result file {short})")
        }
        Fact::Pass { headline, .. } => headline.clone(),
    }
}
