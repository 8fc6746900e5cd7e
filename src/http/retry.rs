//! Tries a reading call again when it met a passing trouble.
//!
//! The waits are on the world's clock, so a simulated world pays nothing for them. A call that
//! changes something is never tried again here: whoever made it has to look first.

use std::{future::Future, time::Duration};

use crate::{
    call::Control,
    error::{Error, Kind, Result},
    world::{Event, What, World},
};

/// How long to stay away before each further try.
const WAITS: [Duration; 3] = [
    Duration::from_secs(60),
    Duration::from_secs(120),
    Duration::from_secs(240),
];

/// A service that asks for more than this is left to the next pass.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// Runs `attempt` with the number of the try, from 1, until it does not fail in a passing way.
pub(super) async fn retry<T, F>(
    world: &dyn World,
    is_changing: bool,
    mut attempt: impl FnMut(u32) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut number = 1;
    let mut waits = WAITS.into_iter();
    loop {
        let error = match attempt(number).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if is_changing || !error.is_retryable() || Control::current().is_hasty {
            return Err(error);
        }
        let Some(wait) = waits.next() else {
            return Err(error);
        };
        let wait = error.retry_after.unwrap_or(wait);
        if wait > LONGEST_WAIT {
            return Err(error);
        }
        pause(world, wait, &error).await?;
        number += 1;
    }
}

/// Waits, but neither beyond the deadline of this work nor when it was stopped.
async fn pause(world: &dyn World, wait: Duration, error: &Error) -> Result<()> {
    let control = Control::current();
    let left = control.deadline.map(|deadline| {
        Duration::try_from(deadline.duration_since(world.now())).unwrap_or(Duration::ZERO)
    });
    world.say(&Event {
        at: world.now(),
        node: control.node.clone(),
        what: What::Retrying(error.to_string(), wait.as_secs()),
    });
    if let Some(left) = left.filter(|left| *left < wait) {
        world.sleep(left).await;
        return Err(
            Error::new(Kind::Timeout, "the time set for this is over").because(error.clone())
        );
    }
    world.sleep(wait).await;
    if control.token.is_cancelled() {
        return Err(Error::new(Kind::Cancelled, "the run was stopped"));
    }
    Ok(())
}
