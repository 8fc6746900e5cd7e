//! Who somebody's manager is, by the company's directory.

use super::Native;
use crate::{error::Result, services::ldap};

/// Returns the address of a person's manager; `None` when the directory names none, or when there is
/// no directory to ask.
///
/// Fails when the directory cannot be reached: that is no reason to turn to somebody else.
pub(super) async fn manager(native: &Native, address: &str) -> Result<Option<String>> {
    match native.client::<ldap::Client>() {
        Ok(directory) => directory.manager(address).await,
        Err(_) => Ok(None),
    }
}
