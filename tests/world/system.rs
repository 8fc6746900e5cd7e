//! The real world's files.

use std::{collections::HashMap, io, path::PathBuf, sync::Arc};

use oar_script::world::{Unattended, World, system::SystemWorld};

fn world() -> SystemWorld {
    SystemWorld::new(Arc::new(Unattended), HashMap::new())
}

#[test]
fn a_write_replaces_the_whole_file_and_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/er/state.json");
    world().write(&file, b"a long first text").unwrap();
    world().write(&file, b"short").unwrap();
    assert_eq!(world().read(&file).unwrap(), b"short");
    let files = world().list(folder.path()).unwrap();
    assert_eq!(files, [PathBuf::from("deep/er/state.json")]);
}

#[cfg(unix)]
#[test]
fn files_are_readable_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    for name in ["written", "appended"] {
        let file = folder.path().join(name);
        if name == "written" {
            world().write(&file, b"x").unwrap();
        } else {
            world().append(&file, b"x").unwrap();
        }
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn appends_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs/journal");
    world().append(&file, b"one\n").unwrap();
    world().append(&file, b"two\n").unwrap();
    assert_eq!(world().read(&file).unwrap(), b"one\ntwo\n");
}

#[test]
fn an_absent_folder_lists_as_empty_and_an_absent_file_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent");
    assert!(world().list(&absent).unwrap().is_empty());
    let error = world().read(&absent).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
}

#[test]
fn listing_is_sorted_over_folders() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b/2", "a", "b/1", "c/d/e"] {
        world().write(&folder.path().join(name), b"").unwrap();
    }
    let files = world().list(folder.path()).unwrap();
    assert_eq!(files, ["a", "b/1", "b/2", "c/d/e"].map(PathBuf::from));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_comes_back_as_the_system_says_it() {
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let error = world().append(full, b"x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}

#[test]
fn odd_variable_names_are_absent_instead_of_a_panic() {
    for name in ["", "A=B", "A\0B"] {
        assert_eq!(world().env(name), None, "{name:?}");
    }
}

#[test]
fn fresh_identities_differ() {
    assert_ne!(world().fresh_id(), world().fresh_id());
}
