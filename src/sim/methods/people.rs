//! What people and other systems have done or will do about the release.

use jiff::SignedDuration;
use rhai::{Array, Engine, Map};
use serde_json::json;

use super::{
    Answered, Draft,
    values::{duration, known_keys, one_of, texts},
};
use crate::{
    config::TOOL_NAMES,
    sim::{plan::path, state::PreparedAnswer, trackers},
};

const BACKENDS: [&str; 3] = ["native", "mcp", "cli"];

/// Gives an engine these methods.
pub(super) fn register(engine: &mut Engine) {
    engine
        .register_fn("security_alert", security_alert)
        .register_fn("new_files", new_files)
        .register_fn(
            "missed_cve",
            |world: &mut Draft, bugs: Array| -> Answered<()> {
                let bugs = texts("bugs", &bugs)?;
                trackers::miss(&mut world.lock().plan, &bugs);
                Ok(())
            },
        )
        .register_fn(
            "cve_attached",
            |world: &mut Draft, after: SignedDuration| {
                trackers::attach(&mut world.lock().plan, after);
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
        .register_fn("backend", |world: &mut Draft, word: &str| -> Answered<()> {
            one_of("backend", word, &BACKENDS)?;
            world.lock().plan.documents["oar"]["backend"] = word.into();
            Ok(())
        })
        .register_fn(
            "tool_backend",
            |world: &mut Draft, tool: &str, word: &str| -> Answered<()> {
                one_of("tool", tool, &TOOL_NAMES)?;
                one_of("backend", word, &BACKENDS)?;
                world.lock().plan.documents["oar"]["backends"][tool] = word.into();
                Ok(())
            },
        )
        .register_fn("statebox_missing", |world: &mut Draft| {
            let mut inner = world.lock();
            inner.plan.documents["statebox"]["is_missing"] = true.into();
        });
}

fn new_files(world: &mut Draft, kind: &str, until: SignedDuration) -> Answered<()> {
    let mut inner = world.lock();
    let plan = &mut inner.plan;
    let advisories = &plan.identity.advisories;
    let kinds: Vec<_> = advisories.iter().map(|(kind, _)| kind.as_str()).collect();
    one_of("kind of advisory", kind, &kinds)?;
    let found = advisories.iter().find(|(other, _)| other == kind);
    let number = found.map(|(_, id)| id.to_string()).unwrap_or_default();
    let way = path(&["errata", "advisories", &number, "state"]);
    plan.set(&way, "NEW_FILES".into());
    plan.schedule.push((until, way, "QE".into()));
    Ok(())
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
    let way = path(&["errata", "advisories", &id.to_string(), "type"]);
    plan.set(&way, "RHSA".into());
    let way = path(&["errata", "advisories", &id.to_string(), "content_alerts"]);
    plan.set(&way, json!({ "blocking": true, "alerts": [alert] }));
    if let Some(after) = gone_after {
        let none = json!({ "blocking": false, "alerts": [] });
        plan.schedule.push((after, way, none));
    }
    Ok(())
}
