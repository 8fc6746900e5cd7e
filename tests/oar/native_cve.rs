//! The check for CVE trackers in this program: what it finds, what it says, and that no trouble is
//! taken for "nothing missed".

use oar_script::{
    error::Kind,
    release::{Ending, Outcome, statebox::Change},
};
use serde_json::{Value, json};

use super::office::{Office, RHCOS, RPM, lines};

const ART: &str = "forum-ocp-release";
const SHIPMENTS: &str =
    "https://gitlab.cee.redhat.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests";
const PROJECT: &str = "hybrid-platforms/art/ocp-shipment-data";
const PASSED: [&str; 3] = [
    "INFO: task [Check CVE Tracker Bug] status is changed to [In Progress]",
    "INFO: no new CVE tracker bug found in either advisories or shipments",
    "INFO: task [Check CVE Tracker Bug] status is changed to [Pass]",
];

impl Office {
    async fn check(&self) -> oar_script::error::Result<Outcome> {
        let answer = self
            .call("check_cve_tracker_bug", json!({"notify": true}))
            .await;
        Ok(answer?.outcome.unwrap())
    }

    /// Puts a tracker into Jira that nothing has taken in.
    fn track(&self, key: &str, package: &str) {
        self.set(&format!("jira/issues/{key}"), tracker(package));
    }

    async fn open_issues(&self) -> Vec<String> {
        let document = self.document().await;
        let issues = document.issues().iter().filter(|issue| !issue.is_resolved);
        issues.map(|issue| issue.text.clone()).collect()
    }

    /// Has ART say something else about the release.
    fn assembly(&self, path: &str, value: Value) {
        self.set(&way(path), value);
        self.forget_build_data();
    }

    /// Adds another release of the y-stream, whose shipment fixes a bug.
    fn ship_elsewhere(&self, release: &str, request: &Value, key: &str) {
        let branches = format!("gitlab/projects/{PROJECT}/branches");
        let branches = branches.replace(PROJECT, "PROJECT");
        let text = format!(
            "shipment:\n  metadata: {{product: ocp, application: a, group: openshift-4.20, assembly: {release}, fbc: false}}\n  \
             environments: {{stage: {{releasePlan: a}}, prod: {{releasePlan: b}}}}\n  \
             data:\n    releaseNotes:\n      type: RHSA\n      synopsis: s\n      topic: t\n      issues:\n        \
             fixed: [{{id: {key}, source: redhat.atlassian.net}}]\n"
        );
        let branch =
            json!({"base": "main", "files": {format!("shipment/{release}.image.1.yaml"): text}});
        let mut way: Vec<String> = branches.split('/').map(str::to_owned).collect();
        way[2] = PROJECT.to_owned();
        way.push("other".to_owned());
        self.set_at(&way, branch);
        let mut stored = json!({"title": format!("Shipment for {release}"), "source_branch": "other",
            "created_at": "2027-02-01T09:00:00Z", "author": "art-bot", "labels": []});
        for (key, value) in request.as_object().unwrap() {
            stored[key] = value.clone();
        }
        self.set("gitlab/merge_requests/850", stored);
        let assembly =
            json!({"assembly": {"group": {"shipment": {"url": format!("{SHIPMENTS}/850")}}}});
        self.set_at(
            &[
                "build_data",
                "branches",
                "openshift-4.20",
                "releases",
                release,
            ]
            .map(str::to_owned),
            assembly,
        );
        self.forget_build_data();
    }

    /// What was read before is asked about again.
    fn forget_build_data(&self) {
        self.pass_minutes(6);
    }

    fn set_at(&self, way: &[String], value: Value) {
        self.state
            .change(|stored| oar_script::sim::state::set(&mut stored.documents, way, value))
            .unwrap();
    }
}

fn way(path: &str) -> String {
    format!("build_data/branches/openshift-4.20/releases/4.20.1/assembly/{path}")
}

