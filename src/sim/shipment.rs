//! The shipment of a fresh release in GitLab: its branch with files, and the accounts there.
//!
//! The files have what ART writes before the stage release. How many bugs, images and CVEs they have
//! follows from the seed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::seed::{OWNER, Seed};

/// The account whose token we have, which approves for QE.
pub const BOT: &str = "oar-bot";

/// Where shipments are.
pub const PROJECT: &str = "hybrid-platforms/art/ocp-shipment-data";

/// The files: kind, most bugs, most CVEs, images.
const FILES: [(&str, u64, u64, usize); 5] = [
    ("image", 28, 4, 16),
    ("extras", 6, 2, 8),
    ("metadata", 5, 0, 8),
    ("microshift-bootc", 1, 0, 1),
    ("fbc", 0, 0, 8),
];

const IMAGES: [&str; 16] = [
    "cli",
    "installer",
    "console",
    "etcd",
    "haproxy-router",
    "hyperkube",
    "kube-proxy",
    "must-gather",
    "network-tools",
    "oauth-server",
    "ovn-kubernetes",
    "pod",
    "prometheus",
    "tests",
    "tools",
    "jenkins",
];

/// When the shipment was made: three days before the world begins.
pub fn made_at(seed: &Seed) -> Timestamp {
    seed.start - SignedDuration::from_hours(72)
}

/// The branch with its files.
pub fn branch(seed: &Seed) -> String {
    format!("prepare-shipment-{}-{}", seed.version, time(seed))
}

/// The accounts.
pub fn users() -> Value {
    let owner = OWNER.split('@').next().unwrap_or_default();
    json!({
        BOT: {
            "id": 40_123, "name": "Release bot", "email": format!("{BOT}@example.com"), "bot": true,
            "token": "simulated-gitlab-token",
        },
        "art-bot": {"id": 40_050, "name": "ART bot", "email": "art-bot@example.com", "bot": true},
        owner: {"id": 611, "name": "QE lead", "email": OWNER},
    })
}

/// The project of shipments, with the branch of this one.
pub fn projects(seed: &Seed) -> Value {
    let files: Map<String, Value> = FILES
        .iter()
        .map(|(kind, bugs, cves, images)| {
            let path = path(seed, kind, &time(seed));
            (path, file(seed, kind, *bugs, *cves, *images).into())
        })
        .collect();
    json!({
        PROJECT: {
            "id": 120_345,
            "default_branch": "main",
            "branches": {
                "main": {"files": {"README.md": "One branch and merge request a release.\n"}},
                branch(seed): {"base": "main", "files": files},
            },
        },
    })
}

/// More files for the branch of a shipment, until there are `count`; each kind has its turn.
pub fn more_files(seed: &Seed, count: usize) -> Map<String, Value> {
    let numbered = FILES.iter().cycle().zip(FILES.len()..count);
    let files = numbered.map(|((kind, bugs, cves, images), number)| {
        let made = made_at(seed) + SignedDuration::from_secs(number as i64);
        let path = path(seed, kind, &made.strftime("%Y%m%d%H%M%S").to_string());
        (path, file(seed, kind, *bugs, *cves, *images).into())
    });
    files.collect()
}

/// Where a file of the shipment is.
fn path(seed: &Seed, kind: &str, time: &str) -> String {
    format!(
        "shipment/ocp/openshift-{}/{}/prod/{}.{kind}.{time}.yaml",
        seed.version.y_stream(),
        application(seed, kind),
        seed.version,
    )
}

fn time(seed: &Seed) -> String {
    made_at(seed).strftime("%Y%m%d%H%M%S").to_string()
}

/// The Konflux application of a file.
fn application(seed: &Seed, kind: &str) -> String {
    let dashed = seed.version.y_stream().replace('.', "-");
    match kind {
        "fbc" => format!("fbc-openshift-{dashed}"),
        _ => format!("openshift-{dashed}"),
    }
}

fn file(seed: &Seed, kind: &str, most_bugs: u64, most_cves: u64, images: usize) -> String {
    let (release, y_stream) = (&seed.version, seed.version.y_stream());
    let dashed = y_stream.replace('.', "-");
    let application = application(seed, kind);
    let mut text = format!(
        "shipment:\n  metadata:\n    product: ocp\n    application: {application}\n    group: openshift-{y_stream}\n    assembly: {release}\n    fbc: {}\n",
        kind == "fbc"
    );
    text += &format!(
        "  environments:\n    stage:\n      releasePlan: ocp-art-stage-{dashed}-rp\n    prod:\n      releasePlan: ocp-art-prod-{dashed}-rp\n"
    );
    text +=
        &format!("  snapshot:\n    spec:\n      application: {application}\n      components:\n");
    for name in &IMAGES[..images] {
        let digest = seed.digest(&format!("{kind} {name}"));
        text += &format!(
            "        - name: ose-{dashed}-ose-{name}\n          containerImage: quay.io/redhat-user-workloads/ocp-art-tenant/art-images@{digest}\n"
        );
    }
    if kind == "fbc" {
        return text;
    }
    text += &notes(seed, kind, most_bugs, most_cves);
    text
}

/// The number of the first bug in a file.
pub fn first_bug(seed: &Seed, kind: &str) -> u64 {
    40_000 + seed.number(&format!("shipment of {kind}")) % 20_000
}

fn notes(seed: &Seed, kind: &str, most_bugs: u64, most_cves: u64) -> String {
    let release = &seed.version;
    let number = seed.number(&format!("shipment of {kind}"));
    // Between two thirds of the most and the most.
    let bugs = most_bugs - number % (most_bugs / 3 + 1);
    let cves = most_cves - number % (most_cves / 3 + 1);
    let advisory = if cves > 0 { "RHSA" } else { "RHBA" };
    let place = FILES
        .iter()
        .position(|(other, ..)| *other == kind)
        .unwrap_or_default() as u64;
    let live_id = 10_000 + seed.number("shipment") % 8_000 * 10 + place;
    let mut text = format!(
        "  data:\n    releaseNotes:\n      type: {advisory}\n      live_id: {live_id}\n      synopsis: 'OpenShift Container Platform {release} {kind} update'\n      topic: OpenShift Container Platform {release} is available.\n      issues:\n        fixed:\n"
    );
    let first = first_bug(seed, kind);
    for bug in 0..bugs {
        text += &format!(
            "          - id: OCPBUGS-{}\n            source: redhat.atlassian.net\n",
            first + 7 * bug
        );
    }
    if cves > 0 {
        text += "      cves:\n";
    }
    for cve in 0..cves {
        let image = IMAGES[cve as usize];
        let dashed = release.y_stream().replace('.', "-");
        text += &format!(
            "        - key: CVE-2027-{}\n          component: ose-{dashed}-ose-{image}\n",
            10_000 + number % 9_000 + 3 * cve
        );
    }
    text
}
