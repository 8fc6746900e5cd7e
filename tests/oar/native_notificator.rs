//! Reminders of bugs that wait for verification, in this process, over virtual days.

use oar_script::{error::Kind, release::Ending};
use serde_json::{Value, json};

use super::retired_bench::{Bench, check, outcome};

/// A Tuesday.
const TUESDAY: &str = "2027-02-23T10:00:00.000+0000";
const LABEL: &str = "ert:pending-onqa-over-96hrs";

fn waiting(extra: Value) -> Value {
    let mut bug = json!({"summary": "kubelet leaks", "status": "ON_QA", "type": "Bug", "target_version": "4.20.z",
        "qa_contact": "qa", "assignee": "dev", "reporter": "rep",
        "history": [{"created": TUESDAY, "items": [{"field": "status", "fromString": "MODIFIED", "toString": "ON_QA"}]}]});
    for (key, value) in extra.as_object().unwrap() {
        bug[key] = value.clone();
    }
    bug
}

/// One bug that waits since a Tuesday at ten; it is Tuesday at noon.
async fn bench(extra: Value) -> Bench {
    let bench = Bench::with(|documents| {
        documents["jira"]["issues"] = json!({"OCPBUGS-1": waiting(extra)});
    })
    .await;
    // The clock of a test stands on 2027-03-01; the bug is moved there.
    bench
}

/// Lets the bug have come to ON_QA so many minutes ago.
fn age(bench: &Bench, key: &str, minutes: i64) {
    let at = bench.state.clock().now() - jiff::SignedDuration::from_mins(minutes);
    let created = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
    bench.set(
        &format!("jira/issues/{key}/history"),
        json!([{"created": created, "items": [{"field": "status", "toString": "ON_QA"}]}]),
    );
}

async fn run(bench: &Bench) -> (oar_script::release::Outcome, String) {
    outcome(
        bench
            .with_arguments("oarctl_jira_notificator", json!({}))
            .await
            .unwrap(),
    )
}

fn comments(bench: &Bench, key: &str) -> Vec<String> {
    let comments = bench.get(&format!("jira/issues/{key}/comments"));
    let bodies = comments.as_array().cloned().unwrap_or_default();
    bodies
        .iter()
        .map(|comment| comment["body"].as_str().unwrap().to_owned())
        .collect()
}

/// The label of each reminder, in order.
fn steps(bench: &Bench, key: &str) -> Vec<String> {
    let heading = "Errata Reliability Team Notification - ";
    let comments = comments(bench, key);
    comments
        .iter()
        .map(|body| {
            body.lines()
                .next()
                .unwrap()
                .strip_prefix(heading)
                .unwrap()
                .to_owned()
        })
        .collect()
}

fn asked(bench: &Bench, key: &str) -> Value {
    bench.get(&format!("jira/issues/{key}/need_info_from"))
}

#[tokio::test]
async fn a_bug_is_brought_before_its_contact_after_a_day_of_work_and_once() {
    let bench = bench(json!({})).await;
    age(&bench, "OCPBUGS-1", 60);
    let (outcome, text) = run(&bench).await;
    check(
        &outcome,
        Ending::Pass,
        "looked at 1 bugs, nobody had to be reminded",
    );
    assert!(text.contains("INFO: Processing issue: OCPBUGS-1"));
    // It is Monday at nine; by Tuesday at 10:01 a day of work has passed.
    bench.pass_minutes(24 * 60 + 1);
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Pass, "reminded: OCPBUGS-1 (qa-contact)");
    run(&bench).await;
    assert_eq!(steps(&bench, "OCPBUGS-1"), ["QA Contact Action Request"]);
    assert!(comments(&bench, "OCPBUGS-1")[0].contains("\n[~accountId:qa] \n"));
    assert_eq!(asked(&bench, "OCPBUGS-1"), json!(["qa"]));
}

#[tokio::test]
async fn three_days_of_work_lead_to_the_lead_and_stand_ins_do_not_repeat() {
    let bench = bench(json!({})).await;
    age(&bench, "OCPBUGS-1", 0);
    // Monday 09:00 to the Monday after, looked at every hour.
    for _ in 0..(7 * 24) {
        bench.pass_minutes(60);
        let (outcome, text) = run(&bench).await;
        assert_eq!(outcome.status, Ending::Pass, "{text}");
    }
    // No directory knows the manager, so the assignee is asked to help, once.
    assert_eq!(
        steps(&bench, "OCPBUGS-1"),
        [
            "QA Contact Action Request",
            "Team Lead Action Request",
            "Assignee Action Request"
        ]
    );
    assert_eq!(asked(&bench, "OCPBUGS-1"), json!(["qa", "dev"]));
    let comments = bench.get("jira/issues/OCPBUGS-1/comments");
    let times: Vec<&str> = comments
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["created"].as_str().unwrap())
        .collect();
    assert_eq!(
        times,
        [
            "2027-03-02T10:00:00.000+0000",
            "2027-03-03T11:00:00.000+0000",
            "2027-03-04T12:00:00.000+0000"
        ]
    );
}

