//! The list of bugs: key, QA contact and status in the columns C to E.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    FIRST_ROW,
    cell::{Block, issue_link},
    report::Report,
};

/// The only status with which a bug comes onto the list.
const LISTED: &str = "ON_QA";
/// What stands for the status of a bug that left the release.
const DROPPED: &str = "Dropped";
/// The statuses with which nobody has to do anything any more.
const VERIFIED: [&str; 3] = ["Verified", "Closed", DROPPED];

/// A bug as the tracker has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bug {
    /// Who verifies it.
    pub contact: Option<String>,
    /// Its status as the tracker names it, such as `ON_QA`.
    pub status: String,
}

impl Bug {
    fn contact(&self) -> &str {
        self.contact.as_deref().unwrap_or("Unknown")
    }
}

/// What the tracker said when it was asked about a bug.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Looked {
    /// It is this.
    Found(Bug),
    /// We may not see it: its row stays as it is.
    Denied,
}

/// One row of the list as it is shown.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BugRow {
    /// The key.
    pub key: String,
    /// Who verifies it.
    pub contact: String,
    /// Its status.
    pub status: String,
}

/// Returns the first list of a new tab: the bugs that can be verified, by key. `None` without any.
pub fn first_rows(bugs: &BTreeMap<String, Looked>) -> Option<Block> {
    appended(FIRST_ROW, bugs.keys(), bugs)
}

/// Returns the cells to write so that the list shows what the tracker says.
///
/// `current` are the bugs of the release now, `dropped` those that were taken out of it just now,
/// `looked` what the tracker said about each of them and of the listed ones. A bug that is not in the
/// release any more stays `Dropped`, whatever the tracker says. New ones come below the list.
pub fn refreshed_rows(
    report: &Report,
    current: &BTreeSet<String>,
    dropped: &BTreeSet<String>,
    looked: &BTreeMap<String, Looked>,
) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (shown, row) in report.bugs.iter().zip(FIRST_ROW..) {
        let Some(Looked::Found(bug)) = looked.get(&shown.key) else {
            continue;
        };
        if shown.contact != bug.contact() {
            blocks.push(Block::cell('D', row, bug.contact()));
        }
        let is_dropped = !current.contains(&shown.key) || dropped.contains(&shown.key);
        let status = if is_dropped { DROPPED } else { &bug.status };
        if shown.status != status {
            blocks.push(Block::cell('E', row, status));
        }
    }
    let is_listed = |key: &&String| report.bugs.iter().any(|shown| shown.key == **key);
    let fresh = current
        .iter()
        .filter(|key| !is_listed(key) && !dropped.contains(*key));
    blocks.extend(appended(FIRST_ROW + report.bugs.len(), fresh, looked));
    blocks
}

/// Whether nobody has to verify anything any more; so it is without bugs.
pub fn all_verified(report: &Report) -> bool {
    let mut bugs = report.bugs.iter();
    bugs.all(|bug| VERIFIED.contains(&bug.status.as_str()))
}

fn appended<'a>(
    row: usize,
    keys: impl Iterator<Item = &'a String>,
    looked: &BTreeMap<String, Looked>,
) -> Option<Block> {
    let rows: Vec<_> = keys
        .filter_map(|key| match looked.get(key) {
            Some(Looked::Found(bug)) if bug.status == LISTED => Some(vec![
                issue_link(key),
                bug.contact().to_owned(),
                bug.status.clone(),
            ]),
            _ => None,
        })
        .collect();
    (!rows.is_empty()).then_some(Block {
        column: 'C',
        row,
        rows,
    })
}
