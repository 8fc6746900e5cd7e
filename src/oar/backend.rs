//! Where tools run: behind one trait, chosen by whoever builds the host.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    cli,
    outcome::{Attempt, Judgement, classify},
    routed::Place,
    tools::{Form, Tool, tool},
};
use crate::{
    error::{Error, Kind, Result},
    release::Outcome,
    world::BoxFuture,
};

/// A place that runs tools.
pub trait Backend: Send + Sync {
    /// Runs a tool with arguments that were checked.
    fn run<'a>(
        &'a self,
        tool: &'static Tool,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'a, Result<Ran>>;

    /// Where a tool runs; `None` when it runs nowhere, or nobody knows.
    fn place(&self, _tool: &Tool) -> Option<Place> {
        None
    }
}

/// What a backend returns of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// The text, as the Python tool would write it.
    pub text: String,
    /// What came of it, when the backend knows it from facts; else it is read from the text.
    pub outcome: Option<Outcome>,
}

impl From<String> for Ran {
    fn from(text: String) -> Self {
        Self {
            text,
            outcome: None,
        }
    }
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The tool.
    pub tool: &'static str,
    /// The text as it came.
    pub text: String,
    /// What it means, for tools that answer with a log.
    pub outcome: Option<Outcome>,
    /// Where the attempt stands, for tools that answer with a log.
    pub attempt: Option<Attempt>,
    /// The document, for tools that answer with one.
    pub json: Option<Value>,
}

/// The OAR tools as the rest of the host sees them: a part of the session.
#[derive(Clone)]
pub struct Oar {
    backend: Arc<dyn Backend>,
}

impl Oar {
    /// Makes tools that run on `backend`.
    pub fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend }
    }

    /// Where a tool runs by its name; `None` when it runs nowhere, or nobody knows.
    ///
    /// Fails with `not_found` when there is no such tool.
    pub fn place(&self, name: &str) -> Result<Option<Place>> {
        Ok(self.backend.place(tool(name)?))
    }

    /// Calls a tool by its name, on the wire or in scripts.
    ///
    /// Fails with `invalid` for wrong arguments and for answers that report an error. An error that
    /// is ambiguous means that the change may have happened.
    pub async fn call(&self, name: &str, arguments: &Value) -> Result<Answer> {
        let tool = tool(name)?;
        let arguments = tool.arguments(arguments)?;
        let is_trigger = tool.triggers_with(&arguments);
        let is_changing = tool.changes_with(&arguments);
        let Ran { text, outcome } = self.backend.run(tool, arguments).await?;
        match tool.form {
            Form::Text => {
                let mut judgement = match outcome {
                    Some(outcome) => Judgement::of(outcome, is_trigger),
                    None => classify(tool, is_trigger, &text),
                };
                if self.backend.place(tool) == Some(Place::Cli) {
                    cli::reword(&mut judgement.outcome);
                }
                Ok(Answer {
                    tool: tool.name,
                    text,
                    outcome: Some(judgement.outcome),
                    attempt: Some(judgement.attempt),
                    json: None,
                })
            }
            Form::Json => {
                let json = document(tool, is_changing, &text)?;
                Ok(Answer {
                    tool: tool.name,
                    text,
                    outcome: None,
                    attempt: None,
                    json: Some(json),
                })
            }
        }
    }
}

impl fmt::Debug for Oar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Oar")
    }
}

/// Reads the document of a JSON tool, with its own ways to report an error.
fn document(tool: &Tool, is_changing: bool, text: &str) -> Result<Value> {
    let failed = |kind, message: String| {
        let error = Error::new(kind, format!("`{}` failed: {message}", tool.name)).service("oar");
        if is_changing {
            error.ambiguous()
        } else {
            error
        }
    };
    if let Some(message) = text.trim().strip_prefix("Error: ") {
        return Err(failed(kind_of(message), message.to_owned()));
    }
    let document: Value = serde_json::from_str(text).map_err(|error| {
        let start: String = text.trim().chars().take(60).collect();
        failed(
            Kind::Unexpected,
            format!("the answer is not JSON, it begins with `{start}`"),
        )
        .because(error)
    })?;
    let has_failed = document.get("success") == Some(&Value::Bool(false))
        || (document.get("error").is_some_and(Value::is_string)
            && document.get("success") != Some(&Value::Bool(true)));
    if has_failed {
        let message = document["error"].as_str().unwrap_or("it gave no reason");
        let mut error = failed(kind_of(message), message.to_owned());
        error.is_ambiguous = is_changing && !is_refusal(message);
        return Err(error.hint(hint_of(message)));
    }
    let wrote_nothing = document
        .get("updated_systems")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    if wrote_nothing {
        let mut error = failed(
            Kind::NotFound,
            "it wrote nothing, because the release has neither StateBox nor sheet".to_owned(),
        );
        error.is_ambiguous = false;
        return Err(error.hint("create the StateBox first: `oar::create_test_report(release)`"));
    }
    Ok(document)
}

fn kind_of(message: &str) -> Kind {
    let message = message.to_lowercase();
    let has = |part: &str| message.contains(part);
    if has("token") || has("401") || has("403") || has("sa file path") || has("gcp_sa_file") {
        Kind::Denied
    } else if has("timed out") || has("connection") || has("502") || has("504") {
        Kind::Unreachable
    } else if has("503") || has("429") || has("rate limit") {
        Kind::Busy
    } else if has("not ready") || has("cannot find") || has("not found") {
        Kind::NotFound
    } else {
        Kind::Invalid
    }
}

/// Whether the server refused before it wrote anything.
fn is_refusal(message: &str) -> bool {
    [
        "Invalid status",
        "Invalid task name",
        "already has unresolved blocker",
        "Issue not found",
        "Multiple issues match",
        "too long",
        "No releases provided",
    ]
    .iter()
    .any(|part| message.contains(part))
}

fn hint_of(message: &str) -> &'static str {
    if message.contains("token") {
        "the OAR server needs a valid token in its environment"
    } else if message.contains("SA file") || message.contains("GCP_SA_FILE") {
        "the OAR server cannot reach the sheet; the StateBox may have been written, read it again"
    } else if message.contains("not ready") {
        "ART has no build data for this release yet"
    } else if message.contains("cannot find") {
        "the release has no StateBox and no sheet, or the server cannot read them"
    } else {
        "read the state again before repeating the call"
    }
}
