//! Reading the Errata Tool against its stand-in.

use std::sync::Arc;

use oar_script::{
    error::Kind,
    http::Auth,
    release::advisory::State,
    services::errata::{Client, emulator},
    sim::state::SimState,
};
use serde_json::{Value, json};

use crate::support::services_world::{ServicesWorld, serve, state};

/// A tool with these advisories, and a client of it.
pub struct Tool {
    pub state: Arc<SimState>,
    pub world: Arc<ServicesWorld>,
    pub client: Client,
}

impl Tool {
    pub async fn new(advisories: Value) -> Self {
        let state = state("errata", json!({"advisories": advisories}));
        let base = serve(emulator::router(state.clone())).await;
        let (world, caller) = super::caller("errata", base, Auth::negotiate());
        Self {
            state,
            world,
            client: Client::new(caller),
        }
    }

    pub fn set(&self, path: &[&str], value: Value) {
        let path: Vec<_> = ["errata"]
            .iter()
            .chain(path)
            .map(|key| (*key).to_owned())
            .collect();
        self.state
            .change(|stored| oar_script::sim::state::set(&mut stored.documents, &path, value))
            .unwrap();
    }

    pub fn get(&self, path: &str) -> Value {
        self.state
            .read(|stored| stored.documents["errata"].pointer(path).cloned())
            .unwrap_or_default()
    }
}

async fn tool() -> Tool {
    let alert = |name: &str, blocking: bool| json!({"name": name, "text": "t", "description": "d", "how_to_resolve": "h", "blocking": blocking});
    Tool::new(json!({
        "1": {"type": "RHSA", "state": "QE", "kind": "rhcos", "content_alerts": {
            "blocking": true, "alerts": [alert("a", true), alert("b", false)]},
            "cve": "CVE-2025-10001 CVE-2025-10002", "jira_issues": ["OCPBUGS-2", "OCPBUGS-1"],
            "bugs": [77], "blocking_advisories": [2], "qa_owner": "lead@example.com",
            "builds": {"RHEL-9-OSE-4.20": ["rhcos-x86_64-9.6.20250807-0", "rhcos-aarch64-9.6.20250807-0"]},
            "container_grade": "C"},
        "2": {"type": "RHSA", "state": "NEW_FILES", "kind": "rpm", "content_alerts": null, "doc_complete": 0},
        "3": {"type": "RHBA", "state": "QE", "kind": "rpm", "content_alerts": {
            "blocking": true, "alerts": [alert("a", true)]}},
    }))
    .await
}

#[tokio::test]
async fn an_advisory_is_read_whole() {
    let advisory = tool().await.client.advisory(1).await.unwrap();
    assert_eq!((advisory.id, advisory.kind.as_str()), (1, "RHSA"));
    assert_eq!(advisory.state, State::Qe);
    assert_eq!(advisory.jira_issues, ["OCPBUGS-2", "OCPBUGS-1"]);
    assert_eq!(advisory.bugs, [77]);
    assert_eq!(advisory.cves, ["CVE-2025-10001", "CVE-2025-10002"]);
    assert_eq!(advisory.blocking_advisories, [2]);
    assert!(advisory.is_docs_approved && advisory.security_approved.is_none());
    assert!(advisory.synopsis.starts_with("Important: "));
}

#[tokio::test]
async fn a_state_nobody_knows_is_an_error() {
    let tool = tool().await;
    tool.set(&["advisories", "1", "state"], json!("HALF_SHIPPED"));
    let error = tool.client.advisory(1).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("HALF_SHIPPED"), "{}", error.message);
}

#[tokio::test]
async fn people_and_builds_are_read() {
    let client = tool().await.client;
    let people = client.people(1).await.unwrap();
    assert_eq!(people.qa_owner.as_deref(), Some("lead@example.com"));
    assert_eq!(people.product, "RHOSE");
    assert_eq!(client.people(2).await.unwrap().qa_owner, None);
    let names = [
        "rhcos-x86_64-9.6.20250807-0",
        "rhcos-aarch64-9.6.20250807-0",
    ];
    assert_eq!(client.builds(1).await.unwrap()["RHEL-9-OSE-4.20"], names);
    let details = client.build_details(1).await.unwrap();
    let nvrs: Vec<_> = details["RHEL-9-OSE-4.20"]
        .iter()
        .map(|build| build.nvr.as_str())
        .collect();
    assert_eq!(nvrs, names);
    assert!(client.builds(2).await.unwrap().is_empty());
}

