//! Opens the drive of a release for scripts, and stands in for the tools where there are none.

use std::{path::PathBuf, sync::Arc};

use crate::{
    call::Session,
    error::{Error, Kind, Result},
    flow::{Drive, Journal, Plan, Stores},
    oar::{
        backend::{Backend, Ran},
        routed::Place,
        tools::Tool,
    },
    release::Version,
    script::{facts::Facts, release::Drives},
    sim::Simulation,
    state::StateStore,
    world::{BoxFuture, World},
};

/// What a drive is opened with.
pub(super) struct Opener {
    pub(super) session: Session,
    pub(super) world: Arc<dyn World>,
    pub(super) simulation: Option<Arc<Simulation>>,
    pub(super) journals: PathBuf,
    pub(super) store: Arc<dyn StateStore>,
    pub(super) fallback: Option<Arc<dyn StateStore>>,
    pub(super) plan: Option<Plan>,
}

impl Drives for Opener {
    fn open(&self, release: &Version, owner: Option<String>) -> Result<Arc<Drive>> {
        if let Some(simulation) = &self.simulation {
            // A simulated world has every release that somebody asks about.
            simulation.add_release(release)?;
        }
        let journal = Journal::open(self.world.clone(), &self.journals, release)?;
        let stores = Stores {
            primary: self.store.clone(),
            fallback: self.fallback.clone(),
        };
        Ok(Arc::new(Drive::new(
            self.session.clone(),
            release.clone(),
            journal,
            stores,
            Arc::new(Facts),
            owner,
            self.plan.clone(),
        )))
    }
}

/// The tools of a look at a document: nobody runs them.
pub(super) struct Nowhere;

impl Backend for Nowhere {
    fn run<'a>(
        &'a self,
        tool: &'static Tool,
        _arguments: serde_json::Map<String, serde_json::Value>,
    ) -> BoxFuture<'a, Result<Ran>> {
        let what = format!("`{}` is not asked while a document is looked at", tool.name);
        Box::pin(async { Err(Error::new(Kind::Refused, what)) })
    }

    fn place(&self, _tool: &Tool) -> Option<Place> {
        Some(Place::Native)
    }
}
