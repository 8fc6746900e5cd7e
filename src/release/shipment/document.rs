//! One shipment file: a YAML document under the key `shipment`.
//!
//! What is absent stays absent: files are made step by step, and early ones lack most of it. What has
//! another shape than ART writes is an error that names the file.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::{Error, Result};

/// The hosts that advisories of a stage release may be read from.
const ADVISORY_HOSTS: [&str; 3] = [
    "errata.devel.redhat.com",
    "errata.stage.engineering.redhat.com",
    "gitlab.cee.redhat.com",
];

/// What one file ships.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Document {
    /// What it belongs to.
    pub metadata: Metadata,
    /// The release to the stage environment.
    pub stage: Environment,
    /// The release to production.
    pub prod: Environment,
    /// The images, once builds are attached.
    pub snapshot: Option<Snapshot>,
    /// The release notes; a catalog (`fbc`) has none.
    pub release_notes: Option<ReleaseNotes>,
}

/// What a file belongs to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Metadata {
    /// Such as `ocp`.
    pub product: String,
    /// The Konflux application, such as `openshift-4-20`.
    pub application: String,
    /// Such as `openshift-4.20`.
    pub group: String,
    /// The release.
    pub assembly: String,
    /// Whether it ships a catalog of operators.
    #[serde(default)]
    pub fbc: bool,
}

/// A release to one environment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Environment {
    /// The name of the ReleasePlan in Konflux.
    #[serde(default, rename(deserialize = "releasePlan"))]
    pub release_plan: Option<String>,
    /// The advisory, once the release was made.
    #[serde(default)]
    pub advisory: Option<Advisory>,
}

/// The addresses of an advisory.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Advisory {
    /// The page for readers.
    #[serde(default)]
    pub url: Option<String>,
    /// The document behind it.
    #[serde(default)]
    pub internal_url: Option<String>,
}

/// The images that are shipped together.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Snapshot {
    /// The images.
    #[serde(default)]
    pub spec: SnapshotSpec,
    /// The builds: name, version and release.
    #[serde(default)]
    pub nvrs: Vec<String>,
}

/// The images of a snapshot.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SnapshotSpec {
    /// The Konflux application; the same as in the metadata.
    #[serde(default)]
    pub application: String,
    /// One entry an image.
    #[serde(default)]
    pub components: Vec<Component>,
}

/// One image.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Component {
    /// Such as `ose-4-20-ose-cli`.
    pub name: String,
    /// Where it is, with its digest.
    #[serde(rename(deserialize = "containerImage"))]
    pub image: String,
}

/// What readers of the advisory are told.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ReleaseNotes {
    /// `RHSA`, `RHBA` or `RHEA`.
    #[serde(rename(serialize = "type"))]
    pub kind: AdvisoryKind,
    /// The number of the public advisory, once one is reserved.
    pub live_id: Option<u64>,
    /// One line about it.
    pub synopsis: String,
    /// The issues that are fixed.
    pub issues: Vec<Issue>,
    /// The vulnerabilities that are fixed.
    pub cves: Vec<Cve>,
}

/// The type of an advisory.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AdvisoryKind {
    /// It has security fixes.
    Rhsa,
    /// It has bug fixes.
    Rhba,
    /// It has enhancements.
    Rhea,
}

/// An issue that is fixed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Issue {
    /// Its key there.
    pub id: String,
    /// The host it is tracked on.
    pub source: String,
}

/// A vulnerability that is fixed in a component.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Cve {
    /// Such as `CVE-2027-10003`.
    pub key: String,
    /// The component.
    pub component: String,
}

impl Document {
    /// The public name of its advisory in `year`, such as `RHSA-2027:0166`; `None` until there is one.
    pub fn advisory_name(&self, year: i16) -> Option<String> {
        let notes = self.release_notes.as_ref()?;
        let kind = match notes.kind {
            AdvisoryKind::Rhsa => "RHSA",
            AdvisoryKind::Rhba => "RHBA",
            AdvisoryKind::Rhea => "RHEA",
        };
        Some(format!("{kind}-{year}:{:04}", notes.live_id?))
    }

