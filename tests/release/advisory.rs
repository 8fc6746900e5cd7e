//! What follows from advisories and what is on them.

use std::collections::BTreeMap;

use oar_script::release::advisory::{
    Advisory, Reason, Refusal, State, abnormal, abnormal_text, alive,
    content::{
        Alert, Bug, ExternalTest, SecurityAlerts, abnormal_tests, is_healthy_grade,
        missed_trackers, must_ask_docs_again, rhcos_build, to_drop,
    },
    is_email, is_shipped,
    moving::{Hold, hold, moving},
    to_load,
};

pub fn advisory(id: u64, state: State) -> Advisory {
    Advisory {
        id,
        kind: "RHSA".to_owned(),
        state,
        name: format!("RHSA-2027:{id}-01"),
        synopsis: String::new(),
        jira_issues: Vec::new(),
        bugs: Vec::new(),
        cves: Vec::new(),
        is_docs_approved: true,
        is_docs_requested: true,
        security_approved: None,
        blocking_advisories: Vec::new(),
        dependent_advisories: Vec::new(),
    }
}

#[test]
fn states_have_the_words_of_the_tool() {
    for state in State::ALL {
        assert_eq!(state.word().parse::<State>().unwrap(), state);
        assert_eq!(serde_json::to_value(state).unwrap(), state.word());
    }
    for word in ["", "qe", "REL_PREP ", "SHIPPED"] {
        assert!(word.parse::<State>().is_err(), "{word}");
    }
}

#[test]
fn what_is_past_rel_prep_counts_as_moved_and_what_was_dropped_does_not() {
    let moved: Vec<_> = State::ALL
        .into_iter()
        .filter(|state| state.is_moved())
        .collect();
    assert_eq!(
        moved,
        [
            State::RelPrep,
            State::PushReady,
            State::InPush,
            State::ShippedLive
        ]
    );
}

#[test]
fn only_six_steps_can_be_asked_for() {
    let steps = State::ALL
        .into_iter()
        .flat_map(|from| State::ALL.map(|to| (from, to)));
    let steps: Vec<_> = steps.filter(|(from, to)| from.can_become(*to)).collect();
    use State::{NewFiles, Qe, RelPrep};
    assert_eq!(
        steps,
        [
            (NewFiles, Qe),
            (Qe, NewFiles),
            (Qe, RelPrep),
            (RelPrep, NewFiles),
            (RelPrep, Qe)
        ]
    );
}

#[test]
fn microshift_and_numbers_of_nothing_are_not_loaded() {
    let listed = [
        ("rpm", 11),
        ("microshift", 12),
        ("rhcos", -1),
        ("image", 0),
        ("extras", 13),
    ];
    assert_eq!(to_load(listed), [("rpm", 11), ("extras", 13)]);
}

#[test]
fn dropped_advisories_are_no_work() {
    let all = [advisory(1, State::DroppedNoShip), advisory(2, State::Qe)];
    let alive: Vec<_> = alive(&all).iter().map(|advisory| advisory.id).collect();
    assert_eq!(alive, [2]);
}

#[test]
fn owners_have_an_address() {
    for good in ["lead@example.com", "a.b+c_d%e-f@mail.example.com"] {
        assert!(is_email(good), "{good}");
    }
    for bad in [
        "",
        "lead",
        "@example.com",
        "lead@",
        "lead@example",
        "lead@example.c",
        "lead@.com",
        "a b@example.com",
        "lead@exam ple.com",
        "a@b@example.com",
    ] {
        assert!(!is_email(bad), "{bad}");
    }
}

#[test]
fn early_advisories_are_named_as_the_python_tool_does() {
    let all = [
        advisory(152_001, State::NewFiles),
        advisory(152_002, State::RelPrep),
        advisory(152_003, State::NewFiles),
    ];
    let numbers = abnormal(&all);
    assert_eq!(
        abnormal_text(&numbers),
        "Advisories in abnormal state (NEW_FILES instead of QE): 152001, 152003"
    );
}

#[test]
fn shipped_needs_every_advisory_and_at_least_one() {
    use State::{DroppedNoShip, InPush, NewFiles, Qe, RelPrep};
    let check = |states: &[(&str, Option<State>)], expected: bool| {
        assert_eq!(is_shipped(states.iter().copied()), expected, "{states:?}");
    };
    check(&[("rpm", Some(RelPrep)), ("rhcos", Some(InPush))], true);
    check(&[("rpm", Some(RelPrep)), ("rhcos", Some(Qe))], false);
    check(&[("rpm", Some(RelPrep)), ("rhcos", None)], false);
    check(
        &[("rpm", Some(DroppedNoShip)), ("rhcos", Some(RelPrep))],
        true,
    );
    check(&[("rpm", Some(DroppedNoShip))], false);
    check(
        &[("rpm", Some(RelPrep)), ("microshift", Some(NewFiles))],
        true,
    );
    check(&[("microshift", Some(RelPrep))], false);
    check(&[], false);
}

#[test]
fn all_dropped_is_not_all_moved() {
    let end = moving(&[advisory(1, State::DroppedNoShip)]);
    assert!(!end.is_complete() && end.ships_nothing());
    assert!(moving(&[]).ships_nothing());
    let end = moving(&[
        advisory(1, State::DroppedNoShip),
        advisory(2, State::RelPrep),
    ]);
    assert!(end.is_complete());
    assert_eq!(end.dropped, [1]);
}

