//! Answers on standard output, failures on standard error.

use std::io::{IsTerminal, Write};

use serde_json::{Value, json};

use super::args::{Options, Output};
use crate::{
    error::{Error, Kind},
    script::diagnostic::{Diagnostic, ScriptError},
};

/// The exit code of a run that a person stopped.
const INTERRUPTED: u8 = 130;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// An error of the host.
    Error(Error),
    /// An error in a script, with everything to show it.
    Script(Box<ScriptError>),
    /// The words on the command line make no sense.
    Usage {
        /// Why.
        error: Error,
        /// How it is used, for people.
        help: String,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Self {
        Self::Script(Box::new(error))
    }
}

impl Failure {
    /// The exit code of the program.
    pub fn exit_code(&self) -> u8 {
        let kind = match self {
            Self::Error(error) => Some(error.kind),
            Self::Script(error) => Some(error.error.kind),
            Self::Usage { .. } => return 2,
        };
        if kind == Some(Kind::Cancelled) {
            INTERRUPTED
        } else {
            1
        }
    }
}

/// Prints an answer.
pub fn answer(text: &str) {
    let mut output = anstream::stdout();
    // A closed pipe ends the answer; nobody is left to tell.
    let _ = writeln!(output, "{}", text.trim_end_matches('\n'));
}

/// Prints a JSON answer.
pub fn json(value: &Value) {
    answer(&serde_json::to_string_pretty(value).expect("JSON values have text keys only"));
}

/// Prints why a command failed.
pub fn failure(failure: &Failure, options: &Options) {
    let mut errors = anstream::stderr();
    let text = match failure {
        _ if failure.exit_code() == INTERRUPTED => {
            "stopped; nothing is lost: run the same command to go on".to_owned()
        }
        Failure::Error(error) => plain(error),
        Failure::Script(error) => error.render(std::io::stderr().is_terminal()),
        Failure::Usage { error, help } => format!("{}\n\n{help}", plain(error)),
    };
    let _ = writeln!(errors, "{}", options.at_hand(text.trim_end()));
    if options.output == Output::Json {
        match failure {
            Failure::Error(error) | Failure::Usage { error, .. } => error_document(error, &[]),
            Failure::Script(error) => error_document(&error.error, &error.diagnostics),
        }
    }
}

/// Prints the JSON document of a command that failed.
pub fn error_document(error: &Error, diagnostics: &[Diagnostic]) {
    let mut value = error_json(error);
    if !diagnostics.is_empty() {
        value["diagnostics"] = diagnostics.iter().map(Diagnostic::to_json).collect();
    }
    json(&json!({ "outcome": "error", "error": value }));
}

fn plain(error: &Error) -> String {
    let mut text = format!("error: {}", error.chain());
    if let Some(place) = &error.place {
        text.push_str(&format!("\n  --> {place}"));
    }
    if let Some(hint) = &error.hint {
        text.push_str(&format!("\nhint: {hint}"));
    }
    text
}

/// An error as JSON.
pub fn error_json(error: &Error) -> Value {
    json!({
        "kind": error.kind,
        "service": error.service,
        "message": error.chain(),
        "hint": error.hint,
        "status": error.status,
        "place": error.place,
    })
}

/// Whether the answer may be coloured.
pub fn is_coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never
}

/// The width of the answer: the terminal's, or one that fits most.
pub fn width() -> u16 {
    if std::io::stdout().is_terminal() {
        console::Term::stdout().size().1.clamp(60, 200)
    } else {
        120
    }
}
