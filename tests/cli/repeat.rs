//! The same again: the same seed gives the same bytes, and looking changes nothing.

use std::{collections::BTreeMap, path::PathBuf};

use crate::support::program::{Program, RELEASE};

/// Everything a whole run leaves behind.
fn whole(program: &Program, words: &[&str]) -> (String, String, String, String) {
    let mut all = vec!["--watch"];
    all.extend(words);
    let ran = program.drive(&all).ends_with(0);
    let journal = program.journal_text();
    (ran.stdout, ran.stderr, journal, program.state_text())
}

fn is_repeated(make: impl Fn() -> Program) {
    let (one, other) = (make(), make());
    let (one, other) = (whole(&one, &[]), whole(&other, &[]));
    assert_eq!(one.0, other.0, "standard output");
    assert_eq!(one.1, other.1, "standard error");
    assert_eq!(one.2, other.2, "journal");
    assert_eq!(one.3, other.3, "state");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    is_repeated(|| Program::new("smooth"));
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_a_world_of_trouble() {
    let trouble = r#"
        world.fault("oar", "oar_push_to_cdn_staging", "refused", 2, 0);
        world.fault("oar", "oar_stage_testing", "html", 1, 0);
        world.fault("release_controller", "*", "refused", 4, 1);
        world.fault("github", "*", "status:503", 4, 1);"#;
    is_repeated(|| Program::quick_but(trouble));
}

#[test]
fn another_seed_gives_another_world() {
    let (one, other) = (Program::quick(), Program::quick());
    let (one, other) = (
        whole(&one, &["--seed", "1"]),
        whole(&other, &["--seed", "2"]),
    );
    assert_ne!(one.2, other.2);
}

#[test]
fn a_second_run_of_a_complete_release_writes_and_sends_nothing() {
    let program = Program::quick();
    program.drive(&["--watch"]).ends_with(0);
    let before = (
        program.journal_text(),
        program.state_text(),
        program.documents(),
    );
    for words in [["--watch"].as_slice(), &[]] {
        program.drive(words).ends_with(0);
        let after = (
            program.journal_text(),
            program.state_text(),
            program.documents(),
        );
        assert!(before == after, "{words:?} changed something");
    }
}

#[test]
fn step_by_step_comes_to_the_same_end_as_watching() {
    let (steps, watched) = (Program::quick(), Program::quick());
    watched.drive(&["--watch"]).ends_with(0);
    let mut count = 0;
    while steps.drive(&[]).code() == Some(3) {
        count += 1;
        assert!(count < 50, "it does not end");
    }
    assert!(count > 1, "it took only {count} steps");
    assert_eq!(steps.statuses(), watched.statuses());
    assert_eq!(steps.triggers(), watched.triggers());
}

#[test]
fn looking_changes_nothing() {
    let program = Program::quick();
    program.drive(&[]).ends_with(3);
    let looks: [&[&str]; 7] = [
        &["drive.rhai", RELEASE, "--dry-run"],
        &["drive.rhai", RELEASE, "--dry-run", "--watch"],
        &["plan", RELEASE],
        &["status", RELEASE],
        &["explain", RELEASE],
        &["history", RELEASE],
        &["plan", RELEASE, "--output", "json"],
    ];
    for words in looks {
        let before = program.files();
        program.run(words);
        assert_unchanged(&before, &program.files(), words);
    }
}

#[test]
fn looking_at_a_release_that_was_never_driven_leaves_no_journal_and_no_state() {
    let program = Program::quick();
    program.run(&["plan", RELEASE]).ends_with(0);
    program.run(&["status", RELEASE]);
    assert_eq!(program.journal_text(), "");
    assert!(!program.has_state());
    program.drive(&["--watch"]).ends_with(0);
}

fn assert_unchanged(
    before: &BTreeMap<PathBuf, Vec<u8>>,
    after: &BTreeMap<PathBuf, Vec<u8>>,
    words: &[&str],
) {
    for (path, bytes) in before {
        assert!(
            after.get(path) == Some(bytes),
            "{words:?} changed {}",
            path.display()
        );
    }
    let added: Vec<_> = after
        .keys()
        .filter(|path| !before.contains_key(*path))
        .collect();
    assert!(added.is_empty(), "{words:?} left {added:?}");
}
