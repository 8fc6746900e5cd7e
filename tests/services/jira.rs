//! The client of Jira against its stand-in.

use std::sync::Arc;

use oar_script::{
    error::Kind,
    http::Auth,
    release::ticket::Person,
    services::jira::{Client, Draft, Moved, emulator},
    sim::state::SimState,
};
use serde_json::{Value, json};

use crate::support::{
    python::python,
    services_world::{fail, serve, state},
};

const USER: &str = "bot@example.com";
const TOKEN: &str = "canary-of-jira";

fn documents() -> Value {
    let bugs = (1..=5).map(|number| {
        let bug = json!({"summary": format!("CVE-2027-{number} in a library"), "status": "ON_QA",
            "type": "Vulnerability", "target_version": "4.20.z", "labels": ["Security"]});
        (format!("OCPBUGS-{number}"), bug)
    });
    let mut issues: serde_json::Map<String, Value> = bugs.collect();
    for (key, issue) in [
        (
            "ART-1",
            json!({"summary": "Release 4.20.1", "status": "New", "type": "Story"}),
        ),
        (
            "ART-2",
            json!({"summary": "[Wed-Fri] QE does release verification", "status": "New", "parent": "ART-1"}),
        ),
        (
            "ART-3",
            json!({"summary": "Docs", "status": "New", "parent": "ART-1"}),
        ),
        (
            "OCPBUGS-10",
            json!({"summary": "kubelet leaks", "status": "Verified", "priority": "Critical",
            "assignee": "dev", "qa_contact": "qa", "release_blocker": "Proposed", "cases_counter": "x",
            "links": ["https://github.com/openshift/kubernetes/pull/1"]}),
        ),
        (
            "OCPBUGS-11",
            json!({"summary": "secret", "status": "New", "is_hidden": true}),
        ),
    ] {
        issues.insert(key.to_owned(), issue);
    }
    json!({
        "tokens": [format!("{USER}:{TOKEN}")],
        "page_size": 2,
        "projects": {
            "OCPBUGS": {"id": "10100", "versions": ["4.19.z", "4.20.z"]},
            "CVP": {"id": "10555", "versions": []},
        },
        "users": {
            "self": {"name": "bot", "email": USER},
            "qa": {"name": "Qa", "email": "qa@example.com"},
            "qa2": {"name": "Qa two", "email": "other-qa@example.com"},
            "gone": {"name": "Gone", "email": "gone@example.com", "active": false},
            "dev": {"name": "Dev", "email": "dev@example.com", "hides_email": true},
        },
        "issues": issues,
    })
}

async fn jira() -> (Client, Arc<SimState>) {
    let state = state("jira", documents());
    let base = serve(emulator::router(state.clone())).await;
    let auth = Auth::basic("JIRA_TOKEN", USER, TOKEN.into());
    (Client::new(super::caller("jira", base, auth).1), state)
}

fn issue(state: &SimState, key: &str) -> Value {
    state.read(|stored| stored.documents["jira"]["issues"][key].clone())
}

fn person(account: &str) -> Person {
    Person {
        account: account.to_owned(),
        ..Person::default()
    }
}

#[tokio::test]
async fn a_ticket_is_read_with_what_the_rules_need() {
    let (client, _) = jira().await;
    let ticket = client.ticket("OCPBUGS-10").await.unwrap();
    assert_eq!(
        (ticket.status.as_str(), ticket.kind.as_str()),
        ("Verified", "Bug")
    );
    assert!(ticket.is_finished() && ticket.is_critical() && ticket.is_high_severity());
    assert!(ticket.has_customer_case && !ticket.is_cve_tracker());
    let qa = ticket.qa_contact.unwrap();
    assert_eq!(qa.email.as_deref(), Some("qa@example.com"));
    assert_eq!(ticket.assignee.unwrap().email, None);
    let release = client.ticket("ART-1").await.unwrap();
    assert_eq!(release.subtasks, ["ART-2", "ART-3"]);
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_refused_before_anything_is_sent() {
    let (client, state) = jira().await;
    fail(&state, "jira", "status:500", 9);
    for key in ["", "ART-0", "ART", "art-1", "ART-1/comment", "None"] {
        let error = client.ticket(key).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{key}: {error}");
        assert_eq!(error.status, None);
    }
}

#[tokio::test]
async fn what_cannot_be_seen_is_told_apart() {
    let (client, _) = jira().await;
    let error = client.ticket("ART-404").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("JIRA_USERNAME"));
    assert_eq!(
        client.ticket("OCPBUGS-11").await.unwrap_err().kind,
        Kind::Denied
    );
}

