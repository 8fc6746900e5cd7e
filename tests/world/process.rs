//! Programs of this machine: shell scripts written by each test.
#![expect(
    clippy::disallowed_methods,
    reason = "what a script has done is looked at on the disk"
)]

use std::{
    collections::HashMap,
    fs, io,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use oar_script::world::{
    Unattended, World,
    process::{Command, Exit, LONGEST_LINE},
    system::SystemWorld,
};
use tempfile::TempDir;

use crate::support::scripts::{gone, is_alive, line_in, script};

/// Long enough for anything that ends by itself, on a machine with much else to do.
const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(300);

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn command(program: &Path, arguments: &[&str]) -> Command {
    Command {
        program: program.into(),
        arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
        environment: vec![("PATH", std::env::var("PATH").unwrap().into())],
        limit: LONG,
        grace: LONG,
    }
}

fn world() -> SystemWorld {
    SystemWorld::new(Arc::new(Unattended), HashMap::new())
}

async fn run(command: &Command) -> (io::Result<Exit>, Vec<String>) {
    let lines = Mutex::new(Vec::new());
    let listener = |line: &str| lines.lock().unwrap().push(line.to_owned());
    let exit = world().run(command, &listener).await;
    (exit, lines.into_inner().unwrap())
}

/// Runs a script with this body.
async fn run_script(body: &str) -> (Exit, Vec<String>) {
    let folder = folder();
    let (exit, lines) = run(&command(&script(folder.path(), "program", body), &[])).await;
    (exit.unwrap(), lines)
}

#[tokio::test]
async fn a_line_is_heard_when_it_is_printed() {
    let folder = folder();
    let go = folder.path().join("go");
    // It prints the second line only when somebody has heard the first.
    let body = format!(
        "echo one; until [ -e {} ]; do sleep 0.01; done; echo two",
        go.display()
    );
    let lines = Mutex::new(Vec::new());
    let listener = |line: &str| {
        fs::write(&go, "").unwrap();
        lines.lock().unwrap().push(line.to_owned());
    };
    let program = script(folder.path(), "program", &body);
    let exit = world().run(&command(&program, &[]), &listener).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert_eq!(lines.into_inner().unwrap(), ["one", "two"]);
}

#[tokio::test]
async fn both_outputs_are_one_stream_in_their_order() {
    let (_, lines) = run_script("echo a; echo b >&2; echo c; echo d >&2").await;
    assert_eq!(lines, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn the_code_is_that_of_the_program() {
    for code in [0, 1, 2, 77] {
        let (exit, _) = run_script(&format!("exit {code}")).await;
        assert_eq!(exit, Exit::Code(code));
    }
    let (exit, lines) = run_script("echo last words; kill -9 $$").await;
    assert_eq!(exit, Exit::Signal(9));
    assert_eq!(lines, ["last words"]);
}

#[tokio::test]
async fn lines_end_as_they_may() {
    let (_, lines) = run_script(r"printf 'one\r\n\ntwo\nno end'").await;
    assert_eq!(lines, ["one", "", "two", "no end"]);
}

#[tokio::test]
async fn what_is_no_text_is_replaced() {
    let (_, lines) = run_script(r"printf 'a\377\376b\nplain\n'").await;
    assert_eq!(lines, ["a\u{fffd}\u{fffd}b", "plain"]);
}

#[tokio::test]
async fn a_line_without_end_takes_no_more_room_than_any() {
    let (exit, lines) = run_script("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo next").await;
    assert_eq!(exit, Exit::Code(0));
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].len(), LONGEST_LINE);
    assert_eq!(lines[1], "next");
}

#[tokio::test]
async fn words_are_no_shell() {
    let folder = folder();
    let program = script(folder.path(), "program", r#"printf '%s\n' "$@""#);
    let words = [
        "$(touch made)",
        "`id`; rm -r *",
        "two words",
        "",
        "ä'\"\\",
        "--",
    ];
    let (_, lines) = run(&command(&program, &words)).await;
    assert_eq!(lines, words);
}

#[tokio::test]
async fn the_environment_is_what_is_given_and_nothing_else() {
    let mut command = command(Path::new("env"), &[]);
    command
        .environment
        .push(("KRB5CCNAME", "FILE:/tmp/made-up".into()));
    let (_, mut lines) = run(&command).await;
    lines.sort();
    let path = format!("PATH={}", std::env::var("PATH").unwrap());
    assert_eq!(lines, ["KRB5CCNAME=FILE:/tmp/made-up".to_owned(), path]);
}

#[tokio::test]
async fn nothing_can_be_typed() {
    let (exit, lines) = run_script("read answer || echo nobody").await;
    assert_eq!(exit, Exit::Code(0));
    assert_eq!(lines, ["nobody"]);
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let folder = folder();
    let missing = folder.path().join("missing");
    let plain = folder.path().join("plain");
    fs::write(&plain, "echo").unwrap();
    for (program, kind) in [
        (missing.as_path(), io::ErrorKind::NotFound),
        (
            Path::new("no-such-program-anywhere"),
            io::ErrorKind::NotFound,
        ),
        (plain.as_path(), io::ErrorKind::PermissionDenied),
        (folder.path(), io::ErrorKind::PermissionDenied),
    ] {
        let (exit, lines) = run(&command(program, &[])).await;
        assert_eq!(exit.unwrap_err().kind(), kind, "{}", program.display());
        assert!(lines.is_empty());
    }
}

/// A script that writes its own id and that of something it starts, and goes on for ever.
fn endless(folder: &Path, prelude: &str) -> Command {
    let ids = folder.join("ids");
    let body = format!(
        "{prelude}\nsleep 1000 &\necho $$ $! > {0}.new; mv {0}.new {0}; echo ready\nwhile :; do sleep 1000; done",
        ids.display()
    );
    command(&script(folder, "program", &body), &[])
}

async fn all_gone(folder: &Path) {
    let ids = line_in(&folder.join("ids")).await;
    assert_eq!(ids.split_whitespace().count(), 2);
    for id in ids.split_whitespace() {
        gone(id).await;
    }
}

#[tokio::test]
async fn a_program_that_runs_too_long_is_ended_with_all_it_started() {
    let folder = folder();
    let command = Command {
        limit: SHORT,
        ..endless(folder.path(), "")
    };
    // On a slow machine the time may be over before it said anything.
    let (exit, _) = loop {
        let ran = run(&command).await;
        if !ran.1.is_empty() {
            break ran;
        }
    };
    assert_eq!(exit.unwrap(), Exit::Late);
    all_gone(folder.path()).await;
}

#[tokio::test]
async fn a_program_that_does_not_want_to_end_is_killed() {
    let folder = folder();
    let command = Command {
        limit: SHORT,
        grace: SHORT,
        ..endless(folder.path(), "trap '' TERM")
    };
    let (exit, _) = loop {
        let ran = run(&command).await;
        if !ran.1.is_empty() {
            break ran;
        }
    };
    assert_eq!(exit.unwrap(), Exit::Late);
    all_gone(folder.path()).await;
}

#[tokio::test]
async fn a_program_may_say_something_when_it_is_ended() {
    let folder = folder();
    // It waits in the shell itself, so that nothing else is ended.
    let body = "trap 'echo interrupted; exit 3' TERM\necho ready\nwhile :; do :; done";
    let command = Command {
        limit: Duration::from_secs(2),
        ..command(&script(folder.path(), "program", body), &[])
    };
    let (exit, lines) = run(&command).await;
    assert_eq!(exit.unwrap(), Exit::Late);
    assert_eq!(lines, ["ready", "interrupted"]);
}

#[tokio::test]
async fn a_program_nobody_waits_for_any_more_is_ended() {
    let folder = folder();
    for prelude in ["", "trap '' TERM"] {
        let _ = fs::remove_file(folder.path().join("ids"));
        let command = Command {
            grace: SHORT,
            ..endless(folder.path(), prelude)
        };
        let ids = folder.path().join("ids");
        tokio::select! {
            _ = run(&command) => panic!("it goes on for ever"),
            _ = line_in(&ids) => {}
        }
        all_gone(folder.path()).await;
    }
}

#[test]
fn a_program_does_not_outlive_the_one_that_started_it() {
    let folder = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ids = runtime.block_on(async {
        let command = endless(folder.path(), "trap '' TERM");
        let ids = folder.path().join("ids");
        tokio::select! {
            _ = run(&command) => panic!("it goes on for ever"),
            ids = line_in(&ids) => ids,
        }
    });
    assert!(ids.split_whitespace().all(is_alive));
    drop(runtime);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(all_gone(folder.path()));
}

#[tokio::test]
async fn what_a_program_leaves_behind_is_not_waited_for() {
    let folder = folder();
    let id = folder.path().join("id");
    let body = format!("sleep 1000 & echo $! > {}; echo done", id.display());
    let (exit, lines) = run(&command(&script(folder.path(), "program", &body), &[])).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert_eq!(lines, ["done"]);
    let id = line_in(&id).await;
    assert!(is_alive(&id), "a background process may outlive its parent");
    let id = rustix::process::Pid::from_raw(id.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
}