#[tokio::test]
async fn test_results_are_read_to_the_last_page() {
    let tool = tool().await;
    let tests: Vec<_> = (1..=45)
        .map(|id| json!({"id": id, "status": "PASSED", "nvr": format!("image-{id}"), "active": id != 3}))
        .collect();
    tool.set(&["advisories", "1", "external_tests"], json!(tests));
    let read = tool.client.external_tests(1).await.unwrap();
    assert_eq!(read.len(), 44);
    assert_eq!(read[43].nvr.as_deref(), Some("image-45"));
    assert!(tool.client.external_tests(2).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_grade_is_read_off_the_page_and_its_absence_is_an_error() {
    let client = tool().await.client;
    assert_eq!(client.container_grade(1).await.unwrap(), 'C');
    assert_eq!(
        client.container_grade(2).await.unwrap_err().kind,
        Kind::Invalid
    );
    assert_eq!(
        client.container_grade(9).await.unwrap_err().kind,
        Kind::NotFound
    );
}

#[tokio::test]
async fn holders_of_a_key_are_found() {
    let client = tool().await.client;
    let holders = client.advisories_of("OCPBUGS-1").await.unwrap();
    assert_eq!((holders.len(), holders[0].id), (1, 1));
    assert!(client.advisories_of("OCPBUGS-9").await.unwrap().is_empty());
}

#[tokio::test]
async fn alerts_are_read() {
    let alerts = tool().await.client.security_alerts(1).await.unwrap();
    assert!(alerts.blocking);
    let blocking: Vec<_> = alerts.alerts.iter().map(|alert| alert.blocking).collect();
    assert_eq!(blocking, [true, false]);
    assert_eq!(alerts.alerts[0].how_to_resolve, "h");
}

#[tokio::test]
async fn no_data_is_not_blocking() {
    let alerts = tool().await.client.security_alerts(2).await.unwrap();
    assert!(!alerts.blocking && alerts.alerts.is_empty());
}

#[tokio::test]
async fn only_security_advisories_have_alerts() {
    let tool = tool().await;
    let alerts = tool.client.security_alerts(3).await.unwrap();
    assert_eq!((alerts.kind.as_str(), alerts.blocking), ("RHBA", false));
    let alerts = tool.client.refresh_security_alerts(3).await.unwrap();
    assert!(!alerts.blocking);
    assert_eq!(tool.get("/advisories/3/refreshes"), Value::Null);
}

#[tokio::test]
async fn a_refresh_shows_new_alerts_and_its_failure_is_an_error() {
    let tool = tool().await;
    tool.set(
        &["advisories", "1", "refreshed_alerts"],
        json!({"blocking": false, "alerts": []}),
    );
    assert!(tool.client.security_alerts(1).await.unwrap().blocking);
    assert!(
        !tool
            .client
            .refresh_security_alerts(1)
            .await
            .unwrap()
            .blocking
    );
    assert!(!tool.client.security_alerts(1).await.unwrap().blocking);
    tool.set(
        &["advisories", "1", "refresh_error"],
        json!("ProdSec did not answer"),
    );
    let error = tool.client.refresh_security_alerts(1).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Invalid, Some(400)));
}

#[tokio::test]
async fn an_unknown_advisory_is_not_found() {
    let client = tool().await.client;
    assert_eq!(
        client.security_alerts(9).await.unwrap_err().kind,
        Kind::NotFound
    );
    assert_eq!(client.people(9).await.unwrap_err().kind, Kind::NotFound);
    assert_eq!(client.push_jobs(9).await.unwrap_err().kind, Kind::NotFound);
}

#[tokio::test]
async fn who_shows_no_ticket_is_refused_and_told_what_to_do() {
    let base = serve(emulator::router(state("errata", json!({"advisories": {}})))).await;
    let (_, caller) = super::caller("errata", base, Auth::none());
    let error = Client::new(caller).advisory(1).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(401)));
}

#[tokio::test]
async fn a_person_without_the_role_is_told_so() {
    let tool = tool().await;
    tool.set(&["is_forbidden"], json!(true));
    let error = tool.client.advisory(1).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, Some(403)));
    assert!(error.hint.unwrap().contains("role"));
}
