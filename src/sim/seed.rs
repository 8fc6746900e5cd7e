//! The documents of a fresh release: what every service knows about it on the first day.
//!
//! Everything follows from scenario, version and seed, so the same world comes out every time. What
//! happens later is the business of [`super::scenario`], test results are made in
//! [`super::results`].

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    build_data::assembly,
    results::{Tests, finished},
    shipment, trackers,
};
use crate::{
    config::Contacts,
    release::{
        Version,
        build_data::{assembly_name, branch},
        ticket::QE_SUBTASKS,
    },
};

/// Where fresh worlds begin: `2027-03-01T09:00:00Z`.
pub const START: Timestamp = Timestamp::constant(1_803_891_600, 0);

/// Who owns a release unless a scenario says otherwise.
pub const OWNER: &str = "lead@example.com";

/// Where shipment merge requests live.
pub const SHIPMENT_PROJECT: &str =
    "https://gitlab.cee.redhat.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests";

/// The y-streams of version 4 that bugs are filed against.
const FIRST_MINOR: u64 = 12;
const LAST_MINOR: u64 = 22;

/// What a release is made from.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The scenario's name.
    pub scenario: String,
    /// The number given by whoever opened the world.
    pub seed: u64,
    /// The release.
    pub version: Version,
    /// When its world begins.
    pub start: Timestamp,
}

/// What identifies a release at the services.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The advisories by kind.
    pub advisories: Vec<(String, u64)>,
    /// The number of the shipment merge request; `None` in the Errata flow.
    pub merge_request: Option<u64>,
    /// Its address.
    pub shipment_mr: String,
    /// The ART ticket.
    pub jira_ticket: String,
    /// The candidate nightly on amd64.
    pub candidate: Option<String>,
    /// The day of the release, such as `2027-Mar-06`.
    pub release_date: String,
}

impl Seed {
    /// Makes up the identity of the release; `taken` holds the documents it must not clash with.
    pub fn identity(&self, taken: &Value) -> Identity {
        let mut number = self.number("identity") % 9_000;
        if self.version.to_string() == "4.20.1" {
            number = 10;
        }
        let is_taken = |number: u64| {
            taken["errata"]["advisories"]
                .get((180_001 + 10 * number).to_string())
                .is_some()
        };
        while is_taken(number) {
            number += 1;
        }
        let rpm = 180_001 + 10 * number;
        let merge_request = 891 + number;
        Identity {
            advisories: vec![("rpm".to_owned(), rpm), ("rhcos".to_owned(), rpm + 1)],
            merge_request: Some(merge_request),
            shipment_mr: format!("{SHIPMENT_PROJECT}/{merge_request}"),
            jira_ticket: format!("ART-{}", 29_991 + number),
            candidate: Some(self.candidate()),
            release_date: release_date(self.start, 5),
        }
    }

    /// Returns the documents of all services on the first day.
    pub fn documents(&self, identity: &Identity) -> Value {
        let version = self.version.to_string();
        json!({
            "release_controller": { "streams": self.streams(identity) },
            "github": { "branches": {
                "record": self.record(identity), "main": self.registry(), "z-stream": {},
            } },
            "build_data": {
                "branches": {
                    branch(&self.version.y_stream()): {
                        "releases": { assembly_name(&self.version): assembly(identity) },
                    },
                },
                "bugs": {
                    branch(&self.version.y_stream()): trackers::bug_rules(&self.version.y_stream()),
                },
            },
            "errata": {
                "advisories": self.advisories(identity),
                "plan": { "push_minutes": 45, "push_results": ["COMPLETE"] },
            },
            "gitlab": {
                "users": shipment::users(),
                "projects": shipment::projects(self),
                "merge_requests": merge_requests(self, identity),
            },
            "prow": {
                "jobs": {},
                "plan": { "minutes": 100, "outcomes": ["success"], "unhealthy_images": 0 },
            },
            "jenkins": {
                "next_build": 1501,
                "builds": {},
                "plan": { "minutes": 180, "outcomes": ["SUCCESS"], "is_queue_busy": false },
            },
            "jira": self.jira(identity),
            "slack": slack(&self.version.y_stream()),
            "portal": { "pages": self.pages() },
            "ldap": { "people": people() },
            "brew": { "builds": self.brew() },
            "oar": {
                "missed_cve_trackers": [],
                "checker": null,
                "calls": [],
            },
            "people": { "owner": OWNER, "acts": {} },
            "statebox": { "is_missing": false },
            "sim": { "latency_ms": 0, "notes": [], "releases": { version: self.start.to_string() } },
        })
    }

