//! Runs script functions at the same time, one thread each, in the order of turns of the world.
//!
//! Each branch works on its own copy of what it captured. The first branch that fails stops the
//! others; its error is the result.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    thread,
};

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};
use tokio_util::sync::CancellationToken;

use super::{faults, hooks::Stop};
use crate::{
    call::{Control, Session, to_script},
    error::{Error, Kind},
};

/// How many branches run at once.
const MAX_AT_ONCE: usize = 32;

/// The stack of a thread that runs scripts: enough for the deepest calls the limits allow, in debug
/// builds as well. Only what is used costs memory.
pub(super) const STACK_BYTES: usize = 64 << 20;

type Outcome = Result<Dynamic, Box<EvalAltResult>>;

/// One thing to do at the same time as others.
pub(super) struct Branch {
    pub function: FnPtr,
    pub arguments: Vec<Dynamic>,
}

/// Runs all branches and returns their values in the order they were given.
///
/// This thread reserves every turn itself: so the order does not depend on how fast threads start,
/// and it gets its own turn back when the branches end.
pub(super) fn run(
    context: &NativeCallContext,
    branches: Vec<Branch>,
) -> Result<Array, Box<EvalAltResult>> {
    let session = Session::of(context)?;
    let world = session.world().clone();
    let parent = Control::current();
    let control = Control {
        token: parent.token.child_token(),
        ..parent.clone()
    };
    let count = branches.len();
    let mut waiting: VecDeque<_> = branches.into_iter().map(detached).enumerate().collect();
    let mut ended = Vec::new();
    let (word, words) = mpsc::channel();
    thread::scope(|scope| {
        let mut running = 0;
        loop {
            while running < MAX_AT_ONCE && !control.token.is_cancelled() {
                let Some((rank, branch)) = waiting.pop_front() else {
                    break;
                };
                let ticket = world.reserve_turn(rank as u64);
                let (word, branch_control) = (word.clone(), control.clone());
                let work = move || {
                    let _turn = ticket.enter();
                    let outcome = match branch_control.token.is_cancelled() {
                        true => Err(to_script(cancelled())),
                        false => branch_control.scope(|| call(context, &branch)),
                    };
                    // The receiver lives as long as any branch.
                    let _ = word.send((rank, outcome));
                };
                let thread = thread::Builder::new()
                    .name("script-branch".to_owned())
                    .stack_size(STACK_BYTES)
                    .spawn_scoped(scope, work);
                match thread {
                    Ok(_) => running += 1,
                    Err(error) => {
                        control.token.cancel();
                        let message = "cannot start a thread for a branch";
                        let error = Error::new(Kind::Unexpected, message).because(error);
                        ended.push((rank, Err(to_script(error))));
                    }
                }
            }
            if running == 0 {
                break;
            }
            let mut outcome = None;
            world.wait_for_next(&mut || outcome = words.recv().ok());
            running -= 1;
            if let Some((rank, outcome)) = outcome {
                if outcome.is_err() {
                    control.token.cancel();
                }
                ended.push((rank, outcome));
            }
        }
    });
    if waiting.is_empty() {
        return values(ended, count, &parent.token);
    }
    // Those that never started have nothing to say, unless nobody else has.
    ended.push((count, Err(to_script(cancelled()))));
    values(ended, count, &parent.token)
}

fn call(context: &NativeCallContext, branch: &Branch) -> Outcome {
    let arguments = branch.arguments.clone();
    let call = || {
        branch
            .function
            .call_within_context::<Dynamic>(context, arguments)
    };
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| {
        let message = "a function of the host broke off";
        Err(to_script(Error::new(Kind::Unexpected, message)))
    })
}

/// The values in the order of the branches, or the error that counts: a stop that cannot be caught,
/// then the first real error, then a cancellation.
fn values(
    mut ended: Vec<(usize, Outcome)>,
    count: usize,
    parent: &CancellationToken,
) -> Result<Array, Box<EvalAltResult>> {
    let weight = |outcome: &Outcome| match outcome {
        Ok(_) => None,
        Err(failure) => Some(match stop_of(failure) {
            Some(Stop::Hard) => 0,
            Some(Stop::Sibling) => 3,
            Some(Stop::Deadline(_)) => 1,
            None if faults::error_of(failure).kind == Kind::Cancelled => 2,
            None => 1,
        }),
    };
    let worst = ended
        .iter()
        .enumerate()
        .filter_map(|(place, (_, outcome))| weight(outcome).map(|weight| (weight, place)))
        .min();
    if let Some((weight, place)) = worst {
        let (_, outcome) = ended.swap_remove(place);
        let failure = outcome.expect_err("only errors have a weight");
        return Err(match weight {
            // Without a real error and without a person who stopped us, a branch gave up by itself.
            3 if !parent.is_cancelled() => to_script(cancelled()),
            _ => failure,
        });
    }
    ended.sort_by_key(|(rank, _)| *rank);
    debug_assert_eq!(ended.len(), count, "every branch ends");
    ended.into_iter().map(|(_, outcome)| outcome).collect()
}

fn cancelled() -> Error {
    Error::new(
        Kind::Cancelled,
        "another branch failed or the run was stopped",
    )
}

/// Why the interpreter was ended from outside, if it was.
pub(super) fn stop_of(failure: &EvalAltResult) -> Option<Stop> {
    match failure {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _)
        | EvalAltResult::ErrorInModule(_, inner, _) => stop_of(inner),
        EvalAltResult::ErrorTerminated(token, _) => {
            Some(token.clone().try_cast::<Stop>().unwrap_or(Stop::Hard))
        }
        _ => None,
    }
}

fn detached(mut branch: Branch) -> Branch {
    branch.function.iter_curry_mut().for_each(detach);
    branch.arguments.iter_mut().for_each(detach);
    branch
}

/// Gives a value its own copy of everything it shares with other variables.
pub(super) fn detach(value: &mut Dynamic) {
    if value.is_shared() {
        let copy = value.flatten_clone();
        *value = copy;
    }
    if let Some(mut items) = value.write_lock::<Array>() {
        items.iter_mut().for_each(detach);
        return;
    }
    if let Some(mut fields) = value.write_lock::<Map>() {
        fields.values_mut().for_each(detach);
        return;
    }
    if let Some(mut function) = value.write_lock::<FnPtr>() {
        function.iter_curry_mut().for_each(detach);
    }
}
