//! What values of settings must be, beyond their kind.

use std::sync::LazyLock;

use regex::Regex;

use super::{Config, Mirror, Store, keys};
use crate::error::{Error, Result};

/// The place of the branch in the address of the build data; no other address has one.
const BRANCH: &str = "%s";

/// What the Python tool takes as an e-mail address.
static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$"));

static DOCUMENT_ID: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[A-Za-z0-9_-]{10,}$"));

/// What git takes as the name of a branch, and a little less.
static BRANCH_NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*$"));

static REPOSITORY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+$"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are part of the program")
}

/// Fails with `invalid` for the first value that cannot be right.
pub(super) fn check(config: &Config) -> Result<()> {
    endpoints(config)?;
    let wrong = |key: &str, why: &str, hint: &str| Err(wrong(config, key, why, hint));
    if !REPOSITORY.is_match(&config.github.repository) {
        return wrong(
            "github.repository",
            "is not an owner and a name",
            "write it as `openshift/release-tests`",
        );
    }
    if config.oar.limit.is_some() && config.oar.limit().is_none() {
        return wrong(
            "oar.limit",
            "is not a length of time",
            "write it as `45m` or `1h`",
        );
    }
    let branch = &config.state.branch;
    if !BRANCH_NAME.is_match(branch) || branch.contains("..") || branch.ends_with(".lock") {
        return wrong(
            "state.branch",
            "is not the name of a branch",
            "write it as `z-stream`",
        );
    }
    if config.state.mirror == Some(Mirror::Sheet) && config.state.store == Store::Sheet {
        return wrong(
            "state.mirror",
            "names the store itself",
            "take `state.mirror` out, or choose another `state.store`",
        );
    }
    for (y_stream, document) in &config.sheets.documents {
        if !DOCUMENT_ID.is_match(document) {
            return wrong(
                &format!("sheets.documents.{y_stream}"),
                "is not the id of a document",
                "take the part of its address between `/d/` and `/edit`",
            );
        }
    }
    for (name, owner) in &config.owners {
        if !EMAIL.is_match(owner) {
            return wrong(
                &format!("owners.{name}"),
                "is not an e-mail address",
                "write it as `lead@example.com`",
            );
        }
    }
    Ok(())
}

fn endpoints(config: &Config) -> Result<()> {
    let services = keys::SERVICE_NAMES.iter().filter_map(|name| {
        let key = format!("services.{name}.endpoint");
        Some((key, config.endpoint(name)?))
    });
    let oar = config.oar.endpoint.as_ref();
    let oar = oar.map(|endpoint| ("oar.endpoint".to_owned(), endpoint));
    for (key, endpoint) in services.chain(oar) {
        let may_have = usize::from(key == "services.build_data.endpoint");
        let is_directory = key == "services.ldap.endpoint";
        let is_known = match endpoint.scheme() {
            "ldap" | "ldaps" => is_directory,
            "http" | "https" => !is_directory,
            _ => false,
        };
        let why = if endpoint.host().is_none() || !is_known && !is_directory {
            "is not an `http` or `https` address"
        } else if !is_known {
            "is not an `ldaps` address"
        } else if endpoint.password().is_some() || !endpoint.username().is_empty() {
            "holds a user name or password, which belong in the environment"
        } else if endpoint.as_str().matches(BRANCH).count() > may_have {
            "has a place `%s` that nothing is put into"
        } else {
            continue;
        };
        let hint = if is_directory {
            "write it as `ldaps://example.com`"
        } else {
            "write it as `https://example.com/path`, without `%s`"
        };
        return Err(wrong(config, &key, why, hint));
    }
    Ok(())
}

/// The value is not repeated: it may be a secret in the wrong place.
fn wrong(config: &Config, key: &str, why: &str, hint: &str) -> Error {
    let source = config.source(key).unwrap_or("the code");
    Error::invalid(format!("`{key}` {why}")).hint(format!("it is set in {source}; {hint}"))
}
