//! The rows of the table.

use super::{Form, Param, ParamDefault, ParamKind, Tool};

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
        is_on_server: true,
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
        is_on_server: true,
    }
}

/// A tool that the OAR server does not have.
const fn ours(tool: Tool) -> Tool {
    Tool {
        is_on_server: false,
        ..tool
    }
}

/// Every tool: commands, then the JSON tools, then what this program alone has.
pub const TOOLS: &[Tool] = &[
    command(
        "oar_check_cve_tracker_bug",
        &[RELEASE, flag("notify", false, "tell ART in Slack")],
        "Looks for CVE tracker bugs that neither advisories nor shipment have.\n\n\
         `pass` when none is missed; `blocked` when some are: `reason` lists them and the tool has \
         opened a blocking issue; `waiting` while another operator is at it.\n\
         In this program it searches Jira itself and needs no shipment; a shipment that was closed is \
         `blocked`. The server lets `elliott` search, and fails without an open merge request.\n\
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
         `pass` when the advisories have their owner; `reason` says what could not be told to GitLab, \
         Jira or Slack. `blocked` while the merge request is not open, `waiting` while Jira cannot be \
         reached. What is so already is left alone, so it may be called again. Advisories in `NEW_FILES` \
         get a blocking issue for the push.\n\
         Throws `invalid` without an address.\n\
         Runs `oar take-ownership -e EMAIL`.",
    ),
    command(
        "oar_push_to_cdn_staging",
        &[RELEASE],
        "Pushes the advisories to CDN staging and looks how far the pushes are.\n\n\
         `in_progress` until every push is complete; calling it again looks again and repeats pushes \
         that failed, up to three in a row. `waiting` with its `owner` while an advisory cannot be \
         pushed, `blocked` when a person must look.\n\
         Runs `oar push-to-cdn-staging`.",
    ),
    Tool {
        is_approval: true,
        ..command(
            "oar_change_advisory_status",
            &[RELEASE],
            "Approves the release: merge request, advisories, Jira subtasks.\n\n\
             `in_progress` with `remote` while production is waited for. Of kind `approval`, with the merge \
             request and its commit as identity: this program gave the approval, and the next call goes on. \
             Of kind `checker`: the OAR server goes on by itself, and the end appears in the state store \
             only. `blocked` when the merge request was closed, or pushed to after it was approved, when \
             the kernel must not ship, or when security alerts block or cannot be computed anew; then no \
             advisory was moved.\n\
             Throws `refused` while a required task is not passed.\n\
             Runs `oar change-advisory-status`.",
        )
    },
    command(
        "oarctl_start_release_detector",
        &[Y_STREAM],
        "Looks once for a new z-stream release and creates its StateBox.\n\n\
         `pass` when there is none, and with `link` when there is one and its StateBox is there; \
         `waiting` while nothing is announced or promoted, or the build data has nothing yet; `blocked` \
         when something newer is promoted than announced. The server reports no details: `pass`.\n\
         Throws `invalid` for a text that is no y-stream.\n\
         Runs `oarctl start-release-detector -r Y_STREAM`.",
    ),
    command(
        "oarctl_jira_notificator",
        &[
            flag("dry_run", false, "only look"),
            text("from_date", ParamDefault::Null, "`YYYY-MM-DD`"),
        ],
        "Reminds the people of bugs that wait for verification.\n\n\
         Once a working day: the QA contact, the contact again, the contact's manager; after that the bug \
         gets a label. `fail` names the bugs that gave trouble; the others were looked at.\n\
         Throws `invalid` for a day that is none.\n\
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
        "Returns whether QE is done with a release: `shipped` (bool), `flow_type` (`konflux` or `errata`), \
         `details` (map of text).\n\n\
         `details` has `KIND_advisory` with the state of each advisory, and of the merge request \
         `shipment_mr_status` (`merged` or `closed`) or, while it is open, `prod_release` (`success`, `not \
         yet`) and `shipment_mr_merged` (`yes`, `no`). What cannot be read is `error: …` and never counts. \
         Microshift and dropped advisories hold nothing back. The OAR server says `merged` of a closed \
         merge request too, and lets those advisories hold a release back.",
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
    ours(Tool {
        is_approval: true,
        ..command(
            "oar_add_qe_approval",
            &[RELEASE],
            "Gives the approval of QE to the shipment merge request, at the commit it ends with now.\n\n\
             `pass` when it is approved or merged, `skipped` for a release without a shipment, `blocked` for \
             one that was closed, `waiting` when it is pushed to in the same moment. Nothing else of final \
             approval is done.\n\
             Throws `refused` while a required task is not passed, `denied` when the account may not approve.\n\
             Calls `POST /projects/{p}/merge_requests/{iid}/approve`.",
        )
    }),
    ours(Tool {
        is_changing: false,
        ..command(
            "oar_check_rhcos_security_alerts",
            &[RELEASE],
            "Looks for blocking security alerts on the RHCOS advisory, as last computed.\n\n\
             Always `pass`, because they hold nothing back before final approval: `reason` names the \
             blocking ones, `owner`, `next` and `link` say who acts on them and where. A release without \
             such an advisory, and an advisory that fixes no vulnerability, have none.\n\
             Throws `not_found` when the Errata Tool does not have the advisory, `denied` without a \
             Kerberos ticket.\n\
             Calls `GET /api/v1/erratum/{id}/security_alerts`.",
        )
    }),
    ours(command(
        "oar_update_bug_list",
        &[
            RELEASE,
            flag("notify", true, "ask the QA contacts to verify"),
            flag(
                "confirm_droppable",
                false,
                "ask only about bugs of high severity, which would be dropped else",
            ),
            flag(
                "notify_managers",
                false,
                "ask the managers about CVE trackers instead",
            ),
        ],
        "Shows in the test report how far the bugs of an Errata release are, and asks people in Slack to \
         verify them.\n\n\
         `pass` when all are verified, else `in_progress`; `skipped` for a Konflux release. Every call \
         asks again, so call it as often as people should be asked.\n\
         Throws `invalid` for flags that go against each other.",
    )),
    ours(command(
        "oar_drop_bugs",
        &[RELEASE],
        "Takes bugs that are not verified off the advisories of an Errata release, except for CVE \
         trackers, and asks again for approvals that this takes back.\n\n\
         `pass` when nothing is left to drop; `blocked` when an advisory past `QE` holds such bugs; \
         `skipped` for a Konflux release. Calling it again drops what is there then.",
    )),
    ours(command(
        "oar_check_greenwave_cvp_tests",
        &[RELEASE],
        "Checks that Greenwave's container tests passed on the advisories of an Errata release.\n\n\
         `pass` when all passed or were waived, `in_progress` while some are not over, `fail` with `link` \
         to a Jira ticket, of which there is one a release; `skipped` for a Konflux release.",
    )),
];
