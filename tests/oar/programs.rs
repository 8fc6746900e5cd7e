//! The programs of the Python tool as a backend: shell scripts stand for them.
#![expect(
    clippy::disallowed_methods,
    reason = "what a script has done is looked at on the disk"
)]

use std::{fs, sync::Arc, time::Duration};

use oar_script::{
    call::{Control, Session},
    error::{Error, Kind, Result},
    http::Http,
    oar::{
        backend::{Answer, Oar},
        cli::Programs,
        outcome::Attempt,
    },
    release::Ending,
    world::What,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{
    scripts::{gone, line_in, script},
    services_world::ServicesWorld,
};

const RELEASE: &str = "4.20.1";
const SECRET: &str = "canary-5f2e91";

/// A folder with programs, and the tools over them.
struct Shelf {
    folder: TempDir,
    world: Arc<ServicesWorld>,
    http: Http,
}

impl Shelf {
    /// A shelf whose `oar` does this.
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        script(folder.path(), "oar", body);
        let world = ServicesWorld::default()
            .env("PATH", &std::env::var("PATH").unwrap())
            .env("GITHUB_TOKEN", SECRET)
            .env("JIRA_TOKEN", &format!("{SECRET}-2"))
            .env("JIRA_USERNAME", "lead@example.com")
            .env("GCP_SA_FILE", "/keys/sa.json")
            .env("GCS_CRED_FILE", "/keys/gcs.json")
            .env("AWS_SECRET_ACCESS_KEY", "not-for-programs");
        let world = Arc::new(world);
        Self {
            folder,
            http: Http::new(world.clone()).unwrap(),
            world,
        }
    }

    fn programs(&self) -> Programs {
        Programs::new(self.http.clone()).within(Some(self.folder.path().to_owned()))
    }

    fn oar(&self) -> Oar {
        Oar::new(Arc::new(self.programs()))
    }

    async fn call(&self, tool: &str, arguments: Value) -> Result<Answer> {
        self.oar().call(tool, &arguments).await
    }

    /// Calls a tool for the release.
    async fn ask(&self, tool: &str) -> Result<Answer> {
        self.call(tool, json!({ "release": RELEASE })).await
    }

    /// What was shown while it ran.
    fn shown(&self) -> Vec<String> {
        let events = self.world.events.lock().unwrap();
        events
            .iter()
            .filter_map(|event| match &event.what {
                What::Output(line) => Some(line.clone()),
                _ => None,
            })
            .collect()
    }
}

/// Prints a log with these messages, and then this, and ends with this code.
fn logs(messages: &[&str], last: &str, code: u8) -> String {
    let lines: Vec<_> = messages
        .iter()
        .map(|message| format!("2027-03-01T09:00:00Z: {message}"))
        .chain((!last.is_empty()).then(|| last.to_owned()))
        .collect();
    format!("cat >&2 <<'END'\n{}\nEND\nexit {code}", lines.join("\n"))
}

#[tokio::test]
async fn an_answer_has_the_form_of_the_server() {
    let shelf = Shelf::new(&logs(
        &[
            "INFO: task [Image Signed Check] status is changed to [In Progress]",
            "INFO: task [Image Signed Check] status is changed to [Pass]",
        ],
        "",
        0,
    ));
    let answer = shelf.ask("image_signed_check").await.unwrap();
    assert_eq!(
        answer.text,
        "✓ Command succeeded\n\n\
         2027-03-01T09:00:00Z: INFO: task [Image Signed Check] status is changed to [In Progress]\n\
         2027-03-01T09:00:00Z: INFO: task [Image Signed Check] status is changed to [Pass]"
    );
    assert_eq!(answer.outcome.unwrap().status, Ending::Pass);
    assert_eq!(answer.attempt, Some(Attempt::Ended));
    assert_eq!(shelf.http.counts()["oar"], 1);
}

#[tokio::test]
async fn a_command_that_prints_nothing_succeeded_all_the_same() {
    let shelf = Shelf::new("true");
    let answer = shelf.ask("create_test_report").await.unwrap();
    assert_eq!(answer.text, "✓ Command succeeded");
}

#[tokio::test]
async fn a_line_is_shown_when_it_is_printed() {
    let shelf = Shelf::new("echo one; echo two >&2");
    shelf.ask("create_test_report").await.unwrap();
    assert_eq!(shelf.shown(), ["one", "two"]);
}