    /// Where the advisory of the stage release is, when it may be read from there.
    ///
    /// Fails with `refused` for a place that nobody agreed on: the address comes from a file that
    /// many can change.
    pub fn stage_advisory(&self) -> Result<Option<Url>> {
        let address = self.stage.advisory.as_ref();
        let Some(address) = address.and_then(|advisory| advisory.internal_url.as_deref()) else {
            return Ok(None);
        };
        let url = Url::parse(address).ok().filter(|url| {
            let is_known = url
                .host_str()
                .is_some_and(|host| ADVISORY_HOSTS.contains(&host));
            let is_bare = url.username().is_empty() && url.password().is_none();
            url.scheme() == "https" && url.port().is_none() && is_known && is_bare
        });
        url.map(Some).ok_or_else(|| {
            Error::new(
                crate::error::Kind::Refused,
                format!("`{address}` is no place to read an advisory from"),
            )
            .hint(format!("known are {}", ADVISORY_HOSTS.join(", ")))
        })
    }

    /// What ART would refuse about it, in words for people.
    pub fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        let is_payload = self.metadata.application.starts_with("openshift-");
        match (&self.release_notes, self.metadata.fbc) {
            (Some(_), true) => faults.push("a catalog has release notes"),
            (None, false) if is_payload => faults.push("there are no release notes"),
            _ => {}
        }
        let other = |snapshot: &Snapshot| snapshot.spec.application != self.metadata.application;
        if self.snapshot.as_ref().is_some_and(other) {
            faults.push("the snapshot is that of another application");
        }
        faults
    }
}

/// Reads a file; `None` when it has no key `shipment`.
///
/// Fails with `invalid` when it is not YAML or something in it has another shape.
pub fn parse(path: &str, text: &str) -> Result<Option<Document>> {
    let wrong = |error: serde_saphyr::Error| {
        Error::invalid(format!("`{path}` is not a shipment file")).because(error)
    };
    let file: Option<File> = serde_saphyr::from_str(text).map_err(wrong)?;
    let Some(raw) = file.and_then(|file| file.shipment) else {
        return Ok(None);
    };
    let environments = raw.environments.unwrap_or_default();
    Ok(Some(Document {
        metadata: raw.metadata,
        stage: environments.stage.unwrap_or_default(),
        prod: environments.prod.unwrap_or_default(),
        snapshot: raw.snapshot,
        release_notes: raw.data.and_then(|data| data.release_notes).map(Into::into),
    }))
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    shipment: Option<Raw>,
}

#[derive(Deserialize)]
struct Raw {
    metadata: Metadata,
    #[serde(default)]
    environments: Option<Environments>,
    #[serde(default)]
    snapshot: Option<Snapshot>,
    #[serde(default)]
    data: Option<Data>,
}

#[derive(Default, Deserialize)]
struct Environments {
    #[serde(default)]
    stage: Option<Environment>,
    #[serde(default)]
    prod: Option<Environment>,
}

#[derive(Deserialize)]
struct Data {
    #[serde(default, rename = "releaseNotes")]
    release_notes: Option<RawNotes>,
}

/// The last bug taken out of a list leaves a key without a value behind, so lists may be null.
#[derive(Deserialize)]
struct RawNotes {
    #[serde(rename = "type")]
    kind: AdvisoryKind,
    #[serde(default)]
    live_id: Option<u64>,
    #[serde(default)]
    synopsis: Option<String>,
    #[serde(default)]
    issues: Option<Issues>,
    #[serde(default)]
    cves: Option<Vec<Cve>>,
}

#[derive(Deserialize)]
struct Issues {
    #[serde(default)]
    fixed: Option<Vec<Issue>>,
}

impl From<RawNotes> for ReleaseNotes {
    fn from(raw: RawNotes) -> Self {
        Self {
            kind: raw.kind,
            live_id: raw.live_id,
            synopsis: raw.synopsis.unwrap_or_default(),
            issues: raw
                .issues
                .and_then(|issues| issues.fixed)
                .unwrap_or_default(),
            cves: raw.cves.unwrap_or_default(),
        }
    }
}
