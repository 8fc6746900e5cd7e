//! What becomes of the build, its tests, and the jobs that run for it.

use jiff::SignedDuration;
use rhai::{Array, Engine, EvalAltResult, Map};
use serde_json::{Value, json};

use super::{
    Answered, Draft,
    values::{duration, known_keys, one_of, texts},
};
use crate::sim::{
    plan::{Plan, TestPlan, path},
    results::Tests,
    seed::{OWNER, release_date, result_path},
    shipment,
};

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

/// Gives an engine these methods.
pub(super) fn register(engine: &mut Engine) {
    register_build(engine);
    register_work(engine);
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
                    let file = result_path(candidate);
                    let way = path(&["github", "branches", "record", &file]);
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
        .register_fn("shipping", |world: &mut Draft, after: SignedDuration| {
            let plan = &mut world.lock().plan;
            plan.documents["sim"]["ships_after_mins"] = after.as_mins().into();
        })
        .register_fn("no_metadata_url", |world: &mut Draft| {
            world.lock().plan.metadata_url = None;
        })
        .register_fn(
            "kernel_stop_ship",
            |world: &mut Draft, after: SignedDuration| {
                let plan = &mut world.lock().plan;
                let [version, release] = plan.seed.kernel();
                let kernel = format!("kernel-{version}-{release}");
                let way = path(&["brew", "builds", &kernel, "tags"]);
                let usual = plan.documents["brew"]["builds"][&kernel]["tags"].clone();
                plan.set(&way, json!(["early-kernel-stop-ship"]));
                plan.schedule.push((after, way, usual));
            },
        )
        .register_fn("errata_flow", |world: &mut Draft| {
            world.lock().plan.use_errata_flow();
        })
        .register_fn(
            "advisories",
            |world: &mut Draft, kinds: Array| -> Answered<()> {
                let kinds = texts("advisories", &kinds)?;
                world.lock().plan.use_advisories(&kinds);
                Ok(())
            },
        )
        .register_fn(
            "shipment_files",
            |world: &mut Draft, count: i64| -> Answered<()> {
                let count = usize::try_from(count).unwrap_or_default();
                if !(1..=200).contains(&count) {
                    return Err(format!("a shipment has 1 to 200 files, not {count}").into());
                }
                world.lock().plan.use_shipment_files(count);
                Ok(())
            },
        )
        .register_fn("release_date", |world: &mut Draft, days: i64| {
            let mut inner = world.lock();
            inner.plan.identity.release_date = release_date(inner.plan.seed.start, days);
            inner.plan.show_identity();
        })
        .register_fn("already_done", |world: &mut Draft| {
            already_done(&mut world.lock().plan);
        });
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

fn already_done(plan: &mut Plan) {
    let past = SignedDuration::from_hours(-24);
    plan.phases = vec![(past, "Accepted".to_owned())];
    plan.stage_release = vec![(past, "success".to_owned())];
    plan.metadata_url = Some(past);
    for (_, id) in &plan.identity.advisories {
        let advisory = &mut plan.documents["errata"]["advisories"][id.to_string()];
        advisory["state"] = "REL_PREP".into();
        advisory["qa_owner"] = OWNER.into();
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
        request["approved_by"] = json!([shipment::BOT]);
    }
    let issues = plan.documents["jira"]["issues"].as_object_mut();
    for (_, issue) in issues.into_iter().flatten() {
        if issue["parent"].is_string() {
            issue["status"] = "Closed".into();
        }
    }
    plan.is_done = true;
}
