//! Changing documents.

use jiff::Timestamp;
use oar_script::{
    error::{Error, Kind},
    release::{
        TaskStatus,
        statebox::{Change, Issue, StateBox, Task, mask_emails},
    },
};
use serde_json::{Value, json};

use super::statebox::empty_document;

const EARLY: &str = "2027-03-01T10:00:00Z";
const NOON: &str = "2027-03-01T12:00:00Z";
const LATE: &str = "2027-03-01T15:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn task(name: &str, status: TaskStatus) -> Change {
    Change::SetTask {
        name: name.into(),
        status,
        result: None,
        started_at: None,
        completed_at: None,
        is_reset: false,
    }
}

fn staged(status: TaskStatus, text: &str) -> Change {
    let mut change = task("stage-testing", status);
    if let Change::SetTask { result, .. } = &mut change {
        *result = Some(text.into());
    }
    change
}

fn timed(status: TaskStatus, start: Option<&str>, end: Option<&str>) -> Change {
    let mut change = staged(status, &format!("{start:?} to {end:?}"));
    if let Change::SetTask {
        started_at,
        completed_at,
        ..
    } = &mut change
    {
        *started_at = start.map(at);
        *completed_at = end.map(at);
    }
    change
}

fn issue(text: &str, is_blocker: bool, tasks: &[&str]) -> Change {
    Change::AddIssue {
        text: text.into(),
        is_blocker,
        related_tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
    }
}

fn resolve(text: &str, resolution: &str) -> Change {
    Change::ResolveIssue {
        text: text.into(),
        resolution: resolution.into(),
    }
}

fn metadata(patch: Value) -> Change {
    let Value::Object(patch) = patch else {
        unreachable!("it is an object")
    };
    Change::PatchMetadata(patch)
}

/// The document after changes, each at its time.
fn after(changes: &[(Change, &str)]) -> StateBox {
    let mut document = empty_document();
    for (change, now) in changes {
        assert!(document.apply(change, at(now)).unwrap(), "{change:?}");
    }
    document
}

/// Applies a change that must fail, and checks that the document stays as it was.
#[track_caller]
fn refusal(document: &StateBox, change: &Change) -> Error {
    let mut changed = document.clone();
    let error = changed.apply(change, at(LATE)).unwrap_err();
    assert_eq!(changed, *document);
    error
}

fn stage(document: &StateBox) -> &Task {
    document.task("stage-testing").unwrap()
}

fn times(document: &StateBox) -> (Option<&str>, Option<&str>) {
    let task = stage(document);
    (task.started_at.as_deref(), task.completed_at.as_deref())
}

#[test]
fn a_task_gets_an_entry_when_it_is_first_touched() {
    let document = after(&[(task("stage-testing", TaskStatus::InProgress), NOON)]);
    let yaml = document.to_yaml();
    assert!(
        yaml.ends_with(
            "tasks:\n- name: stage-testing\n  status: In Progress\n  \
             started_at: '2027-03-01T12:00:00Z'\n  completed_at: null\n  result: null\nissues: []\n"
        ),
        "{yaml}"
    );
    assert_eq!(document.updated_at(), Some(NOON));
    assert_eq!(document.created_at(), Some("2027-03-01T09:00:05Z"));
}

#[test]
fn times_come_from_events_and_never_from_text() {
    let text = "2020-01-01T00:00:00Z: INFO: old";
    let running = after(&[(staged(TaskStatus::InProgress, text), NOON)]);
    assert_eq!(times(&running), (Some(NOON), None));
    let passed = after(&[
        (staged(TaskStatus::InProgress, text), EARLY),
        (
            staged(TaskStatus::Pass, "2020-01-01T00:00:00Z: INFO: done"),
            NOON,
        ),
    ]);
    assert_eq!(times(&passed), (Some(EARLY), Some(NOON)));
    let at_once = after(&[(task("stage-testing", TaskStatus::Fail), NOON)]);
    assert_eq!(times(&at_once), (Some(NOON), Some(NOON)));
    let given = after(&[(timed(TaskStatus::Pass, Some(EARLY), Some(NOON)), LATE)]);
    assert_eq!(times(&given), (Some(EARLY), Some(NOON)));
    let ended = after(&[(timed(TaskStatus::Pass, None, Some(NOON)), LATE)]);
    assert_eq!(times(&ended), (Some(NOON), Some(NOON)));
}

