//! Ranges in A1 notation, as the service reads and writes them.

use std::fmt;

/// A rectangle of cells of one tab. Rows and columns start at 0; an end stands after the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Area {
    /// The first row.
    pub top: usize,
    /// The row after the last; `None` reaches to the end of the tab.
    pub bottom: Option<usize>,
    /// The first column.
    pub left: usize,
    /// The column after the last; `None` reaches to the end of the tab.
    pub right: Option<usize>,
    /// Whether one cell was named, from which a write may go on.
    pub is_cell: bool,
}

impl Area {
    /// All cells.
    pub const ALL: Self = Self {
        top: 0,
        bottom: None,
        left: 0,
        right: None,
        is_cell: false,
    };

    /// Reads `A1:H200`, `H8:H`, `B:C`, `2:3` or `B8`.
    pub fn read(text: &str) -> Option<Self> {
        let (first, last) = match text.split_once(':') {
            Some((first, last)) => (corner(first)?, Some(corner(last)?)),
            None => (corner(text)?, None),
        };
        let Some(last) = last else {
            let (Some(column), Some(row)) = first else {
                return None;
            };
            return Some(Self {
                top: row,
                bottom: Some(row + 1),
                left: column,
                right: Some(column + 1),
                is_cell: true,
            });
        };
        let (left, right) = ends(first.0, last.0);
        let (top, bottom) = ends(first.1, last.1);
        Some(Self {
            top,
            bottom,
            left,
            right,
            is_cell: false,
        })
    }

    /// The area within a tab of this size.
    pub fn within(self, rows: usize, columns: usize) -> Self {
        let bottom = self.bottom.unwrap_or(rows).min(rows);
        let right = self.right.unwrap_or(columns).min(columns);
        Self {
            bottom: Some(bottom),
            right: Some(right),
            ..self
        }
    }

    /// The row after the last, in an area with an end.
    pub fn end_row(self) -> usize {
        self.bottom.unwrap_or(usize::MAX)
    }

    /// The column after the last, in an area with an end.
    pub fn end_column(self) -> usize {
        self.right.unwrap_or(usize::MAX)
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = cell(self.top, self.left);
        let last = cell(
            self.end_row().saturating_sub(1),
            self.end_column().saturating_sub(1),
        );
        if first == last {
            f.write_str(&first)
        } else {
            write!(f, "{first}:{last}")
        }
    }
}

/// Splits a range into the title of its tab, if it names one, and its cells.
pub fn split(range: &str) -> (Option<String>, Option<&str>) {
    let Some((title, cells)) = range.rsplit_once('!') else {
        if Area::read(range).is_some() {
            return (None, Some(range));
        }
        return (Some(plain(range)), None);
    };
    (Some(plain(title)), Some(cells))
}

/// A title as it stands in front of a range.
pub fn quoted(title: &str) -> String {
    let is_word = title
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word && title.starts_with(|letter: char| !letter.is_ascii_digit()) {
        return title.to_owned();
    }
    format!("'{}'", title.replace('\'', "''"))
}

/// The name of a cell, such as `B8`.
pub fn cell(row: usize, column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        left -= 1;
        letters.push(char::from(b'A' + (left % 26) as u8));
        left /= 26;
    }
    letters.reverse();
    let letters: String = letters.into_iter().collect();
    format!("{letters}{}", row + 1)
}

fn plain(title: &str) -> String {
    match title
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
    {
        Some(inner) => inner.replace("''", "'"),
        None => title.to_owned(),
    }
}

/// Column and row of a corner; either may be missing.
fn corner(text: &str) -> Option<(Option<usize>, Option<usize>)> {
    let digits = text.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = &text[..text.len() - digits.len()];
    if text.is_empty() || letters.len() > 3 || digits.len() > 8 {
        return None;
    }
    let row = match digits {
        "" => None,
        digits => Some(digits.parse::<usize>().ok()?.checked_sub(1)?),
    };
    let column = letters.bytes().fold(0, |number, letter| {
        number * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    Some((column.checked_sub(1), row))
}

fn ends(first: Option<usize>, last: Option<usize>) -> (usize, Option<usize>) {
    match (first, last) {
        (Some(first), Some(last)) => (first.min(last), Some(first.max(last) + 1)),
        (Some(first), None) | (None, Some(first)) => (first, None),
        (None, None) => (0, None),
    }
}
