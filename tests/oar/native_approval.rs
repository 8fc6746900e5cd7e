//! Final approval in this program: what it does, what it waits for, what a person looks at.

use oar_script::{
    error::{Error, Kind},
    release::{Ending, Outcome},
    sim::seed::Seed,
    state::StateStore as _,
};
use serde_json::{Value, json};

use super::office::{Office, RELEASE, RHCOS, RPM, lines};
use crate::support::services_world::start;

pub const TASK: &str = "change-advisory-status";
pub const LEADS: &str = "team-qe-release";
const REQUEST: &str = "gitlab/merge_requests/901";

/// A release whose build is promoted and whose page is not public yet.
pub async fn promoted() -> Office {
    promoted_but(|_| ()).await
}

pub async fn promoted_but(change: impl FnOnce(&mut Value)) -> Office {
    let seed = Seed {
        scenario: "test".to_owned(),
        seed: 1,
        version: RELEASE.parse().unwrap(),
        start: start(),
    };
    Office::with(|documents| {
        documents["release_controller"]["streams"]["4-stable"][RELEASE] =
            seed.tag(RELEASE, "Accepted", start());
        change(documents);
    })
    .await
}

pub fn publish(office: &Office) {
    let publish = |pages: &mut Value| {
        for (_, page) in pages.as_object_mut().unwrap() {
            page["is_public"] = json!(true);
        }
    };
    let changed = office
        .state
        .change(|stored| publish(&mut stored.documents["portal"]["pages"]));
    changed.unwrap();
}

/// Pushes to the branch of the shipment.
fn push(office: &Office) {
    let pushed = office.state.change(|stored| {
        let gitlab = &mut stored.documents["gitlab"];
        let branch = gitlab["merge_requests"]["901"]["source_branch"].clone();
        for (_, project) in gitlab["projects"].as_object_mut().unwrap() {
            if let Some(branch) = project["branches"].get_mut(branch.as_str().unwrap()) {
                branch["pushes"] = json!(7);
            }
        }
    });
    pushed.unwrap();
}

pub async fn approve(office: &Office) -> Result<Outcome, Error> {
    let answer = office.call("change_advisory_status", json!({})).await;
    Ok(answer?.outcome.unwrap())
}

/// Approves and keeps the end, as a flow does.
pub async fn step(office: &Office) -> Outcome {
    let outcome = approve(office).await.unwrap();
    office.record(TASK, &outcome).await;
    outcome
}

pub fn states(office: &Office) -> [String; 2] {
    [RPM, RHCOS].map(|way| {
        let state = office.get(&format!("{way}/state"));
        state.as_str().unwrap_or_default().to_owned()
    })
}

pub fn approvers(office: &Office) -> Value {
    office.get(&format!("{REQUEST}/approved_by"))
}

/// Where the subtasks of QE stand.
pub fn subtasks(office: &Office) -> Vec<String> {
    let issues = office.get("jira/issues");
    let issues = issues.as_object().unwrap().values();
    issues
        .filter(|issue| issue["parent"] == "ART-30001")
        .map(|issue| issue["status"].as_str().unwrap().to_owned())
        .collect()
}

fn nothing_was_done(office: &Office) {
    assert_eq!(approvers(office), json!([]));
    nothing_was_moved(office);
}

fn nothing_was_moved(office: &Office) {
    assert_eq!(states(office), ["QE", "QE"]);
    assert_eq!(subtasks(office), ["New", "New", "New"]);
    assert_eq!(office.messages(LEADS).len(), 0);
}

fn says(outcome: &Outcome, ending: Ending, parts: &[&str]) {
    assert_eq!(outcome.status, ending, "{outcome:?}");
    for part in parts {
        assert!(outcome.reason.contains(part), "`{part}` in {outcome:?}");
    }
}

