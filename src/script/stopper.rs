//! How a person stops a running script: first gently, then at once.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};

use tokio_util::sync::CancellationToken;

/// Stops a running script; may be sent to a signal handler.
#[derive(Clone, Debug)]
pub struct Stopper {
    state: Arc<StopState>,
}

impl Stopper {
    pub(super) fn new(state: Arc<StopState>) -> Self {
        Self { state }
    }

    /// Stops the script: the first time calls outside throw `cancelled`, which it can catch to
    /// clean up; the second time it ends at once.
    pub fn stop(&self) {
        match self.state.is_soft() {
            true => self.state.set_hard(),
            false => self.state.token().cancel(),
        }
    }

    /// Whether the script was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.state.is_soft()
    }

    /// Makes the next run possible after a stop, as the prompt needs it.
    pub fn reset(&self) {
        self.state.reset();
    }
}

/// The two steps of stopping a run, shared by the host, its stoppers and the interpreter.
#[derive(Debug, Default)]
pub(super) struct StopState {
    soft: Mutex<CancellationToken>,
    hard: AtomicBool,
}

impl StopState {
    pub(super) fn token(&self) -> CancellationToken {
        self.lock().clone()
    }

    pub(super) fn is_soft(&self) -> bool {
        self.lock().is_cancelled()
    }

    pub(super) fn is_hard(&self) -> bool {
        self.hard.load(Ordering::Relaxed)
    }

    pub(super) fn set_hard(&self) {
        self.lock().cancel();
        self.hard.store(true, Ordering::Relaxed);
    }

    pub(super) fn reset(&self) {
        let mut token = self.lock();
        self.hard.store(false, Ordering::Relaxed);
        if token.is_cancelled() {
            *token = CancellationToken::new();
        }
    }

    fn lock(&self) -> MutexGuard<'_, CancellationToken> {
        self.soft
            .lock()
            .expect("no thread panics while it holds the token")
    }
}
