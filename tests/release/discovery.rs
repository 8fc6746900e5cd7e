//! Which releases are active, and where each stands.
#![expect(clippy::disallowed_methods, reason = "the fixtures are files")]

use std::fs;

use jiff::{Timestamp, civil::Date};
use oar_script::release::{
    TaskStatus,
    discovery::{Inactive, Overview, Standing, inactive},
    statebox::{Change, Metadata, StateBox},
    task::WORKFLOW_TASKS,
};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    "2027-03-01T09:00:00Z".parse().unwrap()
}

fn document(date: Option<&str>) -> StateBox {
    let metadata = Metadata {
        release_date: date.map(str::to_owned),
        ..Metadata::default()
    };
    StateBox::new(&"4.20.1".parse().unwrap(), metadata, now())
}

fn set(document: &mut StateBox, task: &str, status: TaskStatus, minute: i64) {
    let at = now() + jiff::SignedDuration::from_mins(minute);
    let change = Change::SetTask {
        name: task.to_owned(),
        status,
        result: None,
        started_at: None,
        completed_at: None,
        is_reset: false,
    };
    document.apply(&change, at).unwrap();
}

fn block(document: &mut StateBox, text: &str, is_blocker: bool, tasks: &[&str]) {
    let change = Change::AddIssue {
        text: text.to_owned(),
        is_blocker,
        related_tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
    };
    document.apply(&change, now()).unwrap();
}

fn passed(tasks: &[&str]) -> StateBox {
    let mut document = document(Some("2027-Mar-06"));
    for (minute, task) in (1..).zip(tasks) {
        set(&mut document, task, TaskStatus::Pass, minute);
    }
    document
}

fn overview(document: &StateBox) -> Overview {
    Overview::of(document, day("2027-03-01"))
}

#[test]
fn a_release_is_active_until_its_date_and_the_days_it_is_kept() {
    let check = |date: &str, today: &str, keep: u32, expected: Option<Inactive>| {
        let document = document(Some(date));
        let found = inactive(Some(&document), day(today), keep);
        assert_eq!(found, expected, "{date} on {today}, kept {keep}");
    };
    check("2027-Mar-06", "2027-03-06", 1, None);
    check("2027-Mar-6", "2027-03-07", 1, None);
    check(
        "2027-Mar-06",
        "2027-03-08",
        1,
        Some(Inactive::Over { days: 2 }),
    );
    check(
        "2027-Mar-06",
        "2027-03-07",
        0,
        Some(Inactive::Over { days: 1 }),
    );
    check("2027-Mar-06", "2027-03-08", 7, None);
    check("2028-Mar-06", "2027-03-01", 0, None);
    check("2027-Feb-28", "2027-03-01", 1, None);
}

#[test]
fn why_a_release_is_not_active_is_told_apart() {
    let today = day("2027-03-01");
    assert_eq!(inactive(None, today, 1), Some(Inactive::NoStatebox));
    let undated = document(None);
    assert_eq!(inactive(Some(&undated), today, 1), Some(Inactive::NoDate));
    for text in ["2027-03-06", "soon", "2027-Mrz-06", "2027-Feb-30"] {
        let found = inactive(Some(&document(Some(text))), today, 1);
        let text = text.to_owned();
        assert_eq!(found, Some(Inactive::UnreadableDate { text }));
    }
    let date_of_yaml = document(Some("2027-Mar-06"))
        .to_yaml()
        .replace("2027-Mar-06", "2027-03-06");
    let date_of_yaml = StateBox::parse_any(&date_of_yaml).unwrap();
    let found = inactive(Some(&date_of_yaml), today, 1);
    assert!(matches!(found, Some(Inactive::UnreadableDate { .. })));
}

#[test]
fn the_first_status_that_fits_is_the_one() {
    let mut document = document(Some("2027-Mar-06"));
    assert_eq!(Standing::of(&document), Standing::NotStarted);
    set(&mut document, "check-cve-tracker-bug", TaskStatus::Pass, 1);
    assert_eq!(Standing::of(&document), Standing::NotStarted);
    set(&mut document, "take-ownership", TaskStatus::Pass, 2);
    block(&mut document, "slow mirror", false, &[]);
    assert_eq!(Standing::of(&document), Standing::InProgress);
    let mut failed = document.clone();
    set(&mut failed, "stage-testing", TaskStatus::Fail, 3);
    assert_eq!(Standing::of(&failed), Standing::Blocked);
    block(&mut document, "a bug", true, &["stage-testing"]);
    assert_eq!(Standing::of(&document), Standing::Blocked);
    set(&mut document, "change-advisory-status", TaskStatus::Pass, 4);
    assert_eq!(Standing::of(&document), Standing::Complete);
}

