//! Reading documents.

#![expect(clippy::disallowed_methods, reason = "the fixtures are files")]

use std::fs;

use jiff::{Timestamp, civil::date};
use oar_script::{
    error::Kind,
    release::{
        TaskStatus, Version,
        statebox::{Metadata, StateBox, time},
    },
};
use serde_json::json;

pub const NOW: &str = "2027-03-01T09:00:05Z";

pub fn release() -> Version {
    "4.20.1".parse().unwrap()
}

pub fn empty_document() -> StateBox {
    StateBox::new(&release(), Metadata::default(), NOW.parse().unwrap())
}

fn fixtures() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/statebox");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() >= 25, "the fixtures are there");
    files
}

fn fixture(name: &str) -> StateBox {
    let (_, text) = fixtures()
        .into_iter()
        .find(|(file, _)| file == name)
        .unwrap();
    StateBox::parse(&text, &name.parse().unwrap()).unwrap()
}

#[test]
fn every_real_document_survives_unchanged() {
    for (name, text) in fixtures() {
        let document = StateBox::parse(&text, &name.parse().unwrap()).unwrap();
        assert_eq!(document.to_yaml(), text, "{name}");
        assert!(
            document.created().is_some() && document.updated().is_some(),
            "{name}"
        );
        assert!(document.metadata().release_day().is_some(), "{name}");
        assert!(document.is_konflux(), "{name}");
        for task in document.tasks() {
            assert!(task.started().is_some(), "{name}");
            let is_running = task.status == TaskStatus::InProgress;
            assert_eq!(task.completed().is_none(), is_running, "{name}");
        }
    }
}

#[test]
fn a_new_document_has_the_keys_of_the_python_tool() {
    let metadata = Metadata {
        jira_ticket: Some("ART-30001".into()),
        advisory_ids: [("rpm".into(), 180_101), ("rhcos".into(), 180_102)].into(),
        release_date: Some("2027-Mar-06".into()),
        candidate_builds: [("x86_64".into(), "4.20.0-0.nightly-2027-02-27-010203".into())].into(),
        shipment_mr: None,
    };
    let document = StateBox::new(&release(), metadata, NOW.parse().unwrap());
    let expected = "\
schema_version: '1.0'
release: 4.20.1
created_at: '2027-03-01T09:00:05Z'
updated_at: '2027-03-01T09:00:05Z'
metadata:
  jira_ticket: ART-30001
  advisory_ids:
    rpm: 180101
    rhcos: 180102
  release_date: 2027-Mar-06
  candidate_builds:
    x86_64: 4.20.0-0.nightly-2027-02-27-010203
  shipment_mr: null
tasks: []
issues: []
";
    assert_eq!(document.to_yaml(), expected);
    assert_eq!(StateBox::parse(expected, &release()).unwrap(), document);
    assert!(!document.is_konflux());
}

#[test]
fn plain_text_is_read_as_the_python_tool_means_it() {
    let text = "\
schema_version: 1.0
release: 4.20.1
created_at: 2027-03-01T09:00:05Z
updated_at: \"2027-03-01 09:00\"
metadata:
  jira_ticket: 1e3
  release_date: y
  flags: {a: yes, b: off, c: ~, d: 0x1F, e: 1_000, f: 1:30, g: 2027-03-01, h: 1.5, i: y}
extra: |
  kept
tasks:
- name: stage-testing
  note: kept as well
";
    let document = StateBox::parse(text, &release()).unwrap();
    assert_eq!(document.metadata().jira_ticket.as_deref(), Some("1e3"));
    assert_eq!(document.metadata().release_date.as_deref(), Some("y"));
    assert_eq!(
        document.created().unwrap(),
        NOW.parse::<Timestamp>().unwrap()
    );
    assert_eq!(document.status("stage-testing"), TaskStatus::NotStarted);
    assert!(document.issues().is_empty());
    assert_eq!(
        document.to_json()["metadata"]["flags"],
        json!({"a": true, "b": false, "c": null, "d": 31, "e": 1000, "f": 90,
               "g": "2027-03-01", "h": 1.5, "i": "y"})
    );
    let yaml = document.to_yaml();
    assert!(
        yaml.contains("created_at: '2027-03-01T09:00:05Z'\n"),
        "{yaml}"
    );
    assert!(
        yaml.contains("extra: |\n  kept\ntasks:\n- name: stage-testing\n  note: kept as well\n")
    );
}

#[test]
fn issues_answer_what_blocks() {
    let text = "\
schema_version: '1.0'
release: 4.20.1
issues:
- issue: about one task
  resolved: false
  blocker: true
  related_tasks: [stage-testing]
- issue: about everything
  resolved: false
  blocker: true
- issue: not a blocker
  resolved: false
- issue: done with
  resolved: true
  blocker: true
";
    let document = StateBox::parse(text, &release()).unwrap();
    let texts = |issues: Vec<&oar_script::release::statebox::Issue>| -> Vec<String> {
        issues.into_iter().map(|issue| issue.text.clone()).collect()
    };
    assert_eq!(
        document.blocker_of("stage-testing").unwrap().text,
        "about one task"
    );
    assert!(document.blocker_of("take-ownership").is_none());
    assert_eq!(texts(document.general_blockers()), ["about everything"]);
    assert_eq!(
        texts(document.open_blockers()),
        ["about one task", "about everything"]
    );
    assert_eq!(document.issues().len(), 4);
}