#[test]
fn a_task_never_ends_before_it_begins() {
    let document = after(&[
        (task("stage-testing", TaskStatus::InProgress), NOON),
        (timed(TaskStatus::Pass, None, Some(EARLY)), LATE),
    ]);
    assert_eq!(times(&document), (Some(NOON), Some(NOON)));
}

#[test]
fn a_running_task_keeps_its_start_and_a_new_attempt_gets_its_own() {
    let document = after(&[
        (staged(TaskStatus::InProgress, "triggered"), EARLY),
        (staged(TaskStatus::InProgress, "still running"), NOON),
    ]);
    assert_eq!(times(&document), (Some(EARLY), None));
    let document = after(&[
        (staged(TaskStatus::InProgress, "triggered"), EARLY),
        (staged(TaskStatus::Fail, "failed"), NOON),
        (staged(TaskStatus::InProgress, "triggered again"), LATE),
    ]);
    assert_eq!(times(&document), (Some(LATE), None));
}

#[test]
fn the_same_status_and_result_alter_nothing() {
    let change = staged(TaskStatus::Pass, "done by qe@example.com");
    let mut document = after(&[(change.clone(), EARLY)]);
    let before = document.clone();
    assert!(!document.apply(&change, at(LATE)).unwrap());
    assert!(
        !document
            .apply(&task("stage-testing", TaskStatus::Pass), at(LATE))
            .unwrap()
    );
    assert_eq!(document, before);
    let untouched = task("take-ownership", TaskStatus::NotStarted);
    assert!(!document.apply(&untouched, at(LATE)).unwrap());
}

#[test]
fn the_result_stays_when_none_is_given() {
    let document = after(&[
        (staged(TaskStatus::InProgress, "triggered 7"), EARLY),
        (task("stage-testing", TaskStatus::Pass), NOON),
    ]);
    assert_eq!(stage(&document).result.as_deref(), Some("triggered 7"));
}

#[test]
fn pass_is_taken_back_only_by_a_person() {
    let document = after(&[(staged(TaskStatus::Pass, "done"), EARLY)]);
    for status in [
        TaskStatus::NotStarted,
        TaskStatus::InProgress,
        TaskStatus::Fail,
    ] {
        let error = refusal(&document, &task("stage-testing", status));
        assert_eq!(error.kind, Kind::Refused, "{status}");
    }
    let mut reset = task("stage-testing", TaskStatus::NotStarted);
    if let Change::SetTask { is_reset, .. } = &mut reset {
        *is_reset = true;
    }
    let mut document = document;
    assert!(document.apply(&reset, at(NOON)).unwrap());
    assert_eq!(document.status("stage-testing"), TaskStatus::NotStarted);
    assert_eq!(times(&document), (None, None));
    assert_eq!(stage(&document).result.as_deref(), Some("done"));
}

#[test]
fn a_task_name_nobody_knows_is_refused() {
    #[track_caller]
    fn check(name: &str, expected: &str) {
        let error = refusal(&empty_document(), &task(name, TaskStatus::Pass));
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::Invalid, expected)
        );
        assert!(error.hint.unwrap().contains("stage-testing"));
    }
    check("", "task name must be a non-empty string");
    check(" \n", "task name cannot be whitespace only");
    check(&"x".repeat(201), "task name too long (max 200 characters)");
    check(
        "check-rhcos-security-alerts",
        "unsupported task name: `check-rhcos-security-alerts`",
    );
}

#[test]
fn other_tasks_and_unknown_keys_stay_where_they_are() {
    let text = "\
schema_version: '1.0'
release: 4.20.1
who: knows
metadata: {}
tasks:
- priority: 3
  name: stage-testing
  status: Fail
- name: take-ownership
  status: Pass
  seen: 2027-03-01
";
    let mut document = StateBox::parse_any(text).unwrap();
    document
        .apply(&staged(TaskStatus::Pass, "done"), at(NOON))
        .unwrap();
    let expected = "\
schema_version: '1.0'
release: 4.20.1
who: knows
metadata: {}
tasks:
- priority: 3
  name: stage-testing
  status: Pass
  started_at: '2027-03-01T12:00:00Z'
  completed_at: '2027-03-01T12:00:00Z'
  result: done
- name: take-ownership
  status: Pass
  seen: '2027-03-01'
updated_at: '2027-03-01T12:00:00Z'
";
    assert_eq!(document.to_yaml(), expected);
}

