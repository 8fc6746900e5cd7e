//! The two lists beside the bugs: CVE trackers that no advisory has, and other issues.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::{
    FIRST_ROW,
    cell::{Block, issue_link},
    report::Report,
};

static KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"OCPBUGS-\d+").expect("the pattern is constant"));

/// Returns the CVE trackers to add below those that are listed; `None` when nothing is new, which
/// also means that nobody has to be told. One that is listed and not missed any more stays.
pub fn tracker_rows(report: &Report, missed: &BTreeSet<String>) -> Option<Block> {
    let listed: BTreeSet<&str> = report
        .trackers
        .iter()
        .flat_map(|shown| KEY.find_iter(shown))
        .map(|found| found.as_str())
        .collect();
    let rows: Vec<_> = missed
        .iter()
        .filter(|key| !listed.contains(key.as_str()))
        .map(|key| vec![issue_link(key)])
        .collect();
    (!rows.is_empty()).then(|| Block {
        column: 'F',
        row: FIRST_ROW + report.trackers.len(),
        rows,
    })
}

/// Returns the cell for one more issue in the free list, the first empty one; `None` when the issue
/// is there already.
pub fn other_row(report: &Report, key: &str) -> Option<Block> {
    if report.others.iter().any(|(_, shown)| shown.trim() == key) {
        return None;
    }
    let is_taken = |row: &usize| report.others.iter().any(|(taken, _)| taken == row);
    let row = (FIRST_ROW..).find(|row| !is_taken(row))?;
    Some(Block::cell('H', row, issue_link(key)))
}
