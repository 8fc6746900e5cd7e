//! Google Sheets: the test reports of releases, one document per y-stream and one tab per release.
//!
//! What stands in which cell is left to `release`, which of several writers wins to `state`. Google
//! keeps no version of a document that a write could be bound to, so the last writer wins.

pub mod account;
pub mod binding;
pub mod client;
mod connector;
pub mod emulator;
mod trouble;

use std::sync::Arc;

use super::Row;
use crate::http::Auth;

pub use account::Account;
pub use client::Client;

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "sheets",
    title: "Google Sheets",
    endpoint: "https://sheets.googleapis.com",
    credentials: &[account::SETTING],
    health: "the document of the y-stream can be opened, and has the tab `template`",
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let endpoint = setup.endpoint(&ROW)?;
        let caller = setup.http.service(ROW.name, endpoint, Auth::none());
        let account = Account::new(setup.world.clone(), setup.http.clone());
        session.put(Arc::new(Client::new(caller, account)));
        Ok(())
    },
};

/// A document: its title and its tabs from left to right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Spreadsheet {
    /// The title of the document.
    pub title: String,
    /// The tabs.
    pub tabs: Vec<Tab>,
}

impl Spreadsheet {
    /// Returns the tab with this title, if there is one. Titles differ by case.
    pub fn tab(&self, title: &str) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.title == title)
    }
}

/// A tab of a document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tab {
    /// The title, unique in the document.
    pub title: String,
    /// The number that requests name it by; it stays when the title changes.
    pub id: i64,
}

/// Cells by row and column as a reader sees them, the first row of the range first.
///
/// Rows and cells at the end that hold nothing are missing, so rows differ in length.
pub type Grid = Vec<Vec<String>>;

/// Values for the cells of a range, as a person would type them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cells {
    /// The range, such as `'4.20.1'!B8:C9`.
    pub range: String,
    /// The values by row and column. What begins with `=` becomes a formula.
    pub rows: Vec<Vec<String>>,
}

/// Returns the range `cells` (such as `A1:H200`) of the tab `title`, such as `'4.20.1'!A1:H200`.
pub fn range(title: &str, cells: &str) -> String {
    format!("'{}'!{cells}", title.replace('\'', "''"))
}