    /// The name of the candidate nightly, two days older than the world.
    pub fn candidate(&self) -> String {
        let built = self.start - SignedDuration::from_hours(48)
            + SignedDuration::from_secs((self.number("candidate") % 18_000) as i64);
        format!(
            "{}.0-0.nightly-{}",
            self.version.y_stream(),
            built.strftime("%Y-%m-%d-%H%M%S")
        )
    }

    /// A number that is the same for the same world and purpose.
    pub fn number(&self, purpose: &str) -> u64 {
        let bytes = self.hash(purpose);
        let first: [u8; 8] = bytes[..8].try_into().expect("a hash has 32 bytes");
        u64::from_be_bytes(first)
    }

    /// A digest such as `sha256:…` that is the same for the same world and build.
    pub fn digest(&self, build: &str) -> String {
        let bytes = self.hash(&format!("digest of {build}"));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("sha256:{hex}")
    }

    /// Returns the tag object of a build as the Release Controller has it.
    pub fn tag(&self, build: &str, phase: &str, created: Timestamp) -> Value {
        let mut tag = json!({
            "phase": phase,
            "pullSpec": pull_spec(build),
            "downloadURL": download_url(build),
            "digest": self.digest(build),
            "created": created.to_string(),
        });
        if !build.contains("nightly") {
            tag["url"] = format!("https://access.redhat.com{}", self.page(build)).into();
        }
        tag
    }

    /// The path of the page that announces a build to customers.
    pub fn page(&self, build: &str) -> String {
        let year = self.start.strftime("%Y");
        let number = 10_000 + self.number(&format!("page of {build}")) % 90_000;
        format!("/errata/RHBA-{year}:{number}")
    }

    /// The kernel in the operating system of the release.
    pub fn kernel(&self) -> [String; 2] {
        let number = 10 + self.number("kernel") % 90;
        ["5.14.0".to_owned(), format!("570.{number}.1.el9_6")]
    }

    fn pages(&self) -> Value {
        let mut pages = Map::new();
        let version = self.version.to_string();
        pages.insert(self.page(&version), json!({ "is_public": false }));
        if let Some(before) = predecessor(&self.version) {
            pages.insert(self.page(&before), json!({ "is_public": true }));
        }
        pages.into()
    }

    fn brew(&self) -> Value {
        let [version, release] = self.kernel();
        let mut builds = Map::new();
        for build in self.builds("rhcos").as_array().into_iter().flatten() {
            let components = json!([["bash", "5.1.8", "9.el9"], ["kernel", version, release]]);
            let name = build.as_str().unwrap_or_default().to_owned();
            builds.insert(name, json!({ "components": components }));
        }
        let kernel = format!("kernel-{version}-{release}");
        builds.insert(kernel, json!({ "tags": ["rhel-9.6.0-z-candidate"] }));
        builds.into()
    }

    fn hash(&self, purpose: &str) -> [u8; 32] {
        let text = format!("{}/{}/{}/{purpose}", self.scenario, self.version, self.seed);
        Sha256::digest(text.as_bytes()).into()
    }

    fn streams(&self, identity: &Identity) -> Value {
        let mut stable = Map::new();
        if let Some(before) = predecessor(&self.version) {
            let created = self.start - SignedDuration::from_hours(14 * 24);
            stable.insert(before.clone(), self.tag(&before, "Accepted", created));
        }
        let mut nightlies = Map::new();
        if let Some(candidate) = &identity.candidate {
            let created = self.start - SignedDuration::from_hours(48);
            nightlies.insert(candidate.clone(), self.tag(candidate, "Accepted", created));
        }
        json!({
            self.version.stable_stream(): stable,
            format!("{}.0-0.nightly", self.version.y_stream()): nightlies,
        })
    }

