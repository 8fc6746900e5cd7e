//! The simulated outside as the commands see it: documents, clock, state store, build data.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::{book::Book, worksheet::Worksheet};
use crate::{
    sim::{
        build_data,
        state::{self, SimState},
    },
    state::StateStore,
};

const CACHE_DAYS: i64 = 7;

/// Everything a command reaches; cheap to clone.
#[derive(Clone)]
pub(super) struct Outside {
    inner: Arc<Inner>,
}

struct Inner {
    state: Arc<SimState>,
    book: Book,
    epoch: AtomicU64,
    cache: Mutex<Cache>,
    settling: tokio::sync::Mutex<()>,
}

/// The server's copy of build data, which may be older than the original.
#[derive(Debug, Default)]
pub(super) struct Cache {
    pub entries: BTreeMap<String, (Timestamp, Value)>,
    pub hits: u64,
    pub misses: u64,
    pub invalidations: u64,
}

/// The page that announces a build.
#[derive(Debug)]
pub(super) struct Announcement {
    pub url: String,
    pub is_public: bool,
}

impl Outside {
    pub fn new(state: Arc<SimState>, store: Arc<dyn StateStore>) -> Self {
        Self {
            inner: Arc::new(Inner {
                state,
                book: Book::new(store),
                epoch: AtomicU64::new(0),
                cache: Mutex::default(),
                settling: tokio::sync::Mutex::default(),
            }),
        }
    }

    pub fn state(&self) -> &SimState {
        &self.inner.state
    }

    pub fn book(&self) -> &Book {
        &self.inner.book
    }

    pub fn now(&self) -> Timestamp {
        self.state().clock().now()
    }

    /// How often the server was restarted; sessions of an earlier time are unknown.
    pub fn epoch(&self) -> u64 {
        self.inner.epoch.load(Ordering::SeqCst)
    }

    /// Forgets what only the server's memory holds.
    pub fn forget(&self) {
        self.inner.epoch.fetch_add(1, Ordering::SeqCst);
        *self.cache() = Cache::default();
    }

    /// Held while the background checker catches up.
    pub async fn settling(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.settling.lock().await
    }

