//! Errors as scripts see them: one type `Error`, whoever threw.
//!
//! Bindings throw [`crate::error::Error`]; `attempt` hands out [`Caught`], which remembers the calls
//! as well. Both have the same fields in scripts. `fail` makes one.

use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};

use super::{diagnostic::Frame, explain, program::Program, reference::documented};
use crate::{
    call::to_script,
    error::{Error, Kind},
};

/// The name of the error type in scripts.
pub(super) const TYPE_NAME: &str = "Error";

/// An error with the calls that led to it.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The error.
    pub error: Error,
    /// The calls, the outermost first.
    pub frames: Vec<Frame>,
}

impl Caught {
    /// Returns the error in a failure of the engine, built-in ones brought to the same form.
    pub fn new(failure: &EvalAltResult, program: Option<&Program>) -> Self {
        let trace = explain::trace(failure, program);
        let inner = match trace.error {
            EvalAltResult::ErrorRuntime(value, _) => thrown(value),
            _ => None,
        };
        let mut caught = inner.unwrap_or_else(|| Self {
            error: explain::built_in(trace.error),
            frames: Vec::new(),
        });
        if caught.error.place.is_none() {
            caught.error.place = program.and_then(|program| program.locate(trace.position));
        }
        if caught.frames.is_empty() {
            caught.frames = trace.frames;
        }
        caught
    }
}

/// Returns the error in a failure of the engine, whichever way it was thrown.
///
/// For native code that calls script functions and must tell one kind of trouble from another.
pub fn error_of(failure: &EvalAltResult) -> Error {
    Caught::new(failure, None).error
}

/// Returns the error in a value that a script threw; `None` when it is no error by our rules.
pub(super) fn thrown(value: &Dynamic) -> Option<Caught> {
    if let Some(caught) = value.read_lock::<Caught>() {
        return Some(caught.clone());
    }
    let error = match value.read_lock::<Error>() {
        Some(error) => error.clone(),
        None => from_plain(value)?,
    };
    Some(Caught {
        error,
        frames: Vec::new(),
    })
}

/// Scripts may throw texts and maps; a map with the fields of an error is one.
fn from_plain(value: &Dynamic) -> Option<Error> {
    if let Ok(text) = value.as_immutable_string_ref() {
        return Some(Error::invalid(text.as_str()));
    }
    let fields = value.read_lock::<Map>()?;
    let text = |name: &str| {
        fields
            .get(name)
            .and_then(|field| field.clone().into_immutable_string().ok())
            .map(|text| text.to_string())
    };
    let kind = text("kind")
        .and_then(|word| kind_of(&word))
        .unwrap_or(Kind::Invalid);
    let mut error = Error::new(kind, text("message")?);
    error.service = text("service");
    error.hint = text("hint");
    error.status = fields
        .get("status")
        .and_then(|status| status.as_int().ok())
        .and_then(|status| u16::try_from(status).ok());
    Some(error)
}

pub(super) fn kind_of(word: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| kind.word() == word)
}

/// Gives scripts the type `Error` and the function `fail`.
pub(super) fn register(engine: &mut Engine) {
    register_type::<Error>(engine);
    register_type::<Caught>(engine);
    documented(
        "fail",
        &["kind: &str", "message: &str"],
        "Throws an error of `kind` (`not_found`, `denied`, `conflict`, `invalid`, `busy`,\n\
         `unreachable`, `unexpected`, `timeout`, `cancelled`, `refused`).",
    )
    .register_into_engine(engine, |kind: &str, message: &str| {
        fail(kind, message, &Map::new())
    });
    documented(
        "fail",
        &["kind: &str", "message: &str", "options: Map"],
        "The same with `hint`, `service` (texts) or `status` (int) in `options`.",
    )
    .register_into_engine(engine, |kind: &str, message: &str, options: Map| {
        fail(kind, message, &options)
    });
}

trait Fault: Clone + Send + Sync + 'static {
    fn error(&self) -> &Error;

    fn frames(&self) -> Array {
        Array::new()
    }
}

impl Fault for Error {
    fn error(&self) -> &Error {
        self
    }
}

impl Fault for Caught {
    fn error(&self) -> &Error {
        &self.error
    }

    fn frames(&self) -> Array {
        let frames = self.frames.iter().map(|frame| {
            let mut fields = Map::new();
            fields.insert("function".into(), frame.function.as_str().into());
            fields.insert("call".into(), text_or_unit(frame.call.as_ref()));
            Dynamic::from(fields)
        });
        frames.collect()
    }
}

fn register_type<F: Fault>(engine: &mut Engine) {
    engine
        .register_type_with_name::<F>(TYPE_NAME)
        .register_get("kind", |fault: &mut F| fault.error().kind.word())
        .register_get("service", |fault: &mut F| {
            text_or_unit(fault.error().service.as_ref())
        })
        .register_get("message", |fault: &mut F| fault.error().message.clone())
        .register_get("hint", |fault: &mut F| {
            text_or_unit(fault.error().hint.as_ref())
        })
        .register_get("place", |fault: &mut F| {
            text_or_unit(fault.error().place.as_ref())
        })
        .register_get("status", |fault: &mut F| {
            fault
                .error()
                .status
                .map_or(Dynamic::UNIT, |status| i64::from(status).into())
        })
        .register_get("retryable", |fault: &mut F| fault.error().is_retryable())
        .register_get("ambiguous", |fault: &mut F| fault.error().is_ambiguous)
        .register_get("frames", |fault: &mut F| fault.frames())
        .register_fn("to_string", |fault: &mut F| fault.error().chain())
        .register_fn("to_debug", |fault: &mut F| {
            format!("{}: {}", fault.error().kind, fault.error().chain())
        });
}

fn text_or_unit(value: Option<&impl ToString>) -> Dynamic {
    value.map_or(Dynamic::UNIT, |value| value.to_string().into())
}

fn fail(word: &str, message: &str, options: &Map) -> Result<Dynamic, Box<EvalAltResult>> {
    let Some(kind) = kind_of(word) else {
        let words: Vec<_> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        return Err(to_script(
            Error::invalid(format!("`{word}` is no kind of error"))
                .hint(format!("one of {}", words.join(", "))),
        ));
    };
    let mut error = Error::new(kind, message);
    for (name, value) in options {
        let text = || {
            value.clone().into_string().map_err(|_| {
                to_script(Error::invalid(format!(
                    "the option `{name}` of `fail` is a text"
                )))
            })
        };
        match name.as_str() {
            "hint" => error.hint = Some(text()?),
            "service" => error.service = Some(text()?),
            "status" => {
                let status = value
                    .as_int()
                    .ok()
                    .and_then(|status| u16::try_from(status).ok());
                error.status = Some(status.ok_or_else(|| {
                    to_script(Error::invalid(
                        "the option `status` of `fail` is an HTTP status",
                    ))
                })?);
            }
            _ => {
                return Err(to_script(
                    Error::invalid(format!("`fail` has no option `{name}`"))
                        .hint("it has `hint`, `service` and `status`"),
                ));
            }
        }
    }
    Err(to_script(error))
}