fn tracker(package: &str) -> Value {
    json!({
        "summary": format!("CVE-2027-7 {package}: a hole [openshift-4.20.z]"),
        "status": "Verified", "type": "Vulnerability", "target_version": "4.20.z",
        "labels": ["Security", "SecurityTracking"], "component": package,
        "history": [{"created": "2027-02-20T09:00:00.000+0000",
            "items": [{"field": "status", "fromString": "ON_QA", "toString": "Verified"}]}],
    })
}

fn passed(outcome: &Outcome) {
    assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
}

fn missed(outcome: &Outcome, keys: &str) {
    let count = keys.split(", ").count();
    assert_eq!(outcome.status, Ending::Blocked, "{outcome:?}");
    assert_eq!(
        outcome.reason,
        format!("{count} missed CVE tracker bugs: {keys}")
    );
}

#[tokio::test]
async fn a_release_that_has_all_its_trackers_passes() {
    let office = Office::new().await;
    let outcome = office.check().await.unwrap();
    passed(&outcome);
    let mut expected = PASSED.map(str::to_owned).to_vec();
    expected.insert(1, "INFO: Processing MR 901 for Jira issues".to_owned());
    assert_eq!(lines(&outcome), expected);
    assert!(office.open_issues().await.is_empty());
    assert!(office.messages(ART).is_empty());
}

#[tokio::test]
async fn the_trackers_of_a_fresh_world_are_found_and_not_just_absent() {
    let office = Office::with(|documents| {
        let rpm = &mut documents["errata"]["advisories"]["180101"];
        rpm["jira_issues"] = json!([]);
    })
    .await;
    let issues = office.get("jira/issues");
    let issues = issues.as_object().unwrap().iter();
    let key = issues
        .filter(|(_, issue)| issue["component"] == "openshift")
        .map(|(key, _)| key.clone())
        .next()
        .unwrap();
    missed(&office.check().await.unwrap(), &key);
}

#[tokio::test]
async fn missed_trackers_block_the_release_and_art_is_told() {
    let office = Office::new().await;
    office.track("OCPBUGS-70002", "thing-container");
    office.track("OCPBUGS-70001", "rhcos");
    let outcome = office.check().await.unwrap();
    missed(&outcome, "OCPBUGS-70001, OCPBUGS-70002");
    assert_eq!(outcome.owner.as_deref(), Some("ART"));
    assert!(
        outcome
            .next
            .as_deref()
            .unwrap()
            .contains("resolve the issue `missed CVE tracker bugs`")
    );
    let text = "Found 2 missed CVE tracker bugs: 1 in advisories, 1 in shipments\n\n\
        Missed CVE tracker bugs:\n- OCPBUGS-70001\n- OCPBUGS-70002\n";
    let expected = format!(
        "INFO: task [Check CVE Tracker Bug] status is changed to [In Progress]\n\
         INFO: CVE tracker bug OCPBUGS-70001 is not found in RHSA advisories\n\
         INFO: Processing MR 901 for Jira issues\n\
         INFO: Missed CVE tracker bug OCPBUGS-70002 is not found in shipment data\n\
         INFO: Found 1 missed CVE tracker bugs in advisories: ['OCPBUGS-70001']\n\
         INFO: Found 1 missed CVE tracker bugs in shipments: ['OCPBUGS-70002']\n\
         INFO: Added blocking (tasks: check-cve-tracker-bug) issue: {text}\n\
         INFO: Created blocking issue in StateBox for 2 CVE tracker bugs\n\
         INFO: sent slack message to <#forum-ocp-release>\n\
         INFO: task [Check CVE Tracker Bug] status is changed to [Fail]"
    );
    let output = outcome.output.as_deref().unwrap();
    let bare: Vec<_> = output
        .lines()
        .map(|line| line.strip_prefix("2027-03-01T09:00:00Z: ").unwrap_or(line))
        .collect();
    assert_eq!(bare.join("\n"), expected);
    let document = office.document().await;
    let issue = &document.issues()[0];
    assert_eq!(issue.text, text);
    assert!(issue.is_open_blocker());
    assert_eq!(issue.related_tasks, ["check-cve-tracker-bug"]);
    let messages = office.messages(ART);
    assert_eq!(messages.len(), 1);
    assert!(
        messages[0].starts_with("Hello <!subteam^S0ART>, "),
        "{messages:?}"
    );
    assert!(
        messages[0].contains("<https://redhat.atlassian.net/browse/OCPBUGS-70001|OCPBUGS-70001>")
    );
}

