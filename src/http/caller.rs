//! Calls one service.

use std::{
    error::Error as _,
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue, LOCATION, WWW_AUTHENTICATE},
};
use url::Url;

use super::{
    Answer, Auth, Http, Lane,
    classify::{status_error, transport_error, was_never_sent},
    redact::without_secrets,
    request::{Body, Request},
    retry::retry,
};
use crate::error::{Error, Kind, Result};

/// No answer we know of is near this size.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Sends requests to one service; cheap to clone.
#[derive(Clone)]
pub struct Caller {
    http: Http,
    service: String,
    base: Url,
    auth: Auth,
    lane: Arc<Lane>,
}

/// A request as messages and traces show it.
#[derive(Clone, Debug)]
pub struct Shown {
    method: Method,
    url: Url,
}

impl Shown {
    /// Shows a request without the secrets in its address.
    pub fn new(method: Method, url: &Url) -> Self {
        Self {
            method,
            url: without_secrets(url),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the host: the service is named beside it, and messages go into the journal, where
        // the same trouble must be the same text wherever the service listens.
        write!(f, "`{} {}`", self.method, path_and_query(&self.url))
    }
}

/// What one try ended with, for its trace line.
pub(crate) struct Tried {
    pub(crate) status: Option<u16>,
    pub(crate) bytes: usize,
}

impl Caller {
    pub(super) fn new(
        http: Http,
        service: String,
        mut base: Url,
        auth: Auth,
        lane: Arc<Lane>,
    ) -> Self {
        // Both fail only for addresses that cannot have either.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        Self {
            http,
            service,
            base,
            auth,
            lane,
        }
    }

