//! The release as a whole, from its nodes.

use jiff::Timestamp;
use oar_script::flow::{Node, NodeKind, PassOutcome, Report, State, report::NodeReport};

use super::desk::release;

fn node(name: &str, state: State, informs: bool) -> NodeReport {
    let mut node = Node::new(name, NodeKind::Task, "Phase", None);
    node.is_informing = informs;
    NodeReport::new(&node, state, format!("why {name}"))
}

fn report(nodes: Vec<NodeReport>) -> Report {
    Report::new(release(), Timestamp::UNIX_EPOCH, nodes, Vec::new())
}

/// Holds how a release with these nodes stands; a `?` behind a name says that it only informs.
fn check(nodes: &[(&str, State)], outcome: PassOutcome, code: u8) {
    let nodes = nodes
        .iter()
        .map(|(name, state)| node(name.trim_end_matches('?'), *state, name.ends_with('?')));
    let report = report(nodes.collect());
    assert_eq!(report.outcome, outcome, "{:?}", report.nodes);
    assert_eq!(report.outcome.exit_code(), code);
}

#[test]
fn the_worst_that_holds_the_release_decides_its_outcome_and_exit_code() {
    use PassOutcome as Pass;
    use State::{Blocked, Done, Failed, NeedsDecision, Ready, Running, Skipped, Unknown, Waiting};
    check(&[("a", Done), ("b", Skipped)], Pass::Complete, 0);
    check(&[("a", Done), ("b?", Failed)], Pass::Complete, 0);
    check(&[("a", Done), ("b?", NeedsDecision)], Pass::Complete, 0);
    check(&[("a", Running), ("b", Waiting)], Pass::Waiting, 3);
    check(&[("a", Running), ("b?", Failed)], Pass::Waiting, 3);
    check(&[("a", Running), ("b", Blocked)], Pass::Blocked, 4);
    check(&[("a", Running), ("b", NeedsDecision)], Pass::Blocked, 4);
    check(&[("a", Blocked), ("b", Failed)], Pass::Failed, 5);
    check(&[("a", Ready), ("b", Waiting)], Pass::Ready, 0);
    check(&[("a", Unknown), ("b", Waiting)], Pass::Unknown, 0);
}

#[test]
fn the_headline_says_what_to_do_next_and_when() {
    let mut running = node("push", State::Running, false);
    running.recheck_at = Some("2027-03-01T09:10:00Z".parse().unwrap());
    running.owner = Some("the CDN".to_owned());
    let mut later = node("build", State::Waiting, false);
    later.recheck_at = Some("2027-03-01T09:30:00Z".parse().unwrap());
    let waiting = report(vec![later.clone(), running.clone()]);
    let headline = waiting.headline();
    let start = "4.20.28 waits for push (the CDN); come back at 2027-03-01 09:10 UTC, in ";
    assert!(headline.starts_with(start), "{headline}");
    let mut blocked = node("gate", State::NeedsDecision, false);
    blocked.next = Some("oar-script decide".to_owned());
    assert_eq!(
        report(vec![running, blocked]).headline(),
        "4.20.28 needs a person at gate: why gate; next: oar-script decide; come back at 2027-03-01 09:10 UTC, in 20878 d 9 h"
    );
    assert_eq!(
        report(vec![node("stage", State::Failed, false)]).headline(),
        "4.20.28 failed at stage: why stage"
    );
    assert_eq!(
        report(vec![node("a", State::Done, false)]).headline(),
        "4.20.28 is approved: nothing is left to do"
    );
}

#[test]
fn what_holds_the_release_comes_first_for_a_person() {
    let report = report(vec![
        node("informs", State::Failed, true),
        node("holds", State::Blocked, false),
    ]);
    let names: Vec<_> = report
        .for_a_person()
        .iter()
        .map(|node| node.name.clone())
        .collect();
    assert_eq!(names, ["holds", "informs"]);
}
