//! The release detector in this program.

use oar_script::{
    error::{Kind, Result},
    release::{Ending, Outcome},
    state::StateStore,
};
use serde_json::{Value, json};

use super::office::{Office, lines};

const TRACKING: [&str; 4] = [
    "github",
    "branches",
    "z-stream",
    "_releases/4.20/4.20.z.yaml",
];

/// Releases as ART announces them, and the newest promoted build.
async fn office(announced: &[&str], promoted: Option<&str>) -> Office {
    let entries: String = announced
        .iter()
        .map(|release| {
            format!("  {release}:\n    advisories: {{rpm: 1}}\n    release_jira: ART-1\n")
        })
        .collect();
    let text = match announced {
        [] => "releases: {}".to_owned(),
        _ => format!("releases:\n{entries}"),
    };
    let tags: serde_json::Map<String, Value> = promoted
        .iter()
        .map(|name| {
            let tag =
                json!({"phase": "Accepted", "pullSpec": "p", "created": "2027-02-01T09:00:00Z"});
            ((*name).to_owned(), tag)
        })
        .collect();
    Office::without_statebox(|documents| {
        documents[TRACKING[0]][TRACKING[1]][TRACKING[2]][TRACKING[3]] = text.into();
        documents["release_controller"]["streams"]["4-stable"] = tags.into();
    })
    .await
}

async fn detect(office: &Office, y_stream: &str) -> Result<Outcome> {
    let arguments = json!({ "release": y_stream });
    let answer = office
        .oar
        .call("oarctl_start_release_detector", &arguments)
        .await;
    Ok(answer?.outcome.unwrap())
}

async fn has_statebox(office: &Office) -> bool {
    let release = "4.20.1".parse().unwrap();
    office.store.read(&release).await.unwrap().is_some()
}

#[tokio::test]
async fn a_new_release_gets_its_statebox() {
    let office = office(&["4.20.0", "4.20.1"], Some("4.20.0")).await;
    let outcome = detect(&office, "4.20").await.unwrap();
    assert_eq!(outcome.status, Ending::Pass, "{outcome:?}");
    assert!(
        outcome.reason.starts_with("new release 4.20.1: "),
        "{}",
        outcome.reason
    );
    assert!(outcome.link.is_some());
    let lines = lines(&outcome);
    assert_eq!(
        lines[..5],
        [
            "INFO: latest z-stream version: 4.20.1",
            "INFO: latest stable version: 4.20.0",
            "INFO: new z-stream release is detected: 4.20.1",
            "INFO: No existing worksheet found, will create StateBox for new release 4.20.1",
            "INFO: Initializing StateBox for new release 4.20.1",
        ]
    );
    assert_eq!(
        lines.last().unwrap(),
        "INFO: test report is created for 4.20.1"
    );
    assert!(has_statebox(&office).await);
    // Looking again is no second one.
    let again = detect(&office, "4.20").await.unwrap();
    assert_eq!(again.status, Ending::Pass);
    assert!(
        again
            .output
            .unwrap()
            .contains("StateBox already exists for 4.20.1")
    );
}

#[tokio::test]
async fn what_is_promoted_already_is_not_new() {
    let office = office(&["4.20.0", "4.20.1"], Some("4.20.1")).await;
    let outcome = detect(&office, "4.20").await.unwrap();
    assert_eq!(outcome.status, Ending::Pass);
    assert_eq!(lines(&outcome)[2], "INFO: no new z-stream release found");
    assert!(!has_statebox(&office).await);
}

#[tokio::test]
async fn the_newest_is_found_by_number_and_not_by_place() {
    let office = office(&["4.20.1", "4.20.10", "4.20.2"], Some("4.20.9")).await;
    let outcome = detect(&office, "4.20").await.unwrap();
    assert!(lines(&outcome)[2].ends_with("is detected: 4.20.10"));
    // ART has no build data for it yet.
    assert_eq!(outcome.status, Ending::Waiting, "{outcome:?}");
    assert!(
        outcome
            .reason
            .starts_with("new release 4.20.10 has no StateBox yet: ")
    );
    assert!(!outcome.output.unwrap().contains("test report is created"));
}

