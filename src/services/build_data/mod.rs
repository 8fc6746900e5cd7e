//! The build data of ART: what a release consists of, and when it ships.
//!
//! Read as one file per y-stream from a public address, without a credential. What the file means is
//! left to [`crate::release::build_data`].

pub mod binding;
pub mod client;
pub mod emulator;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp};

use super::{Checkup, Row};
use crate::{
    error::{Error, Kind, Result},
    http::{Auth, found},
    release::{
        Metadata, Version,
        build_data::{Assemblies, BugRules},
    },
    world::World,
};

pub use client::{Client, Read};

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "build_data",
    title: "ART build data",
    endpoint: "https://raw.githubusercontent.com",
    credentials: &[],
    health: "the file `releases.yml` of a y-stream can be read",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let caller = setup
            .http
            .service(ROW.name, setup.endpoint(&ROW)?, Auth::none());
        let client = Client::new(caller);
        session.put(Arc::new(BuildData::new(client, setup.world.clone())));
        Ok(())
    },
};

/// The file of a y-stream. One that is not there shows that the host answers, too.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let data = checkup.session.get::<BuildData>()?;
    let y_stream = checkup.y_stream.unwrap_or("4.20");
    match found(data.assemblies(y_stream).await)? {
        Some(_) => Ok(format!("the releases of {y_stream} can be read")),
        None => Ok(format!("it answers, and has no {y_stream}")),
    }
}

/// How long a copy is good outside of passes. The service itself hands out copies of this age.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(5);

/// The build data as this process knows it.
///
/// A y-stream is read with the first question about it. The copy answers until the next pass begins
/// or five minutes have passed on the world's clock; then the service is asked whether it has
/// changed. A trouble on the way is never answered with the old copy.
#[derive(Debug)]
pub struct BuildData {
    client: Client,
    world: Arc<dyn World>,
    pass: AtomicU64,
    copies: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<LastRead>>>>>,
}

/// What was read of a y-stream.
#[derive(Debug)]
struct LastRead {
    tag: Option<String>,
    /// Also a file that is broken or missing: it is not fetched again until it changes.
    read: Result<Arc<Assemblies>>,
    pass: u64,
    at: Timestamp,
}

impl BuildData {
    /// Makes an empty memory.
    pub fn new(client: Client, world: Arc<dyn World>) -> Self {
        Self {
            client,
            world,
            pass: AtomicU64::new(0),
            copies: Mutex::default(),
        }
    }

    /// From here on every copy is asked about once more before it is used.
    pub fn begin_pass(&self) {
        self.pass.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns what ART says about a release.
    ///
    /// Fails with `not_found` when there is nothing about the release or its y-stream yet,
    /// `invalid` when the file or the values of the release make no sense.
    pub async fn metadata(&self, release: &Version) -> Result<Metadata> {
        let assemblies = self.assemblies(&release.y_stream()).await?;
        assemblies
            .metadata(release)
            .map_err(|error| error.service(ROW.name))
    }

    /// Returns the assemblies of a y-stream such as `4.20`.
    ///
    /// Fails with `not_found` when there is no such y-stream, `invalid` when the file is broken.
    /// Calls `GET /openshift-eng/ocp-build-data/openshift-{y_stream}/releases.yml` at most once in a
    /// pass, after the first time with `If-None-Match`. Questions at one moment share the request.
    pub async fn assemblies(&self, y_stream: &str) -> Result<Arc<Assemblies>> {
        let copy = self.copy_of(y_stream);
        let mut copy = copy.lock().await;
        let pass = self.pass.load(Ordering::SeqCst);
        let now = self.world.now();
        let is_good =
            |copy: &&LastRead| copy.pass == pass && now.duration_since(copy.at) < GOOD_FOR;
        if let Some(copy) = copy.as_ref().filter(is_good) {
            return copy.read.clone();
        }
        let known = copy.as_ref().and_then(|copy| copy.tag.clone());
        let (tag, read) = match self.client.releases(y_stream, known.as_deref()).await {
            Ok(Read::Unchanged) => match copy.take() {
                Some(copy) => (copy.tag, copy.read),
                None => (None, Err(unasked())),
            },
            Ok(Read::File { text, tag }) => {
                let read = Assemblies::parse(y_stream, &text)
                    .map(Arc::new)
                    .map_err(|error| error.service(ROW.name));
                (tag, read)
            }
            Err(error) if error.kind == Kind::NotFound => (None, Err(error)),
            Err(error) => return Err(error),
        };
        *copy = Some(LastRead {
            tag,
            read: read.clone(),
            pass,
            at: self.world.now(),
        });
        read
    }

    /// Returns which bugs of a y-stream such as `4.20` are ART's. A branch that does not say it has the
    /// usual rules.
    ///
    /// Fails with `invalid` when the file is broken.
    /// Calls `GET /openshift-eng/ocp-build-data/openshift-{y_stream}/bug.yml`.
    pub async fn bugs(&self, y_stream: &str) -> Result<BugRules> {
        match self.client.bugs(y_stream).await? {
            Some(text) => BugRules::parse(y_stream, &text).map_err(|error| error.service(ROW.name)),
            None => Ok(BugRules::usual(y_stream)),
        }
    }

    fn copy_of(&self, y_stream: &str) -> Arc<tokio::sync::Mutex<Option<LastRead>>> {
        self.copies
            .lock()
            .expect("no thread panics while it holds the copies")
            .entry(y_stream.to_owned())
            .or_default()
            .clone()
    }
}

fn unasked() -> Error {
    Error::new(
        Kind::Unexpected,
        "the service says that nothing changed, and was not asked that",
    )
    .service(ROW.name)
}
