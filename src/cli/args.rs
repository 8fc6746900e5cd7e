//! The command line: what can be typed, with help for every part.

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::sim::requests::Cut;

/// Drives OpenShift z-stream releases with scripts that people edit.
#[derive(Debug, Parser)]
#[command(
    name = "oar-script",
    bin_name = "oar-script",
    version,
    max_term_width = 100,
    after_help = "A script can be named without `run`: oar-script drive.rhai 4.20.1\n\n\
        Exit codes: 0 complete, 1 error, 2 usage, 3 waiting, 4 a person must act, 5 a task failed, 130 interrupted."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for every command.
    #[command(flatten)]
    pub options: Options,
}

/// What holds for every command.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Use a simulated world instead of the real one; SCENARIO is `smooth` unless named.
    #[arg(
        long,
        global = true,
        value_name = "SCENARIO",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "smooth",
        help_heading = "Simulated world"
    )]
    pub sim: Option<String>,
    /// Keep the simulated world in this folder.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Simulated world"
    )]
    pub sim_dir: Option<PathBuf>,
    /// Start the simulated world anew.
    #[arg(long, global = true, help_heading = "Simulated world")]
    pub sim_reset: bool,
    /// What random choices of the simulated world start from.
    #[arg(
        long,
        global = true,
        value_name = "NUMBER",
        default_value_t = 1,
        help_heading = "Simulated world"
    )]
    pub seed: u64,
    /// Take the state of the release from this file: with --sim to go on from, else just to look at.
    #[arg(long, global = true, value_name = "FILE")]
    pub statebox: Option<PathBuf>,
    /// Seed the simulated world with the test results in this folder.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Simulated world"
    )]
    pub results: Option<PathBuf>,
    /// Kill the process at this journal point (tests of crash safety).
    #[arg(long, global = true, value_name = "NUMBER", hide = true)]
    pub sim_crash_at: Option<u64>,
    /// Cut the way outside at a changing request: `before:N`, `after:N`, `lost:N` (tests of crash
    /// safety).
    #[arg(long, global = true, value_name = "CUT", hide = true)]
    pub sim_cut: Option<Cut>,
    /// Read this configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Keep journal and local state in this folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Look for scripts in this folder first.
    #[arg(long, global = true, value_name = "DIR")]
    pub scripts: Option<PathBuf>,
    /// How the answer is written: `text` for people, `json` as one document on standard output.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORM",
        hide_possible_values = true
    )]
    pub output: Output,
    /// Never ask a person.
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Stay until the release is approved.
    #[arg(long, global = true)]
    pub watch: bool,
    /// Say what would be done; change nothing.
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// Say more; twice: every request.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but the answer.
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl Options {
    /// Returns `text` with every command in it typed for the world at hand: a next step of a
    /// simulated release must not go to the real one.
    pub fn at_hand(&self, text: &str) -> String {
        let Some(scenario) = &self.sim else {
            return text.to_owned();
        };
        let mut program = format!("oar-script --sim={scenario} ");
        for (option, folder) in [("sim-dir", &self.sim_dir), ("state-dir", &self.state_dir)] {
            if let Some(folder) = folder {
                program.push_str(&format!("--{option}={} ", folder.display()));
            }
        }
        text.replace("oar-script ", &program)
    }
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Output {
    /// For people.
    #[default]
    Text,
    /// One JSON document on standard output.
    Json,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script, such as drive.rhai.
    Run {
        /// The script: a file, or a name in the script folders.
        script: String,
        /// Arguments of the script; its header says which.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Say what a pass would do and why, changing nothing.
    Plan {
        /// The release; with --statebox it is read from the file.
        release: Option<String>,
        /// Facts to take for granted: build-promotion=accepted,test-results=accepted
        #[arg(long, value_name = "NODE=WORD,…")]
        assume: Vec<String>,
    },
    /// Show where a release stands, with the exit code of a run.
    Status {
        /// The release; with --statebox it is read from the file.
        release: Option<String>,
        /// Facts to take for granted: build-promotion=accepted
        #[arg(long, value_name = "NODE=WORD,…")]
        assume: Vec<String>,
    },
    /// Explain why a task is where it is.
    Explain {
        /// The release; with --statebox it is read from the file.
        release: String,
        /// The task; all that are not done when absent.
        task: Option<String>,
        /// Facts to take for granted: build-promotion=accepted
        #[arg(long, value_name = "NODE=WORD,…")]
        assume: Vec<String>,
    },
    /// Show what happened to a release: outcomes, triggers, decisions.
    History {
        /// The release.
        release: String,
    },
    /// Evaluate the test results of a build.
    Analyze {
        /// A build, such as 4.20.1 or a nightly, or a result file.
        build: String,
        /// The architecture of the build.
        #[arg(long, default_value = "amd64")]
        arch: String,
    },
    /// Decide what only a person can, with a reason for the record.
    Decide {
        /// The release.
        release: String,
        /// The task.
        task: String,
        /// `accept` or `reject`.
        #[arg(value_parser = ["accept", "reject"])]
        word: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Let a failed task be tried again.
    Retry {
        /// The release.
        release: String,
        /// The task.
        task: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Name what runs outside for a task whose identity was lost.
    Adopt {
        /// The release.
        release: String,
        /// The task.
        task: String,
        /// Its identity there: a build number, a job id.
        id: String,
    },
    /// Resolve an issue of a release, so that what it blocks goes on.
    Resolve {
        /// The release.
        release: String,
        /// The issue: its text, or enough of it to know it by.
        issue: String,
        /// How it was resolved.
        #[arg(long, value_name = "TEXT")]
        how: String,
    },
    /// Set the rules of final approval aside, with a reason for the record.
    Override {
        /// The release.
        release: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Show the releases that are being worked on, and where each stands.
    Releases {
        /// Show the newest release of every y-stream, also those that are over or not begun.
        #[arg(long)]
        all: bool,
        /// How many days after its date a release is still shown.
        #[arg(long, value_name = "N", default_value_t = 1)]
        keep_days: u32,
    },
    /// Look whether every service can be reached and takes our credential; changes nothing.
    Doctor,
    /// Show the settings, where each comes from, and which secrets are set.
    #[command(subcommand)]
    Config(Config),
    /// Serve a simulated world in the foreground, list scenarios, or move its clock.
    Sim(Sim),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// Show the settings, where each comes from, and which secrets are set.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Print every setting with its value and its source; secrets are never printed.
    Show {
        /// A setting or a section, such as `state` or `state.store`, or an environment variable.
        key: Option<String>,
    },
}

/// Serve a simulated world in the foreground, list scenarios, or move its clock.
#[derive(Args, Debug)]
pub struct Sim {
    /// The scenario to serve, or `list`, `advance`.
    pub what: Option<String>,
    /// How far the clock moves, such as 90m, 6h, 2d.
    pub by: Option<String>,
}

/// Rewrites the words that were typed so that scripts can be named without `run`, options may
/// stand anywhere, and what only the script knows reaches the script.
///
/// `drive.rhai 4.20.1 --owner lead@example.com --sim --watch` becomes
/// `--sim --watch run drive.rhai 4.20.1 --owner lead@example.com`.
pub fn normalize(words: Vec<String>) -> Vec<String> {
    let command = Cli::command();
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_else(|| "oar-script".to_owned());
    let mut words = words.peekable();
    let mut options = vec![program];
    let mut rest: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            rest.push(word);
            rest.extend(words);
            break;
        }
        if word == "--sim" {
            let is_scenario = words.peek().is_some_and(|next| {
                let is_command = rest.is_empty()
                    && (command.find_subcommand(next).is_some() || next.ends_with(".rhai"));
                !next.starts_with('-')
                    && !next.starts_with(|letter: char| letter.is_ascii_digit())
                    && !is_command
            });
            options.push(match words.next_if(|_| is_scenario) {
                Some(scenario) => format!("--sim={scenario}"),
                None => word,
            });
            continue;
        }
        let name = word.split('=').next().unwrap_or_default();
        let known = command.get_arguments().find(|argument| {
            argument
                .get_long()
                .is_some_and(|long| name == format!("--{long}"))
                || argument
                    .get_short()
                    .is_some_and(|short| is_short(name, short))
        });
        match known {
            Some(argument) => {
                let takes_value = argument.get_action().takes_values() && !word.contains('=');
                options.push(word);
                if takes_value {
                    options.extend(words.next());
                }
            }
            None => rest.push(word),
        }
    }
    let mut rest = rest.into_iter().peekable();
    if let Some(script) = rest.next_if(|first| first.ends_with(".rhai")) {
        options.extend(["run".to_owned(), script]);
        // Its help is the script's, not that of `run`.
        if rest
            .peek()
            .is_some_and(|word| matches!(word.as_str(), "--help" | "-h"))
        {
            options.push("--".to_owned());
        }
    }
    options.extend(rest);
    options
}

/// Whether these words ask for JSON, for when they make no sense otherwise.
pub fn wants_json(words: &[String]) -> bool {
    words.iter().any(|word| word == "--output=json")
        || words.windows(2).any(|pair| pair == ["--output", "json"])
}

/// Whether `word` is this short option, alone or repeated (`-v`, `-vv`).
fn is_short(word: &str, short: char) -> bool {
    word.strip_prefix('-')
        .is_some_and(|letters| !letters.is_empty() && letters.chars().all(|letter| letter == short))
}
