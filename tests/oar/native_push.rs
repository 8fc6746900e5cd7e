//! Pushing to staging in this program: what is started, what is waited for, what a person looks at.

use oar_script::{
    error::Kind,
    release::{Ending, Outcome},
};
use serde_json::{Value, json};

use super::office::{Office, RHCOS, RPM, lines};

const TASK: &str = "push-to-cdn-staging";

fn jobs(office: &Office, advisory: &str) -> Vec<Value> {
    let jobs = office.get(&format!("{advisory}/push"));
    jobs.as_array().cloned().unwrap_or_default()
}

/// How many jobs the two advisories have.
fn counts(office: &Office) -> [usize; 2] {
    [jobs(office, RPM).len(), jobs(office, RHCOS).len()]
}

/// Pushes and keeps the end, as a flow does.
async fn step(office: &Office) -> Outcome {
    let outcome = office.push().await.unwrap();
    office.record(TASK, &outcome).await;
    outcome
}

#[tokio::test]
async fn all_advisories_are_pushed_and_followed_to_the_end() {
    let office = Office::new().await;
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::InProgress);
    assert_eq!(outcome.reason, "advisories 180101, 180102 are being pushed");
    assert_eq!(
        lines(&outcome),
        [
            "INFO: task [Push to CDN Staging] status is changed to [In Progress]",
            "INFO: checking push job status for advisory 180101 ...",
            "INFO: no push job found for advisory 180101",
            "INFO: push job for advisory 180101 is triggered",
            "INFO: checking push job status for advisory 180102 ...",
            "INFO: no push job found for advisory 180102",
            "INFO: push job for advisory 180102 is triggered",
        ]
    );
    for (minutes, word, owner) in [
        (1, "QUEUED", "the Errata Tool"),
        (3, "READY", "the Errata Tool"),
        (10, "RUNNING", "the Errata Tool"),
        (20, "WAITING_ON_PUB", "Pub"),
    ] {
        office.pass_minutes(minutes);
        let outcome = step(&office).await;
        assert_eq!(outcome.status, Ending::InProgress, "{word}");
        assert_eq!(outcome.owner.as_deref(), Some(owner), "{word}");
        let line = format!("INFO: push job for target <cdn_stage> is {word}");
        assert!(lines(&outcome).contains(&line), "{word}: {outcome:?}");
    }
    office.pass_minutes(20);
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::Pass);
    assert_eq!(outcome.reason, "2 advisories are pushed to CDN staging");
    assert_eq!(
        lines(&outcome).last().unwrap(),
        "INFO: task [Push to CDN Staging] status is changed to [Pass]"
    );
    assert_eq!(counts(&office), [1, 1]);
}

#[tokio::test]
async fn a_look_while_pushes_run_asks_for_nothing() {
    let office = Office::new().await;
    step(&office).await;
    // Were a push asked for, it would be refused and said.
    office.fault("errata", "push", "status:403", 1000);
    for _ in 0..3 {
        office.pass_minutes(5);
        assert_eq!(step(&office).await.status, Ending::InProgress);
    }
    office.pass_minutes(60);
    assert_eq!(step(&office).await.status, Ending::Pass);
}

