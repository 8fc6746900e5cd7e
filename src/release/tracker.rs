//! CVE trackers: the bugs of Jira that say a release must fix a vulnerability, and which of them a
//! release has not taken in.
//!
//! A tracker belongs to a release when ART would take it in: it is verified, aimed at the y-stream, of a
//! component that ART ships, and was verified when the builds of the release were chosen. The build data
//! takes others in and leaves some out by name ([`Sweep`]). One that belongs to the release and is
//! neither on its security advisories nor in its shipment, and that no other advisory or shipment has,
//! is missed.
//!
//! Where ART's own program knows more than we can, the tracker is counted as missed rather than
//! dropped, because a missed one that nobody names ships a hole:
//!
//! | ART's program | here |
//! |---|---|
//! | drops trackers of images that it does not build | counted: only its image metadata tells |
//! | drops, or stops at, trackers whose build is on no advisory | counted |
//! | drops, or stops at, a summary without the tag of the y-stream, and a bug that only looks like a tracker | counted, and said |
//! | turns a Brew event into a time | no time: what was verified later is counted too |
//! | takes parents' included trackers in whatever other release has them | only when no other release has them |

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Version,
    build_data::{BugRules, Sweep},
    ticket::StatusChange,
};

/// The project that trackers are in.
pub const PROJECT: &str = "OCPBUGS";

/// The label that every tracker has.
const TRACKING: &str = "SecurityTracking";

/// The status of a tracker whose fix was verified.
const VERIFIED: &str = "VERIFIED";

/// What ART calls the part that goes into all its images.
const GOLANG_BUILDER: &str = "openshift-golang-builder-container";

/// The levels of security whose bugs ship; a bug of another level is nobody's here.
const LEVELS: [&str; 5] = [
    "Red Hat Employee",
    "Restricted",
    "Red Hat Partner",
    "Red Hat Engineering Authorized",
    "Embargoed Security Issue",
];

/// The kinds of advisory whose trackers must be on it, also where a shipment has them.
pub const PACKAGES: [&str; 2] = ["rpm", "rhcos"];

/// A bug that may be a tracker.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tracker {
    /// Its key, such as `OCPBUGS-60102`.
    pub key: String,
    /// What it is about, in one line.
    pub summary: String,
    /// Where it stands, as Jira writes it.
    pub status: String,
    /// `Bug`, `Vulnerability`, …
    pub kind: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its components in Jira, such as `Networking / ovn-kubernetes`.
    pub components: Vec<String>,
    /// What is to be fixed, by its field; the label of an older one says it instead.
    pub downstream_component: Option<String>,
    /// Its level of security, if it has one.
    pub level: Option<String>,
    /// When it was written.
    pub created: Option<Timestamp>,
}

impl Tracker {
    /// One of which only the key is known.
    fn unseen(key: String) -> Self {
        Self {
            key,
            ..Self::default()
        }
    }

    /// Whether it is a tracker by its form, and no ordinary bug.
    pub fn is_tracker(&self) -> bool {
        let has = |label: &str| self.labels.iter().any(|other| other == label);
        self.kind == "Vulnerability"
            || (has("Security") && has(TRACKING) && self.package().is_some())
    }

    /// The package or image that is to be fixed. A label of ART goes before the field, and the field
    /// before the label of product security.
    pub fn package(&self) -> Option<&str> {
        let labelled = |prefix: &str| {
            let values = self
                .labels
                .iter()
                .filter_map(|label| label.strip_prefix(prefix));
            values.map(str::trim).find(|value| !value.is_empty())
        };
        let field = self.downstream_component.as_deref().map(str::trim);
        let package = labelled("art:pscomponent:")
            .or(field.filter(|field| !field.is_empty()))
            .or_else(|| labelled("pscomponent:"))?;
        // Some repeat the name as `name/name`.
        match package.split_once('/') {
            Some((first, second)) if first == second => Some(first),
            _ => Some(package),
        }
    }

    /// Whether its summary names the y-stream as it should, at its start or end.
    pub fn is_tagged(&self, y_stream: &str) -> bool {
        ["", ".z", ".0"].iter().any(|suffix| {
            let tag = format!("[openshift-{y_stream}{suffix}]");
            self.summary.starts_with(&tag) || self.summary.ends_with(&tag)
        })
    }

