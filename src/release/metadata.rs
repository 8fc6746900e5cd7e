//! What is known about a release beside its tasks, wherever it was read.
//!
//! The state document holds a copy from the day it was made ([`Metadata::of_statebox`]); the build
//! data of ART ([`super::build_data`]) holds what is true now. Where the two differ is said by
//! [`drift`].

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::statebox;

pub use super::drift::{Drift, drift};

/// What is known about a release beside its tasks.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Metadata {
    /// The ticket of the release team, such as `ART-30001`; `ART-0` is a placeholder.
    pub jira_ticket: Option<String>,
    /// Advisory numbers by kind. Placeholders, which are not positive, are left out.
    pub advisories: BTreeMap<String, i64>,
    /// Candidate nightlies by architecture (`x86_64`, …).
    pub candidate_builds: BTreeMap<String, String>,
    /// The shipment merge request; absent for a release of the Errata flow.
    pub shipment_mr: Option<String>,
    /// The planned day.
    pub release_date: Option<Date>,
}

impl Metadata {
    /// What the state document recorded when it was made.
    pub fn of_statebox(view: &statebox::Metadata) -> Self {
        Self {
            jira_ticket: view.jira_ticket.clone().filter(|ticket| !ticket.is_empty()),
            advisories: view
                .advisory_ids
                .iter()
                .filter(|(_, id)| is_advisory(**id))
                .map(|(kind, id)| (kind.clone(), *id))
                .collect(),
            candidate_builds: view
                .candidate_builds
                .iter()
                .map(|(arch, build)| (arch.clone(), build.clone()))
                .collect(),
            shipment_mr: view.shipment_mr.clone().filter(|link| !link.is_empty()),
            release_date: view.release_day(),
        }
    }

    /// `konflux` or `errata`.
    pub fn flow(&self) -> &'static str {
        if self.shipment_mr.is_some() {
            "konflux"
        } else {
            "errata"
        }
    }
}

/// Whether a number in build data names an advisory. Others stand for one that does not exist yet.
pub(super) fn is_advisory(id: i64) -> bool {
    id > 0
}

/// Writes a day as build data does: `2027-Mar-06`.
pub fn day(date: Date) -> String {
    date.strftime("%Y-%b-%d").to_string()
}