#[tokio::test]
async fn a_wrong_token_is_named_and_not_shown() {
    let state = state("jira", documents());
    let base = serve(emulator::router(state)).await;
    let auth = Auth::basic("JIRA_TOKEN", USER, "wrong-canary".into());
    let client = Client::new(super::caller("jira", base, auth).1);
    let error = client.ticket("ART-1").await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.hint.as_deref().unwrap().contains("JIRA_TOKEN"));
    assert!(!format!("{error:?}").contains("canary"));
}

#[tokio::test]
async fn a_search_reads_all_pages() {
    let (client, _) = jira().await;
    let query = "project = OCPBUGS AND issuetype in (Bug, Vulnerability) AND status = ON_QA \
        AND 'Target Version' in (4.19.z, 4.20.z)";
    let tickets = client.search(query).await.unwrap();
    let keys: Vec<_> = tickets.iter().map(|ticket| ticket.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "OCPBUGS-1",
            "OCPBUGS-2",
            "OCPBUGS-3",
            "OCPBUGS-4",
            "OCPBUGS-5"
        ]
    );
    assert!(
        tickets
            .iter()
            .all(|ticket| ticket.is_cve_tracker() && ticket.is_on_qa())
    );
    let error = client.search("nonsense").await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
}

#[tokio::test]
async fn an_and_inside_of_quotes_is_a_word() {
    let (client, _) = jira().await;
    let none = client
        .search("summary ~ \"bread and butter\"")
        .await
        .unwrap();
    assert!(none.is_empty());
    let one = client
        .search("summary ~ 'leaks kubelet' AND project = OCPBUGS")
        .await
        .unwrap();
    assert_eq!(one[0].key, "OCPBUGS-10");
}

#[tokio::test]
async fn tickets_that_cannot_be_seen_are_left_out_of_a_list() {
    let (client, _) = jira().await;
    let keys = ["OCPBUGS-3", "OCPBUGS-404", "OCPBUGS-11", "OCPBUGS-1"].map(str::to_owned);
    let tickets = client.tickets(&keys).await.unwrap();
    let found: Vec<_> = tickets.iter().map(|ticket| ticket.key.as_str()).collect();
    assert_eq!(found, ["OCPBUGS-3", "OCPBUGS-1"]);
}

#[tokio::test]
async fn a_person_is_found_by_the_exact_address_only() {
    let (client, _) = jira().await;
    let found = client.person("QA@example.com").await.unwrap().unwrap();
    assert_eq!(found.account, "qa");
    for address in ["qa@example", "gone@example.com", "dev@example.com"] {
        assert_eq!(client.person(address).await.unwrap(), None, "{address}");
    }
    assert_eq!(client.identity().await.unwrap().account, "self");
}

#[tokio::test]
async fn a_ticket_is_moved_once_and_read_again() {
    let (client, state) = jira().await;
    let moved = client.move_to("ART-2", "in progress").await.unwrap();
    assert_eq!(
        moved,
        Moved::Now {
            from: "New".to_owned()
        }
    );
    assert_eq!(
        client.move_to("ART-2", "In Progress").await.unwrap(),
        Moved::WasThere
    );
    assert_eq!(
        issue(&state, "ART-2")["history"].as_array().unwrap().len(),
        1
    );
    client.move_to("ART-2", "Closed").await.unwrap();
    assert_eq!(
        client.move_to("ART-2", "Closed").await.unwrap(),
        Moved::WasThere
    );
    let error = client.move_to("ART-2", "In Progress").await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
}

