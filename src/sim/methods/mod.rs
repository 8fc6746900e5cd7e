//! What a scenario can say: the methods of `world`.

mod build;
mod build_data;
mod people;
mod values;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::SignedDuration;
use rhai::{Array, Dynamic, Engine, EvalAltResult};

use super::{plan::Plan, state::Fault};
use values::{LONGEST, json_of, span, way_of};

/// The methods of `world` with what they do. Times are `minutes(n)`, `hours(n)` or `days(n)` after
/// the start of the world.
pub const METHODS: &[(&str, &str)] = &[
    ("promotion(after)", "the build is promoted"),
    (
        "phase(after, word)",
        "the promoted build enters a phase; the first call clears the plan",
    ),
    (
        "promoted_tests(#{created, aggregated, result})",
        "how the tests of the promoted build go, counted from promotion",
    ),
    (
        "candidate_tests(#{created, aggregated, result})",
        "how the tests of the candidate go",
    ),
    ("no_candidate()", "there is no candidate build"),
    (
        "stage_release(after, word)",
        "the stage-release pipeline enters a state; the first call clears the plan",
    ),
    (
        "stage_pipeline(outcomes, minutes)",
        "how stage testing ends, one outcome a run",
    ),
    (
        "consistency_check(outcomes, minutes)",
        "how the image consistency check ends",
    ),
    (
        "push(outcomes, minutes)",
        "how the push to CDN staging ends",
    ),
    (
        "new_files(kind, until)",
        "the advisory of this kind is in NEW_FILES until then, in QE afterwards",
    ),
    (
        "security_alert(#{name, text, description, how_to_resolve, gone_after})",
        "the RHCOS advisory has a blocking security alert",
    ),
    ("missed_cve(bugs)", "CVE tracker bugs are missed"),
    ("cve_attached(after)", "they are put on an advisory"),
    (
        "blocker(after, task, text)",
        "a person reports a blocking issue",
    ),
    ("resolve(after, text, how)", "a person resolves it"),
    ("metadata_url(after)", "production release is done"),
    ("no_metadata_url()", "production release is never done"),
    (
        "shipping(after)",
        "ART merges the shipment so long after QE approved it, and ships moved advisories as long after",
    ),
    (
        "kernel_stop_ship(after)",
        "the kernel of the release must not ship until then",
    ),
    ("release_date(days)", "the day of the release"),
    (
        "build_data_changes(after, #{advisories, candidate, release_date, shipment_mr, ticket})",
        "ART corrects the build data; () takes a value away",
    ),
    (
        "build_data_down(after, until)",
        "the build data cannot be read for a while",
    ),
    (
        "build_data_broken(after, until)",
        "the file with the build data is broken for a while",
    ),
    (
        "advisories(kinds)",
        "the release has an advisory of each kind, such as `rpm`",
    ),
    (
        "shipment_files(count)",
        "the shipment has so many files, five unless said",
    ),
    ("errata_flow()", "the release has no shipment merge request"),
    (
        "statebox_missing()",
        "the release is tracked in the sheet alone, without a StateBox",
    ),
    (
        "owner(address)",
        "who owns the release; nobody when it is empty",
    ),
    (
        "answer(about, word, reason)",
        "what a person answers when asked",
    ),
    (
        "backend(word)",
        "what carries the OAR tools out when no setting says so: native, mcp or cli",
    ),
    ("tool_backend(tool, word)", "the same for one tool"),
    ("already_done()", "everything was done before"),
    (
        "fault(service, operation, kind, times, after)",
        "a service fails `times` times, after `after` good calls",
    ),
    ("latency_ms(n)", "how long every call takes in real time"),
    ("at(after, path, value)", "a value in the documents changes"),
    (
        "set(path, value)",
        "a value in the documents of the first day",
    ),
    ("version()", "returns the release"),
];

type Answered<T> = Result<T, Box<EvalAltResult>>;

/// The plan while a scenario changes it.
#[derive(Clone)]
pub struct Draft(Arc<Mutex<Inner>>);

struct Inner {
    plan: Plan,
    has_phases: bool,
    has_stage_release: bool,
}

impl Draft {
    /// Starts from `plan`.
    pub fn new(plan: Plan) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            plan,
            has_phases: false,
            has_stage_release: false,
        })))
    }

    /// The plan as it stands.
    pub fn plan(&self) -> Plan {
        self.lock().plan.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0
            .lock()
            .expect("no thread panics while it holds a plan")
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("world")
    }
}

/// Gives an engine the methods.
pub fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Draft>("world")
        .register_type_with_name::<SignedDuration>("duration")
        .register_fn("minutes", |count: i64| span(count, 60))
        .register_fn("hours", |count: i64| span(count, 3_600))
        .register_fn("days", |count: i64| span(count, 86_400))
        .register_fn("+", |one: SignedDuration, other: SignedDuration| {
            one.saturating_add(other).min(LONGEST)
        });
    build::register(engine);
    build_data::register(engine);
    people::register(engine);
    register_documents(engine);
}

fn register_documents(engine: &mut Engine) {
    engine
        .register_fn(
            "fault",
            |world: &mut Draft,
             service: &str,
             operation: &str,
             kind: &str,
             times: i64,
             after: i64|
             -> Answered<()> {
                let count = |name: &str, number: i64| {
                    u32::try_from(number).map_err(|_| {
                        Box::<EvalAltResult>::from(format!(
                            "`{name}` is a number from 0, not {number}"
                        ))
                    })
                };
                let fault = Fault {
                    service: service.to_owned(),
                    operation: operation.to_owned(),
                    kind: kind.to_owned(),
                    times: count("times", times)?,
                    after: count("after", after)?,
                };
                world.lock().plan.faults.push(fault);
                Ok(())
            },
        )
        .register_fn(
            "latency_ms",
            |world: &mut Draft, count: i64| -> Answered<()> {
                if !(0..=60_000).contains(&count) {
                    return Err(format!("a latency is 0 to 60000 ms, not {count}").into());
                }
                world.lock().plan.documents["sim"]["latency_ms"] = count.into();
                Ok(())
            },
        )
        .register_fn(
            "at",
            |world: &mut Draft,
             after: SignedDuration,
             way: Array,
             value: Dynamic|
             -> Answered<()> {
                let change = (after, way_of(&way)?, json_of(&value)?);
                world.lock().plan.schedule.push(change);
                Ok(())
            },
        )
        .register_fn(
            "set",
            |world: &mut Draft, way: Array, value: Dynamic| -> Answered<()> {
                let (way, value) = (way_of(&way)?, json_of(&value)?);
                world.lock().plan.set(&way, value);
                Ok(())
            },
        );
}
