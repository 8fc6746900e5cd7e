//! The requests to the Release Controller.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{
    error::{Error, Kind, Result},
    http::{Caller, found, segment},
    world::World,
};

/// The changelog is made while the request waits.
const CHANGELOG_TIMEOUT: Duration = Duration::from_secs(60);

const DIGEST_TRIES: u32 = 16;
const DIGEST_PAUSE: Duration = Duration::from_secs(30);

/// Talks to one controller; each architecture has its own.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
    world: Arc<dyn World>,
}

/// A build and its state.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ReleaseInfo {
    /// The name of the tag.
    pub name: String,
    /// `Pending`, `Ready`, `Failed`, `Accepted`, `Rejected` or `Unknown`.
    pub phase: String,
    /// The verification jobs by group (`blockingJobs`, …) and name.
    pub results: Option<BTreeMap<String, Option<BTreeMap<String, Job>>>>,
    /// Tested upgrades to this build.
    pub upgrades_to: Option<Vec<Upgrade>>,
    /// Tested upgrades from this build.
    pub upgrades_from: Option<Vec<Upgrade>>,
}

/// A verification job of a build.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Job {
    /// `Succeeded`, `Failed` or `Pending`. A failed one may still be retried.
    pub state: String,
    /// Where a person looks at it.
    pub url: String,
    /// How often it was tried again.
    pub retries: u64,
}

/// A tested upgrade between two builds.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, rename_all(deserialize = "PascalCase"))]
pub struct Upgrade {
    /// From which build.
    pub from: String,
    /// To which build.
    pub to: String,
    /// How many runs succeeded.
    pub success: u64,
    /// How many runs failed.
    pub failure: u64,
    /// How many runs there are, pending ones included.
    pub total: u64,
}

/// A build in a stream.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its state.
    pub phase: String,
    /// Where its payload can be pulled.
    #[serde(rename(deserialize = "pullSpec"))]
    pub pull_spec: String,
    /// Where its tools can be downloaded; may be empty.
    #[serde(rename(deserialize = "downloadURL"))]
    pub download_url: String,
}

/// What is in a build, as its payload says itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Payload {
    /// The version it installs, such as `4.20.1`.
    pub version: String,
    /// Where it can be pulled.
    pub pull_spec: String,
    /// Its digest (`sha256:…`).
    pub digest: String,
    /// The page that announces it to customers; nightlies have none.
    pub url: Option<Url>,
}

/// The same, as `oc adm release info -o json` writes it; the rest of that is left out.
#[derive(Deserialize)]
struct ReleaseImage {
    image: String,
    digest: String,
    metadata: Graph,
}

#[derive(Deserialize)]
struct Graph {
    version: String,
    #[serde(default)]
    metadata: Option<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    tags: Option<Vec<Tag>>,
}

