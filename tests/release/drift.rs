//! Where build data and the recorded values differ.

use oar_script::release::{
    Metadata,
    metadata::{Drift, drift},
    statebox,
};
use serde_json::json;

fn recorded() -> Metadata {
    Metadata {
        jira_ticket: Some("ART-30001".to_owned()),
        advisories: [("rpm".to_owned(), 180101), ("rhcos".to_owned(), 180102)].into(),
        candidate_builds: [("x86_64".to_owned(), "n1".to_owned())].into(),
        shipment_mr: Some("u1".to_owned()),
        release_date: Some(jiff::civil::date(2027, 3, 6)),
    }
}

/// The lines about what differs after a change.
fn lines(change: impl FnOnce(&mut Metadata)) -> Vec<String> {
    let mut current = recorded();
    change(&mut current);
    drift(&recorded(), &current)
        .iter()
        .map(Drift::line)
        .collect()
}

#[test]
fn the_same_values_do_not_differ() {
    assert!(lines(|_| {}).is_empty());
}

#[test]
fn every_line_names_the_value_both_sides_and_what_it_means() {
    let check = |change: fn(&mut Metadata), expected: &str| {
        let lines = lines(change);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].starts_with(expected), "{lines:?}");
    };
    check(
        |now| now.advisories.extend([("microshift".to_owned(), 180103)]),
        "advisory microshift: recorded none, now 180103: it ships too",
    );
    check(
        |now| now.advisories.retain(|kind, _| kind != "rhcos"),
        "advisory rhcos: recorded 180102, now none: it was dropped",
    );
    check(
        |now| now.advisories.extend([("rpm".to_owned(), 180301)]),
        "advisory rpm: recorded 180101, now 180301: it was replaced",
    );
    check(
        |now| now.release_date = Some(jiff::civil::date(2027, 3, 9)),
        "release date: recorded 2027-Mar-06, now 2027-Mar-09: final approval goes by the new day",
    );
    check(
        |now| now.release_date = None,
        "release date: recorded 2027-Mar-06, now none: no day is planned any more; final approval still goes by the recorded one",
    );
    check(
        |now| now.shipment_mr = Some("u2".to_owned()),
        "shipment merge request: recorded u1, now u2: it was replaced",
    );
    check(
        |now| now.shipment_mr = None,
        "shipment merge request: recorded u1, now none: the flow changes from konflux to errata",
    );
    check(
        |now| now.jira_ticket = Some("ART-30002".to_owned()),
        "ART ticket: recorded ART-30001, now ART-30002: the subtasks of QE are at the new ticket",
    );
    check(
        |now| now.jira_ticket = Some("ART-0".to_owned()),
        "ART ticket: recorded ART-30001, now ART-0: this is a placeholder",
    );
    check(
        |now| {
            now.candidate_builds
                .extend([("x86_64".to_owned(), "n2".to_owned())])
        },
        "candidate build of x86_64: recorded n1, now n2: an analysis still to come is about the new one",
    );
    check(
        |now| now.candidate_builds.clear(),
        "candidate build of x86_64: recorded n1, now none: there is no candidate to analyse",
    );
    check(
        |now| {
            now.candidate_builds
                .extend([("aarch64".to_owned(), "n3".to_owned())])
        },
        "candidate build of aarch64: recorded none, now n3: the flow itself looks at x86_64 alone",
    );
}

#[test]
fn a_placeholder_ticket_that_became_one_is_told_as_such() {
    let placeholder = Metadata {
        jira_ticket: Some("ART-0".to_owned()),
        ..recorded()
    };
    let found = drift(&placeholder, &recorded());
    assert_eq!(
        found[0].line(),
        "ART ticket: recorded ART-0, now ART-30001: the placeholder became a ticket, where the subtasks of QE are"
    );
}

#[test]
fn a_release_that_becomes_konflux_says_so() {
    let errata = Metadata {
        shipment_mr: None,
        ..recorded()
    };
    let found = drift(&errata, &recorded());
    assert!(found[0].line().contains("from errata to konflux"));
    assert!(!found[0].loosens_flow() && drift(&recorded(), &errata)[0].loosens_flow());
}

#[test]
fn everything_at_once_is_told_value_by_value() {
    let fields: Vec<_> = drift(&recorded(), &Metadata::default())
        .iter()
        .map(Drift::field)
        .collect();
    let expected = [
        "shipment_mr",
        "advisories.rhcos",
        "advisories.rpm",
        "candidate_builds.x86_64",
        "release_date",
        "jira_ticket",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn as_json_it_has_both_values_the_text_and_the_tasks() {
    let mut current = recorded();
    current
        .candidate_builds
        .insert("x86_64".to_owned(), "n2".to_owned());
    let found = json!(drift(&recorded(), &current));
    let expected = json!([{
        "field": "candidate_builds.x86_64",
        "recorded": "n1",
        "current": "n2",
        "meaning": found[0]["meaning"],
        "text": found[0]["text"],
        "tasks": ["analyze-candidate-build"],
    }]);
    assert_eq!(found, expected);
    assert!(
        found[0]["text"]
            .as_str()
            .unwrap()
            .ends_with(found[0]["meaning"].as_str().unwrap())
    );
}

#[test]
fn what_a_state_document_recorded_is_read_without_placeholders() {
    let view = statebox::Metadata {
        jira_ticket: Some(String::new()),
        advisory_ids: [("rpm".to_owned(), 180101), ("microshift".to_owned(), -1)].into(),
        release_date: Some("2027-Mar-6".to_owned()),
        candidate_builds: [("x86_64".to_owned(), "n1".to_owned())].into(),
        shipment_mr: Some(String::new()),
    };
    let metadata = Metadata::of_statebox(&view);
    assert_eq!(metadata.jira_ticket, None);
    assert_eq!(metadata.advisories, [("rpm".to_owned(), 180101)].into());
    assert_eq!(metadata.flow(), "errata");
    assert_eq!(metadata.release_date, recorded().release_date);
}
