//! What Greenwave's checks come to.

use oar_script::release::{
    advisory::content::ExternalTest,
    greenwave::{Results, description, summary},
};

fn results(advisory: u64, statuses: &[&str]) -> Results {
    let tests = statuses.iter().zip(1..).map(|(status, id)| ExternalTest {
        id,
        status: (*status).to_owned(),
        nvr: (id != 2).then(|| format!("build-{id}")),
    });
    Results {
        advisory,
        tests: tests.collect(),
    }
}

#[test]
fn what_is_not_over_has_not_failed() {
    let results = results(
        1,
        &[
            "PASSED",
            "WAIVED",
            "PENDING",
            "FAILED",
            "INELIGIBLE",
            "SOMETHING",
        ],
    );
    let ids =
        |tests: Vec<&ExternalTest>| -> Vec<u64> { tests.iter().map(|test| test.id).collect() };
    assert_eq!(ids(results.failed()), [4, 5, 6]);
    assert_eq!(ids(results.pending()), [3]);
}

#[test]
fn the_ticket_names_what_failed_and_no_other_advisory() {
    let release = "4.16.30".parse().unwrap();
    assert_eq!(
        summary(&release),
        "[4.16.30] Greenwave CVP test failures in advisories"
    );
    let text = description(
        &release,
        &[results(7, &["PASSED"]), results(8, &["FAILED", "FAILED"])],
    );
    assert_eq!(
        text,
        "[4.16.30] Greenwave CVP test failed in the advisories listed below.\n\n\
         Failed Nvrs in advisory [8|https://errata.devel.redhat.com/advisory/8]:\n\
         * build-1 ([test_run/1|https://errata.devel.redhat.com/advisory/8/test_run/1])\n\
         * unknown build ([test_run/2|https://errata.devel.redhat.com/advisory/8/test_run/2])\n"
    );
}
