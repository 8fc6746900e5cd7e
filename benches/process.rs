//! Whole processes: how soon an answer is there.
#![expect(
    clippy::disallowed_methods,
    reason = "it measures the program from outside"
)]

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use super::{
    release::RELEASE,
    table::{self, Times, verdict},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_oar-script");
const STATEBOX: &str = "tests/fixtures/statebox/4.14.64.yaml";

/// Prints how long commands take from their start to their end, and how that compares with a process
/// that does nothing.
pub fn measure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let nothing = Times::of(20, || timed(&mut Command::new("true")).0);
    let statebox = Path::new(env!("CARGO_MANIFEST_DIR")).join(STATEBOX);
    let statebox = statebox.display().to_string();
    let mut rows = vec![vec!["true".to_owned(), nothing.text(), "1.0".to_owned()]];
    let mut add = |name: &str, times: &Times, most_ms: Option<u64>| {
        let ratio = times.median().as_secs_f64() / nothing.median().as_secs_f64();
        let mut row = vec![name.to_owned(), times.text(), format!("{ratio:.1}")];
        if let Some(most_ms) = most_ms {
            row.push(format!("≤ {most_ms} ms"));
            row.push(verdict(times.median() <= Duration::from_millis(most_ms)));
        }
        rows.push(row);
    };
    for (words, most_ms) in [
        (vec!["--version"], Some(10)),
        (vec!["--help"], None),
        (vec!["plan", "--statebox", &statebox], Some(50)),
        (vec!["status", "--statebox", &statebox], None),
    ] {
        let times = Times::of(20, || timed(&mut program(&words, folder)).0);
        let name = words.join(" ").replace(&statebox, "FILE");
        add(&name, &times, most_ms);
    }
    let drive = ["drive.rhai", RELEASE, "--sim", "--watch"];
    let new: Vec<_> = [&drive[..], &["--sim-reset"]].concat();
    let times = Times::of(5, || complete(&mut program(&new, folder)));
    add(
        "drive.rhai --sim --watch, whole release",
        &times,
        Some(2_000),
    );
    let times = Times::of(5, || complete(&mut program(&drive, folder)));
    add("the same again, nothing to do", &times, None);
    let header = ["process", "took", "times `true`", "target", ""];
    table::print("whole processes", &header, &rows);
}

fn program(words: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(words);
    command.arg("--state-dir").arg(folder);
    command.current_dir(folder);
    command
}

/// A run that must end with a complete release.
fn complete(command: &mut Command) -> Duration {
    let (took, code) = timed(command);
    assert_eq!(code, Some(0), "the release is not complete");
    took
}

/// How long a process takes, and its exit code, which is not that of an error.
fn timed(command: &mut Command) -> (Duration, Option<i32>) {
    command.stdin(Stdio::null());
    command.stdout(Stdio::null());
    command.stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().expect("a program that can be started");
    let took = began.elapsed();
    let is_error = matches!(status.code(), None | Some(1 | 2));
    assert!(!is_error, "{command:?} ended with {status}");
    (took, status.code())
}
