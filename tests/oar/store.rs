use super::{
    bench::{Bench, RELEASE},
    worksheet::add_tab,
};
use oar_script::{
    error::Kind,
    oar::store::ToolStore,
    release::{
        TaskStatus,
        statebox::{Change, StateBox},
    },
    sim::sheet,
    state::StateStore,
};

fn store(bench: &Bench) -> ToolStore {
    ToolStore::new(bench.oar.clone(), bench.world.clone())
}

fn passed(task: &str) -> Change {
    Change::SetTask {
        name: task.to_owned(),
        status: TaskStatus::Pass,
        result: Some("done".to_owned()),
        started_at: None,
        completed_at: None,
        is_reset: false,
    }
}

#[tokio::test]
async fn a_release_nobody_tracks_has_no_state() {
    let bench = Bench::new().await;
    let release = RELEASE.parse().unwrap();
    assert!(store(&bench).read(&release).await.unwrap().is_none());
    let error = store(&bench)
        .apply(&release, &[passed("stage-testing")])
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn changes_go_through_the_tools() {
    let bench = Bench::new().await;
    let release = RELEASE.parse().unwrap();
    let document = StateBox::new(&release, Default::default(), bench.world.clock.now());
    let store = store(&bench);
    store.create(&document).await.unwrap();
    assert_eq!(
        store.create(&document).await.unwrap_err().kind,
        Kind::Conflict
    );
    let issue = Change::AddIssue {
        text: "mirror is slow".to_owned(),
        is_blocker: true,
        related_tasks: vec!["stage-testing".to_owned()],
    };
    let snapshot = store
        .apply(&release, &[passed("stage-testing"), issue])
        .await
        .unwrap();
    assert!(!snapshot.is_limited);
    assert_eq!(snapshot.document.status("stage-testing"), TaskStatus::Pass);
    assert_eq!(
        snapshot.document.blocker_of("stage-testing").unwrap().text,
        "mirror is slow"
    );
    assert_eq!(snapshot.document.metadata().advisory_ids["rpm"], 180101);
}

#[tokio::test]
async fn a_change_that_alters_nothing_calls_nothing() {
    let bench = Bench::new().await;
    let release = RELEASE.parse().unwrap();
    bench.ask("oar_create_test_report").await;
    store(&bench)
        .apply(&release, &[passed("stage-testing")])
        .await
        .unwrap();
    store(&bench)
        .apply(&release, &[passed("stage-testing")])
        .await
        .unwrap();
    assert_eq!(bench.requests("oar_update_task_status"), 1);
}

#[tokio::test]
async fn without_a_statebox_there_are_the_sheets_statuses_only() {
    let bench = Bench::with(|documents| {
        add_tab(documents);
        sheet::type_into(documents, "4.20", RELEASE, "B8", "Pass");
    })
    .await;
    let release = RELEASE.parse().unwrap();
    let snapshot = store(&bench).read(&release).await.unwrap().unwrap();
    assert!(snapshot.is_limited);
    assert_eq!(snapshot.document.status("take-ownership"), TaskStatus::Pass);
    assert_eq!(
        snapshot.document.metadata().jira_ticket.as_deref(),
        Some("ART-30001")
    );
    let snapshot = store(&bench)
        .apply(&release, &[passed("stage-testing")])
        .await
        .unwrap();
    assert_eq!(snapshot.document.status("stage-testing"), TaskStatus::Pass);
    let issue = Change::AddIssue {
        text: "x".to_owned(),
        is_blocker: false,
        related_tasks: Vec::new(),
    };
    assert_eq!(
        store(&bench)
            .apply(&release, &[issue])
            .await
            .unwrap_err()
            .kind,
        Kind::Refused
    );
}