#[tokio::test]
async fn all_is_done_at_once_when_production_is_there() {
    let office = promoted().await;
    publish(&office);
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::Pass,
        &["MR 901 is approved at", "180101, 180102"],
    );
    assert_eq!(states(&office), ["REL_PREP", "REL_PREP"]);
    assert_eq!(approvers(&office), json!(["oar-bot"]));
    assert_eq!(subtasks(&office), ["Closed", "Closed", "Closed"]);
    let messages = office.messages(LEADS);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(messages[0].starts_with("Hello <!subteam^"), "{messages:?}");
    let told = lines(&outcome);
    let wanted = [
        "INFO: task [Change Advisory Status] status is changed to [In Progress]",
        "INFO: rpm advisory does not have RHCOS build, skip checking kernel tag",
        "INFO: RHCOS nvr is rhcos-x86_64-",
        "INFO: The commit metadata is kernel-5.14.0-570.",
        "INFO: Tags of this build is ['rhel-9.6.0-z-candidate']",
        "INFO: MR 901 ends with ",
        "INFO: Successfully approved MR 901",
        "INFO: Successfully added QE approval to MR 901",
        "INFO: Checking accessiblity of metadata url https://access.redhat.com/errata/RHBA-2027:",
        "INFO: The metadata url is accessible",
        "INFO: RHSA advisory 180101 does not have blocking secalert",
        "WARNING: RHBA advisory 180102 does not have secalerts",
        "INFO: advisory 180101 state is updated to REL_PREP",
        "INFO: advisory 180102 state is updated to REL_PREP",
        "INFO: found subtask ART-",
        "INFO: jira issue ART-",
        "INFO: found subtask ART-",
        "INFO: jira issue ART-",
        "INFO: found subtask ART-",
        "INFO: jira issue ART-",
        "INFO: sent slack message to <",
        "INFO: task [Change Advisory Status] status is changed to [Pass]",
    ];
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
    for (line, wanted) in told.iter().zip(wanted) {
        assert!(line.starts_with(wanted), "`{line}` is not `{wanted}`");
    }
    assert!(told[15].ends_with("is updated to Closed"), "{told:?}");
}

#[tokio::test]
async fn production_is_waited_for_without_writing_anything_again() {
    let office = promoted().await;
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::InProgress,
        &["the payload metadata is not public yet"],
    );
    let remote = outcome.remote.clone().unwrap();
    assert_eq!(remote.kind, "approval");
    assert!(remote.id.starts_with("!901@"), "{remote:?}");
    assert_eq!(remote.id.len(), 45, "{remote:?}");
    assert_eq!(outcome.owner.as_deref(), Some("ART, production release"));
    assert_eq!(outcome.recheck_secs, Some(1800));
    assert_eq!(approvers(&office), json!(["oar-bot"]));
    nothing_was_moved(&office);
    let last = lines(&outcome).pop().unwrap();
    let line = format!(
        "INFO: QE approval of MR 901 at {} given; waiting for payload metadata",
        &remote.id[5..]
    );
    assert_eq!(last, line);
    let release = RELEASE.parse().unwrap();
    let before = office.store.read(&release).await.unwrap().unwrap().revision;
    for _ in 0..5 {
        office.pass_minutes(30);
        let again = step(&office).await;
        assert_eq!(again, outcome);
    }
    let after = office.store.read(&release).await.unwrap().unwrap().revision;
    assert_eq!(before, after);
    publish(&office);
    let ended = step(&office).await;
    assert_eq!(ended.status, Ending::Pass, "{ended:?}");
    let told = lines(&ended);
    assert!(told.iter().any(|line| line.contains("Release approval completed. Payload metadata URL is now accessible and advisories have been moved to REL_PREP.")), "{told:?}");
    assert_eq!(states(&office), ["REL_PREP", "REL_PREP"]);
    assert_eq!(office.messages(LEADS).len(), 1);
}

#[tokio::test]
async fn the_page_of_another_release_does_not_count() {
    let office = promoted().await;
    // That of 4.20.0, the newest one that customers see, is public from the start.
    let pages = office.get("portal/pages");
    let public = pages.as_object().unwrap().values();
    assert_eq!(public.filter(|page| page["is_public"] == true).count(), 1);
    assert_eq!(step(&office).await.status, Ending::InProgress);
}

