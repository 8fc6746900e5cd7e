//! The client of the Errata Tool against its stand-in.

use oar_script::{
    error::Kind,
    http::Auth,
    services::errata::{Client, emulator},
};
use serde_json::json;

use crate::support::services_world::{serve, state};

async fn client() -> Client {
    let alert = |name: &str, blocking: bool| json!({"name": name, "text": "t", "description": "d", "how_to_resolve": "h", "blocking": blocking});
    let state = state(
        "errata",
        json!({"advisories": {
            "1": {"type": "RHSA", "state": "QE", "kind": "rhcos", "content_alerts": {
                "blocking": true, "alerts": [alert("a", true), alert("b", false)]}},
            "2": {"type": "RHSA", "state": "QE", "kind": "rpm", "content_alerts": null},
            "3": {"type": "RHBA", "state": "QE", "kind": "rpm", "content_alerts": {
                "blocking": true, "alerts": [alert("a", true)]}},
        }}),
    );
    let base = serve(emulator::router(state)).await;
    Client::new(super::caller("errata", base, Auth::none()).1)
}

#[tokio::test]
async fn alerts_are_read() {
    let alerts = client().await.security_alerts(1).await.unwrap();
    assert!(alerts.blocking);
    let blocking: Vec<_> = alerts.alerts.iter().map(|alert| alert.blocking).collect();
    assert_eq!(blocking, [true, false]);
    assert_eq!(alerts.alerts[0].how_to_resolve, "h");
}

#[tokio::test]
async fn no_data_is_not_blocking() {
    let alerts = client().await.security_alerts(2).await.unwrap();
    assert!(!alerts.blocking && alerts.alerts.is_empty());
}

#[tokio::test]
async fn only_security_advisories_have_alerts() {
    let alerts = client().await.security_alerts(3).await.unwrap();
    assert_eq!((alerts.kind.as_str(), alerts.blocking), ("RHBA", false));
}

#[tokio::test]
async fn an_unknown_advisory_is_not_found() {
    let error = client().await.security_alerts(9).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn the_real_tool_is_refused_before_anything_is_sent() {
    let base = "https://errata.example.com".parse().unwrap();
    let (_, caller) = super::caller("errata", base, Auth::none());
    let error = Client::new(caller).security_alerts(1).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::Denied, None));
    assert!(error.hint.unwrap().contains("kinit"));
}
