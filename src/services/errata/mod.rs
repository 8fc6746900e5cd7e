//! The Errata Tool: security alerts of an advisory.
//!
//! The real one wants a Kerberos ticket, which this program cannot show yet: a call to it is refused
//! here with that reason. Plain `http` and loopback addresses are called without a credential.

pub mod binding;
pub mod client;
pub mod emulator;

use std::sync::Arc;

use super::Row;
use crate::http::Auth;

pub use client::{Alert, Client, SecurityAlerts};

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "errata",
    title: "Errata Tool",
    endpoint: "https://errata.devel.redhat.com",
    credentials: &[],
    health: "an advisory can be read, which needs a Kerberos ticket",
    module: binding::module,
    emulator: emulator::router,
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let caller = setup
            .http
            .service(ROW.name, setup.endpoint(&ROW)?, Auth::none());
        session.put(Arc::new(Client::new(caller)));
        Ok(())
    },
};
