//! What a tab shows.

use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;

use super::{
    FIRST_ROW,
    bugs::BugRow,
    layout::Layout,
    status::{self, Overall, at},
};
use crate::{error::Result, release::TaskStatus};

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*([A-Za-z][\w.-]*):\s*(?:\S*/)?(\d+)\b").expect("the pattern is constant")
});
static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"https?://\S+?/merge_requests/\d+").expect("the pattern is constant")
});

/// A tab as it was read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Which task stands in which row.
    pub layout: Layout,
    /// The overall status.
    pub overall: Overall,
    /// Advisories and merge requests.
    pub shipping: Shipping,
    /// Candidate nightlies by architecture.
    pub builds: IndexMap<String, String>,
    /// The ticket of the release team.
    pub ticket: Option<String>,
    /// The bugs, from the first row down to the first empty one.
    pub bugs: Vec<BugRow>,
    /// The CVE trackers that no advisory has, from the first row down to the first empty one.
    pub trackers: Vec<String>,
    /// Other issues by row; there may be gaps.
    pub others: Vec<(usize, String)>,
    statuses: Vec<TaskStatus>,
}

/// What B2 says. It was text, one link, and text with several links in the course of time.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shipping {
    /// Advisory numbers by kind, in their order.
    pub advisories: IndexMap<String, i64>,
    /// Shipment merge requests; new tabs have one at most.
    pub merge_requests: Vec<String>,
    /// Lines that are neither.
    pub rest: Vec<String>,
}

impl Shipping {
    fn read(text: &str) -> Self {
        let mut shipping = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let advisory = LINE.captures(line).and_then(|found| {
                let is_address = matches!(&found[1], "http" | "https");
                let number = found[2].parse().ok().filter(|_| !is_address)?;
                Some((found[1].to_owned(), number))
            });
            if let Some(request) = REQUEST.find(line) {
                shipping.merge_requests.push(request.as_str().to_owned());
            } else if let Some((kind, number)) = advisory {
                shipping.advisories.insert(kind, number);
            } else {
                shipping.rest.push(line.to_owned());
            }
        }
        shipping
    }
}

impl Report {
    /// Reads the cells of a tab, row by row as Google answers them: rows and cells at the end may be
    /// missing.
    ///
    /// Fails with `invalid` when a label says that the rows are those of the other layout and when a
    /// status cell holds a word nobody knows; the error names tab, cell and word.
    pub fn read(tab: &str, layout: Layout, grid: &[Vec<String>]) -> Result<Self> {
        layout.check(tab, grid)?;
        let column = |name: char| {
            (FIRST_ROW..=grid.len().max(FIRST_ROW)).map(move |row| (row, at(grid, name, row)))
        };
        let bugs = column('C')
            .take_while(|(_, key)| !key.trim().is_empty())
            .map(|(row, key)| BugRow {
                key: key.trim().to_owned(),
                contact: at(grid, 'D', row).to_owned(),
                status: at(grid, 'E', row).to_owned(),
            });
        let trackers = column('F')
            .take_while(|(_, key)| !key.trim().is_empty())
            .map(|(_, key)| key.trim().to_owned());
        let others = column('H')
            .filter(|(_, text)| !text.is_empty())
            .map(|(row, text)| (row, text.to_owned()));
        let builds = at(grid, 'B', 3).lines().filter_map(|line| {
            let (arch, build) = line.split_once(':')?;
            Some((arch.trim().to_owned(), build.trim().to_owned()))
        });
        let ticket = at(grid, 'B', 4).trim();
        Ok(Self {
            layout,
            overall: status::read_overall(tab, grid)?,
            shipping: Shipping::read(at(grid, 'B', 2)),
            builds: builds.collect(),
            ticket: (!ticket.is_empty()).then(|| ticket.to_owned()),
            bugs: bugs.collect(),
            trackers: trackers.collect(),
            others: others.collect(),
            statuses: status::read(tab, layout, grid)?,
        })
    }

    /// The tasks that have a row, from the top, with their status.
    pub fn tasks(&self) -> impl Iterator<Item = (&'static str, TaskStatus)> {
        let tasks = self.layout.tasks().map(|(task, _)| task);
        tasks.zip(self.statuses.iter().copied())
    }

    /// The status of a task; one without a row is not started.
    pub fn status(&self, task: &str) -> TaskStatus {
        self.layout
            .row(task)
            .map_or(TaskStatus::NotStarted, |row| self.status_in(row))
    }

    /// Takes over statuses that were written, so that the report shows what the tab does.
    pub fn set(&mut self, statuses: &[(&str, TaskStatus)]) {
        let overall = status::overall_of(self, statuses);
        for (task, status) in statuses {
            let row = self.layout.row(task);
            if let Some(place) = row.and_then(|row| self.statuses.get_mut(row - FIRST_ROW)) {
                *place = *status;
            }
        }
        self.overall = overall;
    }

    pub(super) fn status_in(&self, row: usize) -> TaskStatus {
        let place = row.checked_sub(FIRST_ROW);
        place
            .and_then(|place| self.statuses.get(place).copied())
            .unwrap_or_default()
    }
}
