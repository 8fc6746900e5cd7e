//! The directory of people: who manages whom, and who is in a group.
//!
//! LDAP over TLS, without signing in. Every look-up has a connection of its own, because they come
//! hours apart.

pub mod binding;
pub mod client;
pub mod dn;
pub mod emulator;
mod trouble;

use std::sync::Arc;

use super::{Checkup, Row};
use crate::{error::Result, http::Auth};

pub use client::Client;

/// Where people are in the directory.
const BASE: &str = "dc=redhat,dc=com";

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "ldap",
    title: "LDAP directory",
    endpoint: "ldaps://ldap.corp.redhat.com",
    credentials: &[],
    health: "the directory says where its entries are",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: emulator::stand_in,
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let endpoint = setup.endpoint(&ROW)?;
        let caller = setup.http.service(ROW.name, endpoint, Auth::none());
        let client = Client::new(caller, setup.http.tally(ROW.name));
        session.put(Arc::new(client));
        Ok(())
    },
};

/// Where its entries are.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let bases = checkup.session.get::<Client>()?.bases().await?;
    Ok(format!("it has entries of {}", bases.join(" and ")))
}
