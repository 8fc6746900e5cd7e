//! The functions scripts see under `release_controller::`.

use rhai::{Module, exported_module, plugin::*};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::json;

    use super::super::Client;
    use crate::{
        call::{Session, to_script},
        value::to_dynamic,
    };

    /// Returns the build with this name, or `()` when it does not exist yet or any more.
    ///
    /// A map: `name` and `phase` (text), `is_accepted` (bool), `results` (verification jobs: group,
    /// then name, then `state`, `url`, `retries`), `upgrades_to` and `upgrades_from` (arrays of
    /// `from`, `to`, `success`, `failure`, `total`).
    /// Throws `invalid` when it is not the name of a build.
    /// Calls `GET /api/v1/releasestream/{stream}/release/{tag}?format=short`.
    #[rhai_fn(return_raw)]
    pub fn release(context: NativeCallContext, build: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let release = session.call_from_script(
            "release_controller.release",
            json!({"build": build}),
            false,
            client.release(build),
        )?;
        Ok(release.map_or(Dynamic::UNIT, |release| to_dynamic(&release.to_value())))
    }

    /// Returns the state of the build with this name, or `()` when it does not exist.
    ///
    /// One of `"Pending"`, `"Ready"`, `"Failed"`, `"Accepted"`, `"Rejected"` and `"Unknown"`. A
    /// z-stream release is promoted when it is `"Accepted"`.
    /// Throws `invalid` when it is not the name of a build.
    /// Calls `GET /api/v1/releasestream/{stream}/release/{tag}?format=short`.
    #[rhai_fn(return_raw)]
    pub fn phase(context: NativeCallContext, build: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let phase = session.call_from_script(
            "release_controller.phase",
            json!({"build": build}),
            false,
            client.phase(build),
        )?;
        Ok(phase.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// Returns the digest of the build's payload (`"sha256:…"`), or `()` when there is no such build.
    ///
    /// The controller computes it on demand: this asks up to 16 times, half a minute apart.
    /// Throws `busy` when it is still not there then, `invalid` when it is not the name of a build.
    /// Calls `GET /api/v1/releasestream/{stream}/release/{tag}`.
    #[rhai_fn(return_raw)]
    pub fn digest(context: NativeCallContext, build: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let digest = session.call_from_script(
            "release_controller.digest",
            json!({"build": build}),
            false,
            client.digest(build),
        )?;
        Ok(digest.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// Returns what is in a build, or `()` when the controller does not know it or has no image yet.
    ///
    /// A map: `version`, `pull_spec`, `digest` (text), `url` (the page that announces it to customers,
    /// or `()`: nightlies have none).
    /// Throws `invalid` when it is not the name of a build.
    /// Calls `GET /releasetag/{tag}/json`.
    #[rhai_fn(return_raw)]
    pub fn payload(context: NativeCallContext, build: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let payload = session.call_from_script(
            "release_controller.payload",
            json!({"build": build}),
            false,
            client.payload(build),
        )?;
        Ok(payload.map_or(Dynamic::UNIT, |payload| to_dynamic(&payload.to_value())))
    }

    /// Returns the builds of a stream such as `4-stable` or `4.20.0-0.nightly`, newest first.
    ///
    /// Each is a map: `name`, `phase`, `pull_spec`, `download_url` (text). Empty when there is no
    /// such stream.
    /// Calls `GET /api/v1/releasestream/{stream}/tags`.
    #[rhai_fn(return_raw)]
    pub fn tags(context: NativeCallContext, stream: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let tags = session.call_from_script(
            "release_controller.tags",
            json!({"stream": stream}),
            false,
            client.tags(stream, &[]),
        )?;
        Ok(to_dynamic(&json!(tags)))
    }

    /// Returns the newest accepted build of a y-stream such as `4.20` in a stream such as
    /// `4-stable`, or `()` when there is none.
    ///
    /// A map: `name`, `phase`, `pull_spec`, `download_url` (text).
    /// Calls `GET /api/v1/releasestream/{stream}/latest?prefix={y_stream}.`.
    #[rhai_fn(return_raw)]
    pub fn latest(
        context: NativeCallContext,
        stream: &str,
        y_stream: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let tag = session.call_from_script(
            "release_controller.latest",
            json!({"stream": stream, "y_stream": y_stream}),
            false,
            client.latest(stream, Some(y_stream)),
        )?;
        Ok(tag.map_or(Dynamic::UNIT, |tag| to_dynamic(&json!(tag))))
    }
}
