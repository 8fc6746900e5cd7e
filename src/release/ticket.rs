//! A ticket in Jira, and what its words mean for a release.

use jiff::Timestamp;
use serde::Serialize;

/// The subtasks of a release ticket that are QE's, by their exact summaries.
pub const QE_SUBTASKS: [&str; 3] = [
    "[Fri/Mon] QE moves advisories to REL_PREP",
    "[Wed-Fri] QE does release verification",
    "[Mon-Wed] QE notifies ON_QA bugzilla owners and analyze ci failures",
];

/// Those of them that are under way once the release has an owner.
const STARTED_BY_OWNERSHIP: [&str; 2] = [QE_SUBTASKS[1], QE_SUBTASKS[2]];

/// What people write where no ticket is meant yet.
const PLACEHOLDER: &str = "ART-0";

/// A ticket.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Ticket {
    /// Its key, such as `OCPBUGS-60102`.
    pub key: String,
    /// What it is about, in one line.
    pub summary: String,
    /// Where it stands, such as `ON_QA`, as Jira writes it.
    pub status: String,
    /// `Bug`, `Vulnerability`, …
    pub kind: String,
    /// `Critical`, `Major`, …
    pub priority: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who works on it.
    pub assignee: Option<Person>,
    /// Who reported it.
    pub reporter: Option<Person>,
    /// Who verifies it.
    pub qa_contact: Option<Person>,
    /// `Approved`, `Proposed` or `Rejected`.
    pub release_blocker: Option<String>,
    /// Whether a customer case is attached; what it says is encrypted.
    pub has_customer_case: bool,
    /// The keys of its subtasks.
    pub subtasks: Vec<String>,
    /// Its description.
    pub description: String,
}

/// Somebody in Jira.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Person {
    /// What identifies the account.
    pub account: String,
    /// The name people see.
    pub name: String,
    /// The address; absent when the profile hides it.
    pub email: Option<String>,
}

/// A comment on a ticket.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Comment {
    /// What identifies it.
    pub id: String,
    /// What it says.
    pub body: String,
    /// When it was written.
    pub at: Option<Timestamp>,
}

/// A move of a ticket from one status to another.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct StatusChange {
    /// When.
    pub at: Timestamp,
    /// The status before.
    pub from: String,
    /// The status after.
    pub to: String,
}

impl Ticket {
    /// Whether somebody is to verify it.
    pub fn is_on_qa(&self) -> bool {
        self.status == "ON_QA"
    }

    /// Whether QE has nothing to do on it any more.
    pub fn is_finished(&self) -> bool {
        matches!(
            self.status.as_str(),
            "Verified" | "Closed" | "Release Pending"
        )
    }

    /// Whether it tracks a CVE.
    pub fn is_cve_tracker(&self) -> bool {
        self.summary.starts_with("CVE") || self.labels.iter().any(|label| label.starts_with("CVE"))
    }

    /// Whether it must not be missed.
    pub fn is_critical(&self) -> bool {
        matches!(self.priority.as_str(), "Critical" | "Blocker")
            || self.labels.iter().any(|label| label == "TestBlocker")
            || matches!(
                self.release_blocker.as_deref(),
                Some("Approved" | "Proposed")
            )
    }

    /// Whether it is not dropped without a person's word.
    pub fn is_high_severity(&self) -> bool {
        self.is_cve_tracker() || self.is_critical() || self.has_customer_case
    }

    /// Whether it is a subtask of QE.
    pub fn is_qe_subtask(&self) -> bool {
        QE_SUBTASKS.contains(&self.summary.as_str())
    }

    /// Whether its work begins when the release gets an owner.
    pub fn starts_with_ownership(&self) -> bool {
        STARTED_BY_OWNERSHIP.contains(&self.summary.as_str())
    }
}

/// Where a person looks at a ticket.
pub fn link(key: &str) -> String {
    format!("https://redhat.atlassian.net/browse/{key}")
}

/// Whether a key names a ticket that can exist: a project and a number, and no placeholder.
pub fn is_real(key: &str) -> bool {
    let Some((project, number)) = key.split_once('-') else {
        return false;
    };
    key != PLACEHOLDER
        && project.starts_with(|letter: char| letter.is_ascii_uppercase())
        && project
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number in a key, by which tickets of one project are older or younger; 0 when there is none.
pub fn number(key: &str) -> u64 {
    let number = key.rsplit('-').next().unwrap_or_default();
    number.parse().unwrap_or_default()
}