#[tokio::test]
async fn nobody_is_told_who_was_not_to_be() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "thing-container");
    let answer = office
        .call("check_cve_tracker_bug", json!({"notify": false}))
        .await;
    missed(&answer.unwrap().outcome.unwrap(), "OCPBUGS-70001");
    assert_eq!(office.open_issues().await.len(), 1);
    assert!(office.messages(ART).is_empty());
}

#[tokio::test]
async fn a_message_that_cannot_be_posted_is_a_note() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "thing-container");
    office.fault("slack", "*", "status:500", 9);
    let outcome = office.check().await.unwrap();
    assert_eq!(outcome.status, Ending::Blocked);
    assert!(
        outcome
            .reason
            .starts_with("1 missed CVE tracker bugs: OCPBUGS-70001; art was not told in Slack")
    );
    assert_eq!(office.open_issues().await.len(), 1);
}

#[tokio::test]
async fn the_same_finding_again_is_no_failure_and_no_second_issue() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "thing-container");
    office.check().await.unwrap();
    office.pass_minutes(60);
    let again = office.check().await.unwrap();
    missed(&again, "OCPBUGS-70001");
    assert!(
        again
            .output
            .unwrap()
            .contains("INFO: Issue already exists: Found 1 missed")
    );
    assert_eq!(office.open_issues().await.len(), 1);
    assert_eq!(office.messages(ART).len(), 1);
}

#[tokio::test]
async fn another_blocker_of_the_task_keeps_its_place() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "thing-container");
    let blocker = Change::AddIssue {
        text: "wait for the embargo".to_owned(),
        is_blocker: true,
        related_tasks: vec!["check-cve-tracker-bug".to_owned()],
    };
    let release = "4.20.1".parse().unwrap();
    oar_script::state::StateStore::apply(&*office.store, &release, &[blocker])
        .await
        .unwrap();
    let outcome = office.check().await.unwrap();
    assert_eq!(outcome.status, Ending::Blocked);
    assert!(
        outcome.reason.contains("no issue was opened"),
        "{}",
        outcome.reason
    );
    assert!(outcome.reason.contains("wait for the embargo"));
    assert_eq!(office.open_issues().await, ["wait for the embargo"]);
    assert!(office.messages(ART).is_empty());
}

#[tokio::test]
async fn of_two_operators_at_once_one_reports() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "thing-container");
    let other = office.another("somebody else");
    let (one, two) = tokio::join!(office.check(), other.check());
    let ends = [one.unwrap().status, two.unwrap().status];
    assert!(ends.contains(&Ending::Blocked), "{ends:?}");
    assert!(
        ends.iter()
            .all(|end| matches!(end, Ending::Blocked | Ending::Waiting))
    );
    assert_eq!(office.open_issues().await.len(), 1);
    assert_eq!(office.messages(ART).len(), 1);
    for operator in [&office, &other] {
        missed(&operator.check().await.unwrap(), "OCPBUGS-70001");
    }
    assert_eq!(office.open_issues().await.len(), 1);
    assert_eq!(office.messages(ART).len(), 1);
}

#[tokio::test]
async fn a_run_that_was_stopped_is_made_again_without_a_second_effect() {
    for point in 1..=3 {
        let office = Office::new().await;
        office.track("OCPBUGS-70001", "thing-container");
        let has_died = office.dies_at(point, office.check()).await;
        missed(&office.check().await.unwrap(), "OCPBUGS-70001");
        assert_eq!(office.open_issues().await.len(), 1, "{point}");
        // Slack cannot keep a message from coming twice; it must not be lost.
        let messages = office.messages(ART).len();
        assert!((1..=2).contains(&messages), "{point}: {messages}");
        if !has_died {
            assert_eq!(messages, 1);
            assert!(point > 1);
            return;
        }
    }
    panic!("it changes less than this in any run");
}

