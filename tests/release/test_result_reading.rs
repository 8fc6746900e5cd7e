//! Names of result files, damaged files and files of other builds.

use oar_script::{
    cli::analyze::text,
    error::Kind,
    release::test_result::{
        Acceptance, Analysis, Build, Family, FileName, PointerName, Reading, Scenario, arch_name,
        identity, is_nightly, minor,
    },
};
use serde_json::{Value, json};

use super::test_result::{analysis, fixture};

#[test]
fn a_file_name_is_read_from_the_right() {
    let check = |name: &str, build: &str, arch: &str| {
        let file: FileName = name.parse().expect(name);
        assert_eq!((file.build.as_str(), file.arch.as_str()), (build, arch));
        assert_eq!(file.to_string(), name);
        assert_eq!(file.path(), format!("_releases/{name}"));
    };
    check("ocp-test-result-4.20.24-amd64.json", "4.20.24", "amd64");
    check(
        "ocp-test-result-4.22.0-rc.3-s390x.json",
        "4.22.0-rc.3",
        "s390x",
    );
    check(
        "ocp-test-result-4.16.0-0.nightly-arm64-2024-08-21-175125-arm64.json",
        "4.16.0-0.nightly-arm64-2024-08-21-175125",
        "arm64",
    );
}

#[test]
fn other_file_names_are_refused() {
    for name in [
        "",
        "ocp-test-result-.json",
        "ocp-test-result-4.20.1.json",
        "ocp-test-result-amd64.json",
        "ocp-test-result-4.20.1-amd64.yaml",
        "ocp-test-result-4.20.1-mips.json",
        "ocp-latest-4.19-stable-amd64.json",
        "ocp-test-result-4.20.1/..-amd64.json",
    ] {
        let error = name.parse::<FileName>().expect_err(name);
        assert_eq!(error.kind, Kind::Invalid, "{name}");
    }
}

#[test]
fn the_link_is_the_page_a_person_reads() {
    let file = FileName::new("4.20.1", "x86_64").expect("a name");
    assert_eq!(
        file.link(),
        "https://github.com/openshift/release-tests/blob/record/_releases/ocp-test-result-4.20.1-amd64.json"
    );
}

#[test]
fn a_build_tells_its_minor_and_kind() {
    for (build, expected, nightly) in [
        ("4.20.24", Some("4.20"), false),
        ("5.0.0-ec.2", Some("5.0"), false),
        ("4.21.0-0.nightly-2026-06-24-210838", Some("4.21"), true),
        ("4.20", None, false),
        ("nightly", None, true),
    ] {
        assert_eq!(minor(build).as_deref(), expected, "{build}");
        assert_eq!(is_nightly(build), nightly, "{build}");
    }
    assert_eq!(arch_name("aarch64").expect("known"), "arm64");
    assert!(arch_name("mips").is_err());
}

#[test]
fn pointers_name_a_build() {
    for (name, build) in [
        ("ocp-latest-4.19-nightly-amd64.json", "4.19.0-0.nightly-"),
        ("ocp-latest-4.19-stable-amd64.json", "4.19."),
        ("ocp-latest-5.0-nightly-amd64.json", "5.0.0-0.nightly-"),
        ("ocp-latest-5.0-stable-amd64.json", "5.0.0-ec."),
        (
            "ocp-latest-4.16-nightly-arm64.json",
            "4.16.0-0.nightly-arm64-",
        ),
        (
            "ocp-latest-4.16-nightly-multi.json",
            "4.16.0-0.nightly-multi-",
        ),
    ] {
        let pointer: PointerName = name.parse().expect(name);
        assert_eq!(pointer.to_string(), name);
        let text = String::from_utf8(fixture(&format!("latest/{name}"))).expect("text");
        let found = Build::parse(&text).expect(name);
        assert!(found.name.starts_with(build), "{name}: {}", found.name);
        assert!(
            found.pull_spec.is_some() && found.download_url.is_some(),
            "{name}"
        );
    }
}

#[test]
fn a_missing_file_is_not_started() {
    let analysis = Analysis::of("4.20.1", "amd64", None, None).expect("an analysis");
    assert_eq!(analysis.status(), "not started");
    assert_eq!(analysis.verdict.word.word(), "WAIT");
    let error = analysis.reading.into_result().expect_err("no file");
    assert_eq!(error.kind, Kind::NotFound);
}

