//! The table of commands, and the simulated programs that read what it writes.

use std::sync::{Arc, Mutex};

use oar_script::{
    error::{Error, Kind, Result},
    http::Http,
    oar::{
        backend::{Answer, Oar},
        cli::Programs,
        outcome::Attempt,
        tools::{COMMANDS, Command, Form, TOOLS, tool},
    },
    release::Ending,
    world::{
        World as _,
        process::{self, Exit},
    },
};
use serde_json::{Value, json};

use super::bench::{Bench, RELEASE};
use crate::support::services_world::ServicesWorld;

fn line(name: &str, arguments: Value) -> String {
    let tool = tool(name).unwrap();
    let command = Command::of(tool).unwrap();
    let checked = tool.arguments(&arguments).unwrap();
    let words = command.words(tool, &checked).unwrap();
    format!("{} {}", command.program, words.join(" "))
}

#[test]
fn every_command_of_the_server_has_its_program() {
    for tool in TOOLS.iter().filter(|tool| tool.is_on_server) {
        let has_command = Command::of(tool).is_some();
        assert_eq!(has_command, tool.form == Form::Text, "{}", tool.name);
    }
    for command in COMMANDS {
        assert!(TOOLS.iter().any(|tool| tool.name == command.tool));
        assert!((10..=30).contains(&command.limit_mins), "{}", command.tool);
    }
}

#[test]
fn the_command_lines_are_those_that_the_server_runs() {
    let release = json!({ "release": "4.20.1" });
    for (tool, arguments, expected) in [
        (
            "check_cve_tracker_bug",
            release.clone(),
            "oar -r 4.20.1 check-cve-tracker-bug --no-notify",
        ),
        (
            "check_cve_tracker_bug",
            json!({ "release": "4.20.1", "notify": true }),
            "oar -r 4.20.1 check-cve-tracker-bug --notify",
        ),
        (
            "image_signed_check",
            release.clone(),
            "oar -r 4.20.1 image-signed-check",
        ),
        (
            "image_consistency_check",
            release.clone(),
            "oar -r 4.20.1 image-consistency-check",
        ),
        (
            "image_consistency_check",
            json!({ "release": "4.20.1", "job_id": "0c4b" }),
            "oar -r 4.20.1 image-consistency-check -i 0c4b",
        ),
        (
            "stage_testing",
            json!({ "release": "4.20.1", "build_number": 1501 }),
            "oar -r 4.20.1 stage-testing -n 1501",
        ),
        (
            "create_test_report",
            release.clone(),
            "oar -r 4.20.1 create-test-report",
        ),
        (
            "take_ownership",
            json!({ "release": "4.20.1", "email": "a@b.cc" }),
            "oar -r 4.20.1 take-ownership -e a@b.cc",
        ),
        (
            "push_to_cdn_staging",
            release.clone(),
            "oar -r 4.20.1 push-to-cdn-staging",
        ),
        (
            "change_advisory_status",
            release,
            "oar -r 4.20.1 change-advisory-status",
        ),
        (
            "oarctl_start_release_detector",
            json!({ "release": "4.20" }),
            "oarctl start-release-detector -r 4.20",
        ),
        (
            "oarctl_jira_notificator",
            json!({}),
            "oarctl jira-notificator",
        ),
        (
            "oarctl_jira_notificator",
            json!({ "dry_run": true, "from_date": "2027-03-01" }),
            "oarctl jira-notificator --dry-run --from-date 2027-03-01",
        ),
        (
            "job_run",
            json!({ "job_name": "periodic-ci-x", "payload": "quay.io/x:y" }),
            "job run periodic-ci-x --payload quay.io/x:y",
        ),
        (
            "jobctl_start_controller",
            json!({ "release": "4.20", "nightly": false }),
            "jobctl start-controller -r 4.20 --no-nightly --trigger-prow-job True --arch amd64",
        ),
        (
            "jobctl_trigger_jobs_for_build",
            json!({ "build": "4.20.1", "arch": "arm64" }),
            "jobctl trigger-jobs-for-build --build 4.20.1 --arch arm64",
        ),
        (
            "jobctl_start_aggregator",
            json!({}),
            "jobctl start-aggregator --arch amd64",
        ),
        (
            "jobctl_promote_test_results",
            json!({ "build": "4.20.1" }),
            "jobctl promote-test-results --build 4.20.1 --arch amd64",
        ),
        (
            "jobctl_update_retried_job_run",
            json!({ "build": "4.20.1", "job_name": "j", "current_job_id": "1", "new_job_id": "2" }),
            "jobctl update-retried-job-run --build 4.20.1 --job-name j --current-job-id 1 \
             --new-job-id 2 --arch amd64",
        ),
    ] {
        assert_eq!(line(tool, arguments), expected);
    }
}

