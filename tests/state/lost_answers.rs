//! Writes whose answer was lost: they are looked for before they are made again.

use oar_script::{
    error::Kind,
    release::TaskStatus,
    state::{Snapshot, StateStore},
};

use super::{
    conformance::{document, issue, release, resolve, set},
    github::{fail, text},
    world::Outside,
};

fn issues(snapshot: &Snapshot) -> Vec<(&str, bool)> {
    let issues = snapshot.document.issues().iter();
    issues
        .map(|issue| (issue.text.as_str(), issue.is_resolved))
        .collect()
}

/// Lets a neighbour act when the next write has been answered.
fn afterwards(outside: &Outside, changes: Vec<oar_script::release::statebox::Change>) {
    let (other, runtime) = (outside.neighbour(), tokio::runtime::Handle::current());
    outside.afterwards.push(move || {
        let release = release();
        let writing = other.apply(&release, &changes);
        tokio::task::block_in_place(|| runtime.block_on(writing)).unwrap();
    });
}

#[tokio::test]
async fn a_lost_answer_is_looked_up() {
    for fault in ["reset", "truncated", "malformed", "wrong_type"] {
        let outside = Outside::new(Some(&text())).await;
        fail(&outside.state, "write", fault, 1);
        let changes = [issue("one"), set("take-ownership", TaskStatus::Pass)];
        let store = outside.store();
        let written = store.apply(&release(), &changes).await.unwrap();
        assert_eq!(issues(&written), [("one", false)], "{fault}");
        assert_eq!(outside.subjects().len(), 1, "{fault}");
        let read = store.read(&release()).await.unwrap().unwrap();
        assert_eq!(read.revision, written.revision);
    }
}

#[tokio::test]
async fn a_write_that_never_arrived_is_made_again() {
    for fault in ["refused", "status:502", "status:500", "html"] {
        let outside = Outside::new(Some(&text())).await;
        fail(&outside.state, "write", fault, 2);
        let store = outside.store();
        let written = store.apply(&release(), &[issue("one")]).await.unwrap();
        assert_eq!(issues(&written), [("one", false)], "{fault}");
        assert_eq!(outside.subjects(), ["Add issue: one"], "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_whose_answer_was_lost_and_that_was_resolved_at_once_is_there_once() {
    let outside = Outside::new(Some(&text())).await;
    fail(&outside.state, "write", "reset", 1);
    afterwards(&outside, vec![resolve("one")]);
    let written = outside
        .store()
        .apply(&release(), &[issue("one")])
        .await
        .unwrap();
    assert_eq!(issues(&written), [("one", true)]);
    assert_eq!(outside.subjects(), ["Add issue: one", "Resolve issue: one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_never_arrived_while_others_wrote_is_made_on_top_of_theirs() {
    let outside = Outside::new(Some(&text())).await;
    fail(&outside.state, "write", "refused", 1);
    afterwards(&outside, vec![issue("theirs")]);
    let written = outside
        .store()
        .apply(&release(), &[issue("ours")])
        .await
        .unwrap();
    assert_eq!(issues(&written), [("theirs", false), ("ours", false)]);
    assert_eq!(outside.subjects(), ["Add issue: theirs", "Add issue: ours"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_answer_was_lost_and_that_others_finished_is_no_error() {
    let outside = Outside::new(Some(&text())).await;
    fail(&outside.state, "write", "reset", 1);
    afterwards(&outside, vec![set("stage-testing", TaskStatus::Pass)]);
    let running = [set("stage-testing", TaskStatus::InProgress)];
    let written = outside.store().apply(&release(), &running).await.unwrap();
    assert_eq!(written.document.status("stage-testing"), TaskStatus::Pass);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_whose_answer_was_lost_is_ours() {
    for is_changed_at_once in [false, true] {
        let outside = Outside::new(None).await;
        fail(&outside.state, "write", "reset", 1);
        if is_changed_at_once {
            afterwards(&outside, vec![issue("theirs")]);
        }
        let created = outside.store().create(&document()).await.unwrap();
        let subjects = outside.subjects();
        assert_eq!(subjects[0], "Initialize StateBox for release 4.20.1");
        assert_eq!(subjects.len(), 1 + usize::from(is_changed_at_once));
        assert_eq!(created.document.to_yaml(), outside.text());
    }
}

#[tokio::test]
async fn a_creation_that_never_arrived_is_made_again() {
    let outside = Outside::new(None).await;
    fail(&outside.state, "write", "refused", 1);
    outside.store().create(&document()).await.unwrap();
    assert_eq!(outside.text(), text());
}

#[tokio::test]
async fn when_nobody_can_say_the_error_is_ambiguous() {
    let outside = Outside::new(Some(&text())).await;
    fail(&outside.state, "write", "refused", 100);
    let changes = [issue("one")];
    let error = outside
        .store()
        .apply(&release(), &changes)
        .await
        .unwrap_err();
    assert!(error.is_ambiguous && error.is_retryable(), "{error:?}");
    assert!(error.hint.unwrap().contains("look at the document"));

    let outside = Outside::new(Some(&text())).await;
    fail(&outside.state, "write", "reset", 1);
    let store = outside.store();
    store.read(&release()).await.unwrap();
    fail(&outside.state, "file", "status:503", 100);
    let error = store.apply(&release(), &changes).await.unwrap_err();
    assert!(error.is_ambiguous, "{error:?}");
}

#[tokio::test]
async fn asking_for_less_is_handed_on_with_its_time() {
    let outside = Outside::new(Some(&text())).await;
    fail(&outside.state, "write", "secondary_limit:90", 1);
    let store = outside.store();
    let error = store.apply(&release(), &[issue("one")]).await.unwrap_err();
    assert_eq!((error.kind, error.is_ambiguous), (Kind::Busy, false));
    assert_eq!(error.retry_after.map(|wait| wait.as_secs()), Some(90));
    assert_eq!(outside.text(), text());
}