#[tokio::test]
async fn another_operator_goes_on_where_the_first_one_waits() {
    let office = promoted().await;
    let first = step(&office).await;
    let ann = office.another("ann");
    assert_eq!(step(&ann).await, first);
    publish(&office);
    assert_eq!(step(&ann).await.status, Ending::Pass);
    assert_eq!(approvers(&office), json!(["oar-bot"]));
}

#[tokio::test]
async fn production_that_is_late_is_said_and_is_no_failure() {
    let office = promoted().await;
    step(&office).await;
    office.pass_minutes(47 * 60);
    assert!(!step(&office).await.reason.contains("late"));
    office.pass_minutes(2 * 60);
    let late = step(&office).await;
    says(
        &late,
        Ending::InProgress,
        &["production is late, it has been waited for since 2027-03-01T09:0"],
    );
    assert!(late.next.as_deref().unwrap().contains("ask ART"));
    office.pass_minutes(40 * 24 * 60);
    assert_eq!(step(&office).await, late);
    publish(&office);
    assert_eq!(step(&office).await.status, Ending::Pass);
}

#[tokio::test]
async fn a_look_without_an_answer_is_repeated_by_the_next_one() {
    for (service, operation) in [("portal", "*"), ("release_controller", "*")] {
        let office = promoted().await;
        office.fault(service, operation, "status:503", 50);
        let outcome = approve(&office).await.unwrap();
        says(
            &outcome,
            Ending::InProgress,
            &["the last look gave no answer"],
        );
        let told = lines(&outcome);
        let is_told =
            |line: &String| line.starts_with("ERROR: Failed to check metadata URL accessibility: ");
        assert!(told.iter().any(is_told), "{told:?}");
        assert_eq!(approvers(&office), json!(["oar-bot"]));
    }
}

#[tokio::test]
async fn a_merge_request_that_is_closed_is_not_taken_for_a_merged_one() {
    let office = promoted().await;
    office.set(&format!("{REQUEST}/state"), json!("closed"));
    publish(&office);
    let outcome = approve(&office).await.unwrap();
    says(&outcome, Ending::Blocked, &["MR 901", "it is closed"]);
    assert_eq!(outcome.owner.as_deref(), Some("ART"));
    nothing_was_done(&office);
    let told = lines(&outcome);
    assert!(
        told.iter()
            .any(|line| line.starts_with("ERROR: Failed to approve release: "))
    );
    assert!(!told.iter().any(|line| line.contains("[Fail]")), "{told:?}");
}

#[tokio::test]
async fn a_merged_merge_request_needs_no_approval() {
    let office = promoted().await;
    office.set(&format!("{REQUEST}/state"), json!("merged"));
    let outcome = step(&office).await;
    says(&outcome, Ending::InProgress, &["MR 901 is merged at"]);
    let line = "INFO: Shipment MR for 4.20.1 already merged, skipping QE approval step";
    assert!(lines(&outcome).contains(&line.to_owned()), "{outcome:?}");
    publish(&office);
    assert_eq!(step(&office).await.status, Ending::Pass);
    assert_eq!(approvers(&office), json!([]));
    assert_eq!(states(&office), ["REL_PREP", "REL_PREP"]);
}

#[tokio::test]
async fn a_merge_request_that_is_being_merged_is_waited_for() {
    let office = promoted().await;
    office.set(&format!("{REQUEST}/state"), json!("locked"));
    says(
        &approve(&office).await.unwrap(),
        Ending::Waiting,
        &["locked"],
    );
    nothing_was_done(&office);
}

#[tokio::test]
async fn what_was_pushed_after_the_approval_is_for_a_person() {
    let office = promoted().await;
    step(&office).await;
    push(&office);
    publish(&office);
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::Blocked,
        &["MR 901 was pushed to after QE approved it: approved at"],
    );
    assert!(
        outcome
            .next
            .as_deref()
            .unwrap()
            .contains("oar-script retry 4.20.1")
    );
    nothing_was_moved(&office);
}

