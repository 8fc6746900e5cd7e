//! The arguments a script declares in its header.

use oar_script::script::{header::Header, program::Program};

use super::desk::host;

fn program(args: &str) -> Program {
    let text = format!("//! Drives.\n//!\n//! api: 1\n//! args: {args}\n\nargs");
    let program = host(&[]).load_text("drive.rhai", &text);
    program.unwrap_or_else(|error| panic!("{}", error.render(false)))
}

fn parse(header: &Header, words: &str) -> String {
    let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
    match header.parse_args(&words) {
        Ok(values) => format!("{values:?}"),
        Err(error) => format!("{error}; {}", error.hint.as_deref().unwrap_or_default()),
    }
}

#[test]
fn arguments_arrive_in_the_map_of_the_script() {
    let program = program("release [--owner EMAIL] [--dry-run] [note...]");
    let header = program.header();
    assert_eq!(header.api, Some(1));
    assert_eq!(header.summary, "Drives.");
    assert_eq!(
        header.usage(),
        "RELEASE [--owner EMAIL] [--dry-run] [NOTE...]"
    );
    let expected = r#"{"dry_run": true, "note": ["a", "--b"], "owner": "ann@example.com", "release": "4.20.1"}"#;
    for words in [
        "4.20.1 --owner ann@example.com --dry-run a -- --b",
        "--dry-run --owner=ann@example.com 4.20.1 a -- --b",
    ] {
        assert_eq!(parse(header, words), expected, "{words}");
    }
    assert_eq!(
        parse(header, "4.20.1"),
        r#"{"dry_run": false, "note": [], "owner": (), "release": "4.20.1"}"#
    );
}

#[test]
fn wrong_arguments_are_explained() {
    let program = program("release [--owner EMAIL] [--dry-run]");
    let usage = "usage: RELEASE [--owner EMAIL] [--dry-run]";
    let check = |words: &str, expected: &str| {
        assert_eq!(parse(program.header(), words), expected, "{words}");
    };
    check("", &format!("the argument `RELEASE` is missing; {usage}"));
    check(
        "4.20.1 4.20.2",
        &format!("unexpected argument `4.20.2`; {usage}"),
    );
    check(
        "4.20.1 --ower a",
        "unknown option `--ower`; did you mean `--owner`?",
    );
    check(
        "4.20.1 --owner",
        &format!("`--owner` needs a value; {usage}"),
    );
    check(
        "4.20.1 --dry-run=yes",
        &format!("`--dry-run` does not take a value; {usage}"),
    );
}

#[test]
fn a_required_option_must_be_given() {
    let program = program("--why TEXT [name]");
    assert_eq!(program.header().usage(), "--why TEXT [NAME]");
    assert!(parse(program.header(), "x").starts_with("the argument `--why TEXT` is missing"));
    assert_eq!(
        parse(program.header(), "--why x"),
        r#"{"name": (), "why": "x"}"#
    );
}

#[test]
fn a_script_without_an_args_line_takes_none() {
    let program = host(&[]).load_text("drive.rhai", "1").expect("it loads");
    assert_eq!(
        parse(program.header(), "x"),
        "unexpected argument `x`; this script takes no arguments"
    );
}

#[test]
fn help_says_what_the_script_is() {
    assert_eq!(
        program("release").help(),
        "Drives.\n\nUsage: drive.rhai RELEASE\n"
    );
}

#[test]
fn a_header_that_makes_no_sense_is_reported_at_its_line() {
    let check = |line: &str, expected: &str| {
        let text = format!("//! Drives.\n//! {line}\n1");
        let error = host(&[])
            .load_text("drive.rhai", &text)
            .expect_err("it is wrong");
        assert_eq!(error.diagnostics[0].title, expected);
        assert_eq!(error.to_string(), format!("drive.rhai:2:5: {expected}"));
    };
    check("api: 99", "this program has no script API level 99");
    check("api: new", "`new` is no script API level");
    check("args: [a", "a `[` in `args` is not closed");
    check(
        "args: [a] b",
        "the required argument `b` comes after an optional one",
    );
    check("args: a a", "the argument `a` is declared twice");
    check("args: A", "`A` is no argument");
    check("args: --force", "the flag `--force` cannot be required");
}
