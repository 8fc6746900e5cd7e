//! The functions scripts see under `ldap::`.

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

    /// Returns the address of somebody's manager (text), or `()` when the directory does not know the
    /// person or names no manager.
    ///
    /// What stands between `+` and `@` in the address does not matter.
    /// Throws `busy` or `unreachable` when the directory does not answer. Asks for `manager` of the
    /// entry with this `rhatPrimaryMail`, then for the address of that one.
    #[rhai_fn(return_raw)]
    pub fn manager(context: NativeCallContext, email: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let manager = session.call_from_script(
            "ldap.manager",
            json!({"email": email}),
            false,
            client.manager(email),
        )?;
        Ok(manager.map_or(Dynamic::UNIT, Dynamic::from))
    }

    /// Returns the addresses of a group's members (array of text, sorted); empty when there is no such
    /// group.
    ///
    /// Throws `busy` or `unreachable` when the directory does not answer. Asks for the entries that
    /// are `memberOf` the group.
    #[rhai_fn(return_raw)]
    pub fn members(context: NativeCallContext, group: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let members = session.call_from_script(
            "ldap.members",
            json!({"group": group}),
            false,
            client.members(group),
        )?;
        Ok(to_dynamic(&json!(members)))
    }
}
