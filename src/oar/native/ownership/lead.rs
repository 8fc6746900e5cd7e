//! The merge request of the shipment: whether it is open, and the comment that names the lead.

use std::time::Duration;

use super::super::{Native, log::Log};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Ending, Outcome,
        advisory::ART,
        shipment::{Address, Comment, State},
    },
    services::gitlab,
};

/// How long GitLab merges at the most.
const MERGING: Duration = Duration::from_mins(10);

/// The merge request of a release.
pub(super) enum Request {
    /// It is open.
    Open(Address),
    /// The release has none.
    None,
    /// It is over; the tool ends with this.
    Over(Outcome),
}

/// What became of the comment.
#[derive(Default)]
pub(super) struct Told {
    /// Whether it was written now.
    pub is_new: bool,
    /// Why it was not.
    pub note: Option<String>,
}

/// Looks whether the merge request is open.
///
/// `shipment` is its address as the build data has it. Fails with `invalid` for a text that is none.
pub(super) async fn open(native: &Native, shipment: Option<&str>) -> Result<Request> {
    let Some(address) = Address::of_release(shipment)? else {
        return Ok(Request::None);
    };
    let gitlab = native.client::<gitlab::Client>()?;
    let request = gitlab.merge_request(&address).await.map_err(|error| {
        match error.kind {
            Kind::NotFound => error.hint(format!(
                "{address} is the shipment as ART says; see whether it exists and the token may see it"
            )),
            _ => error,
        }
    })?;
    let why = format!(
        "Gitlab MR {} state is not open, it is {}",
        address.iid, request.state
    );
    let over = Outcome::new(Ending::Blocked, why);
    let over = match request.state {
        State::Opened => return Ok(Request::Open(address)),
        State::Closed => over
            .owner(ART)
            .next("ask ART which merge request ships the release; the build data must name it"),
        State::Merged => over.owner("the release lead").next(
            "it is merged, so the release is on its way out: see whether it needs an owner at all",
        ),
        State::Locked => Outcome {
            status: Ending::Waiting,
            ..over.owner("GitLab, which merges it").recheck(MERGING)
        },
    };
    Ok(Request::Over(Outcome {
        link: shipment.map(str::to_owned),
        ..over
    }))
}

/// Names the lead on the merge request, once. Trouble is a note and an error line.
pub(super) async fn name(
    native: &Native,
    log: &mut Log,
    address: Option<&Address>,
    email: &str,
) -> Told {
    let Some(address) = address else {
        return Told::default();
    };
    let number = address.iid;
    match said(native, address, email).await {
        Ok(Some(true)) => {
            log.info(format!("Added QE release lead comment to MR {number}"));
            Told {
                is_new: true,
                note: None,
            }
        }
        Ok(Some(false)) => {
            log.info(format!("MR {number} names the QE release lead already"));
            Told::default()
        }
        Ok(None) => {
            log.error(format!("No GitLab user found for email: {email}"));
            Told {
                is_new: false,
                note: Some(format!(
                    "merge request {number} does not name the owner, whose address no GitLab account has"
                )),
            }
        }
        Err(error) => {
            log.error(format!(
                "Failed to add comment to MR {number}: {}",
                error.chain()
            ));
            Told {
                is_new: false,
                note: Some(format!(
                    "the comment on merge request {number} failed: {}",
                    error.message
                )),
            }
        }
    }
}

/// Whether the comment is new; `None` when nobody in GitLab has the address.
async fn said(native: &Native, address: &Address, email: &str) -> Result<Option<bool>> {
    let gitlab = native.client::<gitlab::Client>()?;
    let Some(user) = gitlab.find_user(email).await? else {
        return Ok(None);
    };
    let comment = Comment::lead(&user.username)?;
    match gitlab.comment(address, &comment).await {
        Ok(said) => Ok(Some(said.is_new)),
        // A lost answer is made up for by looking.
        Err(lost) if lost.is_ambiguous => {
            let is_there = is_said(&gitlab, address, &comment).await?;
            is_there.then_some(Some(true)).ok_or(lost)
        }
        Err(error) => Err(error),
    }
}

async fn is_said(
    gitlab: &gitlab::Client,
    address: &Address,
    comment: &Comment,
) -> Result<bool, Error> {
    let notes = gitlab.notes(address).await?;
    let newest = notes
        .iter()
        .find(|note| !note.system && comment.is_about_the_same(&note.body));
    Ok(newest.is_some_and(|note| comment.is_same(&note.body)))
}