#[test]
fn addresses_are_masked_and_digests_are_not() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(mask_emails(text), expected);
    }
    check("by qe.one+x@example.com.", "by [EMAIL_REDACTED].");
    check(
        "quay.example.com/a@sha256:0123",
        "quay.example.com/a@sha256:0123",
    );
    check("a@b, a@b.c", "a@b, a@b.c");
    check(
        "<one@example.com|two@example.com>",
        "<[EMAIL_REDACTED]|[EMAIL_REDACTED]>",
    );
    let document = after(&[
        (staged(TaskStatus::Fail, "ask qe@example.com"), EARLY),
        (issue("qe@example.com is away", true, &[]), NOON),
        (
            resolve("qe@example.com is away", "ask lead@example.com"),
            LATE,
        ),
    ]);
    assert_eq!(
        stage(&document).result.as_deref(),
        Some("ask [EMAIL_REDACTED]")
    );
    assert_eq!(document.issues()[0].text, "[EMAIL_REDACTED] is away");
    assert_eq!(
        document.issues()[0].resolution.as_deref(),
        Some("ask [EMAIL_REDACTED]")
    );
}

#[test]
fn an_issue_is_appended_and_resolved_in_the_form_of_the_python_tool() {
    let mut document = after(&[(issue("Found 1\n- BUG-1\n", true, &["stage-testing"]), EARLY)]);
    let open = "issues:\n- issue: |\n    Found 1\n    - BUG-1\n  reported_at: '2027-03-01T10:00:00Z'\n  \
                resolved: false\n  resolution: null\n  blocker: true\n  related_tasks:\n  - stage-testing\n";
    let yaml = document.to_yaml();
    assert!(yaml.ends_with(open), "{yaml}");
    document
        .apply(&resolve("bug-1", "fixed"), at(NOON))
        .unwrap();
    let yaml = document.to_yaml();
    let resolved = "  resolved: true\n  resolution: fixed\n  blocker: true\n  related_tasks:\n  \
                    - stage-testing\n  resolved_at: '2027-03-01T12:00:00Z'\n";
    assert!(yaml.ends_with(resolved), "{yaml}");
}

#[test]
fn the_same_open_issue_is_not_added_twice() {
    let change = issue("Mirror is slow", true, &["stage-testing"]);
    let mut document = after(&[(change.clone(), EARLY)]);
    assert!(!document.apply(&change, at(NOON)).unwrap());
    let shouted = issue("  MIRROR is slow\n", false, &[]);
    assert!(!document.apply(&shouted, at(NOON)).unwrap());
    assert_eq!(document.updated_at(), Some(EARLY));
    document
        .apply(&resolve("mirror is slow", "faster"), at(NOON))
        .unwrap();
    assert!(document.apply(&change, at(LATE)).unwrap());
    assert_eq!(document.issues().len(), 2);
}

#[test]
fn a_task_has_one_open_blocker() {
    let document = after(&[
        (
            issue("first", true, &["stage-testing", "take-ownership"]),
            EARLY,
        ),
        (issue("a general one", true, &[]), EARLY),
        (issue("another general one", true, &[]), EARLY),
        (issue("no blocker", false, &["stage-testing"]), EARLY),
    ]);
    let error = refusal(
        &document,
        &issue("second", true, &["image-signed-check", "take-ownership"]),
    );
    assert_eq!(error.kind, Kind::Refused);
    assert_eq!(
        error.message,
        "Task 'take-ownership' already has unresolved blocker: first"
    );
}

#[test]
fn an_issue_text_is_one_to_a_thousand_characters() {
    let document = empty_document();
    let message = |text: &str| refusal(&document, &issue(text, true, &[])).message;
    assert_eq!(message(""), "issue description must be a non-empty string");
    assert_eq!(
        message(" \n"),
        "issue description cannot be whitespace only"
    );
    assert_eq!(
        message(&"é".repeat(1001)),
        "issue description too long (max 1000 characters)"
    );
    after(&[(issue(&"é".repeat(1000), true, &[]), EARLY)]);
}

