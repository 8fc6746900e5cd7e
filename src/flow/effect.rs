//! Triggers that happen at most once.
//!
//! An effect is keyed by meaning (node, effect, attempt), never by a place in the code, so scripts
//! may be edited while a release is under way. Its life, as the journal holds it:
//!
//! ```text
//! none -> intent -> accepted -> settled
//!            |  \-> settled (refused, failed, not sent)
//!            \-> still an intent after a crash or a lost answer = in doubt
//! ```
//!
//! In doubt, nothing is sent. The state store and the other side are looked at first: what is found
//! there is adopted. Only when nothing is found once [`SETTLE`] has passed, the same attempt is made
//! again with the same token.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    drive::Drive,
    journal::{Entry, Fact, Settlement},
    plan::would,
};
use crate::{
    call::{Operation, Permit},
    error::{Kind, Result},
    release::{Ending, Outcome, Remote, TaskStatus, statebox::Change},
};

/// How long a trigger whose answer was lost may take to show up outside.
pub const SETTLE: Duration = Duration::from_mins(10);

/// Where an effect stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// It runs outside; look there.
    Running(Option<Remote>),
    /// It was triggered just now.
    Triggered(Outcome),
    /// It was not triggered; the outcome says why.
    Held(Outcome),
}

/// Refuses every changing call once the journal could not be written: what cannot be remembered must
/// not happen.
pub struct Recorded(pub Arc<Drive>);

impl Permit for Recorded {
    fn check(&self, operation: &Operation) -> Result<()> {
        match self.0.journal.trouble() {
            Some(trouble) if operation.is_changing => Err(trouble),
            _ => Ok(()),
        }
    }
}

/// What the journal knows about one effect.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    token: String,
    attempt: u32,
    at: Timestamp,
    accepted: Option<Option<Remote>>,
    settled: Option<Settlement>,
}

/// Triggers something outside unless it was triggered before.
///
/// `find` looks for it outside, `trigger` starts it.
pub fn effect(
    drive: &Drive,
    node: &str,
    name: &str,
    find: impl FnOnce() -> Result<Option<Remote>>,
    trigger: impl FnOnce() -> Result<Outcome>,
) -> Result<Effect> {
    let known = drive.journal.look(|entries| last(entries, node, name));
    if drive.plan.is_some() {
        let doubt = drive.journal.look(|entries| doubt(entries, node));
        return planned(name, known, doubt, find);
    }
    let (token, attempt) = match known {
        Some(Known {
            accepted: Some(remote),
            settled: None,
            ..
        }) => {
            return Ok(Effect::Running(remote));
        }
        Some(Known {
            accepted: None,
            settled: None,
            token,
            attempt,
            at,
        }) => {
            if let Some(remote) = find()? {
                adopt(drive, &token, &remote)?;
                return Ok(Effect::Running(Some(remote)));
            }
            if let Some(doubt) = drive.journal.look(|entries| doubt(entries, node)) {
                return Ok(Effect::Held(told(drive, node, doubt)));
            }
            let settled_at = settles_at(at);
            let now = drive.session.world().now();
            if now < settled_at {
                return Ok(Effect::Held(in_doubt(settled_at, now)));
            }
            intend(drive, node, name, attempt, &token)?;
            (token, attempt)
        }
        Some(Known {
            settled: Some(Settlement::Done),
            ..
        }) if !drive
            .journal
            .look(|entries| may_be_repeated(entries, node, name)) =>
        {
            // It ended well once. That the state says otherwise is no reason to start it again.
            return Ok(match find()? {
                Some(remote) => Effect::Running(Some(remote)),
                None => Effect::Held(done_before(drive, node)),
            });
        }
        before => {
            // An attempt that was never begun outside is made again as what it was: under another
            // token our own claim would keep us away.
            let (attempt, kept) = match before {
                None => (1, None),
                Some(Known {
                    settled: Some(Settlement::Refused | Settlement::NotSent),
                    attempt,
                    token,
                    ..
                }) => (attempt, Some(token)),
                Some(Known { attempt, .. }) => (attempt + 1, None),
            };
            let token = kept.unwrap_or_else(|| drive.session.world().fresh_id().to_string());
            let used = drive
                .journal
                .look(|entries| identities(entries, node, name));
            if let Some(remote) = find()?.filter(|remote| !used.contains(&remote.id)) {
                intend(drive, node, name, attempt, &token)?;
                adopt(drive, &token, &remote)?;
                return Ok(Effect::Running(Some(remote)));
            }
            if let Some(held) = claim(drive, node, &token)? {
                return Ok(Effect::Held(held));
            }
            intend(drive, node, name, attempt, &token)?;
            (token, attempt)
        }
    };
    tracing::info!(node, effect = name, attempt, token, "trigger");
    match trigger() {
        // Neither accepted nor settled: the intent stays open.
        Ok(outcome)
            if outcome.is_in_doubt
                && outcome.remote.is_none()
                && outcome.status != Ending::InProgress =>
        {
            Ok(Effect::Held(told(drive, node, outcome)))
        }
        Ok(outcome) => accept_or_settle(drive, token, outcome),
        Err(error) if error.is_ambiguous => {
            let why = format!("sent, but the answer was lost ({})", error.chain());
            let now = drive.session.world().now();
            let mut outcome = in_doubt(settles_at(now), now);
            outcome.reason = format!("{why}; {}", outcome.reason);
            Ok(Effect::Held(outcome))
        }
        Err(error) => {
            if error.kind != Kind::Cancelled {
                drive.record(Fact::Settled {
                    token,
                    how: Settlement::NotSent,
                })?;
            }
            Err(error)
        }
    }
}

