//! The analysis of a build as people and programs see it.

use oar_script::{
    cli::analyze::{report, text},
    release::test_result::Analysis,
};
use serde_json::{Value, json};

use crate::release::test_result::analysis;

const DAMAGED: &str =
    "history/ocp-test-result-4.12.0-0.nightly-2024-08-12-154937-amd64__invalid-json.json";
const REJECTED: &str = "5.0.0-0.nightly-2026-06-29-195240";

fn of(build: &str) -> Analysis {
    analysis(&format!("ocp-test-result-{build}-amd64.json"))
}

#[test]
fn an_accepted_build_with_retries_is_shown_short() {
    insta::assert_snapshot!(text(&of("4.20.1"), 100, false), @r"
    4.20.1 amd64: accepted; advice ACCEPT (confidence High)
      - accepted: 2 of 3 jobs needed retries

    stored    aggregated true, accepted true
    rule      accepts: 3 of 3 jobs passed, 2 needed retries
    platforms AWS 1 of 1 passed, GCP 1 of 1 passed, Azure 1 of 1 passed
    file      https://github.com/openshift/release-tests/blob/record/_releases/ocp-test-result-4.20.1-amd64.json
    image     quay.io/openshift-release-dev/ocp-release:4.20.1-x86_64
    tools     https://openshift-release-artifacts.apps.ci.l2s4.p1.openshiftapps.com/4.20.1

    Jobs
    each name starts with periodic-ci-openshift-openshift-tests-private-release-4.20-automated-release-
    ┌─────────────────────────┬──────────┬───────────────┬───────────────┬───────────────┬────────────┐
    │ job                     ┆ platform ┆ first         ┆ retry 1       ┆ retry 2       ┆ outcome    │
    ╞═════════════════════════╪══════════╪═══════════════╪═══════════════╪═══════════════╪════════════╡
    │ stable-4.20-upgrade-    ┆ AWS      ┆ success 2h31m ┆               ┆               ┆ passed     │
    │ from-stable-4.19-aws-   ┆          ┆               ┆               ┆               ┆            │
    │ ipi-f999                ┆          ┆               ┆               ┆               ┆            │
    │ stable-4.20-upgrade-    ┆ Azure    ┆ failure 0m    ┆ success 1h51m ┆ success 1h47m ┆ passed 2/2 │
    │ from-stable-4.20-azure- ┆          ┆               ┆               ┆               ┆            │
    │ ipi-fips-f999           ┆          ┆               ┆               ┆               ┆            │
    │ stable-4.20-upgrade-    ┆ GCP      ┆ failure 0m    ┆ success 1h35m ┆ success 1h39m ┆ passed 2/2 │
    │ from-stable-4.20-gcp-   ┆          ┆               ┆               ┆               ┆            │
    │ ipi-f999                ┆          ┆               ┆               ┆               ┆            │
    └─────────────────────────┴──────────┴───────────────┴───────────────┴───────────────┴────────────┘
    ");
}

#[test]
fn a_coverage_gap_is_the_first_line() {
    insta::assert_snapshot!(text(&of("4.18.43"), 100, false), @r"
    coverage gap: only 1 of 3 required jobs were started
    4.18.43 amd64: accepted; advice ACCEPT (confidence Medium)
      - accepted: its only job passed

    stored    aggregated true, accepted true
    rule      accepts: 1 of 1 jobs passed
    platforms AWS 1 of 1 passed
    file      https://github.com/openshift/release-tests/blob/record/_releases/ocp-test-result-4.18.43-amd64.json
    image     registry.ci.openshift.org/ocp/release:4.18.43
    tools     https://openshift-release-artifacts.apps.ci.l2s4.p1.openshiftapps.com/4.18.43

    Never started, although required
      stable-4.18-upgrade-from-stable-4.18-azure-ipi-fips-f999
      stable-4.18-upgrade-from-stable-4.18-gcp-ipi-f999

    Next
      - start the missing jobs (`jobctl trigger-jobs-for-build --build 4.18.43 --arch amd64`; it removes
        the stored decision) or accept the gap knowingly
    ");
}

#[test]
fn a_lost_job_is_shown_with_every_attempt() {
    let shown = text(&of("4.20.21"), 120, false);
    let lines: Vec<_> = shown.lines().collect();
    let has = |parts: &[&str]| {
        lines
            .iter()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    assert_eq!(
        lines[0],
        "4.20.21 amd64: accepted by a person; advice INVESTIGATE (confidence Low)"
    );
    assert!(
        has(&[
            "stored",
            "aggregated true, accepted false, promoted by hand"
        ]),
        "{shown}"
    );
    assert!(
        has(&[
            "rule",
            "rejects: 2 of 3 jobs passed, 1 lost, 1 needed retries"
        ]),
        "{shown}"
    );
    assert!(
        has(&[
            "GCP",
            "failure 2h07m",
            "failure 1h54m",
            "failure 10m",
            "lost 0/2"
        ]),
        "{shown}"
    );
    assert!(
        has(&["(GCP): lost, won 0 of 2 retries where 2 were needed"]),
        "{shown}"
    );
    assert!(
        has(&["retry 2", "failure 10m", "/2051897393208627200"]),
        "{shown}"
    );
}

#[test]
fn a_rejected_build_shows_scenarios_across_platforms_and_what_to_do() {
    let shown = text(&of(REJECTED), 160, false);
    let has = |parts: &[&str]| {
        shown
            .lines()
            .any(|line| parts.iter().all(|part| line.contains(part)))
    };
    assert!(
        has(&["rejected; advice REJECT (confidence High)"]),
        "{shown}"
    );
    assert!(has(&["class", "what", "AWS", "GCP", "Azure"]), "{shown}");
    assert!(
        has(&["CROSS_PLATFORM", "fails 1 of 1", "fails 3 of 3"]),
        "{shown}"
    );
    assert!(
        has(&["NO_EVIDENCE", "azure-ipi-fips-f999", "3 without"]),
        "{shown}"
    );
    assert!(
        has(&["openshift-extended-test: 102 tests, 3 failed, 23 skipped"]),
        "{shown}"
    );
    assert!(
        has(&["oar-script decide RELEASE analyze-candidate-build reject --why TEXT"]),
        "{shown}"
    );
}

#[test]
fn flakes_of_an_accepted_build_are_shown() {
    let shown = text(&of("4.20.0-0.nightly-2026-06-24-204339"), 120, false);
    assert!(
        shown.contains("Flakes of jobs that passed by retries"),
        "{shown}"
    );
    assert!(shown.contains("gcp-ipi-f999 (GCP): first"), "{shown}");
}

#[test]
fn tables_keep_to_the_width_and_names_are_never_lost() {
    for width in [60, 80, 100, 140, 200] {
        let shown = text(&of("4.20.21"), width, false);
        let row = |line: &&str| line.starts_with(['│', '┌', '└', '╞']);
        for line in shown.lines().filter(row) {
            assert!(line.chars().count() <= width.max(102), "{width}: {line}");
        }
        assert!(shown.contains("stable-4.20-upgrade-from-stable-4.20-gcp-ipi-f999"));
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let coloured = text(&of(REJECTED), 120, true);
    assert!(coloured.contains('\u{1b}'));
    let plain = anstream::adapter::strip_str(&coloured).to_string();
    assert_eq!(plain, text(&of(REJECTED), 120, false));
}

#[test]
fn a_missing_and_a_damaged_file_say_so() {
    let missing = Analysis::of("4.20.1", "amd64", None, None).expect("an analysis");
    let shown = text(&missing, 100, false);
    assert!(
        shown.starts_with("4.20.1 amd64: not started; advice WAIT\n"),
        "{shown}"
    );
    let shown = text(&analysis(DAMAGED), 100, false);
    assert!(
        shown.contains("not valid JSON: trailing comma at line 7, column 7"),
        "{shown}"
    );
    assert!(shown.contains("repair it on the record branch"), "{shown}");
}

#[test]
fn the_report_has_the_same_keys_for_every_class_of_file() {
    let keys = |analysis: &Analysis| {
        let report = report(analysis);
        let keys = report.as_object().expect("an object").keys().cloned();
        keys.collect::<Vec<_>>()
    };
    let expected = keys(&of("4.20.1"));
    let missing = Analysis::of("4.20.1", "amd64", None, None).expect("an analysis");
    assert_eq!(keys(&missing), expected);
    assert_eq!(keys(&analysis(DAMAGED)), expected);
    for key in [
        "build",
        "arch",
        "status",
        "aggregated",
        "accepted",
        "accepted_by_rule",
        "manual_promotion",
        "verdict",
        "confidence",
        "reasons",
        "jobs",
        "missing_jobs",
        "unknown_jobs",
        "units",
        "counters",
        "link",
    ] {
        assert!(expected.iter().any(|found| found == key), "{key}");
    }
}

#[test]
fn the_report_holds_flags_jobs_and_attempts() {
    let report = report(&of("4.20.21"));
    let pick = |keys: &[&str]| {
        keys.iter()
            .map(|key| report[key].clone())
            .collect::<Vec<Value>>()
    };
    assert_eq!(
        pick(&[
            "status",
            "accepted",
            "accepted_by_rule",
            "manual_promotion",
            "verdict",
            "confidence"
        ]),
        [
            json!("accepted by a person"),
            json!(false),
            json!(false),
            json!(true),
            json!("INVESTIGATE"),
            json!("Low")
        ]
    );
    let job = &report["jobs"][2];
    assert_eq!(
        (
            &job["platform"],
            &job["upgrade"],
            &job["state"],
            &job["wins"],
            &job["wins_needed"]
        ),
        (
            &json!("GCP"),
            &json!(true),
            &json!("failed"),
            &json!(0),
            &json!(2)
        )
    );
    let attempt = &job["attempts"][2];
    assert_eq!(
        (
            &attempt["label"],
            &attempt["state"],
            &attempt["duration_minutes"]
        ),
        (&json!("retry 2"), &json!("failure"), &json!(10))
    );
    let link = attempt["url"].as_str().expect("a link");
    assert!(
        link.ends_with("/2051897393208627200"),
        "run ids stay text: {link}"
    );
}

#[test]
fn the_report_of_a_damaged_file_says_where() {
    let report = report(&analysis(DAMAGED));
    assert_eq!(report["status"], "unreadable");
    assert_eq!(report["accepted"], Value::Null);
    let problem = &report["problem"];
    assert_eq!(
        (&problem["line"], &problem["column"]),
        (&json!(7), &json!(7))
    );
    assert_eq!(problem["message"], "trailing comma");
}

#[test]
fn control_characters_of_a_report_do_not_reach_the_terminal() {
    let run = json!({
        "jobState": "failure", "jobCompletionTime": "2026-06-01T00:00:00Z",
        "testResultSummary": { "s": { "failures": 1, "failingScenarios": ["bad\u{1b}[2J\nname"] } },
    });
    let file = json!({
        "build": { "name": "4.20.1" }, "aggregated": true, "accepted": false,
        "result": [{ "jobName": "x-aws", "firstJob": run }],
    });
    let bytes = file.to_string().into_bytes();
    let analysis = Analysis::of("4.20.1", "amd64", Some(&bytes), None).expect("an analysis");
    let shown = text(&analysis, 100, false);
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert!(shown.contains("bad[2J name"), "{shown}");
}
