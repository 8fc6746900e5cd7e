//! The environment variables with secrets, as the Python tool names them, and what needs them.

/// One environment variable.
#[derive(Clone, Copy, Debug)]
pub struct Credential {
    /// Its name.
    pub name: &'static str,
    /// What needs it, in a few words.
    pub needed_by: &'static str,
    /// Whether its value may not be shown. The path of a key file may.
    pub is_secret: bool,
}

const fn secret(name: &'static str, needed_by: &'static str) -> Credential {
    Credential {
        name,
        needed_by,
        is_secret: true,
    }
}

const fn file(name: &'static str, needed_by: &'static str) -> Credential {
    Credential {
        name,
        needed_by,
        is_secret: false,
    }
}

/// All of them, in the order they are shown.
pub const CREDENTIALS: [Credential; 12] = [
    secret(
        "GITHUB_TOKEN",
        "github: state of releases, test results, list of releases",
    ),
    file(
        "GCP_SA_FILE",
        "sheets: the key file of a Google service account",
    ),
    secret(
        "OAR_JWK",
        "oar.settings_file: the key of the encrypted file",
    ),
    secret("JIRA_USERNAME", "jira: tickets of a release"),
    secret("JIRA_TOKEN", "jira: tickets of a release"),
    secret("GITLAB_TOKEN", "gitlab: the shipment merge request"),
    secret("JENKINS_USER", "jenkins: stage testing"),
    secret("JENKINS_TOKEN", "jenkins: stage testing"),
    secret("SLACK_BOT_TOKEN", "slack: messages to teams"),
    secret("SLACK_APP_TOKEN", "slack: commands from chat"),
    secret("APITOKEN", "prow: starting test jobs"),
    file("GCS_CRED_FILE", "prow: the key file for test artifacts"),
];