#[test]
fn broken_json_is_located() {
    let bytes = fixture(
        "history/ocp-test-result-4.12.0-0.nightly-2024-08-12-154937-amd64__invalid-json.json",
    );
    let error = Reading::of(Some(&bytes))
        .into_result()
        .expect_err("damaged");
    assert_eq!(
        error.message,
        "the test result is not valid JSON: trailing comma at line 7, column 7"
    );
    assert!(error.hint.expect("a hint").contains("edited by hand"));
}

#[test]
fn a_cut_off_file_is_never_decided_and_says_that_it_ends_too_early() {
    for name in [
        "ocp-test-result-5.0.0-0.nightly-2026-06-22-181344-amd64.json",
        "ocp-test-result-4.20.10-amd64.json",
    ] {
        let bytes = fixture(name);
        for end in (0..bytes.len()).step_by(100) {
            match Reading::of(Some(&bytes[..end])) {
                Reading::InvalidJson(fault) => assert!(fault.is_truncated, "{name} at {end}"),
                other => panic!("{name} cut at {end} is {}", other.status()),
            }
        }
    }
}

#[test]
fn the_first_layout_is_unsupported() {
    let bytes = fixture(
        "history/ocp-test-result-4.15.0-0.nightly-2024-02-29-223316-amd64__legacy-layout.json",
    );
    let reading = Reading::of(Some(&bytes));
    assert_eq!(
        reading,
        Reading::UnsupportedLayout("it has no `result` list".to_owned())
    );
}

#[test]
fn what_is_json_but_no_result_is_unsupported() {
    for text in [
        "[]",
        "null",
        "\"accepted\"",
        "{}",
        r#"{"result": {}, "build": {"name": "4.20.1"}}"#,
        r#"{"result": []}"#,
        r#"{"result": [], "build": "4.20.1"}"#,
        r#"{"result": [], "build": {}}"#,
        r#"{"result": [1], "build": {"name": "4.20.1"}, "aggregated": true, "accepted": true}"#,
        r#"{"result": [{}], "build": {"name": "4.20.1"}, "aggregated": true, "accepted": true}"#,
    ] {
        let reading = Reading::of(Some(text.as_bytes()));
        assert_eq!(reading.status(), "unreadable", "{text}");
        assert!(matches!(reading, Reading::UnsupportedLayout(_)), "{text}");
    }
}

#[test]
fn a_file_of_another_build_names_both() {
    let bytes = fixture("ocp-test-result-4.20.1-amd64.json");
    let error = Analysis::of("4.20.10", "amd64", Some(&bytes), None).expect_err("another build");
    assert_eq!(
        error.message,
        "the result file of `4.20.10` is about `4.20.1`"
    );
}

