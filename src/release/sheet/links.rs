//! The links below the tasks: results of the blocking jobs, and Sippy.

use super::cell::{Content, hyperlink};
use crate::release::{Version, statebox::Metadata};

const RESULTS: &str = "https://github.com/openshift/release-tests/blob/record/_releases";
const SIPPY: &str =
    "https://qe-component-readiness.dptools.openshift.org/sippy-ng/component_readiness/main?view=";

/// Returns the cells of the links, by row of column A.
pub fn links(release: &Version, metadata: &Metadata) -> [(usize, Content); 6] {
    let text = |text: &str| Content::Text(text.to_owned());
    let result = |build: &str| {
        let name = format!("ocp-test-result-{build}");
        Content::Formula(hyperlink(&format!("{RESULTS}/{name}-amd64.json"), &name))
    };
    let candidate = match metadata.candidate_builds.get("x86_64") {
        Some(build) => result(build),
        None => text("no-candidate-build-no-test-results"),
    };
    let view = |kind: &str| {
        let view = format!("{}-qe-{kind}", release.y_stream());
        Content::Formula(hyperlink(&format!("{SIPPY}{view}"), &view))
    };
    [
        (21, text("Blocking jobs")),
        (22, result(&release.to_string())),
        (23, candidate),
        (25, text("Sippy")),
        (26, view("main")),
        (27, view("auto-release")),
    ]
}
