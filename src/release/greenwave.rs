//! What Greenwave's container checks come to, and the ticket about those that failed.

use super::{
    Version,
    advisory::content::{ExternalTest, abnormal_tests},
};

/// The project of the ticket.
pub const PROJECT: &str = "CVP";

/// The results of one advisory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Results {
    /// The number of the advisory.
    pub advisory: u64,
    /// All active results.
    pub tests: Vec<ExternalTest>,
}

impl Results {
    /// Those that went wrong. One that is not over is none of them.
    pub fn failed(&self) -> Vec<&ExternalTest> {
        let mut tests = abnormal_tests(&self.tests);
        tests.retain(|test| !is_pending(test));
        tests
    }

    /// Those that are not over.
    pub fn pending(&self) -> Vec<&ExternalTest> {
        self.tests.iter().filter(|test| is_pending(test)).collect()
    }
}

/// The summary of the ticket about the failed checks of a release. It is what the ticket is found by.
pub fn summary(release: &Version) -> String {
    format!("[{release}] Greenwave CVP test failures in advisories")
}

/// The description of the ticket, in Jira's markup; advisories without failed checks are left out.
pub fn description(release: &Version, results: &[Results]) -> String {
    let mut text =
        format!("[{release}] Greenwave CVP test failed in the advisories listed below.\n");
    for result in results {
        let failed = result.failed();
        if failed.is_empty() {
            continue;
        }
        let page = page(result.advisory);
        text.push_str(&format!(
            "\nFailed Nvrs in advisory [{}|{page}]:\n",
            result.advisory
        ));
        for test in failed {
            let nvr = test.nvr.as_deref().unwrap_or("unknown build");
            text.push_str(&format!(
                "* {nvr} ([test_run/{id}|{page}/test_run/{id}])\n",
                id = test.id
            ));
        }
    }
    text
}

fn page(advisory: u64) -> String {
    format!("https://errata.devel.redhat.com/advisory/{advisory}")
}

fn is_pending(test: &ExternalTest) -> bool {
    test.status == "PENDING"
}
