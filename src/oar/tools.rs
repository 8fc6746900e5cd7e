//! The table of OAR tools: what each is called, what it takes, and whether it changes anything.
//!
//! Script functions, argument checks, the reference and the simulated server are made from it.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// One tool of the OAR server.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The name on the wire, such as `oar_take_ownership`.
    pub name: &'static str,
    /// What it takes, in the order scripts pass it.
    pub params: &'static [Param],
    /// The text of the reference.
    pub doc: &'static str,
    /// Whether it changes something that other people see.
    pub is_changing: bool,
    /// What its answer looks like.
    pub form: Form,
    /// Whether it is the final approval, which has a guard of its own.
    pub is_approval: bool,
}

/// One parameter of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: ParamKind,
    /// What it is when left out.
    pub default: ParamDefault,
    /// What it means.
    pub doc: &'static str,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParamKind {
    /// Text.
    Text,
    /// Yes or no.
    Flag,
}

/// What happens when a parameter is left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParamDefault {
    /// It must be given.
    Required,
    /// It may be left out and may not be sent as `null`.
    Absent,
    /// It may be left out or sent as `null`.
    Null,
    /// It is this text.
    Text(&'static str),
    /// It is this flag.
    Flag(bool),
}

/// What the answer of a tool looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// The log of a command, from which an outcome is read.
    Text,
    /// A JSON object.
    Json,
}

impl Tool {
    /// The name scripts use: without `oar_`, so `oar::take_ownership`.
    pub fn script_name(&self) -> &'static str {
        self.name.strip_prefix("oar_").unwrap_or(self.name)
    }

    /// The task it works on, or its name with dashes when it works on none.
    pub fn task(&self) -> String {
        self.script_name().replace('_', "-")
    }

    /// Returns the arguments as they go on the wire.
    ///
    /// `null` is left out, numbers become text where text is asked for. Fails with `invalid` for
    /// arguments that are unknown, missing or of another type.
    pub fn arguments(&self, given: &Value) -> Result<Map<String, Value>> {
        let empty = Map::new();
        let given = match given {
            Value::Null => &empty,
            Value::Object(given) => given,
            _ => return Err(self.wrong("the arguments must be a map")),
        };
        if let Some(name) = given
            .keys()
            .find(|name| self.params.iter().all(|param| param.name != *name))
        {
            return Err(self
                .wrong(&format!("it has no parameter `{name}`"))
                .hint(format!("it takes {}", self.signature())));
        }
        let mut arguments = Map::new();
        for param in self.params {
            let value = given.get(param.name).unwrap_or(&Value::Null);
            match self.checked(param, value)? {
                Some(value) => {
                    arguments.insert(param.name.to_owned(), value);
                }
                None if param.default == ParamDefault::Required => {
                    return Err(self
                        .wrong(&format!("`{}` is missing", param.name))
                        .hint(format!("it takes {}", self.signature())));
                }
                None => {}
            }
        }
        self.refuse_traps(&arguments)?;
        Ok(arguments)
    }

    /// Whether a call with these arguments changes something.
    pub fn changes_with(&self, arguments: &Map<String, Value>) -> bool {
        let is_dry_run = self.name == "oarctl_jira_notificator"
            && arguments.get("dry_run") == Some(&Value::Bool(true));
        self.is_changing && !is_dry_run
    }

    /// Whether a call with these arguments starts something that runs on by itself.
    pub fn triggers_with(&self, arguments: &Map<String, Value>) -> bool {
        let has = |name: &str| {
            arguments
                .get(name)
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty())
        };
        match self.name {
            "oar_image_consistency_check" => !has("job_id"),
            "oar_stage_testing" => !has("build_number"),
            "oar_push_to_cdn_staging"
            | "oar_change_advisory_status"
            | "job_run"
            | "jobctl_start_controller"
            | "jobctl_trigger_jobs_for_build"
            | "jobctl_start_aggregator" => true,
            _ => false,
        }
    }

    fn checked(&self, param: &Param, value: &Value) -> Result<Option<Value>> {
        let mistyped = |wanted: &str| self.wrong(&format!("`{}` must be {wanted}", param.name));
        match (param.kind, value) {
            (_, Value::Null) => Ok(None),
            (ParamKind::Text, Value::String(text)) => {
                let is_blank = text.trim().is_empty();
                if is_blank && param.default == ParamDefault::Required {
                    return Err(self.wrong(&format!("`{}` is empty", param.name)));
                }
                Ok((!is_blank).then(|| Value::String(text.clone())))
            }
            (ParamKind::Text, Value::Number(number)) => Ok(Some(number.to_string().into())),
            (ParamKind::Flag, Value::Bool(_)) => Ok(Some(value.clone())),
            (ParamKind::Text, _) => Err(mistyped("text")),
            (ParamKind::Flag, _) => Err(mistyped("true or false")),
        }
    }

    fn refuse_traps(&self, arguments: &Map<String, Value>) -> Result<()> {
        let is_ignored_by_the_server = self.name == "jobctl_start_controller"
            && arguments.get("trigger_prow_job") == Some(&Value::Bool(false));
        if is_ignored_by_the_server {
            return Err(self
                .wrong("`trigger_prow_job` cannot be switched off")
                .hint("the server starts the jobs all the same, so do not call it"));
        }
        Ok(())
    }

    fn signature(&self) -> String {
        let names: Vec<_> = self
            .params
            .iter()
            .map(|param| match param.default {
                ParamDefault::Required => format!("`{}`", param.name),
                _ => format!("`{}` (optional)", param.name),
            })
            .collect();
        match names.as_slice() {
            [] => "nothing".to_owned(),
            names => names.join(", "),
        }
    }

    fn wrong(&self, why: &str) -> Error {
        Error::invalid(format!("cannot call `{}`: {why}", self.name)).service("oar")
    }
}

