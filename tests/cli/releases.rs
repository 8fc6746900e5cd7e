//! `releases`: what is being worked on.

use serde_json::Value;

use crate::support::program::{Program, RELEASE};

fn json(program: &Program, words: &[&str]) -> Value {
    let ran = program.run(&[&["releases", "--output", "json"], words].concat());
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn a_release_is_listed_once_its_statebox_is_there_until_its_date_is_over() {
    let program = Program::quick();
    let before = json(&program, &[]);
    assert_eq!(before["releases"], Value::Array(Vec::new()));
    assert_eq!(before["inactive"], 1);
    let all = json(&program, &["--all"]);
    assert_eq!(all["releases"][0]["inactive"]["why"], "no_statebox");
    program.drive(&[]);
    let begun = &json(&program, &[])["releases"][0];
    assert_eq!(begun["release"], RELEASE);
    assert_eq!(begun["is_active"], true);
    assert_eq!(begun["overview"]["release_day"], "2027-03-02");
    assert!(begun["overview"]["passed"].as_u64().unwrap() > 0, "{begun}");
    program.drive(&["--watch"]);
    let done = &json(&program, &[])["releases"][0];
    assert_eq!(done["status"], "COMPLETE");
    assert_eq!(done["overview"]["passed"], 9);
    assert_eq!(done["overview"]["next"], Value::Null);
    program.run(&["sim", "advance", "9d"]);
    let over = json(&program, &["--all"]);
    assert_eq!(over["releases"][0]["inactive"]["why"], "over");
    let kept = json(&program, &["--keep-days", "30"]);
    assert_eq!(kept["releases"][0]["release"], RELEASE);
}

#[test]
fn the_table_says_what_comes_next_and_where_to_look() {
    let program = Program::quick();
    program.drive(&[]);
    let ran = program.run(&["releases"]);
    for word in [RELEASE, "IN PROGRESS", "1 day left", "/9", "statebox"] {
        assert!(ran.stdout.contains(word), "no `{word}` in {ran:?}");
    }
}
