//! A state store over the tools, for a host that cannot reach the StateBox itself.
//!
//! With a StateBox behind the server it carries everything the tools can write. Without one there
//! is only the sheet: statuses and nothing else, and the snapshot says that it is limited.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::backend::Oar;
use crate::{
    error::{Error, Kind, Result},
    release::{
        TaskStatus, Version,
        statebox::{Change, Metadata, StateBox},
    },
    state::{Snapshot, StateStore},
    world::{BoxFuture, World},
};

/// The state of releases as the tools show it.
#[derive(Clone, Debug)]
pub struct ToolStore {
    oar: Oar,
    world: Arc<dyn World>,
}

impl ToolStore {
    /// Makes a store over the tools of a server.
    pub fn new(oar: Oar, world: Arc<dyn World>) -> Self {
        Self { oar, world }
    }

    async fn read_status(&self, release: &Version) -> Result<Option<Snapshot>> {
        let arguments = json!({"release": release.to_string()});
        let answer = self.oar.call("oar_get_release_status", &arguments).await;
        let document = match answer {
            Ok(answer) => answer.json.unwrap_or_default(),
            Err(error) if error.kind == Kind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if document["source"] == "worksheet" {
            return self.sheet_snapshot(release, &document).await.map(Some);
        }
        let document = StateBox::parse(&document.to_string(), release)?;
        Ok(Some(Snapshot {
            revision: document.updated_at().unwrap_or_default().to_owned(),
            link: Some(link(release)),
            document,
            is_limited: false,
        }))
    }

    /// Makes a document from the sheet's statuses and ART's data. It has no results and no issues.
    async fn sheet_snapshot(&self, release: &Version, sheet: &Value) -> Result<Snapshot> {
        let arguments = json!({"release": release.to_string()});
        let data = self
            .oar
            .call("oar_get_release_metadata", &arguments)
            .await?;
        let now = self.world.now();
        let mut document = StateBox::new(release, metadata(&data.json.unwrap_or_default()), now);
        let tasks = sheet["tasks"].as_object();
        for (task, status) in tasks.into_iter().flatten() {
            let Ok(status) = status.as_str().unwrap_or_default().parse::<TaskStatus>() else {
                continue;
            };
            if status == TaskStatus::NotStarted {
                continue;
            }
            let change = Change::SetTask {
                name: task.clone(),
                status,
                result: None,
                started_at: None,
                completed_at: None,
                is_reset: false,
            };
            document.apply(&change, now)?;
        }
        Ok(Snapshot {
            revision: sheet.to_string(),
            link: None,
            document,
            is_limited: true,
        })
    }

    async fn write(&self, release: &Version, before: &Snapshot, change: &Change) -> Result<()> {
        let mut draft = before.document.clone();
        if !draft.apply(change, self.world.now())? {
            return Ok(());
        }
        let release = release.to_string();
        let (tool, arguments) = match change {
            Change::SetTask {
                name,
                status,
                result,
                ..
            } => {
                if *status == TaskStatus::NotStarted {
                    return Err(cannot("set a task to Not Started"));
                }
                let arguments = json!({
                    "release": release,
                    "task_name": name,
                    "status": status.word(),
                    "result": result,
                });
                ("oar_update_task_status", arguments)
            }
            Change::AddIssue { .. } | Change::ResolveIssue { .. } if before.is_limited => {
                return Err(cannot("keep issues without a StateBox"));
            }
            Change::AddIssue {
                text,
                is_blocker,
                related_tasks,
            } => {
                let tasks = (!related_tasks.is_empty()).then(|| related_tasks.join(","));
                let arguments = json!({
                    "release": release,
                    "issue": text,
                    "blocker": is_blocker,
                    "related_tasks": tasks,
                });
                ("oar_add_issue", arguments)
            }
            Change::ResolveIssue { text, resolution } => {
                let arguments =
                    json!({"release": release, "issue": text, "resolution": resolution});
                ("oar_resolve_issue", arguments)
            }
            Change::PatchMetadata(_) => return Err(cannot("change metadata")),
            Change::Claim { .. } => return Err(cannot("hold a claim")),
            Change::Tell { .. } => return Err(cannot("say who tells people")),
        };
        self.oar.call(tool, &arguments).await.map(|_| ())
    }
}

impl StateStore for ToolStore {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(self.read_status(release))
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let release = document.release();
            if self.read_status(release).await?.is_some() {
                return Err(
                    Error::new(Kind::Conflict, format!("{release} has a state already"))
                        .service("oar"),
                );
            }
            let arguments = json!({"release": release.to_string()});
            let answer = self.oar.call("oar_create_test_report", &arguments).await?;
            let created = self.read_status(release).await?;
            created.ok_or_else(|| {
                let reason = answer.outcome.map(|outcome| outcome.reason);
                Error::new(
                    Kind::Unexpected,
                    format!(
                        "the server made no StateBox for {release}: {}",
                        reason.unwrap_or_default()
                    ),
                )
                .service("oar")
            })
        })
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            let absent = || {
                Error::not_found(format!("{release} has neither StateBox nor sheet"))
                    .service("oar")
                    .hint("create it with `oar::create_test_report(release)`")
            };
            let mut snapshot = self.read_status(release).await?.ok_or_else(absent)?;
            for change in changes {
                self.write(release, &snapshot, change).await?;
                snapshot = self.read_status(release).await?.ok_or_else(absent)?;
            }
            Ok(snapshot)
        })
    }
}

fn metadata(data: &Value) -> Metadata {
    let text = |key: &str| {
        data[key]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let mut advisory_ids = IndexMap::new();
    for (kind, id) in data["advisories"].as_object().into_iter().flatten() {
        if let Some(id) = id.as_i64() {
            advisory_ids.insert(kind.clone(), id);
        }
    }
    let mut candidate_builds = IndexMap::new();
    for (arch, build) in data["candidate_builds"].as_object().into_iter().flatten() {
        if let Some(build) = build.as_str() {
            candidate_builds.insert(arch.clone(), build.to_owned());
        }
    }
    Metadata {
        jira_ticket: text("jira_ticket"),
        advisory_ids,
        release_date: text("release_date"),
        candidate_builds,
        shipment_mr: text("shipment_mr"),
    }
}

fn link(release: &Version) -> String {
    format!(
        "https://github.com/openshift/release-tests/blob/z-stream/_releases/{}/statebox/{release}.yaml",
        release.y_stream()
    )
}

fn cannot(what: &str) -> Error {
    Error::new(Kind::Refused, format!("the OAR tools cannot {what}"))
        .service("oar")
        .hint("use a StateBox of our own: set `state.store` to `github` or `local`")
}
