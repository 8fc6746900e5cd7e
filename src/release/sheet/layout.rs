//! Which task stands in which row.
//!
//! Templates of Konflux releases have no Greenwave row, so their rows from the CVE check on are one
//! higher. Which of the two a release has follows from its build data; the labels in column A, where
//! they are known, must agree.

use super::FIRST_ROW;
use crate::{
    error::{Error, Result},
    release::statebox::Metadata,
};

/// The rows of the tasks in a tab.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// Of a release that ships through advisories.
    Errata,
    /// Of a release that ships through a shipment merge request.
    Konflux,
}

const GREENWAVE: &str = "check-greenwave-cvp-tests";

/// The tasks from the first row on, as the Errata template has them.
const TASKS: [&str; 12] = [
    "take-ownership",
    "update-bug-list",
    "image-consistency-check",
    "analyze-candidate-build",
    "analyze-promoted-build",
    GREENWAVE,
    "check-cve-tracker-bug",
    "push-to-cdn-staging",
    "stage-testing",
    "image-signed-check",
    "drop-bugs",
    "change-advisory-status",
];

/// The labels that templates are known to have; those of the other tasks nobody wrote down.
const LABELS: [(&str, &str); 9] = [
    ("Take ownership of advisories", "take-ownership"),
    ("Bug to be verified", "update-bug-list"),
    (
        "Payload-Images Consistency Testing",
        "image-consistency-check",
    ),
    ("Check CVE tracker bugs", "check-cve-tracker-bug"),
    ("Pushing to CDN staging", "push-to-cdn-staging"),
    ("Stage testing", "stage-testing"),
    ("Payload image is well signed", "image-signed-check"),
    (
        "Approve MR and change advisory status",
        "change-advisory-status",
    ),
    ("Add QE approval for shipment MR", "change-advisory-status"),
];

impl Layout {
    /// The layout that the build data of a release ask for.
    pub fn of(metadata: &Metadata) -> Self {
        let shipment = metadata.shipment_mr.as_deref();
        if shipment.is_some_and(|url| !url.trim().is_empty()) {
            Self::Konflux
        } else {
            Self::Errata
        }
    }

    /// The tasks with their rows, from the top.
    pub fn tasks(self) -> impl Iterator<Item = (&'static str, usize)> {
        let is_here = move |task: &&&str| self == Self::Errata || **task != GREENWAVE;
        TASKS.iter().filter(is_here).copied().zip(FIRST_ROW..)
    }

    /// The row of a task; `None` when the tab has no row for it.
    pub fn row(self, task: &str) -> Option<usize> {
        self.tasks()
            .find_map(|(name, row)| (name == task).then_some(row))
    }

    /// Makes sure that the labels of a tab agree.
    ///
    /// Fails with `invalid` when a known label stands in another row than this layout has it. A tab
    /// without any known label is taken as it is.
    pub fn check(self, tab: &str, grid: &[Vec<String>]) -> Result<()> {
        let labels = grid.iter().zip(1..).skip(FIRST_ROW - 1).take(TASKS.len());
        for (cells, row) in labels {
            let label = cells.first().map_or("", |label| label.trim());
            let known = LABELS
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(label));
            let Some((_, task)) = known else { continue };
            if self.row(task) != Some(row) {
                return Err(self.mismatch(tab, label, task, row));
            }
        }
        Ok(())
    }

    fn mismatch(self, tab: &str, label: &str, task: &str, row: usize) -> Error {
        let expected = match self.row(task) {
            Some(expected) => format!("row {expected}"),
            None => "no row".to_owned(),
        };
        Error::invalid(format!(
            "tab `{tab}`: A{row} says `{label}`, which has {expected} in the {self} flow"
        ))
        .service("sheets")
        .hint("see whether tab and `template` are of the right flow, and put the rows in order by hand")
    }
}

impl std::fmt::Display for Layout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Errata => "Errata",
            Self::Konflux => "Konflux",
        })
    }
}
