//! Shipped scenarios and the errors of scenario authors.

use oar_script::{
    error::{Error, Kind},
    sim::{
        Options,
        plan::Plan,
        scenario::{Scenario, list},
        seed::{START, Seed},
        state::Stored,
    },
};
use serde_json::{Value, json};

use super::open;

const SHIPPED: &[&str] = &[
    "advisory-dropped",
    "advisory-early",
    "already-done",
    "approval-times-out",
    "blocker-opened",
    "build-data-broken",
    "build-data-down",
    "build-rejected",
    "candidate-rejected",
    "consistency-check-fails",
    "early-approval",
    "errata-flow",
    "missed-cve",
    "no-candidate",
    "oar-over-cli",
    "oar-over-mcp",
    "oar-server-down",
    "owner-unknown",
    "promoted-build-rejected",
    "promoted-build-rejected-accepted",
    "promoted-build-undecided",
    "promotion-late",
    "push-fails",
    "release-date-moved",
    "results-late",
    "results-not-aggregated",
    "security-alert",
    "shipment-replaced",
    "signature-missing",
    "slack-down",
    "smooth",
    "stage-release-trouble",
    "stage-testing-fails",
    "statebox-missing",
];

fn stored(name: &str) -> Stored {
    plan(&Scenario::find(name, None).unwrap())
        .unwrap()
        .into_stored()
}

fn plan(scenario: &Scenario) -> Result<Plan, Error> {
    let seed = Seed {
        scenario: scenario.name.clone(),
        seed: 0,
        version: "4.20.1".parse().unwrap(),
        start: START,
    };
    let identity = seed.identity(&Value::Null);
    let mut plan = Plan::new(seed, identity);
    scenario.apply(&mut plan)?;
    Ok(plan)
}

fn fails(body: &str) -> Error {
    let scenario = Scenario {
        name: "mine".to_owned(),
        file: "scenarios/mine.rhai".to_owned(),
        text: format!("//! Mine.\n\nfn scenario(world) {{\n    {body}\n}}\n"),
    };
    plan(&scenario).expect_err("the scenario is wrong")
}

/// The value at a path when `hours` have passed.
fn at(stored: &Stored, hours: i64, path: &[&str]) -> Value {
    path.iter().fold(documents(stored, hours), |document, key| {
        document[key].clone()
    })
}

/// What the tools read about the release when `hours` have passed.
fn build_data(stored: &Stored, hours: i64) -> Result<Value, String> {
    oar_script::sim::build_data::resolved(&documents(stored, hours), "4.20.1")
}

fn documents(stored: &Stored, hours: i64) -> Value {
    let mut documents = stored.documents.clone();
    let now = START + jiff::SignedDuration::from_hours(hours);
    let mut due: Vec<_> = stored.schedule.iter().filter(|due| due.at <= now).collect();
    due.sort_by_key(|due| due.at);
    for due in due {
        oar_script::sim::state::set(&mut documents, &due.path, due.value.clone());
    }
    documents
}

fn phase(stored: &Stored, hours: i64) -> Value {
    let path = [
        "release_controller",
        "streams",
        "4-stable",
        "4.20.1",
        "phase",
    ];
    at(stored, hours, &path)
}

fn result(stored: &Stored, hours: i64, build: &str) -> Value {
    let file = format!("_releases/ocp-test-result-{build}-amd64.json");
    match at(stored, hours, &["github", "branches", "record", &file]) {
        Value::String(text) => serde_json::from_str(&text).unwrap(),
        other => other,
    }
}

#[test]
fn every_scenario_of_the_list_is_shipped_with_a_summary() {
    let listed = list(None);
    let names: Vec<_> = listed.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, SHIPPED);
    for one in &listed {
        assert!(one.summary.ends_with(['.', ';']), "{}", one.name);
    }
}

