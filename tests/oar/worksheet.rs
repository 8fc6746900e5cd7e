//! The tab that the emulated server shares with people and with us.

use oar_script::{release::statebox::Metadata, sim::sheet};
use serde_json::{Value, json};

use super::bench::{Bench, RELEASE};

/// Gives the release of these tests a tab, as the Python tool would make it.
pub fn add_tab(documents: &mut Value) {
    let assembly = &documents["build_data"]["branches"]["openshift-4.20"]["releases"][RELEASE];
    let group = &assembly["assembly"]["group"];
    let metadata = Metadata {
        jira_ticket: group["release_jira"].as_str().map(str::to_owned),
        shipment_mr: group["shipment"]["url"].as_str().map(str::to_owned),
        ..Metadata::default()
    };
    sheet::add_tab(documents, &RELEASE.parse().unwrap(), &metadata);
}

async fn bench() -> Bench {
    Bench::with(add_tab).await
}

fn cell(bench: &Bench, cell: &str) -> String {
    bench.state.read(|stored| {
        let tab = sheet::tab(&stored.documents, "4.20", RELEASE).unwrap();
        sheet::text(tab, cell).to_owned()
    })
}

async fn set(bench: &Bench, task: &str, status: &str) -> Value {
    let arguments = json!({"release": RELEASE, "task_name": task, "status": status});
    let answer = bench.call("oar_update_task_status", arguments).await;
    answer.unwrap().json.unwrap()
}

async fn status(bench: &Bench) -> Value {
    let answer = bench.ask("oar_get_release_status").await;
    answer.json.unwrap()
}

#[tokio::test]
async fn a_status_is_written_into_the_cell_that_people_see() {
    let bench = bench().await;
    let answer = set(&bench, "stage-testing", "In Progress").await;
    assert_eq!(answer["updated_systems"], json!(["worksheet"]));
    assert_eq!(cell(&bench, "B15"), "In Progress");
    assert_eq!(cell(&bench, "B1"), "Green");
    let status = status(&bench).await;
    assert_eq!(status["source"], "worksheet");
    assert_eq!(status["tasks"]["stage-testing"], "In Progress");
    assert_eq!(status["tasks"]["take-ownership"], "Not Started");
}

#[tokio::test]
async fn what_a_person_types_is_read() {
    let bench = bench().await;
    bench
        .state
        .change(|stored| {
            let documents = &mut stored.documents;
            sheet::type_into(documents, "4.20", RELEASE, "B13", "Pass");
            sheet::type_into(documents, "4.20", RELEASE, "B1", "Red");
            sheet::type_into(documents, "4.20", RELEASE, "B8", "");
        })
        .unwrap();
    let status = status(&bench).await;
    assert_eq!(status["tasks"]["check-cve-tracker-bug"], "Pass");
    assert_eq!(status["tasks"]["take-ownership"], "Not Started");
    assert_eq!(status["overall_status"], "Red");
}

#[tokio::test]
async fn the_python_tool_looks_one_row_too_high_in_a_konflux_tab() {
    let bench = bench().await;
    set(&bench, "stage-testing", "Fail").await;
    assert_eq!(cell(&bench, "B1"), "Green", "the failure is overlooked");
    set(&bench, "image-signed-check", "Pass").await;
    assert_eq!(cell(&bench, "B1"), "Red", "a pass below it turns it red");
    set(&bench, "take-ownership", "Fail").await;
    assert_eq!(cell(&bench, "B1"), "Red");
    set(&bench, "stage-testing", "Pass").await;
    set(&bench, "take-ownership", "Pass").await;
    assert_eq!(cell(&bench, "B1"), "Green");
}

#[tokio::test]
async fn a_server_with_a_statebox_leaves_the_tab_to_the_status_tool() {
    let bench = Bench::new().await;
    bench.ask("oar_create_test_report").await;
    bench
        .state
        .change(|stored| add_tab(&mut stored.documents))
        .unwrap();
    let arguments = json!({"release": RELEASE, "email": "lead@example.com"});
    bench.call("oar_take_ownership", arguments).await.unwrap();
    assert_eq!(bench.recorded("take-ownership").unwrap().0, "Pass");
    assert_eq!(cell(&bench, "B8"), "Not Started");
    let answer = set(&bench, "analyze-candidate-build", "Pass").await;
    assert_eq!(answer["updated_systems"], json!(["statebox", "worksheet"]));
    assert_eq!(cell(&bench, "B11"), "Pass");
}

#[tokio::test]
async fn without_a_statebox_its_commands_write_the_tab() {
    let bench = Bench::with(|documents| {
        add_tab(documents);
        documents["statebox"] = json!({"is_missing": true});
    })
    .await;
    let arguments = json!({"release": RELEASE, "email": "lead@example.com"});
    bench.call("oar_take_ownership", arguments).await.unwrap();
    assert_eq!(cell(&bench, "B8"), "Pass");
    assert_eq!(bench.recorded("take-ownership"), None);
    let report = bench.ask("oar_create_test_report").await;
    let id = sheet::document_id("4.20");
    let found = format!(
        "Found existing worksheet for 4.20.1 (old release): https://docs.google.com/spreadsheets/d/{id}#gid=1"
    );
    assert!(report.text.contains(&found), "{}", report.text);
}

#[tokio::test]
async fn a_missing_tab_and_a_missing_template_are_told_apart() {
    let bench = Bench::new().await;
    let answer = bench
        .call("oar_get_release_status", json!({"release": RELEASE}))
        .await;
    let error = answer.unwrap_err();
    assert!(
        error.message.contains("cannot find template worksheet"),
        "{error}"
    );
    bench
        .state
        .change(|stored| {
            let other = "4.20.7".parse().unwrap();
            sheet::add_tab(&mut stored.documents, &other, &Metadata::default());
        })
        .unwrap();
    let answer = bench
        .call("oar_get_release_status", json!({"release": RELEASE}))
        .await;
    let error = answer.unwrap_err();
    assert!(
        error
            .message
            .contains("cannot find worksheet 4.20.1 in report doc"),
        "{error}"
    );
}
