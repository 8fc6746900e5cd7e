//! The flow as scripts declare and drive it.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, ImmutableString, Map, NativeCallContext};
use serde_json::json;

use super::{
    calling, faults, host, notices,
    program::Program,
    release::{DrivesPart, Release},
};
use crate::{
    call::{Control, Session, to_script},
    error::{Error, Place, Result},
    flow::{
        Graph, Node, NodeKind, Report, approval,
        effect::{self, Effect},
        notice::{Change, Notice},
        pass::{Runner, Trouble},
        plan::LookOnly,
        watch::{self, Manner},
    },
    release::{Ending, Outcome, Remote},
    value::{to_dynamic, to_json},
};

type Scripted<T> = std::result::Result<T, Box<EvalAltResult>>;

/// What `flow.drive()` does in this run; the command line puts one into the session.
pub struct Command {
    /// How a run goes on after a pass.
    pub manner: Manner,
    /// What the last `flow.drive()` found.
    pub found: Mutex<Option<Found>>,
    /// Hears the report of every pass.
    pub seen: Box<dyn Fn(&Report) + Send + Sync>,
}

/// What a flow found, with the graph it was found in.
pub struct Found {
    /// The report of the last pass, or the plan.
    pub report: Report,
    /// The graph.
    pub graph: Graph,
    /// The release that was driven.
    pub release: Release,
}

/// A flow that a script declares.
#[derive(Clone)]
pub struct Flow {
    graph: Arc<Mutex<Graph>>,
    release: Release,
}

/// A node of a flow, to say more about it.
#[derive(Clone)]
pub struct NodeHandle {
    flow: Flow,
    name: String,
}

/// Registers flows, nodes, outcomes and effects.
pub fn register(engine: &mut Engine) {
    register_outcomes(engine);
    engine
        .register_type_with_name::<Flow>("Flow")
        .register_type_with_name::<NodeHandle>("Node")
        .register_fn("flow", |release: Release| Flow {
            graph: Arc::default(),
            release,
        })
        .register_get("release", |flow: &mut Flow| flow.release.clone())
        .register_fn("phase", |flow: &mut Flow, title: ImmutableString| {
            flow.graph().begin_phase(&title);
        })
        .register_fn(
            "task",
            |context: NativeCallContext, flow: &mut Flow, name: ImmutableString| {
                add(&context, flow, &name, NodeKind::Task)
            },
        )
        .register_fn(
            "check",
            |context: NativeCallContext, flow: &mut Flow, name: ImmutableString| {
                add(&context, flow, &name, NodeKind::Check)
            },
        )
        .register_fn(
            "remove",
            |context: NativeCallContext, flow: &mut Flow, name: ImmutableString| {
                let place = place(&context)?;
                flow.graph().remove(&name, place).map_err(to_script)
            },
        )
        .register_fn(
            "node",
            |context: NativeCallContext, flow: &mut Flow, name: ImmutableString| {
                node(&context, flow, &name)
            },
        )
        .register_fn("drive", drive);
    register_node(engine);
    engine.register_fn(
        "effect",
        |context: NativeCallContext, name: ImmutableString, find: FnPtr, trigger: FnPtr| {
            run_effect(&context, &name, &find, &trigger)
        },
    );
}

fn register_node(engine: &mut Engine) {
    engine
        .register_fn(
            "after",
            |context: NativeCallContext, node: &mut NodeHandle, name: ImmutableString| {
                let place = place(&context)?;
                node.change(|node| node.after.push((name.to_string(), place)));
                Scripted::Ok(node.clone())
            },
        )
        .register_fn(
            "after",
            |context: NativeCallContext, node: &mut NodeHandle, names: Array| {
                let place = place(&context)?;
                for name in names {
                    let name = name.into_immutable_string().map_err(|kind| {
                        to_script(Error::invalid(format!(
                            "`after` takes names of nodes, not `{kind}`"
                        )))
                    })?;
                    node.change(|node| node.after.push((name.to_string(), place.clone())));
                }
                Scripted::Ok(node.clone())
            },
        )
        .register_fn(
            "only_for",
            |node: &mut NodeHandle, flow: ImmutableString| {
                if !matches!(flow.as_str(), "konflux" | "errata") {
                    let what = format!("`{flow}` is not a kind of release");
                    return Err(to_script(
                        Error::invalid(what).hint("it is `konflux` or `errata`"),
                    ));
                }
                node.change(|node| node.only_for = Some(flow.to_string()));
                Scripted::Ok(node.clone())
            },
        )
        .register_fn("recheck", |node: &mut NodeHandle, seconds: rhai::INT| {
            let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(0).max(1));
            node.change(|node| node.recheck = wait);
            node.clone()
        })
        .register_fn(
            "typically",
            |node: &mut NodeHandle, text: ImmutableString| {
                node.change(|node| node.typical = Some(text.to_string()));
                node.clone()
            },
        )
        .register_fn("informs", |node: &mut NodeHandle| {
            node.change(|node| node.is_informing = true);
            node.clone()
        });
}

