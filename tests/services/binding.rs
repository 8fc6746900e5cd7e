//! The functions scripts see, in an engine.

use std::sync::Arc;

use oar_script::{
    call::Session,
    config::Config,
    error::{Error, Kind},
    http::Http,
    services::{emulators, install, modules, sheets},
    world::World,
};
use rhai::{Dynamic, Engine, EvalAltResult};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::services_world::{ServicesWorld, serve, state};

const KEY_FILE: &str = "/keys/account.json";

/// Runs a script in a world whose services stand on loopback.
fn run(script: &str) -> Result<Value, Box<EvalAltResult>> {
    let runtime = Runtime::new().unwrap();
    let state = state("none", json!({}));
    let documents = json!({
        "release_controller": {"streams": {"4-stable": {"4.20.1": {"phase": "Accepted", "digest": "sha256:1",
            "pullSpec": "quay.io/r:4.20.1", "url": "https://access.redhat.com/errata/RHBA-2027:1"}}}},
        "build_data": serde_json::from_str::<Value>(include_str!("../../src/services/build_data/seed.json")).unwrap(),
        "sheets": {"spreadsheets": {"book": {"title": "4.20", "shared_with": [sheets::emulator::EMAIL],
            "tabs": [{"id": 7, "title": "4.20.1", "cells": {"B8": {"value": "Pass"}}}]}}},
        "github": {"commits": {"main": [{"sha": "1", "message": "Say more", "author": "someone",
            "path": "README.md", "at": "2027-03-01T09:00:00Z", "blob": null, "parent": null,
            "tree": "2"}]}, "branches": {"main": {}, "record": {"_releases/ocp-test-result-4.20.1-amd64.json": "{}"}}},
        "portal": {"pages": {"/errata/RHBA-2027:1": {"is_public": true}}},
        "brew": {"builds": {"rhcos-x86_64-9.6.1-0": {"components": [["kernel", "5", "1"]]},
            "kernel-5-1": {"tags": ["a"]}}},
        "slack": {"channels": {"C1": {"name": "team"}}, "users": {"U1": {"name": "lead", "email": "lead@example.com"}},
            "usergroups": {"S1": {"handle": "leads"}}},
        "gitlab": {"merge_requests": {"901": {"state": "closed", "labels": []}}},
        "errata": {"advisories": {"180102": {"type": "RHSA", "state": "QE", "qa_owner": null, "push": [],
            "jira_issues": ["OCPBUGS-1"], "container_grade": "B", "text_ready": 0,
            "builds": {"RHEL-9-OSE-4.20": ["cri-o-1.33-1.el9"]},
            "external_tests": [{"id": 1, "status": "PASSED", "nvr": "image-1"}],
            "content_alerts": {"blocking": false, "alerts": []}}}},
    });
    state.change(|stored| stored.documents = documents).unwrap();
    let mut world = ServicesWorld::default()
        .env("SLACK_BOT_TOKEN", "xoxb-1")
        .env("GITLAB_TOKEN", "simulated-gitlab-token");
    for (name, router) in emulators(state) {
        let address = runtime.block_on(serve(router));
        if name == "sheets" {
            let key = sheets::emulator::key_file(&format!("{address}token"));
            world = world.env("GCP_SA_FILE", KEY_FILE).file(KEY_FILE, &key);
        }
        world = world.endpoint(name, address);
    }
    let world: Arc<dyn World> = Arc::new(world);
    let session = Session::new(world.clone(), runtime.handle().clone());
    install(&session, &Http::new(world).unwrap(), &Config::default()).unwrap();
    let mut engine = Engine::new();
    for (name, module) in modules() {
        engine.register_static_module(name, module.into());
    }
    engine.set_default_tag(Dynamic::from(session));
    let value: Dynamic = engine.eval(script)?;
    Ok(oar_script::value::to_json(&value).unwrap())
}