#[tokio::test]
async fn what_the_pipeline_pushes_after_production_holds_nothing_back() {
    for is_reset in [false, true] {
        let office = promoted().await;
        step(&office).await;
        office.set(
            &format!("{REQUEST}/labels"),
            json!(["prod-release-success"]),
        );
        push(&office);
        if is_reset {
            office.set(&format!("{REQUEST}/approved_by"), json!([]));
        }
        publish(&office);
        let outcome = step(&office).await;
        assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
        let is_noted = outcome
            .reason
            .contains("was reset by a push after production");
        assert_eq!(is_noted, is_reset, "{outcome:?}");
    }
}

#[tokio::test]
async fn an_approval_that_was_taken_back_is_not_given_again() {
    let office = promoted().await;
    step(&office).await;
    office.set(&format!("{REQUEST}/approved_by"), json!([]));
    publish(&office);
    let outcome = step(&office).await;
    says(&outcome, Ending::Blocked, &["was taken back"]);
    assert_eq!(approvers(&office), json!([]));
    nothing_was_moved(&office);
}

#[tokio::test]
async fn a_shipment_that_took_the_place_of_the_approved_one_is_for_a_person() {
    let office = promoted().await;
    step(&office).await;
    let request = office.get(REQUEST);
    office.set("gitlab/merge_requests/1901", request);
    let group = "build_data/branches/openshift-4.20/releases";
    let mut releases = office.get(group);
    let url = &mut releases[RELEASE]["assembly"]["group"]["shipment"]["url"];
    *url = url.as_str().unwrap().replace("/901", "/1901").into();
    office.set(group, releases);
    publish(&office);
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::Blocked,
        &["QE approved MR 901, but MR 1901 ships the release now"],
    );
    nothing_was_moved(&office);
}

#[tokio::test]
async fn a_merge_request_that_ships_another_release_is_not_approved() {
    let office = promoted().await;
    office.set(&format!("{REQUEST}/title"), json!("Shipment for 4.20.10"));
    says(
        &approve(&office).await.unwrap(),
        Ending::Blocked,
        &["MR 901 ships 4.20.10, not 4.20.1"],
    );
    nothing_was_done(&office);
}

#[tokio::test]
async fn a_head_that_moves_while_it_is_approved_is_refused() {
    let office = promoted().await;
    office.fault("gitlab", "approve", "status:409", 1);
    publish(&office);
    says(
        &approve(&office).await.unwrap(),
        Ending::Waiting,
        &[
            "was pushed to while it was approved",
            "nothing was approved",
        ],
    );
    nothing_was_done(&office);
    assert_eq!(step(&office).await.status, Ending::Pass);
}

#[tokio::test]
async fn an_account_that_may_not_approve_is_said() {
    let office = promoted().await;
    office.set(&format!("{REQUEST}/approvers"), json!(["art-bot"]));
    let error = approve(&office).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.hint.unwrap().contains("`oar-bot` may not approve"));
    nothing_was_done(&office);
}

#[tokio::test]
async fn an_approval_that_is_there_is_not_given_twice() {
    let office = promoted().await;
    office.set(
        &format!("{REQUEST}/approved_by"),
        json!(["art-bot", "oar-bot"]),
    );
    let outcome = step(&office).await;
    let line = "INFO: User oar-bot has already approved MR 901";
    assert!(lines(&outcome).contains(&line.to_owned()), "{outcome:?}");
    assert_eq!(approvers(&office), json!(["art-bot", "oar-bot"]));
}

#[tokio::test]
async fn a_kernel_that_must_not_ship_stops_all() {
    let office = promoted_but(|documents| {
        for (name, build) in documents["brew"]["builds"].as_object_mut().unwrap() {
            if name.starts_with("kernel-") {
                build["tags"] = json!(["early-kernel-stop-ship"]);
            }
        }
    })
    .await;
    publish(&office);
    let outcome = approve(&office).await.unwrap();
    says(
        &outcome,
        Ending::Blocked,
        &["kernel tag early-kernel-stop-ship is found, stop moving advisory status, please check."],
    );
    let line = "INFO: kernel tag early-kernel-stop-ship is detected";
    assert!(lines(&outcome).contains(&line.to_owned()));
    nothing_was_done(&office);
}

