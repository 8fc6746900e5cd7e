//! The build data of a simulated world: what its documents hold, and what the Python tool makes of
//! them.
//!
//! `build_data.branches` has one document per branch in the shape of `releases.yml`. A text in
//! `build_data.texts` under the name of a branch is served in its place, and `build_data.is_down`
//! takes the whole service away.

use serde_json::{Map, Value, json};

use super::seed::Identity;
use crate::release::{Version, build_data};

/// Where the assembly of a release stands in the documents.
pub fn way(release: &Version) -> Vec<String> {
    let branch = build_data::branch(&release.y_stream());
    let name = build_data::assembly_name(release);
    ["build_data", "branches", &branch, "releases", &name]
        .map(str::to_owned)
        .to_vec()
}

/// Returns what the file says about a release.
pub fn assembly(identity: &Identity) -> Value {
    let candidates: Map<String, Value> = identity
        .candidate
        .iter()
        .map(|candidate| ("x86_64".to_owned(), candidate.as_str().into()))
        .collect();
    let advisories: Map<String, Value> = identity
        .advisories
        .iter()
        .map(|(kind, id)| (kind.clone(), (*id).into()))
        .collect();
    let mut group = json!({
        "advisories": advisories,
        "release_jira": identity.jira_ticket,
        "release_date": identity.release_date,
    });
    if !identity.shipment_mr.is_empty() {
        let kinds = ["image", "extras", "metadata", "fbc"];
        let shipped: Vec<_> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
        group["shipment"] = json!({
            "advisories": shipped,
            "env": "prod",
            "url": identity.shipment_mr,
        });
    }
    json!({
        "assembly": {
            "type": "standard",
            "basis": { "reference_releases": candidates },
            "group": group,
            "members": { "images": [], "rpms": [] },
        },
    })
}

/// Returns what the Python tool reads about a release, as its server hands it out; `release_date` and
/// `shipment_mr` are empty when they are missing. Errors are in its words.
pub fn resolved(documents: &Value, release: &str) -> Result<Value, String> {
    let version: Version = release
        .parse()
        .map_err(|_| format!("invalid release format {release}"))?;
    let branch = build_data::branch(&version.y_stream());
    let data = &documents["build_data"];
    if data["is_down"] == true {
        return Err("download ocp build data failed".to_owned());
    }
    let file = match data["texts"][&branch].as_str() {
        Some(text) => serde_saphyr::from_str(text)
            .map_err(|_| "ocp build data format is invalid".to_owned())?,
        None => data["branches"][&branch].clone(),
    };
    if file.is_null() {
        return Err("download ocp build data failed".to_owned());
    }
    let named = |name: &str| file["releases"].get(name).map(|named| &named["assembly"]);
    let Some(own) = named(&build_data::assembly_name(&version)) else {
        return Err(format!(
            "[{release}] ocp build data is not ready you can check file: https://raw.githubusercontent.com/openshift-eng/ocp-build-data/{branch}/releases.yml"
        ));
    };
    let basis = own.get("basis").ok_or("'basis'")?;
    let parent = basis["assembly"].as_str().and_then(named);
    let value = |part: &str, key: &str| {
        let strong = format!("{key}!");
        let places = [
            own[part].get(&strong),
            own[part].get(key),
            parent.and_then(|parent| parent[part].get(key)),
        ];
        let found = places.into_iter().flatten().find(|value| !value.is_null());
        found.cloned().unwrap_or(Value::Null)
    };
    let shipment = value("group", "shipment");
    let is_empty = shipment.as_object().is_none_or(Map::is_empty);
    let shipment_mr = match is_empty {
        true => json!(""),
        false => shipment.get("url").cloned().ok_or("'url'")?,
    };
    let or_empty = |value: Value, empty: Value| if value.is_null() { empty } else { value };
    Ok(json!({
        "advisories": or_empty(value("group", "advisories"), json!({})),
        "jira_ticket": or_empty(value("group", "release_jira"), json!("")),
        "candidate_builds": or_empty(value("basis", "reference_releases"), json!({})),
        "flow": if shipment_mr == "" { "errata" } else { "konflux" },
        "shipment_mr": shipment_mr,
        "release_date": or_empty(value("group", "release_date"), json!("")),
    }))
}

/// The releases that the documents know of a y-stream; candidates have no full name there.
pub fn releases(documents: &Value, y_stream: &str) -> Vec<semver::Version> {
    let branch = build_data::branch(y_stream);
    let named = documents["build_data"]["branches"][&branch]["releases"].as_object();
    let names = named.into_iter().flat_map(Map::keys);
    names
        .filter_map(|name| semver::Version::parse(name).ok())
        .collect()
}
