//! Waits for many requests at once, on the thread that asked: its deadline and its turn hold for all.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

/// Returns what all requests came to, in their order.
pub(super) async fn at_once<F: Future>(requests: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    enum Slot<F: Future> {
        Running(Pin<Box<F>>),
        Done(Option<F::Output>),
    }
    let mut slots: Vec<_> = requests
        .into_iter()
        .map(|request| Slot::Running(Box::pin(request)))
        .collect();
    // What is boxed does not move with its slot.
    impl<F: Future> Unpin for Slot<F> {}
    poll_fn(|context| {
        let mut is_running = false;
        for slot in &mut slots {
            if let Slot::Running(request) = slot {
                match request.as_mut().poll(context) {
                    Poll::Pending => is_running = true,
                    Poll::Ready(answer) => *slot = Slot::Done(Some(answer)),
                }
            }
        }
        match is_running {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }
    })
    .await;
    let answers = slots.into_iter().filter_map(|slot| match slot {
        Slot::Done(answer) => answer,
        Slot::Running(_) => None,
    });
    answers.collect()
}
