//! Reading from a clone on this machine.

use std::path::Path;

use git2::{IndexEntry, IndexTime, Repository, Signature};
use oar_script::{error::Kind, services::github::LocalClone};
use tempfile::TempDir;

const REPOSITORY: &str = "openshift/release-tests";

/// Commits one file to a branch, without a work tree.
fn commit(repository: &Repository, branch: &str, path: &str, text: &str) {
    let reference = format!("refs/heads/{branch}");
    let parent = repository
        .find_reference(&reference)
        .ok()
        .map(|reference| reference.peel_to_commit().unwrap());
    let mut index = git2::Index::new().unwrap();
    if let Some(parent) = &parent {
        index.read_tree(&parent.tree().unwrap()).unwrap();
    }
    let entry = IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: repository.blob(text.as_bytes()).unwrap(),
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    };
    index.add(&entry).unwrap();
    let tree = index.write_tree_to(repository).unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let who = Signature::now("Tester", "tester@example.com").unwrap();
    let parents: Vec<_> = parent.iter().collect();
    repository
        .commit(Some(&reference), &who, &who, "change", &tree, &parents)
        .unwrap();
}

/// A folder with an origin named like the real repository, and a clone of it.
fn origin_and_clone() -> (TempDir, Repository, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(REPOSITORY);
    let origin = Repository::init_bare(&path).unwrap();
    commit(&origin, "record", "_releases/a.json", "one");
    let clone = Repository::init(folder.path().join("clone")).unwrap();
    clone
        .remote("other", "https://example.com/fork.git")
        .unwrap();
    clone.remote("upstream", path.to_str().unwrap()).unwrap();
    (folder, origin, clone)
}

fn reader(folder: &Path) -> LocalClone {
    LocalClone::new(folder, REPOSITORY)
}

#[tokio::test]
async fn the_remote_is_found_by_its_address_and_fetched_when_near() {
    let (_folder, origin, clone) = origin_and_clone();
    let reader = reader(clone.path());
    let read = async |path: &str| reader.file(path, "record").await.unwrap();
    assert_eq!(read("_releases/a.json").await.unwrap().text, "one");
    commit(&origin, "record", "_releases/a.json", "two");
    assert_eq!(read("_releases/a.json").await.unwrap().text, "two");
    assert_eq!(read("_releases/b.json").await, None);
}

#[tokio::test]
async fn a_local_branch_serves_when_there_is_no_remote() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init(folder.path()).unwrap();
    commit(&repository, "record", "hello", "hello\n");
    let file = reader(folder.path()).file("hello", "record").await.unwrap();
    assert_eq!(
        file.unwrap().sha,
        "ce013625030ba8dba906f756967f9e9ca394464a"
    );
}

#[tokio::test]
async fn a_missing_branch_says_how_to_get_it() {
    let (_folder, _, clone) = origin_and_clone();
    let error = reader(clone.path()).file("a", "nothing").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("fetch upstream nothing"));
}

#[tokio::test]
async fn what_is_no_file_or_no_clone_is_said() {
    let (folder, _, clone) = origin_and_clone();
    let error = reader(clone.path())
        .file("_releases", "record")
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    let error = reader(&folder.path().join("absent"))
        .file("a", "record")
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("github.local_clone"));
}