#[tokio::test]
async fn something_newer_than_what_is_announced_is_for_art() {
    let office = office(&["4.20.1"], Some("4.20.2")).await;
    let outcome = detect(&office, "4.20").await.unwrap();
    assert_eq!(outcome.status, Ending::Blocked);
    assert_eq!(outcome.owner.as_deref(), Some("ART"));
    assert_eq!(
        lines(&outcome)[2],
        "WARNING: latest z-stream version is less than latest stable version, it's abnormal. We need to contact ART"
    );
    assert!(!has_statebox(&office).await);
}

#[tokio::test]
async fn a_y_stream_whose_name_begins_the_same_is_another_one() {
    let office = office(&["4.20.1"], Some("4.20.0")).await;
    let outcome = detect(&office, "4.2").await.unwrap();
    assert_eq!(outcome.status, Ending::Waiting, "{outcome:?}");
    assert_eq!(
        lines(&outcome),
        [
            "INFO: latest z-stream version: None",
            "INFO: latest stable version: None",
            "ERROR: get latest versions failed",
        ]
    );
}

#[tokio::test]
async fn what_is_not_known_yet_is_waited_for() {
    for (announced, promoted, reason) in [
        (
            &[][..],
            Some("4.20.0"),
            "no release of 4.20 is announced yet",
        ),
        (&["4.20.1"], None, "no build of 4.20 is promoted yet"),
    ] {
        let office = office(announced, promoted).await;
        let outcome = detect(&office, "4.20").await.unwrap();
        assert_eq!(outcome.status, Ending::Waiting);
        assert_eq!(outcome.reason, reason);
        assert!(!has_statebox(&office).await);
    }
}

#[tokio::test]
async fn trouble_with_a_source_is_an_error() {
    for (service, kind, expected) in [
        ("github", "status:401", &[Kind::Denied][..]),
        ("github", "status:503", &[Kind::Busy]),
        ("github", "html", &[Kind::Unexpected, Kind::Invalid]),
        (
            "release_controller",
            "status:500",
            &[Kind::Unexpected, Kind::Unreachable],
        ),
        ("release_controller", "status:429", &[Kind::Busy]),
        (
            "release_controller",
            "html",
            &[Kind::Unexpected, Kind::Invalid],
        ),
        ("release_controller", "refused", &[Kind::Unreachable]),
    ] {
        let office = office(&["4.20.0", "4.20.1"], Some("4.20.0")).await;
        office.fault(service, "*", kind, 99);
        let error = detect(&office, "4.20").await.unwrap_err();
        assert!(
            expected.contains(&error.kind),
            "{service} {kind}: {error:?}"
        );
        assert!(!has_statebox(&office).await);
    }
}

#[tokio::test]
async fn a_tracking_file_that_is_broken_is_an_error() {
    let office = office(&["4.20.0", "4.20.1"], Some("4.20.0")).await;
    let broken = json!("releases:\n  4.19.1: {}\n");
    office
        .state
        .change(|stored| {
            oar_script::sim::state::set(&mut stored.documents, &TRACKING.map(str::to_owned), broken)
        })
        .unwrap();
    assert_eq!(
        detect(&office, "4.20").await.unwrap_err().kind,
        Kind::Invalid
    );
}

#[tokio::test]
async fn a_text_that_is_no_y_stream_is_refused() {
    let office = office(&["4.20.1"], Some("4.20.0")).await;
    for text in ["4.20.1", "4", "4.200", "v4.20", "4.20/..", "4."] {
        let error = detect(&office, text).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        assert_eq!(error.message, format!("Invalid OCP minor version {text}"));
    }
}

#[tokio::test]
async fn two_who_detect_at_once_make_one_statebox() {
    let office = office(&["4.20.0", "4.20.1"], Some("4.20.0")).await;
    let other = office.another("somebody else");
    let (one, two) = tokio::join!(detect(&office, "4.20"), detect(&other, "4.20"));
    assert_eq!(one.unwrap().status, Ending::Pass);
    assert_eq!(two.unwrap().status, Ending::Pass);
    let leads = office.messages("team-qe-release");
    assert!(leads.len() <= 1, "{leads:?}");
}
