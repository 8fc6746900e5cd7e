//! The store in a sheet: what it reads, writes and makes, and what that costs.

use oar_script::{
    error::Kind,
    release::{TaskStatus, sheet::Layout, statebox::Change},
    sim::sheet,
    state::StateStore,
};
use serde_json::json;

use super::sheet_bench::{Bench, RELEASE, document, metadata, read, release, reset, set};

const READ: &str = "GET 4.20/values:batchGet";
const WRITE: &str = "POST 4.20/values:batchUpdate";
const LOOK: &str = "GET 4.20";
const CHANGE: &str = "POST 4.20:batchUpdate";

#[tokio::test]
async fn reading_is_one_request_and_tells_statuses_only() {
    let bench = Bench::with_tab().await;
    bench.type_into(RELEASE, "B8", "Pass");
    bench.type_into(RELEASE, "B14", "In Progress");
    bench.type_into(RELEASE, "B15", "");
    let store = bench.store();
    let snapshot = read(&store).await;
    assert_eq!(bench.requests(), [READ]);
    assert!(snapshot.is_limited);
    assert_eq!(snapshot.document.status("take-ownership"), TaskStatus::Pass);
    assert_eq!(
        snapshot.document.status("push-to-cdn-staging"),
        TaskStatus::InProgress
    );
    assert_eq!(
        snapshot.document.status("stage-testing"),
        TaskStatus::NotStarted
    );
    assert_eq!(snapshot.document.metadata(), &metadata());
    assert!(snapshot.document.issues().is_empty());
    let link = format!(
        "https://docs.google.com/spreadsheets/d/{}",
        sheet::document_id("4.20")
    );
    assert_eq!(snapshot.link, Some(link));
    assert_eq!(read(&store).await.revision, snapshot.revision);
}