#[tokio::test]
async fn a_push_that_failed_is_repeated_and_the_third_failure_is_for_a_person() {
    let office = Office::with(|documents| {
        documents["errata"]["plan"] = json!({"push_minutes": 5, "push_results": ["FAILED"]});
        documents["errata"]["advisories"]["180102"]["state"] = json!("DROPPED_NO_SHIP");
    })
    .await;
    step(&office).await;
    for failures in 1..3 {
        office.pass_minutes(10);
        let outcome = step(&office).await;
        assert_eq!(outcome.status, Ending::InProgress);
        let said = format!("failed {failures} of at most 3 times in a row");
        assert!(outcome.reason.contains(&said), "{}", outcome.reason);
        let line = "WARNING: found failed push job, will trigger again".to_owned();
        assert!(lines(&outcome).contains(&line));
        assert_eq!(counts(&office), [1 + failures, 0]);
    }
    office.pass_minutes(10);
    for _ in 0..2 {
        let outcome = step(&office).await;
        assert_eq!(outcome.status, Ending::Blocked);
        assert!(
            outcome
                .reason
                .contains("advisory 180101 to cdn_stage failed 3 times in a row"),
            "{}",
            outcome.reason
        );
        assert_eq!(outcome.owner.as_deref(), Some("the release lead"));
        assert!(outcome.link.unwrap().ends_with("/180101"));
        assert_eq!(counts(&office), [3, 0]);
    }
    // A person pushes it by hand, and that push is followed.
    let mut by_hand = jobs(&office, RPM);
    let mut job = by_hand[2].clone();
    job["id"] = json!(job["id"].as_u64().unwrap() + 1);
    job["result"] = json!("COMPLETE");
    job["started_at"] = json!(office.state.clock().now().to_string());
    by_hand.push(job);
    office.set(&format!("{RPM}/push"), json!(by_hand));
    assert_eq!(step(&office).await.status, Ending::InProgress);
    office.pass_minutes(10);
    assert_eq!(step(&office).await.status, Ending::Pass);
    assert_eq!(counts(&office), [4, 0]);
}

#[tokio::test]
async fn a_blocking_advisory_is_complete_before_the_other_is_pushed() {
    for failure in [false, true] {
        let office = Office::with(|documents| {
            documents["errata"]["advisories"]["180102"]["blocking_advisories"] = json!([180_101]);
            if failure {
                documents["errata"]["plan"]["push_results"] = json!(["FAILED", "COMPLETE"]);
            }
        })
        .await;
        let outcome = step(&office).await;
        assert_eq!(counts(&office), [1, 0]);
        let log = lines(&outcome);
        for line in [
            "INFO: advisory 180102 has blocking advisory [180101]",
            "WARNING: push jobs of blocking advisory 180101 are not completed yet, will not trigger push job for 180102, please try again later",
        ] {
            assert!(log.contains(&line.to_owned()), "{line} in {log:#?}");
        }
        office.pass_minutes(20);
        assert_eq!(step(&office).await.status, Ending::InProgress);
        assert_eq!(counts(&office), [1, 0]);
        office.pass_minutes(60);
        step(&office).await;
        // One that failed is not done: it is pushed again, and alone.
        assert_eq!(counts(&office), if failure { [2, 0] } else { [1, 1] });
        office.pass_minutes(60);
        step(&office).await;
        office.pass_minutes(60);
        assert_eq!(step(&office).await.status, Ending::Pass);
    }
}

#[tokio::test]
async fn a_blocker_outside_of_the_release_is_pushed_with_what_blocks_it() {
    let office = Office::with(|documents| {
        let advisories = &mut documents["errata"]["advisories"];
        advisories["180102"]["blocking_advisories"] = json!([170_001]);
        advisories["170001"] = json!({"kind": "rpm", "type": "RHBA", "state": "QE",
            "blocking_advisories": [170_000], "push": []});
        advisories["170000"] = json!({"kind": "rpm", "type": "RHBA", "state": "QE", "push": []});
    })
    .await;
    let outsiders = |office: &Office| {
        ["170000", "170001"].map(|id| jobs(office, &format!("errata/advisories/{id}")).len())
    };
    step(&office).await;
    assert_eq!((counts(&office), outsiders(&office)), ([1, 0], [1, 0]));
    office.pass_minutes(60);
    step(&office).await;
    assert_eq!((counts(&office), outsiders(&office)), ([1, 0], [1, 1]));
    office.pass_minutes(60);
    step(&office).await;
    office.pass_minutes(60);
    assert_eq!(step(&office).await.status, Ending::Pass);
    assert_eq!((counts(&office), outsiders(&office)), ([1, 1], [1, 1]));
}

