//! The requests to the Errata Tool: [`Client`] reads in `reading`, changes in `changing`; `wire` has
//! the documents as they come.
//!
//! A change is sent once. The methods that look first and look again afterwards (`move_to`,
//! `push_to_staging`, `set_owner`, `drop_jira_issues`) may be called again after any error: they find
//! out what has happened before they send anything.

mod changing;
mod reading;
mod wire;

use std::time::Duration;

use crate::http::{Caller, Request};

pub use changing::{Moved, Pushed};
pub use reading::{BuildDetail, Builds, Holder, People};

/// The tool is slow; this is its customary limit for reading.
const READING: Duration = Duration::from_secs(120);

/// The same for changes, which wait for other systems.
const CHANGING: Duration = Duration::from_secs(300);

/// Speaks to the Errata Tool.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
}

impl Client {
    /// Makes a client; the credential of `caller` is a Kerberos ticket.
    pub fn new(caller: Caller) -> Self {
        Self { caller }
    }

    fn get(&self, path: &str) -> Request {
        self.caller.get(path).timeout(READING)
    }
}
