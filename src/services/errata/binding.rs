//! The functions scripts see under `errata::`.

use std::{future::Future, sync::Arc};

use rhai::{Array, Module, exported_module, plugin::*};
use serde::Serialize;
use serde_json::{Value, json};

use super::Client;
use crate::{
    call::{Session, to_script},
    error::{Error, Result},
    value::to_dynamic,
};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Array, Dynamic, EvalAltResult, NativeCallContext};
    use serde_json::json;

    use super::{Asked, number, texts};

    /// Returns the advisory with this number.
    ///
    /// A map: `id` (int), `type` (`"RHSA"`, `"RHBA"` or `"RHEA"`), `state` (such as `"QE"`), `name`,
    /// `synopsis` (text), `jira_issues`, `cves` (arrays of text), `bugs`, `blocking_advisories`,
    /// `dependent_advisories` (arrays of ints), `is_docs_approved`, `is_docs_requested` (bool),
    /// `security_approved` (bool, or `()` when nobody asked).
    /// Throws `not_found` when there is no such advisory, `denied` without a Kerberos ticket.
    /// Calls `GET /api/v1/erratum/{id}`.
    #[rhai_fn(return_raw)]
    pub fn advisory(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        asked.reads("advisory", arguments, asked.client.advisory(id))
    }

    /// Returns who an advisory belongs to.
    ///
    /// A map: `qa_owner`, `package_owner`, `qe_group` (text or `()`), `product`, `release` (text).
    /// Throws `not_found` when there is no such advisory. Calls `GET /advisory/{id}.json`.
    #[rhai_fn(return_raw)]
    pub fn people(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        asked.reads("people", arguments, asked.client.people(id))
    }

    /// Returns the builds of an advisory: a map from product version to an array of names.
    ///
    /// Throws `not_found` when there is no such advisory. Calls `GET /advisory/{id}/builds.json`.
    #[rhai_fn(return_raw)]
    pub fn builds(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        asked.reads("builds", arguments, asked.client.builds(id))
    }

    /// Returns every push job an advisory ever had.
    ///
    /// An array of maps: `id` (int, later ones are higher), `status` (`"QUEUED"`, `"READY"`,
    /// `"RUNNING"`, `"WAITING_ON_PUB"`, `"COMPLETE"`, `"FAILED"`), `target` (such as `"cdn_stage"`).
    /// Throws `not_found` when there is no such advisory. Calls `GET /api/v1/erratum/{id}/push`.
    #[rhai_fn(return_raw)]
    pub fn push_jobs(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        asked.reads("push_jobs", arguments, asked.client.push_jobs(id))
    }

    /// Returns the active results of an advisory's container checks.
    ///
    /// An array of maps: `id` (int), `status` (`"PASSED"`, `"WAIVED"`, `"PENDING"`, `"FAILED"` or
    /// `"INELIGIBLE"`), `nvr` (text or `()`).
    /// Calls `GET /api/v1/external_tests/` page by page.
    #[rhai_fn(return_raw)]
    pub fn external_tests(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        asked.reads("external_tests", arguments, asked.client.external_tests(id))
    }

    /// Returns the overall grade of an advisory's containers, `"A"` to `"F"`.
    ///
    /// Throws `invalid` when the page shows none. Calls `GET /errata/container/{id}`.
    #[rhai_fn(return_raw)]
    pub fn container_grade(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        asked.reads(
            "container_grade",
            arguments,
            asked.client.container_grade(id),
        )
    }

    /// Returns the advisories that hold a Jira issue; an empty array when none does.
    ///
    /// Maps: `id` (int), `advisory_name`, `type`, `status` (text).
    /// Calls `GET /jira_issues/{key}/advisories.json`.
    #[rhai_fn(return_raw)]
    pub fn advisories_of(
        context: NativeCallContext,
        key: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let asked = Asked::by(&context)?;
        let arguments = json!({"key": key});
        asked.reads("advisories_of", arguments, asked.client.advisories_of(key))
    }

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
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        asked.reads(
            "security_alerts",
            arguments,
            asked.client.security_alerts(id),
        )
    }

    /// Lets the tool compute the security alerts anew, and returns them as `security_alerts` does.
    ///
    /// An error means that nobody knows whether something blocks: do not go on as if nothing did.
    /// Calls `GET /api/v1/erratum/{id}` and `POST /api/v1/erratum/{id}/security_alerts/refresh`.
    #[rhai_fn(return_raw)]
    pub fn refresh_security_alerts(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        let call = asked.client.refresh_security_alerts(id);
        asked.changes("refresh_security_alerts", arguments, call)
    }

    /// Makes the person with this address the QA owner; returns whether that changed anything.
    ///
    /// Throws `invalid` when the address is none or of nobody the tool knows.
    /// Calls `GET /advisory/{id}.json` and `PUT /api/v1/erratum/{id}`.
    #[rhai_fn(return_raw)]
    pub fn set_owner(
        context: NativeCallContext,
        advisory: i64,
        email: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory, "email": email});
        asked.changes("set_owner", arguments, asked.client.set_owner(id, email))
    }

    /// Takes Jira issues off an advisory; returns the keys of those that were on it.
    ///
    /// Docs must approve the advisory anew after this.
    /// Calls `GET /api/v1/erratum/{id}` and `POST /api/v1/erratum/{id}/remove_jira_issue`.
    #[rhai_fn(return_raw)]
    pub fn drop_jira_issues(
        context: NativeCallContext,
        advisory: i64,
        keys: Array,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let keys = texts(keys)?;
        let arguments = json!({"advisory": advisory, "keys": keys});
        let call = asked.client.drop_jira_issues(id, &keys);
        asked.changes("drop_jira_issues", arguments, call)
    }

    /// Asks for approval of an advisory's text. Calls `PUT /api/v1/erratum/{id}`.
    #[rhai_fn(return_raw)]
    pub fn request_docs_approval(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        let call = asked.client.request_docs_approval(id);
        asked.changes("request_docs_approval", arguments, call)
    }

    /// Asks product security for approval. Calls `PUT /api/v1/erratum/{id}`.
    #[rhai_fn(return_raw)]
    pub fn request_security_approval(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        let call = asked.client.request_security_approval(id);
        asked.changes("request_security_approval", arguments, call)
    }

    /// Pushes an advisory to staging, unless that is done or under way.
    ///
    /// A map: `end` (`"already"`, `"running"`, `"started"` or `"refused"`), with `jobs` as in
    /// `push_jobs` (`"running"`, `"started"`) or `refusal` (`"refused"`): a map of `reason`
    /// (`"dependencies"`, `"not_signed"`, `"new_files"` or `"other"`) and `text`.
    /// Throws an ambiguous error when the answer was lost; calling again looks first.
    /// Calls `GET` and `POST /api/v1/erratum/{id}/push`.
    #[rhai_fn(return_raw)]
    pub fn push_to_staging(
        context: NativeCallContext,
        advisory: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let arguments = json!({"advisory": advisory});
        let call = asked.client.push_to_staging(id);
        asked.changes("push_to_staging", arguments, call)
    }

    /// Moves an advisory of `release` to a state: `"NEW_FILES"`, `"QE"` or `"REL_PREP"`.
    ///
    /// This is part of final approval, so the host refuses it while the release may not be approved.
    /// A map: `end` (`"already"`, `"now"` or `"refused"`), `state` (where the advisory stands), and for
    /// `"refused"` `refusal` as in `push_to_staging`.
    /// Throws `invalid` for an unknown state, `refused` while a rule holds approval back.
    /// Calls `GET /api/v1/erratum/{id}` and `POST /api/v1/erratum/{id}/change_state`.
    #[rhai_fn(return_raw)]
    pub fn change_state(
        context: NativeCallContext,
        release: &str,
        advisory: i64,
        state: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (asked, id) = (Asked::by(&context)?, number(advisory)?);
        let to = state.parse().map_err(crate::call::to_script)?;
        let arguments = json!({"release": release, "advisory": advisory, "state": state});
        asked.changes("change_state", arguments, asked.client.move_to(id, to))
    }
}