#[test]
fn the_phase_is_what_runs_else_what_ended_last() {
    let mut document = passed(&["push-to-cdn-staging", "take-ownership"]);
    assert_eq!(overview(&document).phase, "take-ownership");
    set(&mut document, "stage-testing", TaskStatus::InProgress, 9);
    set(
        &mut document,
        "image-consistency-check",
        TaskStatus::InProgress,
        9,
    );
    let phase = overview(&document).phase;
    assert_eq!(phase, "stage-testing, image-consistency-check");
    assert_eq!(overview(&passed(&[])).phase, "Not started");
}

#[test]
fn the_next_step_is_what_a_person_would_do() {
    let next = |document: &StateBox| overview(document).next;
    let is = |word: &str| Some(word.to_owned());
    assert_eq!(next(&passed(&[])), is("take-ownership"));
    let mut document = passed(&["take-ownership", "check-cve-tracker-bug"]);
    assert_eq!(next(&document), is("push-to-cdn-staging"));
    set(
        &mut document,
        "push-to-cdn-staging",
        TaskStatus::InProgress,
        8,
    );
    assert_eq!(next(&document), is("wait for push-to-cdn-staging"));
    block(&mut document, "a bug", true, &["stage-testing"]);
    assert_eq!(next(&document), is("resolve what blocks stage-testing"));
    set(&mut document, "push-to-cdn-staging", TaskStatus::Fail, 9);
    assert_eq!(
        next(&document),
        is("look at push-to-cdn-staging, which failed")
    );
    assert_eq!(next(&passed(&["change-advisory-status"])), None);
}

#[test]
fn progress_counts_the_nine_and_nothing_else() {
    let mut document = passed(&WORKFLOW_TASKS[..4]);
    set(&mut document, "create-test-report", TaskStatus::Pass, 1);
    assert_eq!(overview(&document).passed, 4);
    assert_eq!(overview(&passed(&WORKFLOW_TASKS)).passed, 9);
}

#[test]
fn blockers_are_told_with_their_tasks_in_one_line() {
    let mut document = passed(&[]);
    block(
        &mut document,
        "a\nbug",
        true,
        &["stage-testing", "drop-bugs"],
    );
    block(&mut document, "the mirror is down", true, &[]);
    block(&mut document, "cosmetic", false, &[]);
    assert_eq!(
        overview(&document).blockers,
        ["stage-testing, drop-bugs: a bug", "the mirror is down"]
    );
}

#[test]
fn days_left_are_counted_and_overdue_is_what_is_late_and_not_done() {
    let on = |document: &StateBox, today: &str| Overview::of(document, day(today));
    let begun = passed(&["take-ownership"]);
    assert_eq!(on(&begun, "2027-03-01").days_left, Some(5));
    assert!(!on(&begun, "2027-03-06").is_overdue);
    assert_eq!(on(&begun, "2027-03-08").days_left, Some(-2));
    assert!(on(&begun, "2027-03-08").is_overdue);
    assert!(!on(&passed(&["change-advisory-status"]), "2027-03-08").is_overdue);
    assert_eq!(on(&document(None), "2027-03-08").days_left, None);
}

#[test]
fn what_needs_a_person_comes_first() {
    let mut blocked = passed(&["take-ownership"]);
    block(&mut blocked, "a bug", true, &[]);
    let begun = passed(&["take-ownership"]);
    let ranks = [
        overview(&blocked).rank(),
        Overview::of(&passed(&[]), day("2027-03-07")).rank(),
        overview(&begun).rank(),
        overview(&passed(&[])).rank(),
        overview(&passed(&["change-advisory-status"])).rank(),
    ];
    assert_eq!(ranks, [0, 1, 2, 3, 4]);
}

#[test]
fn every_real_document_has_a_place() {
    let mut seen = 0;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/statebox");
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let document = StateBox::parse_any(&text).unwrap();
        let found = Overview::of(&document, day("2026-07-02"));
        assert!(found.passed <= 9 && found.release_day.is_some());
        assert_eq!(found.next.is_none(), found.standing == Standing::Complete);
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
}
