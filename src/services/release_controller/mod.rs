//! The Release Controller: which builds exist, and whether they are accepted.
//!
//! Read-only, no credential. The API is described in the `openshift/release-controller` repository.

pub mod binding;
pub mod client;
pub mod emulator;

use std::sync::Arc;

use super::Row;
use crate::http::Auth;

pub use client::{Client, Payload, ReleaseInfo, Tag};

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "release_controller",
    title: "Release Controller",
    endpoint: "https://amd64.ocp.releases.ci.openshift.org",
    credentials: &[],
    health: "the newest accepted build of `4-stable` can be read",
    module: binding::module,
    emulator: emulator::router,
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let caller = setup
            .http
            .service(ROW.name, setup.endpoint(&ROW)?, Auth::none());
        session.put(Arc::new(Client::new(caller, setup.world.clone())));
        Ok(())
    },
};
