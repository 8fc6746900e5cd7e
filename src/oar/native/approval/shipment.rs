//! The merge request of the shipment: whether it may be approved, the approval, and whether it still
//! stands.

use std::time::Duration;

use super::{super::Native, super::log::Log, Step, retry};
use crate::{
    error::{Error, Kind},
    release::{
        Ending, Outcome, Version,
        advisory::ART,
        approval::{Given, short},
        shipment::{Address, Readiness, Stage, State, request::release_in_title},
    },
    services::gitlab::{self, Approval, Approvals, MergeRequest},
};

/// How long GitLab merges at the most.
const MERGING: Duration = Duration::from_mins(10);

/// The merge request as it was read.
pub(super) struct Seen {
    address: Address,
    request: MergeRequest,
    /// Who has approved it, and our own name; read when an approval was given before.
    approvals: Option<(Approvals, String)>,
}

impl Seen {
    fn held(&self, status: Ending, reason: impl Into<String>) -> Outcome {
        Outcome::new(status, reason).link(&self.request.web_url)
    }
}

/// Reads the merge request; with `is_given` also who has approved it.
///
/// A title that names another release stops here: what it ships is not this release.
pub(super) async fn look(
    native: &Native,
    release: &Version,
    address: &Address,
    is_given: bool,
) -> Step<Seen> {
    let gitlab = native.client::<gitlab::Client>()?;
    let (request, approvals) = tokio::join!(gitlab.merge_request(address), async {
        if !is_given {
            return Ok::<_, Error>(None);
        }
        let (approvals, me) = tokio::join!(gitlab.approvals(address), gitlab.user());
        Ok(Some((approvals?, me?.username)))
    });
    let request = request.map_err(|error| match error.kind {
        Kind::NotFound => error.hint(format!(
            "{address} is the shipment as ART says; see whether it exists and the token may see it"
        )),
        _ => error,
    })?;
    let seen = Seen {
        address: address.clone(),
        request,
        approvals: approvals?,
    };
    if let Ok(named) = release_in_title(&seen.request.title)
        && named != *release
    {
        let why = format!("MR {} ships {named}, not {release}", address.iid);
        let held = seen.held(Ending::Blocked, why).owner(ART);
        return Err(held
            .next("ask ART which merge request ships the release")
            .into());
    }
    Ok(seen)
}

/// Logs that the merge request is not open, in the words of the Python tool.
pub(super) fn tell_state(log: &mut Log, seen: &Seen) {
    let state = seen.request.state;
    if state != State::Opened {
        log.info(format!(
            "ShipmentData initialization failed (MR is {state}): Gitlab MR {} state is not open",
            seen.address.iid
        ));
    }
}

/// Stops at a merge request that cannot be approved any more, or not now.
pub(super) fn may_be_approved(release: &Version, seen: &Seen) -> Step<()> {
    let iid = seen.address.iid;
    match seen.request.state {
        State::Opened | State::Merged => Ok(()),
        State::Closed => {
            let why = format!(
                "Gitlab MR {iid} state is not open, it is closed: {release} is not shipped by it"
            );
            let held = seen.held(Ending::Blocked, why).owner(ART);
            Err(held
                .next("ask ART which merge request ships the release; the build data must name it")
                .into())
        }
        State::Locked => {
            let why = format!("Gitlab MR {iid} state is not open, it is locked");
            let held = seen.held(Ending::Waiting, why);
            Err(held
                .owner("GitLab, which merges it")
                .recheck(MERGING)
                .into())
        }
    }
}

