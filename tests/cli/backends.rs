//! Whatever carries the tools out, a release comes to the same end and each effect happens once.

use std::collections::BTreeMap;

use oar_script::oar::tools::COMMANDS;
use serde_json::{Value, json};

use crate::support::program::Program;

/// The programs for what they can do, and this program for the rest.
const CLI: &str = "backend = \"cli\"";

/// A folder with these settings for the tools.
fn with(settings: &str) -> Program {
    let program = Program::quick();
    program.put("oar-script.toml", &format!("[oar]\n{settings}\n"));
    program
}

/// What is left behind outside that must be the same however it came about.
fn outside(program: &Program) -> Value {
    let documents = program.documents();
    let of = |service: &str, kind: &str, keys: &[&str]| -> BTreeMap<String, Vec<Value>> {
        let entries = documents[service][kind].as_object();
        entries
            .into_iter()
            .flatten()
            .map(|(id, entry)| {
                let values = keys.iter().map(|key| entry[*key].clone());
                (id.clone(), values.collect())
            })
            .collect()
    };
    let count = |kind: &Value| kind.as_object().map_or(0, serde_json::Map::len);
    json!({
        "advisories": of("errata", "advisories", &["state"]),
        "merge requests": of("gitlab", "merge_requests", &["state", "approved_by"]),
        "issues": of("jira", "issues", &["status"]),
        "prow jobs": count(&documents["prow"]["jobs"]),
        "jenkins builds": count(&documents["jenkins"]["builds"]),
    })
}

/// The tools that reached the server or a program, with how often.
fn elsewhere(program: &Program) -> BTreeMap<String, usize> {
    let documents = program.documents();
    let mut counts = BTreeMap::new();
    for call in documents["oar"]["calls"].as_array().into_iter().flatten() {
        let tool = call["tool"].as_str().expect("a name");
        *counts.entry(tool.to_owned()).or_default() += 1;
    }
    counts
}

/// Drives the release to its end with these settings.
fn driven(settings: &str) -> Program {
    let program = with(settings);
    program.drive(&["--watch"]).ends_with(0);
    program
}

#[test]
fn every_backend_brings_a_release_to_the_same_end() {
    let native = driven("backend = \"native\"");
    for settings in [
        "backend = \"mcp\"",
        CLI,
        // One task after the other is moved.
        "backend = \"native\"\n[oar.tools]\ntake_ownership = \"cli\"\nstage_testing = \"mcp\"\n\
         image_signed_check = \"cli\"",
        "backend = \"cli\"\n[oar.tools]\nchange_advisory_status = \"mcp\"\n\
         create_test_report = \"native\"\nis_release_shipped = \"mcp\"",
        "backend = \"mcp\"\n[oar.tools]\nimage_consistency_check = \"cli\"\n\
         push_to_cdn_staging = \"cli\"",
    ] {
        let other = driven(settings);
        assert_eq!(outside(&other), outside(&native), "{settings}");
        assert_eq!(other.statuses(), native.statuses(), "{settings}");
        for (what, count) in other.triggers() {
            if what.starts_with("oar_") {
                assert_eq!(count, 1, "{settings}: {what}");
            }
        }
        // Nothing is left to do, and nothing is done again.
        let before = other.triggers();
        other.drive(&[]).ends_with(0);
        assert_eq!(other.triggers(), before, "{settings}");
    }
}

#[test]
fn the_programs_are_run_when_they_are_chosen() {
    let program = driven(CLI);
    let called = elsewhere(&program);
    for command in COMMANDS {
        let is_of_the_flow = command.program == "oar";
        assert_eq!(
            called.contains_key(command.tool),
            is_of_the_flow,
            "{}",
            command.tool
        );
    }
    // What they cannot do is done by this program.
    for tool in called.keys() {
        assert!(
            COMMANDS.iter().any(|command| command.tool == tool),
            "{tool}"
        );
    }
    assert_eq!(called["oar_change_advisory_status"], 1);
}

#[test]
fn a_scenario_chooses_unless_a_setting_does() {
    let scenario = "world.backend(\"cli\"); world.tool_backend(\"create_test_report\", \"mcp\");";
    let program = Program::quick_but(scenario);
    program.drive(&[]).ends_with(3);
    assert!(elsewhere(&program).contains_key("oar_create_test_report"));
    let program = Program::quick_but(scenario);
    program.put(
        "oar-script.toml",
        "[oar.tools]\ncreate_test_report = \"native\"\n",
    );
    program.drive(&[]).ends_with(3);
    let called = elsewhere(&program);
    assert!(!called.contains_key("oar_create_test_report"));
    assert!(called.contains_key("oar_take_ownership"));
    let program = Program::quick_but(scenario);
    program.put("oar-script.toml", "[oar]\nbackend = \"native\"\n");
    program.drive(&[]).ends_with(3);
    assert!(!elsewhere(&program).contains_key("oar_create_test_report"));
}

