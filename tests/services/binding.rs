//! The functions scripts see, in an engine.

use std::sync::Arc;

use oar_script::{
    call::Session,
    config::Config,
    error::{Error, Kind},
    http::Http,
    services::{emulators, install, modules},
    world::World,
};
use rhai::{Dynamic, Engine, EvalAltResult};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::services_world::{ServicesWorld, serve, state};

/// Runs a script in a world whose services stand on loopback.
fn run(script: &str) -> Result<Value, Box<EvalAltResult>> {
    let runtime = Runtime::new().unwrap();
    let state = state("none", json!({}));
    let documents = json!({
        "release_controller": {"streams": {"4-stable": {"4.20.1": {"phase": "Accepted", "digest": "sha256:1"}}}},
        "github": {"branches": {"main": {}, "record": {"_releases/ocp-test-result-4.20.1-amd64.json": "{}"}}},
        "gitlab": {"merge_requests": {"901": {"state": "closed", "labels": []}}},
        "errata": {"advisories": {"180102": {"type": "RHSA", "content_alerts": {"blocking": false, "alerts": []}}}},
    });
    state.change(|stored| stored.documents = documents).unwrap();
    let mut world = ServicesWorld::default().env("GITLAB_TOKEN", "simulated-gitlab-token");
    for (name, router) in emulators(state) {
        world = world.endpoint(name, runtime.block_on(serve(router)));
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
    check("release_controller::phase(\"4.20.2\")", Value::Null);
    check(
        "release_controller::release(\"4.20.1\").is_accepted",
        json!(true),
    );
    check("release_controller::release(\"4.20.2\")", Value::Null);
    check("release_controller::digest(\"4.20.1\")", json!("sha256:1"));
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
        "errata::security_alerts(180102)",
        json!({"alerts": [], "blocking": false, "type": "RHSA"}),
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
}
