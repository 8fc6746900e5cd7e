//! What of our environment a program gets: its way to programs, home, language, network and Kerberos
//! ticket, and the secrets that it asks for by name. Nothing else.

use secrecy::SecretString;

use crate::{config::credentials::CREDENTIALS, http::Http, world::World};

/// What every program gets when it is set.
const PLAIN: [&str; 24] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "KRB5_KTNAME",
    "KRB5_CLIENT_KTNAME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "OAR_SLACK_CHANNEL",
    "OAR_SLACK_THREAD",
];

/// What `oar` checks for or needs later. `oarctl` may run a command of `oar` inside of it.
const OAR: [&str; 12] = [
    "OAR_JWK",
    "JIRA_TOKEN",
    "JIRA_USERNAME",
    "JIRA_EMAIL",
    "GCP_SA_FILE",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "JENKINS_USER",
    "JENKINS_TOKEN",
    "GITLAB_TOKEN",
    "GITHUB_TOKEN",
    "APITOKEN",
];

const JOB: [&str; 2] = ["APITOKEN", "GITHUB_TOKEN"];

const JOBCTL: [&str; 3] = ["APITOKEN", "GITHUB_TOKEN", "GCS_CRED_FILE"];

/// Returns the environment of a program. Its secrets are blacked out from now on.
pub(super) fn of(
    program: &str,
    world: &dyn World,
    http: &Http,
) -> Vec<(&'static str, SecretString)> {
    let credentials: &'static [&'static str] = match program {
        "job" => &JOB,
        "jobctl" => &JOBCTL,
        _ => &OAR,
    };
    // Its lines come when they are written, in the order they are written in.
    let mut environment = vec![("PYTHONUNBUFFERED", SecretString::from("1"))];
    for name in PLAIN {
        environment.extend(world.env(name).map(|value| (name, value.into())));
    }
    for name in credentials.iter().copied() {
        let Some(value) = world.secret(name) else {
            continue;
        };
        if is_hidden(name) {
            http.hide(value.clone());
        }
        environment.push((name, value));
    }
    environment
}

/// Paths, and names that people know each other by, are no secrets in a log.
fn is_hidden(name: &str) -> bool {
    let is_name = matches!(name, "JIRA_USERNAME" | "JIRA_EMAIL" | "JENKINS_USER");
    let is_path = CREDENTIALS
        .iter()
        .any(|credential| credential.name == name && !credential.is_secret);
    !is_name && !is_path
}
