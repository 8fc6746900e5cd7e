//! `explain`: why a task is where it is.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    args::{Options, Output},
    history,
    out::{self, Failure},
    plan, table,
    view::{View, clock},
    wiring::Wiring,
};
use crate::{
    error::{Error, Result},
    flow::{
        graph::nearest,
        report::{NodeReport, State},
    },
    release::{Version, metadata::Drift},
    script::flow::Found,
};

/// How many lines of a stored result are shown.
const TAIL: usize = 12;

/// Explains one task, or all that are not done.
pub fn explain(
    release: &str,
    task: Option<&str>,
    assume: &[String],
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    // With a document the release may be left out: then the first word is the task.
    let is_release = release.parse::<Version>().is_ok();
    let (release, task) = match (&options.statebox, is_release, task) {
        (Some(_), false, None) => (None, Some(release)),
        _ => (Some(release), task),
    };
    let (wiring, found) = plan::find(release, assume, options, view)?;
    let nodes: Vec<&NodeReport> = match task {
        Some(task) => vec![
            found
                .report
                .node(task)
                .ok_or_else(|| unknown(&found, task))?,
        ],
        None => found
            .report
            .nodes
            .iter()
            .filter(|node| !node.state.opens_the_way())
            .collect(),
    };
    let explained = nodes
        .iter()
        .map(|node| about(&wiring, &found, node))
        .collect::<Result<Vec<_>>>()?;
    match options.output {
        Output::Json => out::json(&json!({
            "release": found.report.release,
            "headline": found.report.headline(),
            "notes": found.report.notes,
            "drift": found.report.drift,
            "nodes": explained,
        })),
        Output::Text => {
            let is_told_by_others = |value: &&Value| task.is_none() && is_held_by_others(value);
            let mut parts: Vec<String> = explained
                .iter()
                .filter(|value| !is_told_by_others(value))
                .map(text)
                .collect();
            let later: Vec<_> = explained
                .iter()
                .filter(is_told_by_others)
                .map(|value| {
                    let word = |key: &str| value[key].as_str().unwrap_or_default();
                    format!("{} comes {}", word("name"), word("reason"))
                })
                .collect();
            if !later.is_empty() {
                parts.push(later.join("\n"));
            }
            if task.is_none() {
                let drift = found.report.drift.iter();
                parts.extend(drift.map(|drift| format!("build data: {}", drift.line())));
            }
            parts.extend(
                found
                    .report
                    .notes
                    .iter()
                    .map(|note| format!("note: {note}")),
            );
            parts.push(table::headline(&found.report));
            out::answer(&options.at_hand(&parts.join("\n\n")));
        }
    }
    Ok(0)
}