#[tokio::test]
async fn all_pages_of_trackers_are_read() {
    let office = Office::with(|documents| documents["jira"]["page_size"] = json!(2)).await;
    let keys: Vec<_> = (1..=7)
        .map(|number| format!("OCPBUGS-7000{number}"))
        .collect();
    for key in &keys {
        office.track(key, "thing-container");
    }
    missed(&office.check().await.unwrap(), &keys.join(", "));
}

#[tokio::test]
async fn what_no_search_should_find_is_not_missed() {
    let office = Office::new().await;
    let differing = [
        ("OCPBUGS-1", "status", json!("ON_QA")),
        ("OCPBUGS-2", "target_version", json!("4.19.z")),
        ("OCPBUGS-3", "labels", json!(["Security"])),
        ("OCPBUGS-4", "components", json!(["Documentation"])),
        ("OCPBUGS-5", "level", json!("Some Team Alone")),
        (
            "ELSEWHERE-6",
            "summary",
            json!("another project [openshift-4.20.z]"),
        ),
    ];
    for (key, field, value) in differing {
        let mut tracker = tracker("thing-container");
        tracker[field] = value;
        office.set(&format!("jira/issues/{key}"), tracker);
    }
    passed(&office.check().await.unwrap());
}

#[tokio::test]
async fn an_odd_tracker_counts_and_is_said_to_be_odd() {
    let office = Office::new().await;
    let mut odd = tracker("thing-container");
    odd["summary"] = json!("CVE-2027-7 thing: a hole");
    office.set("jira/issues/OCPBUGS-70001", odd);
    let outcome = office.check().await.unwrap();
    missed(&outcome, "OCPBUGS-70001");
    let line = "WARNING: the summary of OCPBUGS-70001 has no tag such as [openshift-4.20.z]; it counts all the same";
    assert!(
        lines(&outcome).iter().any(|other| other == line),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn no_trouble_is_taken_for_nothing_missed() {
    for (service, operation) in [
        ("jira", "search"),
        ("jira", "changelog"),
        ("errata", "advisory"),
        ("errata", "advisories_of"),
        ("gitlab", "*"),
        ("build_data", "bugs"),
    ] {
        for (kind, kinds) in [
            ("status:401", &[Kind::Denied][..]),
            ("status:403", &[Kind::Denied]),
            (
                "status:410",
                &[Kind::NotFound, Kind::Unexpected, Kind::Invalid],
            ),
            ("status:429", &[Kind::Busy]),
            ("status:500", &[Kind::Unexpected, Kind::Unreachable]),
            ("status:503", &[Kind::Busy]),
            ("html", &[Kind::Unexpected, Kind::Invalid, Kind::Denied]),
            (
                "truncated",
                &[Kind::Unexpected, Kind::Invalid, Kind::Unreachable],
            ),
            ("refused", &[Kind::Unreachable]),
        ] {
            // Half of a file of YAML may be a file.
            if (service, kind) == ("build_data", "truncated") {
                continue;
            }
            // What is gone is not there: no advisory has the tracker, the usual rules hold. Either way
            // it is missed: see `what_is_gone_makes_no_tracker_go_away`.
            let is_list = matches!(operation, "advisories_of" | "bugs");
            if is_list && kind == "status:410" {
                continue;
            }
            // The tool never heard of the key, and half of its answer still says 404.
            if (operation, kind) == ("advisories_of", "truncated") {
                continue;
            }
            let office = Office::new().await;
            office.assembly("basis/time", json!("2027-02-26T01:00:00+00:00"));
            office.track("OCPBUGS-70001", "thing-container");
            office.fault(service, operation, kind, 99);
            let answer = office.check().await;
            let error = match answer {
                Err(error) => error,
                Ok(outcome) => panic!("{service} {operation} {kind}: {outcome:?}"),
            };
            assert!(
                kinds.contains(&error.kind),
                "{service} {operation} {kind}: {error:?}"
            );
            assert!(office.open_issues().await.is_empty());
            assert!(office.messages(ART).is_empty());
        }
    }
}

#[tokio::test]
async fn a_search_that_is_away_is_an_error_also_when_nothing_would_be_found() {
    for kind in ["status:404", "status:500", "html", "status:401"] {
        let office = Office::new().await;
        office.fault("jira", "search", kind, 99);
        office.check().await.unwrap_err();
    }
    let office = Office::new().await;
    office.fault("jira", "search", "status:503", 2);
    passed(&office.check().await.unwrap());
}

#[tokio::test]
async fn what_is_gone_makes_no_tracker_go_away() {
    for (service, operation) in [("errata", "advisories_of"), ("build_data", "bugs")] {
        let office = Office::new().await;
        office.track("OCPBUGS-70001", "thing-container");
        office.fault(service, operation, "status:410", 99);
        missed(&office.check().await.unwrap(), "OCPBUGS-70001");
    }
}

#[tokio::test]
async fn no_account_is_an_error_and_not_an_empty_list() {
    let office =
        Office::with(|documents| documents["jira"]["tokens"] = json!(["other:token"])).await;
    let error = office.check().await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.hint.unwrap().contains("JIRA_TOKEN"));
}

#[tokio::test]
async fn a_version_that_is_not_made_yet_is_said_and_the_rest_is_searched() {
    let office = Office::with(|documents| documents["jira"]["versions"] = json!(["4.20.z"])).await;
    office.track("OCPBUGS-70001", "thing-container");
    let outcome = office.check().await.unwrap();
    missed(&outcome, "OCPBUGS-70001");
    let warning = "WARNING: Jira does not know the target version 4.20.0".to_owned();
    assert!(lines(&outcome).contains(&warning), "{outcome:?}");
    let office = Office::with(|documents| documents["jira"]["versions"] = json!([])).await;
    assert_eq!(office.check().await.unwrap_err().kind, Kind::Invalid);
}

#[tokio::test]
async fn a_branch_without_rules_for_bugs_has_the_usual_ones() {
    let office = Office::with(|documents| documents["build_data"]["bugs"] = json!({})).await;
    office.track("OCPBUGS-70001", "thing-container");
    missed(&office.check().await.unwrap(), "OCPBUGS-70001");
}

#[tokio::test]
async fn a_tracker_that_another_release_ships_is_not_missed() {
    for (kind, state, is_missed) in [
        ("RHSA", "SHIPPED_LIVE", false),
        ("RHBA", "QE", false),
        ("RHSA", "DROPPED_NO_SHIP", true),
    ] {
        let office = Office::new().await;
        office.track("OCPBUGS-70001", "thing-container");
        let advisory = json!({"kind": "image", "type": kind, "state": state, "jira_issues": ["OCPBUGS-70001"]});
        office.set("errata/advisories/170001", advisory);
        let outcome = office.check().await.unwrap();
        match is_missed {
            true => missed(&outcome, "OCPBUGS-70001"),
            false => {
                passed(&outcome);
                let line = &lines(&outcome)[1];
                assert!(
                    line.starts_with("INFO: OCPBUGS-70001 is not missed: it is on advisory 170001")
                );
            }
        }
    }
}

#[tokio::test]
async fn an_advisory_of_the_release_counts_only_when_it_is_about_security_and_ships() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "rhcos");
    office.set(&format!("{RHCOS}/jira_issues"), json!(["OCPBUGS-70001"]));
    missed(&office.check().await.unwrap(), "OCPBUGS-70001");
    office.set(&format!("{RHCOS}/type"), json!("RHSA"));
    passed(&office.check().await.unwrap());
    office.set(&format!("{RHCOS}/state"), json!("DROPPED_NO_SHIP"));
    missed(&office.check().await.unwrap(), "OCPBUGS-70001");
}

