//! `config show`: every setting and no secret.

use serde_json::Value;

use crate::support::program::{Program, Ran};

const SETTINGS: &str = r##"
[state]
store = "github"
[owners]
"4.20" = "lead@example.com"
[contacts.slack.art]
channel = "#art-example"
"##;

const SECRETS: [&str; 10] = [
    "GITHUB_TOKEN",
    "OAR_JWK",
    "JIRA_USERNAME",
    "JIRA_TOKEN",
    "GITLAB_TOKEN",
    "JENKINS_USER",
    "JENKINS_TOKEN",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "APITOKEN",
];

fn program(settings: &str) -> Program {
    let program = Program::new("smooth");
    program.put("oar-script.toml", settings);
    program
}

/// Runs `config show` with these words and every secret set to a canary.
fn show(program: &Program, words: &[&str]) -> Ran {
    let mut all = vec!["config", "show"];
    all.extend(words);
    let mut command = program.command(&all);
    for name in SECRETS {
        command.env(name, format!("canary-of-{name}"));
    }
    let output = command.env("GCP_SA_FILE", "/keys/sheets.json").output();
    let output = output.expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes text");
    let ran = Ran {
        status: output.status,
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!said.contains("canary"), "{said}");
    ran
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn setting<'a>(document: &'a Value, key: &str) -> &'a Value {
    let settings = document["settings"].as_array().unwrap();
    let found = settings.iter().find(|setting| setting["key"] == key);
    found.unwrap_or_else(|| panic!("no `{key}` in {document}"))
}

#[test]
fn every_setting_is_shown_with_value_and_source() {
    let program = program(SETTINGS);
    let ran = show(&program, &["--output", "json"]);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let document = json(&ran);
    let file = program.path("oar-script.toml").canonicalize().unwrap();
    let store = setting(&document, "state.store");
    assert_eq!(store["value"], "github");
    assert_eq!(store["source"], format!("{}:3", file.display()));
    let branch = setting(&document, "state.branch");
    assert_eq!(branch["value"], "z-stream");
    assert_eq!(branch["source"], "default");
    let owner = setting(&document, "owners.4.20");
    assert_eq!(owner["value"], "lead@example.com");
    let channel = setting(&document, "contacts.slack.art.channel");
    assert_eq!(channel["value"], "#art-example");
    let endpoint = setting(&document, "services.github.endpoint");
    assert_eq!(endpoint["value"], "https://api.github.com");
    assert_eq!(setting(&document, "state.mirror")["value"], Value::Null);
}

#[test]
fn a_secret_is_only_said_to_be_set() {
    let program = program("");
    let document = json(&show(&program, &["--output", "json"]));
    let environment = document["environment"].as_array().unwrap();
    let of = |name: &str| environment.iter().find(|row| row["name"] == name).unwrap();
    for name in SECRETS {
        assert_eq!(of(name)["is_set"], true, "{name}");
        assert_eq!(of(name)["value"], "***", "{name}");
        assert_ne!(of(name)["needed_by"], "", "{name}");
    }
    assert_eq!(of("GCP_SA_FILE")["value"], "/keys/sheets.json");
    assert_eq!(of("GCS_CRED_FILE")["is_set"], false);
    let text = show(&program, &[]).stdout;
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("GITHUB_TOKEN").contains("***"), "{text}");
    assert!(line("GCS_CRED_FILE").contains("not set"), "{text}");
}

#[test]
fn a_key_or_a_section_narrows_it_down() {
    let program = program(SETTINGS);
    let keys = |words: &[&str]| -> Vec<String> {
        let ran = show(&program, &[words, &["--output", "json"]].concat());
        let settings = json(&ran)["settings"].as_array().unwrap().clone();
        let keys = settings.iter().map(|row| row["key"].as_str().unwrap());
        keys.map(str::to_owned).collect()
    };
    assert_eq!(keys(&["state.store"]), ["state.store"]);
    assert_eq!(
        keys(&["state"]),
        ["state.store", "state.branch", "state.path", "state.mirror"]
    );
    assert_eq!(keys(&["owners"]), ["owners.default", "owners.4.20"]);
    let ran = show(&program, &["GITHUB_TOKEN"]);
    assert!(ran.stdout.contains("***") && ran.stdout.lines().count() == 2);
    let ran = show(&program, &["state.stor"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(
        ran.stderr.contains("did you mean `state.store`?"),
        "{ran:?}"
    );
}

#[test]
fn a_wrong_setting_is_named() {
    let program = program("[state]\nstor = \"github\"\n");
    let ran = show(&program, &[]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stderr.contains("oar-script.toml:2"), "{ran:?}");
    assert!(
        ran.stderr.contains("did you mean `state.store`?"),
        "{ran:?}"
    );
    let document = json(&show(&program, &["--output", "json"]));
    assert_eq!(document["outcome"], "error");
}

#[test]
fn an_encrypted_file_that_does_not_open_hides_no_other_setting() {
    let program =
        program("[oar]\nsettings_file = \"configstore.json\"\n[state]\nstore = \"sheet\"");
    program.put("configstore.json", "a.b.c");
    let ran = show(&program, &["state.store"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.stdout.contains("sheet"), "{ran:?}");
    for word in ["configstore.json", "OAR_JWK", "five parts"] {
        assert!(ran.stderr.contains(word), "{ran:?}");
    }
}

#[test]
fn without_any_settings_everything_has_its_usual_value() {
    let program = Program::new("smooth");
    let ran = program.bare(&["config", "show", "--output", "json"]);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let document = json(&ran);
    let settings = document["settings"].as_array().unwrap();
    assert!(settings.iter().all(|row| row["source"] == "default"));
    let environment = document["environment"].as_array().unwrap();
    assert!(environment.iter().all(|row| row["is_set"] == false));
}
