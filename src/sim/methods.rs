//! What a scenario can say: the methods of `world`.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::SignedDuration;
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};
use serde_json::{Value, json};

use super::{
    plan::{Plan, TestPlan},
    results::Tests,
    seed::release_date,
    state::{Fault, PreparedAnswer},
};
use crate::value::to_json;

/// The methods of `world` with what they do. Times are `minutes(n)`, `hours(n)` or `days(n)` after
/// the start of the world.
pub const METHODS: [(&str, &str); 26] = [
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
        "security_alert(#{name, text, description, how_to_resolve, gone_after})",
        "the RHCOS advisory has a blocking security alert",
    ),
    ("missed_cve(bugs)", "CVE tracker bugs are missed"),
    (
        "blocker(after, task, text)",
        "a person reports a blocking issue",
    ),
    ("resolve(after, text, how)", "a person resolves it"),
    ("metadata_url(after)", "production release is done"),
    ("no_metadata_url()", "production release is never done"),
    ("release_date(days)", "the day of the release"),
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

const PHASES: [&str; 5] = ["Pending", "Ready", "Accepted", "Rejected", "Failed"];
const STAGE_STATES: [&str; 8] = [
    "not_started",
    "created",
    "pending",
    "running",
    "failed",
    "canceled",
    "skipped",
    "success",
];

/// The longest time a scenario can name, so that no sum of them leaves the calendar.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 100_000);

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
    register_build(engine);
    register_work(engine);
    register_people(engine);
    register_documents(engine);
}

fn register_build(engine: &mut Engine) {
    engine
        .register_fn("version", |world: &mut Draft| {
            world.lock().plan.seed.version.to_string()
        })
        .register_fn("promotion", |world: &mut Draft, after: SignedDuration| {
            world.lock().plan.promote(after);
        })
        .register_fn(
            "phase",
            |world: &mut Draft, after: SignedDuration, word: &str| -> Answered<()> {
                one_of("phase", word, &PHASES)?;
                let mut inner = world.lock();
                if !std::mem::replace(&mut inner.has_phases, true) {
                    inner.plan.phases.clear();
                }
                inner.plan.phases.push((after, word.to_owned()));
                inner.plan.phases.sort_by_key(|(after, _)| *after);
                Ok(())
            },
        )
        .register_fn(
            "promoted_tests",
            |world: &mut Draft, options: Map| -> Answered<()> {
                world.lock().plan.promoted_tests = Some(test_plan(&options)?);
                Ok(())
            },
        )
        .register_fn(
            "candidate_tests",
            |world: &mut Draft, options: Map| -> Answered<()> {
                let has_times =
                    options.contains_key("created") || options.contains_key("aggregated");
                let mut tests = test_plan(&options)?;
                if !has_times {
                    tests.created = SignedDuration::from_hours(-45);
                    tests.aggregated = SignedDuration::from_hours(-40);
                }
                let mut inner = world.lock();
                let plan = &mut inner.plan;
                plan.candidate_tests = Some(tests);
                if let Some(candidate) = &plan.identity.candidate {
                    let file = super::seed::result_path(candidate);
                    let way = super::plan::path(&["github", "branches", "record", &file]);
                    plan.set(&way, Value::Null);
                }
                Ok(())
            },
        )
        .register_fn("no_candidate", |world: &mut Draft| {
            let mut inner = world.lock();
            inner.plan.identity.candidate = None;
            inner.plan.show_identity();
        });
}

fn register_work(engine: &mut Engine) {
    engine
        .register_fn(
            "stage_release",
            |world: &mut Draft, after: SignedDuration, word: &str| -> Answered<()> {
                one_of("state", word, &STAGE_STATES)?;
                let mut inner = world.lock();
                if !std::mem::replace(&mut inner.has_stage_release, true) {
                    inner.plan.stage_release.clear();
                }
                inner.plan.stage_release.push((after, word.to_owned()));
                inner.plan.stage_release.sort_by_key(|(after, _)| *after);
                Ok(())
            },
        )
        .register_fn(
            "stage_pipeline",
            |world: &mut Draft, outcomes: Array, minutes: i64| {
                let words = ["SUCCESS", "FAILURE", "UNSTABLE", "ABORTED"];
                work(
                    world,
                    ("jenkins", "outcomes", "minutes"),
                    &outcomes,
                    &words,
                    minutes,
                )
            },
        )
        .register_fn(
            "consistency_check",
            |world: &mut Draft, outcomes: Array, minutes: i64| {
                let words = ["success", "failure", "aborted", "error"];
                work(
                    world,
                    ("prow", "outcomes", "minutes"),
                    &outcomes,
                    &words,
                    minutes,
                )
            },
        )
        .register_fn(
            "push",
            |world: &mut Draft, outcomes: Array, minutes: i64| {
                let words = ["COMPLETE", "FAILED"];
                work(
                    world,
                    ("errata", "push_results", "push_minutes"),
                    &outcomes,
                    &words,
                    minutes,
                )
            },
        )
        .register_fn(
            "metadata_url",
            |world: &mut Draft, after: SignedDuration| {
                world.lock().plan.metadata_url = Some(after);
            },
        )
        .register_fn("no_metadata_url", |world: &mut Draft| {
            world.lock().plan.metadata_url = None;
        })
        .register_fn("errata_flow", |world: &mut Draft| {
            world.lock().plan.use_errata_flow();
        })
        .register_fn("release_date", |world: &mut Draft, days: i64| {
            let mut inner = world.lock();
            inner.plan.identity.release_date = release_date(inner.plan.seed.start, days);
            inner.plan.show_identity();
        })
        .register_fn("already_done", |world: &mut Draft| {
            already_done(&mut world.lock().plan);
        });
}

