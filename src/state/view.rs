//! The state of a release as scripts see it, and what they may say about it.

use rhai::{Array, Dynamic, EvalAltResult, ImmutableString, Map, NativeCallContext};
use serde_json::{Value, json};

use super::{Kept, Snapshot};
use crate::{
    call::{Control, Session, to_script},
    error::{Error, Kind, Result},
    release::{
        TaskStatus, Version,
        statebox::{Change, Issue, StateBox},
        task::WORKFLOW_TASKS,
    },
    value::{to_dynamic, to_json},
};

type Scripted<T> = std::result::Result<T, Box<EvalAltResult>>;

/// Reads the state of a release, if it has one.
pub(super) fn snapshot(
    context: &NativeCallContext,
    name: &str,
    release: &Dynamic,
) -> Scripted<Option<Snapshot>> {
    let release = version(context, release)?;
    let session = Session::of(context)?;
    let kept = session.get::<Kept>().map_err(to_script)?;
    let arguments = json!({ "release": release });
    session.call_from_script(name, arguments, false, kept.0.read(&release))
}

/// Reads the document of a release, which must have one.
pub(super) fn document(
    context: &NativeCallContext,
    name: &str,
    release: &Dynamic,
) -> Scripted<StateBox> {
    match snapshot(context, name, release)? {
        Some(snapshot) => Ok(snapshot.document),
        None => Err(to_script(
            Error::not_found(format!("{release} has no state"))
                .hint("create it with `oar::create_test_report(release)`"),
        )),
    }
}

/// Applies a change to the freshest document of a release.
pub(super) fn change(
    context: &NativeCallContext,
    name: &str,
    release: &Dynamic,
    change: &Change,
) -> Scripted<Snapshot> {
    let release = version(context, release)?;
    let session = Session::of(context)?;
    let kept = session.get::<Kept>().map_err(to_script)?;
    let mut arguments = arguments(change);
    arguments["release"] = json!(release);
    let changes = std::slice::from_ref(change);
    session.call_from_script(name, arguments, true, kept.0.apply(&release, changes))
}

/// Sets a task. A node of a flow does not take `Pass` back, whatever its script says.
pub(super) fn set_task(
    context: &NativeCallContext,
    release: &Dynamic,
    task: &str,
    status: &str,
    result: Option<&str>,
    options: Map,
) -> Scripted<()> {
    let is_reset = Options::of(options, &["reset"])?.flag("reset", false)?;
    if let Some(node) = Control::current().node.filter(|_| is_reset) {
        return Err(to_script(
            Error::new(
                Kind::Refused,
                format!("the node `{node}` may not reset `{task}`"),
            )
            .hint("that a task is done again is a person's word: run a script of its own for it"),
        ));
    }
    let wanted = Change::SetTask {
        name: task.to_owned(),
        status: status.parse::<TaskStatus>().map_err(to_script)?,
        result: result.map(str::to_owned),
        started_at: None,
        completed_at: None,
        is_reset,
    };
    change(context, "statebox.set_task", release, &wanted).map(|_| ())
}

/// A snapshot as a map.
pub(super) fn state(snapshot: &Snapshot) -> Dynamic {
    let document = snapshot.document.to_json();
    let mut tasks: serde_json::Map<String, Value> = WORKFLOW_TASKS
        .iter()
        .map(|name| {
            let untouched = json!({
                "status": TaskStatus::NotStarted.word(),
                "started_at": null,
                "completed_at": null,
                "result": null,
            });
            ((*name).to_owned(), untouched)
        })
        .collect();
    for task in snapshot.document.tasks() {
        let entry = json!({
            "status": task.status.word(),
            "started_at": task.started_at,
            "completed_at": task.completed_at,
            "result": task.result,
        });
        tasks.insert(task.name.clone(), entry);
    }
    to_dynamic(&json!({
        "tasks": tasks,
        "issues": document["issues"],
        "metadata": document["metadata"],
        "created_at": snapshot.document.created_at(),
        "updated_at": snapshot.document.updated_at(),
        "revision": snapshot.revision,
        "link": snapshot.link,
        "is_limited": snapshot.is_limited,
    }))
}