#[test]
fn new_files_is_a_wait_for_art_and_not_a_skip() {
    let end = moving(&[
        advisory(1, State::NewFiles),
        advisory(2, State::Qe),
        advisory(3, State::ShippedLive),
    ]);
    assert!(!end.is_complete() && !end.ships_nothing());
    assert_eq!((end.to_move, end.moved), (vec![2], vec![3]));
    assert_eq!(
        (end.waiting[0].advisory, end.waiting[0].owner.as_str()),
        (1, "ART")
    );
}

#[test]
fn alerts_hold_a_security_advisory_and_a_failed_refresh_does_too() {
    let security = advisory(1, State::Qe);
    let alert = |text: &str, blocking| Alert {
        text: text.to_owned(),
        blocking,
        ..Alert::default()
    };
    let alerts = |blocking| SecurityAlerts {
        kind: "RHSA".to_owned(),
        blocking,
        alerts: vec![alert("bad", true), alert("odd", false)],
    };
    let named = Some(Hold::Alerts(vec!["bad".to_owned()]));
    assert_eq!(hold(&security, Ok(&alerts(true))), named);
    // The word on the whole decides, not that on a single one.
    assert_eq!(hold(&security, Ok(&alerts(false))), None);
    assert_eq!(hold(&security, Ok(&SecurityAlerts::default())), None);
    let unknown = Some(Hold::Unknown("400".to_owned()));
    assert_eq!(hold(&security, Err("400")), unknown);
    let mut other = security;
    other.kind = "RHBA".to_owned();
    assert_eq!(hold(&other, Err("400")), None);
    assert_eq!(hold(&other, Ok(&alerts(true))), None);
}

#[test]
fn refusals_are_sorted_by_who_must_move() {
    let check = |text: &str, reason: Reason, owner: Option<&str>| {
        let refusal = Refusal::new(text);
        assert_eq!(refusal.reason, reason, "{text}");
        let wait = refusal.wait(1);
        assert_eq!(
            wait.as_ref().map(|wait| wait.owner.as_str()),
            owner,
            "{text}"
        );
    };
    check(
        "has unpushed dependencies",
        Reason::Dependencies,
        Some("the advisory it depends on"),
    );
    check(
        "packages are not signed yet",
        Reason::NotSigned,
        Some("ART"),
    );
    check("state NEW_FILES invalid", Reason::NewFiles, Some("ART"));
    check("CAT verification pending", Reason::Other, None);
}

#[test]
fn unfinished_bugs_are_dropped_and_trackers_never() {
    let bug = |key, status, is_tracker| Bug {
        key,
        status,
        is_tracker,
    };
    let bugs = [
        bug("A-1", "Verified", false),
        bug("A-2", "ON_QA", false),
        bug("A-3", "ON_QA", true),
        bug("A-4", "Closed", false),
        bug("A-5", "Release Pending", false),
        bug("A-6", "", false),
    ];
    assert_eq!(to_drop(&bugs), ["A-2", "A-6"]);
}

#[test]
fn docs_are_asked_again_only_when_approval_was_lost() {
    let approved = advisory(1, State::Qe);
    let mut reopened = approved.clone();
    (reopened.is_docs_approved, reopened.is_docs_requested) = (false, false);
    let mut asked = reopened.clone();
    asked.is_docs_requested = true;
    assert!(must_ask_docs_again(&approved, &reopened));
    assert!(!must_ask_docs_again(&approved, &asked));
    assert!(!must_ask_docs_again(&reopened, &reopened));
}

#[test]
fn missed_trackers_are_named_once() {
    let mut security = advisory(1, State::Qe);
    security.jira_issues = vec!["A-1".to_owned()];
    let mut other = advisory(2, State::Qe);
    other.kind = "RHBA".to_owned();
    other.jira_issues = vec!["A-2".to_owned()];
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    let found = BTreeMap::from([
        ("rpm".to_owned(), keys(&["A-1", "A-2"])),
        ("rhcos".to_owned(), keys(&["A-2"])),
        ("image".to_owned(), keys(&["A-9"])),
    ]);
    assert_eq!(missed_trackers(&found, [&security, &other]), ["A-2"]);
}

#[test]
fn test_results_grades_and_builds_are_judged() {
    let test = |id, status: &str| ExternalTest {
        id,
        status: status.to_owned(),
        nvr: None,
    };
    let tests = [
        test(1, "PASSED"),
        test(2, "WAIVED"),
        test(3, "PENDING"),
        test(4, "INELIGIBLE"),
    ];
    let abnormal: Vec<_> = abnormal_tests(&tests).iter().map(|test| test.id).collect();
    assert_eq!(abnormal, [3, 4]);
    assert_eq!(
        ['A', 'B', 'C', 'F'].map(is_healthy_grade),
        [true, true, false, false]
    );
    let builds = ["rhcos-aarch64-9.6-0", "rhcos-x86_64-9.6-0"];
    assert_eq!(rhcos_build(builds), Some("rhcos-x86_64-9.6-0"));
    assert_eq!(rhcos_build(["openshift-4.20"]), None);
}
