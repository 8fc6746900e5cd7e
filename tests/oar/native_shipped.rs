//! Whether a release has shipped, as this program reads it.

use serde_json::{Value, json};

use super::{
    native_approval::promoted,
    office::{Office, RHCOS, RPM},
};

const REQUEST: &str = "gitlab/merge_requests/901";

async fn shipped(office: &Office) -> Value {
    let answer = office.call("is_release_shipped", json!({})).await.unwrap();
    answer.json.unwrap()
}

/// A release whose advisories are in these states.
async fn with(rpm: &str, rhcos: &str) -> Office {
    let office = promoted().await;
    office.set(&format!("{RPM}/state"), json!(rpm));
    office.set(&format!("{RHCOS}/state"), json!(rhcos));
    office
}

#[tokio::test]
async fn a_release_in_work_is_not_shipped() {
    let office = promoted().await;
    assert_eq!(
        shipped(&office).await,
        json!({
            "shipped": false,
            "flow_type": "konflux",
            "details": {
                "prod_release": "not yet",
                "shipment_mr_merged": "no",
                "rpm_advisory": "QE",
                "rhcos_advisory": "QE",
            },
        })
    );
}

#[tokio::test]
async fn production_or_a_merge_makes_the_shipment_ready() {
    let office = with("REL_PREP", "SHIPPED_LIVE").await;
    assert_eq!(shipped(&office).await["shipped"], false);
    office.set(
        &format!("{REQUEST}/labels"),
        json!(["prod-release-success"]),
    );
    let answer = shipped(&office).await;
    assert_eq!(answer["shipped"], true);
    assert_eq!(answer["details"]["prod_release"], "success");
    assert_eq!(answer["details"]["shipment_mr_merged"], "no");
    office.set(&format!("{REQUEST}/labels"), json!([]));
    office.set(&format!("{REQUEST}/state"), json!("merged"));
    let answer = shipped(&office).await;
    assert_eq!(answer["shipped"], true);
    assert_eq!(answer["details"]["shipment_mr_status"], "merged");
}

#[tokio::test]
async fn a_merge_request_that_is_closed_is_not_shipped() {
    let office = with("REL_PREP", "REL_PREP").await;
    office.set(
        &format!("{REQUEST}/labels"),
        json!(["prod-release-success"]),
    );
    office.set(&format!("{REQUEST}/state"), json!("closed"));
    let answer = shipped(&office).await;
    assert_eq!(answer["shipped"], false);
    assert_eq!(answer["details"]["shipment_mr_status"], "closed");
}

#[tokio::test]
async fn a_dropped_advisory_is_named_and_does_not_ship_a_release_alone() {
    let office = with("REL_PREP", "DROPPED_NO_SHIP").await;
    office.set(&format!("{REQUEST}/state"), json!("merged"));
    let answer = shipped(&office).await;
    assert_eq!(answer["shipped"], true);
    assert_eq!(answer["details"]["rhcos_advisory"], "DROPPED_NO_SHIP");
    office.set(&format!("{RPM}/state"), json!("DROPPED_NO_SHIP"));
    assert_eq!(shipped(&office).await["shipped"], false);
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_never_counts() {
    for service in ["errata", "gitlab"] {
        let office = with("REL_PREP", "REL_PREP").await;
        office.set(&format!("{REQUEST}/state"), json!("merged"));
        office.fault(service, "*", "status:403", 99);
        let answer = shipped(&office).await;
        assert_eq!(answer["shipped"], false, "{service}");
        let key = match service {
            "errata" => "rpm_advisory",
            _ => "shipment_mr_status",
        };
        let told = answer["details"][key].as_str().unwrap();
        assert!(told.starts_with("error: "), "{told}");
    }
}
