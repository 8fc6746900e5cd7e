//! A script with everything it imports, ready to run: one syntax tree, and the map from its lines
//! back to the files.

use std::{fmt, path::PathBuf, sync::Arc};

use rhai::{AST, Position};
use serde::Serialize;

use super::{catalogue::FunctionInfo, diagnostic::Texts, header::Header, sources::Origin};
use crate::error::Place;

/// A script with everything it imports. Cheap to share as `Arc<Program>`.
#[derive(Clone)]
pub struct Program {
    pub(super) name: String,
    pub(super) ast: AST,
    pub(super) header: Header,
    pub(super) files: Vec<File>,
    pub(super) functions: Vec<Function>,
    pub(super) overrides: Vec<Override>,
    pub(super) shadows: Vec<Shadow>,
    pub(super) inactive: Vec<(Position, Position)>,
    pub(super) texts: Arc<Texts>,
}

/// A file of a program.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// The name in messages.
    pub name: String,
    /// Where it lies, if it is a file on disk.
    pub path: Option<PathBuf>,
    /// Which root it comes from.
    pub origin: Origin,
    /// Its text.
    #[serde(skip)]
    pub text: Arc<str>,
    #[serde(skip)]
    pub(super) lines_before: usize,
    #[serde(skip)]
    pub(super) lines: usize,
}

/// A function of a program.
#[derive(Clone, Debug, Serialize)]
pub struct Function {
    /// The name.
    pub name: String,
    /// The names of the parameters.
    pub params: Vec<String>,
    /// The doc comment.
    pub doc: String,
    /// Where it is defined: the name after `fn`.
    pub place: Place,
    /// Where it ends: the closing brace.
    pub end: Option<Place>,
    /// Whether it is marked `private`.
    pub is_private: bool,
}

impl Function {
    /// The number of parameters.
    pub fn arity(&self) -> usize {
        self.params.len()
    }

    pub(super) fn info(&self) -> FunctionInfo {
        FunctionInfo {
            namespace: String::new(),
            name: self.name.clone(),
            arity: self.arity(),
            params: self.params.clone(),
            returns: String::new(),
            doc: self.doc.clone(),
            place: Some(self.place.clone()),
        }
    }
}

/// A function that a file under `overrides/` has replaced.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Override {
    /// The function.
    pub name: String,
    /// The number of its parameters.
    pub arity: usize,
    /// Where the replaced one is.
    pub from: Place,
    /// Where the one that wins is.
    pub to: Place,
}

/// A file that took the place of one further down the search order.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Shadow {
    /// The name of the file.
    pub name: String,
    /// The root of the one that wins.
    pub by: Origin,
    /// The roots of those that lost.
    pub hidden: Vec<Origin>,
}

impl Program {
    /// The name of the main script.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the main script says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The help text of the main script.
    pub fn help(&self) -> String {
        self.header.help(&self.name)
    }

    /// All files, in the order they were loaded.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The file with this name.
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }

    /// All functions, the ones that win where one is overridden.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The function with this name and number of parameters.
    pub fn function(&self, name: &str, arity: usize) -> Option<&Function> {
        self.functions
            .iter()
            .find(|function| function.name == name && function.arity() == arity)
    }

    /// The functions that were overridden.
    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }

    /// The files that took the place of others.
    pub fn shadows(&self) -> &[Shadow] {
        &self.shadows
    }

    /// Returns the file, line and column of a position in the program.
    pub fn locate(&self, position: Position) -> Option<Place> {
        locate(&self.files, position)
    }

    /// The texts of all files, to render a diagnostic.
    pub fn texts(&self) -> &Arc<Texts> {
        &self.texts
    }

    /// Whether a position lies in an override of a function that this program does not load.
    pub(super) fn is_inactive(&self, position: Position) -> bool {
        let key = |position: Position| (position.line(), position.position());
        self.inactive
            .iter()
            .any(|(start, end)| (key(*start)..=key(*end)).contains(&key(position)))
    }

    pub(super) fn is_shipped(&self, place: &Place) -> bool {
        self.file(&place.file)
            .is_some_and(|file| file.origin == Origin::Embedded)
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

pub(super) fn locate(files: &[File], position: Position) -> Option<Place> {
    let line = position.line()?;
    let file = files.iter().rev().find(|file| line > file.lines_before)?;
    Some(Place {
        file: file.name.clone(),
        line: (line - file.lines_before).min(file.lines.max(1)),
        column: position.position().unwrap_or(1).max(1),
    })
}
