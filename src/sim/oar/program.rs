//! The programs `oar`, `oarctl`, `job` and `jobctl` of a simulated world: a command line in, lines and a
//! code out, over the same documents as the server.
//!
//! A program starts anew each time, so it has no copy of the build data, and it looks at its
//! environment first.

use std::{io, path::Path, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    checker,
    dispatch::{self, Work},
    finished::usage,
    outside::Outside,
    server::SERVICE,
    text::Log,
};
use crate::{
    sim::requests::Requests,
    world::{
        BoxFuture,
        process::{Command, Exit, Listener},
        simulated,
    },
};

/// The programs of a simulated world.
#[derive(Debug)]
pub(super) struct Programs {
    /// The server, whose checker may have something to do.
    pub server: Outside,
    /// What the programs see.
    pub own: Outside,
    pub requests: Requests,
    pub latency: Duration,
}

/// One command of a program.
struct Entry {
    program: &'static str,
    command: &'static str,
    tool: &'static str,
    /// What stands there without an option.
    operand: Option<&'static str>,
    options: &'static [Opt],
}

/// An option: how it is written, and what it sets.
type Opt = (&'static [&'static str], Sets);

#[derive(Clone, Copy)]
enum Sets {
    /// The text of a parameter that must be given.
    Required(&'static str),
    /// The text of a parameter.
    Text(&'static str),
    /// The number of a parameter.
    Number(&'static str),
    /// A flag, to this.
    Flag(&'static str, bool),
    /// A flag, to the word that follows.
    Bool(&'static str),
}

const ARCH: Opt = (&["--arch"], Sets::Text("arch"));
const BUILD: Opt = (&["--build"], Sets::Required("build"));
const MINOR: Opt = (&["-r", "--minor-release"], Sets::Required("release"));

const fn entry(
    program: &'static str,
    command: &'static str,
    tool: &'static str,
    options: &'static [Opt],
) -> Entry {
    Entry {
        program,
        command,
        tool,
        operand: None,
        options,
    }
}

const ENTRIES: [Entry; 16] = [
    entry("oar", "create-test-report", "oar_create_test_report", &[]),
    entry(
        "oar",
        "take-ownership",
        "oar_take_ownership",
        &[(&["-e", "--email"], Sets::Required("email"))],
    ),
    entry(
        "oar",
        "image-consistency-check",
        "oar_image_consistency_check",
        &[(&["-i", "--job-id"], Sets::Text("job_id"))],
    ),
    entry(
        "oar",
        "check-cve-tracker-bug",
        "oar_check_cve_tracker_bug",
        &[
            (&["--notify"], Sets::Flag("notify", true)),
            (&["--no-notify"], Sets::Flag("notify", false)),
        ],
    ),
    entry("oar", "push-to-cdn-staging", "oar_push_to_cdn_staging", &[]),
    entry(
        "oar",
        "stage-testing",
        "oar_stage_testing",
        &[(&["-n", "--build_number"], Sets::Number("build_number"))],
    ),
    entry("oar", "image-signed-check", "oar_image_signed_check", &[]),
    entry(
        "oar",
        "change-advisory-status",
        "oar_change_advisory_status",
        &[(&["-s", "--status"], Sets::Text("status"))],
    ),
    entry(
        "oarctl",
        "start-release-detector",
        "oarctl_start_release_detector",
        &[MINOR],
    ),
    entry(
        "oarctl",
        "jira-notificator",
        "oarctl_jira_notificator",
        &[
            (&["--dry-run"], Sets::Flag("dry_run", true)),
            (&["--from-date"], Sets::Text("from_date")),
        ],
    ),
    Entry {
        operand: Some("job_name"),
        ..entry(
            "job",
            "run",
            "job_run",
            &[
                (&["--payload"], Sets::Text("payload")),
                (&["--upgrade_from"], Sets::Text("upgrade_from")),
                (&["--upgrade_to"], Sets::Text("upgrade_to")),
            ],
        )
    },
    entry(
        "jobctl",
        "start-controller",
        "jobctl_start_controller",
        &[
            (&["-r", "--release"], Sets::Required("release")),
            (&["--nightly"], Sets::Flag("nightly", true)),
            (&["--no-nightly"], Sets::Flag("nightly", false)),
            (&["--trigger-prow-job"], Sets::Bool("trigger_prow_job")),
            ARCH,
        ],
    ),
    entry(
        "jobctl",
        "trigger-jobs-for-build",
        "jobctl_trigger_jobs_for_build",
        &[
            BUILD,
            ARCH,
            (&["--skip-existing"], Sets::Flag("skip_existing", true)),
            (&["--no-skip-existing"], Sets::Flag("skip_existing", false)),
        ],
    ),
    entry(
        "jobctl",
        "start-aggregator",
        "jobctl_start_aggregator",
        &[ARCH],
    ),
    entry(
        "jobctl",
        "promote-test-results",
        "jobctl_promote_test_results",
        &[BUILD, ARCH],
    ),
    entry(
        "jobctl",
        "update-retried-job-run",
        "jobctl_update_retried_job_run",
        &[
            BUILD,
            ARCH,
            (&["--job-name"], Sets::Required("job_name")),
            (&["--current-job-id"], Sets::Required("current_job_id")),
            (&["--new-job-id"], Sets::Required("new_job_id")),
        ],
    ),
];

/// What `oar` must find in its environment.
const REQUIRED: [(&str, &str); 8] = [
    (
        "OAR_JWK",
        "Required for decrypting config_store.json (ConfigStore)",
    ),
    ("JIRA_TOKEN", "Required for Jira operations (JiraManager)"),
    (
        "JIRA_USERNAME",
        "Required for Jira Cloud authentication (JiraManager)",
    ),
    (
        "GCP_SA_FILE",
        "Required for Google Sheets operations (WorksheetManager)",
    ),
    (
        "SLACK_BOT_TOKEN",
        "Required for Slack notifications (NotificationManager)",
    ),
    (
        "JENKINS_USER",
        "Required for Jenkins job operations (JenkinsHelper)",
    ),
    (
        "JENKINS_TOKEN",
        "Required for Jenkins job operations (JenkinsHelper)",
    ),
    (
        "GITLAB_TOKEN",
        "Required for GitLab/Konflux shipment operations (ShipmentData)",
    ),
];

impl simulated::Programs for Programs {
    fn run<'a>(
        &'a self,
        command: &'a Command,
        listener: Listener<'a>,
    ) -> BoxFuture<'a, io::Result<Exit>> {
        Box::pin(async move {
            let name = Path::new(&command.program).file_name();
            let name = name.and_then(|name| name.to_str()).unwrap_or_default();
            if ENTRIES.iter().all(|entry| entry.program != name) {
                return Err(io::ErrorKind::NotFound.into());
            }
            if !self.latency.is_zero() {
                tokio::time::sleep(self.latency).await;
            }
            let (exit, text) = match self.prepare(name, command) {
                Ok((entry, arguments)) => self.carry_out(entry, &arguments).await?,
                Err((code, text)) => (Exit::Code(code), text),
            };
            text.lines().for_each(listener);
            Ok(exit)
        })
    }
}

impl Programs {
    /// Reads a command line as the program does; what is wrong with it comes with the exit code.
    fn prepare(
        &self,
        name: &str,
        command: &Command,
    ) -> Result<(&'static Entry, Map<String, Value>), (i32, String)> {
        let misused = |error: String| (2, usage(name, &error));
        let mut words = command.arguments.iter().map(String::as_str);
        let mut release = None;
        let found = loop {
            match words.next() {
                Some("-r" | "--release") if name == "oar" => release = words.next(),
                Some(option) if option.starts_with('-') => {
                    return Err(misused(format!("No such option: {option}")));
                }
                Some(word) => break word,
                None => return Err(misused("Missing command.".to_owned())),
            }
        };
        let entry = ENTRIES
            .iter()
            .find(|entry| entry.program == name && entry.command == found)
            .ok_or_else(|| misused(format!("No such command '{found}'.")))?;
        let mut arguments = Map::new();
        if name == "oar" {
            let release = release
                .ok_or_else(|| misused("Missing option. -r/--release is required".to_owned()))?;
            self.check(command)?;
            self.own.forget();
            self.own
                .build_data(release)
                .map_err(|error| (1, error.clone()))?;
            arguments.insert("release".to_owned(), release.into());
        }
        entry.read(words, &mut arguments).map_err(misused)?;
        Ok((entry, arguments))
    }

    /// The check of the environment that comes before everything else.
    fn check(&self, command: &Command) -> Result<(), (i32, String)> {
        let has = |name: &str| command.environment.iter().any(|(known, _)| *known == name);
        let missing: Vec<_> = REQUIRED.iter().filter(|(name, _)| !has(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let mut log = Log::new(self.own.now());
        log.error("Missing required environment variables for OAR CLI:");
        for (name, description) in missing {
            log.error(format!("  - {name}: {description}"));
        }
        log.error("");
        log.error("Fix: Add these variables to ~/.bash_profile and run: source ~/.bash_profile");
        Err((1, log.output()))
    }

    async fn carry_out(
        &self,
        entry: &Entry,
        arguments: &Map<String, Value>,
    ) -> io::Result<(Exit, String)> {
        checker::settle(&self.server).await;
        self.requests.count(SERVICE, entry.tool.to_owned());
        self.own.count(&["oar", "requests", entry.tool]);
        let kind = dispatch::fault(&self.own, entry.tool);
        match kind.as_str() {
            "refused" => return Err(io::ErrorKind::NotFound.into()),
            "reset" => return Ok((Exit::Signal(9), String::new())),
            "html" => return Ok((Exit::Code(0), "<!DOCTYPE html><html></html>".to_owned())),
            "garbage" => return Ok((Exit::Code(0), "\u{fffd}\u{0}%%garbage%%".to_owned())),
            "empty" => return Ok((Exit::Code(0), String::new())),
            _ => {}
        }
        if let Some(status) = kind.strip_prefix("status:") {
            let error = format!("{status} Server Error: the answer of a service");
            return Ok((Exit::Code(1), error));
        }
        let work = dispatch::run(&self.own, entry.tool, arguments).await;
        let (code, text) = match work {
            Work::Command(finished) => finished.printed(),
            Work::Document(text) => (0, text),
        };
        if kind == "timeout" {
            return Ok((Exit::Late, text));
        }
        Ok((Exit::Code(code), text))
    }
}

impl Entry {
    /// Reads what stands behind the command; fails with what the program says.
    fn read<'a>(
        &self,
        mut words: impl Iterator<Item = &'a str>,
        arguments: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let mut operand = self.operand;
        while let Some(word) = words.next() {
            let Some((_, sets)) = self.options.iter().find(|(names, _)| names.contains(&word))
            else {
                match operand.take() {
                    Some(name) if !word.starts_with('-') => {
                        arguments.insert(name.to_owned(), word.into());
                        continue;
                    }
                    _ if word.starts_with('-') => return Err(format!("No such option: {word}")),
                    _ => return Err(format!("Got unexpected extra argument ({word})")),
                }
            };
            let mut value = || {
                words
                    .next()
                    .ok_or_else(|| format!("Option '{word}' requires an argument."))
            };
            let (name, value) = match sets {
                Sets::Flag(name, is_on) => (*name, json!(is_on)),
                Sets::Required(name) | Sets::Text(name) => (*name, json!(value()?)),
                Sets::Number(name) => {
                    let text = value()?;
                    text.parse::<i64>().map_err(|_| {
                        format!("Invalid value for '{word}': '{text}' is not a valid integer.")
                    })?;
                    (*name, json!(text))
                }
                Sets::Bool(name) => {
                    let text = value()?.to_lowercase();
                    match text.as_str() {
                        "true" | "1" | "yes" => (*name, json!(true)),
                        "false" | "0" | "no" => (*name, json!(false)),
                        _ => {
                            return Err(format!(
                                "Invalid value for '{word}': '{text}' is not a valid boolean."
                            ));
                        }
                    }
                }
            };
            arguments.insert(name.to_owned(), value);
        }
        if let Some(name) = operand {
            return Err(format!("Missing argument '{}'.", name.to_uppercase()));
        }
        self.complete(arguments)
    }

    /// Fills in what is usual, and fails when an option is missing.
    fn complete(&self, arguments: &mut Map<String, Value>) -> Result<(), String> {
        for (names, sets) in self.options {
            if let Sets::Required(name) = sets
                && !arguments.contains_key(*name)
            {
                return Err(format!("Missing option '{}'.", names.join("' / '")));
            }
        }
        // The program tells ART unless it is asked not to.
        if self.command == "check-cve-tracker-bug" {
            arguments.entry("notify").or_insert(json!(true));
        }
        Ok(())
    }
}
