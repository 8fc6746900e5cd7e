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

use super::{Checkup, Row};
use crate::{
    error::{Error, Result},
    http::Auth,
};

pub use account::Account;
pub use client::Client;

const NAME: &str = "sheets";

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: NAME,
    title: "Google Sheets",
    endpoint: "https://sheets.googleapis.com",
    credentials: &[account::SETTING],
    health: "the document of the y-stream can be opened, and has the tab `template`",
    check: |checkup| Box::pin(check(checkup)),
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

/// The document of a y-stream, with the tab that new ones are copied from.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let Some(document) = checkup.document else {
        return Err(Error::invalid("no document is set")
            .service(NAME)
            .hint("set `sheets.documents.<y_stream>` to the id of a document"));
    };
    let client = checkup.session.get::<Client>()?;
    let book = client.spreadsheet(document).await?;
    if book.tab("template").is_none() {
        let message = format!("the document `{}` has no tab `template`", book.title);
        return Err(Error::not_found(message).service(NAME));
    }
    Ok(format!("`{}` can be opened", book.title))
}

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
