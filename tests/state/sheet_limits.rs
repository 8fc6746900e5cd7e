//! Two operators on one sheet, and sheets and services that are not as they should be.

use oar_script::{
    error::Kind,
    release::{TaskStatus, sheet::Layout},
    sim::sheet,
    state::{Snapshot, StateStore, local::LocalStore},
};
use serde_json::json;

use super::sheet_bench::{Bench, RELEASE, document, read, release, reset, set};

#[tokio::test]
async fn a_task_that_another_operator_began_meanwhile_is_a_conflict() {
    let bench = Bench::with_tab().await;
    let (one, other) = (bench.store(), bench.store());
    read(&one).await;
    read(&other).await;
    let begun = [set("stage-testing", TaskStatus::InProgress)];
    one.apply(&release(), &begun).await.unwrap();
    bench.requests();
    for status in [
        TaskStatus::InProgress,
        TaskStatus::Fail,
        TaskStatus::NotStarted,
    ] {
        let late = bench.store();
        bench.type_into(RELEASE, "B15", "Not Started");
        read(&late).await;
        bench.type_into(RELEASE, "B15", "In Progress");
        let changes = [
            set("take-ownership", TaskStatus::Pass),
            set("stage-testing", status),
        ];
        let error = late.apply(&release(), &changes).await.unwrap_err();
        assert_eq!(error.kind, Kind::Conflict, "{status}");
        assert!(error.message.contains("`stage-testing` of 4.20.1"));
        assert_eq!(bench.cell("B15"), "In Progress");
        assert_eq!(bench.cell("B8"), "Not Started");
    }
    let error = other.apply(&release(), &begun).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    // Who has heard of it may go on with what is known now.
    let failed = [set("stage-testing", TaskStatus::Fail)];
    other.apply(&release(), &failed).await.unwrap();
    assert_eq!(bench.cell("B15"), "Fail");
}

#[tokio::test]
async fn a_pass_of_the_other_operator_stays_and_other_tasks_are_kept() {
    let bench = Bench::with_tab().await;
    let (one, other) = (bench.store(), bench.store());
    read(&one).await;
    let passed = [set("stage-testing", TaskStatus::Pass)];
    other.apply(&release(), &passed).await.unwrap();
    let running = [set("stage-testing", TaskStatus::InProgress)];
    let error = one.apply(&release(), &running).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    let signed = [set("image-signed-check", TaskStatus::Pass)];
    let written = one.apply(&release(), &signed).await.unwrap();
    assert_eq!(written.document.status("stage-testing"), TaskStatus::Pass);
    assert_eq!(bench.cell("B15"), "Pass");
    assert_eq!(bench.cell("B16"), "Pass");
}

#[tokio::test]
async fn a_person_may_reset_what_another_began() {
    let bench = Bench::with_tab().await;
    let store = bench.store();
    read(&store).await;
    bench.type_into(RELEASE, "B15", "In Progress");
    let changes = [reset("stage-testing", TaskStatus::NotStarted)];
    store.apply(&release(), &changes).await.unwrap();
    assert_eq!(bench.cell("B15"), "Not Started");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_found_as_our_own() {
    let bench = Bench::with_tab().await;
    let store = bench.store();
    read(&store).await;
    let begun = [set("stage-testing", TaskStatus::InProgress)];
    bench.fault("write", "truncated", 1);
    let error = store.apply(&release(), &begun).await.unwrap_err();
    assert!(error.is_ambiguous);
    let again = store.apply(&release(), &begun).await.unwrap();
    assert_eq!(
        again.document.status("stage-testing"),
        TaskStatus::InProgress
    );
    assert_eq!(bench.cell("B15"), "In Progress");
}

#[tokio::test]
async fn an_unknown_word_stops_reading_and_writing() {
    let bench = Bench::with_tab().await;
    bench.type_into(RELEASE, "B16", "Done");
    let error = bench.store().read(&release()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert_eq!(
        error.message,
        "tab `4.20.1`: B16 says `Done`, which is no status"
    );
    let changes = [set("stage-testing", TaskStatus::Pass)];
    let error = bench.store().apply(&release(), &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert_eq!(bench.cell("B15"), "Not Started");
}

#[tokio::test]
async fn a_tab_of_the_other_flow_is_not_written() {
    let mut documents = json!({});
    sheet::add_document(&mut documents, &release(), Layout::Errata);
    let bench = Bench::with(documents["sheets"].take()).await;
    bench.change(|document| document["tabs"][0]["title"] = RELEASE.into());
    let changes = [set("take-ownership", TaskStatus::Pass)];
    let error = bench.store().apply(&release(), &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(
        error.message.contains("row 13 in the Konflux flow"),
        "{}",
        error.message
    );
    assert_eq!(bench.cell("B8"), "Not Started");
}

#[tokio::test]
async fn a_protected_cell_is_denied_and_nothing_is_written() {
    let bench = Bench::with_tab().await;
    bench.fault("write", "status:403", 1);
    let changes = [set("take-ownership", TaskStatus::Pass)];
    let error = bench.store().apply(&release(), &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert_eq!(bench.cell("B8"), "Not Started");
}

#[tokio::test]
async fn a_document_that_is_not_shared_is_denied() {
    let bench = Bench::with_tab().await;
    bench.change(|document| document["shared_with"] = json!([]));
    let error = bench.store().read(&release()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(error.hint.unwrap().contains("share the document"));
}

#[tokio::test]
async fn a_used_up_quota_holds_a_read_and_refuses_a_write() {
    let bench = Bench::with_tab().await;
    let store = bench.store();
    bench.fault("values", "status:429", 1);
    read(&store).await;
    assert_eq!(bench.requests().len(), 2, "the read is tried again");
    bench.fault("write", "status:429", 1);
    let changes = [set("take-ownership", TaskStatus::Pass)];
    let error = store.apply(&release(), &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    assert_eq!(bench.requests().len(), 2, "the write is sent once");
    assert_eq!(bench.cell("B8"), "Not Started");
    store.apply(&release(), &changes).await.unwrap();
    assert_eq!(bench.cell("B8"), "Pass");
}

/// Reads as a pass does: the StateBox, else the sheet.
async fn first_of(primary: &dyn StateStore, fallback: &dyn StateStore) -> Snapshot {
    match primary.read(&release()).await.unwrap() {
        Some(snapshot) => snapshot,
        None => read(fallback).await,
    }
}

#[tokio::test]
async fn a_statebox_that_appears_later_is_read_from_then_on() {
    let bench = Bench::with_tab().await;
    let folder = tempfile::tempdir().unwrap();
    let primary = LocalStore::open(&folder.path().join("state.git"), bench.world.clone()).unwrap();
    let fallback = bench.store();
    let begun = [set("stage-testing", TaskStatus::InProgress)];
    fallback.apply(&release(), &begun).await.unwrap();
    let before = first_of(&primary, &fallback).await;
    assert!(before.is_limited);

    primary.create(&document()).await.unwrap();
    bench.requests();
    let after = first_of(&primary, &fallback).await;
    assert!(!after.is_limited);
    assert!(
        bench.requests().is_empty(),
        "the sheet is not asked any more"
    );
    assert_eq!(bench.cell("B15"), "In Progress", "and keeps what it shows");
}
