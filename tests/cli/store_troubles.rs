//! Trouble with the places where the state is kept: the message names the thing, the place and the
//! next step, and nothing is lost.

use oar_script::{
    services,
    sim::{self, Simulation, sheet},
};
use serde_json::{Value, json};

use crate::support::{
    program::{Program, RELEASE, Ran},
    shared::{DOCUMENT, cells, change, document, settings, statuses},
};

/// The token that a simulated world gives the program.
const TOKEN: &str = "simulated-github-token";

fn keeping(program: Program, store: &str, is_mirrored: bool) -> Program {
    program.put("oar-script.toml", &settings(store, is_mirrored));
    program
}

fn on_github() -> Program {
    keeping(Program::quick(), "github", false)
}

/// Holds that a run ends so and says all this, on whichever stream, without a panic.
#[track_caller]
fn ends(ran: Ran, code: i32, says: &[&str]) {
    let ran = ran.ends_with(code);
    let told = format!("{}\n{}", ran.stdout, ran.stderr);
    // Long reasons are broken into lines under their column.
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in says {
        assert!(told.contains(text), "`{text}` is not in:\n{told}");
    }
    assert!(!told.contains("panicked"), "{told}");
}

/// Drives once, lets `trouble` happen on GitHub, holds what the next pass says, mends it, and holds that the
/// release comes to the same end as one without trouble.
#[track_caller]
fn passes_by(program: &Program, trouble: impl Fn(&mut Value), code: i32, says: &[&str]) {
    program.drive(&[]).ends_with(3);
    let mut before = Value::Null;
    change(program, |documents| {
        before = documents.clone();
        trouble(documents);
    });
    ends(program.drive(&[]), code, says);
    let again = program.drive(&["--output", "json"]);
    assert!(matches!(again.code(), Some(1 | 4)), "{again:?}");
    assert!(again.json()["outcome"].is_string(), "{again:?}");
    change(program, |documents| {
        // Only what was taken away comes back.
        documents["github"]["branches"]["z-stream"] =
            before["github"]["branches"]["z-stream"].clone();
        documents["github"]["tokens"] = before["github"]["tokens"].clone();
    });
    program.drive(&["--watch"]).ends_with(0);
    let undisturbed = on_github();
    undisturbed.drive(&["--watch"]).ends_with(0);
    assert_eq!(program.triggers(), undisturbed.triggers());
    assert_eq!(statuses(program), statuses(&undisturbed));
}

#[test]
fn a_token_that_may_not_write_is_said_before_anything_starts() {
    let program = on_github();
    passes_by(
        &program,
        |documents| documents["github"]["tokens"][TOKEN] = json!({"permission": "read"}),
        1,
        &[
            "`openshift/release-tests` may not be written to",
            DOCUMENT,
            "set `GITHUB_TOKEN` to a token that has the permission \"contents: write\"",
        ],
    );
}

#[test]
fn a_token_that_may_not_write_holds_the_very_first_step() {
    let program = on_github();
    program.run(&["status", RELEASE]);
    change(&program, |documents| {
        documents["github"]["tokens"][TOKEN] = json!({"permission": "read"});
    });
    ends(
        program.drive(&[]),
        4,
        &[
            "create-test-report blocked",
            "`openshift/release-tests` may not be written to",
            "set `GITHUB_TOKEN` to a token that has the permission \"contents: write\"",
        ],
    );
    assert!(document(&program).is_none());
    change(&program, |documents| {
        documents["github"]["tokens"] = json!({});
    });
    program.drive(&["--watch"]).ends_with(0);
}

#[test]
fn a_missing_token_is_named_when_something_is_to_be_written() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let options = sim::Options {
        scenario: "smooth".to_owned(),
        releases: vec![RELEASE.parse().expect("a version")],
        ..sim::Options::default()
    };
    let simulation = Simulation::open(options, runtime.handle(), |state| {
        services::emulators(state.clone())
    })
    .expect("a simulated world");
    let program = Program::quick();
    let mut text = settings("github", false);
    for (service, address) in simulation.addresses() {
        text.push_str(&format!("[services.{service}]\nendpoint = \"{address}\"\n"));
    }
    program.put("oar-script.toml", &text);
    let drive = ["drive.rhai", RELEASE, "--owner", "lead@example.com"];
    ends(
        program.bare(&drive),
        4,
        &[
            "create-test-report blocked",
            "`openshift/release-tests` may not be written to",
            "set `GITHUB_TOKEN` to a token",
        ],
    );
    assert_eq!(simulation.requests().of("oar"), 0);
}

#[test]
fn a_missing_branch_is_named_with_the_setting() {
    passes_by(
        &on_github(),
        |documents| documents["github"]["branches"]["z-stream"] = Value::Null,
        1,
        &[
            "`openshift/release-tests` has no branch `z-stream`",
            "look at `github.repository` and the name of the branch in the settings",
        ],
    );
}

#[test]
fn a_document_that_was_deleted_is_missed_and_not_made_anew() {
    let program = on_github();
    passes_by(
        &program,
        |documents| documents["github"]["branches"]["z-stream"][DOCUMENT] = Value::Null,
        4,
        &[
            "the StateBox of this release is gone",
            "restore its file from the history of the branch",
        ],
    );
}

