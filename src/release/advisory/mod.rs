//! Advisories: what the Errata Tool knows of them, and what follows from it.
//!
//! [`push`] judges pushes to staging, [`moving`] the last step of approval, [`content`] bugs, test
//! results and alerts. Nothing here asks the tool.

pub mod content;
pub mod moving;
pub mod push;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The kind of advisory that ships later than the rest, and that no task of the release touches.
pub const MICROSHIFT: &str = "microshift";

/// Who brings advisories into shape.
pub const ART: &str = "ART";

/// Where an advisory stands.
///
/// `NEW_FILES`, `QE` and `REL_PREP` follow each other and can be gone back to; the next three are
/// steps of shipping; `DROPPED_NO_SHIP` ends it without shipping.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Builds are still attached.
    NewFiles,
    /// Being tested.
    Qe,
    /// Tested; to be shipped.
    RelPrep,
    /// Cleared for shipping.
    PushReady,
    /// Being shipped.
    InPush,
    /// Shipped.
    ShippedLive,
    /// Will never ship.
    DroppedNoShip,
}

impl State {
    /// All states, in the order an advisory passes them; the last is a side door.
    pub const ALL: [Self; 7] = [
        Self::NewFiles,
        Self::Qe,
        Self::RelPrep,
        Self::PushReady,
        Self::InPush,
        Self::ShippedLive,
        Self::DroppedNoShip,
    ];

    /// The word of the Errata Tool, such as `REL_PREP`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NewFiles => "NEW_FILES",
            Self::Qe => "QE",
            Self::RelPrep => "REL_PREP",
            Self::PushReady => "PUSH_READY",
            Self::InPush => "IN_PUSH",
            Self::ShippedLive => "SHIPPED_LIVE",
            Self::DroppedNoShip => "DROPPED_NO_SHIP",
        }
    }

    /// Whether testing is over and it will ship: `REL_PREP` and what follows, but not dropped.
    pub fn is_moved(self) -> bool {
        matches!(
            self,
            Self::RelPrep | Self::PushReady | Self::InPush | Self::ShippedLive
        )
    }

    /// Whether a person may ask the tool for this step.
    pub fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::NewFiles, Self::Qe)
                | (Self::Qe, Self::NewFiles | Self::RelPrep)
                | (Self::RelPrep, Self::NewFiles | Self::Qe)
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for State {
    type Err = Error;

    /// Fails with `invalid` for a word nobody here knows: it must not pass for any of the others.
    fn from_str(word: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| {
            Error::invalid(format!("`{word}` is no state of an advisory")).hint(format!(
                "the states are {}",
                Self::ALL.map(Self::word).join(", ")
            ))
        })
    }
}

/// One advisory.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Advisory {
    /// Its number.
    pub id: u64,
    /// `RHSA`, `RHBA` or `RHEA`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it stands.
    pub state: State,
    /// Its name, such as `RHSA-2027:13848-02`.
    pub name: String,
    /// Its title.
    pub synopsis: String,
    /// The Jira keys on it, in the tool's order.
    pub jira_issues: Vec<String>,
    /// The Bugzilla numbers on it.
    pub bugs: Vec<u64>,
    /// The CVEs it fixes.
    pub cves: Vec<String>,
    /// Whether its text was approved.
    pub is_docs_approved: bool,
    /// Whether approval of its text was asked for.
    pub is_docs_requested: bool,
    /// The word of product security: `None` when nobody asked, `false` when asked.
    pub security_approved: Option<bool>,
    /// Advisories that must be pushed before this one.
    pub blocking_advisories: Vec<u64>,
    /// Advisories that wait for this one.
    pub dependent_advisories: Vec<u64>,
}

impl Advisory {
    /// Whether it fixes vulnerabilities. Only such advisories have alerts and trackers.
    pub fn is_security(&self) -> bool {
        self.kind == "RHSA"
    }

    /// Whether product security approved it.
    pub fn is_security_approved(&self) -> bool {
        self.security_approved == Some(true)
    }

    /// Whether product security was asked and has not answered.
    pub fn is_security_requested(&self) -> bool {
        self.security_approved == Some(false)
    }
}

/// Somebody else must move first.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Wait {
    /// The advisory it is about.
    pub advisory: u64,
    /// Who or what.
    pub owner: String,
    /// What for.
    pub why: String,
}