#[tokio::test]
async fn advisories_that_block_each_other_are_waited_for() {
    let office = Office::with(|documents| {
        let advisories = &mut documents["errata"]["advisories"];
        advisories["180101"]["blocking_advisories"] = json!([180_102]);
        advisories["180102"]["blocking_advisories"] = json!([180_101]);
    })
    .await;
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::Waiting);
    assert!(
        outcome
            .reason
            .contains("is blocked by advisories that it blocks"),
        "{}",
        outcome.reason
    );
    assert_eq!(counts(&office), [0, 0]);
}

#[tokio::test]
async fn new_files_and_missing_signatures_wait_for_art_and_fail_nothing() {
    let office = Office::with(|documents| {
        let advisories = &mut documents["errata"]["advisories"];
        advisories["180101"]["is_unsigned"] = json!(true);
        advisories["180102"]["state"] = json!("NEW_FILES");
    })
    .await;
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::Waiting, "{outcome:?}");
    assert_eq!(outcome.owner.as_deref(), Some("ART"));
    for part in [
        "advisory 180102 is in NEW_FILES",
        "advisory 180101 cannot be pushed: packages are not signed yet",
    ] {
        assert!(outcome.reason.contains(part), "{}", outcome.reason);
    }
    assert!(!lines(&outcome).join("\n").contains("ERROR"));
    assert_eq!(counts(&office), [0, 0]);
    office.set(&format!("{RPM}/is_unsigned"), json!(false));
    office.set(&format!("{RHCOS}/state"), json!("QE"));
    office.pass_minutes(30);
    assert_eq!(step(&office).await.status, Ending::InProgress);
    assert_eq!(counts(&office), [1, 1]);
}

#[tokio::test]
async fn what_can_be_pushed_is_pushed_while_the_rest_waits() {
    let office = Office::with(|documents| {
        documents["errata"]["advisories"]["180102"]["state"] = json!("NEW_FILES");
    })
    .await;
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::InProgress);
    assert_eq!(
        outcome.reason,
        "advisory 180101 is being pushed; advisory 180102 is in NEW_FILES"
    );
    office.pass_minutes(60);
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::Waiting);
    assert_eq!(outcome.reason, "advisory 180102 is in NEW_FILES");
    assert_eq!(counts(&office), [1, 0]);
}

#[tokio::test]
async fn a_target_that_fails_is_repeated_when_the_others_are_over() {
    let now = "2027-03-01T08:00:00Z";
    let office = Office::with(|documents| {
        let advisory = &mut documents["errata"]["advisories"]["180101"];
        advisory["stage_targets"] = json!(["cdn_stage", "cdn_docker_stage"]);
        advisory["push"] = json!([
            {"id": 1, "target": "cdn_stage", "started_at": now, "minutes": 5, "result": "FAILED"},
            {"id": 2, "target": "cdn_docker_stage", "started_at": now, "minutes": 90, "result": "COMPLETE"},
        ]);
        documents["errata"]["advisories"]["180102"]["state"] = json!("DROPPED_NO_SHIP");
    })
    .await;
    assert_eq!(step(&office).await.status, Ending::InProgress);
    assert_eq!(counts(&office), [2, 0]);
    office.pass_minutes(60);
    step(&office).await;
    let pushed = jobs(&office, RPM);
    assert_eq!(
        (pushed.len(), &pushed[2]["target"]),
        (3, &json!("cdn_stage"))
    );
}

#[tokio::test]
async fn a_push_that_ships_says_nothing_about_staging() {
    let office = Office::with(|documents| {
        documents["errata"]["advisories"]["180101"]["push"] = json!([
            {"id": 1, "target": "cdn", "started_at": "2027-03-01T08:00:00Z", "minutes": 1, "result": "COMPLETE"},
        ]);
    })
    .await;
    step(&office).await;
    assert_eq!(counts(&office), [2, 1]);
}