#[tokio::test]
async fn an_exception_fails_the_task_with_its_message() {
    let shelf = Shelf::new(&logs(
        &[
            "INFO: task [Take Ownership] status is changed to [In Progress]",
            "ERROR: take ownership of advisory and jira subtasks failed\n\
             Traceback (most recent call last):\n  File \"x.py\", line 1, in y\nException: deeper",
            "INFO: task [Take Ownership] status is changed to [Fail]",
        ],
        "user nobody@example.com is not known",
        1,
    ));
    let arguments = json!({ "release": RELEASE, "email": "nobody@example.com" });
    let answer = shelf.call("take_ownership", arguments).await.unwrap();
    assert!(
        answer
            .text
            .starts_with("✗ Command failed (exit code 1)\n\n2027-"),
        "{}",
        answer.text
    );
    let outcome = answer.outcome.unwrap();
    assert_eq!(outcome.status, Ending::Fail);
    assert_eq!(outcome.reason, "user nobody@example.com is not known");
    let kept = outcome.output.unwrap();
    assert!(kept.ends_with("status is changed to [Fail]"), "{kept}");
}

#[tokio::test]
async fn a_job_that_runs_after_a_failure_is_not_lost() {
    let shelf = Shelf::new(&logs(
        &[
            "INFO: task [Image Consistency Check] status is changed to [In Progress]",
            "INFO: Triggered image consistency check Prow job: 0c4b0b5e-8a4f-4d1a-9f0e-1f2a3b4c5d6e",
            "ERROR: Failed to trigger image consistency check Prow job: share prow job url failed",
            "INFO: task [Image Consistency Check] status is changed to [Fail]",
        ],
        "share prow job url failed",
        1,
    ));
    let answer = shelf.ask("image_consistency_check").await.unwrap();
    let outcome = answer.outcome.unwrap();
    assert_eq!(outcome.status, Ending::InProgress);
    assert_eq!(
        outcome.remote.unwrap().id,
        "0c4b0b5e-8a4f-4d1a-9f0e-1f2a3b4c5d6e"
    );
}

#[tokio::test]
async fn a_usage_error_is_told_in_the_words_of_the_program() {
    let body = "cat >&2 <<'END'\nUsage: oar take-ownership [OPTIONS]\nTry 'oar take-ownership -h' for help.\n\n\
                Error: Invalid value for '-e' / '--email': foo is not a valid email\nEND\nexit 2";
    let shelf = Shelf::new(body);
    let arguments = json!({ "release": RELEASE, "email": "foo" });
    let answer = shelf.call("take_ownership", arguments).await.unwrap();
    assert!(answer.text.starts_with("✗ Command failed (exit code 2)"));
    let outcome = answer.outcome.unwrap();
    assert_eq!(outcome.status, Ending::Fail);
    assert_eq!(
        outcome.reason,
        "Invalid value for '-e' / '--email': foo is not a valid email"
    );
    assert_eq!(outcome.next.unwrap(), "give the whole address of the owner");
}

#[tokio::test]
async fn a_missing_variable_is_asked_for_where_it_is_missing() {
    let shelf = Shelf::new(&logs(
        &[
            "ERROR: Missing required environment variables for OAR CLI:",
            "ERROR:   - GITLAB_TOKEN: Required for GitLab/Konflux shipment operations (ShipmentData)",
            "ERROR: ",
            "ERROR: Fix: Add these variables to ~/.bash_profile and run: source ~/.bash_profile",
        ],
        "",
        1,
    ));
    let answer = shelf.ask("push_to_cdn_staging").await.unwrap();
    let outcome = answer.outcome.unwrap();
    assert_eq!(outcome.status, Ending::Blocked);
    assert_eq!(outcome.reason, "the `oar` program lacks `GITLAB_TOKEN`");
    assert_eq!(
        outcome.next.unwrap(),
        "set `GITLAB_TOKEN` in the environment of this program"
    );
}

