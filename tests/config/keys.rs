//! The names of settings and what their values must be.

use std::path::Path;

use oar_script::{
    config::{Backend, Config, KEYS, Mirror, SERVICE_NAMES, Store, TOOL_NAMES},
    error::{Error, Kind},
    oar::tools::TOOLS,
};

use crate::support::services_world::ServicesWorld;

fn load(text: &str) -> Result<Config, Error> {
    let world = ServicesWorld::default().file("/project/oar-script.toml", text);
    Config::load(&world, Path::new("/project"), None)
}

#[test]
fn names_that_people_choose_are_taken_as_they_are() {
    let config = load(
        r##"
        [state]
        store = "github"
        mirror = "sheet"
        branch = "team/z-stream"
        [sheets.documents]
        "4.20" = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefG"
        [owners]
        default = "lead@example.com"
        "4.20" = "other@example.com"
        [contacts.slack.qe-release]
        channel = "#qe-release-example"
        "4.20" = "lead-4-20"
        [oar.tools]
        stage_testing = "mcp"
        "##,
    )
    .unwrap();
    assert_eq!(config.state.store, Store::Github);
    assert_eq!(config.state.mirror, Some(Mirror::Sheet));
    assert_eq!(config.state.branch, "team/z-stream");
    assert!(config.document("4.20").unwrap().starts_with("1AbC"));
    assert_eq!(config.document("4.2"), None);
    assert_eq!(config.owner("4.20"), Some("other@example.com"));
    assert_eq!(config.owner("4.19"), Some("lead@example.com"));
    let group = config.slack_contact("qe-release", "4.20");
    assert_eq!(group, Some("lead-4-20"));
    assert_eq!(config.oar.backend_of("oar_take_ownership"), Backend::Native);
    assert_eq!(config.oar.backend_of("take_ownership"), Backend::Native);
    assert_eq!(config.oar.backend_of("oar_stage_testing"), Backend::Mcp);
    let entry = config
        .entries()
        .into_iter()
        .find(|entry| entry.key == "owners.4.20")
        .unwrap();
    assert_eq!(entry.value.as_deref(), Some("other@example.com"));
    assert_eq!(entry.source, "/project/oar-script.toml:10");
}

#[test]
fn every_store_has_its_word() {
    for (word, store) in [
        ("local", Store::Local),
        ("github", Store::Github),
        ("sheet", Store::Sheet),
    ] {
        let config = load(&format!("[state]\nstore = \"{word}\"")).unwrap();
        assert_eq!(config.state.store, store);
    }
}

#[test]
fn a_name_that_is_none_gets_the_one_that_is_meant() {
    let check = |text: &str, hint: &str| {
        let error = load(text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        let told = error.hint.clone().unwrap_or_default();
        assert!(told.contains(hint), "{text}: {error:?}");
    };
    check("[state]\nstor = \"local\"", "did you mean `state.store`?");
    check("[owner]\ndefault = \"a@example.com\"", "`owners.default`");
    check(
        "[owners]\n4.20 = \"a@example.com\"",
        "in quotes: `\"4.20\" = …`",
    );
    check("[owners]\n\"4.20.1\" = \"a@example.com\"", "in quotes");
    check(
        "[sheets.documents]\n\"4.200\" = \"1AbCdEfGhIjKl\"",
        "in quotes",
    );
    check(
        "[oar.tools]\ntake_owner_ship = \"native\"",
        "`oar.tools.take_ownership`",
    );
    check(
        "[contact.slack.art]\nchannel = \"#art\"",
        "`contacts.slack.art.channel`",
    );
    check(
        "[services.sheet]\nendpoint = \"http://x\"",
        "`services.sheets.endpoint`",
    );
}

#[test]
fn a_value_that_cannot_be_right_says_where_and_how() {
    let check = |text: &str, message: &str, hint: &str| {
        let error = load(text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        assert!(error.message.contains(message), "{text}: {error:?}");
        let told = error.hint.clone().unwrap_or_default();
        assert!(told.contains(hint), "{text}: {error:?}");
        assert!(
            told.contains("oar-script.toml:2"),
            "it says where: {error:?}"
        );
    };
    check(
        "[owners]\ndefault = \"lead\"",
        "owners.default",
        "lead@example.com",
    );
    check(
        "[sheets.documents]\n\"4.20\" = \"https://docs.google.com/spreadsheets/d/1AbC/edit\"",
        "sheets.documents.4.20",
        "between `/d/` and `/edit`",
    );
    check("[state]\nbranch = \"-x\"", "state.branch", "z-stream");
    check("[state]\nbranch = \"a..b\"", "state.branch", "z-stream");
    check(
        "[state]\nmirror = \"sheet\"\nstore = \"sheet\"",
        "state.mirror",
        "another `state.store`",
    );
    check(
        "[services.jira]\nendpoint = \"https://jira.example.com/%s/x\"",
        "services.jira.endpoint",
        "without `%s`",
    );
    let error = load("[state]\nmirror = \"paper\"").unwrap_err();
    assert!(error.message.contains("state.mirror"), "{error}");
}

#[test]
fn the_address_of_the_build_data_may_have_one_place_for_the_branch() {
    let address = "https://raw.example.com/ocp-build-data/%s/releases.yml";
    let config = load(&format!("services.build_data.endpoint = \"{address}\"")).unwrap();
    assert_eq!(config.endpoint("build_data").unwrap().as_str(), address);
    let twice = format!("services.build_data.endpoint = \"{address}?%s\"");
    assert_eq!(load(&twice).unwrap_err().kind, Kind::Invalid);
}

#[test]
fn every_tool_has_a_setting() {
    let names = TOOLS
        .iter()
        .map(|tool| tool.name.strip_prefix("oar_").unwrap_or(tool.name));
    assert_eq!(names.collect::<Vec<_>>(), TOOL_NAMES);
}

#[test]
fn every_setting_and_service_says_what_it_is_for() {
    for key in KEYS {
        assert!(!key.about.is_empty() && !key.about.ends_with('.'));
    }
    assert!(SERVICE_NAMES.is_sorted());
}