#[tokio::test]
async fn after_the_manager_the_bug_gets_a_label_and_loses_it_when_it_comes_back() {
    let bench = bench(json!({"labels": ["kept"]})).await;
    age(&bench, "OCPBUGS-1", 4 * 24 * 60);
    let said = |hours: i64, label: &str| {
        let at = bench.state.clock().now() - jiff::SignedDuration::from_hours(hours);
        let created = at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string();
        json!({"id": format!("{hours}"), "created": created,
            "body": format!("Errata Reliability Team Notification - {label}\nas the Python tool wrote it")})
    };
    bench.set(
        "jira/issues/OCPBUGS-1/comments",
        json!([
            said(95, "QA Contact Action Request"),
            said(94, "Team Lead Action Request"),
            said(90, "Manager Action Request"),
        ]),
    );
    run(&bench).await;
    assert_eq!(
        bench.get("jira/issues/OCPBUGS-1/labels"),
        json!(["kept", LABEL])
    );
    run(&bench).await;
    assert_eq!(comments(&bench, "OCPBUGS-1").len(), 3);
    age(&bench, "OCPBUGS-1", 5);
    run(&bench).await;
    assert_eq!(bench.get("jira/issues/OCPBUGS-1/labels"), json!(["kept"]));
}

#[tokio::test]
async fn a_dry_run_changes_nothing_labels_included() {
    let bench = bench(json!({"labels": [LABEL]})).await;
    age(&bench, "OCPBUGS-1", 3 * 24 * 60 + 1);
    let before = bench.get("jira");
    bench.requests();
    let given = json!({"dry_run": true});
    let answer = bench
        .with_arguments("oarctl_jira_notificator", given)
        .await
        .unwrap();
    let (outcome, text) = outcome(answer);
    check(
        &outcome,
        Ending::Pass,
        "would remind: OCPBUGS-1 (qa-contact)",
    );
    assert!(text.contains("would be taken off"));
    assert_eq!(bench.get("jira"), before);
    let changing = |line: &&String| line.starts_with("jira") && !line.contains(" GET ");
    assert_eq!(bench.requests().iter().find(changing), None);
}

#[tokio::test]
async fn without_a_contact_the_assignee_and_without_one_the_reporter_is_asked_once() {
    let bench = Bench::with(|documents| {
        documents["jira"]["issues"] = json!({
            "OCPBUGS-1": waiting(json!({"qa_contact": null})),
            "OCPBUGS-2": waiting(json!({"qa_contact": null, "assignee": null})),
            "OCPBUGS-3": waiting(json!({"qa_contact": null, "assignee": null, "reporter": null})),
        });
    })
    .await;
    for _ in 0..3 {
        let (outcome, text) = run(&bench).await;
        assert_eq!(outcome.status, Ending::Pass, "{text}");
        bench.pass_minutes(4 * 24 * 60);
    }
    assert_eq!(steps(&bench, "OCPBUGS-1"), ["Assignee Action Request"]);
    assert_eq!(steps(&bench, "OCPBUGS-2"), ["Reporter Action Request"]);
    assert!(comments(&bench, "OCPBUGS-3").is_empty());
    assert_eq!(asked(&bench, "OCPBUGS-1"), json!(["dev"]));
    assert_eq!(asked(&bench, "OCPBUGS-2"), json!(["rep"]));
}

#[tokio::test]
async fn a_contact_whose_profile_hides_the_address_is_said_and_the_assignee_is_asked() {
    let bench = bench(json!({"qa_contact": "hidden"})).await;
    let at = "2027-02-24T11:00:00.000+0000";
    let reminder = |label: &str| json!({"id": "1", "created": at, "body": format!("Errata Reliability Team Notification - {label}\n")});
    bench.set(
        "jira/issues/OCPBUGS-1/comments",
        json!([
            reminder("QA Contact Action Request"),
            reminder("Team Lead Action Request"),
        ]),
    );
    let (_, text) = run(&bench).await;
    assert!(
        text.contains("the profile of Hidden shows no address"),
        "{text}"
    );
    assert_eq!(steps(&bench, "OCPBUGS-1")[2], "Assignee Action Request");
}

