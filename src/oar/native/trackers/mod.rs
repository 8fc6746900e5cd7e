//! `oar_check_cve_tracker_bug`: looks for CVE trackers of a release that neither its advisories nor its
//! shipment have.
//!
//! It asks Jira itself; which trackers belong to a release, and where they must be, is said by
//! [`crate::release::tracker`]. Nothing is concluded from an answer that did not come: an error is an
//! error, also about a tracker alone, and never "no trackers".
//!
//! Differs from the Python tool:
//!
//! - It needs no `elliott`. What `elliott` knows and this program cannot counts as missed.
//! - A release without a shipment is checked against its advisories. A merged shipment is still read; one
//!   that was closed says nothing about the release, so a person asks ART.
//! - A tracker is missed once, where it belongs, and not once on either side.
//! - What another release ships is not missed here, also when the assembly inherits it.
//! - An issue that says the same is kept, and ART is told only of a new one.

mod others;
mod read;
mod report;

use super::{Native, log::Log, metadata::assembly, status::untracked};
use crate::{
    error::Result,
    oar::{backend::Ran, outcome::missed_trackers},
    release::{
        Ending, Outcome, TaskStatus, Version,
        shipment::Address,
        tracker::{Place, Rules, Tracker},
    },
};
use read::Shipped;

const TASK: &str = "check-cve-tracker-bug";
const TITLE: &str = "Check CVE Tracker Bug";

/// The trackers that are missed, by where they should be.
struct Missed {
    advisories: Vec<String>,
    shipment: Vec<String>,
}

/// Looks for missed trackers; the ones it finds block the release until a person resolves the issue.
///
/// Fails with `not_found` when nobody tracks the release, `invalid` when a file of the shipment or the
/// build data cannot be read, and as the requests do.
pub(super) async fn check(native: &Native, release: &Version, notifies: bool) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let before = native.state.read(release).await?;
    let before = before.ok_or_else(|| untracked(release))?;
    let assembly = assembly(native, release).await?;
    let address = Address::of_release(assembly.shipment_mr.as_deref())?;
    let mut rules = read::rules(native, release).await?;
    log.status(TITLE, TaskStatus::InProgress);
    let included = rules.included();
    let mut of_search = log.step();
    let (found, included, own, shipped) = tokio::join!(
        read::search(native, &mut of_search, &mut rules),
        read::included(native, &included),
        read::advisories(native, &assembly, address.is_some()),
        read::shipment(native, address.as_ref()),
    );
    log.append(of_search);
    let mut taken = own?;
    taken.in_shipment = match shipped? {
        Shipped::Keys(keys) => Some(keys),
        Shipped::None => None,
        Shipped::Closed(iid) => return Ok(closed(log, iid, assembly.shipment_mr)),
    };
    let mut lacked = rules.candidates(found?, included?);
    lacked.retain(|tracker| !taken.has(tracker));
    let later = others::left_to_others(native, release, &assembly, &rules, &lacked).await?;
    for (key, why) in &later {
        log.info(format!("{key} is not missed: {why}"));
    }
    lacked.retain(|tracker| later.iter().all(|(key, _)| *key != tracker.key));
    let missed = say_missed(
        &mut log,
        &rules,
        &lacked,
        |tracker| taken.place(tracker),
        address,
    );
    if lacked.is_empty() {
        log.info("no new CVE tracker bug found in either advisories or shipments");
        log.status(TITLE, TaskStatus::Pass);
        return Ok(log.ended(Outcome::new(Ending::Pass, "passed")));
    }
    let notes = match report::report(native, &mut log, release, &before, &missed, notifies).await? {
        report::Reported::Elsewhere(outcome) => return Ok(log.ended(outcome)),
        report::Reported::Said(notes) => notes,
    };
    log.status(TITLE, TaskStatus::Fail);
    let keys: Vec<_> = missed.keys().collect();
    let mut outcome = missed_trackers(&keys);
    for note in notes {
        outcome.reason.push_str("; ");
        outcome.reason.push_str(&note);
    }
    Ok(log.ended(outcome))
}

impl Missed {
    fn keys(&self) -> impl Iterator<Item = &str> {
        self.advisories
            .iter()
            .chain(&self.shipment)
            .map(String::as_str)
    }
}

/// Writes the lines about what is missed, first about advisories, then about the shipment.
fn say_missed(
    log: &mut Log,
    rules: &Rules,
    lacked: &[Tracker],
    place: impl Fn(&Tracker) -> Place,
    address: Option<Address>,
) -> Missed {
    let keys = |wanted: Place| -> Vec<String> {
        let here = lacked.iter().filter(|tracker| place(tracker) == wanted);
        here.map(|tracker| tracker.key.clone()).collect()
    };
    let missed = Missed {
        advisories: keys(Place::Advisories),
        shipment: keys(Place::Shipment),
    };
    for oddity in lacked.iter().filter_map(|tracker| rules.oddity(tracker)) {
        log.warning(format!("{oddity}; it counts all the same"));
    }
    for key in &missed.advisories {
        log.info(format!(
            "CVE tracker bug {key} is not found in RHSA advisories"
        ));
    }
    if let Some(address) = address {
        log.info(format!("Processing MR {} for Jira issues", address.iid));
    }
    for key in &missed.shipment {
        log.info(format!(
            "Missed CVE tracker bug {key} is not found in shipment data"
        ));
    }
    for (keys, place) in [
        (&missed.advisories, "advisories"),
        (&missed.shipment, "shipments"),
    ] {
        if !keys.is_empty() {
            let listed: Vec<_> = keys.iter().map(|key| format!("'{key}'")).collect();
            log.info(format!(
                "Found {} missed CVE tracker bugs in {place}: [{}]",
                keys.len(),
                listed.join(", ")
            ));
        }
    }
    missed
}

/// What the end is when the shipment was closed without being merged: what it holds ships nowhere.
fn closed(mut log: Log, iid: u64, link: Option<String>) -> Ran {
    let why = format!("Gitlab MR {iid} state is not open, it is closed");
    log.error(&why);
    let outcome = Outcome::new(Ending::Blocked, why)
        .owner(crate::release::advisory::ART)
        .next("ask ART which merge request ships the release; the build data must name it");
    log.ended(Outcome { link, ..outcome })
}
