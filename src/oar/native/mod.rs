//! The tools that this program runs itself, over the state store, the build data and GitHub.
//!
//! Names, shapes and texts of the answers are those of the Python tool, which other programs read.
//! What a rule of the document forbids is answered in its failure form; trouble with a service or
//! the store is an error with its kind and hint, and nothing is ever answered from a second source
//! because the first one failed.
//!
//! Differs from the Python tool:
//!
//! - A task that is `Pass` does not become something else. Setting a task on a release without state
//!   is `not_found`; it is no success with nothing written. Times of a task are those of the call, not
//!   times found in its text.
//! - An issue that is there already comes back unchanged, also when it blocks a task. One that was
//!   resolved with the same words before comes back too. Adding one creates no document.
//! - Addresses of people are taken out of issues, resolutions and previews too.
//! - A missing day of release does not prevent a StateBox. Two who create at once both find it.
//! - `create-test-report` does not tell the channel of the release team yet.
//! - Build data is as fresh as the service has it; there is no copy that is a week old. Numbers that
//!   stand for an advisory to come are left out.

mod answer;
mod discovery;
mod issues;
mod metadata;
mod report;
mod status;

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{backend::Backend, tools::Tool};
use crate::{
    call::Session,
    error::{Error, Kind, Result},
    release::{
        Version,
        statebox::{Change, StateBox},
    },
    services::{build_data::BuildData, github::GitHub},
    state::{Kept, Snapshot, StateStore, newest::Documents},
    world::{BoxFuture, World},
};

/// The tools that are run here, as they are named on the wire.
pub const NATIVE: [&str; 9] = [
    "oar_create_test_report",
    "oar_get_release_metadata",
    "oar_get_release_status",
    "oar_update_task_status",
    "oar_add_issue",
    "oar_resolve_issue",
    "oar_get_issues",
    "oar_get_task_blocker",
    "discover_active_releases",
];

/// Runs tools in this process.
pub struct Native {
    world: Arc<dyn World>,
    state: Arc<dyn StateStore>,
    build_data: Arc<BuildData>,
    github: Arc<GitHub>,
    documents: Documents,
}

/// What a rule of the document forbids; nothing was written.
struct Refusal(Error);

impl Native {
    /// Runs tools over these. The documents of active releases come from `state`, one by one.
    pub fn new(
        world: Arc<dyn World>,
        state: Arc<dyn StateStore>,
        build_data: Arc<BuildData>,
        github: Arc<GitHub>,
    ) -> Self {
        Self {
            documents: Documents::Store(state.clone()),
            world,
            state,
            build_data,
            github,
        }
    }

    /// Takes the documents of active releases from elsewhere, such as all at once from GitHub.
    pub fn discovering(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Runs tools over the parts of a session.
    ///
    /// Fails with `invalid` when the session lacks one.
    pub fn of(session: &Session) -> Result<Self> {
        let Kept(state) = &*session.get::<Kept>()?;
        Ok(Self::new(
            session.world().clone(),
            state.clone(),
            session.get()?,
            session.get()?,
        ))
    }

    /// Whether a tool is run here.
    pub fn has(tool: &Tool) -> bool {
        NATIVE.contains(&tool.name)
    }

    async fn answer(&self, tool: &Tool, arguments: &Map<String, Value>) -> Result<String> {
        if tool.name == "discover_active_releases" {
            return discovery::active(self)
                .await
                .map(|json| answer::text(&json));
        }
        let release: Version = text_of(arguments, "release").parse()?;
        let json = match tool.name {
            "oar_create_test_report" => return report::create(self, &release).await,
            "oar_get_release_metadata" => metadata::read(self, &release).await?,
            "oar_get_release_status" => status::read(self, &release).await?,
            "oar_update_task_status" => status::update(self, &release, arguments).await?,
            "oar_add_issue" => issues::add(self, &release, arguments).await?,
            "oar_resolve_issue" => issues::resolve(self, &release, arguments).await?,
            "oar_get_issues" => issues::list(self, &release, arguments).await?,
            "oar_get_task_blocker" => issues::blocker(self, &release, arguments).await?,
            name => {
                let what = format!("`{name}` is not run by this program itself");
                return Err(Error::new(Kind::Refused, what)
                    .service("oar")
                    .hint("let the OAR server run it: set `oar.backend` to `mcp`"));
            }
        };
        Ok(answer::text(&json))
    }

    /// Applies a change to the freshest document; one that alters nothing is not written.
    async fn change(
        &self,
        before: &Snapshot,
        change: &Change,
    ) -> Result<std::result::Result<Snapshot, Refusal>> {
        let mut draft = before.document.clone();
        match draft.apply(change, self.world.now()) {
            Ok(true) => {}
            Ok(false) => return Ok(Ok(before.clone())),
            Err(error) => return Ok(Err(Refusal(error))),
        }
        let release = before.document.release();
        let changes = std::slice::from_ref(change);
        self.state.apply(release, changes).await.map(Ok)
    }

    /// The document of a release; `None` when nobody tracks it yet. The release must exist.
    async fn document_or_none(&self, release: &Version) -> Result<Option<StateBox>> {
        match self.state.read(release).await? {
            Some(snapshot) => Ok(Some(snapshot.document)),
            None => metadata::assembly(self, release).await.map(|_| None),
        }
    }
}

impl Backend for Native {
    fn run<'a>(
        &'a self,
        tool: &'static Tool,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'a, Result<String>> {
        Box::pin(async move { self.answer(tool, &arguments).await })
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Native")
    }
}

/// An argument that is text; empty when it was left out.
fn text_of<'a>(arguments: &'a Map<String, Value>, name: &str) -> &'a str {
    arguments
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// An argument that is a flag.
fn flag_of(arguments: &Map<String, Value>, name: &str, otherwise: bool) -> bool {
    arguments
        .get(name)
        .and_then(Value::as_bool)
        .unwrap_or(otherwise)
}
