//! The Errata Tool: advisories, their owners, issues, builds, alerts and pushes, and their way to
//! `REL_PREP`.
//!
//! Every request shows a Kerberos token of its own, made from the ticket that `kinit` left. What
//! follows from an answer is decided in [`crate::release::advisory`].

pub mod binding;
pub mod client;
pub mod emulator;

use std::sync::Arc;

use super::{Checkup, Row};
use crate::{
    error::Result,
    http::{Auth, found},
};

pub use crate::release::advisory::content::{Alert, SecurityAlerts};
pub use client::{BuildDetail, Builds, Client, Holder, Moved, People, Pushed};

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "errata",
    title: "Errata Tool",
    endpoint: "https://errata.devel.redhat.com",
    credentials: &[],
    health: "an advisory can be read, which needs a Kerberos ticket",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let caller = setup
            .http
            .service(ROW.name, setup.endpoint(&ROW)?, Auth::negotiate());
        session.put(Arc::new(Client::new(caller)));
        Ok(())
    },
};

/// An advisory that nobody has: to say so, the tool must know who asks.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let client = checkup.session.get::<Client>()?;
    found(client.advisory(1).await)?;
    Ok("the Kerberos ticket is accepted".to_owned())
}
