//! The clock of a simulated world, and whose turn it is in it.
//!
//! Time moves only when something sleeps. Branches of work that run at once take turns: one runs
//! until it sleeps or ends, then the one whose wake-up time is earliest goes on, ties in the order
//! of their rank. So the same input gives the same order of events, and two branches that sleep at
//! the same time do not add their waits up.
//!
//! ```text
//! reserve -> waiting(at) -> running -> sleeping = waiting(later) -> running -> ended
//!                              `-> stepped out -> waiting(now) -^
//! ```
//!
//! Whoever reserves a place is the parent of that branch. A parent that steps out gets its place
//! back in the moment its last branch ends ([`VirtualClock::wait_for_others`]) or the next one does
//! ([`VirtualClock::wait_for_next`]), not when its thread happens to notice: otherwise the order
//! would depend on the machine.
//!
//! A thread that has no turn (the command line, a test) moves the clock directly.

use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        Arc, Condvar, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{TurnGuard, TurnTicket};

/// A clock that moves only when told, shared by a world and its emulators.
#[derive(Clone, Debug)]
pub struct VirtualClock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    is_ordered: bool,
    next_id: u64,
    running: Option<u64>,
    waiting: Vec<Waiting>,
    parents: HashMap<u64, Parent>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    at: Timestamp,
    rank: u64,
    id: u64,
}

/// Somebody who reserved places for branches that have not all ended.
#[derive(Debug, Default)]
struct Parent {
    branches: u64,
    stepped_out: Option<StepOut>,
}

#[derive(Clone, Copy, Debug)]
struct StepOut {
    until: Until,
    rank: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Until {
    AllEnded,
    NextEnds,
}

/// Threads without a turn get an identity from here on, so that they can be parents.
const FIRST_THREAD: u64 = 1 << 63;

static NEXT_THREAD: AtomicU64 = AtomicU64::new(FIRST_THREAD);

thread_local! {
    static MINE: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
    static THREAD: u64 = NEXT_THREAD.fetch_add(1, Ordering::Relaxed);
}

impl VirtualClock {
    /// Makes a clock that shows `now`. When it is not ordered, branches run freely and only the
    /// time is virtual.
    pub fn new(now: Timestamp, is_ordered: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    now,
                    is_ordered,
                    next_id: 1,
                    running: None,
                    waiting: Vec::new(),
                    parents: HashMap::new(),
                }),
                changed: Condvar::new(),
            }),
        }
    }

    /// The time it shows.
    pub fn now(&self) -> Timestamp {
        self.lock().now
    }

    /// Moves it forward to `at`; it never goes back.
    pub fn advance_to(&self, at: Timestamp) {
        let mut state = self.lock();
        state.now = state.now.max(at);
    }

    /// Sleeps: a thread that has a turn hands it on until `duration` has passed.
    pub fn sleep(&self, duration: Duration) {
        let (id, rank) = me();
        let mut state = self.lock();
        let at = later(state.now, duration);
        let has_turn = id < FIRST_THREAD || state.running == Some(id);
        if !state.is_ordered || !has_turn {
            state.now = state.now.max(at);
            return;
        }
        state.waiting.push(Waiting { at, rank, id });
        if state.running == Some(id) {
            state.running = None;
        }
        self.hand_on(&mut state);
        drop(self.wait_for(state, id));
    }

    /// Reserves a place in the order of turns.
    pub fn reserve(&self, rank: u64) -> Box<dyn TurnTicket> {
        let (parent, _) = me();
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        if state.is_ordered {
            let at = state.now;
            state.waiting.push(Waiting { at, rank, id });
            state.parents.entry(parent).or_default().branches += 1;
        }
        Box::new(Ticket {
            branch: Branch {
                clock: self.clone(),
                id,
                parent,
            },
            rank,
        })
    }

    /// Steps out of the order while `wait` blocks until all branches started here ended, then takes
    /// a turn again.
    pub fn wait_for_others(&self, wait: &mut dyn FnMut()) {
        self.step_out(Until::AllEnded, wait);
    }

    /// Steps out of the order while `wait` blocks until the next branch started here ends, then
    /// takes a turn again before any other branch does.
    ///
    /// Something must end for this to return: a branch that tells of its end does so as its last act.
    /// A thread that had no turn keeps this one until it waits again or has no branch left.
    pub fn wait_for_next(&self, wait: &mut dyn FnMut()) {
        self.step_out(Until::NextEnds, wait);
    }

    fn step_out(&self, until: Until, wait: &mut dyn FnMut()) {
        let (id, rank) = me();
        let mut state = self.lock();
        if !state.is_ordered {
            drop(state);
            return wait();
        }
        if let Some(parent) = state.parents.get_mut(&id) {
            parent.stepped_out = Some(StepOut { until, rank });
        }
        if state.running == Some(id) {
            state.running = None;
        }
        self.hand_on(&mut state);
        drop(state);
        wait();
        let mut state = self.lock();
        let is_called_back = state
            .parents
            .get(&id)
            .is_none_or(|parent| parent.stepped_out.is_none());
        let has_place =
            state.running == Some(id) || state.waiting.iter().any(|entry| entry.id == id);
        // Word of an end may come a moment before the end itself, which then gives the place back.
        let will_be_called_back = until == Until::NextEnds && !is_called_back;
        if !(will_be_called_back || is_called_back && has_place) {
            if let Some(parent) = state.parents.get_mut(&id) {
                parent.stepped_out = None;
            }
            if id >= FIRST_THREAD {
                return;
            }
            let at = state.now;
            state.waiting.push(Waiting { at, rank, id });
            self.hand_on(&mut state);
        }
        let mut state = self.wait_for(state, id);
        let has_branches = state.parents.contains_key(&id);
        if id >= FIRST_THREAD && !(until == Until::NextEnds && has_branches) {
            state.running = None;
            self.hand_on(&mut state);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .expect("no thread panics while it holds the clock")
    }

    fn hand_on(&self, state: &mut State) {
        if state.running.is_some() {
            return;
        }
        let Some(place) = (0..state.waiting.len()).min_by_key(|&place| {
            let Waiting { at, rank, id } = state.waiting[place];
            (at, id < FIRST_THREAD, rank, place)
        }) else {
            return;
        };
        let next = state.waiting.remove(place);
        state.now = state.now.max(next.at);
        state.running = Some(next.id);
        self.shared.changed.notify_all();
    }

    fn wait_for<'a>(&self, mut state: MutexGuard<'a, State>, id: u64) -> MutexGuard<'a, State> {
        while state.running != Some(id) {
            state = self
                .shared
                .changed
                .wait(state)
                .expect("no thread panics while it holds the clock");
        }
        state
    }
}

