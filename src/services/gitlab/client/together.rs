//! Waits for many requests at once, on the thread that asked: its deadline and its turn hold for
//! all of them.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
};

use crate::error::Result;

/// Returns all answers in the order of the requests, or the first error; the rest is dropped then.
pub(super) async fn together<T, F>(requests: impl IntoIterator<Item = F>) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    enum Slot<F, T> {
        Running(Pin<Box<F>>),
        Done(T),
    }
    let mut slots: Vec<_> = requests
        .into_iter()
        .map(|request| Slot::Running(Box::pin(request)))
        .collect();
    poll_fn(|context| {
        let mut is_running = false;
        for slot in &mut slots {
            let Slot::Running(request) = slot else {
                continue;
            };
            match request.as_mut().poll(context) {
                Poll::Pending => is_running = true,
                Poll::Ready(Ok(answer)) => *slot = Slot::Done(answer),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            }
        }
        if is_running {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    })
    .await?;
    let answers = slots.into_iter().filter_map(|slot| match slot {
        Slot::Done(answer) => Some(answer),
        Slot::Running(_) => None,
    });
    Ok(answers.collect())
}
