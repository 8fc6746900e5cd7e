//! Approvals of merge requests.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Client, refused, request_path};
use crate::{
    error::{Error, Kind, Result},
    release::shipment::Address,
};

/// Who has approved a merge request, and what is still needed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Approvals {
    /// The accounts that approved it.
    pub approved_by: Vec<String>,
    /// How many approvals it needs in all.
    pub required: u64,
    /// How many it still needs.
    pub left: u64,
}

/// How an approval came to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// It was given now.
    Given,
    /// It was there already; nothing was changed.
    Already,
}

#[derive(Deserialize)]
struct Document {
    approved_by: Vec<Entry>,
    #[serde(default)]
    approvals_required: u64,
    #[serde(default)]
    approvals_left: u64,
}

#[derive(Deserialize)]
struct Entry {
    user: Name,
}

#[derive(Deserialize)]
struct Name {
    username: String,
}

impl From<Document> for Approvals {
    fn from(document: Document) -> Self {
        let names = document.approved_by.into_iter();
        Self {
            approved_by: names.map(|entry| entry.user.username).collect(),
            required: document.approvals_required,
            left: document.approvals_left,
        }
    }
}

impl Approvals {
    /// Whether this account has approved.
    pub fn has(&self, username: &str) -> bool {
        self.approved_by.iter().any(|name| name == username)
    }
}

impl Client {
    /// Returns the approvals of a merge request.
    ///
    /// Calls `GET /projects/{p}/merge_requests/{iid}/approvals`.
    pub async fn approvals(&self, address: &Address) -> Result<Approvals> {
        let path = format!("{}/approvals", request_path(address));
        let document: Document = self.caller.get(&path).send_json().await?;
        Ok(document.into())
    }

    /// Approves a merge request as the account of the token, provided that its head is still `sha`.
    ///
    /// Looks first, approves once, and looks again when GitLab refuses: it refuses a second approval
    /// with the same 401 as one that is not allowed. Fails with `conflict` when the head has moved,
    /// `denied` when this account may not approve; an error is ambiguous when its answer was lost, and
    /// calling again then looks first.
    /// Calls `GET /user`, `GET …/approvals` and `POST …/approve`.
    pub async fn approve(&self, address: &Address, sha: &str) -> Result<Approval> {
        let me = self.user().await?.username;
        if self.approvals(address).await?.has(&me) {
            return Ok(Approval::Already);
        }
        let path = format!("{}/approve", request_path(address));
        let request = self.caller.post(&path).json(&json!({ "sha": sha }))?;
        let answer: Result<Document> = request.send_json().await;
        let answer = answer.map(Approvals::from).map_err(refused);
        match answer {
            Ok(approvals) if approvals.has(&me) => Ok(Approval::Given),
            Ok(_) => Err(self
                .wrong(format!(
                    "GitLab took the approval of {address} and shows none by `{me}`"
                ))
                .ambiguous()),
            Err(error) if error.status == Some(401) => {
                if self.approvals(address).await?.has(&me) {
                    return Ok(Approval::Already);
                }
                Err(error.hint(format!(
                    "`{me}` may not approve {address}; ask ART to make it an approver"
                )))
            }
            Err(error) if error.kind == Kind::Conflict => Err(error.hint(format!(
                "{address} was pushed to meanwhile: look at it again before it is approved"
            ))),
            Err(error) => Err(error),
        }
    }

    /// Takes back the approval of the account of the token; returns whether there was one.
    ///
    /// Calls `GET /user`, `GET …/approvals` and `POST …/unapprove`.
    pub async fn unapprove(&self, address: &Address) -> Result<bool> {
        let me = self.user().await?.username;
        if !self.approvals(address).await?.has(&me) {
            return Ok(false);
        }
        let path = format!("{}/unapprove", request_path(address));
        match self.caller.post(&path).send().await.map_err(refused) {
            Ok(_) => {}
            // It is gone meanwhile, by a push or by hand.
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
        if self.approvals(address).await?.has(&me) {
            let message = format!("the approval of {address} by `{me}` is still there");
            return Err(Error::new(Kind::Unexpected, message).service(self.caller.service()));
        }
        Ok(true)
    }
}