#[test]
fn scripts_see_maps_text_and_unit() {
    let check = |script: &str, expected: Value| {
        assert_eq!(run(script).unwrap(), expected, "{script}");
    };
    check("release_controller::phase(\"4.20.1\")", json!("Accepted"));
    check("slack::mention(\"lead@example.com\")", json!("<@U1>"));
    check(
        "slack::mention(\"no@example.com\")",
        json!("no@example.com"),
    );
    check("slack::mention_group(\"leads\")", json!("<!subteam^S1>"));
    check("slack::post(\"#team\", \"x\").channel", json!("C1"));
    check(
        "slack::reply(\"#team\", \"1.2\", \"x\").channel",
        json!("C1"),
    );
    check(
        "slack::link(\"https://example.com\", \"a\")",
        json!("<https://example.com|a>"),
    );
    check("slack::plain(\"<\")", json!("&lt;"));
    check("release_controller::phase(\"4.20.2\")", Value::Null);
    check(
        "release_controller::release(\"4.20.1\").is_accepted",
        json!(true),
    );
    check("release_controller::release(\"4.20.2\")", Value::Null);
    check("release_controller::digest(\"4.20.1\")", json!("sha256:1"));
    check(
        "portal::is_public(release_controller::payload(\"4.20.1\").url)",
        json!(true),
    );
    check("release_controller::payload(\"4.20.2\")", Value::Null);
    check(
        "brew::tags(brew::kernel(\"rhcos-x86_64-9.6.1-0\"))",
        json!(["a"]),
    );
    check(
        "release_controller::tags(\"4-stable\")[0].name",
        json!("4.20.1"),
    );
    check(
        "release_controller::latest(\"4-stable\", \"4.20\").phase",
        json!("Accepted"),
    );
    check(
        "github::test_result(\"4.20.1\", \"amd64\").text",
        json!("{}"),
    );
    check("github::test_result(\"4.20.2\", \"amd64\")", Value::Null);
    check("github::file(\"README.md\", \"main\")", Value::Null);
    check(
        "sheets::tabs(\"book\")",
        json!([{"title": "4.20.1", "id": 7}]),
    );
    check(
        "sheets::read(\"book\", \"'4.20.1'!A7:H9\")",
        json!([[], ["", "Pass"]]),
    );
    check(
        "sheets::write(\"book\", \"'4.20.1'!B8\", [[\"Fail\", 3, ()]]); sheets::read(\"book\", \"'4.20.1'!B8:D8\")",
        json!([["Fail", "3"]]),
    );
    check(
        "github::commits(\"README.md\", \"main\", 1)[0].message",
        json!("Say more"),
    );
    check("github::commits(\"x\", \"main\", 9)", json!([]));
    check(
        "errata::security_alerts(180102)",
        json!({"alerts": [], "blocking": false, "type": "RHSA"}),
    );
    check(
        "build_data::metadata(\"4.20.0-rc.2\")",
        json!({
            "jira_ticket": "ART-28001",
            "advisories": {"rpm": 179001},
            "candidate_builds": {},
            "shipment_mr": "https://gitlab.cee.redhat.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests/851",
            "release_date": null,
            "release": "4.20.0-rc.2",
            "flow": "konflux",
        }),
    );
    check(
        "build_data::assemblies(\"4.20\")",
        json!(["4.20.1", "4.20.0", "rc.2", "stream"]),
    );
    check(
        "errata::refresh_security_alerts(180102)",
        json!({"alerts": [], "blocking": false, "type": "RHSA"}),
    );
    check(
        "let it = errata::advisory(180102); [it.type, it.state, it.is_docs_requested, it.security_approved]",
        json!(["RHSA", "QE", false, null]),
    );
    check("errata::people(180102).qa_owner", Value::Null);
    check(
        "errata::builds(180102)",
        json!({"RHEL-9-OSE-4.20": ["cri-o-1.33-1.el9"]}),
    );
    check("errata::push_jobs(180102)", json!([]));
    check(
        "errata::external_tests(180102)",
        json!([{"id": 1, "nvr": "image-1", "status": "PASSED"}]),
    );
    check("errata::container_grade(180102)", json!("B"));
    check("errata::advisories_of(\"OCPBUGS-1\")[0].id", json!(180_102));
    check(
        "errata::set_owner(180102, \"lead@example.com\")",
        json!(true),
    );
    check(
        "errata::drop_jira_issues(180102, [\"OCPBUGS-1\"])",
        json!(["OCPBUGS-1"]),
    );
    check("errata::request_docs_approval(180102)", Value::Null);
    check("errata::request_security_approval(180102)", Value::Null);
    check(
        "let it = errata::push_to_staging(180102); [it.end, it.jobs[0].target]",
        json!(["started", "cdn_stage"]),
    );
    check(
        "errata::change_state(\"4.20.1\", 180102, \"REL_PREP\")",
        json!({"end": "now", "state": "REL_PREP"}),
    );
}

