//! No credential of a service gets into errors or traces, also when the service says it back.

use std::{
    io,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::to_bytes,
    extract::Request as Received,
    http::StatusCode,
    response::{Html, IntoResponse as _, Response},
    routing::any,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use oar_script::{
    call::Session,
    config::Config,
    error::Error,
    http::Http,
    release::{Version, advisory::State, shipment::Address},
    services::{self, build_data::BuildData, errata, github::GitHub, gitlab, jira, sheets, slack},
    world::kerberos,
};
use secrecy::ExposeSecret as _;

use crate::support::services_world::{ServicesWorld, serve};

const CREDENTIALS: [&str; 6] = [
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "JIRA_TOKEN",
    "JIRA_USERNAME",
    "SLACK_BOT_TOKEN",
    "OAR_JWK",
];

/// How the server says everything back.
const FORMS: [&str; 4] = ["403", "500", "page", "json"];

fn canary(name: &str) -> String {
    format!("canary-{}-7c1d", name.to_lowercase())
}

/// The server's answer: everything that was sent to it.
async fn echo(form: &'static str, request: Received) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let heads: Vec<_> = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let said = format!(
        "{} {} {}",
        parts.uri,
        heads.join("; "),
        String::from_utf8_lossy(&body)
    );
    match form {
        "403" => (StatusCode::FORBIDDEN, said).into_response(),
        "500" => (StatusCode::INTERNAL_SERVER_ERROR, said).into_response(),
        "page" => Html(said).into_response(),
        _ => axum::Json(serde_json::json!([said])).into_response(),
    }
}

/// Asks every service something and changes something at each that can be changed.
async fn errors(form: &'static str) -> Vec<(&'static str, Error)> {
    let base =
        serve(Router::new().fallback(any(move |request: Received| echo(form, request)))).await;
    let mut world = ServicesWorld::default();
    for name in CREDENTIALS {
        world = world.env(name, &canary(name));
    }
    let key = sheets::emulator::key_file(&format!("{base}token"));
    world = world
        .env("GCP_SA_FILE", "/keys/a.json")
        .file("/keys/a.json", &key);
    for row in services::SERVICES {
        world = world.endpoint(row.name, base.clone());
    }
    let world = Arc::new(world);
    let session = Session::new(world.clone(), tokio::runtime::Handle::current());
    services::install(&session, &Http::new(world).unwrap(), &Config::default()).unwrap();

    let release: Version = "4.20.1".parse().unwrap();
    let github = session.get::<GitHub>().unwrap();
    let github = github.client();
    let errata = session.get::<errata::Client>().unwrap();
    let gitlab = session.get::<gitlab::Client>().unwrap();
    let jira = session.get::<jira::Client>().unwrap();
    let slack = session.get::<slack::Client>().unwrap();
    let sheet = session.get::<sheets::Client>().unwrap();
    let build_data = session.get::<BuildData>().unwrap();
    let address = "https://gitlab.example.com/a/b/-/merge_requests/7";
    let address = Address::of_release(Some(address)).unwrap().unwrap();
    let message = slack::Message {
        channel: "#somewhere".to_owned(),
        text: "Hello.".to_owned(),
        ..slack::Message::default()
    };
    let mut found = Vec::new();
    let mut note = |what, error: Option<Error>| found.extend(error.map(|error| (what, error)));
    note("github file", github.file("a/b", "c", "d").await.err());
    note(
        "github graphql",
        github
            .graphql("query { a }", serde_json::json!({}))
            .await
            .err(),
    );
    note(
        "build data",
        build_data.assemblies(&release.y_stream()).await.err(),
    );
    note("errata advisory", errata.advisory(7).await.err());
    note(
        "errata state",
        errata.change_state(7, State::RelPrep).await.err(),
    );
    note(
        "errata owner",
        errata.set_owner(7, "lead@example.com").await.err(),
    );
    note("gitlab request", gitlab.merge_request(&address).await.err());
    note(
        "gitlab approval",
        gitlab.approve(&address, "abc").await.err(),
    );
    note("jira ticket", jira.ticket("ART-1").await.err());
    note(
        "jira comment",
        jira.comment_once("ART-1", "Hello.", "token").await.err(),
    );
    note("slack message", slack.post(&message).await.err());
    note("slack identity", slack.identity().await.err());
    note(
        "sheet",
        sheet
            .spreadsheet("1A2b3C4d5E6f7G8h9I0jKlMnOpQrStUvWxYz01234567")
            .await
            .err(),
    );
    found
}

/// A secret as it is, and as basic authentication sends it.
fn forms_of_secrets() -> Vec<String> {
    let mut forms: Vec<_> = CREDENTIALS.iter().map(|name| canary(name)).collect();
    let pair = format!("{}:{}", canary("JIRA_USERNAME"), canary("JIRA_TOKEN"));
    forms.push(
        BASE64_STANDARD
            .encode(pair)
            .trim_end_matches('=')
            .to_owned(),
    );
    forms.push("PRIVATE KEY".to_owned());
    let tokens = (1..=40).map(kerberos::stand_in_token);
    forms.extend(tokens.map(|token| token.expose_secret().to_owned()));
    // Who may be named is no secret.
    forms.retain(|form| *form != canary("JIRA_USERNAME"));
    forms
}

#[tokio::test]
async fn a_service_that_says_everything_back_gives_no_credential_away() {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let secrets = forms_of_secrets();
    for form in FORMS {
        let errors = errors(form).await;
        assert!(errors.len() > 10, "{form}: only {} failed", errors.len());
        for (what, error) in errors {
            for text in [error.chain(), format!("{error:?}")] {
                let told = secrets.iter().find(|secret| text.contains(*secret));
                assert!(told.is_none(), "{form}: {what} tells {told:?}:\n{text}");
            }
        }
    }
    let lines = String::from_utf8_lossy(&written.0.lock().unwrap()).into_owned();
    assert!(
        lines.contains("oar_script::http: request"),
        "nothing was traced"
    );
    for secret in secrets {
        let told = lines.lines().find(|line| line.contains(&secret));
        assert!(told.is_none(), "{secret} is in a trace: {told:?}");
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