#[tokio::test]
async fn a_tracker_in_another_shipment_is_not_missed_while_that_ships() {
    for (request, is_missed) in [
        (json!({"state": "opened"}), false),
        (
            json!({"state": "merged", "merged_at": "2027-02-20T09:00:00Z"}),
            false,
        ),
        (
            json!({"state": "merged", "merged_at": "2026-12-20T09:00:00Z"}),
            true,
        ),
        (json!({"state": "closed"}), true),
    ] {
        let office = Office::new().await;
        office.track("OCPBUGS-70001", "thing-container");
        office.ship_elsewhere("4.20.0", &request, "OCPBUGS-70001");
        let outcome = office.check().await.unwrap();
        match is_missed {
            true => missed(&outcome, "OCPBUGS-70001"),
            false => passed(&outcome),
        }
    }
}

#[tokio::test]
async fn a_tracker_that_a_parent_took_in_and_shipped_is_not_missed() {
    let office = Office::new().await;
    let mut bug = tracker("thing-container");
    bug["status"] = json!("Closed");
    office.set("jira/issues/OCPBUGS-70001", bug);
    let long_ago = json!({"state": "merged", "merged_at": "2026-12-20T09:00:00Z"});
    office.ship_elsewhere("4.20.0", &long_ago, "OCPBUGS-70001");
    office.assembly("basis/assembly", json!("4.20.0"));
    let parent = [
        "build_data",
        "branches",
        "openshift-4.20",
        "releases",
        "4.20.0",
        "assembly",
        "issues",
    ];
    let includes = json!({"include": [{"id": "OCPBUGS-70001"}]});
    office.set_at(&parent.map(str::to_owned), includes.clone());
    passed(&office.check().await.unwrap());
    // What the assembly takes in itself must be here, wherever else it is.
    office.assembly("issues", includes);
    missed(&office.check().await.unwrap(), "OCPBUGS-70001");
}

