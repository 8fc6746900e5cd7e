//! Keeps two operators from starting the same work in the same moment, when a tool runs outside of a
//! flow or its task has no effect of its own there.
//!
//! The claim is a compare-and-swap write of the state, so of two one gets it. It is for the first start
//! of a task: a task that is under way or done is looked at before anything is sent, which is enough
//! there. A release without a StateBox has no place for a claim, and the look alone keeps people apart.

use std::time::Duration;

use super::{Native, Refusal};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Ending, Outcome, TaskStatus, Version,
        statebox::{Change, mask_emails},
    },
    state::Snapshot,
};

/// How long nobody else starts the work: as long as what was sent may take to show.
const HELD: Duration = Duration::from_mins(10);

/// Claims the start of a task. Returns what the tool ends with when somebody else is at it.
pub(super) async fn claim(
    native: &Native,
    release: &Version,
    task: &str,
) -> Result<Option<Outcome>> {
    let Some(before) = native.state.read(release).await? else {
        return Ok(None);
    };
    if !can_be_claimed(&before, task) {
        return Ok(None);
    }
    let now = native.world.now();
    let change = Change::Claim {
        task: task.to_owned(),
        token: native.world.fresh_id().to_string(),
        holder: native.world.person(),
        until: now.checked_add(HELD).unwrap_or(now),
    };
    let refused = match native.change(&before, &change).await {
        Ok(Ok(_)) => return Ok(None),
        Ok(Err(Refusal(error))) | Err(error) => error,
    };
    match refused.kind {
        Kind::Conflict => Ok(Some(elsewhere(&refused))),
        // A store that cannot hold a claim keeps nobody apart; the look before has to.
        Kind::Refused => Ok(None),
        _ => Err(refused),
    }
}

/// The same for a tool that a flow starts under a claim of its own, by the same person.
pub(super) async fn claim_outside_of_flows(
    native: &Native,
    release: &Version,
    task: &str,
) -> Result<Option<Outcome>> {
    let found = native.state.read(release).await?;
    // The state holds no addresses, so a claim names its holder without.
    let us = mask_emails(&native.world.person());
    let is_ours = found.is_some_and(|snapshot| {
        let holder = snapshot.document.claimed_by(task, native.world.now());
        holder == Some(us.as_str())
    });
    match is_ours {
        true => Ok(None),
        false => claim(native, release, task).await,
    }
}

fn can_be_claimed(snapshot: &Snapshot, task: &str) -> bool {
    let status = snapshot.document.status(task);
    !snapshot.is_limited && !matches!(status, TaskStatus::InProgress | TaskStatus::Pass)
}

fn elsewhere(error: &Error) -> Outcome {
    Outcome::new(Ending::Waiting, &error.message)
        .owner("the other operator")
        .recheck(HELD)
}