#[test]
fn the_owner_key_of_old_documents_stays_first() {
    let document = fixture("4.20.6");
    let json = document.to_json();
    let keys: Vec<_> = json["metadata"].as_object().unwrap().keys().collect();
    assert_eq!(keys[0], "qe_owner");
}

#[test]
fn a_broken_document_is_refused_with_its_place() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let error = StateBox::parse(text, &release()).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.contains(expected), "{error}");
        assert!(error.hint.is_some(), "{error}");
    }
    let head = "schema_version: '1.0'\nrelease: 4.20.1\n";
    let with = |rest: &str| format!("{head}{rest}");
    check("", "empty");
    check("# nothing\n", "empty");
    check("- a\n", "the state document is not a map");
    check(&with("tasks: [\n"), "line ");
    check(&with("<<<<<<< HEAD\ntasks: []\n"), "line 3");
    check(&with("metadata:\n  a: b: c\n"), "line 4, column");
    check(
        &with("tasks: []\ntasks: []\n"),
        "line 4, column 1: the key `tasks` is there twice",
    );
    check(&with("a: &x 1\nb: *x\n"), "an anchor");
    check(&with("a: &x [1]\n"), "an anchor");
    check(&with("a: !!binary aGk=\n"), "a tag");
    check(&with("---\na: 1\n"), "second document");
    check("release: 4.20.1\n", "`schema_version`");
    check("schema_version: '1.0'\n", "`release`");
    check(
        "schema_version: '2.0'\nrelease: 4.20.1\n",
        "unknown schema version `2.0`",
    );
    check("schema_version: '1.0'\nrelease: 4.20\n", "`release`");
    check(
        "schema_version: '1.0'\nrelease: 4.20.10\n",
        "about release `4.20.10`, not `4.20.1`",
    );
    check(
        &with("tasks: {}\n"),
        "`tasks` of the state document is not a list",
    );
    check(&with("tasks:\n"), "`tasks`");
    check(
        &with("tasks:\n- name: a\n  status: Passed\n"),
        "`tasks[0].status`",
    );
    check(
        &with("tasks:\n- name: a\n  result: [1]\n"),
        "`tasks[0].result`",
    );
    check(&with("tasks:\n- status: Pass\n"), "`tasks[0].name`");
    check(
        &with("tasks:\n- name: a\n- name: a\n"),
        "the task `a` twice",
    );
    check(&with("issues:\n- issue: a\n"), "`issues[0].resolved`");
    check(
        &with("issues:\n- issue: a\n  resolved: maybe\n"),
        "`issues[0].resolved`",
    );
    check(
        &with("issues:\n- issue: a\n  resolved: no\n  related_tasks: x\n"),
        "`issues[0].related_tasks`",
    );
    check(&with("metadata: []\n"), "`metadata`");
    check(
        &with("metadata:\n  advisory_ids:\n    rpm: soon\n"),
        "`metadata.advisory_ids.rpm`",
    );
    check(&with(&format!("deep: {}\n", "[".repeat(5000))), "line ");
}

#[test]
fn a_document_of_any_release_can_be_read() {
    let text = "schema_version: '1.0'\nrelease: 5.0.0-ec.3\n";
    let document = StateBox::parse_any(text).unwrap();
    assert_eq!(document.release().to_string(), "5.0.0-ec.3");
}

#[test]
fn times_are_read_in_all_their_forms() {
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let expected = expected.map(|text| text.parse::<Timestamp>().unwrap());
        assert_eq!(time::parse(text), expected, "{text}");
    }
    check("2027-03-01T09:10:00Z", Some("2027-03-01T09:10:00Z"));
    check(
        "2025-11-27T18:02:25.777726+00:00",
        Some("2025-11-27T18:02:25.777726Z"),
    );
    check("2027-03-01T09:10:00+05:30", Some("2027-03-01T03:40:00Z"));
    check(
        "2025-11-24T18:00:00.123456Z",
        Some("2025-11-24T18:00:00.123456Z"),
    );
    check(
        "2025-11-24T18:00:00.123456",
        Some("2025-11-24T18:00:00.123456Z"),
    );
    check("soon", None);
    assert_eq!(time::parse_day("2026-Feb-3"), Some(date(2026, 2, 3)));
    assert_eq!(time::parse_day("2027-Mar-06"), Some(date(2027, 3, 6)));
    assert_eq!(time::parse_day("2027-Feb-30"), None);
    assert_eq!(time::parse_day("2027-03-06"), None);
}
