//! Puts a host together from the options: world, services, state, journal, scripts.

mod opener;
mod stores;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use tokio::runtime::{Builder, Runtime};

use super::{args::Options, view::View};
use crate::{
    call::Session,
    config::{self, Config, Layers},
    error::{Error, Kind, Result},
    flow::{Drive, Plan, Report, approval, plan::LookOnly, watch::Manner},
    http::Http,
    oar::{self, backend::Oar},
    release::{Version, statebox::StateBox},
    script::{
        self,
        flow::{Command, Found},
        host::Host,
        release::{Drives, DrivesPart},
    },
    services,
    sim::{self, Simulation, oar::Watched},
    state::{self, Kept, StateStore, fixed::FixedStore, newest::Documents},
    world::{World, system::SystemWorld},
};
use opener::{Nowhere, Opener};
use stores::{Kit, States};

/// Everything a command works with.
pub struct Wiring {
    /// The world.
    pub world: Arc<dyn World>,
    /// The way outside, with all clients.
    pub session: Session,
    /// What was asked of services.
    pub http: Http,
    /// The settings in effect.
    pub config: Config,
    /// The simulated outside, if this is one.
    pub simulation: Option<Arc<Simulation>>,
    /// Where journals are kept.
    pub journals: PathBuf,
    states: States,
    documents: Documents,
    folders: Folders,
    // Dropped last: everything above runs on it.
    _server: Option<Arc<sim::oar::Running>>,
    runtime: Runtime,
}

/// Where scripts are looked for.
#[derive(Clone, Debug, Default)]
struct Folders {
    named: Option<PathBuf>,
    project: Option<PathBuf>,
    user: Option<PathBuf>,
}

