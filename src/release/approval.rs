//! The word of QE on a shipment, as it stands in the state of a release while production is waited for.
//!
//! The line names the merge request and the commit it was looked at, so that whoever goes on with the
//! approval, perhaps another person in another process, goes on with that commit and no other.

use std::{fmt, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use regex::Regex;

use super::statebox::time;

/// What identifies the wait among the things that run outside.
pub const KIND: &str = "approval";

/// How long production takes at the most, usually.
pub const USUAL: SignedDuration = SignedDuration::from_hours(48);

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?m)^(?:(\S+Z): [A-Z]+: )?(?:QE approval of )?MR (\d+) at ([0-9a-f]{7,64}) ",
        r"(given|is merged); waiting for payload metadata\s*$"
    ))
    .expect("the pattern is constant")
});

/// The approval of one merge request at one commit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Given {
    /// The number of the merge request in its project.
    pub iid: u64,
    /// The commit its branch ended with.
    pub sha: String,
    /// Whether it was merged by then, so that nobody had to approve it any more.
    pub is_merged: bool,
    /// When it was written down, if the line says so.
    pub at: Option<Timestamp>,
}

impl Given {
    /// Returns the last approval that a text tells of.
    pub fn read(text: &str) -> Option<Self> {
        let found = LINE.captures_iter(text).last()?;
        Some(Self {
            iid: found[2].parse().ok()?,
            sha: found[3].to_owned(),
            is_merged: &found[4] != "given",
            at: found.get(1).and_then(|at| time::parse(at.as_str())),
        })
    }

    /// What identifies it among the things that run outside, such as `!901@8f1d2c3b…`.
    pub fn id(&self) -> String {
        format!("!{}@{}", self.iid, self.sha)
    }

    /// The commit in the length people read.
    pub fn short_sha(&self) -> &str {
        short(&self.sha)
    }

    /// Whether production takes longer than it usually does.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.at.is_some_and(|at| now.duration_since(at) >= USUAL)
    }
}

impl fmt::Display for Given {
    /// Writes the line without the time, which is that of the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { iid, sha, .. } = self;
        match self.is_merged {
            false => write!(f, "QE approval of MR {iid} at {sha} given")?,
            true => write!(f, "MR {iid} at {sha} is merged")?,
        }
        f.write_str("; waiting for payload metadata")
    }
}

/// A commit in the length people read.
pub fn short(sha: &str) -> &str {
    sha.get(..8).unwrap_or(sha)
}
