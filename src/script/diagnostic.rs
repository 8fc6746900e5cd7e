//! A finding about a script, as data: what, where, how one got there, what to do. How it looks on a
//! terminal is [`super::render`]'s business.

use std::{collections::HashMap, error::Error as StdError, fmt, sync::Arc};

use serde::Serialize;

use super::render::render;
use crate::error::{Error, Place};

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The script cannot run, or ended.
    Error,
    /// The script runs, but probably not as meant.
    Warning,
}

/// A finding about a script.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A word for programs: the kind of our errors, or such as `syntax`, `unknown_function`.
    pub code: String,
    /// What is wrong, in one line.
    pub title: String,
    /// Where.
    pub place: Option<Place>,
    /// What to say at the caret.
    pub label: Option<String>,
    /// The calls that led there, the outermost first.
    pub frames: Vec<Frame>,
    /// What to do about it.
    pub help: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Another place it is about, with what to say there.
    pub related: Vec<(Place, String)>,
}

/// A call on the way to an error.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Frame {
    /// The function that was called; closures are `<closure>`.
    pub function: String,
    /// Where it was called.
    pub call: Option<Place>,
    /// Whether the call stands in a shipped file that the user did not write.
    pub is_shipped: bool,
}

impl Diagnostic {
    /// Makes an error.
    pub fn error(code: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.into(),
            title: title.into(),
            place: None,
            label: None,
            frames: Vec::new(),
            help: Vec::new(),
            notes: Vec::new(),
            related: Vec::new(),
        }
    }

    /// Makes a warning.
    pub fn warning(code: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, title)
        }
    }

    /// Says where.
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// Says what to show at the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds what to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds what else is worth knowing.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Adds another place it is about.
    pub fn related(mut self, place: Option<Place>, text: impl Into<String>) -> Self {
        self.related.extend(place.map(|place| (place, text.into())));
        self
    }

    /// Returns it as JSON, for programs.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Returns it as one of our errors, without the source text.
    pub fn to_error(&self) -> Error {
        let error = Error::invalid(self.title.clone()).at(self.place.clone());
        match self.help.first() {
            Some(help) => error.hint(help.clone()),
            None => error,
        }
    }
}

/// The texts of script files by name, to show the lines an error is about.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    files: HashMap<String, Arc<str>>,
}

impl Texts {
    /// Adds a file.
    pub fn insert(&mut self, name: impl Into<String>, text: Arc<str>) {
        self.files.insert(name.into(), text);
    }

    /// Returns the text of a file.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(|text| &**text)
    }
}

/// Why a script could not be loaded, or how it ended.
#[derive(Clone, Debug)]
pub struct ScriptError {
    /// The error as the rest of the host sees it.
    pub error: Box<Error>,
    /// The findings, the most important first; never empty.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether the run was stopped by a person.
    pub is_stopped: bool,
    texts: Arc<Texts>,
}

impl ScriptError {
    pub(super) fn new(diagnostics: Vec<Diagnostic>, texts: Arc<Texts>) -> Self {
        let error = diagnostics
            .first()
            .map_or_else(|| Error::invalid("the script failed"), Diagnostic::to_error);
        Self {
            error: Box::new(error),
            diagnostics,
            is_stopped: false,
            texts,
        }
    }

    pub(super) fn with(mut self, error: Error) -> Self {
        *self.error = error;
        self
    }

    pub(super) fn stopped(mut self, is_stopped: bool) -> Self {
        self.is_stopped = is_stopped;
        self
    }

    /// Returns the findings as a person reads them, with source lines.
    pub fn render(&self, is_coloured: bool) -> String {
        let parts: Vec<_> = self
            .diagnostics
            .iter()
            .map(|diagnostic| render(diagnostic, &self.texts, is_coloured))
            .collect();
        parts.join("\n\n")
    }

    /// The texts of the files it is about.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self
            .diagnostics
            .first()
            .and_then(|first| first.place.as_ref())
        {
            Some(place) => write!(f, "{place}: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl StdError for ScriptError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

impl From<ScriptError> for Error {
    fn from(error: ScriptError) -> Self {
        *error.error
    }
}

impl From<Error> for ScriptError {
    fn from(error: Error) -> Self {
        let diagnostic = Diagnostic {
            help: error.hint.iter().cloned().collect(),
            ..Diagnostic::error(error.kind.word(), error.chain())
        };
        let place = error.place.clone();
        Self::new(vec![diagnostic.at(place)], Arc::default()).with(error)
    }
}
