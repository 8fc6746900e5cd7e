//! The names of all settings, and what to do about a name that is none.

use serde_json::{Map, Value};

/// One setting. A part in angle brackets stands for a name that people choose.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key with its section, such as `state.store` or `sheets.documents.<y_stream>`.
    pub name: &'static str,
    /// Whether its value is a path, relative to the file that names it.
    pub is_path: bool,
    /// What it is for, in one line.
    pub about: &'static str,
}

const fn key(name: &'static str, about: &'static str) -> Key {
    Key {
        name,
        is_path: false,
        about,
    }
}

const fn path(name: &'static str, about: &'static str) -> Key {
    Key {
        name,
        is_path: true,
        about,
    }
}

/// The settings, in the order they are shown. Those without angle brackets can come from the
/// environment too: `state.store` from `OAR_SCRIPT_STATE_STORE`.
pub const KEYS: [Key; 20] = [
    key(
        "oar.backend",
        "what carries the OAR tools out: mcp, cli or native",
    ),
    key("oar.endpoint", "the address of the OAR MCP server"),
    path(
        "oar.programs",
        "the folder with the programs oar, oarctl, job and jobctl",
    ),
    key("oar.limit", "how long one of these programs may run"),
    key("oar.tools.<tool>", "what carries this one tool out"),
    path(
        "oar.settings_file",
        "the encrypted settings of the Python tool; OAR_JWK is their key",
    ),
    key(
        "state.store",
        "where the state of releases is kept: github, local or sheet",
    ),
    key("state.branch", "the branch with StateBox files on GitHub"),
    path("state.path", "the git repository of the local store"),
    key(
        "state.mirror",
        "where every change is written a second time: sheet",
    ),
    key(
        "sheets.documents.<y_stream>",
        "the id of the Google Sheet of a y-stream",
    ),
    key(
        "github.repository",
        "the repository with test results and StateBox files",
    ),
    path("github.local_clone", "a clone to read test results from"),
    key("owners.default", "who owns a release"),
    key("owners.<y_stream>", "who owns the releases of a y-stream"),
    key(
        "contacts.slack.<team>.<attribute>",
        "a team on Slack: its channel, its group",
    ),
    key(
        "notices.enabled",
        "whether people are told in Slack what changed for them: true or false",
    ),
    path("scripts.folder", "the project's script folder"),
    path("journal.folder", "where journals are kept"),
    key("services.<service>.endpoint", "where the service lives"),
];

/// The services that may have a section `[services.<service>]`.
pub const SERVICE_NAMES: [&str; 17] = [
    "brew",
    "brew_files",
    "build_data",
    "errata",
    "github",
    "gitlab",
    "jenkins",
    "jira",
    "ldap",
    "mirror",
    "portal",
    "prow",
    "registry",
    "release_controller",
    "sheets",
    "sippy",
    "slack",
];

/// The tools that may have an entry in `[oar.tools]`, by the names scripts use.
pub const TOOL_NAMES: [&str; 33] = [
    "check_cve_tracker_bug",
    "image_signed_check",
    "image_consistency_check",
    "stage_testing",
    "create_test_report",
    "take_ownership",
    "push_to_cdn_staging",
    "change_advisory_status",
    "oarctl_start_release_detector",
    "oarctl_jira_notificator",
    "job_run",
    "jobctl_start_controller",
    "jobctl_trigger_jobs_for_build",
    "jobctl_start_aggregator",
    "jobctl_promote_test_results",
    "jobctl_update_retried_job_run",
    "get_release_metadata",
    "is_release_shipped",
    "get_release_status",
    "update_task_status",
    "add_issue",
    "resolve_issue",
    "get_issues",
    "get_task_blocker",
    "discover_active_releases",
    "mcp_cache_stats",
    "mcp_cache_invalidate",
    "mcp_cache_warm",
    "add_qe_approval",
    "check_rhcos_security_alerts",
    "update_bug_list",
    "drop_bugs",
    "check_greenwave_cvp_tests",
];

/// Returns the names that can stand in a part of a key: itself, or what its placeholder is for.
/// `None` for a placeholder that takes any name.
fn names(part: &str) -> Option<&'static [&'static str]> {
    match part {
        "<service>" => Some(&SERVICE_NAMES),
        "<tool>" => Some(&TOOL_NAMES),
        _ => None,
    }
}

/// The setting that this key is one of.
pub(super) fn find(path: &[String]) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        let parts = key.name.split('.');
        parts.clone().count() == path.len() && parts.zip(path).all(|(part, name)| fits(part, name))
    })
}

fn fits(part: &str, name: &str) -> bool {
    match part {
        "<y_stream>" => is_y_stream(name),
        _ if part.starts_with('<') => {
            names(part).is_none_or(|names| names.contains(&name)) && !name.is_empty()
        }
        _ => part == name,
    }
}