impl Wait {
    fn new(advisory: u64, owner: &str, why: impl Into<String>) -> Self {
        Self {
            advisory,
            owner: owner.to_owned(),
            why: why.into(),
        }
    }

    fn for_files(advisory: u64) -> Self {
        Self::new(
            advisory,
            ART,
            format!("advisory {advisory} is in NEW_FILES"),
        )
    }
}

/// Returns the numbers that tasks load, in the order of the build data.
///
/// Microshift ships by itself, and a number below one stands for an advisory nobody made yet.
pub fn to_load<'a>(listed: impl IntoIterator<Item = (&'a str, i64)>) -> Vec<(&'a str, u64)> {
    let listed = listed.into_iter();
    let real = listed.filter_map(|(impetus, number)| {
        let number = u64::try_from(number).ok().filter(|number| *number > 0)?;
        (impetus != MICROSHIFT).then_some((impetus, number))
    });
    real.collect()
}

/// The advisories that a task works on, without those that will never ship.
pub fn alive(advisories: &[Advisory]) -> Vec<&Advisory> {
    advisories
        .iter()
        .filter(|advisory| advisory.state != State::DroppedNoShip)
        .collect()
}

/// Where a person looks at an advisory.
pub fn link(advisory: u64) -> String {
    format!("https://errata.devel.redhat.com/advisory/{advisory}")
}

/// Whether this is the address of a person who can own advisories.
pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    let is_in = |text: &str, signs: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || signs.contains(letter))
    };
    let Some((domain, ending)) = host.rsplit_once('.') else {
        return false;
    };
    is_in(name, "._%+-")
        && is_in(domain, ".-")
        && ending.len() >= 2
        && ending.chars().all(|letter| letter.is_ascii_alphabetic())
}

/// The advisories that should be in QE when a release gets its owner, and are not.
pub fn abnormal<'a>(advisories: impl IntoIterator<Item = &'a Advisory>) -> Vec<u64> {
    let is_early = |advisory: &&Advisory| advisory.state == State::NewFiles;
    advisories
        .into_iter()
        .filter(is_early)
        .map(|advisory| advisory.id)
        .collect()
}

/// What the blocking issue about them says, word for word as the Python tool writes it.
pub fn abnormal_text(numbers: &[u64]) -> String {
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    format!(
        "Advisories in abnormal state (NEW_FILES instead of QE): {}",
        numbers.join(", ")
    )
}

/// Whether the advisories of a release have shipped or are about to.
///
/// A state that could not be read is unknown, so the release is not shipped. Microshift and what was
/// dropped hold nothing back, but something must have moved.
pub fn is_shipped<'a>(states: impl IntoIterator<Item = (&'a str, Option<State>)>) -> bool {
    let mut has_moved = false;
    for (impetus, state) in states {
        match state {
            _ if impetus == MICROSHIFT => {}
            Some(State::DroppedNoShip) => {}
            Some(state) if state.is_moved() => has_moved = true,
            _ => return false,
        }
    }
    has_moved
}

/// Why the tool would not do what it was asked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An advisory that must go first was not pushed.
    Dependencies,
    /// Its packages are not signed yet.
    NotSigned,
    /// It is still in `NEW_FILES`.
    NewFiles,
    /// Anything else; a person reads the words.
    Other,
}

/// A refusal of the tool, in its words.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Refusal {
    /// What kind of refusal.
    pub reason: Reason,
    /// All it says, in one line.
    pub text: String,
}

impl Refusal {
    /// Sorts what the tool says.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let words = text.to_lowercase();
        let reason = if words.contains("dependenc") {
            Reason::Dependencies
        } else if words.contains("not signed") || words.contains("unsigned") {
            Reason::NotSigned
        } else if words.contains("new_files") {
            Reason::NewFiles
        } else {
            Reason::Other
        };
        Self { reason, text }
    }

    /// Who must move before it is worth asking again; `None` when a person has to look.
    pub fn wait(&self, advisory: u64) -> Option<Wait> {
        let owner = match self.reason {
            Reason::Dependencies => "the advisory it depends on",
            Reason::NotSigned | Reason::NewFiles => ART,
            Reason::Other => return None,
        };
        Some(Wait::new(advisory, owner, self.text.clone()))
    }
}