#[tokio::test]
async fn issues_that_the_build_data_excludes_are_not_missed() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "thing-container");
    office.assembly(
        "issues",
        json!({"exclude": [{"id": "OCPBUGS-70001", "why": "its build is not in"}]}),
    );
    passed(&office.check().await.unwrap());
}

#[tokio::test]
async fn an_included_bug_that_nobody_can_see_may_be_a_tracker() {
    let office = Office::new().await;
    let mut hidden = tracker("thing-container");
    hidden["is_hidden"] = json!(true);
    office.set("jira/issues/OCPBUGS-70001", hidden);
    let bug = json!({"summary": "an ordinary bug", "status": "Verified", "type": "Bug"});
    office.set("jira/issues/OCPBUGS-70003", bug);
    let ids = ["OCPBUGS-70001", "OCPBUGS-70002", "OCPBUGS-70003"].map(|id| json!({ "id": id }));
    office.assembly("issues", json!({ "include": ids }));
    missed(
        &office.check().await.unwrap(),
        "OCPBUGS-70001, OCPBUGS-70002",
    );
}

#[tokio::test]
async fn what_was_verified_after_the_builds_were_chosen_is_not_missed() {
    let office = Office::with(|documents| documents["jira"]["page_size"] = json!(1)).await;
    office.track("OCPBUGS-70001", "thing-container");
    office.assembly("basis/time", json!("2027-02-26T01:00:00+00:00"));
    missed(&office.check().await.unwrap(), "OCPBUGS-70001");
    let release = "4.20.1".parse().unwrap();
    let resolve = Change::ResolveIssue {
        text: "missed CVE tracker bugs".to_owned(),
        resolution: "looked at".to_owned(),
    };
    oar_script::state::StateStore::apply(&*office.store, &release, &[resolve])
        .await
        .unwrap();
    let again = [
        ("2027-02-25T09:00:00.000+0000", "Verified", "ASSIGNED"),
        ("2027-02-27T09:00:00.000+0000", "ASSIGNED", "Verified"),
    ]
    .map(|(created, from, to)| {
        json!({"created": created, "items": [{"field": "status", "fromString": from, "toString": to}]})
    });
    let mut history = tracker("thing-container")["history"]
        .as_array()
        .unwrap()
        .clone();
    history.extend(again);
    office.set("jira/issues/OCPBUGS-70001/history", json!(history));
    let outcome = office.check().await.unwrap();
    passed(&outcome);
    assert!(lines(&outcome)[1].contains("it was verified after the builds were chosen"));
}