#[tokio::test]
async fn what_was_verified_before_it_was_merged_is_left_alone() {
    let bench = bench(json!({"links": [
        "https://github.com/openshift/api/pull/7", "https://github.com/openshift/api/pull/8",
    ]}))
    .await;
    bench.set(
        "github/labels",
        json!({"openshift/api#7": ["verified"], "openshift/api#8": ["verified", "lgtm"]}),
    );
    let (_, text) = run(&bench).await;
    assert!(
        text.contains("OCPBUGS-1 was verified before it was merged"),
        "{text}"
    );
    assert!(comments(&bench, "OCPBUGS-1").is_empty());
    // One that was put off, or is not there, is enough to remind.
    bench.set("github/labels", json!({"openshift/api#7": ["verified"]}));
    run(&bench).await;
    assert_eq!(comments(&bench, "OCPBUGS-1").len(), 1);
}

#[tokio::test]
async fn trouble_with_one_bug_stops_no_other_and_fails_the_run() {
    let bench = Bench::with(|documents| {
        documents["jira"]["issues"] = json!({
            "OCPBUGS-1": waiting(json!({})), "OCPBUGS-2": waiting(json!({})), "OCPBUGS-3": waiting(json!({})),
        });
    })
    .await;
    bench.fault("jira", "comment", "status:500", 1);
    let (outcome, text) = run(&bench).await;
    check(
        &outcome,
        Ending::Fail,
        "1 of 3 bugs gave trouble: OCPBUGS-1: ",
    );
    assert!(
        outcome
            .reason
            .contains("reminded: OCPBUGS-2 (qa-contact), OCPBUGS-3 (qa-contact)")
    );
    assert!(text.contains(
        "ERROR: An error occured while processing the issues. See the logs for details."
    ));
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Pass, "reminded: OCPBUGS-1 (qa-contact)");
    for key in ["OCPBUGS-1", "OCPBUGS-2", "OCPBUGS-3"] {
        assert_eq!(comments(&bench, key).len(), 1, "{key}");
    }
}

#[tokio::test]
async fn nobody_is_reminded_when_the_labels_cannot_be_read() {
    let bench = bench(json!({"links": ["https://github.com/openshift/api/pull/7"]})).await;
    bench.fault("github", "labels", "status:502", 99);
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Fail, "OCPBUGS-1");
    assert!(comments(&bench, "OCPBUGS-1").is_empty());
}

#[tokio::test]
async fn a_bug_without_history_is_named_and_skipped() {
    let bench = bench(json!({"history": []})).await;
    let (outcome, text) = run(&bench).await;
    check(&outcome, Ending::Pass, "looked at 1 bugs");
    assert!(text.contains("ERROR: OCPBUGS-1 is in ON_QA, and its history does not say since when"));
}

#[tokio::test]
async fn histories_and_comments_that_a_search_cuts_are_read_in_pages() {
    let noise: Vec<Value> = (0..5)
        .map(|minute| json!({"id": format!("{minute}"), "body": "noise", "created": format!("2027-02-26T10:0{minute}:00.000+0000")}))
        .collect();
    let mut comments = vec![json!({"id": "r", "created": "2027-02-24T11:00:00.000+0000",
        "body": "Errata Reliability Team Notification - QA Contact Action Request\n"})];
    comments.extend(noise);
    let bench = bench(json!({"comments": comments})).await;
    let change = json!({"created": "2027-02-26T10:00:00.000+0000", "items": [{"field": "labels", "toString": "x"}]});
    let mut history = bench
        .get("jira/issues/OCPBUGS-1/history")
        .as_array()
        .unwrap()
        .clone();
    history.extend(vec![change; 5]);
    bench.set("jira/issues/OCPBUGS-1/history", history.into());
    bench.set("jira/embedded", json!(2));
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Pass, "reminded: OCPBUGS-1 (team-lead)");
}

#[tokio::test]
async fn all_pages_of_a_search_are_read() {
    let bench = Bench::with(|documents| {
        let bugs = (1..=5).map(|number| (format!("OCPBUGS-{number}"), waiting(json!({}))));
        documents["jira"]["issues"] = bugs.collect::<serde_json::Map<_, _>>().into();
    })
    .await;
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Pass, "looked at 5 bugs");
}

#[tokio::test]
async fn versions_are_those_that_are_tracked_and_in_use() {
    let bench = bench(json!({})).await;
    let (_, text) = run(&bench).await;
    // 4.21.z is archived, 4.22.z does not exist, 5.0.0 is no z-stream.
    assert!(
        text.contains("found 1 bugs in ON_QA of 4.19.z, 4.20.z"),
        "{text}"
    );
    bench.set("jira/projects/OCPBUGS/versions", json!([]));
    let error = bench
        .with_arguments("oarctl_jira_notificator", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.hint.unwrap().contains("github.repository"));
}