#[derive(Deserialize)]
struct WithChangelog {
    #[serde(rename = "changeLogJson", default)]
    changelog: Changelog,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Changelog {
    to: Side,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Side {
    name: String,
    digest: String,
}

impl Client {
    /// Makes a client.
    pub fn new(caller: Caller, world: Arc<dyn World>) -> Self {
        Self { caller, world }
    }

    /// Returns a build by its name, or `None` when it does not exist yet or any more.
    ///
    /// Calls `GET /api/v1/releasestream/{stream}/release/{tag}?format=short`.
    pub async fn release(&self, build: &str) -> Result<Option<ReleaseInfo>> {
        let path = release_path(build)?;
        found(
            self.caller
                .get(&path)
                .query("format", "short")
                .send_json()
                .await,
        )
    }

    /// Returns the state of a build, such as `Accepted`, or `None` when it does not exist.
    pub async fn phase(&self, build: &str) -> Result<Option<String>> {
        Ok(self.release(build).await?.map(|release| release.phase))
    }

    /// Returns the digest of a build's payload (`sha256:…`), or `None` when there is no such build.
    ///
    /// The controller computes it on demand, so this asks up to 16 times, 30 seconds apart on the
    /// world's clock, and then fails with `busy`. Calls the same path without `format`.
    pub async fn digest(&self, build: &str) -> Result<Option<String>> {
        let path = release_path(build)?;
        for try_number in 1..=DIGEST_TRIES {
            let request = self.caller.get(&path).timeout(CHANGELOG_TIMEOUT);
            let Some(answer) = found(request.send_json::<WithChangelog>().await)? else {
                return Ok(None);
            };
            let to = answer.changelog.to;
            if !to.digest.is_empty() {
                if to.name != build {
                    let message = format!("the changelog of `{build}` is about `{}`", to.name);
                    return Err(Error::new(Kind::Unexpected, message).service("release_controller"));
                }
                return Ok(Some(to.digest));
            }
            if try_number < DIGEST_TRIES {
                self.world.sleep(DIGEST_PAUSE).await;
            }
        }
        Err(Error::new(
            Kind::Busy,
            format!("the digest of `{build}` is not computed yet"),
        )
        .service("release_controller")
        .hint("the controller can need some minutes after a restart; ask again later"))
    }

    /// Returns what is in a build, or `None` when the controller does not know it, or has no image
    /// of it yet.
    ///
    /// Fails with `unexpected` when the answer is about another version. Calls
    /// `GET /releasetag/{tag}/json`.
    pub async fn payload(&self, build: &str) -> Result<Option<Payload>> {
        stream_of(build)?;
        let path = format!("/releasetag/{}/json", segment(build));
        // It says 400 where others say 404; nothing else in this request can be wrong.
        let request = self.caller.get(&path).accept(StatusCode::BAD_REQUEST);
        let Some(answer) = found(request.timeout(CHANGELOG_TIMEOUT).send().await)? else {
            return Ok(None);
        };
        if answer.status == StatusCode::BAD_REQUEST {
            return Ok(None);
        }
        let image: ReleaseImage = answer.json().map_err(|error| self.caller.finish(error))?;
        Payload::of(build, image)
            .map(Some)
            .map_err(|error| self.caller.finish(error))
    }

    /// Returns the builds of a stream such as `4-stable`, newest first; none for an unknown stream.
    ///
    /// With `phases`, only builds in these states. Calls `GET /api/v1/releasestream/{stream}/tags`.
    pub async fn tags(&self, stream: &str, phases: &[&str]) -> Result<Vec<Tag>> {
        let path = format!("/api/v1/releasestream/{}/tags", segment(stream));
        let request = phases
            .iter()
            .fold(self.caller.get(&path), |request, phase| {
                request.query("phase", phase)
            });
        let stream = found(request.send_json::<Stream>().await)?;
        Ok(stream.and_then(|stream| stream.tags).unwrap_or_default())
    }

    /// Returns the newest accepted build of a stream, of one y-stream such as `4.20` if given, or
    /// `None` when there is none.
    ///
    /// The controller compares names as text, so the y-stream is sent with a dot at its end.
    /// Calls `GET /api/v1/releasestream/{stream}/latest`.
    pub async fn latest(&self, stream: &str, y_stream: Option<&str>) -> Result<Option<Tag>> {
        let path = format!("/api/v1/releasestream/{}/latest", segment(stream));
        let mut request = self.caller.get(&path);
        if let Some(y_stream) = y_stream {
            let prefix = format!("{}.", y_stream.trim_end_matches('.'));
            request = request.query("prefix", prefix);
        }
        found(request.send_json().await)
    }
}

impl Payload {
    fn of(build: &str, image: ReleaseImage) -> Result<Self> {
        let version = image.metadata.version;
        if version != build {
            let message = format!("the payload of `{build}` says that it is `{version}`");
            return Err(Error::new(Kind::Unexpected, message));
        }
        let url = match image.metadata.metadata.unwrap_or_default().remove("url") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) => Some(Url::parse(&text).map_err(|error| {
                Error::invalid(format!(
                    "`{text}` in the payload of `{build}` is no address"
                ))
                .because(error)
            })?),
            Some(other) => {
                let message = format!("`{other}` in the payload of `{build}` is no address");
                return Err(Error::invalid(message));
            }
        };
        Ok(Self {
            version,
            pull_spec: image.image,
            digest: image.digest,
            url,
        })
    }

    /// The document as scripts see it.
    pub(super) fn to_value(&self) -> Value {
        serde_json::json!({
            "version": self.version,
            "pull_spec": self.pull_spec,
            "digest": self.digest,
            "url": self.url.as_ref().map(Url::as_str),
        })
    }
}

impl ReleaseInfo {
    /// Whether it passed the controller's own verification; for a z-stream: whether it is promoted.
    pub fn is_accepted(&self) -> bool {
        self.phase == "Accepted"
    }

    /// The document as scripts see it.
    pub(super) fn to_value(&self) -> Value {
        serde_json::json!({
            "name": self.name,
            "phase": self.phase,
            "is_accepted": self.is_accepted(),
            "results": self.results.clone().unwrap_or_default(),
            "upgrades_to": self.upgrades_to.clone().unwrap_or_default(),
            "upgrades_from": self.upgrades_from.clone().unwrap_or_default(),
        })
    }
}

/// Returns the stream on the amd64 controller that a build belongs to by its name.
///
/// `4.20.1` and `4.21.0-rc.1` are in `4-stable`, `5.0.0-ec.3` in `5-dev-preview`, and
/// `4.20.0-0.nightly-…` in `4.20.0-0.nightly`. Fails with `invalid` for any other name.
pub fn stream_of(build: &str) -> Result<String> {
    let wrong = || {
        Error::invalid(format!("`{build}` is not the name of a build"))
            .hint("give a name such as 4.20.1 or 4.20.0-0.nightly-2026-06-24-204339")
    };
    let version = semver::Version::parse(build).map_err(|_| wrong())?;
    let before = version.pre.as_str();
    if before.starts_with("0.nightly") {
        return Ok(format!("{}.{}.0-0.nightly", version.major, version.minor));
    }
    if before.starts_with("ec.") {
        return Ok(format!("{}-dev-preview", version.major));
    }
    Ok(format!("{}-stable", version.major))
}

fn release_path(build: &str) -> Result<String> {
    let stream = stream_of(build)?;
    Ok(format!(
        "/api/v1/releasestream/{}/release/{}",
        segment(&stream),
        segment(build)
    ))
}