/// Returns the tool with this name, on the wire or in scripts.
pub fn tool(name: &str) -> Result<&'static Tool> {
    TOOLS
        .iter()
        .find(|tool| tool.name == name || tool.script_name() == name)
        .ok_or_else(|| {
            Error::not_found(format!("no tool `{name}`"))
                .service("oar")
                .hint("`oar-script docs oar` lists the tools")
        })
}

const fn text(name: &'static str, default: ParamDefault, doc: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Text,
        default,
        doc,
    }
}

const fn flag(name: &'static str, default: bool, doc: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Flag,
        default: ParamDefault::Flag(default),
        doc,
    }
}

const RELEASE: Param = text("release", ParamDefault::Required, "full version, `4.20.1`");
const Y_STREAM: Param = text("release", ParamDefault::Required, "y-stream, `4.20`");
const BUILD: Param = text("build", ParamDefault::Required, "a nightly or a release");
const TASK: Param = text("task_name", ParamDefault::Required, "one of the nine tasks");
const ARCH: Param = text(
    "arch",
    ParamDefault::Text("amd64"),
    "`amd64`, `arm64`, `multi`, `ppc64le` or `s390x`",
);

const fn command(name: &'static str, params: &'static [Param], doc: &'static str) -> Tool {
    Tool {
        name,
        params,
        doc,
        is_changing: true,
        form: Form::Text,
        is_approval: false,
    }
}

const fn json(
    name: &'static str,
    is_changing: bool,
    params: &'static [Param],
    doc: &'static str,
) -> Tool {
    Tool {
        name,
        params,
        doc,
        is_changing,
        form: Form::Json,
        is_approval: false,
    }
}

