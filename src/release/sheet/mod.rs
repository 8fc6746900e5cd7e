//! The test report of a release in a spreadsheet: one tab, the cells people and the Python tool know.
//!
//! Everything here is a function of the cells that were read. [`Report`] says what a tab shows, and
//! the other functions say which cells to write; nobody here reads or writes a spreadsheet. All is
//! written as if typed by a person, so text that begins with `=` is a formula, and is read as it is
//! shown, so a link reads as its label.

mod bugs;
mod cell;
mod head;
mod layout;
mod links;
mod lists;
mod report;
mod status;

pub use bugs::{Bug, BugRow, Looked, all_verified, first_rows, refreshed_rows};
pub use cell::{Block, Content, hyperlink, range_of};
pub use head::{RichText, Run, advisories, builds, head, ticket};
pub use layout::Layout;
pub use links::links;
pub use lists::{other_row, tracker_rows};
pub use report::{Report, Shipping};
pub use status::{Overall, overall_of, status_blocks};

/// The cells that are read, below the title of the tab.
pub const CELLS: &str = "A1:H200";

/// The title of the tab that new ones are copied from.
pub const TEMPLATE: &str = "template";

/// The first row of tasks, bugs and lists.
const FIRST_ROW: usize = 8;
