//! Kerberos: shows services who runs this, with the ticket that `kinit` left.
//!
//! The machine's GSSAPI library is loaded when the first token is wanted, so nothing is needed to
//! build this program, and a machine without the library does everything else. Passwords never come
//! here: the ticket cache is the one that `KRB5CCNAME` and `KRB5_CONFIG` name to the library itself.
//! All unsafe code of this program is in this folder.

#[allow(
    unsafe_code,
    reason = "the functions of the GSSAPI library are found at run time and are C"
)]
mod gssapi;
#[allow(
    unsafe_code,
    reason = "the functions of the GSSAPI library are found at run time and are C"
)]
mod raw;
mod trouble;

use std::{
    fmt::Display,
    sync::{Arc, OnceLock},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use url::{Host, Url};

use crate::error::{Error, Result};

use raw::Library;
pub use trouble::Trouble;

/// Where the library is on the systems this runs on; the first that loads is taken.
const LIBRARIES: [&str; 3] = [
    "libgssapi_krb5.so.2",
    "libgssapi_krb5.so",
    "/System/Library/Frameworks/GSS.framework/GSS",
];

/// A token takes milliseconds, unless the key distribution centre has to be found first.
const DEADLINE: Duration = Duration::from_secs(30);

/// Whose ticket there is, and how long it holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ticket {
    /// The person, such as `lead@EXAMPLE.COM`.
    pub principal: String,
    /// When it ends; `None` when it does not.
    pub expires_at: Option<Timestamp>,
}

/// Makes tokens from the tickets of the person who runs this; cheap to clone.
#[derive(Clone)]
pub struct Kerberos {
    names: Arc<Vec<String>>,
    library: Arc<OnceLock<&'static Library>>,
    deadline: Duration,
}

impl Default for Kerberos {
    fn default() -> Self {
        Self::from_libraries(&LIBRARIES)
    }
}

impl Kerberos {
    /// Uses the first of these libraries that loads. None is loaded yet.
    pub fn from_libraries(names: &[&str]) -> Self {
        Self {
            names: Arc::new(names.iter().map(|name| (*name).to_owned()).collect()),
            library: Arc::default(),
            deadline: DEADLINE,
        }
    }

    /// Waits this long for a token instead of 30 seconds.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Returns a fresh token for one request to `host`, in base64.
    ///
    /// The service refuses a token it has seen before, so none is kept. May ask the key distribution
    /// centre. Fails with what [`Trouble`] lists.
    pub async fn token(&self, host: &str) -> Result<SecretString, Trouble> {
        let target = format!("HTTP@{host}");
        let token = self
            .aside(move |library| gssapi::token(library, &target))
            .await?;
        Ok(BASE64_STANDARD.encode(token).into())
    }

    /// Returns whose ticket is in the cache and until when it holds. Asks nobody outside.
    ///
    /// Fails with [`Trouble::NoTicket`] or [`Trouble::Expired`] when there is none to use.
    pub async fn ticket(&self, now: Timestamp) -> Result<Ticket, Trouble> {
        let (principal, seconds) = self.aside(gssapi::ticket).await?;
        let expires_at = seconds.and_then(|seconds| {
            now.checked_add(SignedDuration::from_secs(i64::from(seconds)))
                .ok()
        });
        Ok(Ticket {
            principal,
            expires_at,
        })
    }

    /// Lets the library work on a thread that may block, up to the deadline.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&'static Library) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let kerberos = self.clone();
        let work = tokio::task::spawn_blocking(move || work(kerberos.library()?));
        match tokio::time::timeout(self.deadline, work).await {
            Ok(Ok(done)) => done,
            Ok(Err(error)) => Err(Trouble::Other(error.to_string())),
            Err(_) => Err(Trouble::Late(self.deadline.as_secs())),
        }
    }

    fn library(&self) -> Result<&'static Library, Trouble> {
        if let Some(library) = self.library.get() {
            return Ok(library);
        }
        let library = raw::load(&self.names).map_err(Trouble::NoLibrary)?;
        Ok(self.library.get_or_init(|| library))
    }
}

/// Whether no key distribution centre knows this place: plain `http`, and everything on loopback.
pub fn is_stand_in(service: &Url) -> bool {
    let is_loopback = match service.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    service.scheme() == "http" || is_loopback
}

/// The token shown to a place that is a stand-in: worth nothing, but never the same twice.
pub fn stand_in_token(number: impl Display) -> SecretString {
    BASE64_STANDARD
        .encode(format!("stand-in ticket {number}"))
        .into()
}

/// The host a token is made for. Fails with `invalid` when the address has none.
pub fn host(service: &Url) -> Result<&str> {
    service
        .host_str()
        .ok_or_else(|| Error::invalid(format!("`{service}` is not the address of a host")))
}