/// The issues that are wanted, with all their keys.
pub(super) fn issues(document: &StateBox, is_wanted: impl Fn(&Issue) -> bool) -> Array {
    let json = document.to_json();
    let entries = json["issues"].as_array().into_iter().flatten();
    entries
        .zip(document.issues())
        .filter(|(_, issue)| is_wanted(issue))
        .map(|(entry, _)| to_dynamic(entry))
        .collect()
}

/// The options of a function: a map with keys from a closed list.
pub(super) struct Options {
    given: Map,
}

impl Options {
    /// Takes options. Fails with `invalid` for one that nobody knows.
    pub fn of(given: Map, known: &[&str]) -> Scripted<Self> {
        match given.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(to_script(
                Error::invalid(format!("there is no option `{key}`"))
                    .hint(format!("the options are `{}`", known.join("`, `"))),
            )),
            None => Ok(Self { given }),
        }
    }

    /// A flag.
    pub fn flag(&self, name: &str, otherwise: bool) -> Scripted<bool> {
        match self.value(name) {
            None => Ok(otherwise),
            Some(value) => value.as_bool().map_err(|_| mistyped(name, "true or false")),
        }
    }

    /// A text.
    pub fn text(&self, name: &str) -> Scripted<Option<String>> {
        self.value(name).map(|value| text(name, value)).transpose()
    }

    /// A list of texts; empty when it was left out.
    pub fn texts(&self, name: &str) -> Scripted<Vec<String>> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        let items = value
            .read_lock::<Array>()
            .ok_or_else(|| mistyped(name, "an array of texts"))?;
        items.iter().map(|item| text(name, item)).collect()
    }

    fn value(&self, name: &str) -> Option<&Dynamic> {
        self.given.get(name).filter(|value| !value.is_unit())
    }
}

/// A map as JSON.
pub(super) fn object(entries: Map) -> Scripted<serde_json::Map<String, Value>> {
    entries
        .iter()
        .map(|(key, value)| Ok((key.to_string(), to_json(value)?)))
        .collect::<Result<_>>()
        .map_err(to_script)
}

fn text(name: &str, value: &Dynamic) -> Scripted<String> {
    let text = value.as_immutable_string_ref();
    text.map(|text| text.to_string())
        .map_err(|_| mistyped(name, "text"))
}

fn mistyped(name: &str, wanted: &str) -> Box<EvalAltResult> {
    to_script(Error::invalid(format!("`{name}` must be {wanted}")))
}

/// A release as text, or as any value whose text is its version.
fn version(context: &NativeCallContext, release: &Dynamic) -> Scripted<Version> {
    let text = match release.as_immutable_string_ref() {
        Ok(text) => text.to_string(),
        Err(_) => context
            .call_native_fn::<ImmutableString>("to_string", (release.clone(),))?
            .to_string(),
    };
    text.parse().map_err(to_script)
}

/// What permits and records see of a change.
fn arguments(change: &Change) -> Value {
    match change {
        Change::SetTask {
            name,
            status,
            result,
            is_reset,
            ..
        } => json!({"task": name, "status": status.word(), "result": result, "reset": is_reset}),
        Change::AddIssue {
            text,
            is_blocker,
            related_tasks,
        } => json!({"text": text, "blocker": is_blocker, "related_tasks": related_tasks}),
        Change::ResolveIssue { text, resolution } => {
            json!({"text": text, "resolution": resolution})
        }
        Change::PatchMetadata(entries) => json!({ "entries": entries }),
        Change::Claim { task, .. } => json!({ "task": task }),
        Change::Tell { about, .. } => json!({ "about": about }),
    }
}