#[tokio::test]
async fn a_release_without_anything_to_push_does_not_pass() {
    let none =
        Office::with(|documents| {
            documents["build_data"]["branches"]["openshift-4.20"]["releases"]["4.20.1"]["assembly"]
                ["group"]["advisories"] = json!({"rpm": -1, "microshift": 190_001});
        })
        .await;
    let dropped = Office::with(|documents| {
        for id in ["180101", "180102"] {
            documents["errata"]["advisories"][id]["state"] = json!("DROPPED_NO_SHIP");
        }
    })
    .await;
    for (office, why) in [
        (none, "lists no advisory to push"),
        (
            dropped,
            "every advisory of 4.20.1 is dropped (180101, 180102)",
        ),
    ] {
        let outcome = office.push().await.unwrap();
        assert_eq!(outcome.status, Ending::Blocked);
        assert!(outcome.reason.contains(why), "{}", outcome.reason);
        assert_eq!(outcome.owner.as_deref(), Some("ART"));
        assert!(outcome.next.is_some());
    }
}

#[tokio::test]
async fn an_advisory_that_has_shipped_needs_no_staging() {
    let office = Office::with(|documents| {
        documents["errata"]["advisories"]["180102"]["state"] = json!("SHIPPED_LIVE");
    })
    .await;
    step(&office).await;
    office.pass_minutes(60);
    assert_eq!(step(&office).await.status, Ending::Pass);
    assert_eq!(counts(&office), [1, 0]);
}

#[tokio::test]
async fn a_refusal_nobody_knows_is_for_a_person_in_the_words_of_the_tool() {
    let office = Office::with(|documents| {
        documents["errata"]["advisories"]["180102"]["state"] = json!("DROPPED_NO_SHIP");
    })
    .await;
    office.fault("errata", "push", "status:422", 1);
    let outcome = step(&office).await;
    assert_eq!(outcome.status, Ending::Blocked, "{outcome:?}");
    assert!(
        outcome
            .reason
            .starts_with("the push of advisory 180101 was refused: "),
        "{}",
        outcome.reason
    );
    assert_eq!(counts(&office), [0, 0]);
}

#[tokio::test]
async fn a_lost_answer_is_looked_up_and_nothing_is_pushed_twice() {
    for kind in ["reset", "truncated", "malformed", "wrong_type"] {
        let office = Office::new().await;
        office.fault("errata", "push", kind, 2);
        let outcome = step(&office).await;
        assert_eq!(outcome.status, Ending::InProgress, "{kind}: {outcome:?}");
        assert_eq!(counts(&office), [1, 1], "{kind}");
        office.pass_minutes(60);
        assert_eq!(step(&office).await.status, Ending::Pass, "{kind}");
        assert_eq!(counts(&office), [1, 1], "{kind}");
    }
}

#[tokio::test]
async fn a_push_of_which_nothing_is_seen_stays_in_doubt_until_it_had_time_to_show() {
    let office = Office::new().await;
    office.fault("errata", "push", "status:500", 1);
    let error = office.push().await.unwrap_err();
    assert!(error.is_ambiguous, "{error:?}");
    assert!(
        error.message.contains("pushed before that: 18010"),
        "{error}"
    );
    assert_eq!(counts(&office).iter().sum::<usize>(), 1);
    // Nobody sends it again at once; the one that runs is seen meanwhile.
    let again = office.another("ann").push().await.unwrap();
    assert_eq!(again.status, Ending::Waiting, "{again:?}");
    assert_eq!(counts(&office), [0, 1]);
    office.pass_minutes(11);
    assert_eq!(step(&office).await.status, Ending::InProgress);
    assert_eq!(counts(&office), [1, 1]);
}

#[tokio::test]
async fn a_run_that_dies_anywhere_is_finished_by_the_next_one() {
    let mut point = 1;
    loop {
        let office = Office::new().await;
        let has_died = office.dies_at(point, office.push()).await;
        office.pass_minutes(11);
        let next = office.another("ann");
        let outcome = step(&next).await;
        assert_eq!(outcome.status, Ending::InProgress, "point {point}");
        office.pass_minutes(60);
        assert_eq!(step(&next).await.status, Ending::Pass, "point {point}");
        assert_eq!(counts(&office), [1, 1], "point {point}");
        if !has_died {
            break;
        }
        point += 1;
    }
    assert_eq!(point, 3);
}