    fn record(&self, identity: &Identity) -> Value {
        let y_stream = self.version.y_stream();
        let mut files = Map::new();
        if let Some(before) = predecessor(&self.version) {
            files.insert(
                format!("_releases/ocp-latest-{y_stream}-stable-amd64.json"),
                text(&build(&before)).into(),
            );
        }
        if let Some(candidate) = &identity.candidate {
            let done = self.start - SignedDuration::from_hours(40);
            files.insert(
                format!("_releases/ocp-latest-{y_stream}-nightly-amd64.json"),
                text(&build(candidate)).into(),
            );
            files.insert(
                result_path(candidate),
                text(&finished(self, candidate, Tests::Accepted, done)).into(),
            );
        }
        files.into()
    }

    fn registry(&self) -> Value {
        let entry = |name: &String| {
            if name.contains("-upgrade-from-") {
                json!({ "prowJob": name, "upgrade": true })
            } else {
                json!({ "prowJob": name })
            }
        };
        let file = json!({
            "nightly": nightly_jobs(&self.version).iter().map(entry).collect::<Vec<_>>(),
            "stable": stable_jobs(&self.version).iter().map(entry).collect::<Vec<_>>(),
        });
        let path = format!(
            "_releases/ocp-{}-test-jobs-amd64.json",
            self.version.y_stream()
        );
        json!({ path: text(&file) })
    }

    pub(super) fn advisories(&self, identity: &Identity) -> Value {
        identity
            .advisories
            .iter()
            .map(|(kind, id)| {
                let mut advisory = advisory(kind);
                let version = format!("RHEL-9-OSE-{}", self.version.y_stream());
                advisory["builds"] = json!({ version: self.builds(kind) });
                if kind == "rpm" {
                    advisory["jira_issues"] = json!([trackers::on_advisory(self)]);
                }
                (id.to_string(), advisory)
            })
            .collect::<Map<_, _>>()
            .into()
    }

    /// The builds on an advisory: the operating system for two processors, or a package.
    fn builds(&self, kind: &str) -> Value {
        let built = self.start - SignedDuration::from_hours(48);
        if kind == "rhcos" {
            let day = built.strftime("%Y%m%d");
            return json!([
                format!("rhcos-x86_64-9.6.{day}-0"),
                format!("rhcos-aarch64-9.6.{day}-0"),
            ]);
        }
        let (y_stream, version) = (self.version.y_stream(), &self.version);
        let stamp = built.strftime("%Y%m%d%H%M");
        json!([format!(
            "openshift-{y_stream}.0-{stamp}.p0.gabc1234.assembly.{version}.el9"
        )])
    }

    fn jira(&self, identity: &Identity) -> Value {
        let first = 60_000 + self.number("subtasks") % 9_000;
        let ticket = &identity.jira_ticket;
        let mut issues = Map::new();
        let summary = format!("Release {}", self.version);
        issues.insert(
            ticket.clone(),
            json!({ "summary": summary, "status": "In Progress", "type": "Story" }),
        );
        // The order in which Jira lists them.
        let summaries = [QE_SUBTASKS[1], QE_SUBTASKS[0], QE_SUBTASKS[2]];
        for (summary, number) in summaries.iter().zip(first..) {
            let subtask = json!({
                "summary": summary,
                "status": "New",
                "assignee": null,
                "parent": ticket,
            });
            issues.insert(format!("ART-{number}"), subtask);
        }
        let versions: Vec<String> = (FIRST_MINOR..=LAST_MINOR)
            .map(|minor| format!("4.{minor}"))
            .chain(["5.0".to_owned()])
            .flat_map(|y_stream| [format!("{y_stream}.0"), format!("{y_stream}.z")])
            .collect();
        issues.extend(trackers::issues(self, identity));
        json!({
            "projects": {
                "ART": { "id": "10001", "versions": [] },
                "CVP": { "id": "10555", "versions": [] },
                "OCPBUGS": { "id": "10100", "versions": versions },
            },
            "users": {
                "lead": { "name": "Lead", "email": OWNER, "active": true },
                "self": { "name": "QE bot", "email": "bot@example.com", "active": true },
            },
            "issues": issues,
        })
    }
}

