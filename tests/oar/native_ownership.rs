//! Taking ownership in this program: what is done, what is only noted, what is waited for.

use oar_script::{
    error::Kind,
    release::{Ending, statebox::Change},
    state::StateStore as _,
};
use serde_json::json;

use super::office::{NOTES, OWNER, Office, RHCOS, RPM, lines};

const TICKET: &str = "ART-30001";
const LEADS: &str = "team-qe-release";
const ART: &str = "forum-ocp-release";

/// The keys of the subtasks, in the order in which Jira lists them.
fn subtasks(office: &Office) -> Vec<String> {
    let issues = office.get("jira/issues");
    let issues = issues.as_object().unwrap().iter();
    issues
        .filter(|(_, issue)| issue["parent"] == TICKET)
        .map(|(key, _)| key.clone())
        .collect()
}

/// How often a subtask was changed.
fn changes(office: &Office) -> Vec<usize> {
    let keys = subtasks(office);
    let count = |key: &String| office.count(&format!("jira/issues/{key}/history"));
    keys.iter().map(count).collect()
}

/// Everything has its owner, and nothing was done twice.
fn assert_owned_once(office: &Office, context: &str) {
    for advisory in [RPM, RHCOS] {
        let owner = office.get(&format!("{advisory}/qa_owner"));
        assert_eq!(owner, OWNER, "{context}");
    }
    assert_eq!(office.count(NOTES), 1, "{context}");
    // One is assigned, two are assigned and started.
    let mut changes = changes(office);
    changes.sort_unstable();
    assert_eq!(changes, [1, 2, 2], "{context}");
    for key in subtasks(office) {
        let issue = office.get(&format!("jira/issues/{key}"));
        assert_eq!(issue["assignee"], "lead", "{context}");
    }
}

#[tokio::test]
async fn everything_gets_its_owner_and_people_are_told() {
    let office = Office::new().await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
    assert_eq!(
        outcome.reason,
        "the owner is set: 2 advisories, merge request 901, 3 subtasks"
    );
    assert_owned_once(&office, "");
    assert_eq!(office.get(NOTES)[0]["body"], "QE Release Lead is @lead");
    let keys = subtasks(&office);
    let statuses: Vec<_> = keys
        .iter()
        .map(|key| office.get(&format!("jira/issues/{key}/status")))
        .collect();
    assert_eq!(statuses, ["In Progress", "New", "In Progress"]);
    let messages = office.messages(LEADS);
    assert_eq!(messages.len(), 1);
    assert_eq!(
        messages[0],
        format!(
            "[4.20.1] Hello <!subteam^S0LEADS>, owner of [4.20.1] advisories and subtasks is now {OWNER}\n\
             Shipment MR: <{url}|{url}>\n\
             Updated advisories: <https://errata.devel.redhat.com/advisory/180101|180101> \
             <https://errata.devel.redhat.com/advisory/180102|180102>\n\
             Updated jira subtasks: {}",
            keys.iter()
                .map(|key| format!("<https://redhat.atlassian.net/browse/{key}|{key}>"))
                .collect::<Vec<_>>()
                .join(" "),
            url = "https://gitlab.cee.redhat.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests/901"
        )
    );
    assert_eq!(office.messages(ART).len(), 0);
}

