//! Every result file of the fixtures, compared with what is expected of it.
#![expect(clippy::disallowed_methods, reason = "reads fixtures")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use oar_script::release::test_result::{Acceptance, Analysis, FileName, Reading};
use serde_json::{Value, json};

pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/test-results")
}

pub fn fixture(path: &str) -> Vec<u8> {
    fs::read(folder().join(path)).expect("a fixture")
}

/// The analysis of a fixture; of a historical revision by the part before `__`.
pub fn analysis(path: &str) -> Analysis {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.split("__").next().unwrap_or(name);
    let name = format!("{}.json", name.trim_end_matches(".json"));
    let file: FileName = name.parse().expect("a result file");
    Analysis::of(&file.build, &file.arch, Some(&fixture(path)), None).expect("an analysis")
}

fn names(folder: PathBuf, prefix: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    names
}

fn evaluation(analysis: &Analysis) -> Value {
    let result = analysis.reading.result().expect("a result");
    let rule = analysis.acceptance.as_ref().expect("a result");
    let jobs = result.jobs.iter().zip(&rule.jobs).map(|(job, evaluation)| {
        json!({
            "jobName": job.name,
            "first": job.first.state.as_ref().map(|state| state.word()),
            "retries": evaluation.retries,
            "retrySuccesses": evaluation.wins,
            "completed": evaluation.is_completed,
            "success": evaluation.is_success,
        })
    });
    json!({
        "aggregated": result.aggregated,
        "accepted": result.accepted,
        "manual_promotion": result.is_promoted_by_hand,
        "total": rule.total,
        "completed": rule.completed,
        "success": rule.success,
        "failed": rule.failed,
        "allCompleted": rule.is_all_completed,
        "acceptedByRule": rule.accepted,
        "jobsMissingFromFile": analysis.coverage.missing,
        "fileOnlyVerdict": analysis.verdict.word.word(),
        "jobs": jobs.collect::<Vec<_>>(),
    })
}

#[test]
fn every_current_file_is_evaluated_as_expected() {
    let expected: BTreeMap<String, Value> =
        serde_json::from_slice(&fixture("expected.json")).expect("JSON");
    let files = names(folder(), "ocp-test-result-");
    assert_eq!(files, expected.keys().cloned().collect::<Vec<_>>());
    for name in files {
        assert_eq!(evaluation(&analysis(&name)), expected[&name], "{name}");
    }
}

#[test]
fn the_stored_decision_agrees_with_the_rule() {
    for name in names(folder(), "ocp-test-result-") {
        let analysis = analysis(&name);
        assert_eq!(analysis.difference(), None, "{name}");
        if let Reading::Decided(result) = &analysis.reading {
            assert_eq!(
                Acceptance::of(result, None).accepted,
                result.accepted,
                "{name}"
            );
        }
    }
}

/// Tag, status, runs in the notation of the fixtures' index, advice.
const HISTORY: [(&str, &str, &str, &str); 17] = [
    ("created", "in progress", "? ? ?", "WAIT"),
    ("first-triggered", "in progress", "T P P P P", "WAIT"),
    ("retry-scheduling", "in progress", "P F/QQ P P P", "WAIT"),
    ("first-error", "rejected", "S E S S S S", "INVESTIGATE"),
    (
        "first-error-no-url",
        "rejected",
        "S S F/SS S E S",
        "INVESTIGATE",
    ),
    (
        "retry-aborted",
        "rejected",
        "F/FA F/AA F/AA F F/AA F/AA",
        "INVESTIGATE",
    ),
    (
        "pending-with-completion",
        "rejected",
        "S F/SF F/SS S S P",
        "INVESTIGATE",
    ),
    (
        "completed-without-state",
        "in progress",
        "F/SP F/SS ? S E S",
        "WAIT",
    ),
    (
        "optional-job-failed",
        "accepted",
        "S S F/SS F S S",
        "ACCEPT",
    ),
    ("arm64-only-optional", "rejected", "S", "INVESTIGATE"),
    (
        "promoted-waiting",
        "promotion requested",
        "S F/SF S S S S",
        "WAIT",
    ),
    (
        "promoted-before-first-aggregation",
        "promotion requested",
        "S F/FF S",
        "WAIT",
    ),
    ("ginkgo-suites", "accepted", "S", "ACCEPT"),
    ("build-as-string", "in progress", "P", "WAIT"),
    ("extra-null-keys", "in progress", "P", "WAIT"),
    ("legacy-layout", "unreadable", "", "INVESTIGATE"),
    ("invalid-json", "unreadable", "", "INVESTIGATE"),
];

fn runs(analysis: &Analysis) -> String {
    let letter = |word: &str| match word {
        "scheduling" => 'Q',
        "unknown" => '?',
        other => other.chars().next().unwrap_or('?').to_ascii_uppercase(),
    };
    let jobs = analysis
        .reading
        .result()
        .into_iter()
        .flat_map(|result| &result.jobs);
    jobs.map(|job| {
        let retries: String = job
            .retries
            .iter()
            .map(|run| letter(run.state_word()))
            .collect();
        let first = letter(job.first.state_word());
        if retries.is_empty() {
            first.to_string()
        } else {
            format!("{first}/{retries}")
        }
    })
    .collect::<Vec<_>>()
    .join(" ")
}

#[test]
fn every_historical_revision_has_its_class() {
    let files = names(folder().join("history"), "ocp-");
    assert_eq!(files.len(), HISTORY.len());
    for name in files {
        let tag = name
            .rsplit("__")
            .next()
            .and_then(|tag| tag.strip_suffix(".json"));
        let (_, status, letters, advice) = HISTORY
            .into_iter()
            .find(|row| Some(row.0) == tag)
            .unwrap_or_else(|| panic!("a row for {name}"));
        let analysis = analysis(&format!("history/{name}"));
        let found = (
            analysis.status(),
            runs(&analysis),
            analysis.verdict.word.word(),
        );
        assert_eq!(found, (status, letters.to_owned(), advice), "{name}");
    }
}

#[test]
fn a_decision_that_the_rule_does_not_give_is_reported() {
    let analysis = analysis(
        "history/ocp-test-result-4.14.0-0.nightly-2025-04-17-181550-amd64__optional-job-failed.json",
    );
    let difference = analysis.difference().expect("a difference");
    assert!(
        difference.contains("accepts the build but the rule rejects it"),
        "{difference}"
    );
    assert!(analysis.verdict.reasons.contains(&difference));
}
