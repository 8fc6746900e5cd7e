//! What becomes of the build data after the world began.

use jiff::SignedDuration;
use rhai::{Dynamic, Engine, Map};
use serde_json::{Value, json};

use super::{
    Answered, Draft,
    values::{json_of, known_keys},
};
use crate::{
    release::build_data,
    sim::{
        build_data::way,
        plan::{Plan, path},
        results::{Tests, finished},
        seed::{SHIPMENT_PROJECT, advisory, release_date, result_path, text},
    },
};

/// The values that can change.
const KEYS: [&str; 5] = [
    "advisories",
    "candidate",
    "release_date",
    "shipment_mr",
    "ticket",
];

/// A file that a merge has left broken.
const BROKEN: &str = "releases:\n<<<<<<< HEAD\n  4.20.1:\n    assembly: {\n=======\n";

/// Gives an engine these methods.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn(
            "build_data_changes",
            |world: &mut Draft, after: SignedDuration, values: Map| -> Answered<()> {
                known_keys(&values, &KEYS)?;
                let mut inner = world.lock();
                for (key, value) in &values {
                    match key.as_str() {
                        "advisories" => advisories(&mut inner.plan, after, value)?,
                        "candidate" => candidate(&mut inner.plan, after, value)?,
                        "release_date" => day(&mut inner.plan, after, value)?,
                        "shipment_mr" => shipment(&mut inner.plan, after, value)?,
                        _ => ticket(&mut inner.plan, after, value)?,
                    }
                }
                Ok(())
            },
        )
        .register_fn(
            "build_data_down",
            |world: &mut Draft, after: SignedDuration, until: SignedDuration| {
                let way = path(&["build_data", "is_down"]);
                between(&mut world.lock().plan, after, until, way, true.into());
            },
        )
        .register_fn(
            "build_data_broken",
            |world: &mut Draft, after: SignedDuration, until: SignedDuration| {
                let mut inner = world.lock();
                let branch = build_data::branch(&inner.plan.seed.version.y_stream());
                let way = path(&["build_data", "texts", &branch]);
                between(&mut inner.plan, after, until, way, BROKEN.into());
            },
        );
}

fn between(
    plan: &mut Plan,
    after: SignedDuration,
    until: SignedDuration,
    way: Vec<String>,
    value: Value,
) {
    plan.schedule.push((after, way.clone(), value));
    plan.schedule.push((until, way, Value::Null));
}

/// Has a value of the assembly change; `null` takes it away.
fn change(plan: &mut Plan, after: SignedDuration, keys: &[&str], value: Value) {
    let mut way = way(&plan.seed.version);
    way.push("assembly".to_owned());
    way.extend(path(keys));
    plan.schedule.push((after, way, value));
}

/// Kinds with their numbers; `()` drops the advisory, which the Errata Tool shows too.
fn advisories(plan: &mut Plan, after: SignedDuration, value: &Dynamic) -> Answered<()> {
    let Value::Object(entries) = json_of(value)? else {
        return Err("`advisories` is a map such as #{ rhcos: () }".into());
    };
    for (kind, number) in entries {
        let before = plan.identity.advisories.iter();
        let before = before.filter(|(other, _)| *other == kind);
        for (_, id) in before.cloned().collect::<Vec<_>>() {
            let way = path(&["errata", "advisories", &id.to_string(), "state"]);
            plan.schedule.push((after, way, "DROPPED_NO_SHIP".into()));
        }
        if let Some(id) = number.as_u64() {
            let way = path(&["errata", "advisories", &id.to_string()]);
            plan.schedule.push((after, way, advisory(&kind)));
        } else if !number.is_null() {
            return Err(format!("the advisory `{kind}` is a number or (), not {number}").into());
        }
        change(plan, after, &["group", "advisories", &kind], number);
    }
    Ok(())
}

/// The name of another nightly, whose tests were accepted; `()` for none.
fn candidate(plan: &mut Plan, after: SignedDuration, value: &Dynamic) -> Answered<()> {
    let keys = ["basis", "reference_releases", "x86_64"];
    let Some(build) = word(value, "candidate")? else {
        change(plan, after, &keys, Value::Null);
        return Ok(());
    };
    let file = finished(&plan.seed, &build, Tests::Accepted, plan.time(after));
    let way = path(&["github", "branches", "record", &result_path(&build)]);
    plan.schedule.push((after, way, text(&file).into()));
    change(plan, after, &keys, build.into());
    Ok(())
}

/// Days after the start of the world; `()` for none.
fn day(plan: &mut Plan, after: SignedDuration, value: &Dynamic) -> Answered<()> {
    let day = match (value.as_int(), value.is_unit()) {
        (Ok(days), _) => release_date(plan.seed.start, days).into(),
        (_, true) => Value::Null,
        _ => return Err("`release_date` is a number of days or ()".into()),
    };
    change(plan, after, &["group", "release_date"], day);
    Ok(())
}

/// The number of another merge request, whose pipelines run as planned; `()` for none.
fn shipment(plan: &mut Plan, after: SignedDuration, value: &Dynamic) -> Answered<()> {
    let shipment = match (value.as_int().map(u64::try_from), value.is_unit()) {
        (Ok(Ok(number)), _) => {
            plan.replace_request(after, number);
            json!({ "url": format!("{SHIPMENT_PROJECT}/{number}"), "env": "prod" })
        }
        (_, true) => Value::Null,
        _ => return Err("`shipment_mr` is the number of a merge request or ()".into()),
    };
    change(plan, after, &["group", "shipment"], shipment);
    Ok(())
}

/// Another ticket; `()` for none.
fn ticket(plan: &mut Plan, after: SignedDuration, value: &Dynamic) -> Answered<()> {
    let ticket = word(value, "ticket")?.map_or(Value::Null, Value::from);
    change(plan, after, &["group", "release_jira"], ticket);
    Ok(())
}

fn word(value: &Dynamic, key: &str) -> Answered<Option<String>> {
    if value.is_unit() {
        return Ok(None);
    }
    let word = value.clone().into_string();
    word.map(Some)
        .map_err(|kind| format!("`{key}` is text or (), not a {kind}").into())
}