#[test]
fn a_document_of_a_newer_program_is_left_alone() {
    let text = "schema_version: '2.0'\nrelease: 4.20.1\n";
    passes_by(
        &on_github(),
        |documents| documents["github"]["branches"]["z-stream"][DOCUMENT] = text.into(),
        1,
        &[
            &format!("z-stream/{DOCUMENT}` is not a state document of 4.20.1"),
            "the unknown schema version `2.0`",
            "is there a newer program?",
        ],
    );
}

#[test]
fn a_sheet_without_a_template_is_named_with_what_to_copy() {
    let program = keeping(Program::quick(), "sheet", false);
    program.run(&["status", RELEASE]);
    let tabs = |documents: &mut Value, tabs: Value| {
        documents["sheets"]["spreadsheets"][sheet::document_id("4.20")]["tabs"] = tabs;
    };
    let mut before = Value::Null;
    change(&program, |documents| {
        before = documents["sheets"]["spreadsheets"][sheet::document_id("4.20")]["tabs"].clone();
        tabs(documents, json!([]));
    });
    ends(
        program.drive(&[]),
        5,
        &[
            "the sheet of 4.20 has no tab `template`",
            "copy the tab `template` from the sheet of another y-stream into it",
        ],
    );
    change(&program, |documents| tabs(documents, before));
    program.drive(&["--watch"]).ends_with(0);
}

#[test]
fn a_copy_that_cannot_be_made_is_said_and_holds_nothing_back() {
    let program = keeping(Program::quick(), "github", true);
    program.run(&["status", RELEASE]);
    change(&program, |documents| {
        documents["sheets"]["spreadsheets"][sheet::document_id("4.20")]["tabs"] = json!([]);
    });
    ends(
        program.drive(&["--watch"]),
        0,
        &[
            "the sheet does not show the state of 4.20.1",
            "copy the tab `template`",
        ],
    );
}

#[test]
fn a_cell_with_an_unknown_word_is_named() {
    let program = keeping(
        Program::quick_but("world.statebox_missing();"),
        "github",
        false,
    );
    program.drive(&[]).ends_with(3);
    let word = |word: &'static str| {
        move |documents: &mut Value| {
            sheet::type_into(documents, "4.20", RELEASE, "B15", word);
        }
    };
    change(&program, word("Done"));
    ends(
        program.drive(&[]),
        1,
        &[
            "tab `4.20.1`: B15 says `Done`, which is no status",
            "Not Started, In Progress, Pass and Fail",
        ],
    );
    change(&program, word("Not Started"));
    program.drive(&["--watch"]).ends_with(0);
    assert_eq!(cells(&program, &["B15"]), ["Pass"]);
}

#[test]
fn an_assembly_that_nobody_has_written_is_named_with_its_file() {
    let program = on_github();
    program.run(&["status", RELEASE]);
    let mut before = Value::Null;
    change(&program, |documents| {
        before = documents["build_data"].clone();
        documents["build_data"]["branches"]["openshift-4.20"]["releases"] = json!({});
    });
    ends(
        program.drive(&[]),
        1,
        &[
            "no assembly `4.20.1` in `releases.yml` of `openshift-4.20`",
            "ocp-build-data/blob/openshift-4.20/releases.yml",
        ],
    );
    change(&program, |documents| documents["build_data"] = before);
    program.drive(&["--watch"]).ends_with(0);
}

#[test]
fn broken_build_data_are_named_with_line_and_file() {
    let program = on_github();
    program.run(&["status", RELEASE]);
    change(&program, |documents| {
        documents["build_data"]["texts"]["openshift-4.20"] = "releases:\n<<<<<<< HEAD\n".into();
    });
    ends(
        program.drive(&[]),
        1,
        &[
            "`releases.yml` of `openshift-4.20` is broken in line 2",
            "ocp-build-data/blob/openshift-4.20/releases.yml and tell ART",
        ],
    );
    change(&program, |documents| {
        documents["build_data"]["texts"] = json!({});
    });
    program.drive(&["--watch"]).ends_with(0);
}

#[test]
fn a_clock_that_is_not_githubs_is_said_in_the_report() {
    let program = Program::quick_but(r#"world.fault("github", "*", "clock:1200", 1000, 0);"#);
    let program = keeping(program, "github", false);
    ends(
        program.drive(&[]),
        3,
        &["this machine's clock is 20 minutes behind that of github"],
    );
}

#[test]
fn a_wrong_key_of_the_encrypted_settings_is_said_without_the_key() {
    // Sealed with another key by the library of the Python tool.
    let sealed = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..RwNFGjqLHh9-uVKa.V_6OBgZa8BVaDUfXydZkJEhsH6WUcACdaezXdsEKTmCbGK-1To8mGBVVVW1XAt_VLHvAZdGDdggQl898bAkt4YwN7mKJRs7LdLcFnDbL7TW7GWAopPJm0nFmO2tksSW5dejH.iImS9o5PpZ3K6CEvH6AXeg";
    let program = Program::quick();
    program.put(
        "oar-script.toml",
        "[oar]\nsettings_file = \"configstore.json\"\n",
    );
    program.put("configstore.json", sealed);
    for words in [["config", "show"], ["status", RELEASE]] {
        let output = program
            .command(&words)
            .env("OAR_JWK", "not-this-secret!")
            .output()
            .expect("the program starts");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        for text in ["configstore.json", "OAR_JWK", "the key does not fit"] {
            assert!(told.contains(text), "`{text}` is not in:\n{told}");
        }
        assert!(!told.contains("not-this-secret"), "{told}");
    }
}
