//! Runs script functions at the same time, one thread each, in the order of turns of the world.
//!
//! Each branch works on its own copy of what it captured. The first branch that fails stops the
//! others; its error is the result.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rhai::{Array, Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};
use tokio_util::sync::CancellationToken;

use super::{faults, hooks::Stop};
use crate::{
    call::{Control, Session, to_script},
    error::{Error, Kind},
    world::{TurnTicket, World},
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

struct Shared<'a> {
    context: &'a NativeCallContext<'a>,
    world: Arc<dyn World>,
    control: Control,
    waiting: Mutex<VecDeque<(usize, Branch)>>,
    ended: Mutex<Vec<(usize, Outcome)>>,
}

/// Runs all branches and returns their values in the order they were given.
pub(super) fn run(
    context: &NativeCallContext,
    branches: Vec<Branch>,
) -> Result<Array, Box<EvalAltResult>> {
    let session = Session::of(context)?;
    let world = session.world().clone();
    let parent = Control::current();
    let count = branches.len();
    let shared = Shared {
        context,
        world: world.clone(),
        control: Control {
            token: parent.token.child_token(),
            ..parent.clone()
        },
        waiting: Mutex::new(branches.into_iter().map(detached).enumerate().collect()),
        ended: Mutex::default(),
    };
    let mut spawn_error = None;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..count.min(MAX_AT_ONCE))
            .filter_map(|_| shared.next())
            .collect();
        let mut handles = Vec::new();
        for worker in workers {
            let shared = &shared;
            let thread = thread::Builder::new()
                .name("script-branch".to_owned())
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, move || shared.work(worker));
            match thread {
                Ok(handle) => handles.push(handle),
                Err(error) => {
                    shared.control.token.cancel();
                    spawn_error.get_or_insert(error);
                }
            }
        }
        world.wait_for_others(&mut || {
            for handle in handles.drain(..) {
                // A panic was caught inside; the outcome is in `ended`.
                drop(handle.join());
            }
        });
    });
    if let Some(error) = spawn_error {
        let message = "cannot start a thread for a branch";
        return Err(to_script(
            Error::new(Kind::Unexpected, message).because(error),
        ));
    }
    let ended = shared
        .ended
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    values(ended, count, &parent.token)
}

type Work = (usize, Branch, Box<dyn TurnTicket>);

impl Shared<'_> {
    /// Takes the next branch and reserves its turn, while this thread has a turn itself: so the
    /// order of turns does not depend on how fast threads start.
    fn next(&self) -> Option<Work> {
        let (rank, branch) = lock(&self.waiting).pop_front()?;
        let ticket = self.world.reserve_turn(rank as u64);
        Some((rank, branch, ticket))
    }

    fn work(&self, first: Work) {
        let mut work = Some(first);
        while let Some((rank, branch, ticket)) = work.take() {
            let turn = ticket.enter();
            let outcome = match self.control.token.is_cancelled() {
                true => Err(to_script(Error::new(
                    Kind::Cancelled,
                    "another branch failed",
                ))),
                false => self.control.clone().scope(|| call(self.context, &branch)),
            };
            if outcome.is_err() {
                self.control.token.cancel();
            }
            lock(&self.ended).push((rank, outcome));
            work = self.next();
            drop(turn);
        }
    }
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
            3 if !parent.is_cancelled() => {
                to_script(Error::new(Kind::Cancelled, "another branch failed"))
            }
            _ => failure,
        });
    }
    ended.sort_by_key(|(rank, _)| *rank);
    debug_assert_eq!(ended.len(), count, "every branch ends");
    ended.into_iter().map(|(_, outcome)| outcome).collect()
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