#[tokio::test]
async fn the_log_has_the_lines_of_the_python_tool_without_addresses() {
    let office = Office::new().await;
    let outcome = office.take().await.unwrap();
    let keys = subtasks(&office);
    let mut expected = vec![
        "INFO: task [Take Ownership] status is changed to [In Progress]".to_owned(),
        "INFO: QA Owner of advisory 180101 is updated to [EMAIL]".to_owned(),
        "INFO: QA Owner of advisory 180102 is updated to [EMAIL]".to_owned(),
        "INFO: Added QE release lead comment to MR 901".to_owned(),
    ];
    for (key, summary, is_started) in [
        (&keys[0], "[Wed-Fri] QE does release verification", true),
        (&keys[1], "[Fri/Mon] QE moves advisories to REL_PREP", false),
        (
            &keys[2],
            "[Mon-Wed] QE notifies ON_QA bugzilla owners and analyze ci failures",
            true,
        ),
    ] {
        expected.push(format!("INFO: found subtask {key} - {summary}"));
        expected.push(format!("INFO: updating jira issue {key} assignee"));
        expected.push(format!(
            "INFO: jira issue {key} assignee is updated to Lead"
        ));
        if is_started {
            expected.push(format!("INFO: updating jira issue {key} status ..."));
            expected.push(format!("INFO: jira issue {key} is updated to In Progress"));
        }
    }
    expected.push("INFO: sent slack message to <#team-qe-release>".to_owned());
    expected.push("INFO: task [Take Ownership] status is changed to [Pass]".to_owned());
    let masked: Vec<_> = lines(&outcome);
    assert!(!masked.join("\n").contains(OWNER));
    let mask = masked[1].rsplit(' ').next().unwrap().to_owned();
    let masked: Vec<_> = masked
        .iter()
        .map(|line| line.replace(&mask, "[EMAIL]"))
        .collect();
    assert_eq!(masked, expected);
}

#[tokio::test]
async fn a_second_run_of_a_passed_task_changes_and_says_nothing() {
    let office = Office::new().await;
    let outcome = office.take().await.unwrap();
    office.record("take-ownership", &outcome).await;
    let again = office.take().await.unwrap();
    assert_eq!(again.status, Ending::Pass);
    assert_owned_once(&office, "again");
    assert_eq!(office.messages(LEADS).len(), 1);
}

#[tokio::test]
async fn another_owner_takes_over_and_people_hear_of_it() {
    let office = Office::with(|documents| {
        documents["gitlab"]["users"]["ann"] =
            json!({"id": 612, "name": "Ann", "email": "ann@example.com"});
        documents["jira"]["users"]["ann"] =
            json!({"name": "Ann", "email": "ann@example.com", "active": true});
    })
    .await;
    let first = office.take().await.unwrap();
    office.record("take-ownership", &first).await;
    let given = json!({"email": "ann@example.com"});
    office.call("take_ownership", given).await.unwrap();
    assert_eq!(office.get(&format!("{RPM}/qa_owner")), "ann@example.com");
    assert_eq!(office.get(NOTES)[1]["body"], "QE Release Lead is @ann");
    assert_eq!(office.messages(LEADS).len(), 2);
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_before_anything_is_asked() {
    let office = Office::new().await;
    let given = json!({"email": "lead at example.com"});
    let error = office.call("take_ownership", given).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("is not a valid email"), "{error}");
    assert!(error.hint.is_some());
    assert_eq!(office.count(NOTES), 0);
}

#[tokio::test]
async fn advisories_in_new_files_get_their_owner_and_block_the_push() {
    let office = Office::with(|documents| {
        documents["errata"]["advisories"]["180102"]["state"] = json!("NEW_FILES");
    })
    .await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    assert!(
        outcome
            .reason
            .contains("in NEW_FILES instead of QE: 180102"),
        "{}",
        outcome.reason
    );
    assert_owned_once(&office, "");
    let document = office.document().await;
    let issue = document.blocker_of("push-to-cdn-staging").unwrap();
    let text = "Advisories in abnormal state (NEW_FILES instead of QE): 180102";
    assert_eq!(issue.text, text);
    let log = lines(&outcome);
    for line in [
        "WARNING: advisory state is not QE, it is NEW_FILES".to_owned(),
        format!("INFO: Created StateBox blocker issue for abnormal advisories: {text}"),
        "INFO: sent slack message to <#forum-ocp-release>".to_owned(),
    ] {
        assert!(log.contains(&line), "{line} in {log:#?}");
    }
    assert!(office.messages(LEADS)[0].contains("Advisories that are not in QE:"));
    assert_eq!(
        office.messages(ART),
        [
            "Hello <!subteam^S0ART>, please check these [4.20.1] advisories, state is NEW_FILES: \
          <https://errata.devel.redhat.com/advisory/180102|180102>"
        ]
    );
    // The same finding again is the same issue.
    let again = office.take().await.unwrap();
    assert_eq!(again.status, Ending::Pass);
    assert_eq!(office.document().await.issues().len(), 1);
}