/// The simulated programs, with an environment in which nothing is missing but `without`.
fn world(bench: &Bench, without: &str) -> ServicesWorld {
    let names = [
        "OAR_JWK",
        "JIRA_TOKEN",
        "JIRA_USERNAME",
        "GCP_SA_FILE",
        "SLACK_BOT_TOKEN",
        "JENKINS_USER",
        "JENKINS_TOKEN",
        "GITLAB_TOKEN",
    ];
    let mut world = ServicesWorld {
        clock: bench.state.clock().clone(),
        programs: Some(bench.server.programs()),
        ..ServicesWorld::default()
    };
    for name in names.into_iter().filter(|name| *name != without) {
        world = world.env(name, "made-up-value");
    }
    world
}

fn programs(bench: &Bench, without: &str) -> Oar {
    let world = Arc::new(world(bench, without));
    Oar::new(Arc::new(Programs::new(Http::new(world).unwrap())))
}

async fn ask(oar: &Oar, tool: &str) -> Result<Answer> {
    oar.call(tool, &json!({ "release": RELEASE })).await
}

#[tokio::test]
async fn the_simulated_programs_come_to_what_the_server_comes_to() {
    let calls = [
        ("create_test_report", json!({ "release": RELEASE })),
        (
            "take_ownership",
            json!({ "release": RELEASE, "email": "lead@example.com" }),
        ),
        ("check_cve_tracker_bug", json!({ "release": RELEASE })),
        ("push_to_cdn_staging", json!({ "release": RELEASE })),
        ("image_consistency_check", json!({ "release": RELEASE })),
        ("stage_testing", json!({ "release": RELEASE })),
        (
            "stage_testing",
            json!({ "release": RELEASE, "build_number": "1501" }),
        ),
        ("image_signed_check", json!({ "release": RELEASE })),
        ("change_advisory_status", json!({ "release": RELEASE })),
        (
            "oarctl_start_release_detector",
            json!({ "release": "4.20" }),
        ),
        ("oarctl_jira_notificator", json!({ "dry_run": true })),
        (
            "job_run",
            json!({ "job_name": "periodic-ci-x", "payload": "quay.io/x:y" }),
        ),
        ("jobctl_start_controller", json!({ "release": "4.20" })),
        (
            "jobctl_trigger_jobs_for_build",
            json!({ "build": "4.20.1" }),
        ),
        ("jobctl_start_aggregator", json!({})),
        ("jobctl_promote_test_results", json!({ "build": "4.20.1" })),
        (
            "jobctl_update_retried_job_run",
            json!({ "build": "4.20.1", "job_name": "j", "current_job_id": "1", "new_job_id": "2" }),
        ),
    ];
    let (over_mcp, over_cli) = (Bench::new().await, Bench::new().await);
    let oar = programs(&over_cli, "");
    for (tool, arguments) in calls {
        let by_server = over_mcp.call(tool, arguments.clone()).await.unwrap();
        let by_program = oar.call(tool, &arguments).await.unwrap();
        let word = |answer: &Answer| {
            let outcome = answer.outcome.clone().unwrap();
            (outcome.status, outcome.remote, answer.attempt)
        };
        assert_eq!(
            word(&by_program),
            word(&by_server),
            "{tool}\n{}\n{}",
            by_program.text,
            by_server.text
        );
        for bench in [&over_mcp, &over_cli] {
            bench.pass_minutes(10);
        }
    }
    // The documents are the same too, the state of the release included.
    for part in [
        "errata", "gitlab", "jira", "slack", "prow", "jenkins", "oar",
    ] {
        assert_eq!(over_cli.get(part), over_mcp.get(part), "{part}");
    }
    let texts = |bench: &Bench| bench.store.document(RELEASE).unwrap().to_json();
    assert_eq!(texts(&over_cli), texts(&over_mcp));
}

