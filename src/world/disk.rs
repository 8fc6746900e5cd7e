//! Files on the real disk, as both worlds write them: whole files replaced at once, readable by
//! their owner alone, and appends that are on the disk when they return.
//!
//! Errors such as a full or read-only disk come back as the system gave them.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where the disk is reached"
)]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Whether to wait until the disk has the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Safety {
    /// Returns once the bytes would survive a power cut.
    Synced,
    /// Returns once they would survive the end of the process.
    Written,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// Replaces a file as a whole; creates its folder.
pub(super) fn write(path: &Path, bytes: &[u8], safety: Safety) -> io::Result<()> {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let folder = folder_of(path);
    make_folder(folder)?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?
        .to_string_lossy();
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!(".{name}.{}-{number}.new", std::process::id()));
    let written = fill(&beside, bytes, safety)
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| sync_folder(folder, safety));
    if written.is_err() {
        // The trouble itself is what the caller must hear about, not a leftover.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Appends to a file; creates its folder.
pub(super) fn append(path: &Path, bytes: &[u8], safety: Safety) -> io::Result<()> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let is_new = !path.exists();
    let mut file = private(OpenOptions::new().append(true).create(true)).open(path)?;
    file.write_all(bytes)?;
    if safety == Safety::Synced {
        file.sync_data()?;
    }
    if is_new {
        sync_folder(folder, safety)?;
    }
    Ok(())
}

/// Keeps a file to this process until the guard is dropped; creates it and its folder.
pub(super) fn lock(path: &Path) -> io::Result<Box<dyn Send>> {
    make_folder(folder_of(path))?;
    let file = private(OpenOptions::new().append(true).create(true)).open(path)?;
    file.lock()?;
    Ok(Box::new(file))
}

/// Lists the files below a folder, sorted, relative to it; an absent folder is empty.
pub(super) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let entries = match fs::read_dir(folder.join(&below)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let path = below.join(entry.file_name());
            // Links to folders are not followed: they may lead in circles.
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn fill(path: &Path, bytes: &[u8], safety: Safety) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true)).open(path)?;
    file.write_all(bytes)?;
    if safety == Safety::Synced {
        file.sync_all()?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Makes a new name in a folder survive a power cut. Not every system can open a folder.
fn sync_folder(folder: &Path, safety: Safety) -> io::Result<()> {
    if safety == Safety::Synced && cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
