//! The table of services.

use std::collections::BTreeSet;

use oar_script::{
    config::{SERVICE_NAMES, credentials::CREDENTIALS},
    services::{SERVICES, modules},
};
use url::Url;

#[test]
fn every_row_is_complete() {
    let names: BTreeSet<_> = SERVICES.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), SERVICES.len());
    let is_known = |name: &str| CREDENTIALS.iter().any(|known| known.name == name);
    for row in SERVICES {
        assert!(
            SERVICE_NAMES.contains(&row.name),
            "{} has no section",
            row.name
        );
        let endpoint = Url::parse(row.endpoint).unwrap();
        let scheme = if row.name == "ldap" { "ldaps" } else { "https" };
        assert_eq!(endpoint.scheme(), scheme);
        assert!(row.credentials.iter().all(|name| is_known(name)));
        assert!(!row.title.is_empty() && !row.health.is_empty());
        let seed: serde_json::Value = serde_json::from_str(row.seed).unwrap();
        assert!(seed.is_object(), "{}", row.name);
    }
}

#[test]
fn every_script_function_is_documented() {
    for (name, module) in modules() {
        let mut engine = rhai::Engine::new_raw();
        engine.register_static_module(name, module.into());
        let metadata = engine.gen_fn_metadata_to_json(false).unwrap();
        let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
        let functions = metadata["modules"][name]["functions"].as_array().unwrap();
        assert!(!functions.is_empty(), "{name}");
        for function in functions {
            let docs = function["docComments"].as_array();
            assert!(docs.is_some_and(|docs| !docs.is_empty()), "{function}");
        }
    }
}
