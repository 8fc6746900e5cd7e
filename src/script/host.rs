//! The embedding API: a host loads scripts and runs them in a world.
//!
//! ```no_run
//! # fn demo(world: std::sync::Arc<dyn oar_script::world::World>) -> Result<(), Box<dyn std::error::Error>> {
//! let host = oar_script::Host::builder().world(world).build()?;
//! let program = host.load("hello")?;
//! host.run(&program, vec!["Ann".to_owned()])?;
//! # Ok(())
//! # }
//! ```

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rhai::{AST, Dynamic, Engine, EvalAltResult, Module, NativeCallContext, Scope};
use tokio::runtime::{Handle, Runtime};

use super::{
    branches::{self, STACK_BYTES},
    bundle::{self, ARGS},
    catalogue::{Catalogue, FunctionInfo},
    check,
    diagnostic::{Diagnostic, ScriptError},
    engine, explain, faults,
    hooks::{self, StopState},
    program::Program,
    sources::{Origin, Source, Sources},
};
use crate::{
    call::{Control, Operation, Permit, Session},
    error::{Error, Kind, Result},
    world::World,
};

/// Returns the report of a failure that native code got from a script function of the running
/// program, for people; `None` outside a host.
pub fn report_in(context: &NativeCallContext, failure: &EvalAltResult) -> Option<String> {
    let session = Session::of(context).ok()?;
    let program = session.get::<Program>().ok()?;
    let catalogue = session.get::<Catalogue>().ok()?;
    let (diagnostic, _) = explain::run_time(failure, &program, &catalogue);
    Some(ScriptError::new(vec![diagnostic], program.texts().clone()).render(false))
}

/// How long a stopped script may clean up before it is ended.
const GRACE: Duration = Duration::from_secs(30);

type Registration = Box<dyn FnOnce(&mut Engine) + Send>;

/// Loads scripts and runs them.
pub struct Host {
    engine: Engine,
    catalogue: Catalogue,
    session: Session,
    sources: Sources,
    stop: Arc<StopState>,
    grace: Duration,
    last_failure: Arc<LastFailure>,
    _runtime: Option<Runtime>,
}

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

impl Host {
    /// Starts to build a host.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// The session that bindings use.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The engine, for the prompt and the tests.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The search order of script files.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Loads a script by its absolute path, or by its name in the search order, and checks it.
    pub fn load(&self, script: &str) -> Result<Program, ScriptError> {
        let path = Path::new(script);
        let by_path = match path.is_absolute() {
            true => self.sources.open(path)?,
            false => None,
        };
        let source = match by_path {
            Some(source) => source,
            None => self.sources.find(script)?,
        };
        self.load_source(source)
    }

    /// Loads a script that is no file.
    pub fn load_text(&self, name: &str, text: &str) -> Result<Program, ScriptError> {
        self.load_source(Source::text(name, text))
    }

    fn load_source(&self, source: Source) -> Result<Program, ScriptError> {
        let program =
            self.on_script_thread(|| bundle::bundle(&self.engine, &self.sources, source))??;
        let findings = self.check(&program);
        match findings.is_empty() {
            true => Ok(program),
            false => Err(ScriptError::new(findings, program.texts().clone())),
        }
    }

    /// Returns what is wrong with a program, without running it.
    pub fn check(&self, program: &Program) -> Vec<Diagnostic> {
        check::check(program, &self.catalogue.with(program))
    }

    /// Runs a program with the words of its command line and returns its value.
    ///
    /// Waits until the script has ended. Not to be called on a thread of the runtime.
    pub fn run(&self, program: &Program, args: Vec<String>) -> Result<Dynamic, ScriptError> {
        let args = program.header().parse_args(&args)?;
        let mut scope = Scope::new();
        scope.push_constant(ARGS, args);
        self.run_in(program, &mut scope)
    }

