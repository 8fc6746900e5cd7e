//! The encrypted settings of the Python tool.

use std::path::Path;

use aes_gcm::{
    Aes128Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use oar_script::{
    config::{Config, Layers},
    error::{Error, Kind},
};
use serde_json::{Value, json};

use crate::support::services_world::ServicesWorld;

const KEY: &str = "0123456789abcdef";
const HEADER: &str = r#"{"alg":"dir","enc":"A128GCM"}"#;

/// Sealed by the library of the Python tool, with a nonce of 12 bytes.
const TWELVE: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..RwNFGjqLHh9-uVKa.V_6OBgZa8BVaDUfXydZkJEhsH6WUcACdaezXdsEKTmCbGK-1To8mGBVVVW1XAt_VLHvAZdGDdggQl898bAkt4YwN7mKJRs7LdLcFnDbL7TW7GWAopPJm0nFmO2tksSW5dejH.iImS9o5PpZ3K6CEvH6AXeg";

/// Sealed by OpenSSL through Python's `cryptography`, with a nonce of 16 bytes.
const SIXTEEN: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAECAwQFBgcICQoLDA0ODw.7srlYuVFbI3GoXkm5sryGY-wDbZQSlcTVeFOZlHJnxlp79Ko1Y8i9ktlP4sfio4q7KlyK2JESkA3r74V4alAKngLTde7vVwg0JntxxCrugMDoaS75A.h_15sIPkuQfYY85kVYRAjw";

const SETTINGS: &str = "[oar]\nsettings_file = \"configstore.json\"\n";

fn world(token: &str, more: &str) -> ServicesWorld {
    ServicesWorld::default()
        .file("/project/oar-script.toml", &format!("{SETTINGS}{more}"))
        .file("/project/configstore.json", token)
}

fn load(world: &ServicesWorld) -> Result<Config, Error> {
    Config::load(world, Path::new("/project"), None)
}

fn open(token: &str) -> Result<Config, Error> {
    load(&world(token, "").env("OAR_JWK", KEY))
}

/// A token as the Python tool makes it.
fn seal(header: &str, content: &str) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let header = encode(header.as_bytes());
    let key: &[u8; 16] = KEY.as_bytes().try_into().unwrap();
    let nonce = b"twelve bytes";
    let payload = Payload {
        msg: content.as_bytes(),
        aad: header.as_bytes(),
    };
    let sealed = Aes128Gcm::new(key.into())
        .encrypt(nonce.into(), payload)
        .unwrap();
    let (text, tag) = sealed.split_at(sealed.len() - 16);
    format!(
        "{header}..{}.{}.{}",
        encode(nonce),
        encode(text),
        encode(tag)
    )
}

fn sealed(content: &Value) -> String {
    seal(HEADER, &content.to_string())
}

fn everything() -> Value {
    json!({
        "build_data_url": "https://raw.example.test/ocp-build-data/%s/releases.yml",
        "jira_server": "https://jira.example.test",
        "jenkins_server": "https://jenkins.example.test",
        "gitlab_url": "https://gitlab.example.test",
        "release_url": "https://releases.example.test/",
        "signature_url": "https://mirror.example.test/signatures/",
        "owners": { "default": "lead@example.com", "4.20": "other@example.com" },
        "report_templates": { "4.19": "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefG" },
        "contacts": {
            "slack": {
                "qe-release": { "channel": "#qe-example", "4.20": "lead-4-20" },
                "approver": { "prodsec_id": "one@example.com,two@example.com" },
            },
            "email": { "art": "art@example.com" },
        },
        "what_nobody_knows": 7,
    })
}

#[test]
fn a_token_of_the_python_tool_opens_with_either_nonce_and_a_line_feed() {
    for token in [TWELVE.to_owned(), format!("{TWELVE}\n")] {
        let config = open(&token).unwrap();
        assert_eq!(config.owner("4.20"), Some("qe@example.com"));
        assert_eq!(
            config.endpoint("build_data").unwrap().as_str(),
            "https://example.test/%s/releases.yml"
        );
    }
    let config = open(SIXTEEN).unwrap();
    assert_eq!(config.owner("4.20"), Some("other@example.com"));
    assert_eq!(
        config.source("owners.4.20"),
        Some("configstore.json:owners.4.20")
    );
}

