//! The kernel that ships with the operating system of a release, and what stops it.

use crate::error::{Error, Result};

/// The name of its package.
pub const PACKAGE: &str = "kernel";

/// The tag of a kernel that must not ship yet.
pub const STOP_SHIP: &str = "early-kernel-stop-ship";

/// Returns whether a build is the operating system for the processors of amd64, whose kernel is looked
/// at: `rhcos-x86_64-9.6.20270227-0`.
pub fn is_rhcos(nvr: &str) -> bool {
    nvr.starts_with("rhcos-x86")
}

/// Returns whether a kernel with these tags must not ship.
pub fn is_stopped(tags: &[String]) -> bool {
    tags.iter().any(|tag| tag == STOP_SHIP)
}

/// Returns where the download host keeps what is known of a build of the operating system, such as
/// `/brewroot/packages/rhcos-x86_64/9.6.20270227/0/metadata.json`.
///
/// Fails with `invalid` when `nvr` does not end in a version of digits and dots and a release of
/// digits.
pub fn metadata_path(nvr: &str) -> Result<String> {
    let wrong = || {
        Error::invalid(format!("`{nvr}` is not the name of a build of RHCOS"))
            .hint("it is name, version and release, such as `rhcos-x86_64-9.6.20270227-0`")
    };
    let (rest, release) = nvr.rsplit_once('-').ok_or_else(wrong)?;
    let (name, version) = rest.rsplit_once('-').ok_or_else(wrong)?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte));
    if !is_name || !is_number(release) || !version.split('.').all(is_number) {
        return Err(wrong());
    }
    Ok(format!(
        "/brewroot/packages/{name}/{version}/{release}/metadata.json"
    ))
}