/// Approves the merge request at the commit that was read, unless it is approved or merged.
pub(super) async fn approve(
    native: &Native,
    log: &mut Log,
    release: &Version,
    seen: &Seen,
) -> Step<Given> {
    may_be_approved(release, seen)?;
    let iid = seen.address.iid;
    let sha = seen.request.head()?.to_owned();
    let given = Given {
        iid,
        sha,
        is_merged: seen.request.state == State::Merged,
        at: None,
    };
    if given.is_merged {
        log.info(format!(
            "Shipment MR for {release} already merged, skipping QE approval step"
        ));
        return Ok(given);
    }
    let gitlab = native.client::<gitlab::Client>()?;
    let me = gitlab.user().await?.username;
    log.info(format!("MR {iid} ends with {}", given.sha));
    match gitlab.approve(&seen.address, &given.sha).await {
        Ok(Approval::Given) => log.info(format!("Successfully approved MR {iid}")),
        Ok(Approval::Already) => log.info(format!("User {me} has already approved MR {iid}")),
        // A lost answer is made up for by looking.
        Err(lost) if lost.is_ambiguous => match gitlab.approvals(&seen.address).await {
            Ok(approvals) if approvals.has(&me) => {
                log.info(format!("Successfully approved MR {iid}"));
            }
            _ => return Err(lost.into()),
        },
        Err(error) if error.kind == Kind::Conflict => {
            let why = format!(
                "MR {iid} was pushed to while it was approved at {}; nothing was approved",
                given.short_sha()
            );
            let held = seen.held(Ending::Waiting, why).owner(ART);
            return Err(held
                .next("look at what was pushed; the next look approves the new commit")
                .into());
        }
        Err(error) => return Err(error.into()),
    }
    log.info(format!("Successfully added QE approval to MR {iid}"));
    Ok(given)
}

/// Whether an approval that was given before still stands.
///
/// Until production is made the merge request must end with the commit that was approved. Afterwards the
/// pipeline writes addresses into its files, and what ships cannot change any more. Returns what people
/// should know about it.
pub(super) async fn still(
    native: &Native,
    log: &mut Log,
    release: &Version,
    seen: &Seen,
    given: &Given,
) -> Step<Option<String>> {
    let iid = seen.address.iid;
    let blocked = |why: String, first: &str| {
        let held = seen.held(Ending::Blocked, why).owner("the release lead");
        held.next(format!("{first}, then {}", retry(release)))
    };
    if given.iid != iid {
        let why = format!(
            "QE approved MR {}, but MR {iid} ships the release now",
            given.iid
        );
        let first = "look at the new merge request and see that it was tested";
        return Err(blocked(why, first).into());
    }
    match seen.request.state {
        State::Opened => {}
        State::Closed => may_be_approved(release, seen)?,
        State::Merged | State::Locked => return Ok(None),
    }
    let head = seen.request.head()?;
    let has_moved = head != given.sha;
    if has_moved && !is_produced(native, seen).await? {
        let why = format!(
            "MR {iid} was pushed to after QE approved it: approved at {}, now at {}",
            given.short_sha(),
            short(head)
        );
        return Err(blocked(why, "look at what was pushed and see that it was tested").into());
    }
    let is_approved = match &seen.approvals {
        Some((approvals, me)) => approvals.has(me),
        None => false,
    };
    if is_approved {
        if has_moved {
            log.info(format!(
                "MR {iid} was pushed to after production, from {} to {head}",
                given.sha
            ));
        }
        return Ok(None);
    }
    if has_moved {
        let note = format!(
            "the QE approval of MR {iid} was reset by a push after production; when ART needs it to merge: oar::add_qe_approval"
        );
        log.warning(&note);
        return Ok(Some(note));
    }
    let why = format!(
        "the QE approval of MR {iid} at {} was taken back",
        given.short_sha()
    );
    Err(blocked(why, "find out who took it back and why").into())
}

async fn is_produced(native: &Native, seen: &Seen) -> Step<bool> {
    let gitlab = native.client::<gitlab::Client>()?;
    let labels = &seen.request.labels;
    let readiness = gitlab
        .readiness_of(&seen.address, labels, Stage::Prod)
        .await?;
    Ok(matches!(readiness, Readiness::Ready { .. }))
}