#[tokio::test]
async fn of_two_operators_at_once_one_pushes_and_the_other_waits() {
    let one = Office::new().await;
    let other = one.another("ann");
    let (ours, theirs) = tokio::join!(one.push(), other.push());
    let mut endings = [ours.unwrap().status, theirs.unwrap().status];
    endings.sort_by_key(|ending| ending.word());
    assert_eq!(endings, [Ending::InProgress, Ending::Waiting]);
    assert_eq!(counts(&one), [1, 1]);
}

#[tokio::test]
async fn a_push_that_another_operator_started_is_followed() {
    let one = Office::new().await;
    step(&one).await;
    let other = one.another("ann");
    assert_eq!(step(&other).await.status, Ending::InProgress);
    one.pass_minutes(60);
    assert_eq!(step(&other).await.status, Ending::Pass);
    assert_eq!(counts(&one), [1, 1]);
}

#[tokio::test]
async fn trouble_with_the_errata_tool_is_no_verdict() {
    for (operation, kind, expected) in [
        ("advisory", "status:401", Kind::Denied),
        ("push_jobs", "status:403", Kind::Denied),
        ("push_jobs", "html", Kind::Unexpected),
        ("push_jobs", "status:503", Kind::Busy),
        ("push_jobs", "refused", Kind::Unreachable),
        ("push_jobs", "retry_after:30", Kind::Busy),
        ("push", "status:403", Kind::Denied),
    ] {
        let office = Office::new().await;
        office.fault("errata", operation, kind, 1000);
        let error = office.push().await.unwrap_err();
        let context = format!("{operation} {kind}: {error:?}");
        assert_eq!(error.kind, expected, "{context}");
        assert_eq!(error.service.as_deref(), Some("errata"), "{context}");
        assert!(error.message.contains("18010"), "{context}");
        assert!(error.hint.is_some() || error.says_nothing(), "{context}");
        assert_eq!(counts(&office), [0, 0], "{context}");
    }
}

#[tokio::test]
async fn alerts_on_the_rhcos_advisory_are_said_and_hold_nothing_back() {
    let check = async |office: &Office| {
        let answer = office.call("check_rhcos_security_alerts", json!({})).await;
        answer.unwrap().outcome.unwrap()
    };
    let office = Office::new().await;
    let outcome = check(&office).await;
    assert_eq!(outcome.status, Ending::Pass);
    assert_eq!(outcome.reason, "no blocking security alert");
    let alert = |name: &str, blocking: bool| {
        json!({"name": name, "text": "a CVE has no build", "description": "",
            "how_to_resolve": "attach it", "blocking": blocking})
    };
    office.set(&format!("{RHCOS}/type"), json!("RHSA"));
    let alerts =
        json!({"blocking": true, "alerts": [alert("first", true), alert("second", false)]});
    office.set(&format!("{RHCOS}/content_alerts"), alerts);
    let outcome = check(&office).await;
    assert_eq!(outcome.status, Ending::Pass);
    assert_eq!(
        outcome.reason,
        "1 blocking security alert(s): first: a CVE has no build (attach it)"
    );
    assert_eq!(outcome.owner.as_deref(), Some("the product security team"));
    assert!(outcome.link.unwrap().ends_with("/180102"));
    // Looked at as it was computed last: nothing is asked to be computed anew.
    assert_eq!(office.get(&format!("{RHCOS}/refreshes")), Value::Null);
    let office =
        Office::with(|documents| {
            documents["build_data"]["branches"]["openshift-4.20"]["releases"]["4.20.1"]["assembly"]
                ["group"]["advisories"] = json!({"rpm": 180_101});
        })
        .await;
    let outcome = check(&office).await;
    assert_eq!(outcome.status, Ending::Pass);
    assert!(outcome.reason.contains("no RHCOS advisory"));
}
