//! What the words of a merge request mean for a release.

use std::{fmt, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    release::Version,
};

static TITLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)Shipment for (\d+\.\d+\.\d+(?:-\S+)?)").expect("the pattern is constant")
});

/// The state of a merge request, exactly as GitLab says it.
///
/// ```text
/// opened <-> closed
/// opened -> locked (while it is being merged) -> merged
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Work goes on.
    Opened,
    /// Given up without being merged.
    Closed,
    /// Its changes are in the target branch.
    Merged,
    /// GitLab is merging it this moment.
    Locked,
}

impl State {
    /// The word of GitLab.
    pub fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Closed => "closed",
            Self::Merged => "merged",
            Self::Locked => "locked",
        }
    }

    /// What this state says about shipping.
    pub fn shipping(self) -> Shipping {
        match self {
            Self::Merged => Shipping::Shipped,
            Self::Opened | Self::Locked => Shipping::NotYet,
            Self::Closed => Shipping::Dropped,
        }
    }

    /// Whether it has shipped: merged, and nothing else.
    pub fn is_shipped(self) -> bool {
        self.shipping() == Shipping::Shipped
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How far a shipment is on its way out.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shipping {
    /// It is merged.
    Shipped,
    /// It is open, or being merged.
    NotYet,
    /// It was closed without being merged: a person must say what ships instead.
    Dropped,
}

/// Returns the release that the title of a shipment names, also while it is a draft.
///
/// Fails with `invalid` when it names none.
pub fn release_in_title(title: &str) -> Result<Version> {
    let found = TITLE.captures(title).and_then(|found| found.get(1));
    let Some(found) = found else {
        return Err(Error::invalid(format!(
            "the title `{title}` does not say which release is shipped"
        ))
        .hint("a shipment is titled `Shipment for 4.20.1`"));
    };
    found.as_str().parse()
}