#[test]
fn every_entry_becomes_the_setting_it_is() {
    let config = open(&sealed(&everything())).unwrap();
    let endpoint = |service: &str| config.endpoint(service).unwrap().as_str();
    assert_eq!(
        endpoint("build_data"),
        "https://raw.example.test/ocp-build-data/%s/releases.yml"
    );
    assert_eq!(endpoint("jira"), "https://jira.example.test/");
    assert_eq!(endpoint("jenkins"), "https://jenkins.example.test/");
    assert_eq!(endpoint("gitlab"), "https://gitlab.example.test/");
    assert_eq!(
        endpoint("release_controller"),
        "https://releases.example.test/"
    );
    assert_eq!(
        endpoint("mirror"),
        "https://mirror.example.test/signatures/"
    );
    assert_eq!(config.owner("4.20"), Some("other@example.com"));
    assert!(config.document("4.19").unwrap().starts_with("1AbC"));
    assert_eq!(
        config.slack_contact("qe-release", "4.20"),
        Some("lead-4-20")
    );
    let both = config.slack_contact("approver", "prodsec_id");
    assert_eq!(both, Some("one@example.com,two@example.com"));
    let source = config.source("services.jira.endpoint");
    assert_eq!(source, Some("configstore.json:jira_server"));
    let source = config.source("sheets.documents.4.19");
    assert_eq!(source, Some("configstore.json:report_templates.4.19"));
    assert_eq!(config.ignored(), 2, "`contacts.email` and the unknown one");
}

#[test]
fn every_other_place_wins_over_it() {
    let more = "[services.jira]\nendpoint = \"https://mine.example.test\"\n\
        [owners]\n\"4.20\" = \"mine@example.com\"\n";
    let world = world(&sealed(&everything()), more).env("OAR_JWK", KEY).env(
        "OAR_SCRIPT_SERVICES_GITLAB_ENDPOINT",
        "https://env.example.test",
    );
    let config = load(&world).unwrap();
    let endpoint = |service: &str| config.endpoint(service).unwrap().host_str().unwrap();
    assert_eq!(endpoint("jira"), "mine.example.test");
    assert_eq!(endpoint("gitlab"), "env.example.test");
    assert_eq!(endpoint("jenkins"), "jenkins.example.test");
    assert_eq!(config.owner("4.20"), Some("mine@example.com"));
    assert_eq!(config.owner("4.19"), Some("lead@example.com"));
}

#[test]
fn a_wrong_value_in_it_can_be_set_elsewhere() {
    let content = json!({ "jira_server": "jira", "owners": { "default": "nobody" } });
    let error = open(&sealed(&content)).unwrap_err();
    assert!(
        error.message.contains("configstore.json:jira_server"),
        "{error}"
    );
    let more = "[services.jira]\nendpoint = \"https://jira.example.test\"\n\
        [owners]\ndefault = \"lead@example.com\"\n";
    let config = load(&world(&sealed(&content), more).env("OAR_JWK", KEY)).unwrap();
    assert_eq!(config.owner("4.20"), Some("lead@example.com"));
    let address = json!({ "build_data_url": "https://example.test/%s/?at=%s" });
    let error = open(&sealed(&address)).unwrap_err();
    let hint = error.hint.unwrap();
    assert!(hint.contains("configstore.json:build_data_url"), "{hint}");
}

#[test]
fn without_the_setting_nothing_is_read() {
    let world = ServicesWorld::default().env("OAR_JWK", "short");
    assert_eq!(load(&world).unwrap(), Config::default());
}