    /// Whether it is of a part that is built and shipped after the release itself.
    pub fn is_microshift(&self) -> bool {
        self.package() == Some("microshift")
    }
}

/// Which trackers belong to a release.
#[derive(Clone, Debug)]
pub struct Rules {
    y_stream: String,
    target_versions: Vec<String>,
    foreign_components: Vec<String>,
    sweep: Sweep,
}

impl Rules {
    /// The rules of a release, from the two files of the build data.
    pub fn of(release: &Version, bugs: BugRules, sweep: Sweep) -> Self {
        Self {
            y_stream: release.y_stream(),
            target_versions: bugs.target_versions,
            foreign_components: bugs.foreign_components,
            sweep,
        }
    }

    /// The search for trackers, in Jira's language; `None` when nothing is searched for, because the
    /// release ships by name alone, or no version is left to search for.
    ///
    /// Components and levels are judged here rather than in the search, which would also drop what has
    /// none.
    pub fn query(&self) -> Option<String> {
        if self.sweep.is_targeted || self.target_versions.is_empty() {
            return None;
        }
        let versions: Vec<_> = self.target_versions.iter().map(|it| quoted(it)).collect();
        Some(format!(
            "project = {PROJECT} AND status in ({}) AND \"Target Version\" in ({}) AND labels in ({})",
            quoted(VERIFIED),
            versions.join(", "),
            quoted(TRACKING)
        ))
    }

    /// Takes a version that Jira does not know out of the search, as its refusal names it; `None` when
    /// it names none or none would be left: a search that was refused has not found nothing.
    pub fn without_unknown_version(&mut self, refusal: &str) -> Option<String> {
        let place = self.target_versions.iter().position(|version| {
            let words = format!("The value '{version}' does not exist");
            refusal.contains(&words)
        })?;
        if self.target_versions.len() == 1 {
            return None;
        }
        Some(self.target_versions.remove(place))
    }

    /// The keys that the build data takes in by name.
    pub fn included(&self) -> Vec<String> {
        let all: BTreeSet<_> = &self.sweep.included | &self.sweep.inherited;
        all.into_iter().collect()
    }

    /// What belongs to the release, by key and each once: of what the search found what counts, and of
    /// what the build data takes in the trackers. What it takes in and nobody can see may be one.
    pub fn candidates(&self, found: Vec<Tracker>, included: Vec<Tracker>) -> Vec<Tracker> {
        let counts = |tracker: &Tracker| {
            let is_open = tracker
                .level
                .as_deref()
                .is_none_or(|level| LEVELS.contains(&level));
            is_open && !self.is_foreign(tracker) && !self.sweep.excluded.contains(&tracker.key)
        };
        let is_seen = |key: &String| included.iter().any(|tracker| tracker.key == *key);
        let unseen = self.included().into_iter().filter(|key| !is_seen(key));
        let unseen: Vec<Tracker> = unseen.map(Tracker::unseen).collect();
        let mut all: Vec<Tracker> = included.into_iter().filter(Tracker::is_tracker).collect();
        all.extend(unseen);
        all.extend(found.into_iter().filter(counts));
        all.sort_by(|one, other| one.key.cmp(&other.key));
        all.dedup_by(|one, other| one.key == other.key);
        all
    }

    /// Whether all its components are shipped by others.
    fn is_foreign(&self, tracker: &Tracker) -> bool {
        let is_foreign = |component: &String| self.foreign_components.contains(component);
        !tracker.components.is_empty() && tracker.components.iter().all(is_foreign)
    }

    /// Whether the assembly itself takes it in, whatever else is true of it.
    pub fn is_included(&self, key: &str) -> bool {
        self.sweep.included.contains(key)
    }

    /// Whether only a parent of the assembly takes it in.
    pub fn is_inherited(&self, key: &str) -> bool {
        self.sweep.inherited.contains(key)
    }

    /// Whether its history decides if it belongs to the release.
    pub fn needs_history(&self, key: &str) -> bool {
        self.sweep.chosen_at.is_some() && !self.is_included(key) && !self.is_inherited(key)
    }