impl Wiring {
    /// Puts everything together; sends nothing.
    pub fn new(options: &Options, view: Arc<View>) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(Kind::Unexpected, "cannot start the runtime").because(error)
            })?;
        let real = Arc::new(SystemWorld::new(view.clone(), HashMap::new()));
        let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let user = config::user_folder(&*real);
        let layers = match &options.config {
            Some(file) => Layers::named(&*real, file)?,
            None => Layers::find(&*real, &working, user.as_deref())?,
        };
        // A simulated world needs no secret, also not the key of an encrypted file.
        let config = match &options.sim {
            Some(_) => layers.without_settings_file()?,
            None => layers.settings(&*real)?,
        };
        let state_dir = absolute(&working, &state_dir(options, &*real));
        let folders = Folders {
            named: options
                .scripts
                .as_ref()
                .map(|folder| absolute(&working, folder)),
            project: Some(absolute(
                &working,
                config
                    .scripts
                    .folder
                    .as_deref()
                    .unwrap_or(Path::new("oar-scripts")),
            )),
            user: user.map(|folder| folder.join("scripts")),
        };
        match &options.sim {
            Some(scenario) => Self::simulated(
                options, scenario, view, runtime, config, &state_dir, &working, folders,
            ),
            None => Self::real(real, runtime, &config, &state_dir, folders),
        }
    }

    fn real(
        world: Arc<dyn World>,
        runtime: Runtime,
        config: &Config,
        state_dir: &Path,
        folders: Folders,
    ) -> Result<Self> {
        let session = Session::new(world.clone(), runtime.handle().clone());
        let http = Http::new(world.clone())?;
        services::install(&session, &http, config)?;
        let repository = config.state.path.clone();
        let kit = Kit {
            config,
            session: &session,
            world: &world,
            http: &http,
            repository: repository.unwrap_or_else(|| state_dir.join("state.git")),
            documents: config.sheets.documents.clone(),
        };
        let server = kit.server(usual_endpoint(config)?)?;
        let states = kit.states(kit.store()?, Oar::new(server.clone()))?;
        kit.equip(&states, server)?;
        let documents = kit.documents(&states);
        let journals = config
            .journal
            .folder
            .clone()
            .unwrap_or_else(|| state_dir.join("journal"));
        Ok(Self {
            world,
            session,
            http,
            config: config.clone(),
            simulation: None,
            journals,
            states,
            documents,
            folders,
            _server: None,
            runtime,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "called once, right above")]
    fn simulated(
        options: &Options,
        scenario: &str,
        view: Arc<View>,
        runtime: Runtime,
        mut config: Config,
        state_dir: &Path,
        working: &Path,
        folders: Folders,
    ) -> Result<Self> {
        let name = Path::new(scenario)
            .file_stem()
            .map_or(scenario.into(), |name| name.to_string_lossy());
        let folder = match &options.sim_dir {
            Some(folder) => absolute(working, folder),
            None => state_dir.join("sim").join(name.as_ref()),
        };
        let files = [&folders.named, &folders.project, &folders.user];
        let mut files: Vec<PathBuf> = files.into_iter().flatten().cloned().collect();
        files.push(working.to_path_buf());
        let simulation = Simulation::open(
            sim::Options {
                scenario: scenario.to_owned(),
                project: folders.project.clone(),
                folder: Some(folder.clone()),
                files,
                seed: options.seed,
                reset: options.sim_reset,
                crash_at: options.sim_crash_at,
                cut: options.sim_cut,
                statebox: options.statebox.clone(),
                results: options.results.clone(),
                terminal: view,
                ..sim::Options::default()
            },
            runtime.handle(),
            |state| services::emulators(state.clone()),
        )?;
        if config.source("oar.backend").is_none() {
            let (all, single) = simulation.backends();
            config.oar.backend = all.unwrap_or(config.oar.backend);
            for (tool, backend) in single {
                let is_set = |key: &String| key.trim_start_matches("oar_") == tool;
                if !config.oar.tools.keys().any(is_set) {
                    config.oar.tools.insert(tool, backend);
                }
            }
        }
        let world: Arc<dyn World> = simulation.world().clone();
        let session = Session::new(world.clone(), runtime.handle().clone());
        let http = Http::new(world.clone())?;
        let mut config = config;
        config.contacts = stores::simulated_contacts();
        services::install(&session, &http, &config)?;
        let kit = Kit {
            config: &config,
            session: &session,
            world: &world,
            http: &http,
            repository: folder.join("state.git"),
            documents: stores::simulated_documents(),
        };
        let (ours, others) = stores::simulated(&kit, &simulation)?;
        let server = Arc::new(runtime.block_on(sim::oar::start_in(&simulation, others))?);
        // The checker of the server wakes up before anybody looks at the state.
        let ours = Arc::new(Watched::new(ours, server.clone()));
        let tools = kit.server(server.endpoint())?;
        let states = kit.states(ours, Oar::new(tools.clone()))?;
        kit.equip(&states, tools)?;
        let documents = kit.documents(&states);
        let mut config = config.clone();
        // Those that are there: a world has the document of its releases' y-streams.
        config.sheets.documents = stores::simulated_documents();
        let documents_there = &mut config.sheets.documents;
        simulation.state().read(|stored| {
            let books = &stored.documents["sheets"]["spreadsheets"];
            documents_there.retain(|_, document| books.get(&**document).is_some());
        });
        Ok(Self {
            world,
            session,
            http,
            config,
            simulation: Some(Arc::new(simulation)),
            journals: folder.join("journal"),
            states,
            documents,
            folders,
            _server: Some(server),
            runtime,
        })
    }

    /// Looks at one document from a file, with no network; nothing is recorded.
    pub fn of_document(
        options: &Options,
        view: Arc<View>,
        document: StateBox,
        link: &str,
    ) -> Result<Self> {
        let offline = Options {
            sim: None,
            statebox: None,
            ..options.clone()
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(Kind::Unexpected, "cannot start the runtime").because(error)
            })?;
        let world: Arc<dyn World> = Arc::new(SystemWorld::new(view, HashMap::new()));
        let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let layers = match &offline.config {
            Some(file) => Layers::named(&*world, file)?,
            None => Layers::find(&*world, &working, config::user_folder(&*world).as_deref())?,
        };
        let config = layers.without_settings_file()?;
        let session = Session::new(world.clone(), runtime.handle().clone());
        let http = Http::new(world.clone())?;
        services::install(&session, &http, &config)?;
        session.put(Arc::new(Oar::new(Arc::new(Nowhere))));
        let store: Arc<dyn StateStore> = Arc::new(FixedStore::new(document, link));
        session.put(Arc::new(Kept(store.clone())));
        let project = config
            .scripts
            .folder
            .clone()
            .unwrap_or_else(|| PathBuf::from("oar-scripts"));
        Ok(Self {
            session,
            http,
            config,
            simulation: None,
            journals: PathBuf::new(),
            documents: Documents::Store(store.clone()),
            states: States {
                primary: store,
                fallback: None,
            },
            folders: Folders {
                named: offline
                    .scripts
                    .as_ref()
                    .map(|folder| absolute(&working, folder)),
                project: Some(absolute(&working, &project)),
                user: config::user_folder(&*world).map(|folder| folder.join("scripts")),
            },
            world,
            _server: None,
            runtime,
        })
    }

    /// Where the documents of all releases are.
    pub fn documents(&self) -> Documents {
        self.documents.clone()
    }

    /// Waits for something that is asked outside of scripts.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Opens the drive of a release.
    pub fn drive(
        &self,
        release: &Version,
        owner: Option<String>,
        plan: Option<Plan>,
    ) -> Result<Arc<Drive>> {
        let opener = self.opener(plan);
        opener.open(release, owner)
    }

    /// Makes a host whose `flow.drive()` goes on in this manner.
    pub fn host(
        &self,
        plan: Option<Plan>,
        manner: Manner,
        seen: impl Fn(&Report) + Send + Sync + 'static,
    ) -> Result<Host> {
        // What a script calls before it drives anything is held by the same rules.
        if let Some(plan) = &plan {
            self.session.set_permit("plan", LookOnly::new(plan));
        }
        self.session
            .put(Arc::new(DrivesPart(Arc::new(self.opener(plan.clone())))));
        let opener = self.opener(plan);
        let guard = approval::Guard::new(move |release| opener.open(release, None));
        self.session.set_permit("approval", Arc::new(guard));
        self.session.put(Arc::new(Command {
            manner,
            found: Mutex::new(None),
            seen: Box::new(seen),
        }));
        let mut builder = Host::builder()
            .world(self.world.clone())
            .runtime(self.runtime.handle().clone())
            .session(self.session.clone());
        if let Some(folder) = &self.folders.named {
            builder = builder.scripts(folder);
        }
        if let Some(folder) = &self.folders.project {
            builder = builder.project(folder);
        }
        if let Some(folder) = &self.folders.user {
            builder = builder.user(folder);
        }
        for (namespace, module) in services::modules() {
            builder = builder.module(namespace, module);
        }
        builder
            .module("oar", oar::binding::module())
            .module("statebox", state::binding::module())
            .register(script::release::register)
            .register(script::flow::register)
            .register(script::notices::register)
            .build()
    }

    /// What the last `flow.drive()` found.
    pub fn found(&self) -> Result<Option<Found>> {
        let command = self.session.get::<Command>()?;
        Ok(command
            .found
            .lock()
            .expect("no thread panics while it holds what was found")
            .take())
    }

    fn opener(&self, plan: Option<Plan>) -> Opener {
        Opener {
            session: self.session.clone(),
            world: self.world.clone(),
            simulation: self.simulation.clone(),
            journals: self.journals.clone(),
            store: self.states.primary.clone(),
            fallback: self.states.fallback.clone(),
            plan,
        }
    }
}

fn usual_endpoint(config: &Config) -> Result<url::Url> {
    match &config.oar.endpoint {
        Some(endpoint) => Ok(endpoint.clone()),
        None => url::Url::parse(oar::mcp::DEFAULT_ENDPOINT)
            .map_err(|error| Error::invalid("the usual address is none").because(error)),
    }
}

/// Where journals and local state are kept unless a setting says otherwise.
pub(super) fn state_dir(options: &Options, world: &dyn World) -> PathBuf {
    options.state_dir.clone().unwrap_or_else(|| {
        let home = || {
            world
                .env("HOME")
                .map(|home| PathBuf::from(home).join(".local/state"))
        };
        world
            .env("XDG_STATE_HOME")
            .map(PathBuf::from)
            .or_else(home)
            .unwrap_or_else(|| PathBuf::from("."))
            .join("oar-script")
    })
}

fn absolute(working: &Path, path: &Path) -> PathBuf {
    working.join(path)
}
