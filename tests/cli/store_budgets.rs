//! What a pass asks of the places where the state is kept.
#![expect(
    clippy::disallowed_methods,
    reason = "settings and a scenario of its own"
)]

use std::{fs, sync::Arc};

use oar_script::{
    cli::{args::Options, view::View, wiring::Wiring},
    flow::{report::PassOutcome, watch::Manner},
};
use tempfile::TempDir;

use crate::support::{program::RELEASE, shared::settings};

/// The build is promoted late, so that there are passes in which nothing changes and nobody asks for
/// test results, which lie in the same repository.
const LATE: &str = r#"fn scenario(world) {
    world.promotion(hours(8));
    world.stage_release(minutes(1), "success");
    world.promoted_tests(#{ created: hours(9), aggregated: hours(10) });
    world.push(["COMPLETE"], 5);
    world.consistency_check(["success"], 5);
    world.stage_pipeline(["SUCCESS"], 5);
    world.metadata_url(minutes(1));
    world.release_date(1);
}
"#;

/// Requests to GitHub and to the sheet; others write there too, but not over HTTP.
#[derive(Debug, Eq, PartialEq)]
struct Asked {
    github: u64,
    github_writes: u64,
    sheet_reads: u64,
    sheet_writes: u64,
}

const NOTHING_CHANGED: Asked = Asked {
    github: 1,
    github_writes: 0,
    sheet_reads: 0,
    sheet_writes: 0,
};

/// One process after the other in one simulated world.
struct Folder(TempDir);

impl Folder {
    fn new(store: &str, is_mirrored: bool, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        put("oar-script.toml", &settings(store, is_mirrored)).expect("written settings");
        let scenario = LATE.trim_end().trim_end_matches('}');
        put("late.rhai", &format!("{scenario}    {more}\n}}\n")).expect("a written scenario");
        Self(folder)
    }

    /// A process, until it ends.
    fn process(&self) -> Wiring {
        let path = |name: &str| self.0.path().join(name);
        let options = Options {
            sim: Some(path("late.rhai").display().to_string()),
            sim_dir: Some(path("world")),
            state_dir: Some(path("state")),
            config: Some(path("oar-script.toml")),
            no_input: true,
            ..Options::default()
        };
        let view = Arc::new(View::new(true, false, true));
        Wiring::new(&options, view).expect("a simulated world")
    }
}

/// Drives as often as said, each time when the pass before said to come back, and tells what each
/// pass asked and whether it was the last one.
fn passes(wiring: &Wiring, count: usize) -> Vec<(Asked, bool)> {
    let host = wiring
        .host(None, Manner::default(), |_| {})
        .expect("the shipped scripts");
    let program = host.load("drive.rhai").expect("the drive script");
    let simulation = wiring.simulation.as_ref().expect("a simulated world");
    let one = |_| {
        simulation.requests().clear();
        let args = [RELEASE, "--owner", "lead@example.com"];
        let _report = host
            .run(&program, args.map(str::to_owned).to_vec())
            .expect("a pass");
        let asked = asked(wiring);
        let found = wiring.found().expect("a drive").expect("a flow");
        if let Some(at) = found.report.back_at {
            simulation.advance_to(at).expect("a writable folder");
        }
        (asked, found.report.outcome == PassOutcome::Complete)
    };
    (0..count).map(one).collect()
}

fn asked(wiring: &Wiring) -> Asked {
    let simulation = wiring.simulation.as_ref().expect("a simulated world");
    let counts = simulation.requests().counts();
    let count = |service: &str, is_meant: fn(&str) -> bool| {
        let meant = counts
            .iter()
            .filter(|((name, operation), _)| name == service && is_meant(operation));
        meant.map(|(_, count)| count).sum()
    };
    let is_write = |operation: &str| {
        !operation.starts_with("GET ") && operation != "POST /token" && operation != "POST /graphql"
    };
    Asked {
        github: count("github", |_| true),
        github_writes: count("github", is_write),
        sheet_reads: count("sheets", |operation| operation.starts_with("GET ")),
        sheet_writes: count("sheets", is_write),
    }
}

#[test]
fn a_pass_that_changes_nothing_asks_github_once_and_writes_nowhere() {
    let folder = Folder::new("github", true, "");
    let wiring = folder.process();
    let told = passes(&wiring, 6);
    // The push is over after two passes; from then on the build is waited for.
    for (asked, _) in &told[3..] {
        assert_eq!(asked, &NOTHING_CHANGED);
    }
}

#[test]
fn a_new_process_reads_the_state_and_the_tab_once_and_writes_nowhere() {
    let folder = Folder::new("github", true, "");
    passes(&folder.process(), 4);
    let wiring = folder.process();
    let told = passes(&wiring, 2);
    let first = Asked {
        sheet_reads: 1,
        ..NOTHING_CHANGED
    };
    assert_eq!(told[0].0, first);
    assert_eq!(told[1].0, NOTHING_CHANGED);
}

#[test]
fn a_pass_that_changes_something_reads_and_writes_the_tab_at_most_once() {
    let folder = Folder::new("github", true, "");
    let wiring = folder.process();
    let told = passes(&wiring, 100);
    assert!(told.iter().any(|(_, is_over)| *is_over), "it does not end");
    // The first pass makes the tab, which takes two reads.
    for (place, (asked, _)) in told.iter().enumerate().skip(1) {
        assert!(asked.sheet_reads <= 1, "pass {place}: {asked:?}");
        assert!(asked.sheet_writes <= 1, "pass {place}: {asked:?}");
    }
    let over = told.last().expect("passes");
    assert_eq!(over.0, NOTHING_CHANGED);
}

#[test]
fn a_pass_over_the_sheet_alone_reads_the_tab_once_when_nothing_changes() {
    for store in ["sheet", "github"] {
        let folder = Folder::new(store, false, "world.statebox_missing();");
        let wiring = folder.process();
        let told = passes(&wiring, 6);
        let asked = &told[5].0;
        assert_eq!((asked.sheet_reads, asked.sheet_writes), (1, 0), "{store}");
        assert!(asked.github <= 2, "{store}: {asked:?}");
        assert_eq!(asked.github_writes, 0, "{store}");
    }
}
