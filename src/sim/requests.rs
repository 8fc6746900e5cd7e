//! What the emulators were asked: counted per service and operation, changing requests in full.

use std::{
    collections::BTreeMap,
    str::FromStr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes, HttpBody, to_bytes},
    extract::{MatchedPath, Request},
    http::{Method, StatusCode},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use crate::{
    error::{Error, Result},
    services::emulate::{broken, set_date},
    world::{clock::VirtualClock, simulated::die},
};

/// The longest body that is read at all; uploads to emulators are small.
const MAX_BODY_BYTES: usize = 32 << 20;
/// How much of the body of a changing request is kept.
const KEPT_BODY_BYTES: usize = 8 << 10;

/// The record of all requests of a world.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    record: Arc<Mutex<Record>>,
    cut: Option<Cut>,
}

/// Where the way to the outside is cut: at which changing request, counted from 1, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cut {
    /// The number of the request.
    pub at: u64,
    /// What happens.
    pub how: CutHow,
}

/// What happens at a [`Cut`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CutHow {
    /// The process dies before the request arrives.
    DieBefore,
    /// The request is done, and the process dies before it has the answer.
    DieAfter,
    /// The request is done, and the connection closes without an answer.
    LoseAnswer,
}

impl FromStr for Cut {
    type Err = Error;

    /// Reads `before:7`, `after:7` or `lost:7`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid(format!("`{text}` names no cut"))
                .hint("write `before:7`, `after:7` or `lost:7`")
        };
        let (how, at) = text.split_once(':').ok_or_else(wrong)?;
        let how = match how {
            "before" => CutHow::DieBefore,
            "after" => CutHow::DieAfter,
            "lost" => CutHow::LoseAnswer,
            _ => return Err(wrong()),
        };
        let at = at.parse().map_err(|_| wrong())?;
        Ok(Self { at, how })
    }
}

#[derive(Debug, Default)]
struct Record {
    changing: u64,
    counts: BTreeMap<(String, String), u64>,
    changes: Vec<Change>,
}

/// A request whose method says that it changes something.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// When, on the world's clock.
    pub at: Timestamp,
    /// The service.
    pub service: String,
    /// The method.
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The route that took it.
    pub route: String,
    /// The body as text, the first 8 KiB.
    pub body: String,
    /// The status of the answer.
    pub status: u16,
}

impl Requests {
    /// Begins a record of requests of which one is cut.
    pub(super) fn cut(cut: Option<Cut>) -> Self {
        Self {
            cut,
            ..Self::default()
        }
    }

    /// How many requests there were to all services.
    pub fn total(&self) -> u64 {
        self.lock().counts.values().sum()
    }

    /// How many requests a service got.
    pub fn of(&self, service: &str) -> u64 {
        self.lock()
            .counts
            .iter()
            .filter(|((name, _), _)| name == service)
            .map(|(_, count)| count)
            .sum()
    }

    /// The counts by service and operation, such as `("jira", "GET /rest/api/3/issue/{key}")`.
    pub fn counts(&self) -> BTreeMap<(String, String), u64> {
        self.lock().counts.clone()
    }

    /// The changing requests in the order of their answers.
    pub fn changes(&self) -> Vec<Change> {
        self.lock().changes.clone()
    }

    /// Forgets everything so far, to measure what comes next.
    pub fn clear(&self) {
        *self.lock() = Record::default();
    }

    /// Counts one request that a service of another kind answered.
    pub(super) fn count(&self, service: &str, operation: String) {
        *self
            .lock()
            .counts
            .entry((service.to_owned(), operation))
            .or_default() += 1;
    }

    /// Counts one changing request; what happens to it, if it is the one that is cut.
    fn next_cut(&self) -> Option<CutHow> {
        let number = {
            let mut record = self.lock();
            record.changing += 1;
            record.changing
        };
        self.cut.filter(|cut| cut.at == number).map(|cut| cut.how)
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record
            .lock()
            .expect("no thread panics while it holds the requests")
    }

    /// Wraps a service's routes: late answers, counting, and 501 for what it does not have.
    pub(super) fn watch(
        &self,
        service: &'static str,
        router: Router,
        latency: Duration,
        clock: VirtualClock,
    ) -> Router {
        let requests = self.clone();
        router.layer(from_fn(move |request: Request, next: Next| {
            let requests = requests.clone();
            let clock = clock.clone();
            async move {
                if !latency.is_zero() {
                    tokio::time::sleep(latency).await;
                }
                requests.pass(service, &clock, request, next).await
            }
        }))
    }

    async fn pass(
        &self,
        service: &str,
        clock: &VirtualClock,
        request: Request,
        next: Next,
    ) -> Response {
        let method = request.method().clone();
        let path = request
            .uri()
            .path_and_query()
            .map_or_else(|| request.uri().path().to_owned(), ToString::to_string);
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map(|matched| matched.as_str().to_owned());
        let operation = format!("{method} {}", route.as_deref().unwrap_or("unknown"));
        self.count(service, operation.clone());
        let is_changing = !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS);
        let mut body = Bytes::new();
        let request = if is_changing {
            let (parts, stream) = request.into_parts();
            match to_bytes(stream, MAX_BODY_BYTES).await {
                Ok(bytes) => body = bytes,
                Err(_) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            }
            Request::from_parts(parts, Body::from(body.clone()))
        } else {
            request
        };
        let cut = is_changing.then(|| self.next_cut()).flatten();
        if cut == Some(CutHow::DieBefore) {
            die();
        }
        let mut response = next.run(request).await;
        match cut {
            Some(CutHow::DieAfter) => die(),
            Some(CutHow::LoseAnswer) => {
                tracing::info!(service, %operation, "the answer is lost");
                response = broken(Bytes::new()).into_response();
            }
            Some(CutHow::DieBefore) | None => {}
        }
        let is_bare = response.body().size_hint().exact() == Some(0);
        let is_unknown = matches!(
            response.status(),
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED
        ) && is_bare
            && (route.is_none() || response.status() == StatusCode::METHOD_NOT_ALLOWED);
        if is_unknown {
            let message = format!("the simulated {service} does not do {method} {path}");
            let answer = json!({ "error": message, "method": method.as_str(), "path": path });
            response = (StatusCode::NOT_IMPLEMENTED, Json(answer)).into_response();
        }
        set_date(&mut response, clock.now());
        if is_changing {
            let kept = &body[..body.len().min(KEPT_BODY_BYTES)];
            self.lock().changes.push(Change {
                at: clock.now(),
                service: service.to_owned(),
                method: method.to_string(),
                path,
                route: route.unwrap_or_else(|| "unknown".to_owned()),
                body: String::from_utf8_lossy(kept).into_owned(),
                status: response.status().as_u16(),
            });
        }
        response
    }
}