#[tokio::test]
async fn a_release_without_a_tab_has_no_state() {
    let bench = Bench::new().await;
    assert!(bench.store().read(&release()).await.unwrap().is_none());
    assert_eq!(bench.requests(), [READ]);
    let changes = [set("stage-testing", TaskStatus::Pass)];
    let error = bench.store().apply(&release(), &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(error.message, "4.20.1 has no tab");
}

#[tokio::test]
async fn a_y_stream_without_a_document_has_no_state_and_gets_none() {
    let bench = Bench::new().await;
    let newer = "4.21.3".parse().unwrap();
    assert!(bench.store().read(&newer).await.unwrap().is_none());
    let changes = [set("stage-testing", TaskStatus::Pass)];
    let error = bench.store().apply(&newer, &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(
        error.hint.as_deref(),
        Some("name its document in `sheets.documents.\"4.21\"`")
    );
    assert!(bench.requests().is_empty());
}

#[tokio::test]
async fn a_document_that_is_gone_is_no_missing_tab() {
    let bench = Bench::with(json!({"spreadsheets": {}})).await;
    let error = bench.store().read(&release()).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.message.contains("no document"), "{}", error.message);
}

#[tokio::test]
async fn changes_of_one_moment_are_one_read_and_one_write() {
    let bench = Bench::with_tab().await;
    let store = bench.store();
    read(&store).await;
    bench.requests();
    let changes = [
        set("take-ownership", TaskStatus::Pass),
        set("stage-testing", TaskStatus::Fail),
        set("image-signed-check", TaskStatus::InProgress),
    ];
    let written = store.apply(&release(), &changes).await.unwrap();
    assert_eq!(bench.requests(), [READ, WRITE]);
    assert_eq!(bench.cell("B8"), "Pass");
    assert_eq!(bench.cell("B15"), "Fail");
    assert_eq!(bench.cell("B16"), "In Progress");
    assert_eq!(bench.cell("B1"), "Red", "a failure in a shifted row counts");
    let read = read(&store).await;
    assert_eq!(written.document, read.document);
    assert_eq!(written.revision, read.revision);
    bench.requests();

    let again = store.apply(&release(), &changes).await.unwrap();
    assert_eq!(again.revision, written.revision);
    assert_eq!(bench.requests(), [READ], "nothing is left to write");
}

#[tokio::test]
async fn a_pass_is_taken_back_by_a_person_only() {
    let bench = Bench::with_tab().await;
    let store = bench.store();
    bench.type_into(RELEASE, "B15", "Pass");
    let changes = [
        set("take-ownership", TaskStatus::Pass),
        set("stage-testing", TaskStatus::InProgress),
    ];
    let error = store.apply(&release(), &changes).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert_eq!(bench.cell("B8"), "Not Started", "none of both is written");
    let changes = [reset("stage-testing", TaskStatus::NotStarted)];
    store.apply(&release(), &changes).await.unwrap();
    assert_eq!(bench.cell("B15"), "Not Started");
}

#[tokio::test]
async fn what_only_a_statebox_keeps_is_refused() {
    let bench = Bench::with_tab().await;
    let store = bench.store();
    let until = "2027-03-01T10:00:00Z".parse().unwrap();
    let name = || "stage-testing".to_owned();
    for change in [
        Change::AddIssue {
            text: "slow".into(),
            is_blocker: true,
            related_tasks: Vec::new(),
        },
        Change::ResolveIssue {
            text: "slow".into(),
            resolution: "fast".into(),
        },
        Change::PatchMetadata(serde_json::Map::new()),
        Change::Claim {
            task: name(),
            token: "t".into(),
            holder: "lead".into(),
            until,
        },
        set("create-test-report", TaskStatus::Pass),
        set("check-greenwave-cvp-tests", TaskStatus::Pass),
    ] {
        let changes = [set("stage-testing", TaskStatus::Pass), change];
        let error = store.apply(&release(), &changes).await.unwrap_err();
        assert_eq!(error.kind, Kind::Refused);
        assert!(error.hint.unwrap().contains("StateBox"));
    }
    assert_eq!(bench.cell("B15"), "Not Started");
    assert_eq!(bench.cell("B13"), "Not Started");
}

#[tokio::test]
async fn a_new_tab_is_one_change_of_the_document() {
    let bench = Bench::new().await;
    let mut document = document();
    let now = "2027-03-01T09:00:00Z".parse().unwrap();
    document
        .apply(&set("take-ownership", TaskStatus::Pass), now)
        .unwrap();
    let created = bench.store().create(&document).await.unwrap();
    assert_eq!(bench.requests(), [LOOK, READ, CHANGE]);
    assert!(created.is_limited);
    assert_eq!(created.document.status("take-ownership"), TaskStatus::Pass);
    assert_eq!(bench.cell("B8"), "Pass");
    assert_eq!(bench.cell("B9"), "Not Started");
    assert_eq!(bench.cell("B1"), "Green");
    assert_eq!(
        bench.cell("A15"),
        "Stage testing",
        "labels are the template's"
    );
    assert_eq!(
        bench.cell("B2"),
        "rpm: 180101\nrhcos: 180102\nhttps://gitlab.example.com/-/merge_requests/901"
    );
    assert_eq!(
        bench.cell("B3"),
        "x86_64: 4.20.0-0.nightly-2027-02-27-010203"
    );
    bench.tab(|tab| {
        let link = "=HYPERLINK(\"https://redhat.atlassian.net/browse/ART-30001\",\"ART-30001\")";
        assert_eq!(tab["cells"]["B4"]["formula"], link);
        let runs = tab["cells"]["B2"]["runs"].as_array().unwrap();
        let starts: Vec<_> = runs
            .iter()
            .map(|run| run["startIndex"].as_u64().unwrap_or(0))
            .collect();
        assert_eq!(starts, [0, 5, 12, 19, 26]);
        assert_eq!(
            runs[1]["format"]["link"]["uri"],
            "https://errata.devel.redhat.com/advisory/180101"
        );
        let sippy = tab["cells"]["A26"]["formula"].as_str().unwrap();
        assert!(sippy.ends_with("\"4.20-qe-main\")"), "{sippy}");
        assert_eq!(tab["cells"]["A21"]["value"], "Blocking jobs");
    });
    let read = read(&bench.store()).await;
    assert_eq!(read.revision, created.revision);
}

#[tokio::test]
async fn a_tab_that_is_there_is_not_made_again() {
    let bench = Bench::with_tab().await;
    let error = bench.store().create(&document()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert_eq!(error.message, "4.20.1 has a tab already");
    assert_eq!(bench.requests(), [LOOK]);
}

#[tokio::test]
async fn of_two_who_make_a_tab_at_once_one_is_told_so() {
    let bench = Bench::new().await;
    let (one, other) = (bench.store(), bench.store());
    let document = document();
    let (one, other) = tokio::join!(one.create(&document), other.create(&document));
    let kinds: Vec<_> = [one, other]
        .into_iter()
        .filter_map(|ended| ended.err().map(|error| error.kind))
        .collect();
    assert_eq!(kinds, [Kind::Conflict]);
    let count = bench.state.read(|stored| {
        let id = sheet::document_id("4.20");
        let tabs = &stored.documents["sheets"]["spreadsheets"][id]["tabs"];
        tabs.as_array().unwrap().len()
    });
    assert_eq!(count, 2, "the template and one tab");
}

#[tokio::test]
async fn a_failed_creation_leaves_no_half_tab() {
    let bench = Bench::new().await;
    bench.fault("update", "status:503", 1);
    let error = bench.store().create(&document()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Busy);
    assert!(!bench.has_tab());
    bench.store().create(&document()).await.unwrap();
    assert!(bench.has_tab());
}

#[tokio::test]
async fn a_missing_template_is_named() {
    let bench = Bench::new().await;
    bench.change(|document| document["tabs"][0]["title"] = "Template".into());
    let error = bench.store().create(&document()).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(error.message, "the sheet of 4.20 has no tab `template`");
    assert!(error.hint.unwrap().contains("template"));
}

#[tokio::test]
async fn a_template_of_the_other_flow_is_refused_before_anything_is_made() {
    let mut documents = json!({});
    sheet::add_document(&mut documents, &release(), Layout::Errata);
    let bench = Bench::with(documents["sheets"].take()).await;
    let error = bench.store().create(&document()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("A14 says"), "{}", error.message);
    assert!(!bench.has_tab());
}
