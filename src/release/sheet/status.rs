//! The status of tasks and the word over them.
//!
//! The word turns red with a task that fails. It turns green again when a task passes or is set
//! back and no other has failed; a task that merely begins changes nothing.

use std::{collections::BTreeMap, fmt};

use super::{cell::Block, layout::Layout, report::Report};
use crate::{
    error::{Error, Result},
    release::TaskStatus,
};

/// The cell with the overall status.
pub(super) const OVERALL: (char, usize) = ('B', 1);

/// The overall status of a release.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Overall {
    /// Nothing has failed; also what an empty cell means.
    #[default]
    Green,
    /// Something has failed.
    Red,
}

impl Overall {
    /// The word as it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Green => "Green",
            Self::Red => "Red",
        }
    }
}

impl fmt::Display for Overall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Returns the cells to write so that a tab shows these statuses, and the overall status with them.
///
/// Only what differs from `report` is written; a task without a row is left out. When a task is
/// named twice the last status counts.
pub fn status_blocks(report: &Report, statuses: &[(&str, TaskStatus)]) -> Vec<Block> {
    let written = changed(report, statuses);
    let mut blocks: Vec<Block> = written
        .iter()
        .map(|(row, status)| Block::cell('B', *row, status.word()))
        .collect();
    let overall = overall_of(report, statuses);
    if overall != report.overall {
        blocks.push(Block::cell(OVERALL.0, OVERALL.1, overall.word()));
    }
    blocks
}

/// Returns the overall status once these statuses are written.
pub fn overall_of(report: &Report, statuses: &[(&str, TaskStatus)]) -> Overall {
    let written = changed(report, statuses);
    let has = |wanted: TaskStatus| written.values().any(|status| *status == wanted);
    if has(TaskStatus::Fail) {
        return Overall::Red;
    }
    let may_clear = has(TaskStatus::Pass) || has(TaskStatus::NotStarted);
    let still_failed = report.layout.tasks().any(|(task, row)| {
        let now = written.get(&row).copied();
        now.unwrap_or_else(|| report.status(task)) == TaskStatus::Fail
    });
    if may_clear && !still_failed {
        Overall::Green
    } else {
        report.overall
    }
}

/// The rows whose status changes.
fn changed(report: &Report, statuses: &[(&str, TaskStatus)]) -> BTreeMap<usize, TaskStatus> {
    let mut rows = BTreeMap::new();
    for (task, status) in statuses {
        if let Some(row) = report.layout.row(task) {
            rows.insert(row, *status);
        }
    }
    rows.retain(|row, status| report.status_in(*row) != *status);
    rows
}

/// Reads the statuses of a tab. An empty cell is a task nobody has begun.
pub(super) fn read(tab: &str, layout: Layout, grid: &[Vec<String>]) -> Result<Vec<TaskStatus>> {
    layout
        .tasks()
        .map(|(_, row)| match at(grid, 'B', row) {
            "" => Ok(TaskStatus::NotStarted),
            word => word.parse().map_err(|_| {
                unknown(
                    tab,
                    'B',
                    row,
                    word,
                    "Not Started, In Progress, Pass and Fail",
                )
            }),
        })
        .collect()
}

/// Reads the overall status of a tab.
pub(super) fn read_overall(tab: &str, grid: &[Vec<String>]) -> Result<Overall> {
    let (column, row) = OVERALL;
    match at(grid, column, row) {
        "" | "Green" => Ok(Overall::Green),
        "Red" => Ok(Overall::Red),
        word => Err(unknown(tab, column, row, word, "Green and Red")),
    }
}

/// What a cell shows; nothing when the row is short or absent.
pub(super) fn at(grid: &[Vec<String>], column: char, row: usize) -> &str {
    let place = (column as usize).saturating_sub('A' as usize);
    grid.get(row - 1)
        .and_then(|cells| cells.get(place))
        .map_or("", String::as_str)
}

fn unknown(tab: &str, column: char, row: usize, word: &str, words: &str) -> Error {
    Error::invalid(format!(
        "tab `{tab}`: {column}{row} says `{word}`, which is no status"
    ))
    .service("sheets")
    .hint(format!("put one of the words there: {words}"))
}
