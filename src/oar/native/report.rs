//! `oar_create_test_report`: makes the StateBox of a release, in one write or not at all, and tells the
//! release leads when it has made one.

use super::{
    Native,
    announce::{self, Whom},
    log::Log,
    metadata::assembly,
};
use crate::{
    error::{Kind, Result},
    oar::backend::Ran,
    release::{
        Version,
        statebox::{Metadata, StateBox},
    },
    services::slack::text,
    state::Snapshot,
};

/// Where the documents of releases are, for people.
const ON_GITHUB: &str = "https://github.com/openshift/release-tests/blob/z-stream";

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
        Ok(made) => {
            log.info(created(release, &made));
            tell_leads(native, &mut log, release, &made).await;
        }
        Err(error) if error.kind == Kind::Conflict => {
            // Somebody was faster, or the answer to a write of ours was lost.
            let found = native.state.read(release).await?.ok_or(error)?;
            log.info(exists(release, &found));
        }
        Err(error) => return Err(error),
    }
    Ok(log.succeeded())
}

/// Who found a document, or lost the answer to the write that made it, tells nobody: a second message
/// would be worse than none.
async fn tell_leads(native: &Native, log: &mut Log, release: &Version, made: &Snapshot) {
    let label = if made.is_limited {
        "test report"
    } else {
        "StateBox"
    };
    let address = made.link.clone().filter(|link| link.starts_with("http"));
    let address = address.unwrap_or_else(|| format!("{ON_GITHUB}/{}", path(release)));
    let text = |group: &str| {
        let link = text::link(&address, label);
        format!("Hello {group}, new {link} is created for {release} release tracking")
    };
    let token = format!("{release}/statebox");
    match announce::posted(native, Whom::Leads(release), &token, text).await {
        Ok(_) => log.info(format!("Sent notification for {label} creation: {address}")),
        Err(error) => log.warning(format!(
            "Failed to send notification for {label} creation: {}",
            error.chain()
        )),
    }
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
