//! The encrypted settings of the Python tool, `configstore.json`, as the weakest layer of ours.
//!
//! Its key is the secret `OAR_JWK`: not a JSON Web Key, but the 16 characters themselves.

use std::{collections::BTreeMap, io::ErrorKind, path::Path};

use figment::value::{Dict, Value as Setting};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::{
    file::{Layer, insert},
    jwe, keys,
};
use crate::{
    error::{Error, Kind, Result},
    world::World,
};

/// The environment variable with the key.
const KEY: &str = "OAR_JWK";

/// The single entries and the settings they become.
const ENTRIES: [(&str, &str); 6] = [
    ("build_data_url", "build_data"),
    ("jira_server", "jira"),
    ("jenkins_server", "jenkins"),
    ("gitlab_url", "gitlab"),
    ("release_url", "release_controller"),
    ("signature_url", "mirror"),
];

/// What the file says.
pub(super) struct Read {
    /// The settings in it.
    pub(super) layer: Layer,
    /// How many of its entries are none of ours.
    pub(super) ignored: usize,
}

/// Reads, opens and understands the file; `source` says who named it.
pub(super) fn read(world: &dyn World, path: &Path, source: &str) -> Result<Read> {
    let shown = path.display().to_string();
    let named = format!("it is named by `oar.settings_file` in {source}");
    let bytes = world.read(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Error::not_found(format!("there is no file `{shown}`")).hint(named.clone())
        }
        _ => Error::new(Kind::Unexpected, format!("cannot read `{shown}`"))
            .hint(named.clone())
            .because(error),
    })?;
    let Some(key) = world.secret(KEY) else {
        return Err(Error::new(
            Kind::Denied,
            format!("`{shown}` is encrypted, and {KEY} with its key is not set"),
        )
        .hint(format!(
            "set the environment variable {KEY} to the 16 characters that the Python tool uses; {named}"
        )));
    };
    let token = String::from_utf8(bytes)
        .map_err(|_| jwe::Trouble::Malformed("it is not text"))
        .and_then(|token| jwe::open(&token, key.expose_secret().as_bytes()))
        .map_err(|trouble| closed(&shown, &named, trouble))?;
    let content = serde_json::from_slice(&token)
        .ok()
        .and_then(|content: Value| match content {
            Value::Object(entries) => Some(entries),
            _ => None,
        });
    let Some(entries) = content else {
        return Err(Error::invalid(format!(
            "what is encrypted in `{shown}` is not a JSON object"
        ))
        .hint(named));
    };
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(understand(&file, &entries))
}

fn closed(shown: &str, named: &str, trouble: jwe::Trouble) -> Error {
    let hint = match &trouble {
        jwe::Trouble::Malformed(_) | jwe::Trouble::OtherHeader(_) => {
            format!("take `configstore.json` of the Python tool as it is; {named}")
        }
        jwe::Trouble::KeyLength(_) => {
            format!("set {KEY} to the 16 characters that the Python tool uses, without spaces")
        }
        jwe::Trouble::Refused => {
            format!("the key changes at times: take {KEY} and `{shown}` of the same day; {named}")
        }
    };
    Error::invalid(format!("cannot open `{shown}` with the key in {KEY}"))
        .hint(hint)
        .because(trouble)
}

/// Turns the entries into settings.
fn understand(file: &str, entries: &Map<String, Value>) -> Read {
    let mut read = Read {
        layer: Layer {
            name: file.to_owned(),
            values: Dict::new(),
            sources: BTreeMap::new(),
        },
        ignored: 0,
    };
    for (name, value) in entries {
        let endpoint = ENTRIES.iter().find(|(entry, _)| entry == name);
        match (name.as_str(), endpoint, value) {
            (_, Some((_, service)), Value::String(_)) => {
                read.set(&["services", service, "endpoint"], name, value);
            }
            ("owners", _, Value::Object(owners)) => {
                for (stream, owner) in owners {
                    read.set(&["owners", stream], &format!("owners.{stream}"), owner);
                }
            }
            ("report_templates", _, Value::Object(documents)) => {
                for (stream, document) in documents {
                    let source = format!("report_templates.{stream}");
                    read.set(&["sheets", "documents", stream], &source, document);
                }
            }
            ("contacts", _, Value::Object(contacts)) => read.contacts(contacts),
            _ => read.ignored += 1,
        }
    }
    read
}

impl Read {
    fn contacts(&mut self, contacts: &Map<String, Value>) {
        for (medium, teams) in contacts {
            let Some(teams) = teams.as_object().filter(|_| medium == "slack") else {
                self.ignored += 1;
                continue;
            };
            for (team, attributes) in teams {
                let Some(attributes) = attributes.as_object() else {
                    self.ignored += 1;
                    continue;
                };
                for (attribute, value) in attributes {
                    let source = format!("contacts.slack.{team}.{attribute}");
                    self.set(&["contacts", "slack", team, attribute], &source, value);
                }
            }
        }
    }

    /// Takes a text; whatever is no text or empty is none of ours.
    fn set(&mut self, path: &[&str], entry: &str, value: &Value) {
        let known: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let text = value.as_str().filter(|text| !text.is_empty());
        let Some(text) = text.filter(|_| keys::find(&known).is_some()) else {
            self.ignored += 1;
            return;
        };
        insert(&mut self.layer.values, path, Setting::from(text));
        let source = format!("{}:{entry}", self.layer.name);
        self.layer.sources.insert(path.join("."), source);
    }
}
