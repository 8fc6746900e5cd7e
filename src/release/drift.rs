//! Where build data and what was recorded for a release differ, and what that means for it.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::metadata::{Metadata, day};

/// The ticket that stands for one that is not there yet.
const NO_TICKET: &str = "ART-0";

/// One value that differs. What is absent on a side is `None` there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Drift {
    /// An advisory was added, dropped or replaced.
    Advisory {
        /// Its kind, such as `rpm`.
        kind: String,
        /// The recorded number.
        recorded: Option<i64>,
        /// The number now.
        current: Option<i64>,
    },
    /// The planned day moved.
    ReleaseDate {
        /// The recorded day.
        recorded: Option<Date>,
        /// The day now.
        current: Option<Date>,
    },
    /// The shipment merge request was added, dropped or replaced.
    ShipmentMr {
        /// The recorded address.
        recorded: Option<String>,
        /// The address now.
        current: Option<String>,
    },
    /// The ticket of the release team changed.
    Ticket {
        /// The recorded ticket.
        recorded: Option<String>,
        /// The ticket now.
        current: Option<String>,
    },
    /// The candidate build of an architecture changed.
    Candidate {
        /// The architecture, such as `x86_64`.
        arch: String,
        /// The recorded build.
        recorded: Option<String>,
        /// The build now.
        current: Option<String>,
    },
}

/// Returns what differs between the recorded values and those of now: the merge request first, then
/// advisories, candidates, the day and the ticket.
pub fn drift(recorded: &Metadata, current: &Metadata) -> Vec<Drift> {
    let mut found = Vec::new();
    if recorded.shipment_mr != current.shipment_mr {
        found.push(Drift::ShipmentMr {
            recorded: recorded.shipment_mr.clone(),
            current: current.shipment_mr.clone(),
        });
    }
    let kinds: BTreeSet<_> = recorded
        .advisories
        .keys()
        .chain(current.advisories.keys())
        .collect();
    for kind in kinds {
        let before = recorded.advisories.get(kind).copied();
        let now = current.advisories.get(kind).copied();
        if before != now {
            found.push(Drift::Advisory {
                kind: kind.clone(),
                recorded: before,
                current: now,
            });
        }
    }
    let archs: BTreeSet<_> = recorded
        .candidate_builds
        .keys()
        .chain(current.candidate_builds.keys())
        .collect();
    for arch in archs {
        let before = recorded.candidate_builds.get(arch);
        let now = current.candidate_builds.get(arch);
        if before != now {
            found.push(Drift::Candidate {
                arch: arch.clone(),
                recorded: before.cloned(),
                current: now.cloned(),
            });
        }
    }
    if recorded.release_date != current.release_date {
        found.push(Drift::ReleaseDate {
            recorded: recorded.release_date,
            current: current.release_date,
        });
    }
    if recorded.jira_ticket != current.jira_ticket {
        found.push(Drift::Ticket {
            recorded: recorded.jira_ticket.clone(),
            current: current.jira_ticket.clone(),
        });
    }
    found
}

impl Drift {
    /// The key of the value, such as `advisories.rpm` or `release_date`.
    pub fn field(&self) -> String {
        match self {
            Self::Advisory { kind, .. } => format!("advisories.{kind}"),
            Self::ReleaseDate { .. } => "release_date".to_owned(),
            Self::ShipmentMr { .. } => "shipment_mr".to_owned(),
            Self::Ticket { .. } => "jira_ticket".to_owned(),
            Self::Candidate { arch, .. } => format!("candidate_builds.{arch}"),
        }
    }

    /// The recorded value.
    pub fn recorded(&self) -> Option<String> {
        self.sides().0
    }

    /// The value of now.
    pub fn current(&self) -> Option<String> {
        self.sides().1
    }

