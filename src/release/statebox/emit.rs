//! Writes a tree as the bytes PyYAML's safe dumper writes: block style, keys in their order,
//! Unicode as it is, folded beyond column 80, texts with a line feed as literal blocks.

use std::fmt::Write as _;

use super::{
    escape::{escape, needs_escape},
    node::{Node, Scalar, ScalarKind},
    style::{self, Style, is_break},
};

/// Beyond this column a text is folded at the next single space.
const BEST_WIDTH: usize = 80;
const INDENT: usize = 2;
/// A key and its tag must be shorter than this to be written on one line with its value.
const MAX_SIMPLE_KEY: usize = 128;

/// Writes the document.
pub(super) fn emit(root: &Node) -> String {
    let mut emitter = Emitter {
        out: String::new(),
        column: 0,
        indent: 0,
        is_after_space: true,
        is_at_indentation: true,
        is_open_ended: false,
    };
    emitter.node(root, Position::Root);
    emitter.indent = 0;
    emitter.start_line();
    if emitter.is_open_ended {
        emitter.indicator("...", true, false);
        emitter.start_line();
    }
    emitter.out
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Position {
    Root,
    Item,
    Key,
    Value,
}

/// The text so far and where the pen stands.
struct Emitter {
    out: String,
    column: usize,
    indent: usize,
    is_after_space: bool,
    /// Only spaces and indicators such as `-` stand on this line so far.
    is_at_indentation: bool,
    /// The last value kept its trailing line breaks, so the document needs an end mark.
    is_open_ended: bool,
}

impl Emitter {
    fn node(&mut self, node: &Node, position: Position) {
        match node {
            Node::Scalar(scalar) => self.scalar(scalar, position),
            Node::List(items) if items.is_empty() => self.empty("[", "]"),
            Node::Map(entries) if entries.is_empty() => self.empty("{", "}"),
            Node::List(items) => {
                let is_indentless = position == Position::Value && !self.is_at_indentation;
                self.nested(position, is_indentless, |emitter| {
                    for item in items {
                        emitter.start_line();
                        emitter.indicator("-", true, true);
                        emitter.node(item, Position::Item);
                    }
                });
            }
            Node::Map(entries) => self.nested(position, false, |emitter| {
                for (key, value) in entries {
                    emitter.entry(key, value);
                }
            }),
        }
    }

    fn nested(&mut self, position: Position, is_indentless: bool, write: impl FnOnce(&mut Self)) {
        let before = self.indent;
        if position != Position::Root && !is_indentless {
            self.indent += INDENT;
        }
        write(self);
        self.indent = before;
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, false);
        self.is_after_space = true;
        self.indicator(close, false, false);
    }

    fn entry(&mut self, key: &Node, value: &Node) {
        self.start_line();
        if is_simple_key(key) {
            self.node(key, Position::Key);
            self.indicator(":", false, false);
        } else {
            self.indicator("?", true, true);
            self.node(key, Position::Value);
            self.start_line();
            self.indicator(":", true, true);
        }
        self.node(value, Position::Value);
    }

    fn scalar(&mut self, scalar: &Scalar, position: Position) {
        let is_key = position == Position::Key;
        let (text, style) = match scalar.kind {
            ScalarKind::Null => (Node::EMPTY, Style::Plain),
            ScalarKind::Bool(true) => ("true", Style::Plain),
            ScalarKind::Bool(false) => ("false", Style::Plain),
            ScalarKind::Int | ScalarKind::Float => (scalar.text.as_str(), Style::Plain),
            ScalarKind::Text => {
                let text = scalar.text.as_str();
                (text, style::of_text(text, &style::analyze(text), is_key))
            }
        };
        let before = self.indent;
        self.indent += INDENT;
        let letters: Vec<char> = text.chars().collect();
        match style {
            Style::Plain => self.plain(&letters, !is_key),
            Style::SingleQuoted => self.single_quoted(&letters, !is_key),
            Style::DoubleQuoted => self.double_quoted(&letters, !is_key),
            Style::Literal => self.literal(&letters),
        }
        self.indent = before;
    }

    fn plain(&mut self, letters: &[char], may_fold: bool) {
        if letters.is_empty() {
            return;
        }
        if !self.is_after_space {
            self.write(&[' ']);
        }
        self.is_after_space = false;
        self.is_at_indentation = false;
        for run in runs(letters, |letter| letter == ' ') {
            let is_single_space = run == [' '];
            if is_single_space && may_fold && self.column > BEST_WIDTH {
                self.start_line();
                self.is_after_space = false;
                self.is_at_indentation = false;
            } else {
                self.write(run);
            }
        }
    }

    fn single_quoted(&mut self, letters: &[char], may_fold: bool) {
        self.indicator("'", true, false);
        let mut place = 0;
        for run in runs(letters, |letter| letter == ' ' || is_break(letter)) {
            for part in runs_of_white(run) {
                let end = place + part.len();
                let is_inside = place != 0 && end != letters.len();
                if is_break(part[0]) {
                    if part[0] == '\n' {
                        self.line_break('\n');
                    }
                    part.iter().for_each(|letter| self.line_break(*letter));
                    self.start_line();
                } else if *part == [' '] && may_fold && is_inside && self.column > BEST_WIDTH {
                    self.start_line();
                } else {
                    for letter in part {
                        if *letter == '\'' {
                            self.write(&['\'']);
                        }
                        self.write(&[*letter]);
                    }
                }
                place = end;
            }
        }
        self.indicator("'", false, false);
    }

    fn double_quoted(&mut self, letters: &[char], may_fold: bool) {
        self.indicator("\"", true, false);
        let mut start = 0;
        for end in 0..=letters.len() {
            let letter = letters.get(end).copied();
            if letter.is_none_or(needs_escape) {
                self.write(&letters[start..end]);
                start = end;
                if let Some(letter) = letter {
                    let escaped: Vec<char> = escape(letter).chars().collect();
                    self.write(&escaped);
                    start = end + 1;
                }
            }
            let is_inside = end > 0 && end + 1 < letters.len();
            let is_gap = letter == Some(' ') || start >= end;
            let pending = end.saturating_sub(start);
            let reaches = if start > end {
                self.column.saturating_sub(start - end)
            } else {
                self.column + pending
            };
            if is_inside && is_gap && reaches > BEST_WIDTH && may_fold {
                if start < end {
                    self.write(&letters[start..end]);
                    start = end;
                }
                self.write(&['\\']);
                self.start_line();
                self.is_after_space = false;
                self.is_at_indentation = false;
                if letters.get(start) == Some(&' ') {
                    self.write(&['\\']);
                }
            }
        }
        self.indicator("\"", false, false);
    }

    fn literal(&mut self, letters: &[char]) {
        let hints = block_hints(letters);
        self.indicator(&format!("|{hints}"), true, false);
        self.is_open_ended = hints.ends_with('+');
        self.line_break('\n');
        let mut is_line_start = true;
        let mut place = 0;
        for run in runs(letters, is_break) {
            place += run.len();
            if is_break(run[0]) {
                run.iter().for_each(|letter| self.line_break(*letter));
                is_line_start = true;
                continue;
            }
            if is_line_start {
                self.start_line();
            }
            self.write(run);
            is_line_start = false;
            if place == letters.len() {
                self.line_break('\n');
            }
        }
    }

    /// Writes text that has no line break.
    fn write(&mut self, letters: &[char]) {
        self.out.extend(letters);
        self.column += letters.len();
    }

    fn indicator(&mut self, text: &str, needs_space: bool, keeps_indentation: bool) {
        if needs_space && !self.is_after_space {
            self.write(&[' ']);
        }
        self.out.push_str(text);
        self.column += text.chars().count();
        self.is_after_space = false;
        self.is_at_indentation &= keeps_indentation;
        self.is_open_ended = false;
    }

    /// Moves the pen to the current indent, on a new line unless it can go there on this one.
    fn start_line(&mut self) {
        let is_there = self.column == self.indent && self.is_after_space;
        if !self.is_at_indentation
            || self.column > self.indent
            || !(is_there || self.column < self.indent)
        {
            self.line_break('\n');
        }
        if self.column < self.indent {
            self.is_after_space = true;
            let missing = self.indent - self.column;
            self.write(&vec![' '; missing]);
        }
    }

    fn line_break(&mut self, letter: char) {
        self.is_after_space = true;
        self.is_at_indentation = true;
        self.column = 0;
        self.out.push(letter);
    }
}