/// Every tool, commands first, then the JSON tools.
pub const TOOLS: [Tool; 28] = [
    command(
        "oar_check_cve_tracker_bug",
        &[RELEASE, flag("notify", false, "tell ART in Slack")],
        "Looks for CVE tracker bugs that neither advisories nor shipment have.\n\n\
         `pass` when none is missed; `blocked` when some are: `reason` lists them and the tool has \
         opened a blocking issue.\n\
         Runs `oar check-cve-tracker-bug`.",
    ),
    command(
        "oar_image_signed_check",
        &[RELEASE],
        "Checks that the release payload is signed.\n\n\
         `pass` when the signature is on the mirror; `waiting` while the digest or the signature is \
         not there yet.\n\
         Runs `oar image-signed-check`, which may take eight minutes.",
    ),
    command(
        "oar_image_consistency_check",
        &[
            RELEASE,
            text("job_id", ParamDefault::Absent, "the Prow job to look at"),
        ],
        "Starts the image consistency job, or looks at the one with `job_id`.\n\n\
         `in_progress` with `remote` (`prow-job`) while it runs. Without `job_id` a job is started, so \
         look at what is recorded first.\n\
         Runs `oar image-consistency-check [-i JOB_ID]`.",
    ),
    command(
        "oar_stage_testing",
        &[
            RELEASE,
            text(
                "build_number",
                ParamDefault::Absent,
                "the Jenkins build to look at",
            ),
        ],
        "Starts the stage pipeline, or looks at the build with `build_number`.\n\n\
         `in_progress` with `remote` (`jenkins-build` or `jenkins-queue-item`); `waiting` when the \
         stage release is not ready or the queue is busy, and then nothing was started.\n\
         Runs `oar stage-testing [-n BUILD_NUMBER]`.",
    ),
    command(
        "oar_create_test_report",
        &[RELEASE],
        "Creates the StateBox of a release; one that exists is kept.\n\n\
         `pass` with `link`.\n\
         Runs `oar create-test-report`.",
    ),
    command(
        "oar_take_ownership",
        &[
            RELEASE,
            text("email", ParamDefault::Required, "the new owner's address"),
        ],
        "Makes somebody the owner of advisories, merge request and Jira subtasks.\n\n\
         Throws `invalid` without an address.\n\
         Runs `oar take-ownership -e EMAIL`.",
    ),
    command(
        "oar_push_to_cdn_staging",
        &[RELEASE],
        "Pushes the advisories to CDN staging and looks how far the pushes are.\n\n\
         `in_progress` until every push is complete; calling it again looks again and repeats pushes \
         that failed.\n\
         Runs `oar push-to-cdn-staging`.",
    ),
    Tool {
        is_approval: true,
        ..command(
            "oar_change_advisory_status",
            &[RELEASE],
            "Approves the release: merge request, advisories, Jira subtasks.\n\n\
             `in_progress` with `remote` (`checker`) when it is scheduled for the moment the payload \
             metadata is public; the end then appears in the state store only.\n\
             Throws `refused` while a required task is not passed.\n\
             Runs `oar change-advisory-status`.",
        )
    },
    command(
        "oarctl_start_release_detector",
        &[Y_STREAM],
        "Looks once for a new z-stream release and creates its StateBox.\n\n\
         The server reports no details.\n\
         Runs `oarctl start-release-detector -r Y_STREAM`.",
    ),
    command(
        "oarctl_jira_notificator",
        &[
            flag("dry_run", false, "only look"),
            text("from_date", ParamDefault::Null, "`YYYY-MM-DD`"),
        ],
        "Reminds the people of bugs that wait for verification.\n\n\
         Runs `oarctl jira-notificator`.",
    ),
    command(
        "job_run",
        &[
            text("job_name", ParamDefault::Required, "the Prow job"),
            text("payload", ParamDefault::Required, "the pull spec to test"),
        ],
        "Starts a Prow job with a payload.\n\n\
         `in_progress` with `remote` (`prow-job`).\n\
         Runs `job run JOB_NAME --payload PAYLOAD`.",
    ),
    command(
        "jobctl_start_controller",
        &[
            Y_STREAM,
            flag("nightly", true, "nightlies rather than releases"),
            flag("trigger_prow_job", true, "cannot be switched off"),
            ARCH,
        ],
        "Looks once for a new build and starts its test jobs.\n\n\
         The server reports no details.\n\
         Runs `jobctl start-controller`.",
    ),
    command(
        "jobctl_trigger_jobs_for_build",
        &[BUILD, ARCH],
        "Starts the test jobs of a build.\n\n\
         The server reports no details.\n\
         Runs `jobctl trigger-jobs-for-build`.",
    ),
    command(
        "jobctl_start_aggregator",
        &[ARCH],
        "Aggregates the test results of all builds once.\n\n\
         The server reports no details.\n\
         Runs `jobctl start-aggregator`.",
    ),
    command(
        "jobctl_promote_test_results",
        &[BUILD, ARCH],
        "Marks the test results of a build as promoted by hand.\n\n\
         Runs `jobctl promote-test-results`.",
    ),
    command(
        "jobctl_update_retried_job_run",
        &[
            BUILD,
            text("job_name", ParamDefault::Required, "the Prow job"),
            text(
                "current_job_id",
                ParamDefault::Required,
                "the run in the file",
            ),
            text(
                "new_job_id",
                ParamDefault::Required,
                "the run that replaces it",
            ),
            ARCH,
        ],
        "Replaces a run in the test results by its repetition.\n\n\
         Runs `jobctl update-retried-job-run`.",
    ),
    json(
        "oar_get_release_metadata",
        false,
        &[RELEASE],
        "Returns what ART says about a release.\n\n\
         `advisories` (map of kind to number), `jira_ticket`, `candidate_builds` (map of architecture \
         to nightly), `shipment_mr` (empty for an Errata release), `release_date` (`2027-Mar-04`).\n\
         Throws `not_found` when there is no such release.",
    ),
    json(
        "oar_is_release_shipped",
        false,
        &[RELEASE],
        "Returns whether QE is done with a release: `shipped` (bool), `flow_type`, `details` (map).\n\n\
         A closed merge request is reported as merged, so do not rely on it alone.",
    ),
    json(
        "oar_get_release_status",
        false,
        &[RELEASE],
        "Returns the status of a release.\n\n\
         With a StateBox its whole document (`tasks` and `issues` are arrays); without one the sheet's \
         statuses (`source` is `worksheet`, `tasks` is a map).\n\
         Throws `not_found` when there is neither.",
    ),
    json(
        "oar_update_task_status",
        true,
        &[
            RELEASE,
            TASK,
            text(
                "status",
                ParamDefault::Required,
                "`Pass`, `Fail` or `In Progress`",
            ),
            text("result", ParamDefault::Null, "the text to keep"),
        ],
        "Sets the status of a task: `updated_systems` says where.\n\n\
         Throws `invalid` when nothing was written, and is ambiguous when only a part was.",
    ),
    json(
        "oar_add_issue",
        true,
        &[
            RELEASE,
            text("issue", ParamDefault::Required, "at most 1000 characters"),
            flag("blocker", true, "whether it blocks"),
            text("related_tasks", ParamDefault::Null, "comma separated"),
        ],
        "Adds an issue and returns it under `issue`; one that exists comes back unchanged.\n\n\
         Throws `invalid` when a task has an unresolved blocker already.",
    ),
    json(
        "oar_resolve_issue",
        true,
        &[
            RELEASE,
            text("issue", ParamDefault::Required, "the text or a part of it"),
            text("resolution", ParamDefault::Required, "how"),
        ],
        "Resolves an issue and returns it under `issue`.\n\n\
         Throws `invalid` when none or several match.",
    ),
    json(
        "oar_get_issues",
        false,
        &[
            RELEASE,
            flag("unresolved_only", false, "leave out resolved ones"),
            flag("blockers_only", false, "leave out what does not block"),
            text("task_name", ParamDefault::Null, "only those of a task"),
        ],
        "Returns the issues of a release: `count`, `issues`, `filters`.",
    ),
    json(
        "oar_get_task_blocker",
        false,
        &[RELEASE, TASK],
        "Returns what blocks a task: `blocked` (bool), `blocker` (map or `()`).\n\n\
         Blockers of the whole release are not among them.",
    ),
    json(
        "discover_active_releases",
        false,
        &[],
        "Returns the latest release of every y-stream under `releases`.",
    ),
    json(
        "mcp_cache_stats",
        false,
        &[],
        "Returns what the server keeps of ART's data, which may be a week old.",
    ),
    json(
        "mcp_cache_invalidate",
        false,
        &[text("release", ParamDefault::Null, "all when left out")],
        "Makes the server read ART's data anew.",
    ),
    json(
        "mcp_cache_warm",
        false,
        &[text("releases", ParamDefault::Required, "comma separated")],
        "Makes the server read ART's data of releases beforehand.",
    ),
];