    /// Runs a program with the variables of `scope`, which keeps what the program defines: one
    /// input of the prompt.
    pub fn run_in(
        &self,
        program: &Program,
        scope: &mut Scope<'static>,
    ) -> Result<Dynamic, ScriptError> {
        self.session.put(Arc::new(program.clone()));
        self.session.put(Arc::new(self.catalogue.with(program)));
        let control = Control {
            token: self.stop.token(),
            ..Control::current()
        };
        let grace = self.session.runtime().spawn(end_after(
            control.token.clone(),
            self.grace,
            self.stop.clone(),
        ));
        let ended = self.on_script_thread(|| control.scope(|| self.evaluate(&program.ast, scope)));
        grace.abort();
        match ended? {
            Ok(value) => Ok(value),
            Err(failure) => Err(self.explain(&failure, program)),
        }
    }

    fn evaluate(
        &self,
        ast: &AST,
        scope: &mut Scope<'static>,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        self.engine.eval_ast_with_scope::<Dynamic>(scope, ast)
    }

    /// Explains a failure that native code got from a script function of `program`.
    pub fn explain(&self, failure: &EvalAltResult, program: &Program) -> ScriptError {
        let catalogue = self.catalogue.with(program);
        let (mut diagnostic, error) = explain::run_time(failure, program, &catalogue);
        if let Some(operation) = self.last_failure.operation_of(&error) {
            diagnostic = diagnostic.note(format!("the last call outside was `{operation}`"));
        }
        let is_stopped = self.stop.is_soft()
            && (branches::stop_of(failure).is_some()
                || faults::error_of(failure).kind == Kind::Cancelled);
        ScriptError::new(vec![diagnostic], program.texts().clone())
            .with(error)
            .stopped(is_stopped)
    }

    /// Returns what stops the running script.
    pub fn stopper(&self) -> Stopper {
        Stopper {
            state: self.stop.clone(),
        }
    }

    /// Returns the functions of this host that scripts can call, without those of the language.
    pub fn functions(&self) -> Vec<FunctionInfo> {
        let mut functions = hooks::registered(&self.engine, false);
        functions.sort_by(|left, right| {
            (&left.namespace, &left.name, left.arity).cmp(&(
                &right.namespace,
                &right.name,
                right.arity,
            ))
        });
        functions
    }

    /// Runs `work` on a thread with room for the deepest scripts and waits for it.
    fn on_script_thread<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, ScriptError> {
        let guarded = || catch_unwind(AssertUnwindSafe(work));
        let ended = thread::scope(|scope| {
            thread::Builder::new()
                .name("script".to_owned())
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, guarded)
                .map(|handle| handle.join())
        });
        let broken = "a function of the host broke off";
        match ended {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(_) => Err(Error::new(Kind::Unexpected, broken).into()),
            Err(error) => {
                let message = "cannot start the thread of the script";
                Err(Error::new(Kind::Unexpected, message).because(error).into())
            }
        }
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

async fn end_after(
    token: tokio_util::sync::CancellationToken,
    grace: Duration,
    stop: Arc<StopState>,
) {
    token.cancelled().await;
    tokio::time::sleep(grace).await;
    stop.set_hard();
}

/// Stops a running script; may be sent to a signal handler.
#[derive(Clone, Debug)]
pub struct Stopper {
    state: Arc<StopState>,
}

impl Stopper {
    /// Stops the script: the first time calls outside throw `cancelled`, which it can catch to
    /// clean up; the second time it ends at once.
    pub fn stop(&self) {
        match self.state.is_soft() {
            true => self.state.set_hard(),
            false => self.state.token().cancel(),
        }
    }

    /// Whether the script was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.state.is_soft()
    }

    /// Makes the next run possible after a stop, as the prompt needs it.
    pub fn reset(&self) {
        self.state.reset();
    }
}

/// Remembers which call outside failed last, for the report of an error.
#[derive(Debug, Default)]
struct LastFailure {
    call: Mutex<Option<(String, String)>>,
}

impl LastFailure {
    fn operation_of(&self, error: &Error) -> Option<String> {
        let call = self.call.lock().unwrap_or_else(PoisonError::into_inner);
        let (operation, text) = call.as_ref()?;
        (*text == error.to_string()).then(|| operation.clone())
    }
}

impl Permit for LastFailure {
    fn check(&self, _operation: &Operation) -> Result<()> {
        Ok(())
    }

    fn ended(&self, operation: &Operation, error: Option<&Error>) {
        if let Some(error) = error {
            let call = (operation.name.clone(), error.to_string());
            *self.call.lock().unwrap_or_else(PoisonError::into_inner) = Some(call);
        }
    }
}
