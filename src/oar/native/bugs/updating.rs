//! `oar_update_bug_list`: shows in the tab how far the bugs are, and asks people to verify them.

use std::collections::BTreeSet;

use super::{Bugs, advisories, ended, errata_flow, listed, messages};
use crate::{
    error::{Error, Result},
    oar::{
        backend::Ran,
        native::{Native, log::Log, tab::Tab},
    },
    release::{
        Ending, Outcome, TaskStatus, Version,
        sheet::{Layout, refreshed_rows},
        ticket::Ticket,
    },
};

const TITLE: &str = "Update Bug List";

/// Whom to ask, if anybody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::oar::native) enum Asked {
    /// Nobody.
    Nobody,
    /// The QA contacts of bugs in `ON_QA`.
    Contacts,
    /// The QA contacts of bugs that should not be dropped without a word.
    Droppable,
    /// The managers of those who have not verified CVE trackers.
    Managers,
}

impl Asked {
    /// Reads the flags of the command. Fails with `invalid` for those that go against each other.
    pub fn of(is_notifying: bool, is_confirming: bool, is_for_managers: bool) -> Result<Self> {
        let wrong = |text: &str| Err(Error::invalid(text).service("oar"));
        match (is_notifying, is_confirming, is_for_managers) {
            (false, false, false) => Ok(Self::Nobody),
            (false, _, _) => wrong(
                "--no-notify cannot be used together with --confirm-droppable or --notify-managers",
            ),
            (true, true, true) => wrong(
                "only one of parameters --confirm-droppable or --notify-managers can be used simultaneously",
            ),
            (true, true, false) => Ok(Self::Droppable),
            (true, false, true) => Ok(Self::Managers),
            (true, false, false) => Ok(Self::Contacts),
        }
    }
}

/// Brings the list of bugs up to date; `pass` when all are verified.
pub(in crate::oar::native) async fn update(
    native: &Native,
    release: &Version,
    asked: Asked,
) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let assembly = match errata_flow(native, release, &mut log).await? {
        Ok(assembly) => assembly,
        Err(outcome) => return Ok(log.ended(outcome)),
    };
    let (advisories, tab) = tokio::join!(
        advisories(native, &assembly),
        Tab::read(native, release, Layout::Errata)
    );
    let (advisories, tab) = (advisories?, tab?);
    let bugs = Bugs::read(native, advisories, tab.as_ref()).await?;
    let current = bugs.on_advisories();
    log.info(format!(
        "found {} bugs on {} advisories",
        bugs.keys().len(),
        bugs.advisories.len()
    ));
    bugs.log_hidden(&mut log);
    for tracker in current.iter().filter(|bug| bug.is_cve_tracker()) {
        log.warning(format!("{} is a CVE tracker bug", tracker.key));
    }
    match &tab {
        Some(tab) => {
            let looked = bugs.looked();
            let blocks = refreshed_rows(&tab.report, &bugs.keys(), &BTreeSet::new(), &looked);
            let count: usize = blocks.iter().map(|block| block.rows.len()).sum();
            tab.write(&blocks).await?;
            log.info(format!("updated {count} places of the bug list"));
        }
        None => log.info(format!("{release} has no test report, so no list is kept")),
    }
    let open: Vec<&Ticket> = current
        .iter()
        .copied()
        .filter(|bug| !bug.is_finished())
        .collect();
    let notes: Vec<String> = messages::ask(native, &mut log, release, asked, &open)
        .await
        .into_iter()
        .collect();
    let outcome = if open.is_empty() {
        log.status(TITLE, TaskStatus::Pass);
        let mut why = match current.len() {
            0 => "there is no bug on the advisories".to_owned(),
            count => format!("all {count} bugs are verified"),
        };
        if !bugs.hidden.is_empty() {
            why.push_str(&format!(
                ", except for what cannot be seen: {}",
                listed(bugs.hidden.iter().map(String::as_str))
            ));
        }
        Outcome::new(Ending::Pass, why)
    } else {
        log.status(TITLE, TaskStatus::InProgress);
        let shown: Vec<String> = open
            .iter()
            .map(|bug| format!("{} ({})", bug.key, bug.status))
            .collect();
        let why = format!("not verified: {}", shown.join(", "));
        Outcome::new(Ending::InProgress, why)
            .owner("the QA contacts")
            .next("verify the bugs, or drop them with `oar::drop_bugs(release)`")
    };
    Ok(ended(log, outcome, &notes))
}
