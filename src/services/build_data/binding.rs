//! The functions scripts see under `build_data::`.

use rhai::{Module, exported_module, plugin::*};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Array, Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::json;

    use super::super::BuildData;
    use crate::{
        call::{Session, to_script},
        release::Version,
        value::to_dynamic,
    };

    /// Returns what ART says now about a release such as `4.20.1` or `4.21.0-rc.1`.
    ///
    /// A map: `release` and `flow` (`"konflux"` or `"errata"`), `advisories` (kind to number,
    /// without placeholders), `candidate_builds` (architecture to nightly), `jira_ticket`,
    /// `shipment_mr` and `release_date` (`2027-03-06`), each text or `()`. In a drive,
    /// `release.ticket` and the like say the same and know what was recorded as well.
    /// Throws `not_found` when ART has nothing about the release yet, `invalid` when it is not the
    /// name of a release or the data make no sense.
    /// Calls `GET /openshift-eng/ocp-build-data/openshift-{y_stream}/releases.yml`, at most once in
    /// a pass.
    #[rhai_fn(return_raw)]
    pub fn metadata(
        context: NativeCallContext,
        release: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let data = session.get::<BuildData>().map_err(to_script)?;
        let version: Version = release.parse().map_err(to_script)?;
        let metadata = session.call_from_script(
            "build_data.metadata",
            json!({"release": release}),
            false,
            data.metadata(&version),
        )?;
        let mut map = json!(metadata);
        map["release"] = json!(version);
        map["flow"] = json!(metadata.flow());
        Ok(to_dynamic(&map))
    }

    /// Returns the names of all assemblies of a y-stream such as `4.20`, in the order of the file.
    ///
    /// Releases are named as they are (`4.20.1`), candidates by their tag (`rc.1`, `ec.3`); there
    /// are others too (`stream`, `art1234`).
    /// Throws `not_found` when there is no such y-stream, `invalid` when it is not the name of one
    /// or its file is broken.
    /// Calls `GET /openshift-eng/ocp-build-data/openshift-{y_stream}/releases.yml`, at most once in
    /// a pass.
    #[rhai_fn(return_raw)]
    pub fn assemblies(
        context: NativeCallContext,
        y_stream: &str,
    ) -> Result<Array, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let data = session.get::<BuildData>().map_err(to_script)?;
        let assemblies = session.call_from_script(
            "build_data.assemblies",
            json!({"y_stream": y_stream}),
            false,
            data.assemblies(y_stream),
        )?;
        Ok(assemblies
            .names()
            .map(|name| Dynamic::from(name.to_owned()))
            .collect())
    }
}
