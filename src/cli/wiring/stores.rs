//! The state stores that the settings name, and the tools over them.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::{
    call::Session,
    config::{self, Config},
    error::Result,
    http::Http,
    oar::{
        self,
        backend::{Backend, Oar},
        cli::Programs,
        native::Native,
        routed::{Backends, Routed},
        store::ToolStore,
    },
    release::statebox::Metadata,
    services::{build_data::BuildData, github::GitHub, sheets},
    sim::{Simulation, people::Peopled, seed, sheet, statebox_branch::BranchStore},
    state::{
        Kept, StateStore,
        first::FirstOf,
        github::GithubStore,
        local::LocalStore,
        mirror::Mirror,
        newest::Documents,
        sheet::{MetadataSource, SheetStore, Tabs},
    },
    world::World,
};

/// Who a simulated world's branch says has written, when it was not us.
const OTHERS: &str = "release-tests-bot";

/// Where the state of releases is kept.
#[derive(Clone)]
pub(super) struct States {
    /// Where new documents go.
    pub(super) primary: Arc<dyn StateStore>,
    /// Where a release is looked for that the first does not have.
    pub(super) fallback: Option<Arc<dyn StateStore>>,
}

/// What stores and tools are made from.
pub(super) struct Kit<'a> {
    pub(super) config: &'a Config,
    pub(super) session: &'a Session,
    pub(super) world: &'a Arc<dyn World>,
    pub(super) http: &'a Http,
    /// The git repository of the local store.
    pub(super) repository: PathBuf,
    /// The sheets by y-stream.
    pub(super) documents: BTreeMap<String, String>,
}

impl Kit<'_> {
    /// Opens the store that the settings name, before it is mirrored.
    pub(super) fn store(&self) -> Result<Arc<dyn StateStore>> {
        Ok(match self.config.state.store {
            config::Store::Local => {
                Arc::new(LocalStore::open(&self.repository, self.world.clone())?)
            }
            config::Store::Github => Arc::new(GithubStore::new(
                self.session.get::<GitHub>()?,
                self.world.clone(),
            )),
            config::Store::Sheet => Arc::new(self.sheet()?),
        })
    }

    /// Adds the copy in the sheet, and what is read where the store has nothing.
    pub(super) fn states(&self, store: Arc<dyn StateStore>, server: Oar) -> Result<States> {
        let primary: Arc<dyn StateStore> = match self.config.state.mirror {
            Some(config::Mirror::Sheet) if self.config.state.store != config::Store::Sheet => {
                Arc::new(Mirror::new(store, self.tabs()?, self.world.clone()))
            }
            _ => store,
        };
        let fallback: Option<Arc<dyn StateStore>> = match self.config.state.store {
            config::Store::Sheet => None,
            _ if !self.documents.is_empty() => Some(Arc::new(self.sheet()?)),
            // The server may keep its releases where we cannot look.
            config::Store::Local => Some(Arc::new(ToolStore::new(server, self.world.clone()))),
            config::Store::Github => None,
        };
        Ok(States { primary, fallback })
    }

    /// The tools of the server alone.
    pub(super) fn server(&self, endpoint: url::Url) -> Result<Arc<dyn Backend>> {
        let server = oar::mcp::Server::new(self.world.clone(), self.http.client()?, endpoint);
        Ok(Arc::new(server.counted(self.http.tally("oar"))))
    }

    /// Gives the store and the tools to the session.
    pub(super) fn equip(&self, states: &States, server: Arc<dyn Backend>) -> Result<()> {
        let kept: Arc<dyn StateStore> = match &states.fallback {
            Some(fallback) => Arc::new(FirstOf::new(states.primary.clone(), fallback.clone())),
            None => states.primary.clone(),
        };
        self.session.put(Arc::new(Kept(kept)));
        self.session.put(Arc::new(self.tabs()?));
        let native = Native::of(self.session)?.discovering(self.documents(states));
        let oar = &self.config.oar;
        let programs = Programs::new(self.http.clone())
            .within(oar.programs.clone())
            .limited(oar.limit());
        let backends = Backends {
            native: Arc::new(native),
            mcp: server,
            cli: Arc::new(programs),
        };
        let routed = Routed::new(oar.backend, &oar.tools, backends)?;
        self.session.put(Arc::new(Oar::new(Arc::new(routed))));
        Ok(())
    }

    /// Where the documents of all releases are.
    pub(super) fn documents(&self, states: &States) -> Documents {
        match self.config.state.store {
            config::Store::Github => Documents::Beside,
            _ => Documents::Store(states.primary.clone()),
        }
    }

    fn sheet(&self) -> Result<SheetStore> {
        let build_data = self.session.get::<BuildData>()?;
        let metadata: MetadataSource = Arc::new(move |release| {
            let build_data = build_data.clone();
            Box::pin(async move {
                let assemblies = build_data.assemblies(&release.y_stream()).await?;
                Ok(Metadata::from(assemblies.assembly(release)?))
            })
        });
        Ok(SheetStore::new(self.tabs()?, metadata, self.world.clone()))
    }

    fn tabs(&self) -> Result<Tabs> {
        let client = self.session.get::<sheets::Client>()?;
        Ok(Tabs::new(client, self.documents.clone()))
    }
}

/// The stores of a simulated world: ours, in which its people act too, and the one of its OAR server.
pub(super) fn simulated(
    kit: &Kit<'_>,
    simulation: &Simulation,
) -> Result<(Arc<dyn StateStore>, Arc<dyn StateStore>)> {
    let state = simulation.state().clone();
    let (ours, others): (Arc<dyn StateStore>, Arc<dyn StateStore>) = match kit.config.state.store {
        config::Store::Local => {
            let local = LocalStore::open(&kit.repository, kit.world.clone())?;
            if let Some(text) = simulation.statebox() {
                local.import(text)?;
            }
            let others = LocalStore::open(&kit.repository, simulation.bystander())?;
            (Arc::new(local), Arc::new(others))
        }
        config::Store::Github | config::Store::Sheet => {
            let others = BranchStore::new(state.clone(), &kit.config.state.branch, OTHERS);
            if let Some(text) = simulation.statebox() {
                others.import(text)?;
            }
            if kit.config.state.store == config::Store::Sheet {
                // A team without StateBoxes has an OAR server that makes none.
                state.change(|stored| {
                    stored.documents["statebox"]["is_missing"] = true.into();
                })?;
            }
            (kit.store()?, Arc::new(others))
        }
    };
    let ours = Arc::new(Peopled::beside(ours, others.clone(), state.clone()));
    Ok((ours, Arc::new(Peopled::new(others, state))))
}

/// The sheets that a simulated world has, by y-stream.
pub(super) fn simulated_documents() -> BTreeMap<String, String> {
    sheet::y_streams()
        .map(|y_stream| (y_stream.clone(), sheet::document_id(&y_stream)))
        .collect()
}

/// Where the teams of a simulated world read in Slack. The user's own teams are not there.
pub(super) fn simulated_contacts() -> config::Contacts {
    seed::contacts(sheet::y_streams())
}
