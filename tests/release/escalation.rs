//! When whom is reminded of a bug that waits for verification.

use jiff::{Timestamp, ZonedDateTime};
use oar_script::release::{
    escalation::{
        Change, Next, OVERDUE_LABEL, Said, Step, Waiting, is_overdue, is_verified_before_merge,
        pull_requests, query, versions,
    },
    ticket::Ticket,
};

/// A Tuesday.
const TUESDAY: &str = "2027-03-02T10:00:00.000+0000";

fn at(text: &str) -> ZonedDateTime {
    ZonedDateTime::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).unwrap()
}

fn now(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn entered(text: &str) -> Change {
    Change {
        at: at(text),
        field: "status".to_owned(),
        to: "ON_QA".to_owned(),
    }
}

fn said(text: &str, step: Step) -> Said {
    Said {
        at: at(text),
        body: step.comment(["qa"]),
    }
}

fn bug(comments: Vec<Said>) -> Waiting {
    Waiting {
        ticket: Ticket::default(),
        changes: vec![entered(TUESDAY)],
        comments,
    }
}

#[test]
fn more_than_a_day_of_work_is_more_than_24_hours_of_it() {
    let check = |since: &str, at_: &str, expected: bool| {
        assert_eq!(
            is_overdue(&at(since), now(at_)),
            expected,
            "{since} to {at_}"
        );
    };
    check(TUESDAY, "2027-03-02T10:00:00Z", false);
    check(TUESDAY, "2027-03-01T10:00:00Z", false);
    check(TUESDAY, "2027-03-03T09:59:59Z", false);
    check(TUESDAY, "2027-03-03T10:00:00Z", false);
    check(TUESDAY, "2027-03-03T10:01:00Z", true);
    // Friday at ten to Monday at ten.
    let friday = "2027-03-05T10:00:00.000+0000";
    check(friday, "2027-03-06T23:00:00Z", false);
    check(friday, "2027-03-08T10:00:00Z", false);
    check(friday, "2027-03-08T10:01:00Z", true);
    // Saturday at ten: 24 hours of Monday, and then some.
    let saturday = "2027-03-06T10:00:00.000+0000";
    check(saturday, "2027-03-08T23:59:00Z", false);
    check(saturday, "2027-03-09T00:01:00Z", true);
    // After three days nobody counts.
    check(friday, "2027-03-08T10:00:01Z", true);
}

#[test]
fn days_are_those_of_the_zone_in_which_the_tracker_writes() {
    // In the zone of the tracker it is Saturday, in ours Friday.
    let since = "2027-03-06T04:00:00.000+0900";
    assert!(!is_overdue(&at(since), now("2027-03-08T14:00:00Z")));
    let same_in_ours = "2027-03-05T19:00:00.000+0000";
    assert_eq!(at(since).timestamp(), at(same_in_ours).timestamp());
    assert!(!is_overdue(&at(same_in_ours), now("2027-03-08T18:59:00Z")));
    // Until Monday 18:00 ours: 5 hours of Friday and 18 of Monday, or 24 of Monday and 3 more.
    assert!(is_overdue(&at(since), now("2027-03-08T18:00:00Z")));
    assert!(!is_overdue(&at(same_in_ours), now("2027-03-08T18:00:00Z")));
}

#[test]
fn the_reminder_is_written_as_the_python_tool_reads_it() {
    for (step, label, hours) in [
        (Step::QaContact, "QA Contact Action Request", 24),
        (Step::TeamLead, "Team Lead Action Request", 48),
        (Step::Manager, "Manager Action Request", 72),
        (Step::Assignee, "Assignee Action Request", 24),
        (Step::Reporter, "Reporter Action Request", 24),
    ] {
        let comment = step.comment(["one", "two"]);
        let lines: Vec<&str> = comment.lines().collect();
        assert_eq!(
            lines[0],
            format!("Errata Reliability Team Notification - {label}")
        );
        let waits = format!("This issue has been in the ON_QA state for over {hours} hours.");
        assert_eq!(lines[1], waits);
        assert_eq!(lines[2], "[~accountId:one] [~accountId:two] ");
        assert!(!lines[3].is_empty());
        assert_eq!(Step::of(&comment), Some(step));
    }
}

#[test]
fn other_comments_are_no_reminders() {
    assert_eq!(Step::of("QA Contact Action Request"), None);
    assert_eq!(
        Step::of("Errata Reliability Team Notification - Something Else"),
        None
    );
    assert_eq!(
        Step::of("> Errata Reliability Team Notification - QA Contact Action Request"),
        None
    );
    // Of several labels the first one counts.
    let both =
        "Errata Reliability Team Notification - Manager Action Request\nQA Contact Action Request";
    assert_eq!(Step::of(both), Some(Step::QaContact));
}

#[test]
fn each_step_follows_a_day_of_work_after_the_one_before() {
    let step = |comments: Vec<Said>, at_: &str| bug(comments).next(now(at_)).unwrap().step;
    assert_eq!(step(vec![], "2027-03-03T10:00:00Z"), None);
    assert_eq!(step(vec![], "2027-03-03T10:01:00Z"), Some(Step::QaContact));
    let first = || said("2027-03-03T10:01:00.000+0000", Step::QaContact);
    assert_eq!(step(vec![first()], "2027-03-04T10:01:00Z"), None);
    assert_eq!(
        step(vec![first()], "2027-03-04T10:02:00Z"),
        Some(Step::TeamLead)
    );
    let second = || said("2027-03-04T10:02:00.000+0000", Step::TeamLead);
    let both = vec![first(), second()];
    assert_eq!(step(both.clone(), "2027-03-05T10:02:00Z"), None);
    assert_eq!(step(both, "2027-03-05T10:03:00Z"), Some(Step::Manager));
    // The weekend does not count: from Friday to Monday.
    let third = || said("2027-03-05T10:03:00.000+0000", Step::Manager);
    let all = bug(vec![first(), second(), third()]);
    assert!(all.next(now("2027-03-08T10:03:00Z")).unwrap().is_nothing());
    let last = all.next(now("2027-03-08T10:04:00Z")).unwrap();
    assert_eq!(
        last,
        Next {
            is_marked: true,
            ..Next::default()
        }
    );
    let mut marked = all;
    marked.ticket.labels.push(OVERDUE_LABEL.to_owned());
    assert!(
        marked
            .next(now("2027-03-09T10:04:00Z"))
            .unwrap()
            .is_nothing()
    );
}

#[test]
fn a_bug_that_came_back_starts_anew_and_loses_the_label() {
    let mut bug = bug(vec![said("2027-03-03T10:01:00.000+0000", Step::QaContact)]);
    bug.ticket.labels.push(OVERDUE_LABEL.to_owned());
    let token = bug.token(Step::QaContact);
    // Histories come newest first from a search and oldest first from a page.
    bug.changes
        .insert(0, entered("2027-03-04T10:00:00.000+0000"));
    let next = bug.next(now("2027-03-04T11:00:00Z")).unwrap();
    assert_eq!(
        next,
        Next {
            is_unmarked: true,
            ..Next::default()
        }
    );
    let next = bug.next(now("2027-03-05T10:01:00Z")).unwrap();
    assert_eq!(next.step, Some(Step::QaContact));
    assert_ne!(bug.token(Step::QaContact), token);
    // A reminder of the very second of the change belongs to what follows.
    bug.comments
        .push(said("2027-03-04T10:00:00.000+0000", Step::QaContact));
    assert_eq!(bug.next(now("2027-03-04T11:00:00Z")).unwrap().step, None);
    assert!(bug.reminded(Step::QaContact).is_some());
}

#[test]
fn the_newest_reminder_of_a_kind_counts() {
    let bug = bug(vec![
        said("2027-03-04T10:00:00.000+0000", Step::QaContact),
        said("2027-03-03T10:01:00.000+0000", Step::QaContact),
    ]);
    assert_eq!(bug.next(now("2027-03-05T09:00:00Z")).unwrap().step, None);
}

#[test]
fn a_bug_without_history_is_not_guessed_about() {
    let mut bug = bug(vec![]);
    bug.changes[0].to = "MODIFIED".to_owned();
    assert_eq!(bug.next(now("2027-04-01T00:00:00Z")), None);
}

#[test]
fn who_stands_in_is_reminded_once_for_ever() {
    let mut bug = bug(vec![said("2027-02-01T10:00:00.000+0000", Step::Assignee)]);
    assert!(bug.was_ever_reminded(Step::Assignee) && !bug.was_ever_reminded(Step::Reporter));
    let token = bug.token(Step::Assignee);
    bug.changes.push(entered("2027-03-04T10:00:00.000+0000"));
    assert_eq!(bug.token(Step::Assignee), token);
}

#[test]
fn the_query_names_the_versions_that_are_tracked_and_known() {
    let texts =
        |list: &[&str]| -> Vec<String> { list.iter().map(|text| (*text).to_owned()).collect() };
    let found = versions(
        &texts(&["4.19", "4.20", "5.0"]),
        &texts(&["4.8.z", "4.20.z", "4.19.z", "4.20.0"]),
    );
    assert_eq!(found, ["4.19.z", "4.20.z"]);
    let whole = "project = OCPBUGS AND issuetype in (Bug, Vulnerability) AND status = ON_QA AND \
        'Target Version' in (4.19.z, 4.20.z)";
    assert_eq!(query(&found, None), whole);
    let dated = format!("{whole} AND status changed to ON_QA after 2027-03-01");
    assert_eq!(query(&found, Some("2027-03-01")), dated);
}

#[test]
fn pull_requests_are_those_of_openshift() {
    let found = pull_requests([
        "https://github.com/openshift/machine-config-operator/pull/5123",
        "https://github.com/openshift/machine-config-operator/pull/5123/files",
        "https://github.com/openshift/api/pull/7#issuecomment-1",
        "https://github.com/openshift-eng/tools/pull/8",
        "https://github.com/openshift/api/issues/9",
        "https://github.com/openshift/api/pull/",
        "see https://github.com/openshift/api/pull/10",
        "https://example.com/openshift/api/pull/11",
    ]);
    let expected = [
        ("openshift/api", 7),
        ("openshift/machine-config-operator", 5123),
    ];
    assert_eq!(
        found,
        expected.map(|(name, number)| (name.to_owned(), number))
    );
}

#[test]
fn verified_later_is_not_verified() {
    let check = |labels: &[&str]| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        is_verified_before_merge(&labels)
    };
    assert!(check(&["lgtm", "verified"]));
    assert!(!check(&["verified", "verified-later"]) && !check(&["approved"]) && !check(&[]));
}