#[tokio::test]
async fn the_arguments_stand_as_the_program_wants_them() {
    let shelf = Shelf::new("printf '<%s>' \"$@\"");
    let email = "$(id)@example.com; touch x";
    let arguments = json!({ "release": RELEASE, "email": email });
    let answer = shelf.call("take_ownership", arguments).await.unwrap();
    assert!(
        answer
            .text
            .ends_with("<-r><4.20.1><take-ownership><-e><$(id)@example.com; touch x>"),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_value_cannot_become_an_option() {
    let shelf = Shelf::new("echo ran");
    for email in ["--help", "-x", "a\0b"] {
        let arguments = json!({ "release": RELEASE, "email": email });
        let error = shelf.call("take_ownership", arguments).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{email}");
        assert!(error.message.contains("`email`"), "{}", error.message);
    }
    assert!(shelf.shown().is_empty());
}

#[tokio::test]
async fn a_program_gets_of_the_environment_what_it_needs() {
    let shelf = Shelf::new("env | cut -d= -f1 | sort");
    script(shelf.folder.path(), "jobctl", "env | cut -d= -f1 | sort");
    shelf.ask("create_test_report").await.unwrap();
    let shell = ["PWD", "SHLVL", "_", "OLDPWD"];
    let names = |shown: Vec<String>| -> Vec<String> {
        let names = shown.into_iter();
        names
            .filter(|name| !shell.contains(&name.as_str()))
            .collect()
    };
    assert_eq!(
        names(shelf.shown()),
        [
            "GCP_SA_FILE",
            "GITHUB_TOKEN",
            "JIRA_TOKEN",
            "JIRA_USERNAME",
            "PATH",
            "PYTHONUNBUFFERED"
        ]
    );
    shelf.world.events.lock().unwrap().clear();
    let arguments = json!({ "build": RELEASE });
    shelf
        .call("jobctl_promote_test_results", arguments)
        .await
        .unwrap();
    assert_eq!(
        names(shelf.shown()),
        ["GCS_CRED_FILE", "GITHUB_TOKEN", "PATH", "PYTHONUNBUFFERED"]
    );
}

#[tokio::test]
async fn secrets_are_in_no_output() {
    // Also beside others, on the error output, broken up by a colour, and at the end of a line that
    // is cut.
    let body = format!(
        "echo token=$GITHUB_TOKEN,$JIRA_TOKEN as $JIRA_USERNAME with $GCP_SA_FILE\n\
         echo $GITHUB_TOKEN >&2\n\
         printf 'canary\\033[31m-5f2e91\\033[0m\\n'\n\
         head -c {} /dev/zero | tr '\\0' x; echo $GITHUB_TOKEN",
        oar_script::world::process::LONGEST_LINE - 6
    );
    for ending in ["exit 0", "echo died of $GITHUB_TOKEN; exit 1", "kill -9 $$"] {
        let shelf = Shelf::new(&format!("{body}\n{ending}"));
        let (text, outcome) = match shelf.ask("push_to_cdn_staging").await {
            Ok(answer) => (answer.text, format!("{:?}", answer.outcome)),
            Err(error) => (error.chain(), format!("{error:?}")),
        };
        let shown = shelf.shown();
        assert_eq!(
            shown[..3],
            [
                "token=[hidden],[hidden] as lead@example.com with /keys/sa.json",
                "[hidden]",
                "[hidden]"
            ]
        );
        for text in shown.iter().chain([&text, &outcome]) {
            assert!(!text.contains("canary"), "{ending}");
        }
    }
}

#[tokio::test]
async fn what_only_a_terminal_understands_is_left_out() {
    let shelf = Shelf::new(r"printf '\033[1mbold\033[0m\ttab\a\000 \377end\n'");
    let answer = shelf.ask("create_test_report").await.unwrap();
    assert!(
        answer.text.ends_with("\n\nbold\ttab \u{fffd}end"),
        "{:?}",
        answer.text
    );
}

#[tokio::test]
async fn fifty_megabytes_become_a_beginning_and_an_end() {
    let body = "echo first; yes 'a line of thirty-two characters.' | head -n 1600000; echo last";
    let shelf = Shelf::new(body);
    // Every line is shown; what is shown is not what is kept.
    let answer = shelf.ask("create_test_report").await.unwrap();
    assert!(answer.text.len() < 5_000_000, "{}", answer.text.len());
    let lines: Vec<_> = answer.text.lines().collect();
    assert_eq!(lines[2], "first");
    assert_eq!(*lines.last().unwrap(), "last");
    let gap = lines.iter().find(|line| line.starts_with('['));
    let left_out: usize = gap.unwrap()[1..]
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    // Two lines of headline, one of gap.
    assert_eq!(left_out + lines.len() - 3, 1_600_002);
}

/// The error of a program that does this, with a limit.
async fn error_of(body: &str, limit: Option<Duration>, tool: &str, arguments: Value) -> Error {
    let shelf = Shelf::new(body);
    script(shelf.folder.path(), "oarctl", body);
    let programs = shelf.programs().limited(limit);
    let oar = Oar::new(Arc::new(programs));
    oar.call(tool, &arguments).await.unwrap_err()
}

#[tokio::test]
async fn a_program_that_hangs_may_have_done_its_work() {
    let body = "echo working on it; while :; do sleep 1000; done";
    let limit = Some(Duration::from_secs(1));
    let error = error_of(body, limit, "stage_testing", json!({ "release": RELEASE })).await;
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.is_ambiguous);
    assert!(
        error
            .message
            .ends_with("because it ran longer than 1 minutes; its last line was: working on it"),
        "{}",
        error.message
    );
    assert!(error.hint.unwrap().contains("look at the task outside"));
}

#[tokio::test]
async fn a_look_that_hangs_has_changed_nothing() {
    let arguments = json!({ "dry_run": true });
    let limit = Some(Duration::from_millis(200));
    let error = error_of(
        "exec sleep 1000",
        limit,
        "oarctl_jira_notificator",
        arguments,
    )
    .await;
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(!error.is_ambiguous);
    assert!(error.hint.unwrap().contains("`oar.limit`"));
}

#[tokio::test]
async fn a_program_that_is_killed_may_have_done_its_work() {
    let arguments = json!({ "release": RELEASE });
    let error = error_of("kill -9 $$", None, "push_to_cdn_staging", arguments).await;
    assert_eq!(error.kind, Kind::Unreachable);
    assert!(error.is_ambiguous);
    assert!(
        error.message.ends_with("was ended by signal 9"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn a_changing_command_is_never_run_twice() {
    for (ending, limit) in [
        ("exit 1", None),
        ("kill -9 $$", None),
        ("exec sleep 1000", Some(Duration::from_secs(1))),
    ] {
        let shelf = Shelf::new("");
        let runs = shelf.folder.path().join("runs");
        let body = format!("echo run >> {}\n{ending}", runs.display());
        script(shelf.folder.path(), "oar", &body);
        let oar = Oar::new(Arc::new(shelf.programs().limited(limit)));
        let arguments = json!({ "release": RELEASE });
        // How it ends is told by other tests.
        let _ = oar.call("stage_testing", &arguments).await;
        assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n", "{ending}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_asked_for() {
    let shelf = Shelf::new("");
    let path = shelf.folder.path().join("oarctl");
    let error = shelf
        .call("oarctl_jira_notificator", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert!(!error.is_ambiguous);
    assert_eq!(
        error.message,
        format!("there is no program `{}`", path.display())
    );
    let hint = error.hint.unwrap();
    assert!(hint.contains("`oar.programs`") && hint.contains("`oar.backend`"));

    let nowhere = ServicesWorld::default().env("PATH", "/nonexistent");
    let programs = Programs::new(Http::new(Arc::new(nowhere)).unwrap());
    let oar = Oar::new(Arc::new(programs));
    let arguments = json!({ "release": RELEASE });
    let error = oar.call("stage_testing", &arguments).await.unwrap_err();
    assert_eq!(error.message, "there is no program `oar` on the PATH");
}

#[tokio::test]
async fn a_file_that_is_no_program_is_told_apart() {
    let shelf = Shelf::new("");
    fs::write(shelf.folder.path().join("oarctl"), "echo").unwrap();
    let error = shelf
        .call("oarctl_jira_notificator", json!({}))
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Denied);
    assert!(!error.is_ambiguous);
    assert!(
        error.message.ends_with("is no program that may be run"),
        "{}",
        error.message
    );
}

#[test]
fn stopping_the_run_ends_the_program_and_leaves_the_change_in_doubt() {
    let shelf = Shelf::new("");
    let ids = shelf.folder.path().join("ids");
    let body = format!(
        "sleep 1000 & echo $$ $! > {0}.new; mv {0}.new {0}; wait",
        ids.display()
    );
    script(shelf.folder.path(), "oar", &body);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let session = Session::new(shelf.world.clone(), runtime.handle().clone());
    let token = CancellationToken::new();
    let stopper = token.clone();
    let file = ids.clone();
    runtime.spawn(async move {
        line_in(&file).await;
        stopper.cancel();
    });
    let control = Control {
        token,
        ..Control::default()
    };
    let oar = shelf.oar();
    let arguments = json!({ "release": RELEASE });
    let ended = control.scope(|| {
        let request = oar.call("stage_testing", &arguments);
        session.call("oar.stage_testing", arguments.clone(), true, request)
    });
    let error = ended.unwrap_err();
    assert_eq!(error.kind, Kind::Cancelled);
    assert!(error.is_ambiguous);
    runtime.block_on(async {
        for id in line_in(&ids).await.split_whitespace() {
            gone(id).await;
        }
    });
}
