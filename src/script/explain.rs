//! What an error of the engine means, in the words of a person who writes scripts.

use rhai::{EvalAltResult, Position};

use super::{
    catalogue::{Catalogue, type_word},
    diagnostic::{Diagnostic, Frame},
    failed_call, faults,
    hooks::{self, Stop},
    program::Program,
    syntax,
};
use crate::error::{Error, Kind, Place};

/// A failure of the engine, taken apart.
pub(super) struct Trace<'e> {
    /// The calls, the outermost first.
    pub frames: Vec<Frame>,
    /// What happened in the innermost call.
    pub error: &'e EvalAltResult,
    /// Where.
    pub position: Position,
}

/// Walks a failure from the outermost call to what happened.
pub(super) fn trace<'e>(failure: &'e EvalAltResult, program: Option<&Program>) -> Trace<'e> {
    let mut frames = Vec::new();
    let mut error = failure;
    let mut last = Position::NONE;
    loop {
        match error {
            EvalAltResult::ErrorInFunctionCall(name, _, inner, position) => {
                let call = program.and_then(|program| program.locate(*position));
                frames.push(Frame {
                    function: match hooks::is_closure(name) {
                        true => "<closure>".to_owned(),
                        false => name.clone(),
                    },
                    is_shipped: match (&call, program) {
                        (Some(place), Some(program)) => program.is_shipped(place),
                        _ => false,
                    },
                    call,
                });
                last = if position.is_none() { last } else { *position };
                error = inner;
            }
            EvalAltResult::ErrorInModule(_, inner, _) => error = inner,
            _ => break,
        }
    }
    let position = match error.position() {
        position if position.is_none() => last,
        position => position,
    };
    Trace {
        frames,
        error,
        position,
    }
}

/// Explains how a run ended.
pub(super) fn run_time(
    failure: &EvalAltResult,
    program: &Program,
    catalogue: &Catalogue,
) -> (Diagnostic, Error) {
    let trace = trace(failure, Some(program));
    let place = program
        .locate(trace.position)
        .or_else(|| match trace.error {
            EvalAltResult::ErrorDataRace(text, _) => place_of_race(text, program),
            _ => None,
        });
    let thrown = match trace.error {
        EvalAltResult::ErrorRuntime(value, _) => faults::thrown(value),
        _ => None,
    };
    let (diagnostic, error) = match thrown {
        Some(caught) => {
            let mut diagnostic = plain(&caught.error);
            diagnostic.frames = caught.frames;
            let place = caught.error.place.clone().or(place);
            (diagnostic.at(place.clone()), caught.error.at(place))
        }
        None => {
            let diagnostic = describe(trace.error, Some(catalogue)).at(place.clone());
            let error = Error::new(kind_of(trace.error), diagnostic.title.clone()).at(place);
            let error = match diagnostic.help.first() {
                Some(help) => error.hint(help.clone()),
                None => error,
            };
            (diagnostic, error)
        }
    };
    let diagnostic = match diagnostic.frames.is_empty() {
        true => Diagnostic {
            frames: trace.frames,
            ..diagnostic
        },
        false => diagnostic,
    };
    (diagnostic, error)
}

/// The engine names the function of a data race, not its place; a single call of it is the one.
fn place_of_race(text: &str, program: &Program) -> Option<Place> {
    let name = text.split('\'').nth(1)?;
    let (calls, _) = hooks::calls(&program.ast);
    let mut named = calls.iter().filter(|call| call.name == name);
    match (named.next(), named.next()) {
        (Some(call), None) => program.locate(call.position),
        _ => None,
    }
}

/// Returns a finding that says what one of our errors says.
pub(super) fn plain(error: &Error) -> Diagnostic {
    let mut diagnostic =
        Diagnostic::error(error.kind.word(), error.chain()).at(error.place.clone());
    diagnostic.help.extend(error.hint.clone());
    if let Some(status) = error.status {
        let service = error.service.as_deref().unwrap_or("the service");
        diagnostic = diagnostic.note(format!("{service} answered with status {status}"));
    }
    if error.is_ambiguous {
        diagnostic = diagnostic.note("the change may have been carried out all the same");
    }
    diagnostic
}