fn is_simple_key(key: &Node) -> bool {
    match key {
        Node::Scalar(scalar) => {
            let tag = match scalar.kind {
                ScalarKind::Text => "!!str",
                ScalarKind::Int => "!!int",
                ScalarKind::Null => "!!null",
                ScalarKind::Bool(_) => "!!bool",
                ScalarKind::Float => "!!float",
            };
            let analysis = style::analyze(&scalar.text);
            let length = scalar.text.chars().count() + tag.len();
            length < MAX_SIMPLE_KEY
                && !analysis.is_multiline
                && (!analysis.is_empty || scalar.kind == ScalarKind::Null)
        }
        Node::List(items) => items.is_empty(),
        Node::Map(entries) => entries.is_empty(),
    }
}

/// The marks after `|`: the indent when the text begins with a space or a break, and what becomes
/// of the breaks at its end.
fn block_hints(letters: &[char]) -> String {
    let mut hints = String::new();
    let (Some(&first), Some(&last)) = (letters.first(), letters.last()) else {
        return hints;
    };
    if first == ' ' || is_break(first) {
        let _ = write!(hints, "{INDENT}");
    }
    if !is_break(last) {
        hints.push('-');
    } else if letters.len() == 1 || is_break(letters[letters.len() - 2]) {
        hints.push('+');
    }
    hints
}

/// Splits into the longest runs of letters for which `is_special` is the same.
fn runs(letters: &[char], is_special: fn(char) -> bool) -> impl Iterator<Item = &[char]> {
    letters.chunk_by(move |left, right| is_special(*left) == is_special(*right))
}

/// Splits a run of white space where spaces meet line breaks; other runs stay whole.
fn runs_of_white(run: &[char]) -> impl Iterator<Item = &[char]> {
    run.chunk_by(|left, right| is_break(*left) == is_break(*right))
}
