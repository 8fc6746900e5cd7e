//! Names of cells, blocks of them, and what stands in one.

use super::head::RichText;

/// What is written into one cell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// Text, kept as it is.
    Text(String),
    /// A formula; begins with `=`.
    Formula(String),
    /// Text with links in it.
    Rich(RichText),
}

/// Values for neighbouring cells, row by row, as a person would type them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// The left column, such as `C`.
    pub column: char,
    /// The upper row; the first is 1.
    pub row: usize,
    /// The values.
    pub rows: Vec<Vec<String>>,
}

impl Block {
    /// One cell.
    pub(super) fn cell(column: char, row: usize, value: impl Into<String>) -> Self {
        Self {
            column,
            row,
            rows: vec![vec![value.into()]],
        }
    }

    /// The cells in one tab, such as `'4.19.9'!C8:E11`.
    pub fn range(&self, tab: &str) -> String {
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(1).max(1);
        let right = (self.column as u8).saturating_add((width - 1) as u8) as char;
        let lower = self.row + self.rows.len().max(1) - 1;
        let first = format!("{}{}", self.column, self.row);
        let last = format!("{right}{lower}");
        if first == last {
            range_of(tab, &first)
        } else {
            range_of(tab, &format!("{first}:{last}"))
        }
    }
}

/// Cells of one tab as Google names them, such as `'4.19.9'!B8`.
pub fn range_of(tab: &str, cells: &str) -> String {
    format!("'{}'!{cells}", tab.replace('\'', "''"))
}

/// The formula of a link.
pub fn hyperlink(url: &str, label: &str) -> String {
    let quoted = |text: &str| text.replace('"', "\"\"");
    format!("=HYPERLINK(\"{}\",\"{}\")", quoted(url), quoted(label))
}

/// The link to a Jira issue.
pub(super) fn issue_link(key: &str) -> String {
    hyperlink(&format!("https://redhat.atlassian.net/browse/{key}"), key)
}