/// What a plan says about an effect: where it runs, or that it would be triggered.
fn planned(
    name: &str,
    known: Option<Known>,
    doubt: Option<Outcome>,
    find: impl FnOnce() -> Result<Option<Remote>>,
) -> Result<Effect> {
    match known {
        Some(Known {
            accepted: Some(remote),
            settled: None,
            ..
        }) => Ok(Effect::Running(remote)),
        other => match (find()?, doubt) {
            (Some(remote), _) => Ok(Effect::Running(Some(remote))),
            (None, Some(doubt)) if other.is_some_and(|known| known.settled.is_none()) => {
                Ok(Effect::Held(doubt))
            }
            (None, _) => Err(would(&format!("would trigger {name}"))),
        },
    }
}

/// Writes down that the running effects of a node came to an end.
pub fn settle(drive: &Drive, node: &str, how: Settlement) -> Result<()> {
    let open = drive.journal.look(|entries| {
        names(entries, node)
            .into_iter()
            .filter_map(|name| last(entries, node, &name))
            .filter(|known| known.settled.is_none())
            .map(|known| known.token)
            .collect::<Vec<_>>()
    });
    open.into_iter()
        .try_for_each(|token| drive.record(Fact::Settled { token, how }))
}

/// Whether something of a node runs outside as far as the journal tells.
pub fn is_running(drive: &Drive, node: &str) -> bool {
    drive.journal.look(|entries| {
        names(entries, node)
            .into_iter()
            .filter_map(|name| last(entries, node, &name))
            .any(|known| known.accepted.is_some() && known.settled.is_none())
    })
}

/// Takes something that runs outside as the effect of a node, on a person's word.
pub fn adopt_by_hand(drive: &Drive, node: &str, name: &str, remote: &Remote) -> Result<()> {
    let known = drive.journal.look(|entries| last(entries, node, name));
    let token = match known {
        Some(Known {
            settled: None,
            token,
            ..
        }) => token,
        other => {
            let token = drive.session.world().fresh_id().to_string();
            let attempt = other.map_or(1, |known| known.attempt + 1);
            intend(drive, node, name, attempt, &token)?;
            token
        }
    };
    adopt(drive, &token, remote)
}

/// The names of the effects a node has had.
pub fn names(entries: &[Entry], node: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in entries {
        if let Fact::Intent {
            node: other,
            effect,
            ..
        } = &entry.fact
            && other == node
            && !names.contains(effect)
        {
            names.push(effect.clone());
        }
    }
    names
}

