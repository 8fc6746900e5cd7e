//! `discover_active_releases`.

use serde_json::{Value, json};

use super::Native;
use crate::{error::Result, release::discovery::inactive, state::newest::newest};

/// How many days a release stays active after its date.
const KEEP_DAYS: u32 = 1;

/// Lists the active releases in the order of their y-streams.
///
/// Fails when one y-stream cannot be read: a list that lacks a release would look complete.
pub(super) async fn active(native: &Native) -> Result<Value> {
    let today = native
        .world
        .time_zone()
        .to_datetime(native.world.now())
        .date();
    let mut releases = Vec::new();
    for found in newest(&native.github, &native.documents).await? {
        let (Some(release), document) = (found.release?, found.document?) else {
            continue;
        };
        if inactive(document.as_ref(), today, KEEP_DAYS).is_none() {
            releases.push(release);
        }
    }
    Ok(json!({ "releases": releases }))
}