    /// What it means for the release.
    pub fn meaning(&self) -> String {
        let is_placeholder = |ticket: &Option<String>| ticket.as_deref() == Some(NO_TICKET);
        let text = match self {
            Self::Advisory { recorded: None, .. } => {
                "it ships too, and needs owner, push and approval like the others"
            }
            Self::Advisory { current: None, .. } => {
                "it was dropped and is not waited for any more; what was done for it does not count"
            }
            Self::Advisory { .. } => {
                "it was replaced; what was done for the recorded one was not done for the new one"
            }
            Self::ReleaseDate { current: None, .. } => {
                "no day is planned any more; final approval still goes by the recorded one"
            }
            Self::ReleaseDate { .. } => "final approval goes by the new day",
            Self::ShipmentMr { recorded: None, .. } => {
                "the flow changes from errata to konflux: RHCOS security alerts and the stage-release pipeline count now"
            }
            Self::ShipmentMr { current: None, .. } => {
                "the flow changes from konflux to errata, and final approval is held back until a person confirms that"
            }
            Self::ShipmentMr { .. } => {
                "it was replaced; pipelines and approval count at the new one"
            }
            Self::Ticket { recorded, .. } if is_placeholder(recorded) => {
                "the placeholder became a ticket, where the subtasks of QE are"
            }
            Self::Ticket { current, .. } if is_placeholder(current) => {
                "this is a placeholder: ART has made no ticket"
            }
            Self::Ticket { .. } => "the subtasks of QE are at the new ticket",
            Self::Candidate { arch, .. } if arch != "x86_64" => {
                "the flow itself looks at x86_64 alone"
            }
            Self::Candidate { current: None, .. } => "there is no candidate to analyse any more",
            Self::Candidate { .. } => {
                "an analysis still to come is about the new one; one that has passed was about the recorded one"
            }
        };
        text.to_owned()
    }

    /// In one line: the value, what was recorded, what is true now, what it means.
    pub fn line(&self) -> String {
        let what = match self {
            Self::Advisory { kind, .. } => format!("advisory {kind}"),
            Self::ReleaseDate { .. } => "release date".to_owned(),
            Self::ShipmentMr { .. } => "shipment merge request".to_owned(),
            Self::Ticket { .. } => "ART ticket".to_owned(),
            Self::Candidate { arch, .. } => format!("candidate build of {arch}"),
        };
        let (recorded, current) = self.sides();
        let shown = |side: Option<String>| side.unwrap_or_else(|| "none".to_owned());
        format!(
            "{what}: recorded {}, now {}: {}",
            shown(recorded),
            shown(current),
            self.meaning()
        )
    }

    /// The nodes of the flow that act on the value.
    pub fn tasks(&self) -> &'static [&'static str] {
        match self {
            Self::Advisory { kind, .. } if kind == "rhcos" => &[
                "take-ownership",
                "check-cve-tracker-bug",
                "check-rhcos-security-alerts",
                "push-to-cdn-staging",
                "change-advisory-status",
                "release-shipped",
            ],
            Self::Advisory { .. } => &[
                "take-ownership",
                "check-cve-tracker-bug",
                "push-to-cdn-staging",
                "change-advisory-status",
                "release-shipped",
            ],
            Self::ReleaseDate { .. } => &["change-advisory-status"],
            Self::ShipmentMr { .. } => &[
                "take-ownership",
                "check-rhcos-security-alerts",
                "image-consistency-check",
                "stage-testing",
                "change-advisory-status",
                "release-shipped",
            ],
            Self::Ticket { .. } => &["take-ownership", "change-advisory-status"],
            Self::Candidate { arch, .. } if arch == "x86_64" => &["analyze-candidate-build"],
            Self::Candidate { .. } => &[],
        }
    }

    /// Whether steps of the flow fall away that the recorded values ask for.
    pub fn loosens_flow(&self) -> bool {
        matches!(
            self,
            Self::ShipmentMr {
                recorded: Some(_),
                current: None
            }
        )
    }

    /// As JSON: `field`, `recorded` and `current` (text or null), `meaning`, `text` (all in one
    /// line), `tasks` (names).
    pub fn to_json(&self) -> Value {
        let (recorded, current) = self.sides();
        json!({
            "field": self.field(),
            "recorded": recorded,
            "current": current,
            "meaning": self.meaning(),
            "text": self.line(),
            "tasks": self.tasks(),
        })
    }

    fn sides(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Advisory {
                recorded, current, ..
            } => (
                recorded.map(|id| id.to_string()),
                current.map(|id| id.to_string()),
            ),
            Self::ReleaseDate { recorded, current } => (recorded.map(day), current.map(day)),
            Self::ShipmentMr { recorded, current }
            | Self::Ticket { recorded, current }
            | Self::Candidate {
                recorded, current, ..
            } => (recorded.clone(), current.clone()),
        }
    }
}

impl Serialize for Drift {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}
