//! The programs behind the tools: which command of the Python tool does what a row of the table says,
//! and how its arguments stand on the command line.

use serde_json::{Map, Value};

use super::Tool;
use crate::error::Result;

/// A command of one of the programs `oar`, `oarctl`, `job` and `jobctl`.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The tool, as it is named on the wire.
    pub tool: &'static str,
    /// The program.
    pub program: &'static str,
    /// The command, with how the arguments of the tool become words before and after it.
    pub parts: &'static [Part],
    /// How long it may run when no setting says otherwise, in minutes.
    pub limit_mins: u64,
}

/// A piece of a command line.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// A word that is always there.
    Word(&'static str),
    /// The value of a parameter.
    Value(&'static str),
    /// An option with the value of a parameter, left out with it.
    Option(&'static str, &'static str),
    /// What stands for a flag that is on, and for one that is off.
    Flag(
        &'static str,
        &'static [&'static str],
        &'static [&'static str],
    ),
}

use Part::{Flag, Option as Opt, Value as Plain, Word};

/// How long most commands may run: they take a minute, and eight when they wait for a signature.
const USUAL_MINS: u64 = 10;
/// How long the others may run: they look at every image, bug or job.
const LONG_MINS: u64 = 30;

const RELEASE: Part = Opt("release", "-r");
const ARCH: Part = Opt("arch", "--arch");
const BUILD: Part = Opt("build", "--build");

const fn command(
    tool: &'static str,
    program: &'static str,
    limit_mins: u64,
    parts: &'static [Part],
) -> Command {
    Command {
        tool,
        program,
        parts,
        limit_mins,
    }
}

/// Every command that is the same as a tool. The other tools have none.
pub const COMMANDS: &[Command] = &[
    command(
        "oar_check_cve_tracker_bug",
        "oar",
        USUAL_MINS,
        &[
            RELEASE,
            Word("check-cve-tracker-bug"),
            Flag("notify", &["--notify"], &["--no-notify"]),
        ],
    ),
    command(
        "oar_image_signed_check",
        "oar",
        // It waits eight minutes for a digest, and for an answer each time.
        2 * USUAL_MINS,
        &[RELEASE, Word("image-signed-check")],
    ),
    command(
        "oar_image_consistency_check",
        "oar",
        LONG_MINS,
        &[
            RELEASE,
            Word("image-consistency-check"),
            Opt("job_id", "-i"),
        ],
    ),
    command(
        "oar_stage_testing",
        "oar",
        USUAL_MINS,
        &[RELEASE, Word("stage-testing"), Opt("build_number", "-n")],
    ),
    command(
        "oar_create_test_report",
        "oar",
        USUAL_MINS,
        &[RELEASE, Word("create-test-report")],
    ),
    command(
        "oar_take_ownership",
        "oar",
        USUAL_MINS,
        &[RELEASE, Word("take-ownership"), Opt("email", "-e")],
    ),
    command(
        "oar_push_to_cdn_staging",
        "oar",
        USUAL_MINS,
        &[RELEASE, Word("push-to-cdn-staging")],
    ),
    command(
        "oar_change_advisory_status",
        "oar",
        USUAL_MINS,
        &[RELEASE, Word("change-advisory-status")],
    ),
    command(
        "oarctl_start_release_detector",
        "oarctl",
        USUAL_MINS,
        &[Word("start-release-detector"), RELEASE],
    ),
    command(
        "oarctl_jira_notificator",
        "oarctl",
        LONG_MINS,
        &[
            Word("jira-notificator"),
            Flag("dry_run", &["--dry-run"], &[]),
            Opt("from_date", "--from-date"),
        ],
    ),
    command(
        "job_run",
        "job",
        USUAL_MINS,
        &[Word("run"), Plain("job_name"), Opt("payload", "--payload")],
    ),
    command(
        "jobctl_start_controller",
        "jobctl",
        LONG_MINS,
        &[
            Word("start-controller"),
            RELEASE,
            Flag("nightly", &["--nightly"], &["--no-nightly"]),
            Flag("trigger_prow_job", &["--trigger-prow-job", "True"], &[]),
            ARCH,
        ],
    ),
    command(
        "jobctl_trigger_jobs_for_build",
        "jobctl",
        LONG_MINS,
        &[Word("trigger-jobs-for-build"), BUILD, ARCH],
    ),
    command(
        "jobctl_start_aggregator",
        "jobctl",
        LONG_MINS,
        &[Word("start-aggregator"), ARCH],
    ),
    command(
        "jobctl_promote_test_results",
        "jobctl",
        USUAL_MINS,
        &[Word("promote-test-results"), BUILD, ARCH],
    ),
    command(
        "jobctl_update_retried_job_run",
        "jobctl",
        USUAL_MINS,
        &[
            Word("update-retried-job-run"),
            BUILD,
            Opt("job_name", "--job-name"),
            Opt("current_job_id", "--current-job-id"),
            Opt("new_job_id", "--new-job-id"),
            ARCH,
        ],
    ),
];

impl Command {
    /// The command of a tool, if there is one.
    pub fn of(tool: &Tool) -> Option<&'static Self> {
        COMMANDS.iter().find(|command| command.tool == tool.name)
    }

    /// The words behind the program, for arguments that were checked against the tool.
    ///
    /// A parameter that is left out counts with its default. Fails with `invalid` for a value that
    /// the program would take for an option.
    pub fn words(&self, tool: &Tool, given: &Map<String, Value>) -> Result<Vec<String>> {
        let mut words = Vec::new();
        for part in self.parts {
            match part {
                Part::Word(word) => words.push((*word).to_owned()),
                Part::Value(name) => words.extend(text(tool, given, name)?),
                Part::Option(name, option) => {
                    if let Some(value) = text(tool, given, name)? {
                        words.extend([(*option).to_owned(), value]);
                    }
                }
                Part::Flag(name, on, off) => {
                    let is_on = tool.value(given, name).is_some_and(|value| value == true);
                    let chosen = if is_on { *on } else { *off };
                    words.extend(chosen.iter().map(|word| (*word).to_owned()));
                }
            }
        }
        Ok(words)
    }
}

/// A value as a word. No value of a tool begins with a dash, and one that does must not become an
/// option; neither can a word hold a zero byte.
fn text(tool: &Tool, given: &Map<String, Value>, name: &str) -> Result<Option<String>> {
    let Some(Value::String(text)) = tool.value(given, name) else {
        return Ok(None);
    };
    if text.starts_with('-') {
        return Err(tool.wrong(&format!("`{name}` begins with a dash")));
    }
    if text.contains('\0') {
        return Err(tool.wrong(&format!("`{name}` holds a zero byte")));
    }
    Ok(Some(text))
}
