//! Where settings come from, and which of them wins.

use std::path::Path;

use oar_script::{
    config::{Backend, Config, Store, user_folder},
    error::{Error, Kind},
};

use crate::support::services_world::ServicesWorld;

fn load(world: &ServicesWorld) -> Config {
    Config::load(
        world,
        Path::new("/srv/project/deep"),
        Some(Path::new("/home/me/.config/oar-script")),
    )
    .unwrap()
}

fn failure(text: &str) -> Error {
    let world = ServicesWorld::default().file("/project/oar-script.toml", text);
    Config::load(&world, Path::new("/project"), None).unwrap_err()
}

#[test]
fn without_files_everything_has_its_default() {
    let config = load(&ServicesWorld::default());
    assert_eq!(config, Config::default());
    assert_eq!(config.oar.backend, Backend::Native);
    assert_eq!(config.state.store, Store::Github);
    assert_eq!(config.github.repository, "openshift/release-tests");
    assert_eq!(config.source("oar.backend"), None);
}

#[test]
fn the_environment_wins_over_the_project_and_the_project_over_the_user() {
    let world = ServicesWorld::default()
        .file(
            "/home/me/.config/oar-script/oar-script.toml",
            "[state]\npath = \"mine\"\n\n[scripts]\nfolder = \"mine\"\n[journal]\nfolder = \"~/journal\"\n",
        )
        .file(
            "/srv/project/oar-script.toml",
            "# first line\n[state]\npath = \"theirs\"\n[services.github]\nendpoint = \"http://127.0.0.1:1\"\n",
        )
        .file("/srv/oar-script.toml", "[oar]\nbackend = \"cli\"\n")
        .env("HOME", "/home/me")
        .env("OAR_SCRIPT_SERVICES_GITHUB_ENDPOINT", "http://127.0.0.1:2");
    let config = load(&world);
    assert_eq!(
        config.state.path.as_deref(),
        Some(Path::new("/srv/project/theirs"))
    );
    assert_eq!(
        config.source("state.path"),
        Some("/srv/project/oar-script.toml:3")
    );
    let mine = Path::new("/home/me/.config/oar-script/mine");
    assert_eq!(config.scripts.folder.as_deref(), Some(mine));
    assert_eq!(
        config.journal.folder.as_deref(),
        Some(Path::new("/home/me/journal"))
    );
    assert_eq!(config.oar.backend, Backend::Native);
    assert_eq!(config.endpoint("github").unwrap().port(), Some(2));
    let source = config.source("services.github.endpoint");
    assert_eq!(source, Some("OAR_SCRIPT_SERVICES_GITHUB_ENDPOINT"));
}

#[test]
fn every_setting_is_listed_with_its_source() {
    let world = ServicesWorld::default().env("OAR_SCRIPT_OAR_BACKEND", "native");
    let config = load(&world);
    let entries = config.entries();
    let entry = |key: &str| entries.iter().find(|entry| entry.key == key).unwrap();
    assert_eq!(entry("oar.backend").value.as_deref(), Some("native"));
    assert_eq!(entry("oar.backend").source, "OAR_SCRIPT_OAR_BACKEND");
    assert_eq!(entry("state.store").source, "default");
    assert_eq!(entry("state.branch").value.as_deref(), Some("z-stream"));
    assert_eq!(entry("state.mirror").value, None);
    assert_eq!(entry("services.sippy.endpoint").value, None);
    assert!(entries.iter().all(|entry| !entry.about.is_empty()));
}

#[test]
fn an_unknown_key_is_an_error_with_place_and_proposal() {
    let check = |text: &str, line: usize, hint: &str| {
        let error = failure(text);
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        assert_eq!(error.place.as_ref().unwrap().line, line, "{text}");
        assert!(error.hint.as_ref().unwrap().contains(hint), "{error:?}");
    };
    check("[oar]\nbackand = \"mcp\"", 2, "did you mean `oar.backend`?");
    check(
        "[services.githup]\nendpoint = \"http://x\"",
        2,
        "`services.github.endpoint`",
    );
    check("oar.endpiont = \"http://x\"", 1, "`oar.endpoint`");
    check("[what]\never = 1", 2, "config show");
}

#[test]
fn a_wrong_value_says_where_it_stands() {
    let error = failure("[oar]\n\nbackend = \"mpc\"");
    assert!(
        error.message.contains("/project/oar-script.toml:3"),
        "{error}"
    );
    assert!(error.chain().contains("mcp"), "{}", error.chain());
    let world = ServicesWorld::default().env("OAR_SCRIPT_STATE_STORE", "cloud");
    let error = Config::load(&world, Path::new("/"), None).unwrap_err();
    assert!(error.message.contains("OAR_SCRIPT_STATE_STORE"), "{error}");
    for text in [
        "[oar",
        "[oar]\nendpoint = 7",
        "[services]\ngithub = 1",
        "oar = 1",
    ] {
        assert_eq!(failure(text).kind, Kind::Invalid, "{text}");
    }
}

#[test]
fn an_address_must_be_one_and_hold_no_password() {
    let check = |endpoint: &str| {
        let error = failure(&format!("[services.github]\nendpoint = \"{endpoint}\""));
        assert_eq!(error.kind, Kind::Invalid, "{endpoint}");
        assert!(!error.chain().contains("canary"), "{}", error.chain());
    };
    check("https://me:canary@example.com");
    check("ftp://example.com");
    check("file:///etc/passwd");
    let error = failure("[github]\nrepository = \"release-tests\"");
    assert!(error.hint.unwrap().contains("openshift/release-tests"));
}

#[test]
fn a_secret_in_a_file_is_refused_and_not_repeated() {
    let check = |text: &str, setting: &str| {
        let error = failure(text);
        assert!(error.hint.as_ref().unwrap().contains(setting), "{error:?}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    };
    check("[github]\ntoken = \"canary\"", "`GITHUB_TOKEN`");
    check("[services.jira]\npassword = \"canary\"", "`JIRA_TOKEN`");
    check(
        "[services.gitlab]\nprivate_token = \"canary\"",
        "`GITLAB_TOKEN`",
    );
    check("[github]\nrepository = \"ghp_canary\"", "`GITHUB_TOKEN`");
    check("slack_token = \"canary\"", "`SLACK_BOT_TOKEN`");
    let broken = failure("[github]\ntoken = canary");
    assert!(
        !format!("{broken:?} {}", broken.chain()).contains("canary"),
        "{}",
        broken.chain()
    );
}

#[test]
fn a_named_file_must_exist() {
    let world = ServicesWorld::default().file("/a.toml", "[oar]\nbackend = \"cli\"");
    let config = Config::load_file(&world, Path::new("/a.toml")).unwrap();
    assert_eq!(config.oar.backend, Backend::Cli);
    let error = Config::load_file(&world, Path::new("/b.toml")).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[test]
fn the_users_folder_follows_the_desktop_convention() {
    let world = ServicesWorld::default().env("HOME", "/home/me");
    assert_eq!(
        user_folder(&world),
        Some("/home/me/.config/oar-script".into())
    );
    let world = world.env("XDG_CONFIG_HOME", "/cfg");
    assert_eq!(user_folder(&world), Some("/cfg/oar-script".into()));
    assert_eq!(user_folder(&ServicesWorld::default()), None);
}