fn unknown(found: &Found, task: &str) -> Error {
    let names = found.graph.nodes().map(|node| node.name.as_str());
    let hint = nearest(task, names).map_or_else(
        || "`oar-script plan` lists the nodes".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Error::invalid(format!("the flow has no node `{task}`")).hint(hint)
}

/// Everything known about a node, as JSON.
fn about(_wiring: &Wiring, found: &Found, report: &NodeReport) -> Result<Value> {
    let drive = &found.release.0;
    let node = found.graph.get(&report.name);
    let snapshot = drive.snapshot()?;
    let task = snapshot
        .as_ref()
        .and_then(|snapshot| snapshot.document.task(&report.name));
    let issues: Vec<Value> = snapshot
        .iter()
        .flat_map(|snapshot| snapshot.document.issues())
        .filter(|issue| issue.related_tasks.contains(&report.name))
        .map(|issue| json!({ "text": issue.text, "blocker": issue.is_blocker, "resolved": issue.is_resolved }))
        .collect();
    let before: Vec<Value> = report
        .after
        .iter()
        .filter_map(|name| found.report.node(name))
        .map(
            |before| json!({ "name": before.name, "state": before.state, "reason": before.reason }),
        )
        .collect();
    let history: Vec<Value> = drive.journal.look(|entries| {
        history::lines(entries, history::Detail::News)
            .into_iter()
            .filter(|line| line.node.as_deref() == Some(report.name.as_str()))
            .map(|line| {
                let prefix = format!("{}: ", report.name);
                let what = line.what.strip_prefix(&prefix).unwrap_or(&line.what);
                json!({ "at": line.at, "what": what })
            })
            .collect()
    });
    let mut value = json!(report);
    value["doc"] = node.map_or(Value::Null, |node| node.doc.trim().into());
    value["declared_at"] = json!(node.and_then(|node| node.place.clone()));
    value["stored"] = json!(task.map(|task| json!({
        "status": task.status.word(),
        "started_at": task.started_at,
        "completed_at": task.completed_at,
        "result": task.result,
    })));
    value["issues"] = issues.into();
    value["before"] = before.into();
    let touches = |drift: &&Drift| drift.tasks().contains(&report.name.as_str());
    value["drift"] = json!(
        found
            .report
            .drift
            .iter()
            .filter(touches)
            .collect::<Vec<_>>()
    );
    value["history"] = history.into();
    if report.name == "change-advisory-status" && report.state != State::Done {
        value["held_back_by"] = json!(crate::flow::approval::missing_offline(drive)?);
    }
    Ok(value)
}

/// Whether a node only waits until what comes before it is done.
fn is_held_by_others(value: &Value) -> bool {
    value["state"] == "waiting"
        && value["recheck_at"].is_null()
        && value["before"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|before| before["state"] != "done" && before["state"] != "skipped")
}

fn text(value: &Value) -> String {
    let word = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!(
        "{}: {} — {}",
        word("name"),
        word("state").replace('_', " "),
        word("reason")
    )];
    for line in word("doc").lines() {
        lines.push(format!("  {line}"));
    }
    for (label, key) in [
        ("waits for", "owner"),
        ("next", "next"),
        ("link", "link"),
        ("typically", "typical"),
    ] {
        if let Some(said) = value[key].as_str() {
            lines.push(format!("  {label}: {said}"));
        }
    }
    if let Some(place) = value["declared_at"].as_object() {
        lines.push(format!(
            "  declared at {}:{}",
            place["file"].as_str().unwrap_or_default(),
            place["line"]
        ));
    }
    for before in value["before"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  after {}: {} ({})",
            before["name"].as_str().unwrap_or_default(),
            before["state"]
                .as_str()
                .unwrap_or_default()
                .replace('_', " "),
            before["reason"].as_str().unwrap_or_default()
        ));
    }
    for drift in value["drift"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  build data: {}",
            drift["text"].as_str().unwrap_or_default()
        ));
    }
    for reason in value["held_back_by"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  held back: {}",
            reason.as_str().unwrap_or_default()
        ));
    }
    for issue in value["issues"].as_array().into_iter().flatten() {
        let resolved = if issue["resolved"] == true {
            "resolved"
        } else {
            "open"
        };
        lines.push(format!(
            "  issue ({resolved}): {}",
            issue["text"].as_str().unwrap_or_default().trim()
        ));
    }
    if let Some(stored) = value["stored"].as_object() {
        lines.push(format!(
            "  in the state of the release: {}, started {}, completed {}",
            stored["status"].as_str().unwrap_or_default(),
            moment(&stored["started_at"]),
            moment(&stored["completed_at"])
        ));
        let result: Vec<_> = stored["result"]
            .as_str()
            .unwrap_or_default()
            .lines()
            .collect();
        if result.len() > TAIL {
            lines.push(format!("    … {} lines before", result.len() - TAIL));
        }
        lines.extend(
            result
                .iter()
                .skip(result.len().saturating_sub(TAIL))
                .map(|line| format!("    {line}")),
        );
    }
    for entry in value["history"].as_array().into_iter().flatten() {
        lines.push(format!(
            "  {} {}",
            moment(&entry["at"]),
            entry["what"].as_str().unwrap_or_default()
        ));
    }
    lines.join("\n")
}

/// A stored time as people read it, or what it says when it is none.
fn moment(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.parse().map_or(text.to_owned(), clock),
        None => "never".to_owned(),
    }
}
