//! The functions scripts see under `brew::`.

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

    /// Returns the kernel in a build of RHCOS such as `rhcos-x86_64-9.6.20270227-0`, as
    /// `kernel-5.14.0-570.30.1.el9_6` (text), or `()` when there is none in it.
    ///
    /// Throws `invalid` when it is not the name of such a build, `not_found` when there is no such
    /// build, `denied` without a Kerberos ticket.
    /// Calls `GET /brewroot/packages/{name}/{version}/{release}/metadata.json`.
    #[rhai_fn(return_raw)]
    pub fn kernel(context: NativeCallContext, build: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let kernel = session.call_from_script(
            "brew.kernel",
            json!({"build": build}),
            false,
            client.kernel(build),
        )?;
        Ok(kernel.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// Returns the tags of a build such as `kernel-5.14.0-570.30.1.el9_6` (array of text).
    ///
    /// Throws `not_found` when there is no such build, `busy` while Brew is offline. Calls Koji's
    /// `listTags`.
    #[rhai_fn(return_raw)]
    pub fn tags(context: NativeCallContext, build: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let tags = session.call_from_script(
            "brew.tags",
            json!({"build": build}),
            false,
            client.tags(build),
        )?;
        Ok(to_dynamic(&json!(tags)))
    }
}
