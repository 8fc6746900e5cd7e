//! The functions scripts see under `slack::`.

use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext, exported_module, plugin::*};
use serde_json::json;

use super::{Client, Message};
use crate::{
    call::{Session, to_script},
    value::to_dynamic,
};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::json;

    use super::{
        super::{Client, Message, text},
        send,
    };
    use crate::call::{Session, to_script};

    /// Posts `text`, in Slack's markup, to `channel` (`"#name"` or its identity).
    ///
    /// A map: `channel` (its identity) and `ts` (what identifies the message in it). A second call
    /// posts a second message: let `run_once` keep it to one.
    /// Throws `not_found` for an unknown channel, `denied` without a token that may post there,
    /// `invalid` for an empty text or one of more than 40 000 characters, `busy` after too many.
    /// Calls `POST /api/chat.postMessage`.
    #[rhai_fn(return_raw)]
    pub fn post(
        context: NativeCallContext,
        channel: &str,
        text: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let message = Message {
            channel: channel.to_owned(),
            text: text.to_owned(),
            ..Message::default()
        };
        send(&context, &message)
    }

    /// Posts `text` as an answer to the message `thread` (its `ts`) of `channel`.
    ///
    /// A map as `post` returns, and the same errors.
    /// Calls `POST /api/chat.postMessage`.
    #[rhai_fn(return_raw)]
    pub fn reply(
        context: NativeCallContext,
        channel: &str,
        thread: &str,
        text: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let message = Message {
            channel: channel.to_owned(),
            text: text.to_owned(),
            thread: Some(thread.to_owned()),
            token: None,
        };
        send(&context, &message)
    }

    /// Returns the mention of the person with this e-mail address, or the address when Slack knows
    /// nobody by it.
    ///
    /// Throws `denied` without a token that may look people up.
    /// Calls `POST /api/users.lookupByEmail`, once for an address.
    #[rhai_fn(return_raw)]
    pub fn mention(
        context: NativeCallContext,
        address: &str,
    ) -> Result<String, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let user = session.call_from_script(
            "slack.mention",
            json!({"address": address}),
            false,
            client.user_by_email(address),
        )?;
        Ok(user.map_or_else(|| address.to_owned(), |user| text::user(&user.id)))
    }

    /// Returns the mention of the user group with this handle, such as `"4.20-qe-leads"`.
    ///
    /// Throws `not_found` when there is none, `denied` without a token that may list groups.
    /// Calls `POST /api/usergroups.list`, once.
    #[rhai_fn(return_raw)]
    pub fn mention_group(
        context: NativeCallContext,
        handle: &str,
    ) -> Result<String, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        let group = session.call_from_script(
            "slack.mention_group",
            json!({"handle": handle}),
            false,
            client.group(handle),
        )?;
        Ok(text::group(&group.id))
    }

    /// Returns a link in Slack's markup. Calls nothing.
    pub fn link(address: &str, label: &str) -> String {
        text::link(address, label)
    }

    /// Returns `text` with the characters that have a meaning in Slack's markup made harmless. Calls
    /// nothing.
    pub fn plain(text: &str) -> String {
        text::escaped(text)
    }
}

/// Posts a message through the one way out.
fn send(context: &NativeCallContext<'_>, message: &Message) -> Result<Dynamic, Box<EvalAltResult>> {
    let session = Session::of(context)?;
    let client = session.get::<Client>().map_err(to_script)?;
    let posted = session.call_from_script(
        "slack.post",
        json!({"channel": message.channel, "text": message.text, "thread": message.thread}),
        true,
        client.post(message),
    )?;
    Ok(to_dynamic(&json!(posted)))
}
