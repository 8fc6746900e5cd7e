//! The acceptance rule at its edges, the job registry and the coverage gap.

use oar_script::release::test_result::{
    Acceptance, Analysis, Coverage, JobEvaluation, JobList, JobWord, Reading, Registry,
    expected_jobs,
};
use serde_json::{Value, json};

use super::test_result::{analysis, fixture};

fn run(letter: char) -> Value {
    let state = match letter {
        'S' => "success",
        'F' => "failure",
        'A' => "aborted",
        'E' => "error",
        _ => "pending",
    };
    match letter {
        // Pending with a completion time.
        'C' => json!({ "jobState": "pending", "jobCompletionTime": "2026-06-01T00:00:00Z" }),
        // Complete without a state.
        'N' => json!({ "jobCompletionTime": "2026-06-01T00:00:00Z" }),
        // Success without a completion time.
        'H' => json!({ "jobState": "success" }),
        'P' => json!({ "jobState": "pending" }),
        _ => json!({ "jobState": state, "jobCompletionTime": "2026-06-01T00:00:00Z" }),
    }
}

/// A reading of jobs in the notation `name=F/SS`.
fn reading(build: &str, jobs: &[&str]) -> Reading {
    let jobs: Vec<_> = jobs
        .iter()
        .map(|job| {
            let (name, runs) = job.split_once('=').expect("name=runs");
            let mut letters = runs.chars().filter(|letter| *letter != '/').map(run);
            let first = letters.next();
            json!({ "jobName": name, "firstJob": first, "retriedJobs": letters.collect::<Vec<_>>() })
        })
        .collect();
    let text = json!({ "build": { "name": build }, "result": jobs }).to_string();
    Reading::of(Some(text.as_bytes()))
}

fn evaluate(runs: &str) -> JobEvaluation {
    let reading = reading("4.20.1", &[&format!("a={runs}")]);
    let rule = Acceptance::of(reading.result().expect("a result"), None);
    rule.jobs.into_iter().next().expect("one job")
}

#[test]
fn a_job_wins_by_its_first_run_or_by_more_than_half_of_its_retries() {
    for (runs, word, completed) in [
        ("S", JobWord::Success, true),
        ("H", JobWord::Success, false),
        ("F", JobWord::Failed, true),
        ("A", JobWord::Failed, true),
        ("F/S", JobWord::Success, true),
        ("F/F", JobWord::Failed, true),
        ("F/SS", JobWord::Success, true),
        ("F/SF", JobWord::Failed, true),
        ("F/SSF", JobWord::Success, true),
        ("F/SFF", JobWord::Failed, true),
        ("F/SSFF", JobWord::Failed, true),
        ("F/SSSF", JobWord::Success, true),
        ("F/SSSFFF", JobWord::Failed, true),
        ("F/SSSSFF", JobWord::Success, true),
        ("F/SP", JobWord::Pending, false),
        ("F/SSP", JobWord::Pending, false),
        ("E", JobWord::Error, true),
        ("E/SS", JobWord::Success, true),
        ("E/SF", JobWord::Error, true),
        ("P", JobWord::Pending, false),
        ("C", JobWord::Error, true),
        ("N", JobWord::Error, true),
        ("P/SS", JobWord::Success, false),
    ] {
        let job = evaluate(runs);
        assert_eq!((job.word(), job.is_completed), (word, completed), "{runs}");
    }
}

fn registry() -> Registry {
    Registry::parse(
        r#"{ "nightly": [ { "prowJob": "n" } ],
             "stable": [ { "prowJob": "a", "upgrade": true }, { "prowJob": "b" },
                         { "prowJob": "slow", "optional": true, "retries": "5" },
                         { "prowJob": "gone", "disabled": true } ] }"#,
    )
    .expect("a registry")
}

fn accepted(jobs: &[&str], registry: Option<&Registry>) -> Option<bool> {
    let reading = reading("4.20.1", jobs);
    Acceptance::of(reading.result().expect("a result"), registry).accepted
}

#[test]
fn a_file_is_accepted_when_all_required_jobs_won() {
    let registry = registry();
    for (jobs, without, with) in [
        (&["a=S", "b=F/SS"][..], Some(true), Some(true)),
        (&["a=S", "b=F/SF"], Some(false), Some(false)),
        (&["a=S", "b=P"], None, None),
        (&["a=S", "slow=F"], Some(false), Some(true)),
        (&["a=S", "slow=P"], None, None),
        (&["slow=S"], Some(true), Some(false)),
        (&["a=S", "gone=F"], Some(false), Some(false)),
        (&["a=S", "stranger=S"], Some(true), None),
        (&[], None, None),
    ] {
        assert_eq!(accepted(jobs, None), without, "{jobs:?} without a registry");
        assert_eq!(
            accepted(jobs, Some(&registry)),
            with,
            "{jobs:?} with a registry"
        );
    }
}

