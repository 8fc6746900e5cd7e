//! What an error of the engine means, in the words of a person who writes scripts.

use rhai::{Engine, EvalAltResult, LexError, ParseError, ParseErrorType, Position};

use super::{
    catalogue::{Catalogue, FunctionInfo, type_word},
    diagnostic::{Diagnostic, Frame},
    faults,
    hooks::{self, Stop},
    program::{self, File, Program},
    suggest,
};
use crate::error::{Error, Kind};

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
    let place = program.locate(trace.position);
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
        E::ErrorFunctionNotFound(signature, _) => failed_call(signature, catalogue),
        E::ErrorParsing(error, _) => syntax(error),
        E::ErrorDataRace(name, _) => {
            let what = match name.is_empty() {
                true => "a variable".to_owned(),
                false => format!("`{name}`"),
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

/// Splits "function not found" into what it can mean.
fn failed_call(signature: &str, catalogue: Option<&Catalogue>) -> Diagnostic {
    let (name, types) = signature.split_once(" (").unwrap_or((signature, ""));
    let name = name.trim();
    let types = types.strip_suffix(')').unwrap_or(types);
    let types: Vec<String> = match types.is_empty() {
        true => Vec::new(),
        false => types.split(", ").map(type_word).collect(),
    };
    let is_operator = !name.starts_with(|first: char| first.is_alphabetic() || first == '_');
    if is_operator {
        let diagnostic = Diagnostic::error(
            "wrong_type",
            format!("`{name}` cannot be used with {}", types.join(" and ")),
        );
        return match types.iter().any(|word| word == "()") {
            true => diagnostic.help("one side is empty (`()`): what it was read from has no value"),
            false => diagnostic,
        };
    }
    let Some(catalogue) = catalogue else {
        return Diagnostic::error(
            "unknown_function",
            format!(
                "no function `{name}` fits the arguments ({})",
                types.join(", ")
            ),
        );
    };
    let named = catalogue.named(name);
    if named.is_empty() {
        return unknown_function(name, catalogue);
    }
    let fitting: Vec<_> = named
        .iter()
        .copied()
        .filter(|function| function.arity == types.len())
        .collect();
    if fitting.is_empty() {
        return wrong_arity(name, types.len(), false, &named);
    }
    wrong_arguments(name, &types, &fitting)
}

/// Says that nothing has this name.
pub(super) fn unknown_function(name: &str, catalogue: &Catalogue) -> Diagnostic {
    let diagnostic =
        Diagnostic::error("unknown_function", format!("there is no function `{name}`"))
            .label("not defined in this script, its imports or the host");
    match suggest::did_you_mean(&catalogue.similar(name)) {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}

/// Says that a function takes another number of arguments.
///
/// A method of the host counts the value it is called on; the reader of the call does not.
pub(super) fn wrong_arity(
    name: &str,
    given: usize,
    is_method: bool,
    named: &[&FunctionInfo],
) -> Diagnostic {
    let written = |function: &&FunctionInfo| match is_method && function.place.is_none() {
        true => function.arity.saturating_sub(1),
        false => function.arity,
    };
    let mut arities: Vec<_> = named.iter().map(written).collect();
    arities.sort_unstable();
    arities.dedup();
    let wanted = match arities.as_slice() {
        [only] => count(*only, "argument"),
        many => {
            let words: Vec<_> = many.iter().map(ToString::to_string).collect();
            format!("{} arguments", words.join(" or "))
        }
    };
    let mut diagnostic = Diagnostic::error(
        "wrong_arguments",
        format!("`{name}` takes {wanted}, not {given}"),
    );
    for function in named.iter().take(4) {
        diagnostic = diagnostic.help(function.signature());
        if let Some(place) = &function.place {
            diagnostic = diagnostic.related(Some(place.clone()), "defined here");
        }
    }
    diagnostic
}

fn wrong_arguments(name: &str, types: &[String], fitting: &[&FunctionInfo]) -> Diagnostic {
    let fits = |place: usize, word: &str| {
        fitting.iter().any(|function| {
            let wanted = &function.types()[place];
            wanted.is_empty() || wanted == "any" || wanted == word
        })
    };
    let wrong = types
        .iter()
        .enumerate()
        .find(|(place, word)| !fits(*place, word));
    let mut diagnostic = match wrong {
        Some((place, word)) => {
            let diagnostic = Diagnostic::error(
                "wrong_arguments",
                format!("argument {} of `{name}` cannot be {word}", place + 1),
            );
            match word.as_str() {
                "()" => diagnostic.note(format!(
                    "argument {} is empty (`()`): what it was read from has no value",
                    place + 1
                )),
                _ => diagnostic,
            }
        }
        None => Diagnostic::error(
            "wrong_arguments",
            format!("`{name}` does not take ({})", types.join(", ")),
        ),
    };
    for function in fitting.iter().take(4) {
        diagnostic = diagnostic.help(function.signature());
    }
    diagnostic
}

/// Explains why a file does not compile.
pub(super) fn parse_error(error: &ParseError, files: &[File], engine: &Engine) -> Diagnostic {
    let diagnostic = match error.err_type() {
        ParseErrorType::ModuleUndefined(name) => {
            let mut namespaces: Vec<_> = hooks::registered(engine, false)
                .into_iter()
                .map(|function| function.namespace)
                .filter(|namespace| !namespace.is_empty())
                .collect();
            namespaces.sort();
            namespaces.dedup();
            let diagnostic = syntax(error.err_type());
            let close = suggest::closest(name, namespaces.iter());
            match suggest::did_you_mean(&close) {
                Some(help) => diagnostic.help(help),
                None if namespaces.is_empty() => diagnostic,
                None => diagnostic.help(format!("the host has {}", namespaces.join(", "))),
            }
        }
        other => syntax(other),
    };
    diagnostic.at(program::locate(files, error.position()))
}

fn syntax(error: &ParseErrorType) -> Diagnostic {
    use ParseErrorType as P;
    let code = "syntax";
    match error {
        P::UnexpectedEOF => Diagnostic::error(code, "the script ends too early")
            .help("a bracket, a block or a text is not closed"),
        P::VariableUndefined(name) => Diagnostic::error(
            "unknown_variable",
            format!("there is no variable `{name}` here"),
        )
        .help("functions see their parameters only; a top-level `const` is `global::NAME`"),
        P::ModuleUndefined(name) => Diagnostic::error(
            "unknown_namespace",
            format!("there is no namespace `{name}`"),
        ),
        P::WrongDocComment => Diagnostic::error(
            code,
            "a `///` comment stands before something that is no function",
        )
        .help("use `//` here, or `//!` at the top of the file"),
        P::Reserved(word) => Diagnostic::error(
            code,
            format!("`{word}` is a word of the language and cannot be a name"),
        )
        .help(format!(
            "choose another name; a field of a map is reachable as `map[\"{word}\"]`"
        )),
        P::BadInput(LexError::ImproperSymbol(symbol, _)) if symbol == "eval" => {
            Diagnostic::error(code, "`eval` is off: a script is what its files say")
        }
        P::FnDuplicatedDefinition(name, params) => Diagnostic::error(
            "defined_twice",
            format!(
                "the function `{name}` with {} is defined twice in this file",
                count(*params, "parameter")
            ),
        ),
        P::ExprTooDeep => Diagnostic::error(code, "this expression is nested too deeply")
            .help("give its parts names with `let`"),
        other => Diagnostic::error(code, lower(&engine_text(&other.to_string()))),
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
fn engine_text(text: &str) -> String {
    let text = text.split(" (line ").next().unwrap_or(text);
    text.replace('\'', "`")
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