#[test]
fn flags_without_aggregation_do_not_decide() {
    let status = |flags: &str| {
        let text = format!(r#"{{"build": {{"name": "4.20.1"}}, "result": []{flags}}}"#);
        Reading::of(Some(text.as_bytes())).status()
    };
    assert_eq!(status(""), "in progress");
    assert_eq!(status(r#", "accepted": true"#), "in progress");
    assert_eq!(status(r#", "aggregated": true"#), "in progress");
    assert_eq!(
        status(r#", "aggregated": false, "accepted": true"#),
        "in progress"
    );
    assert_eq!(
        status(r#", "aggregated": "true", "accepted": true"#),
        "in progress"
    );
    assert_eq!(status(r#", "manual_promotion": true"#), "in progress");
    assert_eq!(
        status(r#", "aggregated": false, "manual_promotion": true, "accepted": false"#),
        "promotion requested"
    );
    assert_eq!(
        status(r#", "aggregated": true, "accepted": false"#),
        "rejected"
    );
    assert_eq!(
        status(r#", "aggregated": true, "accepted": false, "manual_promotion": true"#),
        "accepted by a person"
    );
}

#[test]
fn run_ids_stay_text_and_suites_of_2024_are_read() {
    let analysis = analysis(
        "history/ocp-test-result-4.16.0-0.nightly-2024-06-06-121839-amd64__ginkgo-suites.json",
    );
    let result = analysis.reading.result().expect("a result");
    let run = &result.jobs[0].first;
    assert!(
        run.url
            .as_deref()
            .expect("a link")
            .ends_with("/1798798419800625152")
    );
    assert_eq!(run.duration_minutes(), Some(145));
    let suites: Vec<_> = run
        .suites
        .iter()
        .flatten()
        .map(|suite| (suite.name.as_str(), suite.total, suite.skipped))
        .collect();
    assert_eq!(
        suites,
        [
            ("ginkgo-1", 84, 21),
            ("cucushift", 18, 0),
            ("ginkgo-2", 1, 0)
        ]
    );
}

#[test]
fn the_identity_is_that_of_the_bytes() {
    let analysis = analysis("ocp-test-result-4.20.1-amd64.json");
    let bytes = fixture("ocp-test-result-4.20.1-amd64.json");
    let result = analysis.reading.result().expect("a result");
    assert_eq!(result.identity, identity(&bytes));
    assert_eq!(
        identity(b""),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

#[test]
fn scenario_names_are_taken_apart() {
    let check = |name: &str, family: Family, area: Option<&str>, ids: &[&str], critical: bool| {
        let scenario = Scenario::parse(name);
        assert_eq!(scenario.family, family, "{name}");
        assert_eq!(scenario.area.as_deref(), area, "{name}");
        assert_eq!(scenario.case_ids, ids, "{name}");
        assert_eq!(scenario.is_critical(), critical, "{name}");
    };
    check(
        "[sig-storage] STORAGE ARO-Author:somebody-LEVEL0-High-50918-[Azure-File-CSI-Driver] support nfs",
        Family::Ginkgo,
        Some("sig-storage"),
        &["50918"],
        true,
    );
    check(
        "[sig-monitoring] Operator Author:somebody-LEVEL0-High-59384-High-59674-create a stack",
        Family::Ginkgo,
        Some("sig-monitoring"),
        &["59384", "59674"],
        false,
    );
    check(
        "OCP-20020:UserInterface Source Secret",
        Family::Cucumber,
        Some("UserInterface"),
        &["20020"],
        false,
    );
    check(
        "OCP-11494:Authentication Could grant",
        Family::Cucumber,
        Some("Authentication"),
        &["11494"],
        true,
    );
    check("matches", Family::Other, None, &[], false);
    check("", Family::Other, None, &[], false);
}

/// Calls `visit` with the document once for each value in it, replaced by `with`.
fn replaced(document: &Value, with: &Value, visit: &mut dyn FnMut(&Value)) {
    fn paths(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => map
                .iter()
                .for_each(|(key, value)| paths(value, format!("{at}/{key}"), found)),
            Value::Array(list) => list
                .iter()
                .enumerate()
                .for_each(|(index, value)| paths(value, format!("{at}/{index}"), found)),
            _ => {}
        }
        found.push(at);
    }
    let mut found = Vec::new();
    paths(document, String::new(), &mut found);
    for path in found {
        let mut changed = document.clone();
        if let Some(place) = changed.pointer_mut(&path) {
            *place = with.clone();
            visit(&changed);
        }
    }
}

#[test]
fn no_misplaced_value_turns_a_rejected_file_into_an_accepted_one() {
    let name = "4.18.0-0.nightly-2026-07-02-114801";
    let bytes = fixture(&format!("ocp-test-result-{name}-amd64.json"));
    let document: Value = serde_json::from_slice(&bytes).expect("JSON");
    let mut seen = 0;
    for with in [
        json!(null),
        json!(7),
        json!(""),
        json!("x"),
        json!([]),
        json!({}),
        json!([[1]]),
    ] {
        replaced(&document, &with, &mut |changed| {
            seen += 1;
            let bytes = changed.to_string().into_bytes();
            if let Ok(analysis) = Analysis::of(name, "amd64", Some(&bytes), None) {
                assert_ne!(analysis.status(), "accepted", "{with}: {changed}");
                let shown = text(&analysis, 80, true);
                assert!(shown.contains(analysis.status()), "{shown}");
            }
        });
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn key_order_means_nothing() {
    fn reversed(value: Value) -> Value {
        match value {
            Value::Object(map) => map
                .into_iter()
                .rev()
                .map(|(key, value)| (key, reversed(value)))
                .collect(),
            Value::Array(list) => list.into_iter().map(reversed).collect(),
            other => other,
        }
    }
    let bytes = fixture("ocp-test-result-5.0.0-0.nightly-2026-06-22-181344-amd64.json");
    let document: Value = serde_json::from_slice(&bytes).expect("JSON");
    let turned = Reading::of(Some(reversed(document).to_string().as_bytes()));
    let straight = Reading::of(Some(&bytes));
    let rule = |reading: &Reading| Acceptance::of(reading.result().expect("a result"), None);
    assert_eq!(turned.status(), straight.status());
    assert_eq!(rule(&turned), rule(&straight));
}
