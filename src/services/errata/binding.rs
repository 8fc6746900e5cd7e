//! The functions scripts see under `errata::`.

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
        error::Error,
        value::to_dynamic,
    };

    /// Returns the security alerts of the advisory with this number, as last computed.
    ///
    /// A map: `type` (`"RHSA"`, `"RHBA"` or `"RHEA"`), `blocking` (bool), `alerts` (array of maps
    /// with `name`, `text`, `description`, `how_to_resolve` (text) and `blocking` (bool)). Only an
    /// `RHSA` has alerts.
    /// Throws `not_found` when there is no such advisory, `denied` without a Kerberos ticket.
    /// Calls `GET /api/v1/erratum/{id}` and `GET /api/v1/erratum/{id}/security_alerts`.
    #[rhai_fn(return_raw)]
    pub fn security_alerts(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let number = u64::try_from(advisory).map_err(|_| {
            let message = format!("`{advisory}` is not the number of an advisory");
            to_script(Error::invalid(message).service("errata"))
        })?;
        let alerts = session.call_from_script(
            "errata.security_alerts",
            json!({"advisory": advisory}),
            false,
            client.security_alerts(number),
        )?;
        Ok(to_dynamic(&json!(alerts)))
    }
}
