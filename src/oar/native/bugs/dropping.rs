//! `oar_drop_bugs`: takes what is not verified in time off the advisories.
//!
//! What is dropped follows from what is there, so the tool may be run again after anything. The tab is
//! what remembers a drop whose end was not seen: a listed bug that no advisory has was dropped, and
//! approval that is missing then is asked for.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::{Bugs, advisories, ended, errata_flow, listed, messages};
use crate::{
    error::{Error, Result},
    oar::{
        backend::Ran,
        native::{Native, log::Log, tab::Tab},
    },
    release::{
        Ending, Outcome, TaskStatus, Version,
        advisory::{
            Advisory,
            content::{
                self, is_open_to_changes, must_ask_docs_again, must_ask_security_again, to_drop,
            },
        },
        sheet::{Layout, refreshed_rows},
        statebox::Change,
    },
    services::errata,
};

const TITLE: &str = "Drop Bugs";

/// What happened to one advisory.
struct Dropped {
    /// The advisory as it was.
    before: Advisory,
    /// What was taken off.
    keys: Vec<String>,
    /// What could not be done.
    trouble: Option<Error>,
    is_docs_asked: bool,
    is_security_asked: bool,
}

/// Drops bugs; `pass` when none is left that should go.
pub(in crate::oar::native) async fn drop(native: &Native, release: &Version) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let assembly = match errata_flow(native, release, &mut log).await? {
        Ok(assembly) => assembly,
        Err(outcome) => return Ok(log.ended(outcome)),
    };
    let (advisories, tab) = tokio::join!(
        advisories(native, &assembly),
        Tab::read(native, release, Layout::Errata)
    );
    let (mut notes, tab) = match tab {
        Ok(tab) => (Vec::new(), tab),
        // Without the tab the bugs are dropped all the same.
        Err(error) => (vec![untold(&mut log, &error)], None),
    };
    let bugs = Bugs::read(native, advisories?, tab.as_ref()).await?;
    bugs.log_hidden(&mut log);
    let gone = gone(&bugs, tab.as_ref());

    let work = bugs.advisories.iter().map(|advisory| {
        let keys = droppable(&bugs, advisory);
        async {
            match is_open_to_changes(advisory) {
                true => drop_from(native, advisory, keys, !gone.is_empty()).await,
                false => Ok(Dropped::nothing(advisory)),
            }
        }
    });
    let ends: Vec<Dropped> = join_all(work).await.into_iter().collect::<Result<_>>()?;
    for end in ends.iter().filter(|end| !end.keys.is_empty()) {
        log.info(format!(
            "bugs are dropped from advisory {}: {}",
            end.before.id,
            listed(end.keys.iter().map(String::as_str))
        ));
    }
    let now: BTreeSet<String> = ends.iter().flat_map(|end| end.keys.clone()).collect();
    if let Some(tab) = &tab {
        let blocks = refreshed_rows(&tab.report, &bugs.keys(), &now, &bugs.looked());
        match tab.write(&blocks).await {
            Ok(()) => log.info("updated the bug list"),
            Err(error) => notes.push(untold(&mut log, &error)),
        }
    }
    // What an earlier run dropped and could not tell of is told now.
    let dropped: Vec<String> = now.iter().chain(&gone).cloned().collect();
    if !dropped.is_empty() {
        let severe: Vec<String> = dropped
            .iter()
            .filter(|key| {
                let ticket = bugs.tickets.get(*key);
                ticket.is_some_and(|ticket| ticket.is_high_severity())
            })
            .cloned()
            .collect();
        notes.extend(messages::tell_dropped(native, &mut log, release, &dropped, &severe).await);
    }
    let those = |is_asked: fn(&Dropped) -> bool| -> Vec<u64> {
        let ends = ends.iter().filter(|end| is_asked(end));
        ends.map(|end| end.before.id).collect()
    };
    let for_docs = those(|end| end.is_docs_asked);
    let for_security = those(|end| end.is_security_asked);
    for number in &for_docs {
        log.info(format!(
            "docs approval of advisory {number} is asked for again"
        ));
    }
    for number in &for_security {
        log.info(format!(
            "approval of product security for advisory {number} is asked for again"
        ));
    }
    notes
        .extend(messages::ask_approvers(native, &mut log, release, &for_docs, &for_security).await);
    if let Some(error) = ends.iter().find_map(|end| end.trouble.clone()) {
        return Err(error);
    }
    let closed = closed(&bugs);
    if !closed.is_empty() {
        log.status(TITLE, TaskStatus::InProgress);
        let why = format!("not verified and on an advisory that is past QE: {closed}");
        let outcome = Outcome::new(Ending::Blocked, why)
            .owner("the release lead")
            .next("verify them, or move the advisory back to QE and drop bugs again");
        return Ok(ended(log, outcome, &notes));
    }
    notes.extend(pass_bug_list(native, release, &bugs, &now, &mut log).await);
    log.status(TITLE, TaskStatus::Pass);
    let why = match dropped.is_empty() {
        true => "no bug had to be dropped".to_owned(),
        false => format!("dropped {}", listed(dropped.iter().map(String::as_str))),
    };
    Ok(ended(log, Outcome::new(Ending::Pass, why), &notes))
}