fn register_outcomes(engine: &mut Engine) {
    let make =
        |ending: Ending| move |reason: ImmutableString| Outcome::new(ending, reason.as_str());
    engine
        .register_type_with_name::<Outcome>("Outcome")
        .register_fn("pass", make(Ending::Pass))
        .register_fn("failed", make(Ending::Fail))
        .register_fn("running", make(Ending::InProgress))
        .register_fn("waiting", make(Ending::Waiting))
        .register_fn("skipped", make(Ending::Skipped))
        .register_fn("undecided", make(Ending::NeedsDecision))
        .register_fn("blocked", make(Ending::Blocked))
        .register_get("status", |outcome: &mut Outcome| outcome.status.word())
        .register_get("reason", |outcome: &mut Outcome| outcome.reason.clone())
        .register_fn("owner", |outcome: &mut Outcome, owner: ImmutableString| {
            outcome.clone().owner(owner.as_str())
        })
        .register_fn("next", |outcome: &mut Outcome, next: ImmutableString| {
            outcome.clone().next(next.as_str())
        })
        .register_fn("link", |outcome: &mut Outcome, link: Dynamic| {
            match link.into_immutable_string() {
                Ok(link) if !link.is_empty() => outcome.clone().link(link.as_str()),
                _ => outcome.clone(),
            }
        })
        .register_fn(
            "output",
            |outcome: &mut Outcome, output: ImmutableString| {
                outcome.clone().output(output.as_str())
            },
        )
        .register_fn("recheck", |outcome: &mut Outcome, seconds: rhai::INT| {
            outcome
                .clone()
                .recheck(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
        })
        .register_fn("ends_attempt", |outcome: &mut Outcome| Outcome {
            ends_attempt: true,
            ..outcome.clone()
        });
}

impl Flow {
    fn graph(&self) -> MutexGuard<'_, Graph> {
        self.graph
            .lock()
            .expect("no thread panics while it holds the graph")
    }
}

impl NodeHandle {
    fn change(&self, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.flow.graph().get_mut(&self.name) {
            change(node);
        }
    }
}

fn add(
    context: &NativeCallContext,
    flow: &mut Flow,
    name: &str,
    kind: NodeKind,
) -> Scripted<NodeHandle> {
    let place = place(context)?;
    flow.graph().add(name, kind, place).map_err(to_script)?;
    let program = Session::of(context)?.get::<Program>().map_err(to_script)?;
    if let Some(node) = flow.graph().get_mut(name)
        && let Some(function) = program.function(&node.function(), 1)
    {
        node.doc.clone_from(&function.doc);
    }
    Ok(NodeHandle {
        flow: flow.clone(),
        name: name.to_owned(),
    })
}

fn node(context: &NativeCallContext, flow: &mut Flow, name: &str) -> Scripted<NodeHandle> {
    if flow.graph().get(name).is_none() {
        let error = Error::invalid(format!("the flow has no node `{name}`")).at(place(context)?);
        return Err(to_script(error));
    }
    Ok(NodeHandle {
        flow: flow.clone(),
        name: name.to_owned(),
    })
}

fn place(context: &NativeCallContext) -> Scripted<Option<Place>> {
    let program = Session::of(context)?.get::<Program>().map_err(to_script)?;
    Ok(program.locate(context.call_position()))
}

fn drive(context: NativeCallContext, flow: &mut Flow) -> Scripted<Map> {
    let session = Session::of(&context)?;
    let found = run(&context, &session, flow).map_err(to_script)?;
    let map = to_dynamic(&found.report.to_json());
    let command = session.get::<Command>().map_err(to_script)?;
    *command
        .found
        .lock()
        .expect("no thread panics while it holds what was found") = Some(found);
    Ok(map.cast())
}

fn run(context: &NativeCallContext, session: &Session, flow: &Flow) -> Result<Found> {
    let program = session.get::<Program>()?;
    let command = session.get::<Command>()?;
    let graph = flow.graph().clone();
    graph.check(|function| program.function(function, 1).is_some())?;
    let drive = &flow.release.0;
    let drives = session.get::<DrivesPart>()?;
    let guard = approval::Guard::new(move |release| drives.0.open(release, None));
    session.set_permit("approval", Arc::new(guard));
    session.set_permit("journal", Arc::new(effect::Recorded(drive.clone())));
    if let Some(plan) = &drive.plan {
        session.set_permit("plan", LookOnly::new(plan));
    }
    session.put(Arc::new(ActiveDrive(drive.clone())));
    let runner = ScriptRunner {
        context,
        program: &program,
        release: &flow.release,
    };
    let report = watch::drive(drive, &graph, &runner, command.manner, |report| {
        (command.seen)(report)
    })?;
    Ok(Found {
        report,
        graph,
        release: flow.release.clone(),
    })
}