#[tokio::test]
async fn microshift_waits_for_its_builds() {
    let office = Office::new().await;
    office.track("OCPBUGS-70001", "microshift");
    passed(&office.check().await.unwrap());
    office.assembly("group/advisories/microshift", json!(180_109));
    let advisory =
        json!({"kind": "microshift", "type": "RHSA", "state": "NEW_FILES", "builds": {}});
    office.set("errata/advisories/180109", advisory);
    passed(&office.check().await.unwrap());
    let builds = json!({"RHEL-9-OSE-4.20": ["microshift-4.20.1-1.el9"]});
    office.set("errata/advisories/180109/builds", builds);
    office.pass_minutes(10);
    missed(&office.check().await.unwrap(), "OCPBUGS-70001");
    office.set(
        "errata/advisories/180109/jira_issues",
        json!(["OCPBUGS-70001"]),
    );
    passed(&office.check().await.unwrap());
}

#[tokio::test]
async fn a_merged_shipment_is_still_read_and_a_closed_one_is_not() {
    let office = Office::new().await;
    office.set("gitlab/merge_requests/901/state", json!("merged"));
    passed(&office.check().await.unwrap());
    office.track("OCPBUGS-70001", "thing-container");
    missed(&office.check().await.unwrap(), "OCPBUGS-70001");
    let office = Office::new().await;
    office.set("gitlab/merge_requests/901/state", json!("closed"));
    let outcome = office.check().await.unwrap();
    assert_eq!(outcome.status, Ending::Blocked);
    assert_eq!(
        outcome.reason,
        "Gitlab MR 901 state is not open, it is closed"
    );
    assert_eq!(outcome.owner.as_deref(), Some("ART"));
    assert!(office.open_issues().await.is_empty());
}

#[tokio::test]
async fn a_file_of_the_shipment_that_cannot_be_read_stops_the_check() {
    let office = Office::new().await;
    let way = ["gitlab", "projects", PROJECT, "branches"].map(str::to_owned);
    let branches = office
        .state
        .read(|stored| stored.documents["gitlab"]["projects"][PROJECT]["branches"].clone());
    let mut branches = branches.as_object().unwrap().clone();
    for (name, branch) in &mut branches {
        let files = branch["files"].as_object_mut().unwrap();
        if let Some((_, text)) = files
            .iter_mut()
            .find(|(path, _)| path.contains(".metadata."))
        {
            assert_ne!(name, "main");
            *text = json!("shipment: {");
        }
    }
    office.set_at(&way, Value::Object(branches));
    assert_eq!(office.check().await.unwrap_err().kind, Kind::Invalid);
}

#[tokio::test]
async fn a_release_without_a_shipment_is_checked_against_its_advisories() {
    let office = Office::new().await;
    office.assembly("group/shipment", Value::Null);
    let outcome = office.check().await.unwrap();
    // What the fresh world has in its shipment is on nothing here.
    assert_eq!(outcome.status, Ending::Blocked);
    let key = outcome.reason.rsplit(' ').next().unwrap().to_owned();
    let line = format!("INFO: CVE tracker bug {key} is not found in RHSA advisories");
    assert_eq!(lines(&outcome)[1], line);
    assert!(!outcome.output.unwrap().contains("Processing MR"));
    let mut keys = office
        .get(&format!("{RPM}/jira_issues"))
        .as_array()
        .unwrap()
        .clone();
    keys.push(json!(key));
    office.set(&format!("{RPM}/jira_issues"), json!(keys));
    let outcome = office.check().await.unwrap();
    passed(&outcome);
    assert_eq!(lines(&outcome), PASSED);
}

#[tokio::test]
async fn a_release_that_nobody_tracks_is_not_checked() {
    let office = Office::without_statebox(|_| ()).await;
    let error = office.check().await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("create_test_report"));
}
