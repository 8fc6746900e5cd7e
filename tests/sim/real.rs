//! Worlds made from the files of real releases.

use std::path::{Path, PathBuf};

use oar_script::{
    error::Kind,
    sim::{Options, Simulation, build_data, real},
    world::World,
};
use serde_json::{Value, json};

use super::{open, runtime};

const CASES: [&str; 25] = [
    "4.12.85",
    "4.12.90",
    "4.12.93",
    "4.13.62",
    "4.14.64",
    "4.15.64",
    "4.16.62",
    "4.17.45",
    "4.17.54",
    "4.18.31",
    "4.18.43",
    "4.18.44",
    "4.18.47",
    "4.19.23",
    "4.19.33",
    "4.19.34",
    "4.20.28",
    "4.20.6",
    "4.21.0-rc.1",
    "4.21.0-rc.2",
    "4.21.15",
    "4.22.0-rc.1",
    "4.22.0-rc.4",
    "4.22.1",
    "5.0.0-ec.3",
];

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(path)
}

fn world(release: &str) -> Simulation {
    open(Options {
        statebox: Some(fixture(&format!("statebox/{release}.yaml"))),
        results: Some(fixture("test-results")),
        ..Options::default()
    })
}

fn documents(release: &str) -> Value {
    world(release)
        .state()
        .read(|stored| stored.documents.clone())
}

#[test]
fn every_real_file_makes_a_world_that_names_its_release() {
    for release in CASES {
        let simulation = world(release);
        let text = simulation.statebox().unwrap();
        assert!(text.contains(&format!("release: {release}")), "{release}");
        simulation.state().read(|stored| {
            let known = build_data::resolved(&stored.documents, release).unwrap();
            for id in known["advisories"].as_object().unwrap().values() {
                let advisory = &stored.documents["errata"]["advisories"][id.to_string()];
                assert!(advisory.is_object(), "{release}: {id}");
            }
            for due in &stored.schedule {
                assert!(due.at > stored.now, "{release}: {due:?}");
            }
        });
    }
}

#[test]
fn the_clock_starts_shortly_after_the_last_update() {
    let now = world("4.18.47").world().now().to_string();
    assert_eq!(now, "2026-07-02T14:04:55Z");
}

#[test]
fn running_work_is_there_and_ends_later() {
    let documents = documents("4.18.47");
    for id in ["169359", "169360"] {
        let push = &documents["errata"]["advisories"][id]["push"][0];
        assert_eq!(push["started_at"], json!("2026-07-02T13:59:52Z"));
        assert!(push["minutes"].as_i64().unwrap() > 5);
    }
    let requests = documents["gitlab"]["merge_requests"].as_object().unwrap();
    assert_eq!(requests.keys().collect::<Vec<_>>(), ["629"]);
}

#[test]
fn running_jobs_are_found_by_the_numbers_in_the_results() {
    let documents = documents("5.0.0-ec.3");
    let build = &documents["jenkins"]["builds"]["1672"];
    assert_eq!(build["outcome"], json!("SUCCESS"));
    assert!(build["minutes"].as_i64().unwrap() > 88);
    assert_eq!(documents["jenkins"]["next_build"], json!(1673));
    let job = &documents["prow"]["jobs"]["227f5f68-ae68-4038-b601-12b15816be62"];
    assert_eq!(job["minutes"], json!(0));
    let abnormal = &documents["errata"]["advisories"]["168422"];
    assert_eq!(abnormal["state"], json!("NEW_FILES"));
}

#[test]
fn a_promoted_release_is_promoted_and_an_approved_one_approved() {
    let ec = documents("5.0.0-ec.3");
    let tag = &ec["release_controller"]["streams"]["5-stable"]["5.0.0-ec.3"];
    assert_eq!(tag["phase"], json!("Accepted"));
    let done = documents("4.19.34");
    for id in ["168396", "168397"] {
        let state = &done["errata"]["advisories"][id]["state"];
        assert_eq!(state, &json!("REL_PREP"));
    }
    let request = &done["gitlab"]["merge_requests"]["578"];
    assert_eq!(request["stage_release"], json!("success"));
    assert_eq!(request["prod_release"], json!("success"));
}

#[test]
fn real_result_files_are_used_and_made_up_ones_are_noted() {
    let documents = documents("4.18.47");
    let record = &documents["github"]["branches"]["record"];
    let promoted = record["_releases/ocp-test-result-4.18.47-amd64.json"]
        .as_str()
        .unwrap();
    assert!(promoted.contains("6872ee01-4d42-4686-a683-b35d5cce5875"));
    let candidate = "4.18.0-0.nightly-2026-07-01-152205";
    let file = format!("_releases/ocp-test-result-{candidate}-amd64.json");
    assert!(
        record[file]
            .as_str()
            .unwrap()
            .contains("\"accepted\": true")
    );
    let notes = documents["sim"]["notes"].to_string();
    assert!(notes.contains(candidate), "{notes}");
    assert!(notes.contains("of 4.18.47"), "{notes}");
}

#[test]
fn a_file_that_is_no_statebox_is_an_error_that_names_it() {
    for (path, kind) in [
        ("test-results/expected.json", Kind::Invalid),
        ("absent.yaml", Kind::NotFound),
    ] {
        let options = Options {
            statebox: Some(fixture(path)),
            ..Options::default()
        };
        let error = Simulation::open(options, runtime().handle(), |_| Vec::new())
            .err()
            .unwrap();
        assert_eq!(error.kind, kind);
        assert!(error.message.contains(path), "{}", error.message);
    }
    assert!(real::plan(&fixture("absent.yaml"), None, 0).is_err());
}
