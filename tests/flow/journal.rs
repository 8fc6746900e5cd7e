//! The record of what happened.
#![expect(clippy::disallowed_methods, reason = "journals are damaged by hand")]

use std::{fs, time::Duration};

use oar_script::{
    error::Result,
    flow::{Fact, Journal},
};

use super::desk::{Desk, release};

fn owner(email: &str) -> Fact {
    Fact::Owner {
        email: email.to_owned(),
    }
}

fn open(desk: &Desk) -> Result<Journal> {
    Journal::open(desk.world(), &desk.journals("a"), &release())
}

/// A journal of the opening and three owners; returns its text.
fn written(desk: &Desk) -> String {
    let journal = open(desk).unwrap();
    for name in ["ann", "bob", "eve"] {
        journal
            .append(&release(), owner(&format!("{name}@example.com")))
            .unwrap();
    }
    fs::read_to_string(journal.file()).unwrap()
}

fn replace(desk: &Desk, text: &str) {
    fs::write(open_file(desk), text).unwrap();
}

fn open_file(desk: &Desk) -> std::path::PathBuf {
    desk.journals("a").join(format!("{}.jsonl", release()))
}

#[test]
fn what_was_written_is_read_again() {
    let desk = Desk::new();
    written(&desk);
    let entries = open(&desk).unwrap().entries();
    let numbers: Vec<_> = entries.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(entries[3].fact, owner("eve@example.com"));
}

#[test]
fn a_torn_last_line_is_passed_over_wherever_it_was_cut() {
    let desk = Desk::new();
    let text = written(&desk);
    let last = text.trim_end().rfind('\n').unwrap() + 1;
    for cut in last..text.len() {
        replace(&desk, &text[..cut]);
        let journal = open(&desk).unwrap();
        let whole = journal.entries().len();
        // A whole line without its end is a line.
        assert_eq!(
            whole,
            if cut == text.len() - 1 { 4 } else { 3 },
            "cut at {cut}"
        );
        journal
            .append(&release(), owner("zoe@example.com"))
            .unwrap();
        journal
            .append(&release(), owner("kim@example.com"))
            .unwrap();
        assert_eq!(
            open(&desk).unwrap().entries().len(),
            whole + 2,
            "cut at {cut}"
        );
    }
}

#[test]
fn a_changed_line_is_refused_with_its_number() {
    let desk = Desk::new();
    let text = written(&desk);
    for (from, line) in [("4.20.28", 1), ("ann@", 2), ("bob@", 3), ("eve@", 4)] {
        replace(&desk, &text.replacen(from, "other@", 1));
        let error = open(&desk).unwrap_err();
        assert!(
            error
                .message
                .starts_with(&format!("line {line} of the journal")),
            "{error}"
        );
        assert!(error.hint.is_some());
    }
}

#[test]
fn a_line_that_was_taken_out_or_moved_is_refused() {
    let desk = Desk::new();
    let text = written(&desk);
    let lines: Vec<_> = text.lines().collect();
    replace(
        &desk,
        &format!("{}\n{}\n{}\n", lines[0], lines[1], lines[3]),
    );
    assert!(open(&desk).unwrap_err().message.starts_with("line 3 of"));
    replace(
        &desk,
        &format!("{}\n{}\n{}\n{}\n", lines[0], lines[2], lines[1], lines[3]),
    );
    assert!(open(&desk).unwrap_err().message.starts_with("line 2 of"));
}

#[test]
fn a_line_that_is_no_line_is_refused() {
    let desk = Desk::new();
    let text = written(&desk);
    replace(&desk, &format!("<html>\n{text}"));
    assert!(open(&desk).unwrap_err().message.starts_with("line 1 of"));
}

#[test]
fn the_journal_of_another_release_is_refused() {
    let desk = Desk::new();
    written(&desk);
    let other = "4.20.29".parse().unwrap();
    fs::rename(open_file(&desk), desk.journals("a").join("4.20.29.jsonl")).unwrap();
    let error = Journal::open(desk.world(), &desk.journals("a"), &other).unwrap_err();
    assert!(
        error
            .message
            .contains("is about release 4.20.28, not 4.20.29"),
        "{error}"
    );
}

#[test]
fn times_go_on_with_the_clock() {
    let desk = Desk::new();
    written(&desk);
    desk.wait(Duration::from_secs(60));
    let journal = open(&desk).unwrap();
    journal
        .append(&release(), owner("zoe@example.com"))
        .unwrap();
    let times: Vec<_> = journal.entries().iter().map(|entry| entry.at).collect();
    assert!(times.is_sorted() && times[3] < times[4]);
}

#[test]
fn after_the_disk_was_full_nothing_more_is_written_by_this_process() {
    let desk = Desk::new();
    written(&desk);
    let journal = open(&desk).unwrap();
    desk.fill_disk(0);
    for _ in 0..2 {
        let error = journal
            .append(&release(), owner("zoe@example.com"))
            .unwrap_err();
        assert!(
            error.message.starts_with("cannot write the journal"),
            "{error}"
        );
    }
    assert!(journal.trouble().is_some());
    let journal = open(&desk).unwrap();
    journal
        .append(&release(), owner("zoe@example.com"))
        .unwrap();
    assert_eq!(open(&desk).unwrap().entries().len(), 5);
}