#[tokio::test]
async fn another_blocker_of_the_push_is_only_logged() {
    let office = Office::with(|documents| {
        documents["errata"]["advisories"]["180101"]["state"] = json!("NEW_FILES");
    })
    .await;
    let other = Change::AddIssue {
        text: "the mirror is slow".to_owned(),
        is_blocker: true,
        related_tasks: vec!["push-to-cdn-staging".to_owned()],
    };
    let release = "4.20.1".parse().unwrap();
    office.store.apply(&release, &[other]).await.unwrap();
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    let log = lines(&outcome).join("\n");
    assert!(
        log.contains("ERROR: Failed to create StateBox blocker issue: Task 'push-to-cdn-staging' already has unresolved blocker"),
        "{log}"
    );
    assert_eq!(office.document().await.issues().len(), 1);
}

#[tokio::test]
async fn a_release_without_statebox_gets_its_owner_and_no_issue() {
    let office = Office::without_statebox(|documents| {
        documents["errata"]["advisories"]["180101"]["state"] = json!("NEW_FILES");
    })
    .await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    let line = "INFO: StateBox does not exist, skipping blocker issue creation".to_owned();
    assert!(lines(&outcome).contains(&line));
    assert_owned_once(&office, "");
}

#[tokio::test]
async fn dropped_and_microshift_advisories_are_left_alone() {
    let office = Office::with(|documents| {
        documents["errata"]["advisories"]["180102"]["state"] = json!("DROPPED_NO_SHIP");
        documents["errata"]["advisories"]["190001"] =
            json!({"kind": "microshift", "type": "RHBA", "state": "NEW_FILES", "qa_owner": null, "push": []});
        let group = &mut documents["build_data"]["branches"]["openshift-4.20"]["releases"]["4.20.1"]
            ["assembly"]["group"]["advisories"];
        group["microshift"] = json!(190_001);
        group["extras"] = json!(-1);
    })
    .await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
    assert_eq!(office.get(&format!("{RPM}/qa_owner")), OWNER);
    assert_eq!(office.get(&format!("{RHCOS}/qa_owner")), json!(null));
    let microshift = office.get("errata/advisories/190001/qa_owner");
    assert_eq!(microshift, json!(null));
}

#[tokio::test]
async fn a_merge_request_that_is_not_open_blocks_and_nothing_is_changed() {
    for (state, ending, owner) in [
        ("closed", Ending::Blocked, "ART"),
        ("merged", Ending::Blocked, "the release lead"),
        ("locked", Ending::Waiting, "GitLab, which merges it"),
    ] {
        let office = Office::new().await;
        office.set("gitlab/merge_requests/901/state", json!(state));
        let outcome = office.take().await.unwrap();
        assert_eq!(outcome.status, ending, "{state}");
        let reason = format!("Gitlab MR 901 state is not open, it is {state}");
        assert_eq!(outcome.reason, reason);
        assert_eq!(outcome.owner.as_deref(), Some(owner), "{state}");
        assert!(outcome.link.unwrap().ends_with("/901"));
        assert_eq!(office.get(&format!("{RPM}/qa_owner")), json!(null));
        assert_eq!(changes(&office), [0, 0, 0]);
        assert!(office.messages(LEADS).is_empty());
    }
}

