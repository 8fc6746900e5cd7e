//! Two stores behind one.

use std::sync::Arc;

use oar_script::{
    error::Kind,
    release::TaskStatus,
    state::{StateStore, first::FirstOf, fixed::FixedStore, local::LocalStore},
};
use tempfile::TempDir;

use super::conformance::{self, document, issue, release, set};
use crate::support::services_world::ServicesWorld;

struct Pair {
    first: Arc<LocalStore>,
    second: Arc<LocalStore>,
    both: FirstOf,
    _folder: TempDir,
}

fn pair() -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| {
        let world = Arc::new(ServicesWorld::default());
        Arc::new(LocalStore::open(&folder.path().join(name), world).unwrap())
    };
    let (first, second) = (open("first.git"), open("second.git"));
    Pair {
        both: FirstOf::new(first.clone(), second.clone()),
        first,
        second,
        _folder: folder,
    }
}

#[tokio::test]
async fn a_store_in_front_of_an_empty_one_keeps_its_promises() {
    conformance::check_store(&pair().both).await;
}

#[tokio::test]
async fn a_release_is_read_and_changed_where_it_is_tracked() {
    let pair = pair();
    pair.second.create(&document()).await.unwrap();
    let changes = [set("stage-testing", TaskStatus::Pass)];
    pair.both.apply(&release(), &changes).await.unwrap();
    let read = pair.both.read(&release()).await.unwrap().unwrap();
    assert_eq!(read.document.status("stage-testing"), TaskStatus::Pass);
    assert!(pair.first.read(&release()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_release_tracked_in_the_second_store_gets_no_second_document() {
    let pair = pair();
    pair.second.create(&document()).await.unwrap();
    let error = pair.both.create(&document()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Conflict);
    assert!(pair.first.read(&release()).await.unwrap().is_none());
}

#[tokio::test]
async fn what_the_first_store_does_not_find_is_not_looked_for_in_the_second() {
    let pair = pair();
    pair.first.create(&document()).await.unwrap();
    pair.second.create(&document()).await.unwrap();
    pair.second
        .apply(&release(), &[issue("slow")])
        .await
        .unwrap();
    let resolve = oar_script::release::statebox::Change::ResolveIssue {
        text: "slow".to_owned(),
        resolution: "done".to_owned(),
    };
    let error = pair.both.apply(&release(), &[resolve]).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    let second = pair.second.read(&release()).await.unwrap().unwrap();
    assert!(!second.document.issues()[0].is_resolved);
}

#[tokio::test]
async fn a_refusal_of_the_second_store_is_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(ServicesWorld::default());
    let first = LocalStore::open(&folder.path().join("first.git"), world).unwrap();
    let second = FixedStore::new(document(), "a file");
    let both = FirstOf::new(Arc::new(first), Arc::new(second));
    let error = both.apply(&release(), &[issue("x")]).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
}