#[tokio::test]
async fn a_lost_answer_to_a_move_is_looked_up() {
    let (client, state) = jira().await;
    state
        .change(|stored| {
            stored.faults.push(oar_script::sim::state::Fault {
                service: "jira".to_owned(),
                operation: "transition".to_owned(),
                kind: "reset".to_owned(),
                times: 1,
                after: 0,
            });
        })
        .unwrap();
    let moved = client.move_to("ART-2", "Closed").await.unwrap();
    assert_eq!(
        moved,
        Moved::Now {
            from: "New".to_owned()
        }
    );
    assert_eq!(
        issue(&state, "ART-2")["history"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_comment_with_the_same_token_is_written_once() {
    let (client, state) = jira().await;
    for number in 0..4 {
        let token = format!("other-{number}");
        assert!(client.comment_once("ART-1", "other", &token).await.unwrap());
    }
    assert!(client.comment_once("ART-1", "hello", "t-1").await.unwrap());
    assert!(
        !client
            .comment_once("ART-1", "hello again", "t-1")
            .await
            .unwrap()
    );
    assert_eq!(
        issue(&state, "ART-1")["comments"].as_array().unwrap().len(),
        5
    );
    // The token of another must not be taken for a beginning of it.
    assert!(client.comment_once("ART-1", "hello", "t-").await.unwrap());
}

#[tokio::test]
async fn assigning_and_asking_change_only_what_is_new() {
    let (client, state) = jira().await;
    assert!(client.assign("ART-2", &person("qa")).await.unwrap());
    assert!(!client.assign("ART-2", &person("qa")).await.unwrap());
    assert_eq!(issue(&state, "ART-2")["assignee"], "qa");
    let error = client.assign("ART-2", &person("nobody")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(
        client
            .ask("OCPBUGS-10", &[person("qa"), person("dev")])
            .await
            .unwrap()
    );
    assert!(!client.ask("OCPBUGS-10", &[person("qa")]).await.unwrap());
    assert_eq!(
        issue(&state, "OCPBUGS-10")["need_info_from"],
        json!(["qa", "dev"])
    );
    client
        .set_labels("OCPBUGS-10", &["a".to_owned()])
        .await
        .unwrap();
    assert_eq!(client.ticket("OCPBUGS-10").await.unwrap().labels, ["a"]);
}

#[tokio::test]
async fn links_are_read_and_a_page_of_a_proxy_is_no_ticket() {
    let (client, state) = jira().await;
    let links = client.links("OCPBUGS-10").await.unwrap();
    assert_eq!(links, ["https://github.com/openshift/kubernetes/pull/1"]);
    fail(&state, "jira", "html", 9);
    assert!(client.ticket("ART-1").await.is_err());
}

fn draft(summary: &str) -> Draft {
    Draft {
        project: "CVP".to_owned(),
        kind: "Bug".to_owned(),
        priority: "Blocker".to_owned(),
        summary: summary.to_owned(),
        description: "two builds failed".to_owned(),
    }
}

#[tokio::test]
async fn a_ticket_is_made_once_by_its_summary() {
    let (client, state) = jira().await;
    let first = client
        .create_once(&draft("[4.20.1] it failed"))
        .await
        .unwrap();
    assert!(first.is_new && first.twins.is_empty());
    let again = client
        .create_once(&draft("[4.20.1] it failed"))
        .await
        .unwrap();
    assert_eq!((again.key, again.is_new), (first.key.clone(), false));
    // The index finds both, by their words.
    let other = client
        .create_once(&draft("it failed 4.20.1"))
        .await
        .unwrap();
    assert!(other.is_new && other.key != first.key);
    let made = issue(&state, &first.key);
    assert_eq!(made["description"], "two builds failed");
    let nowhere = Draft {
        project: "NOPE".to_owned(),
        ..draft("x")
    };
    let error = client.create_once(&nowhere).await.unwrap_err();
    assert!(error.message.contains("valid project"), "{error}");
}

#[tokio::test]
async fn of_two_tickets_made_at_once_the_older_counts() {
    let (client, state) = jira().await;
    let (one, two) = (draft("twice"), draft("twice"));
    let (one, two) = tokio::join!(client.create_once(&one), client.create_once(&two));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.key, two.key);
    let issues = state.read(|stored| stored.documents["jira"]["issues"].clone());
    let made = issues.as_object().unwrap().keys();
    let made = made.filter(|key| key.starts_with("CVP-")).count();
    assert_eq!(made, 1 + one.twins.len().max(two.twins.len()));
}

#[tokio::test]
async fn single_labels_leave_the_others_alone() {
    let (client, state) = jira().await;
    client.label("OCPBUGS-1", "late", true).await.unwrap();
    client.label("OCPBUGS-1", "late", true).await.unwrap();
    assert_eq!(
        issue(&state, "OCPBUGS-1")["labels"],
        json!(["Security", "late"])
    );
    client.label("OCPBUGS-1", "Security", false).await.unwrap();
    client.label("OCPBUGS-1", "never", false).await.unwrap();
    assert_eq!(issue(&state, "OCPBUGS-1")["labels"], json!(["late"]));
}

#[tokio::test]
async fn versions_that_are_archived_are_left_out_and_a_wrong_one_refuses_the_search() {
    let (client, state) = jira().await;
    state
        .change(|stored| {
            stored.documents["jira"]["projects"]["OCPBUGS"]["versions"] =
                json!(["4.20.z", {"name": "4.8.z", "is_archived": true}]);
        })
        .unwrap();
    assert_eq!(client.versions("OCPBUGS").await.unwrap(), ["4.20.z"]);
    assert_eq!(
        client.versions("NOPE").await.unwrap_err().kind,
        Kind::NotFound
    );
    let query = "project = OCPBUGS AND 'Target Version' in (4.20.z, 4.99.z)";
    let error = client.search(query).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("4.99.z"), "{error}");
}

#[tokio::test]
async fn what_a_search_cuts_is_read_ticket_by_ticket() {
    let (client, state) = jira().await;
    for number in 0..5 {
        let token = format!("t-{number}");
        client
            .comment_once("OCPBUGS-10", "hello", &token)
            .await
            .unwrap();
        client.label("OCPBUGS-10", &token, true).await.unwrap();
    }
    state
        .change(|stored| stored.documents["jira"]["embedded"] = 1.into())
        .unwrap();
    let watched = client
        .watched("key in (OCPBUGS-10, OCPBUGS-1)")
        .await
        .unwrap();
    assert_eq!(watched.len(), 2);
    let whole = watched.iter().find(|one| one.ticket.key == "OCPBUGS-10");
    let whole = whole.unwrap();
    assert_eq!((whole.comments.len(), whole.changes.len()), (5, 5));
    assert!(whole.changes.iter().all(|change| change.field == "labels"));
}

#[tokio::test]
async fn the_python_client_works_with_the_stand_in() {
    let Some(mut python) = python(&["jira"]) else {
        return;
    };
    let state = state("jira", documents());
    let base = serve(emulator::router(state.clone())).await;
    python
        .arg("tests/clients/jira_cloud.py")
        .arg(base.as_str().trim_end_matches('/'))
        .args([USER, TOKEN]);
    let ran = tokio::task::spawn_blocking(move || python.output().unwrap());
    let ran = ran.await.unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert_eq!(issue(&state, "ART-2")["status"], "Closed");
    assert_eq!(issue(&state, "ART-2")["assignee"], "qa");
}
