//! `config show`: every setting with its value and where it comes from, and which secrets are set.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use super::{
    args::{Options, Output},
    out::{self, Failure},
    view::View,
    wiring::state_dir,
};
use crate::{
    config::{
        self, Entry, Layers,
        credentials::{CREDENTIALS, Credential},
    },
    error::{Error, Result},
    oar,
    services::usual_endpoint,
    world::{World, system::SystemWorld},
};

/// What is shown instead of a secret.
const HIDDEN: &str = "***";

/// Shows the settings, or those whose key is or begins with `key`. Sends nothing.
pub fn show(key: Option<&str>, options: &Options, view: &Arc<View>) -> Result<u8, Failure> {
    let world = SystemWorld::new(view.clone(), HashMap::new());
    let working = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let layers = match &options.config {
        Some(file) => Layers::named(&world, file)?,
        None => Layers::find(&world, &working, config::user_folder(&world).as_deref())?,
    };
    // When only the encrypted file cannot be opened, the others are worth seeing all the same.
    let (config, trouble) = match layers.clone().settings(&world) {
        Ok(config) => (config, None),
        Err(trouble) => (layers.without_settings_file()?, Some(trouble)),
    };
    let mut entries = config.entries();
    for entry in &mut entries {
        if entry.value.is_none() {
            entry.value = usual(&entry.key, options, &world);
        }
    }
    let mut credentials: Vec<&Credential> = CREDENTIALS.iter().collect();
    if let Some(key) = key {
        entries.retain(|entry| is_below(&entry.key, key));
        credentials.retain(|credential| credential.name == key);
        if entries.is_empty() && credentials.is_empty() {
            return Err(unknown(key).into());
        }
    }
    let ignored = config.ignored();
    match (options.output, trouble) {
        (Output::Json, Some(trouble)) => return Err(trouble.into()),
        (Output::Json, None) => out::json(&document(&entries, &credentials, ignored, &world)),
        (Output::Text, trouble) => {
            out::answer(&text(&entries, &credentials, ignored, &world));
            if let Some(trouble) = trouble {
                return Err(trouble.into());
            }
        }
    }
    Ok(0)
}

/// The value that a setting without one has in effect.
fn usual(key: &str, options: &Options, world: &dyn World) -> Option<String> {
    let folder = |name: &str| state_dir(options, world).join(name).display().to_string();
    let service = key
        .strip_prefix("services.")
        .and_then(|rest| rest.strip_suffix(".endpoint"));
    match key {
        "oar.endpoint" => Some(oar::mcp::DEFAULT_ENDPOINT.to_owned()),
        "oar.programs" => Some("the PATH".to_owned()),
        "oar.limit" => Some("10m to 30m, by the tool".to_owned()),
        "state.path" => Some(folder("state.git")),
        "journal.folder" => Some(folder("journal")),
        "scripts.folder" => Some("oar-scripts".to_owned()),
        _ => usual_endpoint(service?).map(str::to_owned),
    }
}

fn is_below(name: &str, key: &str) -> bool {
    name.strip_prefix(key)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn unknown(key: &str) -> Error {
    let error = Error::invalid(format!("there is no setting `{key}`"));
    match config::nearest(key) {
        Some(known) => error.hint(format!("did you mean `{known}`?")),
        None => error.hint("`oar-script config show` lists the settings"),
    }
}

/// The value of an environment variable as it may be shown; `None` when it is not set.
fn shown(credential: &Credential, world: &dyn World) -> Option<String> {
    let value = world.env(credential.name)?;
    Some(if credential.is_secret {
        HIDDEN.to_owned()
    } else {
        value
    })
}

fn document(
    entries: &[Entry],
    credentials: &[&Credential],
    ignored: usize,
    world: &dyn World,
) -> Value {
    let environment: Vec<_> = credentials
        .iter()
        .map(|credential| {
            let value = shown(credential, world);
            json!({
                "name": credential.name,
                "is_set": value.is_some(),
                "value": value,
                "needed_by": credential.needed_by,
            })
        })
        .collect();
    json!({ "settings": entries, "environment": environment, "ignored": ignored })
}

fn text(
    entries: &[Entry],
    credentials: &[&Credential],
    ignored: usize,
    world: &dyn World,
) -> String {
    let mut lines = Vec::new();
    let rows = entries.iter().map(|entry| {
        let value = entry.value.clone().unwrap_or_else(|| "-".to_owned());
        [entry.key.clone(), value, entry.source.clone()]
    });
    lines.extend(columns(["setting", "value", "from"], rows.collect()));
    if let [entry] = entries {
        lines.push(format!("  {}", entry.about));
    }
    if ignored > 0 {
        lines.push(format!(
            "{ignored} entries of the encrypted settings are none of these"
        ));
    }
    if !entries.is_empty() && !credentials.is_empty() {
        lines.push(String::new());
    }
    let rows = credentials.iter().map(|credential| {
        let value = shown(credential, world).unwrap_or_else(|| "not set".to_owned());
        [
            credential.name.to_owned(),
            value,
            credential.needed_by.to_owned(),
        ]
    });
    lines.extend(columns(
        ["environment", "value", "needed by"],
        rows.collect(),
    ));
    lines.join("\n")
}

/// Rows under a header, in columns as wide as they must be; nothing without rows.
fn columns(header: [&str; 3], mut rows: Vec<[String; 3]>) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    rows.insert(0, header.map(str::to_owned));
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or_default()
    };
    let (first, second) = (width(0), width(1));
    rows.iter()
        .map(|[name, value, rest]| format!("{name:first$}  {value:second$}  {rest}"))
        .collect()
}