#[tokio::test]
async fn an_operating_system_without_a_kernel_is_said() {
    let office = promoted_but(|documents| {
        for (name, build) in documents["brew"]["builds"].as_object_mut().unwrap() {
            if name.starts_with("rhcos-") {
                build["components"] = json!([["bash", "5.1.8", "9.el9"]]);
            }
        }
    })
    .await;
    says(
        &approve(&office).await.unwrap(),
        Ending::Blocked,
        &["nobody can tell"],
    );
    nothing_was_done(&office);
}

#[tokio::test]
async fn alerts_that_block_are_asked_anew_and_stop_every_advisory() {
    let office = promoted().await;
    // What was computed before says nothing of it.
    let alert = json!({"name": "cve", "text": "no fixed build", "blocking": true});
    let alerts = json!({"blocking": true, "alerts": [alert]});
    office.set(&format!("{RPM}/refreshed_alerts"), alerts);
    publish(&office);
    let outcome = approve(&office).await.unwrap();
    says(
        &outcome,
        Ending::Blocked,
        &["advisory 180101 has blocking secalerts, please contact prodsec team (no fixed build)"],
    );
    assert_eq!(outcome.owner.as_deref(), Some("the product security team"));
    assert_eq!(outcome.remote.unwrap().kind, "approval");
    nothing_was_moved(&office);
    office.set(&format!("{RPM}/content_alerts"), json!({"blocking": false}));
    assert_eq!(step(&office).await.status, Ending::Pass);
}

#[tokio::test]
async fn alerts_that_cannot_be_computed_are_not_taken_for_none() {
    let office = promoted().await;
    publish(&office);
    office.set(&format!("{RPM}/refresh_error"), json!("review is down"));
    let outcome = approve(&office).await.unwrap();
    says(
        &outcome,
        Ending::Blocked,
        &["180101 is not known, so it is not moved"],
    );
    nothing_was_moved(&office);
    office.set(&format!("{RPM}/refresh_error"), Value::Null);
    office.fault("errata", "refresh_security_alerts", "status:503", 1);
    let outcome = approve(&office).await.unwrap();
    says(&outcome, Ending::Waiting, &["180101 is not known"]);
    nothing_was_moved(&office);
    assert_eq!(step(&office).await.status, Ending::Pass);
}

#[tokio::test]
async fn an_advisory_that_was_dropped_is_named_and_never_counts_as_moved() {
    let office = promoted().await;
    publish(&office);
    office.set(&format!("{RHCOS}/state"), json!("DROPPED_NO_SHIP"));
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::Pass,
        &["not moved, because dropped: 180102"],
    );
    assert_eq!(states(&office), ["REL_PREP", "DROPPED_NO_SHIP"]);
    let office = promoted().await;
    publish(&office);
    for way in [RPM, RHCOS] {
        office.set(&format!("{way}/state"), json!("DROPPED_NO_SHIP"));
    }
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::Blocked,
        &["every advisory of 4.20.1 was dropped, so nothing was moved: 180101, 180102"],
    );
    assert_eq!(subtasks(&office), ["New", "New", "New"]);
}

#[tokio::test]
async fn an_advisory_that_is_not_in_qe_yet_is_waited_for() {
    let office = promoted().await;
    publish(&office);
    office.set(&format!("{RHCOS}/state"), json!("NEW_FILES"));
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::Waiting,
        &["advisory 180102 is in NEW_FILES", "moved: 180101"],
    );
    assert_eq!(outcome.owner.as_deref(), Some("ART"));
    let line = "WARNING: cannot change state of advisory 180102 from NEW_FILES to REL_PREP, skip";
    assert!(lines(&outcome).contains(&line.to_owned()), "{outcome:?}");
    assert_eq!(subtasks(&office), ["New", "New", "New"]);
    assert_eq!(office.messages(LEADS).len(), 0);
    office.set(&format!("{RHCOS}/state"), json!("QE"));
    assert_eq!(step(&office).await.status, Ending::Pass);
    assert_eq!(office.messages(LEADS).len(), 1);
}

