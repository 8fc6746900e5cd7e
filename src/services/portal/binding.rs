//! The functions scripts see under `portal::`.

use rhai::{Module, exported_module, plugin::*};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::json;
    use url::Url;

    use super::super::Client;
    use crate::{
        call::{Session, to_script},
        error::Error,
    };

    /// Returns whether everybody can see a page of the customer portal, such as
    /// `https://access.redhat.com/errata/RHBA-2027:1234` (bool).
    ///
    /// Throws `invalid` when it is not the address of a page, `busy`, `unreachable` or `unexpected`
    /// when the portal does not say. Calls `GET` on the page.
    #[rhai_fn(return_raw)]
    pub fn is_public(
        context: NativeCallContext,
        page: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let url = Url::parse(page).map_err(|error| {
            let message = format!("`{page}` is not the address of a page");
            to_script(Error::invalid(message).service("portal").because(error))
        })?;
        let is_public = session.call_from_script(
            "portal.is_public",
            json!({"page": page}),
            false,
            client.is_public(&url),
        )?;
        Ok(is_public.into())
    }
}
