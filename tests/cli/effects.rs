//! What is done outside is done once, whichever changing request is the one that goes wrong: the
//! process dies before it or after it, or its answer is lost; one person drives, or two.
#![expect(
    clippy::disallowed_methods,
    reason = "the journals of two people change places"
)]

use std::{
    collections::BTreeMap,
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::Value;

use crate::support::program::{Program, Ran};

/// Everything that people find outside after a release, without times and identities.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Effects {
    statuses: BTreeMap<String, String>,
    triggers: BTreeMap<String, usize>,
    advisories: Vec<String>,
    requests: Vec<String>,
    tickets: Vec<String>,
}

impl Effects {
    fn of(program: &Program) -> Self {
        let documents = program.documents();
        Self {
            statuses: program.statuses(),
            triggers: program.triggers(),
            advisories: told(&documents["errata"]["advisories"], |advisory| {
                let pushes = advisory["push"].as_array().map_or(0, Vec::len);
                let (state, owner) = (&advisory["state"], &advisory["qa_owner"]);
                format!("{state} {owner} {pushes} pushes")
            }),
            requests: told(&documents["gitlab"]["merge_requests"], |request| {
                let notes = request["notes"].as_array().into_iter().flatten();
                let notes: Vec<_> = notes.map(|note| &note["body"]).collect();
                format!("{} {notes:?}", request["approved_by"])
            }),
            tickets: told(&documents["jira"]["issues"], |ticket| {
                let comments = ticket["comments"].as_array().map_or(0, Vec::len);
                let (status, assignee) = (&ticket["status"], &ticket["assignee"]);
                format!("{status} {assignee} {comments} comments")
            }),
        }
    }
}

fn told(entries: &Value, tell: impl Fn(&Value) -> String) -> Vec<String> {
    let entries = entries.as_object().into_iter().flatten();
    entries
        .map(|(name, entry)| format!("{name}: {}", tell(entry)))
        .collect()
}

/// How often each message stands in Slack.
fn messages(program: &Program) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let documents = program.documents();
    for message in documents["slack"]["messages"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let text = message["text"].as_str().unwrap_or_default();
        // The number of a job depends on how many there were.
        let text = text.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '/');
        *counts.entry(text.to_owned()).or_default() += 1;
    }
    counts
}

/// Said when the StateBox is made, and lost with the process that made it.
const OF_STATEBOX: &str = "is created for";

/// Slack has no key that would keep a message from being posted twice: after a crash between the post
/// and its record a second one is allowed, a third is not. One is lost where another operator does not tell what the
/// first one had taken on.
fn wrong_messages(
    now: &BTreeMap<String, usize>,
    good: &BTreeMap<String, usize>,
    is_one_person: bool,
) -> Vec<String> {
    let lost = good
        .keys()
        .filter(|text| is_one_person && !text.contains(OF_STATEBOX) && !now.contains_key(*text));
    let repeated = now.iter().filter(|(text, count)| {
        let usual = good.get(*text).copied().unwrap_or(0);
        **count > usual + 1
    });
    lost.map(|text| format!("lost: {text}"))
        .chain(repeated.map(|(text, count)| format!("{count} times: {text}")))
        .collect()
}

/// Drives as one of two people: their journal lies in the world while they do.
fn drive_as(program: &Program, person: &str, words: &[&str]) -> Ran {
    let (here, away) = (program.path("world/journal"), program.path(person));
    if away.is_dir() {
        fs::rename(&away, &here).expect("a journal that comes");
    }
    let ran = program.drive(words);
    if here.is_dir() {
        fs::rename(&here, &away).expect("a journal that goes");
    }
    ran
}

struct Undisturbed {
    effects: Effects,
    messages: BTreeMap<String, usize>,
}

fn undisturbed() -> Undisturbed {
    let program = Program::quick();
    program.drive(&["--watch"]).ends_with(0);
    Undisturbed {
        effects: Effects::of(&program),
        messages: messages(&program),
    }
}

/// What is wrong after a run that was cut at `point` and those after it. `None` when the release ends
/// before there are so many changing requests.
fn after_cut(how: &str, point: u64, others: &[&str], good: &Undisturbed) -> Option<Vec<String>> {
    let program = Program::quick();
    let cut = format!("{how}:{point}");
    let first = drive_as(&program, "ann", &["--watch", "-v", "--sim-cut", &cut]);
    if how == "lost" {
        if !first.stderr.contains("the answer is lost") {
            first.ends_with(0);
            return None;
        }
    } else if !first.was_killed() {
        first.ends_with(0);
        return None;
    }
    let mut wrong = Vec::new();
    let mut last = first;
    for person in others {
        last = drive_as(&program, person, &["--watch"]);
    }
    if last.code() != Some(0) {
        return Some(vec![format!("{cut}: {last:?}")]);
    }
    let now = Effects::of(&program);
    if now != good.effects {
        wrong.push(format!("{cut}: {now:#?}\ninstead of {:#?}", good.effects));
    }
    let texts = wrong_messages(&messages(&program), &good.messages, others.len() == 1);
    wrong.extend(
        texts
            .into_iter()
            .map(|text| format!("{cut}: message {text}")),
    );
    Some(wrong)
}

/// Cuts at every `step`th changing request of a release.
fn sweep(how: &str, step: u64, others: &[&str]) {
    let good = undisturbed();
    let (next, last) = (AtomicU64::new(1), AtomicU64::new(u64::MAX));
    let work = || {
        let mut wrong = Vec::new();
        loop {
            let point = next.fetch_add(step, Ordering::SeqCst);
            if point >= last.load(Ordering::SeqCst) {
                return wrong;
            }
            match after_cut(how, point, others, &good) {
                Some(found) => wrong.extend(found),
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
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let points = last.load(Ordering::SeqCst) - 1;
    assert!(points > 15, "only {points} changing requests");
}

#[test]
fn a_process_that_dies_before_a_change_is_sent_leaves_it_to_the_next_one() {
    sweep("before", 1, &["ann"]);
}

#[test]
fn a_process_that_dies_before_it_hears_of_a_change_does_not_repeat_it() {
    sweep("after", 1, &["ann"]);
}

#[test]
fn a_change_whose_answer_was_lost_is_looked_for_and_not_repeated() {
    sweep("lost", 1, &["ann"]);
}

#[test]
fn what_one_person_died_in_the_other_finishes_and_nobody_repeats() {
    sweep("after", 2, &["bob", "ann"]);
    sweep("before", 3, &["bob", "ann"]);
}