/// Returns whether `text` names a y-stream, such as `4.20`.
pub(super) fn is_y_stream(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(major, minor)| {
        is_number(major) && is_number(minor) && minor.len() <= 2 && major.len() <= 2
    })
}

/// The keys of all settings whose names nobody chooses.
pub(super) fn fixed() -> impl Iterator<Item = String> {
    KEYS.iter().flat_map(|key| {
        let part = key.name.split('.').find(|part| part.starts_with('<'));
        match part {
            None => vec![key.name.to_owned()],
            Some(part) => names(part)
                .unwrap_or_default()
                .iter()
                .map(|name| key.name.replace(part, name))
                .collect(),
        }
    })
}

/// The values in `document` whose path is of this pattern; names that are known are there even
/// when the document does not have them.
pub(super) fn expand(document: &Value, pattern: &[&str]) -> Vec<(Vec<String>, Value)> {
    let [part, rest @ ..] = pattern else {
        return vec![(Vec::new(), document.clone())];
    };
    let chosen = || {
        let section = document.as_object();
        section.into_iter().flat_map(Map::keys).cloned().collect()
    };
    let names: Vec<String> = match names(part) {
        Some(names) if *part == "<service>" => names.iter().map(ToString::to_string).collect(),
        _ if part.starts_with('<') => chosen(),
        _ => vec![(*part).to_owned()],
    };
    let below = names.into_iter().flat_map(|name| {
        let inner = expand(&document[&name], rest);
        inner.into_iter().map(move |(mut path, value)| {
            path.insert(0, name.clone());
            (path, value)
        })
    });
    below.collect()
}

/// Returns whether something with this name is a secret by the look of it.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    [
        "token",
        "secret",
        "password",
        "passwd",
        "api_key",
        "apikey",
        "private_key",
        "credential",
        "signature",
        "jwk",
        "sa_file",
    ]
    .iter()
    .any(|word| name.contains(word))
}

/// Returns whether a value is a token by its well-known beginning.
pub(super) fn is_token(value: &str) -> bool {
    [
        "ghp_",
        "github_pat_",
        "gho_",
        "ghs_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "xapp-",
    ]
    .iter()
    .any(|start| value.starts_with(start))
}

/// The environment variables that hold the secrets of the section a key is in.
pub(super) fn secret_setting(key: &str) -> &'static str {
    const SETTINGS: [(&str, &str); 8] = [
        ("github", "`GITHUB_TOKEN`"),
        ("gitlab", "`GITLAB_TOKEN`"),
        ("jenkins", "`JENKINS_USER` and `JENKINS_TOKEN`"),
        ("jira", "`JIRA_USERNAME` and `JIRA_TOKEN`"),
        ("slack", "`SLACK_BOT_TOKEN`"),
        ("sheets", "`GCP_SA_FILE`"),
        ("prow", "`APITOKEN`"),
        ("oar", "`OAR_JWK`"),
    ];
    SETTINGS
        .iter()
        .find(|(name, _)| key.split('.').any(|part| part == *name))
        .or_else(|| SETTINGS.iter().find(|(name, _)| key.contains(name)))
        .map_or("of the service, such as `GITHUB_TOKEN`", |(_, setting)| {
            setting
        })
}

/// What to do about a key that is none.
pub(super) fn advice(path: &[String]) -> String {
    let chosen = match path {
        [sheets, documents, name @ ..] if sheets == "sheets" && documents == "documents" => name,
        [owners, name @ ..] if owners == "owners" => name,
        _ => &[],
    };
    let name = chosen.join(".");
    if name.starts_with(|letter: char| letter.is_ascii_digit()) {
        let y_stream = if is_y_stream(&name) { &name } else { "4.20" };
        return format!("write a y-stream in quotes: `\"{y_stream}\" = …`");
    }
    match nearest(path) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "`oar-script config show` lists the settings".to_owned(),
    }
}

/// The known key that is meant most likely.
pub(super) fn nearest(path: &[String]) -> Option<String> {
    let typed = path.join(".");
    let filled = KEYS.iter().filter_map(|key| filled(key, path));
    fixed()
        .chain(filled)
        .map(|known| (distance(&typed, &known), known))
        .min()
        .filter(|(distance, known)| *distance <= 3.max(known.len() / 4))
        .map(|(_, known)| known)
}

/// The key with the names that people choose as they were typed.
fn filled(key: &Key, path: &[String]) -> Option<String> {
    let parts: Vec<_> = key.name.split('.').collect();
    let is_chosen = |part: &str| part.starts_with('<') && names(part).is_none();
    if parts.len() != path.len() || !parts.iter().any(|part| is_chosen(part)) {
        return None;
    }
    let filled = parts.iter().zip(path).map(|(part, typed)| match *part {
        "<y_stream>" if !is_y_stream(typed) => part,
        part if is_chosen(part) => typed.as_str(),
        part => part,
    });
    Some(filled.collect::<Vec<_>>().join("."))
}

/// How many letters must change to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}
