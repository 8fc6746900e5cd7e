//! A page of text: lines, titles, fields and tables in a given width.

use std::ops::RangeInclusive;

use anstyle::{AnsiColor, Style};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

/// Widths a page can have.
const WIDTHS: RangeInclusive<usize> = 60..=200;

/// The least room for the column that takes what the others leave.
const NARROWEST_COLUMN: usize = 24;

/// What has been written so far.
pub(super) struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    /// Starts a page of `width` columns, within reason.
    pub(super) fn new(width: usize, colour: bool) -> Self {
        Self {
            out: String::new(),
            width: width.clamp(*WIDTHS.start(), *WIDTHS.end()),
            colour,
        }
    }

    /// Ends the page.
    pub(super) fn into_text(self) -> String {
        self.out
    }

    pub(super) fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref().trim_end());
        self.out.push('\n');
    }

    pub(super) fn title(&mut self, text: &str) {
        let text = self.paint(text, Style::new().bold());
        self.line("");
        self.line(text);
    }

    pub(super) fn paint(&self, text: &str, style: Style) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Text after an indent, broken between words.
    pub(super) fn wrapped(&mut self, first: &str, text: &str) {
        let indent = " ".repeat(first.chars().count());
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in text.split_whitespace() {
            let length = line.chars().count() + 1 + word.chars().count();
            if !is_empty && length > self.width {
                self.line(std::mem::replace(&mut line, indent.clone()));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.line(line);
    }

    pub(super) fn field(&mut self, name: &str, value: &str) {
        self.line(format!("{name:<10}{value}"));
    }

    /// Draws a table; the column `flexible` takes the room that the others leave.
    pub(super) fn table(
        &mut self,
        header: Vec<String>,
        mut rows: Vec<Vec<String>>,
        flexible: usize,
    ) {
        let length = |row: &Vec<String>, column: usize| row[column].chars().count();
        let all = || rows.iter().chain([&header]);
        // A border and two blanks a column, and the last border.
        let fixed: usize = (0..header.len())
            .filter(|column| *column != flexible)
            .map(|column| all().map(|row| length(row, column)).max().unwrap_or(0))
            .sum();
        let frame = header.len() * 3 + 1;
        let room = self
            .width
            .saturating_sub(fixed + frame)
            .max(NARROWEST_COLUMN);
        for row in &mut rows {
            row[flexible] = folded(&row[flexible], room);
        }
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_header(header)
            .add_rows(rows);
        for line in table.lines() {
            let line = self.coloured(&line);
            self.line(line);
        }
    }

    /// Colours the words that matter in a drawn line; before drawing they would upset the widths.
    fn coloured(&self, line: &str) -> String {
        const WORDS: [(&str, AnsiColor); 9] = [
            ("CROSS_PLATFORM", AnsiColor::Red),
            ("CONSISTENT_CRITICAL", AnsiColor::Red),
            ("CONSISTENT_OTHER", AnsiColor::Yellow),
            ("NO_EVIDENCE", AnsiColor::Yellow),
            (" failure ", AnsiColor::Red),
            (" lost", AnsiColor::Red),
            (" passed", AnsiColor::Green),
            (" success ", AnsiColor::Green),
            (" pending ", AnsiColor::Yellow),
        ];
        let mut line = line.to_owned();
        if self.colour {
            for (word, colour) in WORDS {
                let style = Style::new().fg_color(Some(colour.into()));
                line = line.replace(word, &format!("{style}{word}{style:#}"));
            }
        }
        line
    }
}

/// Breaks text into lines of at most `width` after blanks and dashes, or anywhere if it must.
fn folded(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive([' ', '-']) {
        for piece in part.chars().collect::<Vec<_>>().chunks(width) {
            let piece: String = piece.iter().collect();
            let line = lines.last_mut().expect("there is always a line");
            if line.chars().count() + piece.trim_end().chars().count() > width {
                lines.push(piece);
            } else {
                line.push_str(&piece);
            }
        }
    }
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}