#[tokio::test]
async fn a_release_without_a_shipment_gets_its_owner() {
    let office = Office::with(|documents| {
        let group = &mut documents["build_data"]["branches"]["openshift-4.20"]["releases"]["4.20.1"]
            ["assembly"]["group"];
        group.as_object_mut().unwrap().remove("shipment");
    })
    .await;
    // Also while GitLab is away, which it does not need.
    office.fault("gitlab", "*", "status:500", 1000);
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
    assert_eq!(outcome.reason, "the owner is set: 2 advisories, 3 subtasks");
    assert!(office.messages(LEADS)[0].starts_with("Hello <!subteam^S0LEADS>, owner of"));
    assert_eq!(office.count(NOTES), 0);
}

#[tokio::test]
async fn a_ticket_that_cannot_be_read_is_in_the_way_of_the_subtasks_alone() {
    for ticket in ["ART-0", "", "ART-77777"] {
        let office = Office::with(|documents| {
            documents["build_data"]["branches"]["openshift-4.20"]["releases"]["4.20.1"]["assembly"]
                ["group"]["release_jira"] = json!(ticket);
        })
        .await;
        let outcome = office.take().await.unwrap();
        assert_eq!(outcome.status, Ending::Pass, "{ticket}: {outcome:?}");
        assert!(
            outcome.reason.contains("no subtask was assigned, because"),
            "{}",
            outcome.reason
        );
        assert_eq!(office.get(&format!("{RHCOS}/qa_owner")), OWNER);
        assert_eq!(office.count(NOTES), 1);
        assert_eq!(changes(&office), [0, 0, 0]);
        assert_eq!(office.messages(LEADS).len(), 1);
    }
}

#[tokio::test]
async fn an_account_that_only_looks_alike_gets_no_subtask() {
    let office = Office::with(|documents| {
        let users = documents["jira"]["users"].as_object_mut().unwrap();
        users.remove("lead");
        users.insert(
            "other".to_owned(),
            json!({"name": "Lead", "email": "lead@other.example.com", "active": true}),
        );
        users.insert(
            "hidden".to_owned(),
            json!({"name": "lead@example.com", "email": OWNER, "hides_email": true, "active": true}),
        );
    })
    .await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    assert!(
        outcome
            .reason
            .contains("no Jira account shows the address of the owner"),
        "{}",
        outcome.reason
    );
    assert_eq!(changes(&office), [0, 0, 0]);
}

#[tokio::test]
async fn subtasks_that_are_closed_or_cannot_begin_hold_nothing_back() {
    let office = Office::new().await;
    let keys = subtasks(&office);
    office.set(&format!("jira/issues/{}/status", keys[0]), json!("Closed"));
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
    assert!(outcome.reason.ends_with("2 subtasks"), "{}", outcome.reason);
    let closed = office.get(&format!("jira/issues/{}", keys[0]));
    assert_eq!(closed["assignee"], json!(null));
    let line = format!("INFO: jira issue {} is Closed, it is left alone", keys[0]);
    assert!(lines(&outcome).contains(&line));
}

#[tokio::test]
async fn jira_that_is_away_is_waited_for_and_the_rest_is_done() {
    let office = Office::new().await;
    office.fault("jira", "*", "status:503", 1000);
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Waiting, "{outcome:?}");
    assert_eq!(outcome.owner.as_deref(), Some("Jira"));
    assert!(
        outcome.reason.starts_with(
            "the owner is set: 2 advisories, merge request 901; the subtasks are not assigned: "
        ),
        "{}",
        outcome.reason
    );
    assert!(!lines(&outcome).join("\n").contains("changed to [Pass]"));
    // Nobody is told before all is done.
    assert!(office.messages(LEADS).is_empty());
    office.state.change(|stored| stored.faults.clear()).unwrap();
    let again = office.take().await.unwrap();
    assert_eq!(again.status, Ending::Pass);
    assert_owned_once(&office, "again");
    assert_eq!(office.messages(LEADS).len(), 1);
}

