//! From a tool's name to what it does: schemas, argument checks, faults, the record of calls.

use serde_json::{Map, Value, json};

use super::{checker, command, data, finished::Finished, issues, jobs, outside::Outside};

/// How a call is answered.
pub(super) enum Reply {
    /// By a result.
    Result(Value),
    /// By this HTTP status alone.
    Status(axum::http::StatusCode),
    /// By a web page.
    Page,
    /// By a connection that breaks.
    Nothing,
}

/// What a tool came to.
pub(super) enum Work {
    /// A command of a program that has ended.
    Command(Finished),
    /// A JSON document as text.
    Document(String),
}

/// One tool as the server lists it: name, parameters, and whether it runs a command.
struct Entry {
    name: &'static str,
    params: &'static [Parameter],
}

type Parameter = (&'static str, Kind);

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Text that must be given.
    Required,
    /// Text with this default.
    Text(&'static str),
    /// Text that may be left out, but not be null.
    Absent,
    /// Text or null.
    Nullable,
    /// A flag with this default.
    Flag(bool),
}

const RELEASE: Parameter = ("release", Kind::Required);
const ARCH: Parameter = ("arch", Kind::Text("amd64"));

const ENTRIES: [Entry; 28] = [
    entry(
        "oar_check_cve_tracker_bug",
        &[RELEASE, ("notify", Kind::Flag(false))],
    ),
    entry("oar_image_signed_check", &[RELEASE]),
    entry(
        "oar_image_consistency_check",
        &[RELEASE, ("job_id", Kind::Absent)],
    ),
    entry(
        "oar_stage_testing",
        &[RELEASE, ("build_number", Kind::Absent)],
    ),
    entry("oar_create_test_report", &[RELEASE]),
    entry("oar_take_ownership", &[RELEASE, ("email", Kind::Required)]),
    entry("oar_push_to_cdn_staging", &[RELEASE]),
    entry("oar_change_advisory_status", &[RELEASE]),
    entry("oarctl_start_release_detector", &[RELEASE]),
    entry(
        "oarctl_jira_notificator",
        &[
            ("dry_run", Kind::Flag(false)),
            ("from_date", Kind::Nullable),
        ],
    ),
    entry(
        "job_run",
        &[("job_name", Kind::Required), ("payload", Kind::Required)],
    ),
    entry(
        "jobctl_start_controller",
        &[
            RELEASE,
            ("nightly", Kind::Flag(true)),
            ("trigger_prow_job", Kind::Flag(true)),
            ARCH,
        ],
    ),
    entry(
        "jobctl_trigger_jobs_for_build",
        &[("build", Kind::Required), ARCH],
    ),
    entry("jobctl_start_aggregator", &[ARCH]),
    entry(
        "jobctl_promote_test_results",
        &[("build", Kind::Required), ARCH],
    ),
    entry(
        "jobctl_update_retried_job_run",
        &[
            ("build", Kind::Required),
            ("job_name", Kind::Required),
            ("current_job_id", Kind::Required),
            ("new_job_id", Kind::Required),
            ARCH,
        ],
    ),
    entry("oar_get_release_metadata", &[RELEASE]),
    entry("oar_is_release_shipped", &[RELEASE]),
    entry("oar_get_release_status", &[RELEASE]),
    entry(
        "oar_update_task_status",
        &[
            RELEASE,
            ("task_name", Kind::Required),
            ("status", Kind::Required),
            ("result", Kind::Nullable),
        ],
    ),
    entry(
        "oar_add_issue",
        &[
            RELEASE,
            ("issue", Kind::Required),
            ("blocker", Kind::Flag(true)),
            ("related_tasks", Kind::Nullable),
        ],
    ),
    entry(
        "oar_resolve_issue",
        &[
            RELEASE,
            ("issue", Kind::Required),
            ("resolution", Kind::Required),
        ],
    ),
    entry(
        "oar_get_issues",
        &[
            RELEASE,
            ("unresolved_only", Kind::Flag(false)),
            ("blockers_only", Kind::Flag(false)),
            ("task_name", Kind::Nullable),
        ],
    ),
    entry(
        "oar_get_task_blocker",
        &[RELEASE, ("task_name", Kind::Required)],
    ),
    entry("discover_active_releases", &[]),
    entry("mcp_cache_stats", &[]),
    entry("mcp_cache_invalidate", &[("release", Kind::Nullable)]),
    entry("mcp_cache_warm", &[("releases", Kind::Required)]),
];

const fn entry(name: &'static str, params: &'static [Parameter]) -> Entry {
    Entry { name, params }
}

/// The tools as the server lists them.
pub(super) fn listing() -> Value {
    ENTRIES.iter().map(listed).collect()
}

/// Answers one call.
pub(super) async fn call(outside: &Outside, params: &Value) -> Reply {
    checker::settle(outside).await;
    let name = params["name"].as_str().unwrap_or_default();
    let Some(entry) = ENTRIES.iter().find(|entry| entry.name == name) else {
        return Reply::Result(refused(&format!("Unknown tool: {name}")));
    };
    outside.count(&["oar", "requests", name]);
    let arguments = match checked(entry, &params["arguments"]) {
        Ok(arguments) => arguments,
        Err(problem) => {
            return Reply::Result(refused(&format!(
                "1 validation error for call[{name}]\n{problem}"
            )));
        }
    };
    let kind = fault(outside, name);
    match kind.as_str() {
        "refused" | "reset" => return Reply::Nothing,
        "html" => return Reply::Page,
        "garbage" => return Reply::Result(answer("\u{fffd}\u{0}%%garbage%%")),
        "empty" => return Reply::Result(answer("")),
        _ => {}
    }
    if let Some(status) = kind
        .strip_prefix("status:")
        .and_then(|code| code.parse::<u16>().ok())
        .and_then(|code| axum::http::StatusCode::from_u16(code).ok())
    {
        return Reply::Status(status);
    }
    let text = match run(outside, name, &arguments).await {
        Work::Command(finished) => finished.answer(),
        Work::Document(text) => text,
    };
    if kind == "timeout" {
        return Reply::Nothing;
    }
    Reply::Result(answer(&text))
}

/// Takes the fault that a call of this tool meets, empty when there is none. One of those that show
/// inside of a command waits for it there.
pub(super) fn fault(outside: &Outside, name: &str) -> String {
    let fault = outside.state().fault("oar", name);
    let kind = fault.map(|fault| fault.kind).unwrap_or_default();
    for (service, operation) in [
        ("slack_down", ("slack", "post")),
        ("exception", ("oar", "")),
    ] {
        if kind == service {
            let operation = match operation {
                ("oar", _) => ("oar", format!("{name}:exception")),
                (service, operation) => (service, operation.to_owned()),
            };
            arm(outside, operation.0, &operation.1);
        }
    }
    kind
}

/// Carries a tool out.
pub(super) async fn run(outside: &Outside, name: &str, arguments: &Map<String, Value>) -> Work {
    if is_changing(name) {
        outside.append(
            &["oar", "calls"],
            json!({"at": outside.now().to_string(), "tool": name, "arguments": arguments}),
        );
    }
    match name {
        "oar_get_release_metadata"
        | "oar_is_release_shipped"
        | "oar_get_release_status"
        | "oar_update_task_status"
        | "discover_active_releases"
        | "mcp_cache_stats"
        | "mcp_cache_invalidate"
        | "mcp_cache_warm" => Work::Document(data::run(outside, name, arguments).await),
        "oar_add_issue" | "oar_resolve_issue" | "oar_get_issues" | "oar_get_task_blocker" => {
            Work::Document(issues::run(outside, name, arguments).await)
        }
        _ if name.starts_with("oar_") => {
            Work::Command(command::run(outside, name, arguments).await)
        }
        _ => Work::Command(jobs::run(outside, name, arguments).await),
    }
}

fn is_changing(name: &str) -> bool {
    !matches!(
        name,
        "oar_get_release_metadata"
            | "oar_is_release_shipped"
            | "oar_get_release_status"
            | "oar_get_issues"
            | "oar_get_task_blocker"
            | "discover_active_releases"
            | "mcp_cache_stats"
            | "mcp_cache_invalidate"
            | "mcp_cache_warm"
    )
}

/// Makes the next use of a service fail once.
fn arm(outside: &Outside, service: &str, operation: &str) {
    let armed = outside.state().change(|stored| {
        stored.faults.push(crate::sim::state::Fault {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind: "down".to_owned(),
            times: 1,
            after: 0,
        });
    });
    if let Err(error) = armed {
        tracing::warn!("the fault is not on disk: {}", error.chain());
    }
}

fn checked(entry: &Entry, given: &Value) -> Result<Map<String, Value>, String> {
    let empty = Map::new();
    let given = given.as_object().unwrap_or(&empty);
    let mut arguments = Map::new();
    for (name, kind) in entry.params {
        let value = match (given.get(*name), kind) {
            (None, Kind::Required) => {
                return Err(format!(
                    "{name}\n  Missing required argument [type=missing_argument, input_value={{}}, input_type=dict]"
                ));
            }
            (None, Kind::Text(text)) => json!(text),
            (None, Kind::Flag(flag)) => json!(flag),
            (None, Kind::Absent | Kind::Nullable) => continue,
            (Some(Value::Null), Kind::Nullable) => continue,
            (Some(value), Kind::Flag(_)) => flag(name, value)?,
            (Some(Value::String(text)), _) => json!(text),
            (Some(value), _) => {
                return Err(format!(
                    "{name}\n  Input should be a valid string [type=string_type, input_value={value}, input_type={}]",
                    python_type(value)
                ));
            }
        };
        arguments.insert((*name).to_owned(), value);
    }
    if let Some(name) = given
        .keys()
        .find(|name| entry.params.iter().all(|(known, _)| known != name))
    {
        return Err(format!(
            "{name}\n  Unexpected keyword argument [type=unexpected_keyword_argument, input_value={}, input_type={}]",
            given[name],
            python_type(&given[name])
        ));
    }
    Ok(arguments)
}

fn flag(name: &str, value: &Value) -> Result<Value, String> {
    let word = value.as_str().map(str::to_lowercase);
    match (value, word.as_deref()) {
        (Value::Bool(_), _) => Ok(value.clone()),
        (_, Some("true" | "yes" | "on" | "1")) => Ok(json!(true)),
        (_, Some("false" | "no" | "off" | "0")) => Ok(json!(false)),
        _ => Err(format!(
            "{name}\n  Input should be a valid boolean [type=bool_type, input_value={value}, input_type={}]",
            python_type(value)
        )),
    }
}

fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

fn answer(text: &str) -> Value {
    json!({
        "content": [{"type": "text", "text": text}],
        "structuredContent": {"result": text},
        "isError": false,
    })
}

fn refused(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}], "isError": true})
}

fn listed(entry: &Entry) -> Value {
    let properties: Map<String, Value> = entry
        .params
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), schema(kind)))
        .collect();
    let required: Vec<_> = entry
        .params
        .iter()
        .filter(|(_, kind)| *kind == Kind::Required)
        .map(|(name, _)| *name)
        .collect();
    let mut input = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        input["required"] = json!(required);
    }
    json!({
        "name": entry.name,
        "description": format!("Runs {} of the release tools.", entry.name.replace('_', " ")),
        "inputSchema": input,
        "outputSchema": {
            "type": "object",
            "properties": {"result": {"type": "string"}},
            "required": ["result"],
            "x-fastmcp-wrap-result": true,
        },
    })
}

fn schema(kind: &Kind) -> Value {
    match kind {
        Kind::Required => json!({"type": "string"}),
        Kind::Text(text) => json!({"type": "string", "default": text}),
        Kind::Absent => json!({"type": "string", "default": null}),
        Kind::Nullable => json!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": null}),
        Kind::Flag(flag) => json!({"type": "boolean", "default": flag}),
    }
}