#[test]
fn scripts_see_a_merge_request_by_its_address() {
    const ADDRESS: &str =
        "https://gitlab.example.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests/901";
    let check = |script: &str, expected: Value| {
        let script = script.replace("ADDRESS", &format!("{ADDRESS:?}"));
        assert_eq!(run(&script).unwrap(), expected, "{script}");
    };
    check("gitlab::merge_request(ADDRESS).state", json!("closed"));
    check("gitlab::shipping(ADDRESS)", json!("dropped"));
    check("gitlab::shipment(ADDRESS).jira_keys", json!([]));
    check("gitlab::stage_release(ADDRESS).status", json!("waiting"));
    check("gitlab::prod_release(ADDRESS).status", json!("waiting"));
    check("gitlab::approvals(ADDRESS).left", json!(3));
    check("gitlab::add_label(ADDRESS, \"a\")", json!(["a"]));
    check("gitlab::unapprove(ADDRESS)", json!(false));
    check(
        "gitlab::name_lead(ADDRESS, \"oar-bot@example.com\").is_new",
        json!(true),
    );
    check("gitlab::comment(ADDRESS, \"k\", \"t\").is_new", json!(true));
}

#[test]
fn scripts_catch_errors_with_their_kind() {
    let check = |script: &str, expected: Kind| {
        let thrown = *run(script).unwrap_err();
        let EvalAltResult::ErrorRuntime(value, _) = thrown.unwrap_inner() else {
            panic!("{script} threw {thrown}");
        };
        assert_eq!(value.clone().cast::<Error>().kind, expected, "{script}");
    };
    check("release_controller::phase(\"4.20\")", Kind::Invalid);
    check("github::file(\"README.md\", \"nothing\")", Kind::NotFound);
    check("github::file(\"../README.md\", \"main\")", Kind::Invalid);
    check("github::file(\"\", \"main\")", Kind::Invalid);
    check("sheets::tabs(\"other\")", Kind::NotFound);
    check("sheets::read(\"book\", \"'4.20.9'!A1\")", Kind::NotFound);
    check("sheets::write(\"book\", \"A1\", [1])", Kind::Invalid);
    check("sheets::write(\"book\", \"A1\", [[#{}]])", Kind::Invalid);
    check("github::commits(\"x\", \"nothing\", 1)", Kind::NotFound);
    check("github::commits(\"x\", \"main\", 101)", Kind::Invalid);
    check("errata::security_alerts(1)", Kind::NotFound);
    let here = "https://gitlab.example.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests";
    check("gitlab::merge_request(\"901\")", Kind::Invalid);
    check(
        &format!("gitlab::merge_request(\"{here}/9\")"),
        Kind::NotFound,
    );
    check(
        &format!("gitlab::approve(\"4.20.1\", \"{here}/901\", \"x\")"),
        Kind::Conflict,
    );
    check(
        &format!("gitlab::name_lead(\"{here}/901\", \"no@example.com\")"),
        Kind::NotFound,
    );
    check(
        &format!("gitlab::comment(\"{here}/901\", \"k\", \"/merge\")"),
        Kind::Invalid,
    );
    check("errata::security_alerts(-1)", Kind::Invalid);
    check("build_data::metadata(\"4.20\")", Kind::Invalid);
    check("build_data::metadata(\"4.20.7\")", Kind::NotFound);
    check("build_data::assemblies(\"4.99\")", Kind::NotFound);
    for function in [
        "advisory",
        "people",
        "builds",
        "push_jobs",
        "container_grade",
        "push_to_staging",
        "refresh_security_alerts",
        "request_docs_approval",
        "request_security_approval",
    ] {
        check(&format!("errata::{function}(1)"), Kind::NotFound);
    }
    check("errata::set_owner(180102, \"nobody\")", Kind::Invalid);
    check("errata::drop_jira_issues(180102, [1])", Kind::Invalid);
    check(
        "errata::change_state(\"4.20.1\", 180102, \"GONE\")",
        Kind::Invalid,
    );
}
