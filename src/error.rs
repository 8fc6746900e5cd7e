//! One error for everything the host does: what kind of trouble, where, what was being done, and
//! what to do about it.
//!
//! Scripts see it as a value with the fields `kind`, `service`, `message`, `status`, `hint` and
//! `retryable`. Whoever prints an error walks its chain with [`std::error::Error::source`]; a
//! message never repeats its cause.

use std::{
    error::Error as StdError,
    fmt::{self, Display},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// What went wrong, from a closed list. Scripts branch on it, so a new kind is a new API level.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The thing asked for does not exist (404).
    NotFound,
    /// No credential, or one that may not do this (401, 403).
    Denied,
    /// Somebody else changed it meanwhile (409, 412).
    Conflict,
    /// Our input or the other side's answer does not make sense.
    Invalid,
    /// The service asks to come back later (429, 503).
    Busy,
    /// No answer: refused, reset, timed out, 502, 504.
    Unreachable,
    /// An answer nobody expected.
    Unexpected,
    /// A deadline that a script set with `timeout` has passed.
    Timeout,
    /// A person stopped the run.
    Cancelled,
    /// The host refuses to do this now: a rule protects the release.
    Refused,
}

impl Kind {
    /// All kinds, in the order of the reference.
    pub const ALL: [Self; 10] = [
        Self::NotFound,
        Self::Denied,
        Self::Conflict,
        Self::Invalid,
        Self::Busy,
        Self::Unreachable,
        Self::Unexpected,
        Self::Timeout,
        Self::Cancelled,
        Self::Refused,
    ];

    /// The word scripts compare with, such as `not_found`.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Conflict => "conflict",
            Self::Invalid => "invalid",
            Self::Busy => "busy",
            Self::Unreachable => "unreachable",
            Self::Unexpected => "unexpected",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }

    /// Whether the same read may succeed later without anybody doing anything.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Busy | Self::Unreachable)
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A place in a script file, for people: line and column start at 1.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Place {
    /// The file as it is named in messages, such as `phases/initialization.rhai`.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, with the next step for whoever reads it.
#[derive(Clone, Debug)]
pub struct Error {
    /// The class of the trouble.
    pub kind: Kind,
    /// The service that answered or did not (`github`), if it was about one.
    pub service: Option<String>,
    /// What was being done, lower case, without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// How long the service asked us to stay away.
    pub retry_after: Option<Duration>,
    /// Whether a change may have been carried out although we got no proper answer.
    pub is_ambiguous: bool,
    /// Where in a script, when it is about one.
    pub place: Option<Place>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Makes an error of `kind` that says what was being done.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            service: None,
            message: message.into(),
            hint: None,
            status: None,
            retry_after: None,
            is_ambiguous: false,
            place: None,
            source: None,
        }
    }

    /// Shorthand for input or answers that make no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// Shorthand for a thing that does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// Names the service.
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Says what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the HTTP status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds how long the service asked us to stay away.
    pub fn retry_after(mut self, wait: Option<Duration>) -> Self {
        self.retry_after = wait;
        self
    }

    /// Marks a change that may have happened all the same.
    pub fn ambiguous(mut self) -> Self {
        self.is_ambiguous = true;
        self
    }

    /// Says where in a script.
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// Adds the cause.
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Whether the same read may succeed later without anybody doing anything.
    pub fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }

    /// Whether a service was away or answered something nobody understands: no word on what was
    /// asked, and worth asking again later.
    pub fn says_nothing(&self) -> bool {
        self.is_retryable() || (self.kind == Kind::Unexpected && self.service.is_some())
    }

    /// The message and the messages of all causes, in one line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let message = error.to_string();
            if !text.ends_with(&message) {
                text.push_str(": ");
                text.push_str(&message);
            }
            cause = error.source();
        }
        text
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.service {
            Some(service) => write!(f, "{service}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
