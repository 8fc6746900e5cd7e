//! Jira: tickets, who works on them, and where they stand. Jira Cloud, version 2 of its API.
//!
//! A change of state looks first and confirms after; what a ticket's words mean is left to
//! [`crate::release::ticket`].

pub mod binding;
pub mod client;
mod document;
pub mod emulator;

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use super::{Checkup, Row};
use crate::{error::Result, http::Auth};

pub use client::{Client, Draft, Made, Moved};

/// The environment variable of the account's address.
const USER: &str = "JIRA_USERNAME";

/// The environment variable of its token.
const CREDENTIAL: &str = "JIRA_TOKEN";

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "jira",
    title: "Jira",
    endpoint: "https://redhat.atlassian.net",
    credentials: &[USER, CREDENTIAL],
    health: "the account can be read",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let auth = match (setup.world.secret(USER), setup.world.secret(CREDENTIAL)) {
            (Some(user), Some(token)) => {
                Auth::basic(CREDENTIAL, user.expose_secret().trim(), token)
            }
            (None, _) => Auth::missing(USER),
            (_, None) => Auth::missing(CREDENTIAL),
        };
        let caller = setup.http.service(ROW.name, setup.endpoint(&ROW)?, auth);
        session.put(Arc::new(Client::new(caller)));
        Ok(())
    },
};

/// The account.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let person = checkup.session.get::<Client>()?.identity().await?;
    Ok(format!("the account is that of {}", person.name))
}