#[tokio::test]
async fn what_the_errata_tool_refuses_is_said_in_its_words() {
    let office = promoted().await;
    publish(&office);
    office.set(
        &format!("{RPM}/blocks"),
        json!(["CAT verification is missing"]),
    );
    let outcome = approve(&office).await.unwrap();
    says(
        &outcome,
        Ending::Blocked,
        &[
            "would not move advisory 180101: ",
            "CAT verification is missing",
            "moved: 180102",
        ],
    );
    assert_eq!(subtasks(&office), ["New", "New", "New"]);
}

#[tokio::test]
async fn an_advisory_that_does_not_exist_is_named() {
    let office = promoted().await;
    office.set(RHCOS, Value::Null);
    let error = approve(&office).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("180102 (rhcos)"));
    nothing_was_approved(&office);
}

fn nothing_was_approved(office: &Office) {
    assert_eq!(approvers(office), json!([]));
}

#[tokio::test]
async fn jira_and_slack_fail_no_approval() {
    for (service, kind) in [
        ("jira", "status:404"),
        ("jira", "status:503"),
        ("jira", "html"),
        ("slack", "status:500"),
    ] {
        let office = promoted().await;
        publish(&office);
        office.fault(service, "*", kind, 99);
        let outcome = step(&office).await;
        assert_eq!(
            outcome.status,
            Ending::Pass,
            "{service} {kind}: {outcome:?}"
        );
        let note = match service {
            "jira" => "the subtasks of ART-30001 are not closed, close them by hand",
            _ => "was not told in Slack",
        };
        assert!(outcome.reason.contains(note), "{kind}: {outcome:?}");
        assert_eq!(states(&office), ["REL_PREP", "REL_PREP"]);
    }
}

#[tokio::test]
async fn a_subtask_that_is_closed_is_left_alone() {
    let office = promoted().await;
    publish(&office);
    let issues = office.get("jira/issues");
    let (key, _) = issues
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, issue)| issue["parent"] == "ART-30001")
        .unwrap();
    office.set(&format!("jira/issues/{key}/status"), json!("Closed"));
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::Pass);
    let line = format!("INFO: jira issue {key} is Closed already");
    assert!(lines(&outcome).contains(&line), "{outcome:?}");
    assert_eq!(subtasks(&office), ["Closed", "Closed", "Closed"]);
}

#[tokio::test]
async fn a_release_without_a_shipment_needs_its_advisories_only() {
    let office = promoted_but(|documents| {
        let releases = &mut documents["build_data"]["branches"]["openshift-4.20"]["releases"];
        let group = releases[RELEASE]["assembly"]["group"]
            .as_object_mut()
            .unwrap();
        group.remove("shipment");
    })
    .await;
    let outcome = step(&office).await;
    says(
        &outcome,
        Ending::Pass,
        &["in REL_PREP or further: 180101, 180102"],
    );
    nothing_was_approved(&office);
    assert_eq!(subtasks(&office), ["Closed", "Closed", "Closed"]);
}

#[tokio::test]
async fn the_approval_alone_moves_nothing() {
    let office = promoted().await;
    publish(&office);
    let call = || office.call("add_qe_approval", json!({}));
    let outcome = call().await.unwrap().outcome.unwrap();
    says(&outcome, Ending::Pass, &["MR 901 is approved at"]);
    assert_eq!(approvers(&office), json!(["oar-bot"]));
    nothing_was_moved(&office);
    assert_eq!(
        call().await.unwrap().outcome.unwrap().reason,
        outcome.reason
    );
    office.set(&format!("{REQUEST}/state"), json!("closed"));
    let outcome = call().await.unwrap().outcome.unwrap();
    says(&outcome, Ending::Blocked, &["it is closed"]);
}
