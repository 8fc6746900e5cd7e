//! The functions scripts see under `gitlab::`.
//!
//! A merge request is given by its address, as it stands in the metadata of a release.

use std::{future::Future, sync::Arc};

use rhai::{Dynamic, EvalAltResult, Module, NativeCallContext, exported_module, plugin::*};
use serde::Serialize;
use serde_json::{Value, json};

use super::Client;
use crate::{
    call::{Session, to_script},
    error::{Error, Result},
    release::shipment::Address,
    value::to_dynamic,
};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::{Value, json};

    use super::run;
    use crate::{
        call::to_script,
        error::Error,
        release::shipment::{Comment, Stage},
    };

    type Thrown = Box<EvalAltResult>;

    /// Returns the merge request at `address` as it stands now.
    ///
    /// A map: `iid`, `project_id` (int), `title`, `state` (`"opened"`, `"closed"`, `"merged"` or
    /// `"locked"`), `draft` (bool), `labels` (array of text), `source_branch`, `target_branch`, `sha` (the
    /// commit it ends with, or `()`), `web_url`, `merged_at` (time or `()`).
    /// Throws `not_found` when there is none, `denied` without a valid token, `invalid` for an address
    /// that is none. Calls `GET /projects/{p}/merge_requests/{iid}`.
    #[rhai_fn(return_raw)]
    pub fn merge_request(context: NativeCallContext, address: &str) -> Result<Dynamic, Thrown> {
        run(
            &context,
            "merge_request",
            address,
            json!({}),
            false,
            |client, address| async move { client.merge_request(&address).await },
        )
    }

    /// Returns what the merge request at `address` ships, read at the one commit it ends with.
    ///
    /// A map: `sha`, `state` (text), `files` (map from path to `metadata`, `stage`, `prod`, `snapshot` and
    /// `release_notes`), `unreadable` (map from path to what is wrong with the file), `issues` (map from
    /// host to array of keys), `jira_keys` (array of text, sorted), `cves` (map from CVE to array of
    /// components).
    /// Throws `conflict` when it was pushed to meanwhile; ask again then. Calls `GET …/diffs` and
    /// `GET /projects/{p}/repository/files/{path}/raw` once a file and commit.
    #[rhai_fn(return_raw)]
    pub fn shipment(context: NativeCallContext, address: &str) -> Result<Dynamic, Thrown> {
        run(
            &context,
            "shipment",
            address,
            json!({}),
            false,
            |client, address| async move {
                let (request, shipment) = client.shipment(&address).await?;
                let unreadable = shipment.unreadable.iter();
                let unreadable: serde_json::Map<String, Value> = unreadable
                    .map(|(path, error)| (path.clone(), json!(error.chain())))
                    .collect();
                Ok(json!({
                    "sha": request.sha,
                    "state": request.state,
                    "files": shipment.documents,
                    "unreadable": unreadable,
                    "issues": shipment.issues(),
                    "jira_keys": shipment.jira_keys(),
                    "cves": shipment.cves(),
                }))
            },
        )
    }

    /// Says whether the stage release of the shipment at `address` has been made.
    ///
    /// A map with `status`: `"ready"` (and `by`: `"label"` or `"pipeline"`), `"waiting"` (and `why`, `link` or
    /// `()`): nobody has to do anything, or `"blocked"` (and `why`, `owner`, `link`): a person must act.
    /// Throws as `merge_request` does. Calls `GET …/merge_requests/{iid}`; without the label also for its
    /// newest pipeline, its jobs and bridges.
    #[rhai_fn(return_raw)]
    pub fn stage_release(context: NativeCallContext, address: &str) -> Result<Dynamic, Thrown> {
        run(
            &context,
            "stage_release",
            address,
            json!({}),
            false,
            |client, address| async move { client.readiness(&address, Stage::Stage).await },
        )
    }

    /// Says whether the production release of the shipment at `address` has been made; as
    /// `stage_release` does.
    #[rhai_fn(return_raw)]
    pub fn prod_release(context: NativeCallContext, address: &str) -> Result<Dynamic, Thrown> {
        run(
            &context,
            "prod_release",
            address,
            json!({}),
            false,
            |client, address| async move { client.readiness(&address, Stage::Prod).await },
        )
    }

    /// Says how far the shipment at `address` is on its way out: `"shipped"` (merged, and nothing else),
    /// `"not_yet"`, or `"dropped"` (closed without being merged).
    ///
    /// Throws as `merge_request` does. Calls `GET …/merge_requests/{iid}`.
    #[rhai_fn(return_raw)]
    pub fn shipping(context: NativeCallContext, address: &str) -> Result<Dynamic, Thrown> {
        run(
            &context,
            "shipping",
            address,
            json!({}),
            false,
            |client, address| async move { Ok(client.merge_request(&address).await?.state.shipping()) },
        )
    }

    /// Returns the approvals of the merge request at `address`.
    ///
    /// A map: `approved_by` (array of account names), `required`, `left` (int).
    /// Throws as `merge_request` does. Calls `GET …/approvals`.
    #[rhai_fn(return_raw)]
    pub fn approvals(context: NativeCallContext, address: &str) -> Result<Dynamic, Thrown> {
        run(
            &context,
            "approvals",
            address,
            json!({}),
            false,
            |client, address| async move { client.approvals(&address).await },
        )
    }

    /// Approves the merge request at `address` for `release`, provided that it still ends with the commit
    /// `sha`; this is final approval, which the host guards.
    ///
    /// Returns `"given"`, or `"already"` when it was there. Throws `conflict` when it was pushed to
    /// meanwhile, `denied` when this account may not, `refused` while final approval is held back.
    /// Calls `GET …/approvals` and `POST …/approve`.
    #[rhai_fn(return_raw)]
    pub fn approve(
        context: NativeCallContext,
        release: &str,
        address: &str,
        sha: &str,
    ) -> Result<Dynamic, Thrown> {
        let sha = sha.to_owned();
        let more = json!({"release": release, "sha": sha});
        run(
            &context,
            "approve",
            address,
            more,
            true,
            |client, address| async move { client.approve(&address, &sha).await },
        )
    }

    /// Takes back the approval that this account gave the merge request at `address`; returns whether
    /// there was one.
    ///
    /// Throws as `merge_request` does. Calls `GET …/approvals` and `POST …/unapprove`.
    #[rhai_fn(return_raw)]
    pub fn unapprove(context: NativeCallContext, address: &str) -> Result<Dynamic, Thrown> {
        run(
            &context,
            "unapprove",
            address,
            json!({}),
            true,
            |client, address| async move { client.unapprove(&address).await },
        )
    }

    /// Names the account of the owner with this e-mail address as QE release lead on the merge request at
    /// `address`, unless the newest such comment does.
    ///
    /// Returns a map: `note` (`id`, `body`, `author`, `created_at`) and `is_new` (bool).
    /// Throws `not_found` when no account has this address. Calls `GET /users`, `GET …/notes` and
    /// `POST …/notes`.
    #[rhai_fn(return_raw)]
    pub fn name_lead(
        context: NativeCallContext,
        address: &str,
        email: &str,
    ) -> Result<Dynamic, Thrown> {
        let email = email.to_owned();
        let more = json!({"email": email});
        run(
            &context,
            "name_lead",
            address,
            more,
            true,
            |client, address| async move {
                let Some(user) = client.find_user(&email).await? else {
                    return Err(Error::not_found(format!("no account has the address `{email}`"))
                    .service("gitlab")
                    .hint("the owner signs in to GitLab once with this address, or another owner is named"));
                };
                client
                    .comment(&address, &Comment::lead(&user.username)?)
                    .await
            },
        )
    }

    /// Says `text` about `key` (such as `"4.20.1/image-health"`) on the merge request at `address`, unless
    /// the newest comment with this key says the same.
    ///
    /// Returns a map: `note` (`id`, `body`, `author`, `created_at`) and `is_new` (bool). The key goes along
    /// unseen. Throws `invalid` for a line that begins with `/`, which GitLab would carry out.
    /// Calls `GET …/notes` and `POST …/notes`.
    #[rhai_fn(return_raw)]
    pub fn comment(
        context: NativeCallContext,
        address: &str,
        key: &str,
        text: &str,
    ) -> Result<Dynamic, Thrown> {
        let comment = Comment::keyed(key, text).map_err(to_script)?;
        let more = json!({"key": key});
        run(
            &context,
            "comment",
            address,
            more,
            true,
            |client, address| async move { client.comment(&address, &comment).await },
        )
    }

    /// Adds a label to the merge request at `address`; returns all it has then, an array of text.
    ///
    /// Throws as `merge_request` does. Calls `PUT …/merge_requests/{iid}`.
    #[rhai_fn(return_raw)]
    pub fn add_label(
        context: NativeCallContext,
        address: &str,
        label: &str,
    ) -> Result<Dynamic, Thrown> {
        let label = label.to_owned();
        let more = json!({"label": label});
        run(
            &context,
            "add_label",
            address,
            more,
            true,
            |client, address| async move { client.add_labels(&address, &[&label]).await },
        )
    }
}

/// Runs one call about the merge request at `address`.
fn run<T: Serialize, F: Future<Output = Result<T>>>(
    context: &NativeCallContext,
    name: &str,
    address: &str,
    more: Value,
    is_changing: bool,
    ask: impl FnOnce(Arc<Client>, Address) -> F,
) -> std::result::Result<Dynamic, Box<EvalAltResult>> {
    let session = Session::of(context)?;
    let client = session.get::<Client>().map_err(to_script)?;
    let request: Address = address
        .parse()
        .map_err(|error: Error| to_script(error.service("gitlab")))?;
    let mut arguments = more;
    arguments["merge_request"] = json!(address);
    let operation = format!("gitlab.{name}");
    let answer =
        session.call_from_script(&operation, arguments, is_changing, ask(client, request))?;
    Ok(to_dynamic(&json!(answer)))
}