    /// Whether it was verified only after the builds were chosen. Of what cannot be told it is not said.
    pub fn is_too_late(&self, tracker: &Tracker, history: &[StatusChange]) -> bool {
        let Some(chosen_at) = self.sweep.chosen_at else {
            return false;
        };
        let mut changes: Vec<_> = history.iter().collect();
        changes.sort_by_key(|change| change.at);
        let before = changes.iter().rev().find(|change| change.at <= chosen_at);
        let then = match (before, changes.first()) {
            (Some(change), _) => change.to.as_str(),
            _ if tracker.created.is_some_and(|created| created > chosen_at) => return true,
            (None, Some(first)) => first.from.as_str(),
            // It never moved.
            (None, None) => return false,
        };
        !then.is_empty() && !then.eq_ignore_ascii_case(VERIFIED)
    }

    /// What is odd about a tracker that counts all the same, for the log.
    pub fn oddity(&self, tracker: &Tracker) -> Option<String> {
        let Tracker { key, .. } = tracker;
        if tracker.status.is_empty() {
            return Some(format!(
                "the build data takes {key} in, and it cannot be seen in Jira"
            ));
        }
        if !tracker.is_tracker() {
            return Some(format!(
                "{key} looks like a CVE tracker, but is not one by its form"
            ));
        }
        let y_stream = &self.y_stream;
        (!tracker.is_tagged(y_stream))
            .then(|| format!("the summary of {key} has no tag such as [openshift-{y_stream}.z]"))
    }
}

/// What a release has taken in.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    /// The keys on its security advisories.
    pub on_advisories: BTreeSet<String>,
    /// The keys in its shipment; `None` for a release without one.
    pub in_shipment: Option<BTreeSet<String>>,
    /// The packages on its advisories, by kind.
    pub packages: Vec<(String, BTreeSet<String>)>,
}

/// Where a tracker should have been.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// On a security advisory.
    Advisories,
    /// In the shipment.
    Shipment,
}

impl Taken {
    /// Where a tracker belongs: with its package, else with the shipment, if there is one.
    pub fn place(&self, tracker: &Tracker) -> Place {
        if self.in_shipment.is_none() {
            return Place::Advisories;
        }
        let Some(package) = tracker
            .package()
            .filter(|package| *package != GOLANG_BUILDER)
        else {
            return Place::Shipment;
        };
        let has =
            |name: &String| name == package || (package == "rhcos" && name.starts_with("rhcos-"));
        let is_package = self
            .packages
            .iter()
            .any(|(kind, names)| PACKAGES.contains(&kind.as_str()) && names.iter().any(has));
        if is_package {
            Place::Advisories
        } else {
            Place::Shipment
        }
    }

    /// Whether the release has a tracker where it belongs. On a security advisory is good for all.
    pub fn has(&self, tracker: &Tracker) -> bool {
        let is_shipped = || {
            let keys = self.in_shipment.as_ref();
            keys.is_some_and(|keys| keys.contains(&tracker.key))
        };
        self.on_advisories.contains(&tracker.key)
            || (self.place(tracker) == Place::Shipment && is_shipped())
    }
}

/// Name of the package in a build's name, version and release.
pub fn package_of(nvr: &str) -> &str {
    let mut parts = nvr.rsplitn(3, '-');
    let (_, _) = (parts.next(), parts.next());
    parts.next().unwrap_or(nvr)
}

/// The text of the issue about missed trackers: those of advisories, then those of the shipment.
///
/// Beyond what an issue can hold the last keys are counted instead of named.
pub fn issue_text(advisories: &[String], shipment: &[String]) -> String {
    let count = advisories.len() + shipment.len();
    let mut text = format!("Found {count} missed CVE tracker bugs");
    text += &match (advisories.len(), shipment.len()) {
        (_, 0) => " in advisories".to_owned(),
        (0, _) => " in shipments".to_owned(),
        (some, others) => format!(": {some} in advisories, {others} in shipments"),
    };
    text += "\n\nMissed CVE tracker bugs:\n";
    let keys: Vec<_> = advisories.iter().chain(shipment).collect();
    let room = LONGEST_ISSUE - LAST_LINE;
    for (place, key) in keys.iter().enumerate() {
        let line = format!("- {key}\n");
        if text.len() + line.len() > room {
            text += &format!(
                "- and {} more, see the log of the task\n",
                keys.len() - place
            );
            break;
        }
        text += &line;
    }
    text
}

/// How many characters an issue can have.
const LONGEST_ISSUE: usize = 1_000;

/// What the line about further keys may take of them.
const LAST_LINE: usize = 60;

/// A text in quotes as Jira's language has it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
