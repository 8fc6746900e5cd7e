//! Functions that take functions: `parallel`, `parallel_map`, `attempt`, `timeout`, `retry`.
//!
//! They are free functions, never methods: a method locks the value it is called on, and a closure
//! that uses the same value fails.

use std::time::Duration;

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, Map, NativeCallContext};

use super::{
    branches::{self, Branch},
    faults::{self, Caught},
    hooks::Stop,
    program::Program,
    reference::documented,
    units,
};
use crate::{
    call::{Control, Session, to_script},
    error::{Error, Kind},
    world::{Event, What},
};

type Outcome<T = Dynamic> = Result<T, Box<EvalAltResult>>;

/// The wait before the second try; it doubles with every further one.
const FIRST_WAIT_SECS: u64 = 60;

/// The longest wait between two tries.
const MAX_WAIT_SECS: u64 = 3600;

/// Gives scripts the combinators.
pub(super) fn register(engine: &mut Engine) {
    documented(
        "parallel",
        &["functions: Array"],
        "Runs all `functions` at the same time, at most 32 at once, and returns their values in\n\
         the same order. Each works on its own copy of the variables it captures. When one throws,\n\
         the others are cancelled and its error is thrown.",
    )
    .register_into_engine(engine, parallel);
    documented(
        "parallel_map",
        &["items: Array", "function: FnPtr"],
        "Calls `function(item)` for all `items` at the same time and returns the values in the\n\
         same order, otherwise like `parallel`.",
    )
    .register_into_engine(engine, parallel_map);
    documented(
        "attempt",
        &["function: FnPtr"],
        "Returns the value of `function()`, or the `Error` it threw, with the calls in `frames`.",
    )
    .register_into_engine(engine, attempt);
    documented(
        "timeout",
        &["duration: i64", "function: FnPtr"],
        "Returns the value of `function()`; throws `timeout` when it takes longer than `duration`\n\
         seconds.",
    )
    .register_into_engine(engine, timeout);
    documented(
        "retry",
        &["tries: i64", "function: FnPtr"],
        "Calls `function()` until it succeeds, at most `tries` times. Only errors that are\n\
         `retryable` are tried again, after 1, 2, 4 … minutes or what the service asks for.",
    )
    .register_into_engine(
        engine,
        |context: NativeCallContext, tries: i64, function: FnPtr| {
            retry(&context, tries, &Map::new(), &function)
        },
    );
    documented(
        "retry",
        &["tries: i64", "options: Map", "function: FnPtr"],
        "The same with `wait` (seconds before the second try) or `on` (an array of kinds to try\n\
         again instead of the retryable ones) in `options`.",
    )
    .register_into_engine(
        engine,
        |context: NativeCallContext, tries: i64, options: Map, function: FnPtr| {
            retry(&context, tries, &options, &function)
        },
    );
}

fn parallel(context: NativeCallContext, functions: Array) -> Outcome<Array> {
    let branches: Outcome<Vec<Branch>> = functions
        .into_iter()
        .enumerate()
        .map(|(place, value)| {
            let function = value.try_cast_result::<FnPtr>().map_err(|value| {
                let found = value.type_name();
                to_script(
                    Error::invalid(format!(
                        "item {place} of `parallel` is {found}, not a function"
                    ))
                    .hint("write `parallel([|| first(), || second()])`"),
                )
            })?;
            Ok(Branch {
                function,
                arguments: Vec::new(),
            })
        })
        .collect();
    branches::run(&context, branches?)
}

fn parallel_map(context: NativeCallContext, items: Array, function: FnPtr) -> Outcome<Array> {
    let branches = items.into_iter().map(|item| Branch {
        function: function.clone(),
        arguments: vec![item],
    });
    branches::run(&context, branches.collect())
}

fn attempt(context: NativeCallContext, function: FnPtr) -> Outcome {
    match function.call_within_context::<Dynamic>(&context, ()) {
        Err(failure) if branches::stop_of(&failure).is_some() => Err(failure),
        Err(failure) => {
            let program = Session::of(&context)?.get::<Program>().ok();
            Ok(Dynamic::from(Caught::new(&failure, program.as_deref())))
        }
        value => value,
    }
}

fn timeout(context: NativeCallContext, duration: Dynamic, function: FnPtr) -> Outcome {
    let session = Session::of(&context)?;
    let duration = units::duration_of(&duration).map_err(to_script)?;
    let parent = Control::current();
    let mine = session.world().now().checked_add(duration).ok();
    let deadline = match (parent.deadline, mine) {
        (Some(outer), Some(mine)) => Some(outer.min(mine)),
        (outer, mine) => outer.or(mine),
    };
    let is_mine = deadline == mine && parent.deadline != mine;
    let control = Control { deadline, ..parent };
    let outcome = control.scope(|| function.call_within_context::<Dynamic>(&context, ()));
    outcome.map_err(|failure| {
        let is_cut =
            matches!(branches::stop_of(&failure), Some(Stop::Deadline(at)) if Some(at) == deadline);
        match is_cut && is_mine {
            true => {
                let seconds = duration.as_secs();
                to_script(Error::new(
                    Kind::Timeout,
                    format!("it took longer than {seconds} s"),
                ))
            }
            false => failure,
        }
    })
}

fn retry(context: &NativeCallContext, tries: i64, options: &Map, function: &FnPtr) -> Outcome {
    let session = Session::of(context)?;
    let (mut wait_secs, kinds) = retry_options(options).map_err(to_script)?;
    let mut left = tries.max(1);
    loop {
        let failure = match function.call_within_context::<Dynamic>(context, ()) {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        left -= 1;
        let error = faults::error_of(&failure);
        let is_again = match &kinds {
            Some(kinds) => kinds.contains(&error.kind),
            None => error.is_retryable() && !error.is_ambiguous,
        };
        if left == 0 || !is_again || branches::stop_of(&failure).is_some() {
            return Err(failure);
        }
        let wait = Duration::from_secs(wait_secs).max(error.retry_after.unwrap_or_default());
        session.world().say(&Event {
            at: session.world().now(),
            node: Control::current().node,
            what: What::Retrying(error.chain(), wait.as_secs()),
        });
        units::sleep(&session, wait).map_err(to_script)?;
        wait_secs = (wait_secs * 2).min(MAX_WAIT_SECS);
    }
}

fn retry_options(options: &Map) -> Result<(u64, Option<Vec<Kind>>), Error> {
    let mut wait_secs = FIRST_WAIT_SECS;
    let mut kinds = None;
    for (name, value) in options {
        match name.as_str() {
            "wait" => wait_secs = units::duration_of(value)?.as_secs(),
            "on" => {
                let words = value.clone().into_typed_array::<String>().map_err(|_| {
                    Error::invalid("the option `on` of `retry` is an array of kinds")
                })?;
                let known = words.iter().map(|word| {
                    faults::kind_of(word)
                        .ok_or_else(|| Error::invalid(format!("`{word}` is no kind of error")))
                });
                kinds = Some(known.collect::<Result<Vec<_>, _>>()?);
            }
            other => {
                return Err(Error::invalid(format!("`retry` has no option `{other}`"))
                    .hint("it has `wait` and `on`"));
            }
        }
    }
    Ok((wait_secs, kinds))
}