    pub fn cache(&self) -> MutexGuard<'_, Cache> {
        self.inner
            .cache
            .lock()
            .expect("no thread panics while it holds the cache")
    }

    /// Returns the value at a path of keys; `null` when there is none.
    pub fn get(&self, path: &[&str]) -> Value {
        self.state().read(|stored| {
            let found = path
                .iter()
                .try_fold(&stored.documents, |place, key| place.get(key));
            found.cloned().unwrap_or(Value::Null)
        })
    }

    /// Sets the value at a path of keys; it is on disk when this returns.
    pub fn set(&self, path: &[&str], value: Value) {
        let path: Vec<_> = path.iter().map(|key| (*key).to_owned()).collect();
        self.change(|documents| state::set(documents, &path, value));
    }

    /// Changes the documents.
    pub fn change<T>(&self, change: impl FnOnce(&mut Value) -> T) -> T {
        let mut change = Some(change);
        let mut answer = None;
        let kept = self.state().change(|stored| {
            if let Some(change) = change.take() {
                answer = Some(change(&mut stored.documents));
            }
        });
        if let Err(error) = kept {
            tracing::warn!("the simulated world is not on disk: {}", error.chain());
        }
        answer.expect("the change was made, only keeping it can fail")
    }

    /// Adds a value to the list at a path of keys.
    pub fn append(&self, path: &[&str], value: Value) {
        let mut list = match self.get(path) {
            Value::Array(list) => list,
            _ => Vec::new(),
        };
        list.push(value);
        self.set(path, list.into());
    }

    /// Adds one to the number at a path of keys.
    pub fn count(&self, path: &[&str]) {
        let count = self.get(path).as_u64().unwrap_or(0);
        self.set(path, (count + 1).into());
    }

    /// Writes down that a tool started or changed something outside.
    pub fn triggered(&self, tool: &str) {
        self.count(&["oar", "triggers", tool]);
    }

    /// Whether a release is tracked in the sheet alone.
    pub fn is_in_sheet_alone(&self, release: &str) -> bool {
        self.get(&["statebox", "is_missing"]) == true && Worksheet::find(self, release).is_ok()
    }

    /// Whether the server's environment is without something.
    pub fn lacks(&self, what: &str) -> bool {
        self.get(&["oar", "lacks"])
            .as_array()
            .is_some_and(|list| list.iter().any(|name| name == what))
    }

    /// The entry of a plan: lists are used up one by one, the last one stays.
    pub fn planned(&self, path: &[&str], otherwise: &str) -> String {
        let planned = self.get(path);
        if let Some(word) = planned.as_str() {
            return word.to_owned();
        }
        let Some(list) = planned.as_array().filter(|list| !list.is_empty()) else {
            return otherwise.to_owned();
        };
        if list.len() > 1 {
            self.set(path, list[1..].to_vec().into());
        }
        list[0].as_str().unwrap_or(otherwise).to_owned()
    }

    /// Returns where the newest promoted build of a release's y-stream is announced, which need not be
    /// that release: so the server looks.
    pub fn announcement(&self, release: &str) -> Option<Announcement> {
        let major = release.split('.').next().unwrap_or_default();
        let stream = format!("{major}-stable");
        let tags = self.get(&["release_controller", "streams", &stream]);
        let start = format!("{}.", y_stream(release));
        let newest = tags
            .as_object()?
            .iter()
            .filter(|(name, tag)| name.starts_with(&start) && tag["phase"] == "Accepted")
            .max_by_key(|(name, _)| semver::Version::parse(name).ok())?;
        let url = Url::parse(newest.1["url"].as_str()?).ok()?;
        let page = self.get(&["portal", "pages", url.path()]);
        Some(Announcement {
            url: url.to_string(),
            is_public: page["is_public"] == true,
        })
    }

    /// Returns the build data of a release as the server has it, perhaps from its cache.
    pub fn build_data(&self, release: &str) -> Result<Value, String> {
        let now = self.now();
        let mut cache = self.cache();
        if let Some((since, data)) = cache.entries.get(release)
            && now.duration_since(*since) < SignedDuration::from_hours(24 * CACHE_DAYS)
        {
            let data = data.clone();
            cache.hits += 1;
            return Ok(data);
        }
        cache.misses += 1;
        let data = self.fresh_build_data(release)?;
        cache
            .entries
            .insert(release.to_owned(), (now, data.clone()));
        Ok(data)
    }

    /// Returns the build data of a release as it is now.
    pub fn fresh_build_data(&self, release: &str) -> Result<Value, String> {
        self.state()
            .read(|stored| build_data::resolved(&stored.documents, release))
    }

    /// Posts a message, unless Slack is down.
    pub fn slack(&self, channel: &str, text: &str) -> Result<(), String> {
        let is_down = self.get(&["slack", "is_down"]) == true
            || self.state().fault("slack", "post").is_some();
        if is_down {
            return Err("invalid_auth".to_owned());
        }
        let at = self.now().to_string();
        self.append(
            &["slack", "messages"],
            json!({"at": at, "channel": channel, "text": text}),
        );
        Ok(())
    }
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outside")
    }
}

/// Whether something that began at `started_at` and takes `minutes` is over.
pub(super) fn is_over(entry: &Value, now: Timestamp) -> bool {
    let started: Option<Timestamp> = entry["started_at"]
        .as_str()
        .and_then(|text| text.parse().ok());
    let minutes = entry["minutes"].as_i64().unwrap_or(0);
    started.is_none_or(|started| now.duration_since(started) >= SignedDuration::from_mins(minutes))
}

/// The y-stream of a release, such as `4.20`.
pub(super) fn y_stream(release: &str) -> String {
    release.split('.').take(2).collect::<Vec<_>>().join(".")
}
