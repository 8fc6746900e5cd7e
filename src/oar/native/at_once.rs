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
    let mut works: Vec<(Pin<Box<F>>, Option<F::Output>)> = works
        .into_iter()
        .map(|work| (Box::pin(work), None))
        .collect();
    poll_fn(|context| {
        for (work, ended) in &mut works {
            if ended.is_none()
                && let Poll::Ready(end) = work.as_mut().poll(context)
            {
                *ended = Some(end);
            }
        }
        match works.iter().all(|(_, ended)| ended.is_some()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    works.into_iter().filter_map(|(_, ended)| ended).collect()
}
