//! Sends one request with octocrab and says what its answer means.
//!
//! The library's own retries are off: ours wait on the world's clock, and a change is sent once.

use std::time::Duration;

use octocrab::{Octocrab, service::middleware::retry::RetryConfig};
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue, IF_NONE_MATCH},
};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::Client;
use crate::{
    error::{Error, Kind, Result},
    http::{
        Answer, Shown, Tried,
        classify::{status_error, wrapped_transport_error, wrapped_was_never_sent},
    },
};

/// How long to stay away after a secondary limit that names no time, as GitHub documents it.
const SECONDARY_LIMIT_WAIT: Duration = Duration::from_secs(60);

/// The route of GraphQL, which GitHub Enterprise has beside its REST routes and not below them.
pub(super) const GRAPHQL: &str = "/graphql";

/// One request to GitHub.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// The path below the base address, encoded.
    pub(super) route: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    pub(super) body: Option<&'a Value>,
    /// The entity tag of what is known already; with one, 304 is an answer.
    pub(super) known: Option<&'a str>,
    pub(super) is_changing: bool,
}

impl<'a> Ask<'a> {
    pub(super) fn get(route: &'a str, query: &'a [(&'a str, &'a str)]) -> Self {
        Self {
            method: Method::GET,
            route,
            query,
            body: None,
            known: None,
            is_changing: false,
        }
    }
}

impl Client {
    /// Sends a request; a reading one is tried again after passing troubles, a changing one is not.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Answer> {
        let url = self.url(ask)?;
        let shown = Shown::new(ask.method.clone(), &url);
        let octocrab = self
            .octocrab
            .get_or_try_init(|| async { self.build() })
            .await?;
        let (url, shown) = (&url, &shown);
        self.caller
            .guarded(shown, ask.is_changing, || async move {
                let mut tried = Tried {
                    status: None,
                    bytes: 0,
                };
                let wait = self.caller.longest(None);
                let answer = self.once(octocrab, ask, url, shown, &mut tried);
                let answer = tokio::time::timeout(wait, answer)
                    .await
                    .unwrap_or_else(|_| {
                        let message = format!("{shown} got no answer in time");
                        let error = Error::new(Kind::Unreachable, message);
                        Err(in_doubt(error, ask.is_changing))
                    });
                (tried, answer)
            })
            .await
    }

    async fn once(
        &self,
        octocrab: &Octocrab,
        ask: &Ask<'_>,
        url: &Url,
        shown: &Shown,
        tried: &mut Tried,
    ) -> Result<Answer> {
        let what = shown.to_string();
        let failed = |error: octocrab::Error| {
            let may_have_happened = ask.is_changing && !wrapped_was_never_sent(&error);
            in_doubt(wrapped_transport_error(&what, &error), may_have_happened)
        };
        let mut building = http::Request::builder()
            .method(ask.method.clone())
            .uri(url.as_str());
        if let Some(known) = ask.known.and_then(|tag| HeaderValue::from_str(tag).ok()) {
            building = building.header(IF_NONE_MATCH, known);
        }
        let request = octocrab
            .build_request(building, ask.body)
            .map_err(|error| Error::invalid(format!("{what} cannot be sent")).because(error))?;
        let response = octocrab.execute(request).await.map_err(failed)?;
        let status: StatusCode = response.status();
        let headers: HeaderMap = response.headers().clone();
        self.caller.notice(&headers);
        tried.status = Some(status.as_u16());
        let text = octocrab.body_to_string(response).await.map_err(failed)?;
        tried.bytes = text.len();
        let is_known = status == StatusCode::NOT_MODIFIED && ask.known.is_some();
        if !status.is_success() && !is_known {
            let error = self.refusal(&what, status, &headers, &text);
            let may_have_happened = ask.is_changing && status.is_server_error();
            return Err(in_doubt(error, may_have_happened));
        }
        Ok(Answer {
            status,
            headers,
            body: text.into(),
            what,
        })
    }

    /// What a status that is no success means. A secondary limit looks like a refused credential.
    fn refusal(&self, what: &str, status: StatusCode, headers: &HeaderMap, text: &str) -> Error {
        let auth = self.caller.auth();
        let now = self.caller.now();
        let mut error = status_error(what, status, headers, text.as_bytes(), auth, now);
        let lower = text.to_ascii_lowercase();
        let is_limit = lower.contains("secondary rate limit") || lower.contains("abuse detection");
        if status == StatusCode::FORBIDDEN && is_limit {
            error.kind = Kind::Busy;
            error.retry_after = error.retry_after.or(Some(SECONDARY_LIMIT_WAIT));
            error.hint = Some("GitHub asks to send less at once; come back later".to_owned());
        }
        error
    }

    fn build(&self) -> Result<Octocrab> {
        let failed = |error: octocrab::Error| {
            let error = wrapped_transport_error("the client for GitHub", &error);
            self.caller.finish(error)
        };
        // The library puts the path of its base before what is not below it; ours are whole.
        let mut site = self.caller.base().clone();
        site.set_path("/");
        let mut builder = Octocrab::builder()
            .add_retry_config(RetryConfig::None)
            .base_uri(site.as_str())
            .map_err(failed)?;
        // The library does not survive a token that no header can carry.
        self.caller
            .auth()
            .check()
            .map_err(|error| self.caller.finish(error))?;
        if let Some(token) = self.caller.auth().bare() {
            builder = builder.personal_token(token.expose_secret().trim().to_owned());
        }
        builder
            .build_with_reqwest(self.caller.pool()?)
            .map_err(failed)
    }

    fn url(&self, ask: &Ask<'_>) -> Result<Url> {
        let mut url = ask
            .query
            .iter()
            .fold(self.caller.get(ask.route), |request, (name, value)| {
                request.query(name, value)
            })
            .url()
            .map_err(|error| self.caller.finish(error))?;
        if let (GRAPHQL, Some(above)) = (ask.route, url.path().strip_suffix("/v3/graphql")) {
            url.set_path(&format!("{above}{GRAPHQL}"));
        }
        Ok(url)
    }
}

fn in_doubt(error: Error, may_have_happened: bool) -> Error {
    if may_have_happened {
        error.ambiguous()
    } else {
        error
    }
}
