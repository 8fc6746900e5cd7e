//! What can be typed, and where in the line.

use clap::Parser;
use oar_script::cli::args::{Cli, Command, normalize};

fn normalized(line: &str) -> String {
    let words = std::iter::once("oar-script")
        .chain(line.split_whitespace())
        .map(str::to_owned)
        .collect();
    normalize(words)[1..].join(" ")
}

fn parsed(line: &str) -> Result<Cli, clap::Error> {
    let words = format!("oar-script {}", normalized(line));
    Cli::try_parse_from(words.split_whitespace())
}

#[test]
fn options_may_stand_anywhere_and_scripts_get_what_is_theirs() {
    let check = |typed: &str, expected: &str| assert_eq!(normalized(typed), expected, "{typed}");
    check("drive.rhai 4.20.1", "run drive.rhai 4.20.1");
    check("run drive.rhai 4.20.1", "run drive.rhai 4.20.1");
    check(
        "drive.rhai 4.20.1 --owner lead@example.com --sim --watch",
        "--sim --watch run drive.rhai 4.20.1 --owner lead@example.com",
    );
    check(
        "drive.rhai --watch 4.20.1 -v",
        "--watch -v run drive.rhai 4.20.1",
    );
    check("-vv drive.rhai 4.20.1", "-vv run drive.rhai 4.20.1");
    check("plan --output json 4.20.1", "--output json plan 4.20.1");
    check("plan 4.20.1 --output=json", "--output=json plan 4.20.1");
    check(
        "drive.rhai 4.20.1 --dash-only -x",
        "run drive.rhai 4.20.1 --dash-only -x",
    );
    check(
        "drive.rhai 4.20.1 -- --sim smooth",
        "run drive.rhai 4.20.1 -- --sim smooth",
    );
    check("", "");
}

#[test]
fn a_scenario_is_optional() {
    let check = |typed: &str, expected: &str| assert_eq!(normalized(typed), expected, "{typed}");
    check("plan 4.20.1 --sim", "--sim plan 4.20.1");
    check("--sim plan 4.20.1", "--sim plan 4.20.1");
    check("--sim drive.rhai 4.20.1", "--sim run drive.rhai 4.20.1");
    check("plan --sim 4.20.1", "--sim plan 4.20.1");
    check("--sim --watch drive.rhai", "--sim --watch run drive.rhai");
    check(
        "plan 4.20.1 --sim promotion-late",
        "--sim=promotion-late plan 4.20.1",
    );
    check(
        "--sim promotion-late plan 4.20.1",
        "--sim=promotion-late plan 4.20.1",
    );
    check(
        "plan 4.20.1 --sim=promotion-late",
        "--sim=promotion-late plan 4.20.1",
    );
    check(
        "plan 4.20.1 --sim worlds/mine.rhai",
        "--sim=worlds/mine.rhai plan 4.20.1",
    );
}

#[test]
fn a_bare_sim_is_the_smooth_world() {
    let sim = |line: &str| parsed(line).map(|cli| cli.options.sim).ok().flatten();
    assert_eq!(sim("plan 4.20.1 --sim").as_deref(), Some("smooth"));
    assert_eq!(
        sim("plan 4.20.1 --sim results-late").as_deref(),
        Some("results-late")
    );
    assert_eq!(sim("plan 4.20.1"), None);
}

#[test]
fn a_script_gets_words_with_dashes() {
    let cli = parsed("drive.rhai 4.20.1 --owner lead@example.com -x --sim").expect("parses");
    let Command::Run { script, args } = cli.command else {
        panic!("not a run: {:?}", cli.command);
    };
    assert_eq!(script, "drive.rhai");
    assert_eq!(args, ["4.20.1", "--owner", "lead@example.com", "-x"]);
    assert_eq!(cli.options.sim.as_deref(), Some("smooth"));
}

#[test]
fn what_nobody_knows_is_named() {
    let check = |line: &str, expected: &str| {
        let error = parsed(line).expect_err(line).to_string();
        assert!(error.contains(expected), "{line}: {error}");
    };
    check("plan 4.20.1 --simm", "unexpected argument '--simm'");
    check("plan 4.20.1 --simm", "'--sim'");
    check("plann 4.20.1", "unrecognized subcommand 'plann'");
    check("plann 4.20.1", "'plan'");
    check("plan 4.20.1 --output yaml", "invalid value 'yaml'");
    check("decide 4.20.1 gate maybe --why x", "accept, reject");
    check("decide 4.20.1 gate accept", "--why <TEXT>");
    check("explain", "<RELEASE>");
    check("plan 4.20.1 --seed many", "invalid value 'many'");
}

#[test]
fn a_next_step_stays_in_the_world_at_hand() {
    let at_hand = |line: &str| {
        let options = parsed(line).expect("parses").options;
        options.at_hand("next: oar-script retry 4.20.1 stage-testing --why TEXT")
    };
    assert_eq!(
        at_hand("status 4.20.1"),
        "next: oar-script retry 4.20.1 stage-testing --why TEXT"
    );
    assert_eq!(
        at_hand("status 4.20.1 --sim push-fails --sim-dir /tmp/world"),
        "next: oar-script --sim=push-fails --sim-dir=/tmp/world retry 4.20.1 stage-testing --why TEXT"
    );
}