#[tokio::test]
async fn a_day_narrows_the_search_and_a_wrong_one_sends_nothing() {
    let bench = bench(json!({})).await;
    let answer = bench
        .with_arguments(
            "oarctl_jira_notificator",
            json!({"from_date": "2027-02-24"}),
        )
        .await;
    check(
        &outcome(answer.unwrap()).0,
        Ending::Pass,
        "looked at 0 bugs",
    );
    bench.requests();
    for day in ["24.2.2027", "2027-02-30", "yesterday"] {
        let given = json!({"from_date": day});
        let error = bench
            .with_arguments("oarctl_jira_notificator", given)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
    assert!(bench.requests().is_empty());
}

#[tokio::test]
async fn lost_answers_repeat_nothing() {
    let bench = bench(json!({})).await;
    bench.fault("jira", "comment", "reset", 1);
    bench.fault("jira", "edit", "reset", 1);
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Pass, "reminded: OCPBUGS-1 (qa-contact)");
    assert_eq!(comments(&bench, "OCPBUGS-1").len(), 1);
    assert_eq!(asked(&bench, "OCPBUGS-1"), json!(["qa"]));
    let requests = bench.requests();
    assert_eq!(
        requests.iter().filter(|line| line.contains("PUT")).count(),
        1
    );
}

#[tokio::test]
async fn a_run_that_stopped_between_asking_and_saying_is_made_up_for() {
    for changes in 0..=2 {
        let bench = bench(json!({})).await;
        bench.cut_after(changes);
        let _ = bench
            .with_arguments("oarctl_jira_notificator", json!({}))
            .await;
        bench.restore();
        let (outcome, _) = run(&bench).await;
        assert_eq!(outcome.status, Ending::Pass);
        assert_eq!(comments(&bench, "OCPBUGS-1").len(), 1, "after {changes}");
        assert_eq!(asked(&bench, "OCPBUGS-1"), json!(["qa"]), "after {changes}");
    }
}

#[tokio::test]
async fn an_account_that_cannot_be_asked_is_mentioned_still_and_named() {
    let bench = bench(json!({"qa_contact": "gone"})).await;
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Fail, "OCPBUGS-1");
    assert_eq!(steps(&bench, "OCPBUGS-1"), ["QA Contact Action Request"]);
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_said_before_anything_else() {
    let bench = bench(json!({})).await;
    bench.set("jira/tokens", json!(["somebody:else"]));
    let error = bench
        .with_arguments("oarctl_jira_notificator", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.hint.unwrap().contains("JIRA_TOKEN"));
}

#[tokio::test]
async fn the_manager_is_found_through_the_directory_whatever_tag_the_address_has() {
    let bench = bench(json!({})).await;
    bench.set("jira/users/qa/email", json!("qa+jira@example.com"));
    bench.set("ldap/people/qa/manager", json!("boss"));
    age(&bench, "OCPBUGS-1", 0);
    for _ in 0..6 {
        bench.pass_minutes(25 * 60);
        run(&bench).await;
    }
    assert_eq!(
        steps(&bench, "OCPBUGS-1"),
        [
            "QA Contact Action Request",
            "Team Lead Action Request",
            "Manager Action Request"
        ]
    );
    assert!(comments(&bench, "OCPBUGS-1")[2].contains("[~accountId:boss] "));
    assert_eq!(asked(&bench, "OCPBUGS-1"), json!(["qa", "boss"]));
    assert_eq!(bench.get("jira/issues/OCPBUGS-1/labels"), json!([LABEL]));
}

#[tokio::test]
async fn the_manager_of_an_assignee_is_asked_with_the_assignee() {
    let bench = bench(json!({"qa_contact": null})).await;
    bench.set("ldap/people/dev/manager", json!("boss"));
    run(&bench).await;
    assert!(comments(&bench, "OCPBUGS-1")[0].contains("[~accountId:dev] [~accountId:boss] \n"));
}

#[tokio::test]
async fn a_directory_that_does_not_answer_sends_nobody_else_a_reminder() {
    let bench = bench(json!({"qa_contact": null})).await;
    bench.fault("ldap", "search", "busy", 99);
    let (outcome, _) = run(&bench).await;
    check(&outcome, Ending::Fail, "OCPBUGS-1");
    assert!(comments(&bench, "OCPBUGS-1").is_empty());
    assert_eq!(asked(&bench, "OCPBUGS-1"), Value::Null);
}