fn accept_or_settle(drive: &Drive, token: String, outcome: Outcome) -> Result<Effect> {
    let how = match (outcome.status, &outcome.remote) {
        (Ending::Pass, _) => Some(Settlement::Done),
        (_, Some(_)) | (Ending::InProgress, None) => None,
        (Ending::Fail, None) => Some(Settlement::Failed),
        _ => Some(Settlement::Refused),
    };
    match how {
        Some(how @ (Settlement::Refused | Settlement::Failed)) => {
            drive.record(Fact::Settled { token, how })?;
            Ok(Effect::Held(outcome))
        }
        Some(how) => {
            // Over at once, with nothing to follow outside: one line says both, so that no run is cut
            // off between them.
            if outcome.remote.is_some() {
                drive.record(Fact::Accepted {
                    token: token.clone(),
                    remote: outcome.remote.clone(),
                    is_adopted: false,
                })?;
            }
            drive.record(Fact::Settled { token, how })?;
            Ok(Effect::Triggered(outcome))
        }
        None => {
            drive.record(Fact::Accepted {
                token,
                remote: outcome.remote.clone(),
                is_adopted: false,
            })?;
            Ok(Effect::Triggered(outcome))
        }
    }
}

fn intend(drive: &Drive, node: &str, name: &str, attempt: u32, token: &str) -> Result<()> {
    drive.record(Fact::Intent {
        node: node.to_owned(),
        effect: name.to_owned(),
        attempt,
        token: token.to_owned(),
    })
}

fn adopt(drive: &Drive, token: &str, remote: &Remote) -> Result<()> {
    drive.record(Fact::Accepted {
        token: token.to_owned(),
        remote: Some(remote.clone()),
        is_adopted: true,
    })
}

/// Keeps another operator away: writes our claim into the state store, where a second one fails.
fn claim(drive: &Drive, node: &str, token: &str) -> Result<Option<Outcome>> {
    let has_entry = crate::release::task::WORKFLOW_TASKS.contains(&node);
    if !has_entry {
        return Ok(None);
    }
    // The pass that creates the document began without one.
    let found = match drive.snapshot()? {
        None => drive.refresh()?,
        found => found,
    };
    let Some(snapshot) = found else {
        return Ok(None);
    };
    if snapshot.is_limited {
        return begun_by_another(drive, node, snapshot.document.status(node));
    }
    let world = drive.session.world();
    let until = settles_at(world.now());
    let change = Change::Claim {
        task: node.to_owned(),
        token: token.to_owned(),
        holder: world.person(),
        until,
    };
    match drive.write(vec![change]) {
        Ok(()) => Ok(None),
        Err(error) if error.kind == Kind::Conflict => {
            drive.refresh()?;
            Ok(Some(
                Outcome::new(Ending::Waiting, error.message)
                    .owner("the other operator")
                    .recheck(SETTLE),
            ))
        }
        // A store that cannot hold claims keeps nobody apart; the tool's own checks have to.
        Err(error) if error.kind == Kind::Refused => Ok(None),
        Err(error) => Err(error),
    }
}

/// A sheet holds no claim, but it is read once more: what another operator has begun or ended since
/// this pass read it is left alone.
fn begun_by_another(drive: &Drive, node: &str, before: TaskStatus) -> Result<Option<Outcome>> {
    let now = drive.refresh()?;
    let now = now.map_or(before, |snapshot| snapshot.document.status(node));
    if now == before || !matches!(now, TaskStatus::InProgress | TaskStatus::Pass) {
        return Ok(None);
    }
    let release = &drive.release;
    let why = format!("`{node}` of {release} became {now} in the sheet meanwhile");
    Ok(Some(
        Outcome::new(Ending::Waiting, why)
            .owner("the other operator")
            .recheck(SETTLE),
    ))
}

/// Whether a person asked for another try after the last end of an effect.
fn may_be_repeated(entries: &[Entry], node: &str, name: &str) -> bool {
    let Some(Known { token, .. }) = last(entries, node, name) else {
        return true;
    };
    let ended = entries.iter().rposition(
        |entry| matches!(&entry.fact, Fact::Settled { token: other, .. } if *other == token),
    );
    let asked = entries
        .iter()
        .rposition(|entry| matches!(&entry.fact, Fact::Retry { task, .. } if task == node));
    asked > ended
}

