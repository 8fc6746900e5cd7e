//! The documents of the Errata Tool as they come, and what becomes of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    error::{Error, Result},
    release::advisory::{
        Advisory, Refusal,
        content::{Alert, ExternalTest},
        push::PushJob,
    },
};

#[derive(Deserialize)]
pub(super) struct Erratum {
    errata: BTreeMap<String, Core>,
    #[serde(default)]
    content: Content,
    jira_issues: JiraIssues,
    bugs: Bugs,
}

#[derive(Deserialize)]
struct Core {
    id: u64,
    status: String,
    fulladvisory: String,
    #[serde(default)]
    synopsis: Option<String>,
    doc_complete: Flag,
    text_ready: Flag,
    #[serde(default)]
    security_approved: Option<bool>,
    blocking_advisories: Vec<u64>,
    #[serde(default)]
    dependent_advisories: Vec<u64>,
}

/// A truth that comes as 0 and 1, or as a truth.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Number(u64),
    Truth(bool),
}

impl Flag {
    fn is_set(&self) -> bool {
        match self {
            Self::Number(number) => *number == 1,
            Self::Truth(truth) => *truth,
        }
    }
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    content: ContentText,
}

#[derive(Default, Deserialize)]
struct ContentText {
    #[serde(default)]
    cve: Option<String>,
}

#[derive(Deserialize)]
struct JiraIssues {
    jira_issues: Vec<JiraIssue>,
}

#[derive(Deserialize)]
struct JiraIssue {
    jira_issue: Keyed,
}

#[derive(Deserialize)]
struct Keyed {
    key: String,
}

#[derive(Deserialize)]
struct Bugs {
    bugs: Vec<Bug>,
}

#[derive(Deserialize)]
struct Bug {
    bug: Numbered,
}

#[derive(Deserialize)]
struct Numbered {
    id: u64,
}

impl Erratum {
    /// The advisory. Fails with `invalid` when it has no type or a state nobody knows.
    pub fn into_advisory(self) -> Result<Advisory> {
        let Some((kind, core)) = self.errata.into_iter().next() else {
            return Err(Error::invalid(
                "the answer about an advisory does not say its type",
            ));
        };
        let cves = self.content.content.cve.unwrap_or_default();
        Ok(Advisory {
            id: core.id,
            kind: kind.to_uppercase(),
            state: core.status.parse()?,
            name: core.fulladvisory,
            synopsis: core.synopsis.unwrap_or_default(),
            jira_issues: self
                .jira_issues
                .jira_issues
                .into_iter()
                .map(|issue| issue.jira_issue.key)
                .collect(),
            bugs: self.bugs.bugs.into_iter().map(|bug| bug.bug.id).collect(),
            cves: cves.split_whitespace().map(str::to_owned).collect(),
            is_docs_approved: core.doc_complete.is_set(),
            is_docs_requested: core.text_ready.is_set(),
            security_approved: core.security_approved,
            blocking_advisories: core.blocking_advisories,
            dependent_advisories: core.dependent_advisories,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct AlertsAnswer {
    #[serde(default)]
    pub alerts: Option<Alerts>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Alerts {
    pub blocking: Option<bool>,
    pub alerts: Option<Vec<Alert>>,
}

#[derive(Deserialize)]
pub(super) struct Push {
    id: u64,
    status: String,
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl From<Push> for PushJob {
    fn from(push: Push) -> Self {
        Self {
            id: push.id,
            status: push.status,
            target: push.target.name,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct TestPage {
    pub data: Vec<Test>,
}

#[derive(Deserialize)]
pub(super) struct Test {
    id: u64,
    attributes: TestAttributes,
    #[serde(default)]
    relationships: Relationships,
}

#[derive(Deserialize)]
struct TestAttributes {
    status: String,
}

#[derive(Default, Deserialize)]
struct Relationships {
    #[serde(default)]
    brew_build: Option<BrewBuild>,
}

#[derive(Deserialize)]
struct BrewBuild {
    nvr: String,
}

impl From<Test> for ExternalTest {
    fn from(test: Test) -> Self {
        Self {
            id: test.id,
            status: test.attributes.status,
            nvr: test.relationships.brew_build.map(|build| build.nvr),
        }
    }
}

/// What a refusal says: `error`, or everything in `errors` as `field: text`, or the body itself.
pub(super) fn refusal(body: &[u8]) -> Refusal {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut lines = Vec::new();
    match (&document["error"], &document["errors"]) {
        (Value::Null, Value::Object(fields)) => {
            for (field, value) in fields {
                texts(field, value, &mut lines);
            }
        }
        (Value::Null, Value::Array(values)) => {
            for value in values {
                texts("error", value, &mut lines);
            }
        }
        (Value::Null, Value::String(text)) | (Value::String(text), _) => lines.push(text.clone()),
        (Value::Null, _) => lines.push(crate::http::classify::excerpt(body)),
        (error, _) => lines.push(error.to_string()),
    }
    let text = lines.join("; ");
    Refusal::new(if text.is_empty() {
        "it gives no reason".to_owned()
    } else {
        text
    })
}

fn texts(field: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Array(values) => {
            for value in values {
                texts(field, value, lines);
            }
        }
        Value::String(text) => lines.push(format!("{field}: {text}")),
        other => lines.push(format!("{field}: {other}")),
    }
}