fn register_people(engine: &mut Engine) {
    engine
        .register_fn("security_alert", security_alert)
        .register_fn(
            "missed_cve",
            |world: &mut Draft, bugs: Array| -> Answered<()> {
                let bugs = texts("bugs", &bugs)?;
                world.lock().plan.documents["oar"]["missed_cve_trackers"] = json!(bugs);
                Ok(())
            },
        )
        .register_fn(
            "blocker",
            |world: &mut Draft, after: SignedDuration, task: &str, text: &str| -> Answered<()> {
                one_of("task", task, &crate::release::task::STATEBOX_TASKS)?;
                let act =
                    json!({ "kind": "open_issue", "task": task, "text": text, "blocker": true });
                world.lock().plan.act(after, act);
                Ok(())
            },
        )
        .register_fn(
            "resolve",
            |world: &mut Draft, after: SignedDuration, text: &str, how: &str| {
                let act = json!({ "kind": "resolve_issue", "text": text, "how": how });
                world.lock().plan.act(after, act);
            },
        )
        .register_fn(
            "owner",
            |world: &mut Draft, address: &str| -> Answered<()> {
                if !address.is_empty() && !address.contains('@') {
                    return Err(format!("`{address}` is not an e-mail address").into());
                }
                world.lock().plan.set_owner(address);
                Ok(())
            },
        )
        .register_fn(
            "answer",
            |world: &mut Draft, about: &str, word: &str, reason: &str| {
                world.lock().plan.answers.push(PreparedAnswer {
                    about: about.to_owned(),
                    word: word.to_owned(),
                    reason: reason.to_owned(),
                });
            },
        )
        .register_fn("statebox_missing", |world: &mut Draft| {
            let mut inner = world.lock();
            let plan = &mut inner.plan;
            let version = plan.seed.version.to_string();
            plan.documents["statebox"]["is_missing"] = true.into();
            plan.documents["oar"]["worksheets"][version] =
                json!({ "overall": "Green", "tasks": {} });
        });
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

fn security_alert(world: &mut Draft, options: Map) -> Answered<()> {
    known_keys(
        &options,
        &[
            "name",
            "text",
            "description",
            "how_to_resolve",
            "gone_after",
        ],
    )?;
    let text = |key: &str, otherwise: &str| -> Answered<String> {
        match options.get(key) {
            None => Ok(otherwise.to_owned()),
            Some(value) => value
                .clone()
                .into_string()
                .map_err(|kind| format!("`{key}` is text, not a {kind}").into()),
        }
    };
    let alert = json!({
        "name": text("name", "cve_without_fixed_build")?,
        "text": text("text", "a CVE has no fixed build attached")?,
        "description": text("description", "")?,
        "how_to_resolve": text("how_to_resolve", "Attach a build that contains the fix or remove the CVE.")?,
        "blocking": true,
    });
    let gone_after = duration(&options, "gone_after", None)?;
    let mut inner = world.lock();
    let plan = &mut inner.plan;
    let advisories = &plan.identity.advisories;
    let rhcos = advisories.iter().find(|(kind, _)| kind == "rhcos");
    let Some((_, id)) = rhcos.or(advisories.first()).cloned() else {
        return Err("the release has no advisory".into());
    };
    // Only advisories of this type have alerts.
    let way = super::plan::path(&["errata", "advisories", &id.to_string(), "type"]);
    plan.set(&way, "RHSA".into());
    let way = super::plan::path(&["errata", "advisories", &id.to_string(), "content_alerts"]);
    plan.set(&way, json!({ "blocking": true, "alerts": [alert] }));
    if let Some(after) = gone_after {
        let none = json!({ "blocking": false, "alerts": [] });
        plan.schedule.push((after, way, none));
    }
    Ok(())
}

fn already_done(plan: &mut Plan) {
    let past = SignedDuration::from_hours(-24);
    plan.phases = vec![(past, "Accepted".to_owned())];
    plan.stage_release = vec![(past, "success".to_owned())];
    plan.metadata_url = Some(past);
    for (_, id) in &plan.identity.advisories {
        let advisory = &mut plan.documents["errata"]["advisories"][id.to_string()];
        advisory["state"] = "REL_PREP".into();
        advisory["qa_owner"] = super::seed::OWNER.into();
        advisory["push"] = json!([{
            "id": 1,
            "target": "cdn_stage",
            "started_at": (plan.seed.start - SignedDuration::from_hours(60)).to_string(),
            "minutes": 45,
            "result": "COMPLETE",
        }]);
    }
    if let Some(number) = plan.identity.merge_request {
        let request = &mut plan.documents["gitlab"]["merge_requests"][number.to_string()];
        request["approved_by"] = json!(["qe-bot"]);
    }
    if let Some(subtasks) = plan.documents["jira"]["subtasks"].as_array_mut() {
        for subtask in subtasks {
            subtask["status"] = "Closed".into();
        }
    }
    plan.is_done = true;
}

fn work(
    world: &mut Draft,
    (service, outcomes_key, minutes_key): (&str, &str, &str),
    outcomes: &Array,
    words: &[&str],
    minutes: i64,
) -> Answered<()> {
    let outcomes = texts("outcomes", outcomes)?;
    if outcomes.is_empty() {
        return Err("`outcomes` is empty, one is needed at least".into());
    }
    for outcome in &outcomes {
        one_of("outcome", outcome, words)?;
    }
    if minutes < 0 {
        return Err(format!("`minutes` is a number from 0, not {minutes}").into());
    }
    let plan = &mut world.lock().plan.documents[service]["plan"];
    plan[outcomes_key] = json!(outcomes);
    plan[minutes_key] = minutes.into();
    Ok(())
}

fn test_plan(options: &Map) -> Answered<TestPlan> {
    known_keys(options, &["created", "aggregated", "result"])?;
    let mut plan = TestPlan::default();
    plan.created = duration(options, "created", Some(plan.created))?.unwrap_or(plan.created);
    plan.aggregated = duration(
        options,
        "aggregated",
        Some(plan.aggregated.max(plan.created)),
    )?
    .unwrap_or(plan.aggregated);
    if plan.aggregated < plan.created {
        return Err("`aggregated` comes before `created`".into());
    }
    if let Some(word) = options.get("result") {
        let word = word.to_string();
        plan.tests = Tests::from_word(&word).ok_or_else(|| {
            let words: Vec<_> = Tests::WORDS.iter().map(|(word, _)| *word).collect();
            Box::<EvalAltResult>::from(format!(
                "no result `{word}`, the words are {}",
                words.join(", ")
            ))
        })?;
    }
    Ok(plan)
}

fn span(count: i64, seconds: i64) -> Answered<SignedDuration> {
    if !(0..=100_000).contains(&count) {
        return Err(
            format!("a time in a scenario is a number from 0 to 100000, not {count}").into(),
        );
    }
    Ok(SignedDuration::from_secs(count * seconds))
}

fn duration(
    options: &Map,
    key: &str,
    otherwise: Option<SignedDuration>,
) -> Answered<Option<SignedDuration>> {
    let Some(value) = options.get(key) else {
        return Ok(otherwise);
    };
    value
        .clone()
        .try_cast::<SignedDuration>()
        .map(Some)
        .ok_or_else(|| {
            format!(
                "`{key}` is a time such as hours(6), not a {}",
                value.type_name()
            )
            .into()
        })
}

fn known_keys(options: &Map, known: &[&str]) -> Answered<()> {
    match options.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("no key `{key}`, the keys are {}", known.join(", ")).into()),
        None => Ok(()),
    }
}

fn one_of(what: &str, word: &str, words: &[&str]) -> Answered<()> {
    if words.contains(&word) {
        return Ok(());
    }
    Err(format!("no {what} `{word}`, the words are {}", words.join(", ")).into())
}

fn texts(name: &str, items: &Array) -> Answered<Vec<String>> {
    items
        .iter()
        .map(|item| {
            item.clone()
                .into_string()
                .map_err(|kind| format!("`{name}` holds text, not a {kind}").into())
        })
        .collect()
}

fn way_of(keys: &Array) -> Answered<Vec<String>> {
    let way = texts("path", keys)?;
    if way.is_empty() {
        return Err("`path` is empty, it begins with a service".into());
    }
    Ok(way)
}

fn json_of(value: &Dynamic) -> Answered<Value> {
    to_json(value).map_err(|error| error.to_string().into())
}
