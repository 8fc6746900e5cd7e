//! The Release Controller: which builds exist, and whether they are accepted.
//!
//! Read-only, no credential. The API is described in the `openshift/release-controller` repository.

pub mod binding;
pub mod client;
pub mod emulator;

use std::sync::Arc;

use super::{Checkup, Row};
use crate::{error::Result, http::Auth};

pub use client::{Client, Payload, ReleaseInfo, Tag};

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "release_controller",
    title: "Release Controller",
    endpoint: "https://amd64.ocp.releases.ci.openshift.org",
    credentials: &[],
    health: "the newest accepted build of `4-stable` can be read",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let caller = setup
            .http
            .service(ROW.name, setup.endpoint(&ROW)?, Auth::none());
        session.put(Arc::new(Client::new(caller, setup.world.clone())));
        Ok(())
    },
};

/// The newest build that is promoted.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let client = checkup.session.get::<Client>()?;
    let newest = client.latest("4-stable", None).await?;
    Ok(match newest {
        Some(tag) => format!("the newest promoted build is {}", tag.name),
        None => "no build is promoted".to_owned(),
    })
}
