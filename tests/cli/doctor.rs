//! `doctor`: whether services can be used.

use oar_script::services::SERVICES;
use serde_json::Value;

use crate::support::program::Program;

#[test]
fn in_a_simulated_world_everything_can_be_used() {
    let program = Program::quick();
    let ran = program.run(&["doctor", "--output", "json"]);
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(said["is_usable"], true);
    assert_eq!(said["kerberos"]["principal"], "sim@EXAMPLE.COM");
    assert_eq!(said["kerberos"]["expires_at"], "2027-03-01T19:00:00Z");
    let services = said["services"].as_array().unwrap();
    let names: Vec<_> = services.iter().map(|service| &service["name"]).collect();
    assert_eq!(names, SERVICES.map(|row| row.name));
    for service in services {
        assert_eq!(service["is_usable"], true, "{service}");
        assert_eq!(service["endpoint_from"], "simulated world");
        let credentials = service["credentials"].as_array().unwrap();
        assert!(credentials.iter().all(|one| one["is_set"] == true));
    }
    let text = program.run(&["doctor"]);
    assert_eq!(text.status.code(), Some(0), "{text:?}");
    for word in [
        "sim@EXAMPLE.COM",
        "until 2027-03-01 19:00 UTC",
        "everything can be used",
    ] {
        assert!(text.stdout.contains(word), "no `{word}` in {text:?}");
    }
}

#[test]
fn looking_changes_nothing_and_does_not_wait_for_better_times() {
    let program = Program::quick_but("world.fault(\"ldap\", \"search\", \"busy\", 1, 0);");
    program.run(&["doctor"]);
    let before = program.documents();
    program.run(&["doctor"]);
    assert_eq!(program.documents(), before);
    assert!(!program.has_state());
}

#[test]
fn a_service_that_refuses_is_told_apart_from_one_that_is_away() {
    let program = Program::quick_but(
        "world.fault(\"ldap\", \"search\", \"refused\", 1, 0);
         world.fault(\"gitlab\", \"*\", \"status:401\", 1, 0);
         world.fault(\"portal\", \"is_public\", \"status:404\", 1, 0);",
    );
    let ran = program.run(&["doctor", "--output", "json"]);
    assert_eq!(ran.status.code(), Some(4), "{ran:?}");
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(said["is_usable"], false);
    let kind = |name: &str| {
        let services = said["services"].as_array().unwrap();
        let found = services.iter().find(|service| service["name"] == name);
        let found = found.unwrap();
        assert!(found["says"].as_str().is_some_and(|says| !says.is_empty()));
        (found["is_usable"] == true, found["error"]["kind"].clone())
    };
    assert_eq!(kind("ldap"), (false, "unreachable".into()));
    assert_eq!(kind("gitlab"), (false, "denied".into()));
    assert_eq!(kind("portal"), (false, "unexpected".into()));
    assert_eq!(kind("jira"), (true, Value::Null));
    let again = program.run(&["doctor"]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
}

/// Settings in which every service is where nobody listens.
fn nowhere() -> String {
    let sections = SERVICES.iter().map(|row| {
        let scheme = if row.name == "ldap" { "ldap" } else { "http" };
        format!(
            "[services.{}]\nendpoint = \"{scheme}://127.0.0.1:9\"\n",
            row.name
        )
    });
    sections.collect()
}

#[test]
fn what_has_no_credential_is_not_asked_and_the_variable_is_named() {
    let program = Program::quick();
    program.put("oar-script.toml", &nowhere());
    let ran = program.bare(&["doctor", "--output", "json"]);
    assert_eq!(ran.status.code(), Some(4), "{ran:?}");
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    for service in said["services"].as_array().unwrap() {
        let name = service["name"].as_str().unwrap();
        assert_eq!(service["is_usable"], false, "{service}");
        let source = service["endpoint_from"].as_str().unwrap();
        assert!(source.contains("oar-script.toml"), "{service}");
        let hint = service["hint"].as_str().unwrap_or_default();
        let row = SERVICES.iter().find(|row| row.name == name).unwrap();
        for variable in row.credentials {
            assert!(hint.contains(variable), "{service}");
            assert_eq!(service["error"], Value::Null, "{service}");
        }
    }
    let text = program.bare(&["doctor"]);
    assert_eq!(text.status.code(), Some(4), "{text:?}");
    for line in [
        "Jira: set the environment variables `JIRA_USERNAME` and `JIRA_TOKEN`",
        "GitLab: set the environment variable `GITLAB_TOKEN`",
        "of them cannot be used",
    ] {
        assert!(text.stdout.contains(line), "no `{line}` in {text:?}");
    }
}
