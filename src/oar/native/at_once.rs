//! Waits for many requests at once, on the thread that asked: its deadline and its turn hold for all
//! of them.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// Returns what all of them came to, in their order. None is dropped because another one failed: what
/// was sent is followed to its end.
pub(super) async fn at_once<F: Future>(works: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut slots: Vec<Slot<F>> = works
        .into_iter()
        .map(|work| Slot::Running(Box::pin(work)))
        .collect();
    poll_fn(|context| {
        let mut is_running = false;
        for slot in &mut slots {
            if let Slot::Running(work) = slot {
                match work.as_mut().poll(context) {
                    Poll::Ready(end) => *slot = Slot::Ended(end),
                    Poll::Pending => is_running = true,
                }
            }
        }
        match is_running {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    })
    .await;
    let ends = slots.into_iter().filter_map(|slot| match slot {
        Slot::Ended(end) => Some(end),
        Slot::Running(_) => None,
    });
    ends.collect()
}

enum Slot<F: Future> {
    Running(Pin<Box<F>>),
    Ended(F::Output),
}
