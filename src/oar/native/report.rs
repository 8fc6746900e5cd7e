//! `oar_create_test_report`: makes the StateBox of a release, in one write or not at all.

use jiff::Timestamp;

use super::{Native, metadata::assembly};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Version,
        statebox::{Metadata, StateBox, time},
    },
    state::Snapshot,
};

/// Creates the document of a release from its build data; one that exists is kept.
pub(super) async fn create(native: &Native, release: &Version) -> Result<String> {
    let mut log = Log::new(native.world.now());
    if let Some(found) = native.state.read(release).await? {
        log.info(&exists(release, &found));
        return Ok(log.succeeded());
    }
    let assembly = match assembly(native, release).await {
        Ok(assembly) => assembly,
        Err(error) if error.kind == Kind::NotFound => return Ok(log.not_ready(release, &error)),
        Err(error) => return Err(error),
    };
    log.info(&format!(
        "No existing worksheet found, will create StateBox for new release {release}"
    ));
    log.info(&format!("Initializing StateBox for new release {release}"));
    let document = StateBox::new(release, Metadata::from(assembly), native.world.now());
    if document.metadata().release_day().is_none() {
        log.warning(&format!(
            "the build data of {release} has no release_date, so it is not listed as active before its StateBox has one"
        ));
    }
    match native.state.create(&document).await {
        Ok(made) => log.info(&created(release, &made)),
        Err(error) if error.kind == Kind::Conflict => {
            // Somebody was faster, or the answer to a write of ours was lost.
            let found = native.state.read(release).await?.ok_or(error)?;
            log.info(&exists(release, &found));
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

/// The log of the command in the form of the Python tool.
struct Log {
    at: String,
    lines: Vec<String>,
}

impl Log {
    fn new(now: Timestamp) -> Self {
        Self {
            at: time::format(now),
            lines: Vec::new(),
        }
    }

    fn info(&mut self, message: &str) {
        self.lines.push(format!("{}: INFO: {message}", self.at));
    }

    fn warning(&mut self, message: &str) {
        self.lines.push(format!("{}: WARNING: {message}", self.at));
    }

    fn succeeded(self) -> String {
        format!("✓ Command succeeded\n\n{}", self.lines.join("\n"))
    }

    /// The build data does not know the release yet.
    fn not_ready(self, release: &Version, error: &Error) -> String {
        format!(
            "✗ Command failed (exit code 1)\n\n\
             ✗ Command execution failed with unhandled exception\n\n\
             Command: oar -r {release} create-test-report\n\n\
             Error: [{release}] ocp build data is not ready: {}",
            error.message
        )
    }
}