type Thrown = Box<EvalAltResult>;

/// One call from a script.
struct Asked {
    session: Session,
    client: Arc<Client>,
}

impl Asked {
    fn by(context: &NativeCallContext) -> Result<Self, Thrown> {
        let session = Session::of(context)?;
        let client = session.get::<Client>().map_err(to_script)?;
        Ok(Self { session, client })
    }

    fn reads<T: Serialize>(
        &self,
        method: &str,
        arguments: Value,
        call: impl Future<Output = Result<T>>,
    ) -> Result<Dynamic, Thrown> {
        self.calls(method, arguments, false, call)
    }

    fn changes<T: Serialize>(
        &self,
        method: &str,
        arguments: Value,
        call: impl Future<Output = Result<T>>,
    ) -> Result<Dynamic, Thrown> {
        self.calls(method, arguments, true, call)
    }

    fn calls<T: Serialize>(
        &self,
        method: &str,
        arguments: Value,
        is_changing: bool,
        call: impl Future<Output = Result<T>>,
    ) -> Result<Dynamic, Thrown> {
        let operation = format!("errata.{method}");
        let answer = self
            .session
            .call_from_script(&operation, arguments, is_changing, call)?;
        Ok(to_dynamic(&json!(answer)))
    }
}

fn number(advisory: i64) -> Result<u64, Thrown> {
    u64::try_from(advisory).map_err(|_| {
        let message = format!("`{advisory}` is not the number of an advisory");
        to_script(Error::invalid(message).service("errata"))
    })
}

fn texts(list: Array) -> Result<Vec<String>, Thrown> {
    list.into_iter()
        .map(|value| {
            value.into_string().map_err(|kind| {
                let message = format!("the keys of issues are text, one is {kind}");
                to_script(Error::invalid(message).service("errata"))
            })
        })
        .collect()
}
