//! One request, put together step by step.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{HeaderName, HeaderValue},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use super::{Answer, Caller};
use crate::error::{Error, Kind, Result};

/// A request that has not been sent yet.
///
/// It is changing when its method is, unless [`Request::changing`] or [`Request::reading`] says
/// otherwise. Only reading requests are tried again.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    pub(super) caller: Caller,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Body,
    pub(super) timeout: Option<Duration>,
    pub(super) is_changing: bool,
    pub(super) accepted: Vec<StatusCode>,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    Nothing,
    Json(Value),
    Form(Vec<(String, String)>),
    Text(String),
}

impl Request {
    pub(super) fn new(caller: Caller, method: Method, path: &str) -> Self {
        Self {
            is_changing: !method.is_safe(),
            caller,
            method,
            path: path.to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Nothing,
            timeout: None,
            accepted: Vec::new(),
        }
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets a JSON body. Fails with `invalid` when the value has no JSON form.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Result<Self> {
        self.body = Body::Json(serde_json::to_value(body).map_err(|error| {
            Error::invalid("the body of the request has no JSON form").because(error)
        })?);
        Ok(self)
    }

    /// Sets a form as body.
    pub fn form(mut self, fields: Vec<(String, String)>) -> Self {
        self.body = Body::Form(fields);
        self
    }

    /// Sets a text as body; what kind of text it is says a header of its own.
    pub fn text(mut self, text: String) -> Self {
        self.body = Body::Text(text);
        self
    }

    /// Sets how long to wait for the answer, instead of 30 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Says that this changes something: it is sent once, whatever happens.
    pub fn changing(mut self) -> Self {
        self.is_changing = true;
        self
    }

    /// Says that this only reads, in spite of its method.
    pub fn reading(mut self) -> Self {
        self.is_changing = false;
        self
    }

    /// Whether it changes something.
    pub(crate) fn is_changing(&self) -> bool {
        self.is_changing
    }

    /// Sends it and returns the answer when its status is a success.
    /// Takes answers with this status as answers, not as errors: their body says what is meant.
    pub fn accept(mut self, status: StatusCode) -> Self {
        self.accepted.push(status);
        self
    }

    /// Sends it and returns the answer when its status is a success, or one that is accepted.
    pub async fn send(self) -> Result<Answer> {
        self.caller.clone().send(self).await
    }

    /// Sends it and reads the answer as JSON.
    pub async fn send_json<T: DeserializeOwned>(self) -> Result<T> {
        let is_changing = self.is_changing;
        let caller = self.caller.clone();
        let answer = self.send().await?;
        answer.json().map_err(|error| {
            let error = caller.finish(error);
            if is_changing {
                error.ambiguous()
            } else {
                error
            }
        })
    }

    /// Sends it and reads the answer as text.
    pub async fn send_text(self) -> Result<String> {
        Ok(self.send().await?.text())
    }

    /// Sends it and returns the bytes of the answer.
    pub async fn send_bytes(self) -> Result<Bytes> {
        Ok(self.send().await?.body)
    }

    pub(crate) fn url(&self) -> Result<Url> {
        let mut url = self.caller.base().clone();
        if url.cannot_be_a_base() {
            return Err(Error::new(
                Kind::Invalid,
                format!("`{url}` is not the address of a service"),
            ));
        }
        let below = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{below}/{}", self.path.trim_start_matches('/')));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

/// Returns `text` as one segment of a path, so that no character of it has a meaning there.
pub fn segment(text: &str) -> String {
    // An address parser takes dots alone as a step, even when they are encoded.
    if !text.is_empty() && text.len() < 3 && text.bytes().all(|byte| byte == b'.') {
        return text.replace('.', "%252E");
    }
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
