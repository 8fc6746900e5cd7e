//! The clock of a simulated world, and whose turn it is in it.
//!
//! Time moves only when something sleeps. Branches of work that run at once take turns: one runs
//! until it sleeps or ends, then the one whose wake-up time is earliest goes on, ties in the order
//! of their rank. So the same input gives the same order of events, and two branches that sleep at
//! the same time do not add their waits up.
//!
//! ```text
//! reserve -> waiting(at) -> running -> sleeping = waiting(later) -> running -> ended
//! ```
//!
//! A thread that has no turn (the command line, a test) moves the clock directly.

use std::{
    cell::Cell,
    sync::{Arc, Condvar, Mutex, MutexGuard},
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
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    at: Timestamp,
    rank: u64,
    id: u64,
}

thread_local! {
    static MINE: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
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
        let mut state = self.lock();
        let at = later(state.now, duration);
        let Some((id, rank)) = MINE.get().filter(|_| state.is_ordered) else {
            state.now = state.now.max(at);
            return;
        };
        state.waiting.push(Waiting { at, rank, id });
        state.running = None;
        self.hand_on(&mut state);
        self.wait_for(state, id);
    }

    /// Reserves a place in the order of turns.
    pub fn reserve(&self, rank: u64) -> Box<dyn TurnTicket> {
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        if state.is_ordered {
            let at = state.now;
            state.waiting.push(Waiting { at, rank, id });
        }
        Box::new(Ticket {
            clock: self.clone(),
            id,
            rank,
        })
    }

    /// Steps out of the order while `wait` blocks on other branches, then takes a turn again.
    pub fn wait_for_others(&self, wait: &mut dyn FnMut()) {
        let mine = MINE.get();
        let mut state = self.lock();
        if !state.is_ordered {
            drop(state);
            return wait();
        }
        if mine.is_none_or(|(id, _)| state.running == Some(id)) {
            state.running = None;
            self.hand_on(&mut state);
        }
        drop(state);
        wait();
        if let Some((id, rank)) = mine {
            let mut state = self.lock();
            let at = state.now;
            state.waiting.push(Waiting { at, rank, id });
            self.hand_on(&mut state);
            self.wait_for(state, id);
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
        let Some(place) = (0..state.waiting.len())
            .min_by_key(|&place| (state.waiting[place].at, state.waiting[place].rank, place))
        else {
            return;
        };
        let next = state.waiting.remove(place);
        state.now = state.now.max(next.at);
        state.running = Some(next.id);
        self.shared.changed.notify_all();
    }

    fn wait_for(&self, mut state: MutexGuard<'_, State>, id: u64) {
        while state.running != Some(id) {
            state = self
                .shared
                .changed
                .wait(state)
                .expect("no thread panics while it holds the clock");
        }
    }
}

struct Ticket {
    clock: VirtualClock,
    id: u64,
    rank: u64,
}

impl TurnTicket for Ticket {
    fn enter(self: Box<Self>) -> Box<dyn TurnGuard> {
        let before = MINE.replace(Some((self.id, self.rank)));
        let clock = self.clock.clone();
        let state = clock.lock();
        if state.is_ordered {
            clock.wait_for(state, self.id);
        }
        Box::new(Guard {
            clock: self.clock,
            id: self.id,
            before,
        })
    }
}

struct Guard {
    clock: VirtualClock,
    id: u64,
    before: Option<(u64, u64)>,
}

impl TurnGuard for Guard {}

impl Drop for Guard {
    fn drop(&mut self) {
        MINE.set(self.before);
        let mut state = self.clock.lock();
        if state.running == Some(self.id) {
            state.running = None;
            self.clock.hand_on(&mut state);
        }
    }
}

fn later(now: Timestamp, duration: Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| now.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}