#[tokio::test]
async fn jira_that_lets_nobody_in_is_for_a_person() {
    let office = Office::with(|documents| {
        documents["jira"]["tokens"] = json!(["bot@example.com:another"]);
    })
    .await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Blocked, "{outcome:?}");
    assert!(outcome.next.unwrap().contains("JIRA_TOKEN"));
    assert_eq!(office.get(&format!("{RHCOS}/qa_owner")), OWNER);
}

#[tokio::test]
async fn what_is_only_said_never_fails_the_task() {
    for (service, operation, kind, note) in [
        (
            "slack",
            "*",
            "status:500",
            "qe-release was not told in Slack",
        ),
        ("slack", "*", "refused", "qe-release was not told in Slack"),
        (
            "gitlab",
            "comment",
            "status:403",
            "the comment on merge request 901 failed",
        ),
        (
            "gitlab",
            "find_user",
            "status:502",
            "the comment on merge request 901 failed",
        ),
    ] {
        let office = Office::new().await;
        office.fault(service, operation, kind, 1000);
        let outcome = office.take().await.unwrap();
        assert_eq!(outcome.status, Ending::Pass, "{service} {kind}");
        assert!(outcome.reason.contains(note), "{}", outcome.reason);
    }
    let office = Office::with(|documents| {
        documents["slack"]["tokens"] = json!(["xoxb-another"]);
    })
    .await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    assert!(
        outcome.reason.contains("invalid_auth"),
        "{}",
        outcome.reason
    );
    let office = Office::with(|documents| {
        documents["gitlab"]["users"]
            .as_object_mut()
            .unwrap()
            .remove("lead");
    })
    .await;
    let outcome = office.take().await.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    assert!(
        outcome
            .reason
            .contains("merge request 901 does not name the owner"),
        "{}",
        outcome.reason
    );
    assert!(
        lines(&outcome)
            .iter()
            .any(|line| line.starts_with("ERROR: No GitLab user found"))
    );
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_nothing_is_sent_twice() {
    for (service, operation) in [
        ("errata", "update"),
        ("gitlab", "comment"),
        ("jira", "assign"),
        ("jira", "transition"),
    ] {
        for kind in ["reset", "truncated", "malformed", "wrong_type"] {
            let office = Office::new().await;
            office.fault(service, operation, kind, 1);
            let context = format!("{operation} {kind}");
            let outcome = office.take().await.unwrap();
            assert_eq!(outcome.status, Ending::Pass, "{context}: {outcome:?}");
            assert!(!outcome.reason.contains("failed"), "{context}: {outcome:?}");
            assert_owned_once(&office, &context);
        }
    }
}

#[tokio::test]
async fn a_run_that_dies_anywhere_is_finished_by_the_next_one() {
    let mut point = 1;
    loop {
        let office = Office::with(|documents| {
            documents["errata"]["advisories"]["180102"]["state"] = json!("NEW_FILES");
        })
        .await;
        let has_died = office.dies_at(point, office.take()).await;
        let context = format!("after change {point}");
        let outcome = office.another("ann");
        // The claim of who died runs out.
        office.pass_minutes(11);
        let outcome = outcome.take().await.unwrap();
        assert_eq!(outcome.status, Ending::Pass, "{context}: {outcome:?}");
        assert_owned_once(&office, &context);
        let issues = office.document().await.issues().len();
        assert_eq!(issues, 1, "{context}");
        // A message whose sender dies may be repeated, and is never lost.
        for channel in [LEADS, ART] {
            let count = office.messages(channel).len();
            assert!((1..=2).contains(&count), "{context}: {count} in {channel}");
        }
        if !has_died {
            break;
        }
        point += 1;
    }
    assert!(point > 9, "only {point} points");
}

#[tokio::test]
async fn of_two_operators_at_once_one_works_and_the_other_waits() {
    let one = Office::new().await;
    let other = one.another("ann");
    let (ours, theirs) = tokio::join!(one.take(), other.take());
    let mut endings = [ours.unwrap().status, theirs.unwrap().status];
    endings.sort_by_key(|ending| ending.word());
    assert_eq!(endings, [Ending::Pass, Ending::Waiting]);
    assert_owned_once(&one, "both");
    assert_eq!(one.messages(LEADS).len(), 1);
}

#[tokio::test]
async fn a_claim_of_the_flow_that_runs_the_tool_is_no_obstacle() {
    // The state keeps no addresses, also not that of who holds a claim.
    for person in ["ben", "ben@example.com"] {
        let office = Office::new().await;
        let release = "4.20.1".parse().unwrap();
        let claim = Change::Claim {
            task: "take-ownership".to_owned(),
            token: "of-the-flow".to_owned(),
            holder: person.to_owned(),
            until: "2027-03-01T09:10:00Z".parse().unwrap(),
        };
        office.store.apply(&release, &[claim]).await.unwrap();
        let theirs = office.another("ann").take().await.unwrap();
        assert_eq!(theirs.status, Ending::Waiting);
        assert_eq!(theirs.owner.as_deref(), Some("the other operator"));
        let ours = office.another(person).take().await.unwrap();
        assert_eq!(ours.status, Ending::Pass, "{person}");
    }
}

#[tokio::test]
async fn trouble_with_the_errata_tool_names_place_and_next_step() {
    for (operation, kind, expected, text) in [
        ("advisory", "status:401", Kind::Denied, "180101"),
        ("advisory", "status:403", Kind::Denied, "180101"),
        ("advisory", "html", Kind::Unexpected, "180101"),
        ("advisory", "status:500", Kind::Unexpected, "180101"),
        ("advisory", "retry_after:30", Kind::Busy, "180101"),
        ("update", "status:403", Kind::Denied, "180101"),
    ] {
        let office = Office::new().await;
        office.fault("errata", operation, kind, 1000);
        let error = office.take().await.unwrap_err();
        let context = format!("{operation} {kind}: {error:?}");
        assert_eq!(error.service.as_deref(), Some("errata"), "{context}");
        assert!(error.message.contains(text), "{context}");
        assert!(error.kind == expected || error.is_retryable(), "{context}");
        if operation == "advisory" {
            assert_eq!(office.count(NOTES), 0, "{context}");
        }
        assert!(error.hint.is_some() || error.says_nothing(), "{context}");
    }
}

#[tokio::test]
async fn an_advisory_that_is_not_there_is_said_before_anything_is_changed() {
    let office = Office::with(|documents| {
        let advisories = documents["errata"]["advisories"].as_object_mut().unwrap();
        advisories.remove("180102");
    })
    .await;
    let error = office.take().await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let hint = error.hint.unwrap();
    assert!(
        hint.contains("advisory 180102 (rhcos) belongs to 4.20.1"),
        "{hint}"
    );
    assert_eq!(office.get(&format!("{RPM}/qa_owner")), json!(null));
}

#[tokio::test]
async fn an_owner_the_tool_does_not_know_is_refused_in_its_words() {
    let office = Office::with(|documents| {
        documents["errata"]["users"] = json!(["somebody@example.com"]);
    })
    .await;
    let error = office.take().await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("is not a known user"), "{error}");
}

#[tokio::test]
async fn a_state_nobody_knows_is_no_state_to_go_on_with() {
    let office = Office::new().await;
    office.set(&format!("{RHCOS}/state"), json!("ON_HOLD"));
    let error = office.take().await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("`ON_HOLD`"), "{error}");
    assert!(error.hint.unwrap().contains("REL_PREP"));
}

#[tokio::test]
async fn an_error_after_the_first_owner_says_what_was_done() {
    let office = Office::new().await;
    // The first change of the two passes, the second is refused for good.
    office
        .state
        .change(|stored| {
            stored.faults.push(oar_script::sim::state::Fault {
                service: "errata".to_owned(),
                operation: "update".to_owned(),
                kind: "status:403".to_owned(),
                times: 1000,
                after: 1,
            });
        })
        .unwrap();
    let error = office.take().await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.message.contains("owned already: 18010"), "{error}");
}