    /// Begins a request that reads.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// Begins a request that changes something.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// Begins a request that replaces something.
    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    /// Begins a request that removes something.
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Begins a request; `path` is below the base address and already encoded.
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.clone(), method, path)
    }

    /// The same caller with another base address.
    pub(crate) fn at(&self, base: Url) -> Self {
        Self {
            base,
            ..self.clone()
        }
    }

    /// The address that paths are below.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The name of the service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The credential.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Runs one call of a client library as if it were a request of ours: counted, traced, tried
    /// again when it only reads, and with this service's name and no secrets in its errors.
    pub(crate) async fn guarded<T, F>(
        &self,
        shown: &Shown,
        is_changing: bool,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = (Tried, Result<T>)>,
    {
        let answer = retry(self.http.world().as_ref(), is_changing, |number| {
            let tried = attempt();
            async move {
                let _permit = self.lane.permits.acquire().await;
                self.lane.requests.fetch_add(1, Ordering::Relaxed);
                let start = Instant::now();
                let (tried, answer) = tried.await;
                tracing::debug!(
                    target: "oar_script::http",
                    service = %self.service,
                    method = %shown.method,
                    path = %self.http.redact(&path_and_query(&shown.url)),
                    status = tried.status,
                    milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
                    bytes = tried.bytes,
                    attempt = number,
                    "request"
                );
                answer.map_err(|error| self.finish(error))
            }
        });
        answer.await
    }

    /// Names the service in an error and takes secrets out of it.
    pub(crate) fn finish(&self, mut error: Error) -> Error {
        error.message = self.http.redact(&error.message);
        if let Some(cause) = error.source() {
            let text = cause.to_string();
            let shown = self.http.redact(&text);
            if shown != text {
                error = error.because(Redacted(shown));
            }
        }
        // Credentials are good for a time frame: a wrong clock is a reason that no answer names.
        let skew = self.http.shared.skews.of(&self.service);
        if let Some(skew) = skew.filter(|_| error.kind == Kind::Denied) {
            let clock = format!("{}: set it right first", skew.told());
            error.hint = Some(match error.hint.take() {
                Some(hint) if hint.contains(&clock) => hint,
                Some(hint) => format!("{hint}; {clock}"),
                None => clock,
            });
        }
        error.service(&self.service)
    }

    /// Looks whether the time in an answer is the world's.
    pub(crate) fn notice(&self, headers: &HeaderMap) {
        let skews = &self.http.shared.skews;
        skews.notice(&self.service, headers, self.now());
    }

    /// The shared connection pool.
    pub(crate) fn pool(&self) -> Result<reqwest::Client> {
        self.http.client()
    }

    /// How long a request may take at most.
    pub(crate) fn longest(&self, wanted: Option<std::time::Duration>) -> std::time::Duration {
        self.http.timeout(wanted)
    }

    /// The time on the world's clock.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.http.world().now()
    }

    pub(super) async fn send(&self, request: Request) -> Result<Answer> {
        let url = request.url().map_err(|error| self.finish(error))?;
        let shown = Shown::new(request.method.clone(), &url);
        let is_challenged = AtomicBool::new(false);
        let answer = self.attempts(&request, &url, &shown, &is_challenged).await;
        if answer.is_err() && is_challenged.load(Ordering::Relaxed) {
            // Nothing was done yet: the service wants to see who it is first. One more time with a
            // new token, because the one it has seen is used up.
            return self.attempts(&request, &url, &shown, &is_challenged).await;
        }
        answer
    }

    async fn attempts(
        &self,
        request: &Request,
        url: &Url,
        shown: &Shown,
        is_challenged: &AtomicBool,
    ) -> Result<Answer> {
        self.guarded(shown, request.is_changing, || async move {
            let mut tried = Tried {
                status: None,
                bytes: 0,
            };
            let answer = self
                .once(request, url, shown, is_challenged, &mut tried)
                .await;
            (tried, answer)
        })
        .await
    }

    async fn once(
        &self,
        request: &Request,
        url: &Url,
        shown: &Shown,
        is_challenged: &AtomicBool,
        tried: &mut Tried,
    ) -> Result<Answer> {
        let failed = |error: reqwest::Error| {
            let may_have_happened = request.is_changing && !was_never_sent(&error);
            let error = transport_error(&shown.to_string(), error);
            if may_have_happened {
                error.ambiguous()
            } else {
                error
            }
        };
        let is_negotiated = self.auth.is_negotiated();
        let pool = if is_negotiated {
            self.http.staying_client()?
        } else {
            self.pool()?
        };
        let mut building = pool
            .request(request.method.clone(), url.clone())
            .timeout(self.longest(request.timeout));
        for (name, value) in &request.headers {
            building = building.header(name, value);
        }
        let world = self.http.world().as_ref();
        if let Some((name, value)) = self.auth.header_for(world, url).await? {
            building = building.header(name, value);
        }
        building = match &request.body {
            Body::Nothing => building,
            Body::Json(document) => building.json(document),
            Body::Form(fields) => building.form(fields),
            Body::Text(text) => building.body(text.clone()),
        };
        let mut response = building.send().await.map_err(failed)?;
        let status = response.status();
        tried.status = Some(status.as_u16());
        self.notice(response.headers());
        let wants_token = status == StatusCode::UNAUTHORIZED && is_challenge(response.headers());
        is_challenged.store(is_negotiated && wants_token, Ordering::Relaxed);
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&part);
            tried.bytes = body.len();
            if body.len() > LARGEST_ANSWER {
                let error = Error::invalid(format!("{shown} got an answer of more than 64 MiB"));
                return Err(if request.is_changing {
                    error.ambiguous()
                } else {
                    error
                });
            }
        }
        let body = Bytes::from(body);
        let is_error = status.is_client_error() || status.is_server_error();
        if is_negotiated
            && status.is_redirection()
            && let Some(elsewhere) = response.headers().get(LOCATION)
        {
            return Err(sent_elsewhere(
                shown,
                status,
                elsewhere,
                request.is_changing,
            ));
        }
        if is_error && !request.accepted.contains(&status) {
            let error = status_error(
                &shown.to_string(),
                status,
                response.headers(),
                &body,
                &self.auth,
                self.now(),
            );
            return Err(if request.is_changing && status.is_server_error() {
                error.ambiguous()
            } else {
                error
            });
        }
        Ok(Answer {
            status,
            headers: response.headers().clone(),
            body,
            what: shown.to_string(),
        })
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({} at {})", self.service, self.base)
    }
}

/// A cause that quoted a secret, without it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Redacted(String);

/// Whether a service asks for a Kerberos token.
fn is_challenge(headers: &HeaderMap) -> bool {
    headers.get_all(WWW_AUTHENTICATE).iter().any(|value| {
        let scheme = value.to_str().unwrap_or_default().split([' ', ',']).next();
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("negotiate"))
    })
}

/// An answer that sends us to another place, where our token must not go.
fn sent_elsewhere(
    shown: &Shown,
    status: StatusCode,
    elsewhere: &HeaderValue,
    is_changing: bool,
) -> Error {
    let elsewhere = elsewhere
        .to_str()
        .ok()
        .and_then(|text| Url::parse(text).ok());
    let elsewhere = match &elsewhere {
        Some(url) => format!("`{}`", without_secrets(url)),
        None => "another place".to_owned(),
    };
    let error = Error::new(
        Kind::Unexpected,
        format!("{shown} was sent on to {elsewhere}"),
    )
    .status(status.as_u16())
    .hint("the Kerberos token is for one host; set the address where the service is now");
    if is_changing {
        error.ambiguous()
    } else {
        error
    }
}

fn path_and_query(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}