struct ScriptRunner<'a> {
    context: &'a NativeCallContext<'a>,
    program: &'a Program,
    release: &'a Release,
}

impl Runner for ScriptRunner<'_> {
    fn run(&self, node: &Node) -> std::result::Result<Outcome, Trouble> {
        let arguments = vec![Dynamic::from(self.release.clone())];
        let answer = calling::call_function(self.context, &node.function(), arguments);
        match answer {
            Ok(value) => to_outcome(&value).map_err(|error| {
                let place = self
                    .program
                    .function(&node.function(), 1)
                    .map(|found| found.place.clone());
                Trouble::from(error.at(place))
            }),
            Err(error) => Err(Trouble {
                error: faults::error_of(&error),
                report: host::report_in(self.context, &error),
            }),
        }
    }

    fn notices(&self, change: &Change) -> std::result::Result<Vec<Notice>, Trouble> {
        notices::of_change(self.context, self.program, change)
    }
}

/// Returns the outcome that a node function returned, as a value of its own or as a map.
fn to_outcome(value: &Dynamic) -> Result<Outcome> {
    if let Some(outcome) = value.read_lock::<Outcome>() {
        return Ok(outcome.clone());
    }
    let what = "a node ends with an outcome, such as pass(\"…\") or the answer of a tool";
    if value.is_unit() {
        return Err(Error::invalid("the node returned nothing").hint(what));
    }
    let json = to_json(value)?;
    if json.get("status").is_none() {
        let kind = value.type_name();
        return Err(
            Error::invalid(format!("the node returned a `{kind}` without `status`")).hint(what),
        );
    }
    let attempt = json.get("attempt").and_then(serde_json::Value::as_str);
    let (is_lost, is_in_doubt) = (attempt == Some("lost"), attempt == Some("in_doubt"));
    let outcome: Outcome = serde_json::from_value(json).map_err(|error| {
        Error::invalid("the node returned a map that is no outcome")
            .hint(what)
            .because(error)
    })?;
    Ok(Outcome {
        ends_attempt: outcome.ends_attempt || is_lost,
        is_in_doubt: outcome.is_in_doubt || is_in_doubt,
        ..outcome
    })
}

fn run_effect(
    context: &NativeCallContext,
    name: &str,
    find: &FnPtr,
    trigger: &FnPtr,
) -> Scripted<Map> {
    let session = Session::of(context)?;
    let node = Control::current().node.ok_or_else(|| {
        to_script(
            Error::invalid("an effect belongs to a node")
                .hint("call it from the function of a node"),
        )
    })?;
    let drive = session.get::<ActiveDrive>().map_err(to_script)?;
    // The error of a closure keeps its frames: it is handed out as it came.
    let mut raised = None;
    let effect = effect::effect(
        &drive.0,
        &node,
        name,
        || {
            let found = call(context, find, &mut raised)?;
            if found.is_unit() {
                return Ok(None);
            }
            let remote: Remote = serde_json::from_value(to_json(&found)?).map_err(|error| {
                Error::invalid("what an effect finds is `()` or a map with `kind` and `id`")
                    .because(error)
            })?;
            Ok(Some(remote))
        },
        || {
            let mut raised = None;
            to_outcome(&call(context, trigger, &mut raised)?)
        },
    );
    let effect = match effect {
        Ok(effect) => effect,
        Err(error) => return Err(raised.take().unwrap_or_else(|| to_script(error))),
    };
    let (state, remote, outcome) = match effect {
        Effect::Running(remote) => ("running", remote, None),
        Effect::Triggered(outcome) => ("triggered", outcome.remote.clone(), Some(outcome)),
        Effect::Held(outcome) => ("held", None, Some(outcome)),
    };
    let mut map = Map::new();
    let adopt = format!("oar-script adopt {} {node} ID", drive.0.release);
    map.insert("adopt".into(), adopt.into());
    map.insert("state".into(), state.into());
    map.insert(
        "remote".into(),
        remote.map_or(Dynamic::UNIT, |remote| to_dynamic(&json!(remote))),
    );
    map.insert(
        "outcome".into(),
        outcome.map_or(Dynamic::UNIT, Dynamic::from),
    );
    Ok(map)
}

/// The drive whose nodes are running.
pub struct ActiveDrive(pub Arc<crate::flow::Drive>);

fn call(
    context: &NativeCallContext,
    function: &FnPtr,
    raised: &mut Option<Box<EvalAltResult>>,
) -> Result<Dynamic> {
    function
        .call_within_context::<Dynamic>(context, ())
        .map_err(|error| {
            let plain = faults::error_of(&error);
            *raised = Some(error);
            plain
        })
}
