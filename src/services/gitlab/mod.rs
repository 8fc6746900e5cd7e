//! GitLab: the merge request of a shipment, its files, comments, approvals and pipelines.
//!
//! What all this means for a release is in [`crate::release::shipment`].

pub mod binding;
pub mod client;
pub mod emulator;

use std::sync::Arc;

use reqwest::header::HeaderName;

use super::{Checkup, Row};
use crate::{error::Result, http::Auth};

pub use client::{
    Approval, Approvals, Change, Client, Entry, MergeRequest, Note, Project, Said, Search, User,
};

/// The environment variable of the credential.
const CREDENTIAL: &str = "GITLAB_TOKEN";

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "gitlab",
    title: "GitLab",
    endpoint: "https://gitlab.cee.redhat.com",
    credentials: &[CREDENTIAL],
    health: "the token belongs to an account",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let auth = match setup.world.secret(CREDENTIAL) {
            Some(token) => {
                Auth::header(CREDENTIAL, HeaderName::from_static("private-token"), token)
            }
            None => Auth::missing(CREDENTIAL),
        };
        let caller = setup.http.service(ROW.name, setup.endpoint(&ROW)?, auth);
        session.put(Arc::new(Client::new(caller)));
        Ok(())
    },
};

/// The account of the token.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let user = checkup.session.get::<Client>()?.user().await?;
    Ok(format!("the token is that of {}", user.username))
}
