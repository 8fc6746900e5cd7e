//! The advice on a build and the evidence it rests on.

use oar_script::release::test_result::{Class, Confidence, Platform, Word};

use super::test_result::analysis;

fn nightly(name: &str) -> String {
    format!("ocp-test-result-{name}-amd64.json")
}

#[test]
fn a_plain_pass_is_accepted_with_high_confidence() {
    let verdict = analysis("ocp-test-result-4.20.10-amd64.json").verdict;
    assert_eq!(
        (verdict.word, verdict.confidence),
        (Word::Accept, Some(Confidence::High))
    );
    assert_eq!(verdict.reasons, ["accepted: all 3 jobs passed"]);
}

#[test]
fn a_coverage_gap_comes_first_and_lowers_the_confidence() {
    let verdict = analysis("ocp-test-result-4.18.43-amd64.json").verdict;
    assert_eq!(
        (verdict.word, verdict.confidence),
        (Word::Accept, Some(Confidence::Medium))
    );
    assert_eq!(
        verdict.reasons[0],
        "coverage gap: only 1 of 3 required jobs were started"
    );
}

#[test]
fn different_failures_in_each_attempt_are_flaky() {
    let verdict = analysis(&nightly("4.18.0-0.nightly-2026-06-22-113803")).verdict;
    assert_eq!(
        (verdict.word, verdict.confidence),
        (Word::Accept, Some(Confidence::Medium))
    );
    assert!(verdict.units.iter().all(|unit| unit.class == Class::Flaky));
    assert!(!verdict.units.is_empty());
}

#[test]
fn the_same_failure_on_several_platforms_rejects() {
    let verdict = analysis(&nightly("5.0.0-0.nightly-2026-06-22-181344")).verdict;
    assert_eq!(
        (verdict.word, verdict.confidence),
        (Word::Reject, Some(Confidence::High))
    );
    let unit = &verdict.units[0];
    assert_eq!(unit.class, Class::CrossPlatform);
    assert!(unit.platforms.len() > 1 && unit.jobs.len() > 1);
    assert!(
        unit.evidence
            .iter()
            .all(|item| item.shows == "fails" && item.url.is_some())
    );
}

#[test]
fn a_consistent_failure_in_a_critical_area_rejects() {
    let verdict = analysis(&nightly("4.17.0-0.nightly-2026-06-23-200552")).verdict;
    assert_eq!(verdict.word, Word::Reject);
    assert_eq!(verdict.count(Class::CrossPlatform), 0);
    let unit = &verdict.units[0];
    assert_eq!(unit.class, Class::ConsistentCritical);
    assert_eq!(unit.platforms.len(), 1);
    assert!(verdict.count(Class::NoEvidence) > 0);
}

#[test]
fn a_lost_upgrade_job_must_be_investigated() {
    let verdict = analysis("ocp-test-result-4.20.21-amd64.json").verdict;
    assert_eq!(
        (verdict.word, verdict.confidence),
        (Word::Investigate, Some(Confidence::Low))
    );
    let [unit] = &verdict.units[..] else {
        panic!("one unit, not {}", verdict.units.len());
    };
    assert_eq!(
        (unit.class, &unit.platforms[..]),
        (Class::NoEvidence, &[Platform::Gcp][..])
    );
    let attempts: Vec<_> = unit
        .evidence
        .iter()
        .map(|item| item.attempt.as_str())
        .collect();
    assert_eq!(attempts, ["first", "retry 1", "retry 2"]);
    assert_eq!(
        verdict.reasons,
        [
            "3 failed attempts of 1 job left no test report",
            "upgrade jobs never leave a test report in this file",
            "a person promoted the build; that does not change this advice",
        ]
    );
}

#[test]
fn flakes_of_an_accepted_build_are_listed() {
    let flakes = analysis(&nightly("4.20.0-0.nightly-2026-06-24-204339")).flakes();
    assert_eq!(flakes.len(), 2);
    assert_eq!(flakes[0].platform, Platform::Gcp);
    assert_eq!(flakes[0].attempts, ["first"]);
}

#[test]
fn the_overview_is_one_line() {
    for (name, line) in [
        ("4.20.10", "accepted"),
        ("4.20.1", "accepted, 2 jobs needed retries"),
        ("4.18.47", "0 of 3 jobs done"),
        ("4.18.43", "accepted, 2 required jobs never started"),
        (
            "4.18.41",
            "rejected, 3 of 3 jobs lost (AWS, GCP, Azure); advice INVESTIGATE",
        ),
        (
            "4.22.2",
            "accepted by a person, 1 of 3 jobs lost (GCP); advice INVESTIGATE",
        ),
        ("4.12.0-0.nightly-2026-07-02-012625", "4 of 5 jobs done"),
    ] {
        let name = format!("ocp-test-result-{name}-amd64.json");
        assert_eq!(analysis(&name).overview_line(), line, "{name}");
    }
}