/// Brings a failure of the engine itself to the form of our errors.
pub(super) fn built_in(error: &EvalAltResult) -> Error {
    let diagnostic = describe(error, None);
    let fault = Error::new(kind_of(error), diagnostic.title);
    match diagnostic.help.into_iter().next() {
        Some(help) => fault.hint(help),
        None => fault,
    }
}

fn kind_of(error: &EvalAltResult) -> Kind {
    match error {
        EvalAltResult::ErrorTerminated(token, _) => match token.clone().try_cast::<Stop>() {
            Some(Stop::Deadline(_)) => Kind::Timeout,
            _ => Kind::Cancelled,
        },
        _ => Kind::Invalid,
    }
}

fn describe(error: &EvalAltResult, catalogue: Option<&Catalogue>) -> Diagnostic {
    use EvalAltResult as E;
    match error {
        E::ErrorFunctionNotFound(signature, _) => failed_call::explain(signature, catalogue),
        E::ErrorParsing(error, _) => syntax::explain(error),
        E::ErrorDataRace(name, _) => {
            let what = match name.is_empty() {
                true => "a variable".to_owned(),
                false => engine_text(name),
            };
            Diagnostic::error("data_race", format!("{what} is in use twice at the same time"))
                .note("a closure shares the variables it captures; a method locks the value it is called on, so the two exclude each other")
                .help("copy what the closure needs into a variable first, or call a free function: `step(obj, || ..)` instead of `obj.step(|| ..)`")
        }
        E::ErrorVariableNotFound(name, _) => Diagnostic::error(
            "unknown_variable",
            format!("there is no variable `{name}` here"),
        )
        .help("functions see their parameters only; a top-level `const` is `global::NAME`"),
        E::ErrorArrayBounds(length, index, _) => Diagnostic::error(
            "out_of_bounds",
            format!(
                "there is no item {index} in an array of {}",
                count(*length, "item")
            ),
        ),
        E::ErrorStringBounds(length, index, _) => Diagnostic::error(
            "out_of_bounds",
            format!(
                "there is no letter {index} in a text of {}",
                count(*length, "letter")
            ),
        ),
        E::ErrorMismatchDataType(wanted, found, _)
        | E::ErrorMismatchOutputType(wanted, found, _) => {
            wrong_type(&type_word(wanted), &type_word(found))
        }
        E::ErrorDotExpr(text, _) => {
            let diagnostic = Diagnostic::error("unknown_property", lower(text));
            match text.contains("'()'") {
                true => diagnostic.help("the value is empty (`()`): what it was read from has no such value; `?.` and `??` allow for that"),
                false => diagnostic,
            }
        }
        E::ErrorStackOverflow(_) => {
            Diagnostic::error("too_deep", "functions call each other too deeply")
                .help("does a function call itself without an end?")
        }
        E::ErrorDataTooLarge(what, _) => Diagnostic::error(
            "too_large",
            format!("a value is larger than a script may make: {}", lower(what)),
        ),
        E::ErrorTerminated(token, _) => match token.clone().try_cast::<Stop>() {
            Some(Stop::Deadline(_)) => {
                Diagnostic::error("timeout", "the time set for this is over")
            }
            Some(Stop::Sibling) => Diagnostic::error("cancelled", "another branch failed"),
            _ => Diagnostic::error("cancelled", "the run was stopped"),
        },
        E::ErrorRuntime(value, _) => {
            Diagnostic::error("thrown", format!("the script threw {value}"))
        }
        other => Diagnostic::error("script", lower(&engine_text(&other.to_string()))),
    }
}

fn wrong_type(wanted: &str, found: &str) -> Diagnostic {
    let diagnostic = match (wanted, found) {
        ("", found) => Diagnostic::error("wrong_type", format!("{found} does not fit here")),
        (wanted, "") => Diagnostic::error("wrong_type", format!("{wanted} is needed here")),
        (wanted, found) => Diagnostic::error(
            "wrong_type",
            format!("{wanted} is needed here, not {found}"),
        ),
    };
    match found {
        "()" => diagnostic.help("the value is empty (`()`): what it was read from has no value"),
        _ => diagnostic,
    }
}

/// Returns such as `1 item` or `3 items`.
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// A text of the engine without its position, names in our quotes.
pub(super) fn engine_text(text: &str) -> String {
    let text = text.split(" (line ").next().unwrap_or(text);
    text.replace('\'', "`")
}

pub(super) fn lower(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
