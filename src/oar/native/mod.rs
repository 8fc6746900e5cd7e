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
//! - Ownership takes what is there for granted, needs no shipment, and finishes what it can: see
//!   [`ownership`]. A push that cannot begin waits for its owner and is no failure: see [`push`].
//! - CVE trackers are searched for here, without another program: see [`trackers`]. The detector takes
//!   only the very y-stream for its own: see [`detector`].
//! - Build data is as fresh as the service has it; there is no copy that is a week old. Numbers that
//!   stand for an advisory to come are left out.

mod alerts;
mod announce;
mod answer;
mod approval;
mod bugs;
mod claim;
mod detector;
mod discovery;
mod greenwave;
mod issues;
mod log;
mod manager;
mod metadata;
mod notificator;
mod ownership;
mod push;
mod report;
mod shipped;
mod status;
mod tab;
mod trackers;

use std::{any::Any, fmt, sync::Arc};

use serde_json::{Map, Value};

use super::{
    backend::{Backend, Ran},
    routed::Place,
    tools::Tool,
};
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

/// The arguments of a tool, checked against its row.
type Arguments = Map<String, Value>;

/// Runs one tool.
type Run = for<'a> fn(&'a Native, &'a Arguments) -> BoxFuture<'a, Result<Ran>>;

/// The tools that are run here, as they are named on the wire, and what runs each.
const NATIVE: &[(&str, Run)] = &[
    ("discover_active_releases", |native, _| {
        json(discovery::active(native))
    }),
    ("oar_create_test_report", |native, given| {
        Box::pin(async { report::create(native, &release(given)?).await })
    }),
    ("oar_take_ownership", |native, given| {
        Box::pin(async { ownership::take(native, &release(given)?, text_of(given, "email")).await })
    }),
    ("oar_push_to_cdn_staging", |native, given| {
        Box::pin(async { push::to_staging(native, &release(given)?).await })
    }),
    ("oar_check_rhcos_security_alerts", |native, given| {
        Box::pin(async { alerts::of_rhcos(native, &release(given)?).await })
    }),
    ("oar_check_cve_tracker_bug", |native, given| {
        Box::pin(async {
            let notifies = flag_of(given, "notify", false);
            trackers::check(native, &release(given)?, notifies).await
        })
    }),
    ("oarctl_start_release_detector", |native, given| {
        Box::pin(async { detector::start(native, text_of(given, "release")).await })
    }),
    ("oar_change_advisory_status", |native, given| {
        Box::pin(async { approval::approve(native, &release(given)?).await })
    }),
    ("oar_add_qe_approval", |native, given| {
        Box::pin(async { approval::add_qe_approval(native, &release(given)?).await })
    }),
    ("oar_is_release_shipped", |native, given| {
        json(async { shipped::read(native, &release(given)?).await })
    }),
    ("oar_get_release_metadata", |native, given| {
        json(async { metadata::read(native, &release(given)?).await })
    }),
    ("oar_get_release_status", |native, given| {
        json(async { status::read(native, &release(given)?).await })
    }),
    ("oar_update_task_status", |native, given| {
        json(async { status::update(native, &release(given)?, given).await })
    }),
    ("oar_add_issue", |native, given| {
        json(async { issues::add(native, &release(given)?, given).await })
    }),
    ("oar_resolve_issue", |native, given| {
        json(async { issues::resolve(native, &release(given)?, given).await })
    }),
    ("oar_get_issues", |native, given| {
        json(async { issues::list(native, &release(given)?, given).await })
    }),
    ("oar_get_task_blocker", |native, given| {
        json(async { issues::blocker(native, &release(given)?, given).await })
    }),
    ("oarctl_jira_notificator", |native, given| {
        Box::pin(async {
            let is_dry_run = flag_of(given, "dry_run", false);
            notificator::notify(native, is_dry_run, text_of(given, "from_date")).await
        })
    }),
    ("oar_update_bug_list", |native, given| {
        Box::pin(async {
            let asked = bugs::Asked::of(
                flag_of(given, "notify", true),
                flag_of(given, "confirm_droppable", false),
                flag_of(given, "notify_managers", false),
            )?;
            bugs::update(native, &release(given)?, asked).await
        })
    }),
    ("oar_drop_bugs", |native, given| {
        Box::pin(async { bugs::drop(native, &release(given)?).await })
    }),
    ("oar_check_greenwave_cvp_tests", |native, given| {
        Box::pin(async { greenwave::check(native, &release(given)?).await })
    }),
];

/// Runs tools in this process.
///
/// A tool takes the clients it needs from the session when it needs them, so that a service which is
/// not set up is in the way of no other tool.
pub struct Native {
    session: Session,
    world: Arc<dyn World>,
    state: Arc<dyn StateStore>,
    build_data: Arc<BuildData>,
    github: Arc<GitHub>,
    documents: Documents,
}

/// What a rule of the document forbids; nothing was written.
struct Refusal(Error);

impl Native {
    /// Runs tools over the parts of a session. The documents of active releases come from its state
    /// store, one by one.
    ///
    /// Fails with `invalid` when the session lacks state store, build data or GitHub.
    pub fn of(session: &Session) -> Result<Self> {
        let Kept(state) = &*session.get::<Kept>()?;
        Ok(Self {
            session: session.clone(),
            world: session.world().clone(),
            state: state.clone(),
            build_data: session.get()?,
            github: session.get()?,
            documents: Documents::Store(state.clone()),
        })
    }

    /// Takes the documents of active releases from elsewhere, such as all at once from GitHub.
    pub fn discovering(mut self, documents: Documents) -> Self {
        self.documents = documents;
        self
    }

    /// Whether a tool is run here.
    pub fn has(tool: &Tool) -> bool {
        run_of(tool.name).is_some()
    }

    /// The tools that are run here, as they are named on the wire.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NATIVE.iter().map(|(name, _)| *name)
    }

    /// The client of a service.
    fn client<T: Any + Send + Sync>(&self) -> Result<Arc<T>> {
        self.session.get()
    }

    async fn answer(&self, tool: &Tool, arguments: &Arguments) -> Result<Ran> {
        let Some(run) = run_of(tool.name) else {
            let what = format!("`{}` is not run by this program itself", tool.name);
            return Err(Error::new(Kind::Refused, what)
                .service("oar")
                .hint("let the OAR server run it: set `oar.backend` to `mcp`"));
        };
        run(self, arguments).await
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
    ) -> BoxFuture<'a, Result<Ran>> {
        Box::pin(async move { self.answer(tool, &arguments).await })
    }

    fn place(&self, _tool: &Tool) -> Option<Place> {
        Some(Place::Native)
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

/// The release that a tool is asked about.
fn release(arguments: &Arguments) -> Result<Version> {
    text_of(arguments, "release").parse()
}

/// The answer of a tool that answers with a document.
fn json<'a>(
    document: impl Future<Output = Result<Value>> + Send + 'a,
) -> BoxFuture<'a, Result<Ran>> {
    Box::pin(async { Ok(Ran::from(answer::text(&document.await?))) })
}

fn run_of(name: &str) -> Option<Run> {
    NATIVE
        .iter()
        .find(|(native, _)| *native == name)
        .map(|(_, run)| *run)
}
