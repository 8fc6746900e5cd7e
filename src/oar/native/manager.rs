//! Who somebody's manager is, by the company's directory.

use super::Native;
use crate::error::Result;

/// Returns the address of a person's manager; `None` when the directory names none, or when there is
/// no directory to ask.
///
/// Fails when the directory cannot be reached: that is no reason to turn to somebody else.
pub(super) async fn manager(_native: &Native, _address: &str) -> Result<Option<String>> {
    Ok(None)
}