impl Dropped {
    fn nothing(advisory: &Advisory) -> Self {
        Self {
            before: advisory.clone(),
            keys: Vec::new(),
            trouble: None,
            is_docs_asked: false,
            is_security_asked: false,
        }
    }
}

/// Takes bugs off one advisory and asks again for the approvals that this took back.
///
/// `has_gone` says that bugs were dropped before, by a run whose end nobody saw.
async fn drop_from(
    native: &Native,
    advisory: &Advisory,
    keys: Vec<String>,
    has_gone: bool,
) -> Result<Dropped> {
    let errata = native.client::<errata::Client>()?;
    let mut end = Dropped::nothing(advisory);
    let mut after = advisory.clone();
    if !keys.is_empty() {
        let ended = errata.drop_jira_issues(advisory.id, &keys).await;
        let is_whole = ended.is_ok();
        end.trouble = ended.err();
        after = match errata.advisory(advisory.id).await {
            Ok(after) => after,
            Err(error) => {
                end.trouble.get_or_insert(error);
                // Nobody knows what is off; the next run finds out.
                end.keys = if is_whole { keys } else { Vec::new() };
                return Ok(end);
            }
        };
        end.keys = keys;
        end.keys.retain(|key| !after.jira_issues.contains(key));
    }
    let is_unasked = !after.is_docs_approved && !after.is_docs_requested;
    if must_ask_docs_again(advisory, &after) || (has_gone && is_unasked) {
        match ask(&errata, advisory.id, true).await {
            Ok(()) => end.is_docs_asked = true,
            Err(error) => _ = end.trouble.get_or_insert(error),
        }
    }
    if must_ask_security_again(advisory, &after) {
        match ask(&errata, advisory.id, false).await {
            Ok(()) => end.is_security_asked = true,
            Err(error) => _ = end.trouble.get_or_insert(error),
        }
    }
    Ok(end)
}

/// Asks for an approval. When the answer is lost, the advisory says whether it was asked.
async fn ask(errata: &errata::Client, advisory: u64, is_docs: bool) -> Result<()> {
    let asked = match is_docs {
        true => errata.request_docs_approval(advisory).await,
        false => errata.request_security_approval(advisory).await,
    };
    match asked {
        Err(lost) if lost.is_ambiguous => {
            let after = errata.advisory(advisory).await?;
            let is_asked = match is_docs {
                true => after.is_docs_requested || after.is_docs_approved,
                false => after.security_approved.is_some(),
            };
            if is_asked { Ok(()) } else { Err(lost) }
        }
        asked => asked,
    }
}

/// The bugs on an advisory that should go.
fn droppable(bugs: &Bugs, advisory: &Advisory) -> Vec<String> {
    let tickets = advisory.jira_issues.iter();
    let seen: Vec<_> = tickets
        .filter_map(|key| bugs.tickets.get(key))
        .map(|ticket| content::Bug {
            key: &ticket.key,
            status: &ticket.status,
            is_tracker: ticket.is_cve_tracker(),
        })
        .collect();
    to_drop(&seen)
}

/// The bugs that should go from advisories that are closed to changes, with where they are.
fn closed(bugs: &Bugs) -> String {
    let closed = bugs.advisories.iter();
    let closed = closed.filter(|advisory| !is_open_to_changes(advisory));
    let bugs: Vec<String> = closed
        .flat_map(|advisory| {
            let keys = droppable(bugs, advisory).into_iter();
            keys.map(|key| format!("{key} ({} in {})", advisory.id, advisory.state))
        })
        .collect();
    bugs.join(", ")
}

/// The listed bugs that no advisory has any more and that the list does not show as dropped yet.
fn gone(bugs: &Bugs, tab: Option<&Tab>) -> Vec<String> {
    let current = bugs.keys();
    let rows = tab.into_iter().flat_map(|tab| &tab.report.bugs);
    rows.filter(|row| row.status != "Dropped" && !current.contains(&row.key))
        .map(|row| row.key.clone())
        .collect()
}

/// Lets `update-bug-list` pass once somebody has begun it and no bug is left to verify.
async fn pass_bug_list(
    native: &Native,
    release: &Version,
    bugs: &Bugs,
    dropped: &BTreeSet<String>,
    log: &mut Log,
) -> Option<String> {
    let task = "update-bug-list";
    let left: Vec<&str> = bugs
        .on_advisories()
        .into_iter()
        .filter(|bug| !bug.is_finished() && !dropped.contains(&bug.key))
        .map(|bug| bug.key.as_str())
        .collect();
    if !left.is_empty() {
        return Some(format!("still to be verified: {}", listed(left)));
    }
    let passed = async {
        let Some(before) = native.state.read(release).await? else {
            return Ok(());
        };
        if before.document.status(task) != TaskStatus::InProgress {
            return Ok(());
        }
        let change = Change::SetTask {
            name: task.to_owned(),
            status: TaskStatus::Pass,
            result: Some("all bugs are verified or dropped".to_owned()),
            started_at: None,
            completed_at: None,
            is_reset: false,
        };
        native.change(&before, &change).await.map(|_| ())
    };
    let error = passed.await.err()?;
    let note = format!("`{task}` was not set to Pass: {}", error.message);
    log.warning(&note);
    Some(note)
}

fn untold(log: &mut Log, error: &Error) -> String {
    let note = format!(
        "the bug list in the test report is not up to date: {}",
        error.message
    );
    log.warning(&note);
    note
}
