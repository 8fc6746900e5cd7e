//! The one way from a script to the outside.
//!
//! Every binding runs its request through [`Session::call`]: there it gets a permit (plan mode and
//! the approval guard refuse here), waits for the answer on the runtime while it listens for
//! cancellation and the deadline, and leaves a trace. A binding finds the session in the tag of its
//! call context.
//!
//! Cancellation and deadlines live on a stack per thread, because a running interpreter has no
//! other place for them. Branches that run at once start with a copy of their parent's.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    fmt,
    future::Future,
    sync::{Arc, RwLock},
    time::Duration,
};

use jiff::Timestamp;
use rhai::{Dynamic, EvalAltResult, NativeCallContext};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    error::{Error, Kind, Result},
    world::World,
};

/// One call to the outside, as permits and records see it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Namespace and function, such as `oar.take_ownership`.
    pub name: String,
    /// The arguments, without secrets.
    pub arguments: Value,
    /// Whether it changes something outside.
    pub is_changing: bool,
    /// The node that makes the call, if one does.
    pub node: Option<String>,
}

/// Decides whether a call may be made, and hears how it ended.
pub trait Permit: Send + Sync {
    /// Refuses with an error, or lets the call pass.
    fn check(&self, operation: &Operation) -> Result<()>;

    /// Hears how a permitted call ended.
    fn ended(&self, _operation: &Operation, _error: Option<&Error>) {}
}

/// What bindings need to reach the outside; cheap to clone.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    world: Arc<dyn World>,
    runtime: Handle,
    permits: RwLock<BTreeMap<&'static str, Arc<dyn Permit>>>,
    parts: RwLock<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Session {
    /// Makes a session whose calls run on `runtime`.
    pub fn new(world: Arc<dyn World>, runtime: Handle) -> Self {
        Self {
            inner: Arc::new(Inner {
                world,
                runtime,
                permits: RwLock::default(),
                parts: RwLock::default(),
            }),
        }
    }

    /// Returns the session of the running script.
    pub fn of(context: &NativeCallContext) -> Result<Self, Box<EvalAltResult>> {
        context
            .tag()
            .and_then(|tag| tag.clone().try_cast::<Self>())
            .ok_or_else(|| to_script(Error::invalid("this function needs a host to run in")))
    }

    /// Gives the session a part, such as the client of a service, that bindings find by its type.
    pub fn put<T: Any + Send + Sync>(&self, part: Arc<T>) {
        self.inner
            .parts
            .write()
            .expect("no thread panics while it holds the parts")
            .insert(TypeId::of::<T>(), part);
    }

    /// Returns the part of this type.
    pub fn get<T: Any + Send + Sync>(&self) -> Result<Arc<T>> {
        self.inner
            .parts
            .read()
            .expect("no thread panics while it holds the parts")
            .get(&TypeId::of::<T>())
            .cloned()
            .and_then(|part| part.downcast().ok())
            .ok_or_else(|| {
                let name = std::any::type_name::<T>();
                Error::invalid(format!("this host has no `{name}`"))
            })
    }

    /// The world outside.
    pub fn world(&self) -> &Arc<dyn World> {
        &self.inner.world
    }

    /// The runtime that requests run on.
    pub fn runtime(&self) -> &Handle {
        &self.inner.runtime
    }

    /// Sets who is asked before every call under this name; the one before is replaced.
    pub fn set_permit(&self, name: &'static str, permit: Arc<dyn Permit>) {
        self.inner
            .permits
            .write()
            .expect("no thread panics while it holds the permits")
            .insert(name, permit);
    }

    /// Makes one call to the outside and waits for it on this thread.
    ///
    /// Ends early with `cancelled` or `timeout`. A changing call that ends early is ambiguous.
    pub fn call<T>(
        &self,
        name: &str,
        arguments: Value,
        is_changing: bool,
        request: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let operation = Operation {
            name: name.to_owned(),
            arguments,
            is_changing,
            node: Control::current().node,
        };
        let permits = self
            .inner
            .permits
            .read()
            .expect("no thread panics while it holds the permits")
            .clone();
        for permit in permits.values() {
            permit.check(&operation)?;
        }
        let answer = self.wait(request).map_err(|error| {
            let is_cut_short = matches!(error.kind, Kind::Cancelled | Kind::Timeout);
            if is_changing && is_cut_short {
                error.ambiguous()
            } else {
                error
            }
        });
        for permit in permits.values() {
            permit.ended(&operation, answer.as_ref().err());
        }
        answer
    }

    /// The same for a binding: the error becomes one that scripts can catch.
    pub fn call_from_script<T>(
        &self,
        name: &str,
        arguments: Value,
        is_changing: bool,
        request: impl Future<Output = Result<T>>,
    ) -> Result<T, Box<EvalAltResult>> {
        self.call(name, arguments, is_changing, request)
            .map_err(to_script)
    }

    /// Waits for a future on this thread, listening for cancellation and the deadline.
    pub fn wait<T>(&self, request: impl Future<Output = Result<T>>) -> Result<T> {
        let control = Control::current();
        if control.token.is_cancelled() {
            return Err(Error::new(Kind::Cancelled, "the run was stopped"));
        }
        let world = self.world();
        let left = control.deadline.map(|deadline| {
            Duration::try_from(deadline.duration_since(world.now())).unwrap_or(Duration::ZERO)
        });
        self.inner.runtime.block_on(async {
            let deadline = async {
                match left {
                    Some(left) => tokio::time::sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = control.token.cancelled() => {
                    Err(Error::new(Kind::Cancelled, "the run was stopped"))
                }
                answer = request => answer,
                () = deadline => Err(Error::new(Kind::Timeout, "the time set for this is over")),
            }
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

/// Turns an error into one that scripts can catch and that keeps its fields.
pub fn to_script(error: Error) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(
        Dynamic::from(error),
        rhai::Position::NONE,
    ))
}

/// What can end the work on this thread early, and for which node it is done.
#[derive(Clone, Debug, Default)]
pub struct Control {
    /// Cancelled when a person stops the run or a sibling branch failed.
    pub token: CancellationToken,
    /// When the work must be over, on the world's clock.
    pub deadline: Option<Timestamp>,
    /// The node the work belongs to.
    pub node: Option<String>,
    /// Whether a person wants an answer now: reads are not tried again later.
    pub is_hasty: bool,
}

thread_local! {
    static CONTROLS: RefCell<Vec<Control>> = const { RefCell::new(Vec::new()) };
}

impl Control {
    /// The control of the innermost scope on this thread.
    pub fn current() -> Self {
        CONTROLS.with_borrow(|controls| controls.last().cloned().unwrap_or_default())
    }

    /// Runs `work` under this control.
    pub fn scope<T>(self, work: impl FnOnce() -> T) -> T {
        struct Pop;
        impl Drop for Pop {
            fn drop(&mut self) {
                CONTROLS.with_borrow_mut(|controls| {
                    controls.pop();
                });
            }
        }
        CONTROLS.with_borrow_mut(|controls| controls.push(self));
        let _pop = Pop;
        work()
    }
}
