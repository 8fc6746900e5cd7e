//! The functions scripts see under `jira::`.

use rhai::{Module, exported_module, plugin::*};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Array, Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::json;

    use super::super::{Client, Moved};
    use crate::{
        call::{Session, to_script},
        error::Error,
        value::to_dynamic,
    };

    /// Returns the ticket with this key, such as `"OCPBUGS-60102"`.
    ///
    /// A map: `key`, `summary`, `status`, `kind`, `priority`, `labels` (array of text), `assignee`,
    /// `reporter` and `qa_contact` (maps with `account`, `name` and `email`, or `()`),
    /// `release_blocker` (text or `()`), `has_customer_case` (bool), `subtasks` (array of keys),
    /// `description`.
    /// Throws `not_found` when there is none or the account may not see it, `invalid` for a key that
    /// cannot be one, `denied` without a token that is accepted.
    /// Calls `GET /rest/api/2/issue/{key}`.
    #[rhai_fn(return_raw)]
    pub fn ticket(context: NativeCallContext, key: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let ticket = session.call_from_script(
            "jira.ticket",
            json!({"key": key}),
            false,
            client.ticket(key),
        )?;
        Ok(to_dynamic(&json!(ticket)))
    }

    /// Returns the tickets with these keys that can be seen, in the order of the keys.
    ///
    /// An array of maps as `ticket` returns; a ticket that is not there, or that the account may not
    /// see, is left out.
    /// Throws `invalid` for a key that cannot be one, `denied` without a token that is accepted.
    /// Calls `GET /rest/api/2/search/jql` for each hundred.
    #[rhai_fn(return_raw)]
    pub fn tickets(context: NativeCallContext, keys: Array) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let texts = keys.into_iter().map(Dynamic::into_string);
        let keys: Vec<String> = texts.collect::<Result<_, _>>().map_err(|kind| {
            to_script(Error::invalid(format!("a key is text, not a {kind}")).service("jira"))
        })?;
        let tickets = session.call_from_script(
            "jira.tickets",
            json!({"keys": keys}),
            false,
            client.tickets(&keys),
        )?;
        Ok(to_dynamic(&json!(tickets)))
    }

    /// Returns the tickets that a query in Jira's language finds.
    ///
    /// An array of maps as `ticket` returns.
    /// Throws `invalid` for a query that Jira does not understand, `denied` without a token that is
    /// accepted.
    /// Calls `GET /rest/api/2/search/jql` for each hundred.
    #[rhai_fn(return_raw)]
    pub fn search(context: NativeCallContext, query: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let tickets = session.call_from_script(
            "jira.search",
            json!({"query": query}),
            false,
            client.search(query),
        )?;
        Ok(to_dynamic(&json!(tickets)))
    }

    /// Moves a ticket to a status, unless it stands there, and reads it again. Returns whether it was
    /// moved.
    ///
    /// Throws `refused` when its workflow has no way there now, `conflict` when it stands somewhere else
    /// afterwards, and what `ticket` throws.
    /// Calls `GET /rest/api/2/issue/{key}` and `POST /rest/api/2/issue/{key}/transitions`.
    #[rhai_fn(return_raw)]
    pub fn move_to(
        context: NativeCallContext,
        key: &str,
        status: &str,
    ) -> Result<bool, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let moved = session.call_from_script(
            "jira.move_to",
            json!({"key": key, "status": status}),
            true,
            client.move_to(key, status),
        )?;
        Ok(moved != Moved::WasThere)
    }

    /// Gives a ticket to the person with this e-mail address, unless it is theirs. Returns whether it
    /// was given.
    ///
    /// Throws `not_found` when no active account shows exactly this address, and what `ticket` throws.
    /// Calls `GET /rest/api/2/user/search` and `PUT /rest/api/2/issue/{key}/assignee`.
    #[rhai_fn(return_raw)]
    pub fn assign(
        context: NativeCallContext,
        key: &str,
        address: &str,
    ) -> Result<bool, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        session.call_from_script(
            "jira.assign",
            json!({"key": key, "address": address}),
            true,
            async {
                let person = client.person(address).await?.ok_or_else(|| {
                    Error::not_found(format!("no account in Jira shows the address `{address}`"))
                        .service("jira")
                        .hint("see whether its profile hides the address")
                })?;
                client.assign(key, &person).await
            },
        )
    }

    /// Comments on a ticket, unless a comment with `token` is there. Returns whether it was written.
    ///
    /// The token stands in the comment where people do not see it; the same token never makes a second
    /// comment.
    /// Throws what `ticket` throws.
    /// Calls `GET` and `POST /rest/api/2/issue/{key}/comment`.
    #[rhai_fn(return_raw)]
    pub fn comment_once(
        context: NativeCallContext,
        key: &str,
        text: &str,
        token: &str,
    ) -> Result<bool, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        session.call_from_script(
            "jira.comment_once",
            json!({"key": key, "text": text, "token": token}),
            true,
            client.comment_once(key, text, token),
        )
    }
}