#[tokio::test]
async fn an_exception_comes_to_the_same_over_both() {
    for (service, operation, tool) in [
        ("oar", "oar_take_ownership:exception", "take_ownership"),
        ("slack", "post", "stage_testing"),
        ("slack", "post", "image_consistency_check"),
        ("jira", "issue", "image_consistency_check"),
        ("jenkins", "build", "stage_testing"),
    ] {
        let (over_mcp, over_cli) = (Bench::new().await, Bench::new().await);
        let oar = programs(&over_cli, "");
        let mut arguments = json!({ "release": RELEASE });
        if tool == "take_ownership" {
            arguments["email"] = "lead@example.com".into();
        }
        for bench in [&over_mcp, &over_cli] {
            bench.fault(service, operation, "down", 1);
        }
        let by_server = over_mcp.call(tool, arguments.clone()).await.unwrap();
        let by_program = oar.call(tool, &arguments).await.unwrap();
        let (server, program) = (by_server.outcome.unwrap(), by_program.outcome.unwrap());
        assert_eq!(program.status, server.status, "{tool}: {}", by_program.text);
        assert_eq!(program.remote, server.remote, "{tool}");
        assert_eq!(by_program.attempt, by_server.attempt, "{tool}");
        let reason = server.reason.replace("the OAR server", "the `oar` program");
        assert_eq!(program.reason, reason, "{tool}");
        assert!(
            by_program
                .text
                .starts_with("✗ Command failed (exit code 1)")
        );
    }
}

#[tokio::test]
async fn a_lost_end_of_a_program_is_not_repeated() {
    for (kind, did_it) in [("timeout", 1), ("reset", 0)] {
        let bench = Bench::new().await;
        let oar = programs(&bench, "");
        bench.fault("oar", "oar_stage_testing", kind, 1);
        let error = ask(&oar, "stage_testing").await.unwrap_err();
        assert!(error.is_ambiguous, "{kind}");
        assert_eq!(bench.triggers("oar_stage_testing"), did_it, "{kind}");
        assert_eq!(bench.requests("oar_stage_testing"), 1, "{kind}");
    }
}

#[tokio::test]
async fn what_nobody_understands_is_not_a_success() {
    for kind in ["html", "garbage"] {
        let bench = Bench::new().await;
        let oar = programs(&bench, "");
        bench.fault("oar", "oar_stage_testing", kind, 1);
        let answer = ask(&oar, "stage_testing").await.unwrap();
        assert_ne!(answer.outcome.unwrap().status, Ending::Pass, "{kind}");
        assert_ne!(answer.attempt, Some(Attempt::NotStarted), "{kind}");
    }
}

#[tokio::test]
async fn a_program_looks_at_its_environment_first() {
    let bench = Bench::new().await;
    let oar = programs(&bench, "JENKINS_TOKEN");
    let answer = ask(&oar, "stage_testing").await.unwrap();
    let outcome = answer.outcome.unwrap();
    assert_eq!(outcome.status, Ending::Blocked);
    assert_eq!(outcome.reason, "the `oar` program lacks `JENKINS_TOKEN`");
    assert_eq!(bench.triggers("oar_stage_testing"), 0);
}

