//! What the name of a Prow job tells: the platform, and which place of a job list it takes.

use std::fmt;

use serde::Serialize;

/// Where a job installs its cluster.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Platform {
    /// Amazon.
    #[serde(rename = "AWS")]
    Aws,
    /// Google.
    #[serde(rename = "GCP")]
    Gcp,
    /// Microsoft.
    Azure,
    /// Emulated hardware.
    #[serde(rename = "bare metal")]
    BareMetal,
    /// VMware.
    #[serde(rename = "vSphere")]
    VSphere,
    /// Anything else.
    Other,
}

impl Platform {
    /// Returns the platform a job name mentions first in the order of this list.
    pub fn of(job_name: &str) -> Self {
        const MARKS: [(&str, Platform); 5] = [
            ("aws", Platform::Aws),
            ("gcp", Platform::Gcp),
            ("azure", Platform::Azure),
            ("baremetalds", Platform::BareMetal),
            ("vsphere", Platform::VSphere),
        ];
        MARKS
            .into_iter()
            .find(|(mark, _)| job_name.contains(mark))
            .map_or(Self::Other, |(_, platform)| platform)
    }

    /// The name people use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Gcp => "GCP",
            Self::Azure => "Azure",
            Self::BareMetal => "bare metal",
            Self::VSphere => "vSphere",
            Self::Other => "Other",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Whether a job upgrades to the build under test rather than installing it.
pub fn is_upgrade(job_name: &str) -> bool {
    job_name.contains("-upgrade-from-")
}

/// The place a job takes in a job list. Names change over time (schedule tag, variant, start
/// version), the places hardly do, and no list has two jobs in one place.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Place {
    platform: Platform,
    is_upgrade: bool,
    is_disruptive: bool,
}

impl Place {
    /// Returns the place of a job; none for names outside the automated release tests.
    pub fn of(job_name: &str) -> Option<Self> {
        job_name.contains("-automated-release-").then(|| Self {
            platform: Platform::of(job_name),
            is_upgrade: is_upgrade(job_name),
            is_disruptive: job_name.contains("-disruptive"),
        })
    }
}
