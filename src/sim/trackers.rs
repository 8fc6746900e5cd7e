//! The CVE trackers of a simulated release: bugs in Jira that say what it must fix.
//!
//! A fresh release has taken all of them in: one is on its advisory about packages, one is in its
//! shipment. What the emulated OAR server takes for missed stands in `oar.missed_cve_trackers`, and the
//! documents of Jira agree with it.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{
    plan::{Plan, path},
    seed::{Identity, Seed},
    shipment,
};

/// The file `bug.yml` of a y-stream.
pub fn bug_rules(y_stream: &str) -> Value {
    json!({
        "target_release": [format!("{y_stream}.0"), format!("{y_stream}.z")],
        "filters": { "default": ["Documentation", "Quay", "Windows Containers"] },
    })
}

/// The trackers of a fresh release, by key.
pub fn issues(seed: &Seed, identity: &Identity) -> Map<String, Value> {
    let mut issues = Map::new();
    if advisory(identity).is_some() {
        issues.insert(
            on_advisory(seed),
            tracker(seed, "openshift", "Node / CRI-O"),
        );
    }
    issues.insert(in_shipment(seed), image_tracker(seed));
    issues
}

/// The tracker on the advisory about packages.
pub fn on_advisory(seed: &Seed) -> String {
    format!("OCPBUGS-{}", 61_000 + seed.number("tracker") % 8_000)
}

/// The tracker in the shipment.
pub fn in_shipment(seed: &Seed) -> String {
    format!("OCPBUGS-{}", shipment::first_bug(seed, "image"))
}

/// Puts the tracker of the shipment on the advisory: a release without shipment ships it there.
pub fn move_to_advisory(plan: &mut Plan) {
    let key = in_shipment(&plan.seed);
    let listed = on(plan);
    if let Some(way) = way(&plan.identity) {
        let mut keys = listed;
        if !keys.contains(&key) {
            keys.push(key);
        }
        plan.set(&way, json!(keys));
    }
}

/// Has the release miss trackers of images.
pub fn miss(plan: &mut Plan, keys: &[String]) {
    plan.documents["oar"]["missed_cve_trackers"] = json!(keys);
    for key in keys {
        let tracker = image_tracker(&plan.seed);
        plan.documents["jira"]["issues"][key] = tracker;
    }
}

/// Has ART put what is missed on the advisory after a time.
pub fn attach(plan: &mut Plan, after: SignedDuration) {
    let way_of_server = path(&["oar", "missed_cve_trackers"]);
    let missed = plan.documents["oar"]["missed_cve_trackers"].clone();
    let mut keys = on(plan);
    let missed = missed.as_array().into_iter().flatten();
    keys.extend(missed.filter_map(|key| key.as_str().map(str::to_owned)));
    if let Some(way) = way(&plan.identity) {
        plan.schedule.push((after, way, json!(keys)));
    }
    plan.schedule.push((after, way_of_server, json!([])));
}

fn image_tracker(seed: &Seed) -> Value {
    tracker(seed, "ose-cli-container", "oc")
}

fn tracker(seed: &Seed, package: &str, component: &str) -> Value {
    let y_stream = seed.version.y_stream();
    let stamp = |days: i64| {
        let at = seed.start - SignedDuration::from_hours(24 * days);
        at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
    };
    json!({
        "summary": format!("CVE-2027-{} {package}: a hole [openshift-{y_stream}.z]", 10_000 + seed.number(package) % 9_000),
        "status": "Verified",
        "type": "Vulnerability",
        "labels": ["Security", "SecurityTracking", format!("pscomponent:{package}")],
        "components": [component],
        "component": package,
        "target_version": format!("{y_stream}.z"),
        "created": stamp(30),
        "history": [
            { "created": stamp(9), "items": [{ "field": "status", "fromString": "New", "toString": "ON_QA" }] },
            { "created": stamp(6), "items": [{ "field": "status", "fromString": "ON_QA", "toString": "Verified" }] },
        ],
    })
}

/// The advisory about packages.
fn advisory(identity: &Identity) -> Option<u64> {
    let mut advisories = identity.advisories.iter();
    let found = advisories.find(|(kind, _)| kind == "rpm");
    found.map(|(_, id)| *id)
}

fn way(identity: &Identity) -> Option<Vec<String>> {
    let id = advisory(identity)?.to_string();
    Some(path(&["errata", "advisories", &id, "jira_issues"]))
}

/// The keys on the advisory about packages.
fn on(plan: &Plan) -> Vec<String> {
    let Some(id) = advisory(&plan.identity) else {
        return Vec::new();
    };
    let listed = plan.documents["errata"]["advisories"][id.to_string()]["jira_issues"].as_array();
    let listed = listed.into_iter().flatten();
    listed
        .filter_map(|key| key.as_str().map(str::to_owned))
        .collect()
}
