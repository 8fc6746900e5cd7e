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
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use rhai::{AST, Dynamic, Engine, EvalAltResult, NativeCallContext, Scope};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use super::{
    branches::{self, STACK_BYTES},
    builder::HostBuilder,
    bundle::{self, ARGS},
    catalogue::{Catalogue, FunctionInfo},
    check,
    diagnostic::{Diagnostic, ScriptError},
    explain, faults, hooks,
    last_failure::LastFailure,
    program::Program,
    sources::{Source, Sources},
    stopper::{StopState, Stopper},
};
use crate::{
    call::{Control, Session},
    error::{Error, Kind, Result},
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

/// Loads scripts and runs them.
pub struct Host {
    pub(super) engine: Engine,
    pub(super) catalogue: Catalogue,
    pub(super) session: Session,
    pub(super) sources: Sources,
    pub(super) stop: Arc<StopState>,
    pub(super) grace: Duration,
    pub(super) last_failure: Arc<LastFailure>,
    pub(super) _runtime: Option<Runtime>,
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
        Stopper::new(self.stop.clone())
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

async fn end_after(token: CancellationToken, grace: Duration, stop: Arc<StopState>) {
    token.cancelled().await;
    tokio::time::sleep(grace).await;
    stop.set_hard();
}