/// Returns an advisory that QE has to work on.
pub fn advisory(kind: &str) -> Value {
    json!({
        "kind": kind,
        "type": if kind == "rpm" { "RHSA" } else { "RHBA" },
        "state": "QE",
        "qa_owner": null,
        "content_alerts": { "blocking": false, "alerts": [] },
        "push": [],
    })
}

/// Where the teams of a simulated world read, as the settings would say it.
pub fn contacts(y_streams: impl Iterator<Item = String>) -> Contacts {
    let team = |attributes: &[(&str, &str)]| -> BTreeMap<String, String> {
        attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    let mut leads = team(&[("channel", "#team-qe-release")]);
    leads.extend(y_streams.map(|y_stream| (y_stream.clone(), format!("{y_stream}-qe-leads"))));
    let art = &[("channel", "#forum-ocp-release"), ("id", "release-artists")];
    let forum = &[
        ("channel", "#forum-openshift-qe"),
        ("id", "forum-openshift-qe"),
    ];
    let approver = &[
        ("channel", "#forum-ocp-release"),
        ("doc_id", "docs-rel-notes"),
    ];
    Contacts {
        slack: [
            ("qe-release", leads),
            ("art", team(art)),
            ("qe-forum", team(forum)),
            ("approver", team(approver)),
        ]
        .map(|(name, team)| (name.to_owned(), team))
        .into(),
    }
}

/// Who is in the directory.
fn people() -> Value {
    json!({
        "lead": { "name": "Lead", "mail": OWNER, "manager": "boss",
            "groups": ["ocp-errata-reliability-team"] },
        "boss": { "name": "Boss", "mail": "boss@example.com" },
    })
}

/// The channels, people and groups that notices go to.
fn slack(y_stream: &str) -> Value {
    let leads = format!("{y_stream}-qe-leads");
    json!({
        "is_down": false,
        "channels": {
            "C0000000001": { "name": "team-qe-release", "members": ["U0BOT"] },
            "C0000000002": { "name": "forum-ocp-release", "members": ["U0BOT"] },
            "C0000000003": { "name": "forum-openshift-qe", "members": ["U0BOT"] },
        },
        "users": {
            "U0LEAD": { "name": "lead", "email": OWNER },
            "U0BOT": { "name": "qe-release-bot", "email": "bot@example.com" },
        },
        "usergroups": {
            "S0LEADS": { "handle": leads, "name": "QE leads" },
            "S0ART": { "handle": "release-artists", "name": "ART" },
            "S0FORUM": { "handle": "forum-openshift-qe", "name": "QE" },
            "S0DOCS": { "handle": "docs-rel-notes", "name": "Writers" },
        },
        "messages": [],
    })
}

/// Returns the shipment merge requests of a release: one, or none in the Errata flow.
pub fn merge_requests(seed: &Seed, identity: &Identity) -> Value {
    let request = merge_request(seed, identity, shipment::made_at(seed));
    identity
        .merge_request
        .iter()
        .map(|number| (number.to_string(), request.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// Returns a merge request on which nothing has happened.
pub fn merge_request(seed: &Seed, identity: &Identity, created: Timestamp) -> Value {
    json!({
        "state": "opened",
        "title": format!("Shipment for {} (ship date: {})", seed.version, identity.release_date),
        "source_branch": shipment::branch(seed),
        "created_at": created.to_string(),
        "author": "art-bot",
        "labels": [],
        "stage_release": "not_started",
        "prod_release": "not yet",
        "approved_by": [],
        "notes": [],
    })
}

/// Returns the day `days` after `start` as build data writes it, such as `2027-Mar-06`.
pub fn release_date(start: Timestamp, days: i64) -> String {
    let day: Date = TimeZone::UTC.to_datetime(start).date();
    day.saturating_add(jiff::Span::new().days(days.clamp(-9_999, 9_999)))
        .strftime("%Y-%b-%d")
        .to_string()
}

/// The path of a build's test results on the branch `record`.
pub fn result_path(build: &str) -> String {
    format!("_releases/ocp-test-result-{build}-amd64.json")
}

/// Returns the build object that pointer and result files hold.
pub fn build(name: &str) -> Value {
    json!({
        "name": name,
        "phase": "Accepted",
        "pullSpec": pull_spec(name),
        "downloadURL": download_url(name),
    })
}

/// Writes a document as it stands on the branches: two spaces indent, no newline at the end.
pub fn text(document: &Value) -> String {
    format!("{document:#}")
}

/// The blocking jobs of promoted builds of this y-stream.
pub fn stable_jobs(version: &Version) -> Vec<String> {
    let y_stream = version.y_stream();
    let before = previous_minor(version);
    let variants = if y_stream == "4.12" {
        ["aws-ipi", "azure-upi", "gcp-ipi-custom-type"]
    } else {
        ["aws-ipi", "azure-ipi-fips", "gcp-ipi"]
    };
    variants
        .iter()
        .enumerate()
        .map(|(place, variant)| {
            let from = if place == 0 { &before } else { &y_stream };
            job(
                version,
                &format!("stable-{y_stream}-upgrade-from-stable-{from}-{variant}"),
            )
        })
        .collect()
}

/// The blocking jobs of nightlies of this y-stream.
pub fn nightly_jobs(version: &Version) -> Vec<String> {
    let y_stream = version.y_stream();
    let before = previous_minor(version);
    let gcp = if y_stream == "4.12" {
        "gcp-ipi-custom-type"
    } else {
        "gcp-ipi"
    };
    let (cross, same) = match y_stream.as_str() {
        "4.22" => ("stable", "nightly"),
        "5.0" => ("nightly", "nightly"),
        _ => ("stable", "stable"),
    };
    let mut jobs = vec![
        "aws-ipi".to_owned(),
        "azure-ipi-fips".to_owned(),
        gcp.to_owned(),
    ];
    if !matches!(y_stream.as_str(), "4.12" | "4.13") {
        jobs.push("aws-ipi-disruptive".to_owned());
    }
    jobs.push(format!(
        "{cross}-{y_stream}-upgrade-from-stable-{before}-{gcp}"
    ));
    jobs.push(format!(
        "{same}-{y_stream}-upgrade-from-stable-{y_stream}-aws-ipi"
    ));
    jobs.iter().map(|suffix| job(version, suffix)).collect()
}

fn job(version: &Version, suffix: &str) -> String {
    format!(
        "periodic-ci-openshift-openshift-tests-private-release-{}-automated-release-{suffix}-f999",
        version.y_stream()
    )
}

fn previous_minor(version: &Version) -> String {
    let y_stream = version.y_stream();
    if y_stream == "4.12" {
        return y_stream;
    }
    let minor = y_stream
        .rsplit('.')
        .next()
        .and_then(|minor| minor.parse::<u64>().ok())
        .unwrap_or_default();
    match (version.major(), minor) {
        (5, 0) => "4.22".to_owned(),
        (_, 0) => y_stream,
        (major, minor) => format!("{major}.{}", minor - 1),
    }
}

/// The release before this one in its y-stream.
fn predecessor(version: &Version) -> Option<String> {
    let name = version.to_string();
    let (head, last) = name.rsplit_once('.')?;
    let last: u64 = last.parse().ok()?;
    let has_one = if version.is_prerelease() {
        last > 1
    } else {
        last > 0
    };
    has_one.then(|| format!("{head}.{}", last - 1))
}

fn pull_spec(build: &str) -> String {
    match (build.contains("nightly"), build.starts_with("4.")) {
        (false, _) => format!("quay.io/openshift-release-dev/ocp-release:{build}-x86_64"),
        (true, true) => format!("registry.ci.openshift.org/ocp/release:{build}"),
        (true, false) => {
            let major = build.split('.').next().unwrap_or_default();
            format!("registry.ci.openshift.org/ocp/release-{major}:{build}")
        }
    }
}

fn download_url(build: &str) -> String {
    format!("https://openshift-release-artifacts.apps.ci.l2s4.p1.openshiftapps.com/{build}")
}