/// What a node ends with whose effect ended well while the state does not say so.
fn done_before(drive: &Drive, node: &str) -> Outcome {
    let said = drive.journal.last_outcome(node).map(|(outcome, _)| outcome);
    match said.filter(|outcome| outcome.status == Ending::Pass) {
        // The run was cut off between the end of the effect and the word of the node.
        None => return Outcome::new(Ending::Pass, "done before the run was cut off"),
        // It was cut off between the word of the node and the state.
        Some(outcome) if !drive.journal.was_kept(node) => return outcome,
        Some(_) => {}
    }
    Outcome::new(
        Ending::Blocked,
        "it was done before, but the state of the release does not say so",
    )
    .owner("the release lead")
    .next(format!(
        "to do it once more: oar-script retry {} {node} --why TEXT; else record it as passed",
        drive.release
    ))
}

/// What a person must find out before anything is sent again: the last word on a node, when it is
/// that nobody can tell whether something was started.
fn doubt(entries: &[Entry], node: &str) -> Option<Outcome> {
    entries.iter().rev().find_map(|entry| match &entry.fact {
        Fact::Intent { node: other, .. } if other == node => Some(None),
        Fact::Outcome {
            node: other,
            outcome,
        } if other == node => {
            let is_for_a_person = outcome.is_in_doubt && outcome.status == Ending::Blocked;
            Some(is_for_a_person.then(|| outcome.clone()))
        }
        _ => None,
    })?
}

/// With the commands by which a person ends the doubt.
fn told(drive: &Drive, node: &str, outcome: Outcome) -> Outcome {
    if outcome.status != Ending::Blocked {
        return outcome;
    }
    let release = &drive.release;
    outcome.next(format!(
        "look outside; what runs: oar-script adopt {release} {node} ID; if nothing does: oar-script retry {release} {node} --why TEXT"
    ))
}

/// When what was sent at this time has had time to show.
fn settles_at(sent_at: Timestamp) -> Timestamp {
    sent_at.checked_add(SETTLE).unwrap_or(Timestamp::MAX)
}

fn in_doubt(settled_at: Timestamp, now: Timestamp) -> Outcome {
    let left = Duration::try_from(settled_at.duration_since(now)).unwrap_or(SETTLE);
    Outcome::new(
        Ending::Waiting,
        format!("triggered, but nothing of it is seen outside yet; looking until {settled_at} before it is sent again"),
    )
    .owner("the state store")
    .recheck(left)
}

/// The identities that earlier attempts had outside.
fn identities(entries: &[Entry], node: &str, name: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut found = Vec::new();
    for entry in entries {
        match &entry.fact {
            Fact::Intent {
                node: other,
                effect,
                token,
                ..
            } if other == node && effect == name => {
                tokens.push(token);
            }
            Fact::Accepted {
                token,
                remote: Some(remote),
                ..
            } if tokens.contains(&token) => {
                found.push(remote.id.clone());
            }
            _ => {}
        }
    }
    found
}

fn last(entries: &[Entry], node: &str, name: &str) -> Option<Known> {
    let mut known: Option<Known> = None;
    for entry in entries {
        match &entry.fact {
            Fact::Intent {
                node: other,
                effect,
                attempt,
                token,
            } if other == node && effect == name => {
                known = Some(Known {
                    token: token.clone(),
                    attempt: *attempt,
                    at: entry.at,
                    accepted: None,
                    settled: None,
                });
            }
            Fact::Accepted { token, remote, .. } => {
                if let Some(known) = known.as_mut().filter(|known| known.token == *token) {
                    known.accepted = Some(remote.clone());
                }
            }
            Fact::Settled { token, how } => {
                if let Some(known) = known.as_mut().filter(|known| known.token == *token) {
                    known.settled = Some(*how);
                }
            }
            _ => {}
        }
    }
    known
}