#[test]
fn a_simulated_world_needs_no_key() {
    let world = world(TWELVE, "[scripts]\nfolder = \"mine\"\n");
    let layers = Layers::find(&world, Path::new("/project"), None).unwrap();
    let config = layers.without_settings_file().unwrap();
    assert_eq!(
        config.scripts.folder.as_deref(),
        Some(Path::new("/project/mine"))
    );
    assert_eq!(config.owner("4.20"), None);
}

/// The error names the file, the variable and who named the file, and tells no secret.
fn refused(world: &ServicesWorld, kind: Kind, says: &str) {
    let error = load(world).unwrap_err();
    let told = format!(
        "{} {}",
        error.chain(),
        error.hint.clone().unwrap_or_default()
    );
    assert_eq!(error.kind, kind, "{told}");
    for word in ["/project/configstore.json", "OAR_JWK", says] {
        assert!(told.contains(word), "no `{word}` in: {told}");
    }
    assert!(!format!("{error:?} {told}").contains("canary"), "{error:?}");
}

#[test]
fn a_missing_or_wrong_key_says_what_to_set() {
    refused(
        &world(TWELVE, ""),
        Kind::Denied,
        "/project/oar-script.toml:2",
    );
    let with = |key: &str| world(TWELVE, "").env("OAR_JWK", key);
    refused(&with("canary"), Kind::Invalid, "6 bytes, and it takes 16");
    refused(
        &with("canary-89abcdefg"),
        Kind::Invalid,
        "the key does not fit",
    );
    refused(&with("canary-89abcdef\n"), Kind::Invalid, "does not fit");
    refused(&with("canary-é9abcdefg"), Kind::Invalid, "17 bytes");
}

#[test]
fn whatever_is_changed_in_the_token_is_found_out() {
    let mut tampered = 0;
    let letters: Vec<char> = TWELVE.chars().collect();
    for place in 0..letters.len() {
        let mut changed = letters.clone();
        changed[place] = if letters[place] == 'A' { 'B' } else { 'A' };
        let token: String = changed.into_iter().collect();
        let Err(error) = open(&token) else {
            panic!("a change at {place} went unseen")
        };
        assert!(error.chain().contains("configstore.json"), "{error:?}");
        tampered += usize::from(error.chain().contains("changed after it was sealed"));
    }
    assert!(tampered > 150, "{tampered}");
}

#[test]
fn what_is_sealed_in_another_way_is_named() {
    let check = |token: &str, says: &str| {
        refused(&world(token, "").env("OAR_JWK", KEY), Kind::Invalid, says);
    };
    check(&seal(r#"{"alg":"dir","enc":"A256GCM"}"#, "{}"), "A256GCM");
    check(
        &seal(r#"{"alg":"RSA-OAEP","enc":"A128GCM"}"#, "{}"),
        "RSA-OAEP",
    );
    let zipped = r#"{"alg":"dir","enc":"A128GCM","zip":"DEF"}"#;
    check(&seal(zipped, "{}"), "DEF");
    check(&seal("what", "{}"), "header is not JSON");
    check("", "five parts");
    check(
        "{\"jira_server\": \"https://canary.example.test\"}",
        "five parts",
    );
    check(&TWELVE.replacen("..", ".QUJD.", 1), "a key of its own");
    check(
        &TWELVE.replace("RwNFGjqLHh9-uVKa", "RwNF"),
        "neither 12 nor 16",
    );
    check(&TWELVE.replace(".iImS9o5PpZ3K6CEvH6AXeg", ".iImS"), "tag");
    check(&format!("{TWELVE}="), "base64url");
    check(&"A".repeat(300_000), "250 KiB");
}

#[test]
fn what_is_no_object_or_not_there_is_named() {
    for content in ["[]", "canary", "\"canary\""] {
        let error = open(&seal(HEADER, content)).unwrap_err();
        assert!(error.message.contains("not a JSON object"), "{error:?}");
        assert!(!error.chain().contains("canary"), "{error:?}");
    }
    let world = ServicesWorld::default()
        .file("/project/oar-script.toml", SETTINGS)
        .env("OAR_JWK", KEY);
    let error = load(&world).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hint.unwrap().contains("/project/oar-script.toml:2"));
}
