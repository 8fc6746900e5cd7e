//! The one way out to services that speak HTTP: authentication, time limits, retries, redaction,
//! and one trace line per request.
//!
//! It knows no service. What a path means and what an answer holds is left to the clients in
//! [`crate::services`]; where a service lives and its secret come from the world and the
//! configuration.

mod answer;
mod auth;
mod caller;
pub(crate) mod classify;
mod redact;
mod request;
mod retry;
mod skew;
mod transport;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use secrecy::SecretString;
use tokio::sync::Semaphore;
use url::Url;

use crate::{error::Result, world::World};

pub use answer::Answer;
pub use auth::Auth;
pub(crate) use caller::Tried;
pub use caller::{Caller, Shown};
pub use classify::found;
pub use redact::without_secrets;
pub use request::{Request, segment};
pub use skew::Skew;

/// How many requests to one service run at once.
const REQUESTS_AT_ONCE: usize = 8;

/// How long a request may take when its client says nothing else.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// The shared way out; cheap to clone and cheap to make.
///
/// The connection pool and its TLS roots are loaded with the first request.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
}

struct Shared {
    world: Arc<dyn World>,
    client: OnceLock<reqwest::Client>,
    staying: OnceLock<reqwest::Client>,
    lanes: Mutex<BTreeMap<String, Arc<Lane>>>,
    secrets: redact::Secrets,
    skews: skew::Skews,
    longest_wait: Option<Duration>,
}

/// What the callers of one service have in common.
#[derive(Debug)]
struct Lane {
    permits: Semaphore,
    requests: AtomicU64,
}

/// Counts the requests of a library that sends its own; cheap to clone.
#[derive(Clone, Debug)]
pub struct Tally(Arc<Lane>);

impl Tally {
    /// Counts some more.
    pub fn add(&self, requests: u64) {
        self.0.requests.fetch_add(requests, Ordering::Relaxed);
    }
}

impl Http {
    /// Makes a way out for this world, and settles which cryptography TLS uses in this process.
    pub fn new(world: Arc<dyn World>) -> Result<Self> {
        Self::with_longest_wait(world, None)
    }

    /// Makes a way out on which no request waits longer than `longest_wait` for its answer.
    pub fn with_longest_wait(
        world: Arc<dyn World>,
        longest_wait: Option<Duration>,
    ) -> Result<Self> {
        // It fails when the process has one already, which is what is wanted.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            shared: Arc::new(Shared {
                world,
                client: OnceLock::new(),
                staying: OnceLock::new(),
                lanes: Mutex::default(),
                secrets: redact::Secrets::default(),
                skews: skew::Skews::default(),
                longest_wait,
            }),
        })
    }

    /// Returns the connection pool that everything in this process shares.
    ///
    /// It never tries again by itself and asks no proxy for loopback addresses. Fails with
    /// `unexpected` when the TLS roots of this machine cannot be loaded.
    pub fn client(&self) -> Result<reqwest::Client> {
        self.pool(&self.shared.client, false)
    }

    /// The same, but it follows no answer that sends us elsewhere: what is shown to one place must
    /// not be carried to another.
    fn staying_client(&self) -> Result<reqwest::Client> {
        self.pool(&self.shared.staying, true)
    }

    fn pool(&self, kept: &OnceLock<reqwest::Client>, stays: bool) -> Result<reqwest::Client> {
        if let Some(client) = kept.get() {
            return Ok(client.clone());
        }
        let client = transport::client(self.shared.world.as_ref(), stays)?;
        Ok(kept.get_or_init(|| client).clone())
    }

    /// Returns the caller of the service `name`, whose paths are below `base`.
    ///
    /// A user name and password in `base` are dropped: secrets come as `auth`.
    pub fn service(&self, name: &str, base: Url, auth: Auth) -> Caller {
        for secret in auth.secrets() {
            self.shared.secrets.add(secret);
        }
        let lane = self.lane(name);
        Caller::new(self.clone(), name.to_owned(), base, auth, lane)
    }

    /// Returns where a library that sends its own requests to the service `name` counts them.
    pub fn tally(&self, name: &str) -> Tally {
        Tally(self.lane(name))
    }

    /// Returns how many requests went to each service so far, tries included.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.lanes()
            .iter()
            .map(|(name, lane)| (name.clone(), lane.requests.load(Ordering::Relaxed)))
            .collect()
    }

    /// Makes a text a secret: it is blacked out from now on. For secrets that no [`Auth`] holds.
    pub fn hide(&self, secret: SecretString) {
        self.shared.secrets.add(secret);
    }

    /// Returns `text` with every secret that is known here blacked out.
    pub fn redact(&self, text: &str) -> String {
        self.shared.secrets.hide(text)
    }

    /// The largest difference between the world's clock and that of a service, by the last answers;
    /// `None` when none is above five minutes.
    pub fn skew(&self) -> Option<Skew> {
        self.shared.skews.largest()
    }

    /// The world whose clock the retries wait on.
    pub fn world(&self) -> &Arc<dyn World> {
        &self.shared.world
    }

    fn timeout(&self, wanted: Option<Duration>) -> Duration {
        let wanted = wanted.unwrap_or(DEFAULT_TIMEOUT);
        self.shared
            .longest_wait
            .map_or(wanted, |longest| wanted.min(longest))
    }

    fn lane(&self, name: &str) -> Arc<Lane> {
        self.lanes()
            .entry(name.to_owned())
            .or_insert_with(|| {
                Arc::new(Lane {
                    permits: Semaphore::new(REQUESTS_AT_ONCE),
                    requests: AtomicU64::new(0),
                })
            })
            .clone()
    }

    fn lanes(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<Lane>>> {
        self.shared
            .lanes
            .lock()
            .expect("no thread panics while it holds the lanes")
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}
