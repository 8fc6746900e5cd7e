//! Brew, the build system: what a build is made of, and how it is tagged.
//!
//! It is two hosts. The hub answers questions, in Koji's XML-RPC, and wants to know nobody. The download
//! host has the files of builds, and wants a Kerberos ticket. Each has its own section in the
//! settings; a simulated world serves both at one address.

pub mod binding;
pub mod client;
pub mod emulator;
pub mod xml;

use std::sync::Arc;

use super::{Checkup, Row};
use crate::{error::Result, http::Auth};

pub use client::Client;

/// The section of the download host, and where it lives.
pub(super) const FILES: (&str, &str) = ("brew_files", "https://download.engineering.redhat.com");

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "brew",
    title: "Brew",
    endpoint: "https://brewhub.engineering.redhat.com",
    credentials: &[],
    health: "the hub answers, and the download host takes the Kerberos ticket",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let http = setup.http;
        let hub = http.service(ROW.name, setup.endpoint(&ROW)?, Auth::none());
        let files = setup.second_endpoint(&ROW, FILES)?;
        let files = http.service(ROW.name, files, Auth::negotiate());
        session.put(Arc::new(Client::new(hub, files)));
        Ok(())
    },
};

/// Both hosts.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let client = checkup.session.get::<Client>()?;
    let (version, door) = tokio::join!(client.version(), client.knock());
    let version = version?;
    door?;
    Ok(format!(
        "the hub speaks version {version}, the download host lets us in"
    ))
}
