//! A process that dies: wherever it does, the next one goes on, and nothing is started twice.
#![expect(clippy::disallowed_methods, reason = "journals are damaged by hand")]

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::support::program::{Program, Ran};

fn crash(program: &Program, point: u64) -> Ran {
    program.drive(&["--watch", "--sim-crash-at", &point.to_string()])
}

/// Kills a run at `point` and runs again. `None` when the run ends before it reaches the point,
/// else what differs from an undisturbed run.
fn difference(point: u64, undisturbed: &Program) -> Option<Result<(), String>> {
    let program = Program::quick();
    let died = crash(&program, point);
    if !died.was_killed() {
        died.ends_with(0);
        return None;
    }
    let again = program.drive(&["--watch"]);
    if again.code() != Some(0) {
        return Some(Err(format!("point {point}: {again:?}")));
    }
    let same = |what: &str, is_same: bool, now: String| {
        if is_same {
            Ok(())
        } else {
            Err(format!("point {point}: {what}: {now}"))
        }
    };
    let (statuses, triggers) = (program.statuses(), program.triggers());
    Some(
        same(
            "statuses",
            statuses == undisturbed.statuses(),
            format!("{statuses:?}"),
        )
        .and(same(
            "triggers",
            triggers == undisturbed.triggers(),
            format!("{triggers:?}"),
        ))
        .and(same(
            "notices",
            program.notices() == undisturbed.notices(),
            format!("{:?}", program.notices()),
        ))
        .and(same(
            "journal",
            !program.journal().is_empty(),
            String::new(),
        )),
    )
}

#[test]
fn a_process_killed_at_any_point_loses_nothing_and_repeats_nothing() {
    let undisturbed = Program::quick();
    undisturbed.drive(&["--watch"]).ends_with(0);
    let lines = undisturbed.journal().len() as u64;
    let (next, last) = (AtomicU64::new(1), AtomicU64::new(u64::MAX));
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let point = next.fetch_add(1, Ordering::SeqCst);
            if point >= last.load(Ordering::SeqCst) {
                return wrong;
            }
            match difference(point, &undisturbed) {
                Some(compared) => wrong.extend(compared.err()),
                None => drop(last.fetch_min(point, Ordering::SeqCst)),
            }
        }
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().expect("a worker that ends"))
            .collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let points = last.load(Ordering::SeqCst) - 1;
    assert!(points >= 2 * lines, "{points} points for {lines} lines");
}

#[test]
fn a_world_in_which_every_process_dies_early_still_comes_to_its_end() {
    let program = Program::quick();
    let mut deaths = 0;
    // Every process gets two points further than the one before; some get nowhere and wait.
    for point in (2..40).step_by(2).cycle().take(200) {
        let ran = crash(&program, point);
        if !ran.was_killed() {
            ran.ends_with(0);
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 5, "only {deaths} died");
    program.drive(&["--watch"]).ends_with(0);
    let undisturbed = Program::quick();
    undisturbed.drive(&["--watch"]).ends_with(0);
    assert_eq!(program.statuses(), undisturbed.statuses());
    assert_eq!(program.triggers(), undisturbed.triggers());
    program.journal();
}

#[test]
fn a_last_line_that_was_cut_off_is_passed_over() {
    let full = Program::quick();
    crash(&full, 21);
    let text = full.journal_text();
    let last = text.trim_end().rfind('\n').expect("lines") + 1;
    for cut in [
        last + 1,
        (last + text.len()) / 2,
        text.len() - 2,
        text.len() - 1,
    ] {
        let program = Program::quick();
        crash(&program, 21);
        fs::write(program.journal_file(), &text[..cut]).expect("a written journal");
        program.drive(&["--watch"]).ends_with(0);
        program.journal();
        // What was cut off stays on its own line, and the journal can be read again and again.
        program.run(&["history", "4.20.1"]).ends_with(0);
    }
}

#[test]
fn a_line_that_was_changed_is_refused_with_its_number() {
    let program = Program::quick();
    program.drive(&["--watch"]).ends_with(0);
    let text = program
        .journal_text()
        .replacen("lead@example.com", "other@example.com", 1);
    fs::write(program.journal_file(), text).expect("a written journal");
    let before = program.documents();
    let ran = program.drive(&["--watch"]).ends_with(1);
    let line = program
        .journal_text()
        .lines()
        .position(|line| line.contains("other@example.com"))
        .expect("the changed line")
        + 1;
    let ran = ran.says(&[
        &format!("line {line} of the journal"),
        "was changed after it was written",
        "keep the file for the record",
    ]);
    assert!(!ran.stderr.contains("panicked"));
    assert_eq!(program.documents(), before);
}
