//! No credential leaves the program: not in what it prints, not in what it keeps, not in what people
//! read elsewhere.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use oar_script::world::simulated::SECRET_NAMES;

use crate::support::program::{Program, Ran};

/// What stands for a credential in a simulated world, and what basic authentication makes of it.
fn secrets() -> Vec<String> {
    let dummy = |name: &str| format!("simulated-{}", name.to_lowercase().replace('_', "-"));
    let is_secret = |name: &&&str| !["JIRA_USERNAME", "JIRA_EMAIL", "JENKINS_USER"].contains(*name);
    let names = SECRET_NAMES.iter().filter(is_secret);
    let mut secrets: Vec<_> = names.map(|name| dummy(name)).collect();
    let pair = format!("{}:{}", dummy("JIRA_USERNAME"), dummy("JIRA_TOKEN"));
    secrets.push(
        BASE64_STANDARD
            .encode(pair)
            .trim_end_matches('=')
            .to_owned(),
    );
    secrets.push("Bearer sim".to_owned());
    secrets.push("PRIVATE KEY".to_owned());
    secrets
}

fn tells_nothing(what: &str, text: &str) {
    for secret in secrets() {
        let told = text.lines().find(|line| line.contains(&secret));
        assert!(told.is_none(), "{what} tells {secret}: {told:?}");
    }
}

/// Looks at all that a run printed and all that the world has of it.
fn nothing_is_told(program: &Program, ran: &Ran) {
    tells_nothing("standard output", &ran.stdout);
    tells_nothing("standard error", &ran.stderr);
    tells_nothing("the journal", &program.journal_text());
    let mut documents = program.documents();
    // The stand-in of GitLab knows whose token it is.
    documents["gitlab"]["users"].take();
    for (service, document) in documents.as_object().expect("documents") {
        let text = serde_json::to_string_pretty(document).expect("JSON");
        tells_nothing(service, &text);
    }
}

#[test]
fn a_release_driven_with_every_trace_gives_no_credential_away() {
    for form in ["text", "json"] {
        let program = Program::quick();
        let ran = program.drive(&["--watch", "-vvvv", "--output", form]);
        assert!(
            ran.stderr.contains("request"),
            "nothing was traced:\n{}",
            ran.stderr
        );
        nothing_is_told(&program, &ran);
        ran.ends_with(0);
    }
}

#[test]
fn a_release_in_trouble_with_every_service_gives_no_credential_away() {
    for kind in [
        "html",
        "status:403",
        "status:500",
        "malformed",
        "reset",
        "truncated",
    ] {
        let program = Program::quick_but(&format!(
            r#"for service in ["github", "errata", "gitlab", "jira", "slack", "build_data", "release_controller"] {{
                world.fault(service, "*", "{kind}", 2, 1);
            }}"#
        ));
        let mut last = program.drive(&["--watch", "-vvvv"]);
        nothing_is_told(&program, &last);
        for _ in 0..3 {
            last = program.drive(&["-vvvv"]);
            nothing_is_told(&program, &last);
        }
        program.run(&["history", "4.20.1", "--output", "json"]);
        let explained = program.run(&["explain", "4.20.1", "-vvvv"]);
        nothing_is_told(&program, &explained);
    }
}
