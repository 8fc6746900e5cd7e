//! What is on an advisory: alerts, bugs, trackers, test results, grades.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Advisory, State};

/// What product security has to say about an advisory.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct SecurityAlerts {
    /// `RHSA`, `RHBA` or `RHEA`. Only the first kind has alerts.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether the alerts as a whole stop the advisory.
    pub blocking: bool,
    /// The single alerts.
    pub alerts: Vec<Alert>,
}

/// One alert.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Alert {
    /// Its short name, such as `cve_without_fixed_build`.
    pub name: String,
    /// What is wrong, in one line.
    pub text: String,
    /// What is wrong, at length.
    pub description: String,
    /// What to do about it.
    pub how_to_resolve: String,
    /// Whether this one stops the advisory.
    pub blocking: bool,
}

/// One result of an outside test, such as Greenwave's container check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ExternalTest {
    /// Its number.
    pub id: u64,
    /// `PASSED`, `WAIVED`, `PENDING`, `FAILED` or `INELIGIBLE`.
    pub status: String,
    /// The build it is about, when the tool says.
    pub nvr: Option<String>,
}

/// The results that need somebody: everything but passed and waived.
pub fn abnormal_tests(tests: &[ExternalTest]) -> Vec<&ExternalTest> {
    let is_fine = |test: &&ExternalTest| matches!(test.status.as_str(), "PASSED" | "WAIVED");
    tests.iter().filter(|test| !is_fine(test)).collect()
}

/// Whether a container grade is good enough to ship.
pub fn is_healthy_grade(grade: char) -> bool {
    matches!(grade, 'A' | 'B')
}

/// A Jira issue on an advisory, as far as dropping it goes.
#[derive(Clone, Debug)]
pub struct Bug<'a> {
    /// Its key.
    pub key: &'a str,
    /// Its status in Jira.
    pub status: &'a str,
    /// Whether it tracks a CVE. Such an issue is never dropped.
    pub is_tracker: bool,
}

/// The keys that leave an advisory before it ships: not verified in time, and no tracker.
pub fn to_drop(bugs: &[Bug<'_>]) -> Vec<String> {
    let is_finished =
        |bug: &Bug<'_>| matches!(bug.status, "Verified" | "Closed" | "Release Pending");
    bugs.iter()
        .filter(|bug| !is_finished(bug) && !bug.is_tracker)
        .map(|bug| bug.key.to_owned())
        .collect()
}

/// Whether docs must be asked again: they had approved, and dropping bugs took that back.
pub fn must_ask_docs_again(before: &Advisory, after: &Advisory) -> bool {
    before.is_docs_approved && !after.is_docs_approved && !after.is_docs_requested
}

/// Whether product security must be asked again, by the same rule.
pub fn must_ask_security_again(before: &Advisory, after: &Advisory) -> bool {
    before.is_security_approved() && !after.is_security_approved() && !after.is_security_requested()
}

/// Whether issues can be taken off an advisory: past `QE` it is closed to changes.
pub fn is_open_to_changes(advisory: &Advisory) -> bool {
    matches!(advisory.state, State::NewFiles | State::Qe)
}

/// The CVE trackers that are missing from the advisories, each once, in order.
///
/// `found` is what the search lists by kind of advisory. In the Errata part only `rpm` and `rhcos`
/// count, and only an advisory that fixes vulnerabilities can hold a tracker.
pub fn missed_trackers<'a>(
    found: &BTreeMap<String, Vec<String>>,
    advisories: impl IntoIterator<Item = &'a Advisory>,
) -> Vec<String> {
    let held: BTreeSet<&String> = advisories
        .into_iter()
        .filter(|advisory| advisory.is_security())
        .flat_map(|advisory| &advisory.jira_issues)
        .collect();
    let listed = ["rpm", "rhcos"].iter().filter_map(|kind| found.get(*kind));
    let missed: BTreeSet<&String> = listed.flatten().filter(|key| !held.contains(key)).collect();
    missed.into_iter().cloned().collect()
}

/// The build whose kernel speaks for an advisory with the operating system: the first on x86.
pub fn rhcos_build<'a>(builds: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    builds.into_iter().find(|nvr| nvr.starts_with("rhcos-x86"))
}