#[tokio::test]
async fn a_program_has_no_copy_of_the_build_data() {
    let bench = Bench::new().await;
    let oar = programs(&bench, "");
    let error = |answer: Answer| answer.outcome.unwrap().reason;
    let unknown = oar
        .call("stage_testing", &json!({ "release": "4.20.7" }))
        .await;
    assert!(error(unknown.unwrap()).contains("ocp build data is not ready"));
    ask(&oar, "push_to_cdn_staging").await.unwrap();
    let url = "build_data/branches/openshift-4.20/releases/4.20.1/assembly/group/shipment/url";
    bench.set(url, json!(""));
    let answer = ask(&oar, "stage_testing").await.unwrap();
    assert!(
        error(answer).contains("Invalid MR URL"),
        "it sees that the merge request is gone"
    );
}

/// Runs a command line in the simulated world.
async fn run(bench: &Bench, program: &str, words: &str) -> (Result<Exit, Error>, String) {
    let world = world(bench, "");
    let command = process::Command {
        program: program.into(),
        arguments: words.split_whitespace().map(str::to_owned).collect(),
        environment: world
            .env
            .keys()
            .map(|name| (&*name.clone().leak(), "made-up".into()))
            .collect(),
        limit: std::time::Duration::from_secs(60),
        grace: std::time::Duration::from_secs(1),
    };
    let lines = Mutex::new(Vec::new());
    let listener = |line: &str| lines.lock().unwrap().push(line.to_owned());
    let exit = world.run(&command, &listener).await;
    let exit = exit.map_err(|error| Error::new(Kind::NotFound, error.to_string()));
    (exit, lines.into_inner().unwrap().join("\n"))
}

#[tokio::test]
async fn the_simulated_programs_are_as_strict_as_the_real_ones() {
    let bench = Bench::new().await;
    for (program, words, code, told) in [
        ("oar", "", 2, "Error: Missing command."),
        (
            "oar",
            "stage-testing",
            2,
            "Error: Missing option. -r/--release is required",
        ),
        (
            "oar",
            "-r 4.20.1 nothing",
            2,
            "Error: No such command 'nothing'.",
        ),
        (
            "oar",
            "-r 4.20.1 stage-testing -x",
            2,
            "Error: No such option: -x",
        ),
        (
            "oar",
            "-r 4.20.1 stage-testing -n abc",
            2,
            "'abc' is not a valid integer.",
        ),
        (
            "oar",
            "-r 4.20.1 take-ownership",
            2,
            "Error: Missing option '-e' / '--email'.",
        ),
        (
            "oar",
            "-r 4.20.1 take-ownership -e foo",
            2,
            "foo is not a valid email",
        ),
        (
            "oar",
            "-r 4.20.1 create-test-report extra",
            2,
            "Error: Got unexpected extra argument (extra)",
        ),
        ("oar", "-r 4.20.99 stage-testing -n abc", 1, "is not ready"),
        (
            "oarctl",
            "start-release-detector -r 4",
            2,
            "Invalid OCP minor version 4",
        ),
        (
            "job",
            "run --payload x",
            2,
            "Error: Missing argument 'JOB_NAME'.",
        ),
        (
            "jobctl",
            "start-controller -r 4.20 --trigger-prow-job maybe",
            2,
            "is not a valid boolean",
        ),
    ] {
        let (exit, text) = run(&bench, program, words).await;
        assert_eq!(exit.unwrap(), Exit::Code(code), "{program} {words}: {text}");
        assert!(text.contains(told), "{program} {words}: {text}");
    }
    let (exit, _) = run(&bench, "elliott", "find-bugs").await;
    assert_eq!(exit.unwrap_err().kind, Kind::NotFound);
    assert_eq!(bench.triggers("oar_stage_testing"), 0);
}
