//! The names of all settings, and what to do about a name that is none.

/// One setting that is not about a service's address.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key with its section.
    pub name: &'static str,
    /// Whether its value is a path, relative to the file that names it.
    pub is_path: bool,
    /// What it is for, in one line.
    pub about: &'static str,
}

const fn key(name: &'static str, is_path: bool, about: &'static str) -> Key {
    Key {
        name,
        is_path,
        about,
    }
}

/// The settings, in the order they are shown. Every service has `services.<name>.endpoint` too.
pub const KEYS: [Key; 8] = [
    key("oar.backend", false, "what carries the OAR tools out"),
    key("oar.endpoint", false, "the address of the OAR MCP server"),
    key("state.store", false, "where the state of releases is kept"),
    key("state.path", true, "the git repository of the local store"),
    key(
        "github.local_clone",
        true,
        "a clone to read test results from",
    ),
    key(
        "github.repository",
        false,
        "the repository with test results",
    ),
    key("scripts.folder", true, "the project's script folder"),
    key("journal.folder", true, "where journals are kept"),
];

/// The services that may have a section `[services.<name>]`.
pub const SERVICE_NAMES: [&str; 14] = [
    "build_data",
    "errata",
    "github",
    "gitlab",
    "jenkins",
    "jira",
    "ldap",
    "mirror",
    "prow",
    "registry",
    "release_controller",
    "sheets",
    "sippy",
    "slack",
];

/// The keys of all settings.
pub(super) fn all() -> impl Iterator<Item = String> {
    let services = SERVICE_NAMES
        .iter()
        .map(|name| format!("services.{name}.endpoint"));
    KEYS.iter().map(|key| key.name.to_owned()).chain(services)
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

/// The known key that is meant most likely.
pub(super) fn nearest(key: &str) -> Option<String> {
    all()
        .map(|known| (distance(key, &known), known))
        .min()
        .filter(|(distance, known)| *distance <= 3.max(known.len() / 4))
        .map(|(_, known)| known)
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
