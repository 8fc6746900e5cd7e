//! What people do at the state store while a simulated release goes on.
//!
//! A scenario puts their acts into the documents when their time comes; the store carries each out
//! once, before anybody reads or writes it.

use std::sync::Arc;

use serde_json::Value;

use super::state::SimState;
use crate::{
    error::Result,
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    state::{Snapshot, StateStore},
    world::BoxFuture,
};

/// A store that people of the simulated world use as well.
pub struct Peopled {
    inner: Arc<dyn StateStore>,
    theirs: Arc<dyn StateStore>,
    state: Arc<SimState>,
}

impl Peopled {
    /// Lets the people of `state` use `inner`.
    pub fn new(inner: Arc<dyn StateStore>, state: Arc<SimState>) -> Self {
        Self::beside(inner.clone(), inner, state)
    }

    /// Lets the people of `state` act in `theirs`, another way to what `inner` keeps, before anybody
    /// looks into `inner`.
    pub fn beside(
        inner: Arc<dyn StateStore>,
        theirs: Arc<dyn StateStore>,
        state: Arc<SimState>,
    ) -> Self {
        Self {
            inner,
            theirs,
            state,
        }
    }

    /// Carries out the acts whose time has come. An act on a release without a document waits.
    async fn act(&self, release: &Version) -> Result<()> {
        let name = release.to_string();
        let mut due: Vec<(String, String, Change)> = self.state.read(|stored| {
            stored.documents["people"]["acts"]
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(_, act)| act["release"] == name.as_str() && act["is_done"] != true)
                .filter_map(|(key, act)| {
                    Some((act["at"].as_str()?.to_owned(), key.clone(), change_of(act)?))
                })
                .collect()
        });
        due.sort_by(|(at, key, _), (other_at, other_key, _)| (at, key).cmp(&(other_at, other_key)));
        if due.is_empty() || self.theirs.read(release).await?.is_none() {
            return Ok(());
        }
        for (_, key, change) in due {
            // What a person cannot do (resolve what is not there) they leave.
            let _ = self.theirs.apply(release, &[change]).await;
            self.state.change(|stored| {
                stored.documents["people"]["acts"][&key]["is_done"] = true.into()
            })?;
        }
        Ok(())
    }
}

impl StateStore for Peopled {
    fn read<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, Result<Option<Snapshot>>> {
        Box::pin(async move {
            self.act(release).await?;
            self.inner.read(release).await
        })
    }

    fn create<'a>(&'a self, document: &'a StateBox) -> BoxFuture<'a, Result<Snapshot>> {
        self.inner.create(document)
    }

    fn apply<'a>(
        &'a self,
        release: &'a Version,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Snapshot>> {
        Box::pin(async move {
            self.act(release).await?;
            self.inner.apply(release, changes).await
        })
    }

    fn begin_pass(&self) {
        self.inner.begin_pass();
    }

    fn end_pass<'a>(&'a self, release: &'a Version) -> BoxFuture<'a, ()> {
        self.inner.end_pass(release)
    }
}

fn change_of(act: &Value) -> Option<Change> {
    let text = act["text"].as_str().unwrap_or_default().to_owned();
    match act["kind"].as_str()? {
        "set_task" => Some(Change::SetTask {
            name: act["task"].as_str()?.to_owned(),
            status: act["status"].as_str()?.parse().ok()?,
            result: act["result"].as_str().map(str::to_owned),
            started_at: None,
            completed_at: None,
            is_reset: true,
        }),
        "open_issue" => Some(Change::AddIssue {
            text,
            is_blocker: act["blocker"].as_bool().unwrap_or(true),
            related_tasks: act["task"]
                .as_str()
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }),
        "resolve_issue" => Some(Change::ResolveIssue {
            text,
            resolution: act["how"].as_str().unwrap_or_default().to_owned(),
        }),
        _ => None,
    }
}
