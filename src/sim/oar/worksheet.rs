//! The tab of a release as the Python tool reads and writes it, cell by cell.
//!
//! With its defect: in a Konflux tab it looks for `Fail` one row above the one that it wrote.

use super::outside::{Outside, y_stream};
use crate::{
    release::sheet::{Layout, TEMPLATE},
    sim::{build_data, sheet},
};

/// The first row of tasks.
const FIRST_ROW: usize = 8;
/// The row that only tabs of the Errata flow have.
const GREENWAVE_ROW: usize = 13;
const LAST_ROW: usize = 19;

/// The tab of one release.
pub(super) struct Worksheet<'a> {
    outside: &'a Outside,
    release: String,
    y_stream: String,
    is_konflux: bool,
}

impl<'a> Worksheet<'a> {
    /// Finds the tab of a release; the error is the tool's. It needs the template even to read.
    pub fn find(outside: &'a Outside, release: &str) -> Result<Self, String> {
        let y_stream = y_stream(release);
        let (has_template, has_tab) = outside.state().read(|stored| {
            let has = |title| sheet::tab(&stored.documents, &y_stream, title).is_some();
            (has(TEMPLATE), has(release))
        });
        if !has_template {
            return Err("cannot find template worksheet".to_owned());
        }
        if !has_tab {
            return Err(format!("cannot find worksheet {release} in report doc"));
        }
        let is_konflux = outside.state().read(|stored| {
            build_data::resolved(&stored.documents, release)
                .is_ok_and(|data| data["flow"] == "konflux")
        });
        Ok(Self {
            outside,
            release: release.to_owned(),
            y_stream,
            is_konflux,
        })
    }

    /// Where people look at it.
    pub fn link(&self) -> String {
        let number = self.outside.state().read(|stored| {
            let tab = sheet::tab(&stored.documents, &self.y_stream, &self.release);
            tab.and_then(|tab| tab["id"].as_i64()).unwrap_or_default()
        });
        let id = sheet::document_id(&self.y_stream);
        format!("https://docs.google.com/spreadsheets/d/{id}#gid={number}")
    }

    /// The overall status.
    pub fn overall(&self) -> String {
        match self.cell(1) {
            word if word.is_empty() => "Green".to_owned(),
            word => word,
        }
    }

    /// The status of a task, whatever word stands there.
    pub fn status(&self, task: &str) -> String {
        let row = Layout::Errata.row(task).map(|row| self.translated(row));
        match row.map(|row| self.cell(row)).unwrap_or_default() {
            word if word.is_empty() => "Not Started".to_owned(),
            word => word,
        }
    }

    /// Writes the status of a task, and the overall status that follows as the tool sees it.
    pub fn set(&self, task: &str, status: &str) {
        let Some(row) = Layout::Errata.row(task).map(|row| self.translated(row)) else {
            return;
        };
        self.type_into(row, status);
        if self.cell(self.translated(row)) == "Fail" {
            return self.type_into(1, "Red");
        }
        if status == "In Progress" {
            return;
        }
        let mut rows = FIRST_ROW..=LAST_ROW;
        let has_failed = rows.any(|row| self.cell(self.translated(row)) == "Fail");
        if !has_failed && self.cell(1) == "Red" {
            self.type_into(1, "Green");
        }
    }

    /// The row that the tool takes for one of its constants.
    fn translated(&self, row: usize) -> usize {
        if self.is_konflux && row > GREENWAVE_ROW {
            row - 1
        } else {
            row
        }
    }

    fn cell(&self, row: usize) -> String {
        self.outside.state().read(|stored| {
            let tab = sheet::tab(&stored.documents, &self.y_stream, &self.release);
            let text = tab.map(|tab| sheet::text(tab, &format!("B{row}")));
            text.unwrap_or_default().to_owned()
        })
    }

    fn type_into(&self, row: usize, text: &str) {
        let cell = format!("B{row}");
        self.outside.change(|documents| {
            sheet::type_into(documents, &self.y_stream, &self.release, &cell, text);
        });
    }
}