/// The identity and rank under which this thread takes part.
fn me() -> (u64, u64) {
    MINE.get().unwrap_or_else(|| (THREAD.with(|id| *id), 0))
}

/// One branch from its reservation to its end, which is when this is dropped.
struct Branch {
    clock: VirtualClock,
    id: u64,
    parent: u64,
}

impl Drop for Branch {
    fn drop(&mut self) {
        let mut state = self.clock.lock();
        if !state.is_ordered {
            return;
        }
        state.waiting.retain(|entry| entry.id != self.id);
        let now = state.now;
        if let Some(parent) = state.parents.get_mut(&self.parent) {
            parent.branches -= 1;
            let is_last = parent.branches == 0;
            let called_back = parent
                .stepped_out
                .take_if(|step| is_last || step.until == Until::NextEnds);
            if is_last {
                state.parents.remove(&self.parent);
            }
            if let Some(step) = called_back {
                state.waiting.insert(
                    0,
                    Waiting {
                        at: now,
                        rank: if step.until == Until::NextEnds {
                            0
                        } else {
                            step.rank
                        },
                        id: self.parent,
                    },
                );
            }
        }
        if state.running == Some(self.id) {
            state.running = None;
            self.clock.hand_on(&mut state);
        }
    }
}

struct Ticket {
    branch: Branch,
    rank: u64,
}

impl TurnTicket for Ticket {
    fn enter(self: Box<Self>) -> Box<dyn TurnGuard> {
        let Self { branch, rank } = *self;
        let before = MINE.replace(Some((branch.id, rank)));
        let state = branch.clock.lock();
        if state.is_ordered {
            drop(branch.clock.wait_for(state, branch.id));
        } else {
            drop(state);
        }
        Box::new(Guard {
            _branch: branch,
            before,
        })
    }
}

struct Guard {
    _branch: Branch,
    before: Option<(u64, u64)>,
}

impl TurnGuard for Guard {}

impl Drop for Guard {
    fn drop(&mut self) {
        MINE.set(self.before);
    }
}

fn later(now: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| now.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}
