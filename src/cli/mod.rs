//! The command line: one file per command, and the only place that prints.

pub mod analyze;
pub mod args;
mod config;
mod doctor;
mod explain;
mod history;
mod out;
mod person;
mod plan;
mod releases;
mod results;
mod run;
mod sim;
pub mod table;
pub mod view;
pub mod wiring;

use std::{io::IsTerminal, process::ExitCode, sync::Arc};

use clap::{CommandFactory, Parser};

use self::{
    args::{Cli, Command, Options},
    out::Failure,
    view::View,
};
use crate::error::Error;

/// Runs the program with the words it was started with.
pub fn main() -> ExitCode {
    let words = args::normalize(std::env::args().collect());
    let wants_json = args::wants_json(&words);
    let Cli { command, options } = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            if !error.use_stderr() {
                return ExitCode::SUCCESS;
            }
            if wants_json {
                out::error_document(&usage(&error), &[]);
            }
            return ExitCode::from(2);
        }
    };
    start_tracing(options.verbose);
    let view = Arc::new(View::new(
        options.quiet,
        options.verbose > 0,
        options.no_input,
    ));
    let ended = dispatch(command, &options, &view);
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            out::failure(&failure, &options);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// What the words on the command line lack, in one line.
fn usage(error: &clap::Error) -> Error {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    let message = line.strip_prefix("error: ").unwrap_or(line);
    Error::invalid(message).hint("oar-script --help")
}

fn dispatch(command: Command, options: &Options, view: &Arc<View>) -> Result<u8, Failure> {
    match command {
        Command::Run { script, args } => run::run(&script, args, options, view),
        Command::Plan { release, assume } => {
            plan::plan(release.as_deref(), &assume, options, view, plan::Says::Plan)
        }
        Command::Status { release, assume } => plan::plan(
            release.as_deref(),
            &assume,
            options,
            view,
            plan::Says::Standing,
        ),
        Command::Explain {
            release,
            task,
            assume,
        } => explain::explain(&release, task.as_deref(), &assume, options, view),
        Command::History { release } => history::history(&release, options, view),
        Command::Analyze { build, arch } => results::analyze(&build, &arch, options, view),
        Command::Decide {
            release,
            task,
            word,
            why,
        } => person::decide(&release, &task, &word, &why, options, view),
        Command::Retry { release, task, why } => {
            person::retry(&release, &task, &why, options, view)
        }
        Command::Adopt { release, task, id } => person::adopt(&release, &task, &id, options, view),
        Command::Resolve {
            release,
            issue,
            how,
        } => person::resolve(&release, &issue, &how, options, view),
        Command::Override { release, why } => person::set_aside(&release, &why, options, view),
        Command::Releases { all, keep_days } => releases::releases(all, keep_days, options, view),
        Command::Config(args::Config::Show { key }) => config::show(key.as_deref(), options, view),
        Command::Doctor => doctor::doctor(options, view),
        Command::Sim(sim) => sim::sim(&sim, options, view),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "oar-script", &mut script);
            out::answer(&String::from_utf8_lossy(&script));
            Ok(0)
        }
    }
}

/// Trace lines go to standard error: `-vv` for every request, `OAR_SCRIPT_LOG` for a filter.
///
/// What libraries log comes back to us as errors and is said with its consequences, so it is left
/// out unless asked for. Without `-v` there is no time: the machine's is not the world's.
fn start_tracing(verbose: u8) {
    let level = match verbose {
        0 => "oar_script=warn",
        1 => "oar_script=info",
        _ => "oar_script=debug,info",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("OAR_SCRIPT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // A second start in one process keeps the first.
    let _ = match verbose {
        0 => lines.without_time().try_init(),
        _ => lines.try_init(),
    };
}