#[test]
fn every_scenario_opens_and_its_schedule_is_in_the_future_and_known_services() {
    for name in SHIPPED {
        let simulation = open(Options {
            scenario: (*name).to_owned(),
            ..Options::default()
        });
        simulation.state().read(|stored| {
            let services = stored.documents.as_object().unwrap();
            for due in &stored.schedule {
                assert!(due.at > START, "{name}: {due:?}");
                let days = due.at.duration_since(START).as_hours() / 24;
                assert!(days <= 14, "{name}: {due:?}");
                assert!(services.contains_key(&due.path[0]), "{name}: {due:?}");
            }
        });
    }
}

#[test]
fn smooth_runs_by_the_clock() {
    let stored = stored("smooth");
    let phases = [5, 6, 8].map(|hours| phase(&stored, hours));
    assert_eq!(phases, [Value::Null, json!("Ready"), json!("Accepted")]);
    assert_eq!(result(&stored, 8, "4.20.1"), Value::Null);
    let created = result(&stored, 9, "4.20.1");
    assert_eq!(created["result"].as_array().unwrap().len(), 3);
    assert_eq!(created["aggregated"], Value::Null);
    assert_eq!(result(&stored, 13, "4.20.1")["aggregated"], Value::Null);
    assert_eq!(result(&stored, 14, "4.20.1")["accepted"], json!(true));
    let request = ["gitlab", "merge_requests", "901", "stage_release"];
    assert_eq!(at(&stored, 9, &request), json!("running"));
    assert_eq!(at(&stored, 10, &request), json!("success"));
    let tag = ["release_controller", "streams", "4-stable", "4.20.1"];
    let url = at(&stored, 29, &tag)["url"].clone();
    let page = url
        .as_str()
        .unwrap()
        .strip_prefix("https://access.redhat.com");
    let public = ["portal", "pages", page.unwrap(), "is_public"];
    assert_eq!(at(&stored, 29, &public), json!(false));
    assert_eq!(at(&stored, 30, &public), json!(true));
    assert_eq!(
        build_data(&stored, 0).unwrap()["release_date"],
        json!("2027-Mar-06")
    );
}

#[test]
fn scenarios_differ_from_smooth_where_they_say() {
    let check = |name: &str, hours: i64, path: &[&str], expected: Value| {
        assert_eq!(at(&stored(name), hours, path), expected, "{name}");
    };
    assert_eq!(phase(&stored("promotion-late"), 51), json!("Ready"));
    assert_eq!(phase(&stored("build-rejected"), 8), json!("Rejected"));
    assert_eq!(phase(&stored("build-rejected"), 20), json!("Accepted"));
    let never = result(&stored("results-not-aggregated"), 300, "4.20.1");
    assert_eq!(never["aggregated"], Value::Null);
    assert_eq!(never["result"][0]["firstJob"]["jobState"], json!("pending"));
    for name in [
        "promoted-build-rejected",
        "promoted-build-rejected-accepted",
        "promoted-build-undecided",
    ] {
        assert_eq!(
            result(&stored(name), 15, "4.20.1")["accepted"],
            json!(false)
        );
    }
    let data =
        |name: &str, hours: i64, key: &str| build_data(&stored(name), hours).unwrap()[key].clone();
    assert_eq!(data("no-candidate", 0, "candidate_builds"), json!({}));
    assert_eq!(data("errata-flow", 0, "flow"), json!("errata"));
    check("errata-flow", 99, &["gitlab", "merge_requests"], json!({}));
    assert_eq!(
        data("early-approval", 0, "release_date"),
        json!("2027-Mar-13")
    );
    check(
        "push-fails",
        0,
        &["errata", "plan", "push_results"],
        json!(["FAILED", "COMPLETE"]),
    );
    let rhcos = ["errata", "advisories", "180102", "state"];
    check("advisory-early", 2, &rhcos, json!("NEW_FILES"));
    check("advisory-early", 3, &rhcos, json!("QE"));
    check(
        "statebox-missing",
        0,
        &["statebox", "is_missing"],
        json!(true),
    );
    check("owner-unknown", 0, &["people", "owner"], Value::Null);
    let alert = [
        "errata",
        "advisories",
        "180102",
        "content_alerts",
        "blocking",
    ];
    check("security-alert", 69, &alert, json!(true));
    check("security-alert", 70, &alert, json!(false));
    check(
        "already-done",
        0,
        &["errata", "advisories", "180101", "state"],
        json!("REL_PREP"),
    );
    check(
        "blocker-opened",
        12,
        &["people", "acts", "4.20.1-1", "kind"],
        json!("open_issue"),
    );
    check(
        "blocker-opened",
        33,
        &["people", "acts", "4.20.1-2"],
        Value::Null,
    );
    check(
        "blocker-opened",
        34,
        &["people", "acts", "4.20.1-2", "kind"],
        json!("resolve_issue"),
    );
}