#[test]
fn an_issue_is_found_by_its_text_or_a_part_only_it_has() {
    let document = after(&[
        (issue("Push failed", false, &[]), EARLY),
        (issue("push failed again: it's slow", false, &[]), EARLY),
        (issue("Signature is missing", false, &[]), EARLY),
    ]);
    let resolved = |text: &str| -> Vec<String> {
        let mut document = document.clone();
        document.apply(&resolve(text, "done"), at(NOON)).unwrap();
        let done = document.issues().iter().filter(|issue| issue.is_resolved);
        done.map(|issue: &Issue| issue.text.clone()).collect()
    };
    assert_eq!(resolved(" PUSH failed\n"), ["Push failed"]);
    assert_eq!(resolved("again"), ["push failed again: it's slow"]);
    let several = refusal(&document, &resolve("push", "done"));
    assert_eq!(several.kind, Kind::Invalid);
    assert_eq!(
        several.message,
        "Multiple issues match 'push':\n  - Push failed\n  - push failed again: it's slow\n\
         Please provide more specific text to uniquely identify the issue."
    );
    let none = refusal(&document, &resolve("lost", "done"));
    assert_eq!(none.kind, Kind::NotFound);
    assert_eq!(
        none.message,
        "Issue not found: 'lost'\nUnresolved issues: ['Push failed', \
         \"push failed again: it's slow\", 'Signature is missing']"
    );
    assert_eq!(refusal(&document, &resolve("", "done")).kind, Kind::Invalid);
}

#[test]
fn a_resolution_applied_again_alters_nothing() {
    let mut document = after(&[
        (issue("Push failed", true, &[]), EARLY),
        (resolve("push failed", "pushed"), NOON),
    ]);
    assert!(
        !document
            .apply(&resolve("Push failed", "pushed"), at(LATE))
            .unwrap()
    );
    let error = refusal(&document, &resolve("Push failed", "something else"));
    assert_eq!(error.kind, Kind::NotFound);
}

#[test]
fn metadata_maps_are_merged_and_the_rest_is_replaced() {
    let mut document = after(&[(
        metadata(json!({"advisory_ids": {"rpm": 1}, "shipment_mr": "https://example.com/1"})),
        EARLY,
    )]);
    let patch = metadata(json!({
        "advisory_ids": {"rhcos": 2}, "jira_ticket": "ART-30001", "extra": {"a": [1]},
    }));
    assert!(document.apply(&patch, at(NOON)).unwrap());
    assert!(!document.apply(&patch, at(LATE)).unwrap());
    let advisories: Vec<_> = document.metadata().advisory_ids.iter().collect();
    assert_eq!(
        advisories,
        [(&"rpm".to_owned(), &1), (&"rhcos".to_owned(), &2)]
    );
    assert_eq!(
        document.metadata().jira_ticket.as_deref(),
        Some("ART-30001")
    );
    assert_eq!(document.to_json()["metadata"]["extra"], json!({"a": [1]}));
    assert!(document.is_konflux());
    let error = refusal(
        &document,
        &metadata(json!({"advisory_ids": {"rpm": "soon"}})),
    );
    assert!(
        error.message.contains("metadata.advisory_ids.rpm"),
        "{error}"
    );
}

#[test]
fn subjects_are_those_of_the_python_tool_in_one_line() {
    #[track_caller]
    fn check(change: &Change, expected: &str) {
        assert_eq!(change.subject(), expected);
    }
    check(
        &task("stage-testing", TaskStatus::Pass),
        "Update task: stage-testing",
    );
    check(&metadata(json!({})), "Update metadata");
    let cut = format!("Add issue: {}", "é".repeat(50));
    check(&issue(&"é".repeat(60), true, &[]), &cut);
    let missed =
        "Found 1 missed CVE tracker bugs in shipments\n\nMissed CVE tracker bugs:\n- BUG-1\n";
    check(
        &issue(missed, true, &[]),
        "Add issue: Found 1 missed CVE tracker bugs in shipments",
    );
    check(&resolve("push\r\nfailed", "done"), "Resolve issue: push");
    check(
        &issue("tell qe@example.com", true, &[]),
        "Add issue: tell [EMAIL_REDACTED]",
    );
}
