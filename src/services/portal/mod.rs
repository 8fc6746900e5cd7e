//! The customer portal: whether a page of it can be seen by everybody.
//!
//! A release is announced on a page whose address stands in its payload. Nothing is sent to show who
//! asks: what only some people can see is not public.

pub mod binding;
pub mod client;
pub mod emulator;

use std::sync::Arc;

use super::Row;
use crate::http::Auth;

pub use client::Client;

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "portal",
    title: "Customer Portal",
    endpoint: "https://access.redhat.com",
    credentials: &[],
    health: "its first page of advisories can be read",
    module: binding::module,
    emulator: emulator::router,
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let endpoint = setup.endpoint(&ROW)?;
        let caller = setup.http.service(ROW.name, endpoint, Auth::none());
        let is_elsewhere = setup.is_moved(&ROW);
        session.put(Arc::new(Client::new(caller, is_elsewhere)));
        Ok(())
    },
};