/// A folder whose tools run as programs, one of which meets a fault.
fn faulty(tool: &str, kind: &str) -> Program {
    let fault = format!("world.fault(\"oar\", \"{tool}\", \"{kind}\", 1, 0);");
    let program = Program::quick_but(&fault);
    program.put("oar-script.toml", &format!("[oar]\n{CLI}\n"));
    program
}

#[test]
fn a_program_whose_end_is_lost_is_run_again_only_when_it_did_nothing() {
    // The first one did its work before it was lost, the second one died at once.
    for kind in ["timeout", "reset"] {
        let program = faulty("oar_stage_testing", kind);
        let ran = program.drive(&["--watch"]).ends_with(0);
        let triggers = program.triggers();
        assert_eq!(triggers["jenkins builds"], 1, "{kind}\n{}", ran.stderr);
        assert_eq!(triggers["oar_stage_testing"], 1, "{kind}\n{}", ran.stderr);
        ran.says(&["waiting        stage-testing: sent, but the answer was lost"]);
    }
}

#[test]
fn a_program_that_is_missing_blocks_with_what_to_do() {
    let program = faulty("oar_take_ownership", "refused");
    let ran = program.drive(&[]);
    assert!(
        ran.stderr.contains("there is no program `oar` on the PATH"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("`oar.programs`"), "{}", ran.stdout);
    assert_eq!(program.calls("oar_take_ownership"), 0);
    assert_eq!(program.statuses()["take-ownership"], "Not Started");
    // Somebody installs it.
    program.drive(&["--watch"]).ends_with(0);
    assert_eq!(program.calls("oar_take_ownership"), 1);
}

#[test]
fn scripts_see_where_a_tool_runs() {
    let program = with(
        "backend = \"cli\"\n[oar.tools]\nstage_testing = \"mcp\"\ncreate_test_report = \"native\"",
    );
    program.put(
        "where.rhai",
        "//! Where tools run.\n\n\
         for tool in [\"take_ownership\", \"oar_stage_testing\", \"create_test_report\", \"get_issues\"] {\n\
             print(`${tool}: ${oar::backend(tool)}`);\n\
         }\n\
         for tool in [\"mcp_cache_stats\", \"no_such_tool\"] {\n\
             try { oar::backend(tool); } catch (error) { print(`${tool}: ${error.kind}`); }\n\
         }\n",
    );
    let ran = program.run(&["where.rhai"]).ends_with(0);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    for line in [
        "take_ownership: cli",
        "oar_stage_testing: mcp",
        "create_test_report: native",
        "get_issues: native",
        "mcp_cache_stats: refused",
        "no_such_tool: not_found",
    ] {
        assert!(said.contains(line), "{line} is not in:\n{said}");
    }
}

#[test]
fn the_settings_of_the_programs_are_shown_with_what_is_usual() {
    let program = with("programs = \"tools/bin\"\nlimit = \"45m\"");
    let shown = program.bare(&["config", "show", "oar", "--output", "json"]);
    let value = |key: &str| -> Value {
        let settings = shown.json()["settings"].as_array().cloned();
        let found = settings
            .into_iter()
            .flatten()
            .find(|entry| entry["key"] == key);
        found.expect("a setting")["value"].clone()
    };
    assert_eq!(value("oar.limit"), "45m");
    let folder = value("oar.programs");
    assert!(folder.as_str().unwrap().ends_with("/tools/bin"), "{folder}");
    let usual = Program::quick().bare(&["config", "show", "oar.limit"]);
    assert!(usual.stdout.contains("10m to 30m"), "{}", usual.stdout);
    let program = with("limit = \"soon\"");
    program
        .bare(&["config", "show"])
        .ends_with(1)
        .says(&["`oar.limit` is not a length of time", "45m"]);
}

#[test]
fn a_tool_that_its_backend_cannot_run_is_refused_before_anything_is_done() {
    let program = with("[oar.tools]\nget_issues = \"cli\"");
    program.drive(&[]).ends_with(1).says(&[
        "`oar.tools.get_issues` is `cli`",
        "none of the programs of the release tools does this",
        "set it to `native` or `mcp`",
    ]);
}
