//! `oar_create_test_report`: makes the StateBox of a release, in one write or not at all.

use super::{Native, log::Log, metadata::assembly};
use crate::{
    error::{Kind, Result},
    oar::backend::Ran,
    release::{
        Version,
        statebox::{Metadata, StateBox},
    },
    state::Snapshot,
};

/// Creates the document of a release from its build data; one that exists is kept.
pub(super) async fn create(native: &Native, release: &Version) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    if let Some(found) = native.state.read(release).await? {
        log.info(exists(release, &found));
        return Ok(log.succeeded());
    }
    let assembly = match assembly(native, release).await {
        Ok(assembly) => assembly,
        Err(error) if error.kind == Kind::NotFound => {
            return Ok(not_ready(log, release, &error.message));
        }
        Err(error) => return Err(error),
    };
    log.info(format!(
        "No existing worksheet found, will create StateBox for new release {release}"
    ));
    log.info(format!("Initializing StateBox for new release {release}"));
    let document = StateBox::new(release, Metadata::from(assembly), native.world.now());
    if document.metadata().release_day().is_none() {
        log.warning(format!(
            "the build data of {release} has no release_date, so it is not listed as active before its StateBox has one"
        ));
    }
    match native.state.create(&document).await {
        Ok(made) => log.info(created(release, &made)),
        Err(error) if error.kind == Kind::Conflict => {
            // Somebody was faster, or the answer to a write of ours was lost.
            let found = native.state.read(release).await?.ok_or(error)?;
            log.info(exists(release, &found));
        }
        Err(error) => return Err(error),
    }
    Ok(log.succeeded())
}

fn exists(release: &Version, found: &Snapshot) -> String {
    if found.is_limited {
        let place = found.link.as_deref().unwrap_or("worksheet");
        format!("Found existing worksheet for {release} (old release): {place}")
    } else {
        format!("StateBox already exists for {release} at {}", path(release))
    }
}

fn created(release: &Version, made: &Snapshot) -> String {
    if made.is_limited {
        let place = made.link.as_deref().unwrap_or("worksheet");
        format!("new test report is created: {place}")
    } else {
        format!(
            "StateBox initialized successfully for {release} at {}",
            path(release)
        )
    }
}

fn path(release: &Version) -> String {
    format!("_releases/{}/statebox/{release}.yaml", release.y_stream())
}

/// The build data does not know the release yet.
fn not_ready(log: Log, release: &Version, why: &str) -> Ran {
    log.failed(
        &format!("-r {release} create-test-report"),
        &format!("[{release}] ocp build data is not ready: {why}"),
    )
}
