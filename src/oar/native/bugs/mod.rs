//! The bugs that a release of the Errata flow ships: `oar_update_bug_list` and `oar_drop_bugs`.
//!
//! A bug of the release is a Jira issue on one of its advisories. Releases of the Konflux flow have
//! theirs in the shipment, and these tools leave them alone, as the Python tool does.
//!
//! Differs from the Python tool:
//!
//! - All bugs are read with one search, the tab is read once and written once.
//! - A bug that left the release is shown as `Dropped` and stays so, whatever its status becomes.
//! - `Release Pending` counts as verified everywhere.
//! - An advisory past `QE` is closed to changes: nothing is dropped from it, and a person is told.
//! - Product security is asked again as docs are, when dropping took its approval back.
//! - After `oar_drop_bugs` the task `update-bug-list` passes only when no bug is left to verify: a CVE
//!   tracker is never dropped and may still wait.
//! - A release without a tab is worked on all the same; then nobody keeps the list.

mod dropping;
mod messages;
mod updating;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::{Native, log::Log, metadata::assembly, tab::Tab};
use crate::{
    error::Result,
    oar::backend::Ran,
    release::{
        Ending, Outcome, Version,
        advisory::{Advisory, State, to_load},
        build_data::Assembly,
        sheet::{Bug, Layout, Looked},
        statebox::Metadata,
        ticket::{Ticket, is_real},
    },
    services::{errata, jira},
};

pub(super) use dropping::drop;
pub(super) use updating::{Asked, update};

/// What the Python tool says to a release of the other flow.
const UNSUPPORTED: &str = "This command is not supported in Konflux release flow. Skipping.";

/// The advisories of a release that ship, and the bugs on them.
struct Bugs {
    advisories: Vec<Advisory>,
    /// What the tracker says about them and about the bugs that the tab lists.
    tickets: BTreeMap<String, Ticket>,
    /// Bugs that we may not see.
    hidden: Vec<String>,
}

impl Bugs {
    /// Reads the bugs on advisories, and those that a tab lists, with one search.
    async fn read(native: &Native, advisories: Vec<Advisory>, tab: Option<&Tab>) -> Result<Self> {
        let mut keys: BTreeSet<String> = keys_of(&advisories);
        let listed = tab.into_iter().flat_map(|tab| &tab.report.bugs);
        let listed = listed.map(|row| &row.key).filter(|key| is_real(key));
        keys.extend(listed.cloned());
        let keys: Vec<String> = keys.into_iter().collect();
        let tickets = match keys.is_empty() {
            true => Vec::new(),
            false => native.client::<jira::Client>()?.tickets(&keys).await?,
        };
        let tickets: BTreeMap<_, _> = tickets
            .into_iter()
            .map(|ticket| (ticket.key.clone(), ticket))
            .collect();
        let hidden = keys.into_iter().filter(|key| !tickets.contains_key(key));
        Ok(Self {
            hidden: hidden.collect(),
            advisories,
            tickets,
        })
    }

    /// The keys on advisories, in order.
    fn keys(&self) -> BTreeSet<String> {
        keys_of(&self.advisories)
    }

    /// The bugs on advisories that we may see, in the order of their keys.
    fn on_advisories(&self) -> Vec<&Ticket> {
        let keys = self.keys();
        let tickets = keys.iter().filter_map(|key| self.tickets.get(key));
        tickets.collect()
    }

    /// What the tracker says, as the list in the tab wants it.
    fn looked(&self) -> BTreeMap<String, Looked> {
        let found = self.tickets.iter().map(|(key, ticket)| {
            let contact = ticket.qa_contact.as_ref();
            let bug = Bug {
                contact: contact.and_then(|person| person.email.clone()),
                status: ticket.status.clone(),
            };
            (key.clone(), Looked::Found(bug))
        });
        let hidden = self.hidden.iter().map(|key| (key.clone(), Looked::Denied));
        found.chain(hidden).collect()
    }

    /// Says which bugs nobody here may see.
    fn log_hidden(&self, log: &mut Log) {
        for key in &self.hidden {
            log.warning(format!("{key} cannot be seen, so it is left as it is"));
        }
    }
}

/// Reads the advisories that ship, all at once.
pub(super) async fn advisories(native: &Native, assembly: &Assembly) -> Result<Vec<Advisory>> {
    let listed = assembly.advisories.iter().flatten();
    let listed = to_load(listed.map(|(impetus, number)| (impetus.as_str(), *number)));
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let errata = native.client::<errata::Client>()?;
    let read = join_all(listed.iter().map(|(_, number)| errata.advisory(*number))).await;
    let mut advisories: Vec<Advisory> = read.into_iter().collect::<Result<_>>()?;
    advisories.retain(|advisory| advisory.state != State::DroppedNoShip);
    Ok(advisories)
}

/// Returns the build data of a release of the Errata flow, or how the tool ends for another one.
pub(super) async fn errata_flow(
    native: &Native,
    release: &Version,
    log: &mut Log,
) -> Result<std::result::Result<Assembly, Outcome>> {
    let assembly = assembly(native, release).await?;
    if Layout::of(&Metadata::from(assembly.clone())) == Layout::Errata {
        return Ok(Ok(assembly));
    }
    log.info(UNSUPPORTED);
    let why = format!("{release} ships through a shipment merge request, which needs no such step");
    Ok(Err(Outcome::new(Ending::Skipped, why)))
}

/// Ends a tool with what kept it from being as good as it could be.
fn ended(log: Log, mut outcome: Outcome, notes: &[String]) -> Ran {
    for note in notes {
        outcome.reason.push_str(&format!("; {note}"));
    }
    log.ended(outcome)
}

fn keys_of(advisories: &[Advisory]) -> BTreeSet<String> {
    let keys = advisories.iter().flat_map(|advisory| &advisory.jira_issues);
    keys.cloned().collect()
}

/// A few keys in a sentence.
fn listed<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    keys.into_iter().collect::<Vec<_>>().join(", ")
}