#[test]
fn the_registry_names_missing_and_unknown_jobs() {
    let reading = reading("4.20.1", &["a=S", "stranger=S"]);
    let coverage = Coverage::of(
        reading.result().expect("a result"),
        "amd64",
        Some(&registry()),
    );
    assert_eq!(coverage.required, Some(2));
    assert_eq!(coverage.missing, ["b"]);
    assert_eq!(coverage.unknown, ["stranger"]);
}

#[test]
fn retries_of_a_registry_are_made_even() {
    for (written, expected) in [
        ("null", 2),
        ("0", 2),
        ("1", 2),
        ("2", 2),
        ("3", 2),
        ("4", 4),
        ("5", 4),
        ("\"6\"", 6),
        ("\"7\"", 6),
        ("\"\"", 2),
        ("\"many\"", 2),
        ("-4", 2),
    ] {
        let text = format!(r#"{{"stable": [{{"prowJob": "a", "retries": {written}}}]}}"#);
        let registry = Registry::parse(&text).expect(written);
        assert_eq!(registry.stable[0].retries, expected, "{written}");
    }
}

#[test]
fn a_document_that_is_no_registry_is_refused() {
    for text in ["", "{}", "[]", r#"{"stable": [{}]}"#] {
        assert!(Registry::parse(text).is_err(), "{text}");
    }
}

#[test]
fn an_optional_job_of_the_time_explains_an_accepted_file() {
    let path = "history/ocp-test-result-4.14.0-0.nightly-2025-04-17-181550-amd64__optional-job-failed.json";
    let reading = Reading::of(Some(&fixture(path)));
    let result = reading.result().expect("a result");
    let mut entries = Vec::new();
    for job in &result.jobs {
        let is_optional = job.name.contains("disruptive");
        entries.push(json!({ "prowJob": job.name, "optional": is_optional }));
    }
    let registry = Registry::parse(&json!({ "nightly": entries }).to_string()).expect("a registry");
    assert_eq!(Acceptance::of(result, None).accepted, Some(false));
    assert_eq!(Acceptance::of(result, Some(&registry)).accepted, Some(true));
}

#[test]
fn a_file_with_only_optional_jobs_is_rejected() {
    let path = "history/ocp-test-result-4.16.0-0.nightly-arm64-2024-08-21-175125-arm64__arm64-only-optional.json";
    let reading = Reading::of(Some(&fixture(path)));
    let result = reading.result().expect("a result");
    let entry = json!({ "prowJob": result.jobs[0].name, "optional": true });
    let registry = Registry::parse(&json!({ "nightly": [entry] }).to_string()).expect("a registry");
    let rule = Acceptance::of(result, Some(&registry));
    assert_eq!((rule.required, rule.accepted), (0, Some(false)));
    assert_eq!(rule.accepted, result.accepted);
}

#[test]
fn a_later_registry_does_not_reopen_a_decided_file() {
    let bytes = fixture("ocp-test-result-4.12.59-amd64.json");
    let registry = Registry {
        nightly: Vec::new(),
        stable: expected_jobs("4.12", JobList::Stable).expect("known"),
    };
    let analysis =
        Analysis::of("4.12.59", "amd64", Some(&bytes), Some(&registry)).expect("an analysis");
    assert_eq!(analysis.acceptance.expect("a result").accepted, Some(false));
    assert_eq!(analysis.coverage.unknown.len(), 3);
    assert_eq!(analysis.coverage.missing, Vec::<String>::new());
}

#[test]
fn the_known_job_sets_have_the_sizes_of_the_registry() {
    for minor in ["4.12", "4.13", "4.14", "4.19", "4.22", "5.0"] {
        let nightly = if matches!(minor, "4.12" | "4.13") {
            5
        } else {
            6
        };
        let size = |list| expected_jobs(minor, list).expect(minor).len();
        assert_eq!(
            (size(JobList::Nightly), size(JobList::Stable)),
            (nightly, 3),
            "{minor}"
        );
    }
    assert_eq!(expected_jobs("4.99", JobList::Stable), None);
}

#[test]
fn nothing_is_said_about_coverage_before_the_known_job_set() {
    assert_eq!(
        analysis("ocp-test-result-4.16.21-amd64.json")
            .coverage
            .required,
        None
    );
    assert_eq!(
        analysis("ocp-test-result-4.19.1-amd64.json")
            .coverage
            .required,
        None
    );
    assert_eq!(
        analysis("ocp-test-result-4.18.43-amd64.json")
            .coverage
            .required,
        Some(3)
    );
}

#[test]
fn a_file_that_the_aggregator_never_finishes_says_why() {
    let job = |name: &str| json!({ "jobName": name, "firstJob": run('S') });
    let text = json!({ "build": { "name": "4.20.1" }, "result": [job("a"), job("stranger")] });
    let bytes = text.to_string().into_bytes();
    let analysis =
        Analysis::of("4.20.1", "amd64", Some(&bytes), Some(&registry())).expect("an analysis");
    let reasons = analysis.verdict.reasons;
    assert_eq!(
        reasons[0],
        "coverage gap: only 1 of 2 required jobs were started"
    );
    assert!(
        reasons[1].contains("the registry no longer lists some of them"),
        "{reasons:?}"
    );
}
