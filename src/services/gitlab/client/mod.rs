//! The requests to GitLab's REST API, version 4.
//!
//! Every answer is as fresh as the request, except two things that cannot change: the account of the
//! token, and the content of a file at a commit.

mod accounts;
mod approvals;
mod files;
mod merge_requests;
mod notes;
mod pages;
mod pipelines;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex},
};

use tokio::sync::OnceCell;

use crate::{
    error::{Error, Kind},
    http::{Caller, segment},
    release::shipment::Address,
};

pub use accounts::User;
pub use approvals::{Approval, Approvals};
pub use files::{Entry, Project};
pub use merge_requests::{Change, MergeRequest, Search};
pub use notes::{Note, Said};

/// Where a file is at a commit: project, commit, path.
type FileKey = (String, String, String);

/// A file that is read once, however many ask for it.
type Text = Arc<OnceCell<Option<String>>>;

/// Reads and changes what belongs to merge requests.
pub struct Client {
    caller: Caller,
    me: OnceCell<User>,
    texts: Mutex<HashMap<FileKey, Text>>,
}

impl Client {
    /// Makes a client. Nothing is sent before it is used.
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            me: OnceCell::new(),
            texts: Mutex::default(),
        }
    }

    fn wrong(&self, message: String) -> Error {
        Error::invalid(message).service(self.caller.service())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({:?})", self.caller)
    }
}

/// The path of a project, which is given by its full path or its number.
fn project_path(project: &str) -> String {
    format!("/api/v4/projects/{}", segment(project))
}

/// The path of a merge request.
fn request_path(address: &Address) -> String {
    format!(
        "{}/merge_requests/{}",
        project_path(&address.project),
        address.iid
    )
}

/// What a refused change means: while GitLab works on the same thing it asks to come back.
fn refused(mut error: Error) -> Error {
    if error.status == Some(409) && error.message.contains("Resource lock") {
        error.kind = Kind::Busy;
        return error.hint("GitLab is at work on the same thing; try again in a moment");
    }
    error
}
