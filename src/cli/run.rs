//! `run`: runs a script; for a drive script, shows where the release stands in the end.

use std::sync::Arc;

use super::{
    args::{Options, Output},
    out::{self, Failure},
    table,
    view::View,
    wiring::Wiring,
};
use crate::{
    flow::{Plan, watch::Manner},
    value::to_json,
    world::{Event, Terminal, What},
};

/// Runs a script with the words that are meant for it.
pub fn run(
    script: &str,
    args: Vec<String>,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    let wiring = Wiring::new(options, view.clone())?;
    let manner = Manner {
        is_watching: options.watch && !options.dry_run,
        asks: !options.no_input,
    };
    let plan = options.dry_run.then(Plan::default);
    let host = wiring.host(plan, manner, |_| {})?;
    let program = host.load(&located(script))?;
    if args.iter().any(|word| word == "--help" || word == "-h") {
        let name = format!("oar-script {}", program.name());
        out::answer(&program.header().help(&name));
        return Ok(0);
    }
    if let Err(error) = program.header().parse_args(&args) {
        return Err(Failure::Usage {
            error,
            help: program
                .header()
                .help(&format!("oar-script {}", program.name())),
        });
    }
    if let Some(simulation) = wiring.simulation.as_ref().filter(|world| !world.is_new()) {
        let text = format!(
            "the simulated world `{}` goes on where it was; --sim-reset starts it anew",
            simulation.scenario()
        );
        notice(view, &wiring, text);
    }
    for replaced in program.overrides() {
        notice(
            view,
            &wiring,
            format!(
                "override {} ({} → {})",
                replaced.name, replaced.from, replaced.to
            ),
        );
    }
    for shadow in program.shadows() {
        notice(
            view,
            &wiring,
            format!(
                "{} is taken from the {} scripts",
                shadow.name,
                shadow.by.word()
            ),
        );
    }
    let stopper = host.stopper();
    let asker = view.clone();
    let listening = wiring.session.runtime().spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            stopper.stop();
            asker.stop();
        }
    });
    let ended = host.run(&program, args);
    listening.abort();
    if options.verbose > 0 {
        notice(view, &wiring, requests(&wiring));
    }
    let found = wiring.found()?;
    let value = ended?;
    let code = match &found {
        Some(found) => {
            let report = &found.report;
            view.gap();
            match options.output {
                Output::Json => out::json(&report.to_json()),
                Output::Text => out::answer(&options.at_hand(&table::text(report, out::width()))),
            }
            report.outcome.exit_code()
        }
        None => {
            if options.output == Output::Json {
                out::json(&to_json(&value).unwrap_or_default());
            } else if !value.is_unit() {
                out::answer(&value.to_string());
            }
            0
        }
    };
    if let Some(simulation) = &wiring.simulation {
        // The next invocation finds the clock at the time this one was told to come back.
        match found.and_then(|found| found.report.back_at) {
            _ if options.dry_run => {}
            Some(at) if !options.watch => simulation.advance_to(at).map(|_| ())?,
            _ => simulation.save()?,
        }
    }
    Ok(code)
}

/// How many requests went to which service, the most first.
fn requests(wiring: &Wiring) -> String {
    let counts = wiring.http.counts();
    let mut counts: Vec<_> = counts.iter().filter(|(_, count)| **count > 0).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let words: Vec<_> = counts
        .iter()
        .map(|(service, count)| format!("{service} {count}"))
        .collect();
    match words.is_empty() {
        true => "requests: none".to_owned(),
        false => format!("requests: {}", words.join(", ")),
    }
}

/// A file in the working folder by its path, anything else by its name.
fn located(script: &str) -> String {
    let here = std::env::current_dir().map(|folder| folder.join(script));
    match here {
        Ok(path) if path.is_file() => path.display().to_string(),
        _ => script.to_owned(),
    }
}

fn notice(view: &View, wiring: &Wiring, text: String) {
    view.say(&Event {
        at: wiring.world.now(),
        node: None,
        what: What::Notice(text),
    });
}
