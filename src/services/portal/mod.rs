//! The customer portal: whether a page of it can be seen by everybody.
//!
//! A release is announced on a page whose address stands in its payload. Nothing is sent to show who
//! asks: what only some people can see is not public.

pub mod binding;
pub mod client;
pub mod emulator;

use std::sync::Arc;

use url::Url;

use super::{Checkup, Row};
use crate::{
    error::{Error, Kind, Result},
    http::Auth,
};

pub use client::Client;

const NAME: &str = "portal";

/// Where people read it.
const ENDPOINT: &str = "https://access.redhat.com";

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: NAME,
    title: "Customer Portal",
    endpoint: ENDPOINT,
    credentials: &[],
    health: "the list of advisories can be read",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let endpoint = setup.endpoint(&ROW)?;
        let caller = setup.http.service(ROW.name, endpoint, Auth::none());
        let is_elsewhere = setup.is_moved(&ROW);
        session.put(Arc::new(Client::new(caller, is_elsewhere)));
        Ok(())
    },
};

/// The list of advisories.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let client = checkup.session.get::<Client>()?;
    let page = format!("{ENDPOINT}/errata/");
    let page = Url::parse(&page).map_err(|error| Error::invalid(page).because(error))?;
    if client.is_public(&page).await? {
        return Ok("its pages can be read".to_owned());
    }
    let message = format!("`{page}` cannot be read by everybody");
    Err(Error::new(Kind::Unexpected, message).service(NAME))
}
