//! Bugs, CVE trackers and other issues.

use std::collections::{BTreeMap, BTreeSet};

use oar_script::release::sheet::{
    Block, Bug, Layout, Looked, Report, all_verified, first_rows, other_row, refreshed_rows,
    tracker_rows,
};

use super::sheet::konflux;

fn shown() -> Report {
    Report::read("4.19.91", Layout::Konflux, &konflux()).unwrap()
}

fn found(contact: Option<&str>, status: &str) -> Looked {
    Looked::Found(Bug {
        contact: contact.map(str::to_owned),
        status: status.to_owned(),
    })
}

fn keys(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

/// What the tracker says about the listed bugs when nothing has changed there.
fn unchanged() -> BTreeMap<String, Looked> {
    BTreeMap::from([
        (
            "OCPBUGS-99001".into(),
            found(Some("qe1@example.com"), "ON_QA"),
        ),
        ("OCPBUGS-99002".into(), found(None, "Verified")),
        (
            "OCPBUGS-99003".into(),
            found(Some("qe2@example.com"), "ON_QA"),
        ),
    ])
}

fn cells(blocks: &[Block]) -> Vec<(String, String)> {
    let range = |block: &Block| block.range("t").trim_start_matches("'t'!").to_owned();
    blocks
        .iter()
        .map(|block| {
            let rows: Vec<_> = block.rows.iter().map(|row| row.join("|")).collect();
            (range(block), rows.join("/"))
        })
        .collect()
}

fn link(key: &str) -> String {
    format!("=HYPERLINK(\"https://redhat.atlassian.net/browse/{key}\",\"{key}\")")
}

#[test]
fn a_new_tab_lists_the_bugs_that_can_be_verified() {
    let bugs = BTreeMap::from([
        ("OCPBUGS-3".into(), found(None, "ON_QA")),
        ("OCPBUGS-1".into(), found(Some("qe1@example.com"), "ON_QA")),
        ("OCPBUGS-2".into(), found(None, "Verified")),
        ("OCPBUGS-4".into(), Looked::Denied),
    ]);
    let block = first_rows(&bugs).unwrap();
    assert_eq!(block.range("4.19.91"), "'4.19.91'!C8:E9");
    let row = |key: &str, contact: &str| vec![link(key), contact.to_owned(), "ON_QA".to_owned()];
    assert_eq!(
        block.rows,
        [
            row("OCPBUGS-1", "qe1@example.com"),
            row("OCPBUGS-3", "Unknown")
        ]
    );
    assert_eq!(first_rows(&BTreeMap::new()), None);
}

#[test]
fn a_list_that_is_up_to_date_stays() {
    let current = keys(&["OCPBUGS-99001", "OCPBUGS-99002"]);
    assert!(refreshed_rows(&shown(), &current, &keys(&[]), &unchanged()).is_empty());
}

#[test]
fn a_dropped_bug_stays_dropped_while_it_is_absent() {
    // The tracker still says ON_QA about OCPBUGS-99003, which is no reason to show that.
    let current = keys(&["OCPBUGS-99001", "OCPBUGS-99002"]);
    let mut grid = konflux();
    for _ in 0..3 {
        let report = Report::read("4.19.91", Layout::Konflux, &grid).unwrap();
        assert!(refreshed_rows(&report, &current, &keys(&[]), &unchanged()).is_empty());
        grid[9][4] = "Dropped".into();
    }
}

#[test]
fn a_bug_that_is_dropped_and_changed_is_dropped_at_once() {
    let mut looked = unchanged();
    looked.insert("OCPBUGS-99001".into(), found(None, "Verified"));
    let current = keys(&["OCPBUGS-99002"]);
    let blocks = refreshed_rows(&shown(), &current, &keys(&[]), &looked);
    assert_eq!(
        cells(&blocks),
        [
            ("D8".into(), "Unknown".into()),
            ("E8".into(), "Dropped".into())
        ]
    );
}

#[test]
fn a_bug_that_was_just_taken_out_is_dropped_although_it_is_still_named() {
    let current = keys(&["OCPBUGS-99001", "OCPBUGS-99002"]);
    let dropped = keys(&["OCPBUGS-99001"]);
    let blocks = refreshed_rows(&shown(), &current, &dropped, &unchanged());
    assert_eq!(cells(&blocks), [("E8".into(), "Dropped".into())]);
}

#[test]
fn a_bug_that_comes_back_shows_its_status_again() {
    let current = keys(&["OCPBUGS-99001", "OCPBUGS-99002", "OCPBUGS-99003"]);
    let blocks = refreshed_rows(&shown(), &current, &keys(&[]), &unchanged());
    assert_eq!(cells(&blocks), [("E10".into(), "ON_QA".into())]);
}

#[test]
fn a_bug_nobody_may_see_keeps_its_row() {
    let mut looked = unchanged();
    looked.insert("OCPBUGS-99001".into(), Looked::Denied);
    let blocks = refreshed_rows(&shown(), &keys(&["OCPBUGS-99002"]), &keys(&[]), &looked);
    assert!(blocks.is_empty());
}

#[test]
fn new_bugs_come_below_the_list() {
    let mut looked = unchanged();
    looked.insert("OCPBUGS-99005".into(), found(None, "ON_QA"));
    looked.insert("OCPBUGS-99004".into(), found(None, "ON_QA"));
    looked.insert("OCPBUGS-99006".into(), found(None, "Closed"));
    let current: BTreeSet<String> = looked.keys().cloned().collect();
    let blocks = refreshed_rows(&shown(), &current, &keys(&["OCPBUGS-99003"]), &looked);
    let row = |key: &str| format!("{}|Unknown|ON_QA", link(key));
    let rows = format!("{}/{}", row("OCPBUGS-99004"), row("OCPBUGS-99005"));
    assert_eq!(cells(&blocks), [("C11:E12".to_owned(), rows)]);
}

#[test]
fn bugs_are_verified_when_none_is_left_to_do() {
    let check = |status: &str, expected: bool| {
        let mut grid = konflux();
        grid[7][4] = status.to_owned();
        let report = Report::read("4.19.91", Layout::Konflux, &grid).unwrap();
        assert_eq!(all_verified(&report), expected, "{status}");
    };
    check("ON_QA", false);
    check("Release Pending", false);
    check("", false);
    check("Verified", true);
    check("Closed", true);
    check("Dropped", true);
}

#[test]
fn new_cve_trackers_come_below_those_that_are_listed() {
    let missed = keys(&["OCPBUGS-99901", "OCPBUGS-99902", "OCPBUGS-99903"]);
    let block = tracker_rows(&shown(), &missed).unwrap();
    assert_eq!(block.range("4.19.91"), "'4.19.91'!F9:F10");
    assert_eq!(
        block.rows,
        [[link("OCPBUGS-99902")], [link("OCPBUGS-99903")]]
    );
}

#[test]
fn a_tracker_that_is_missed_no_more_is_no_trouble() {
    assert_eq!(tracker_rows(&shown(), &keys(&[])), None);
    assert_eq!(tracker_rows(&shown(), &keys(&["OCPBUGS-99901"])), None);
    let block = tracker_rows(&shown(), &keys(&["OCPBUGS-99902"])).unwrap();
    assert_eq!(block.range("t"), "'t'!F9");
}

#[test]
fn other_issues_take_the_first_empty_cell() {
    let block = other_row(&shown(), "CVP-502").unwrap();
    assert_eq!(block.range("t"), "'t'!H9");
    assert_eq!(block.rows, [[link("CVP-502")]]);
    assert_eq!(other_row(&shown(), "CVP-501"), None);

    let mut grid = konflux();
    grid[7][7].clear();
    grid[9].resize(8, String::new());
    grid[9][7] = "CVP-500".into();
    let report = Report::read("4.19.91", Layout::Konflux, &grid).unwrap();
    assert_eq!(other_row(&report, "CVP-502").unwrap().range("t"), "'t'!H8");
}