#[test]
fn a_rejected_candidate_loses_one_test_on_two_platforms() {
    let stored = stored("candidate-rejected");
    let candidate = build_data(&stored, 0).unwrap()["candidate_builds"]["x86_64"].clone();
    let file = result(&stored, 0, candidate.as_str().unwrap());
    assert_eq!(file["accepted"], json!(false));
    for place in [0, 1] {
        let job = &file["result"][place];
        assert_eq!(job["retriedJobs"].as_array().unwrap().len(), 2);
        let summary = &job["retriedJobs"][1]["testResultSummary"]["openshift-extended-test"];
        assert_eq!(summary["failures"], json!(1));
    }
}

#[test]
fn an_unknown_method_names_file_line_and_the_methods() {
    let error = fails("world.promotoin(hours(8));");
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("promotoin"), "{}", error.message);
    let place = error.place.unwrap();
    assert_eq!(
        (place.file.as_str(), place.line),
        ("scenarios/mine.rhai", 4)
    );
    let hint = error.hint.unwrap();
    assert!(hint.contains("promotion(after)") && hint.contains("set(path, value)"));
}

#[test]
fn a_wrong_value_says_what_is_expected() {
    for (body, expected) in [
        ("world.promotion(8);", "expected `promotion(after)`"),
        ("world.phase(hours(1), \"Done\");", "Rejected"),
        ("world.stage_pipeline([], 3);", "`outcomes` is empty"),
        ("world.push([\"DONE\"], 3);", "COMPLETE, FAILED"),
        (
            "world.promoted_tests(#{ result: \"good\" });",
            "accepted, flaky",
        ),
        (
            "world.promoted_tests(#{ creatd: hours(1) });",
            "no key `creatd`",
        ),
        ("world.promoted_tests(#{ created: 3 });", "hours(6)"),
        ("world.fault(\"jira\", \"*\", \"reset\", -1, 0);", "`times`"),
        ("world.set([], 1);", "`path` is empty"),
        ("world.owner(\"nobody\");", "not an e-mail address"),
        (
            "world.blocker(hours(1), \"no-task\", \"x\");",
            "take-ownership",
        ),
        ("minutes(-5);", "not -5"),
        ("let x = ;", "cannot read the scenario"),
        ("nothing;", "nothing"),
        ("eval(\"1\");", "eval"),
    ] {
        let error = fails(body);
        let message = error.message.to_lowercase();
        assert!(
            message.contains(&expected.to_lowercase()),
            "{body}: {message}"
        );
        assert_eq!(error.place.expect(body).line, 4, "{body}");
    }
}

#[test]
fn an_endless_scenario_is_stopped() {
    let error = fails("loop { }");
    assert!(error.message.contains("operations"), "{}", error.message);
    assert_eq!(error.place.unwrap().file, "scenarios/mine.rhai");
}

#[test]
fn an_unknown_scenario_lists_the_known_ones() {
    let error = Scenario::find("smoth", None).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("smooth"));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the test prepares a project")]
fn a_project_scenario_comes_before_the_shipped_one() {
    let project = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(project.path().join("scenarios")).unwrap();
    let file = project.path().join("scenarios/smooth.rhai");
    std::fs::write(
        &file,
        "//! Ours.\nfn scenario(world) { world.release_date(1); }",
    )
    .unwrap();
    let scenario = Scenario::find("smooth", Some(project.path())).unwrap();
    assert_eq!(scenario.summary(), "Ours.");
    let ours = list(Some(project.path()));
    assert_eq!(ours.len(), SHIPPED.len());
    assert!(
        ours.iter()
            .any(|one| one.place == file.display().to_string())
    );
}
