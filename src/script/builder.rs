//! Puts a host together: world, runtime, folders, functions.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rhai::{Engine, Module};
use tokio::runtime::{Handle, Runtime};

use super::{
    catalogue::Catalogue,
    engine,
    host::Host,
    last_failure::LastFailure,
    sources::{Origin, Sources},
    stopper::StopState,
};
use crate::{
    call::Session,
    error::{Error, Kind, Result},
    world::World,
};

/// How long a stopped script may clean up before it is ended.
const GRACE: Duration = Duration::from_secs(30);

type Registration = Box<dyn FnOnce(&mut Engine) + Send>;

/// Collects what a host needs.
#[derive(Default)]
pub struct HostBuilder {
    world: Option<Arc<dyn World>>,
    runtime: Option<Handle>,
    session: Option<Session>,
    roots: Vec<(Origin, PathBuf)>,
    modules: Vec<(String, Module)>,
    registrations: Vec<Registration>,
    grace: Option<Duration>,
}

impl HostBuilder {
    /// The world scripts run in. Not needed with a session.
    pub fn world(mut self, world: Arc<dyn World>) -> Self {
        self.world = Some(world);
        self
    }

    /// The runtime requests run on; without one the host makes its own.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// A session that is set up already; it has a world and a runtime.
    pub fn session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }

    /// The folder whose scripts win over all others.
    pub fn scripts(self, folder: impl Into<PathBuf>) -> Self {
        self.root(Origin::Given, folder.into())
    }

    /// The script folder of the project.
    pub fn project(self, folder: impl Into<PathBuf>) -> Self {
        self.root(Origin::Project, folder.into())
    }

    /// The script folder of the user.
    pub fn user(self, folder: impl Into<PathBuf>) -> Self {
        self.root(Origin::User, folder.into())
    }

    fn root(mut self, origin: Origin, folder: PathBuf) -> Self {
        self.roots.retain(|(other, _)| *other != origin);
        self.roots.push((origin, folder));
        self
    }

    /// Gives scripts the functions of `module` under `namespace::`.
    pub fn module(mut self, namespace: impl Into<String>, module: Module) -> Self {
        self.modules.push((namespace.into(), module));
        self
    }

    /// Registers types and functions of your own.
    pub fn register(mut self, register: impl FnOnce(&mut Engine) + Send + 'static) -> Self {
        self.registrations.push(Box::new(register));
        self
    }

    /// How long a stopped script may clean up before it is ended, 30 seconds by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// Builds the host.
    ///
    /// Throws `invalid` without a world or a session.
    pub fn build(self) -> Result<Host> {
        let mut own_runtime = None;
        let session = match (self.session, self.world) {
            (Some(session), _) => session,
            (None, Some(world)) => {
                let handle = match self.runtime {
                    Some(handle) => handle,
                    None => {
                        let runtime = Runtime::new().map_err(|error| {
                            Error::new(Kind::Unexpected, "cannot start a runtime").because(error)
                        })?;
                        own_runtime.insert(runtime).handle().clone()
                    }
                };
                Session::new(world, handle)
            }
            (None, None) => {
                return Err(Error::invalid("a host needs a world")
                    .hint("call `.world(..)` or `.session(..)` before `.build()`"));
            }
        };
        let stop = Arc::new(StopState::default());
        let mut engine = engine::new(&session, &stop);
        for (namespace, module) in self.modules {
            engine.register_static_module(namespace, module.into());
        }
        for register in self.registrations {
            register(&mut engine);
        }
        let mut roots = self.roots;
        roots.sort_by_key(|(origin, _)| *origin as u8);
        let last_failure = Arc::new(LastFailure::default());
        session.set_permit("last failure", last_failure.clone());
        Ok(Host {
            catalogue: Catalogue::new(&engine),
            sources: Sources::new(session.world().clone(), roots),
            engine,
            session,
            stop,
            grace: self.grace.unwrap_or(GRACE),
            last_failure,
            _runtime: own_runtime,
        })
    }
}
