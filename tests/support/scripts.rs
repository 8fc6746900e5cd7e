//! Small shell scripts that stand for programs of this machine.
#![expect(
    clippy::disallowed_methods,
    reason = "a program is a file that can be executed"
)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Writes a shell script that can be executed.
///
/// It is put there by another process: a file that this one still holds open for writing, in a child
/// that another test has just forked, could not be executed.
pub fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
    let draft = folder.join(format!("{name}.draft"));
    fs::write(&draft, format!("#!/bin/sh\n{body}\n")).expect("a written file");
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).expect("permissions");
    let path = folder.join(name);
    let copied = Command::new("cp").arg("-p").arg(&draft).arg(&path).status();
    assert!(copied.expect("`cp` runs").success());
    path
}

/// Whether a process runs; one that has ended and was not asked for its code does not.
pub fn is_alive(id: &str) -> bool {
    let text = fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    let state = text.rsplit(") ").next().unwrap_or_default();
    !state.is_empty() && !state.starts_with(['Z', 'X'])
}

/// The text of a file, once it has a whole line.
pub async fn line_in(file: &Path) -> String {
    loop {
        match fs::read_to_string(file) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => moment().await,
        }
    }
}

/// Waits until a process is gone.
pub async fn gone(id: &str) {
    while is_alive(id) {
        moment().await;
    }
}

/// Other processes have the real clock alone.
async fn moment() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}
