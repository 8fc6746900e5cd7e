//! Reading a tab.

use oar_script::{
    error::Kind,
    release::{
        TaskStatus,
        sheet::{Layout, Overall, Report, all_verified},
        statebox::Metadata,
    },
};

pub const REQUEST: &str =
    "https://gitlab.cee.redhat.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests/901";

/// A Konflux tab in the middle of a release, as Google answers it: rows and cells at the end of
/// what is filled are missing.
pub fn konflux() -> Vec<Vec<String>> {
    let shipping = format!("rpm: 180101\nrhcos: 180102\n{REQUEST}");
    let mut grid = head(&shipping, "4.19.0-0.nightly-2027-02-27-010203");
    for cells in [
        "Take ownership of advisories|Pass|OCPBUGS-99001|qe1@example.com|ON_QA|OCPBUGS-99901||CVP-501",
        "Bug to be verified|In Progress|OCPBUGS-99002|Unknown|Verified",
        "Payload-Images Consistency Testing|Not Started|OCPBUGS-99003|qe2@example.com|Dropped",
        "|Not Started",
        "",
        "Check CVE tracker bugs|Pass",
        "Pushing to CDN staging|In Progress",
        "Stage testing|Not Started",
        "Payload image is well signed|Not Started",
        "|Not Started",
        "Approve MR and change advisory status|Not Started",
        "",
        "",
        "Blocking jobs",
        "ocp-test-result-4.19.91",
    ] {
        grid.push(row(cells));
    }
    grid
}

/// An Errata tab.
pub fn errata() -> Vec<Vec<String>> {
    let shipping = "image: https://errata.devel.redhat.com/advisory/170011\n\
                    rpm: https://errata.devel.redhat.com/advisory/170012";
    let mut grid = head(shipping, "4.16.0-0.nightly-2027-02-27-010203");
    for cells in [
        "Take ownership of advisories|Pass",
        "Bug to be verified|Pass",
        "Payload-Images Consistency Testing|Fail",
        "|Not Started",
        "|Not Started",
        "|Pass",
        "Check CVE tracker bugs|In Progress",
        "Pushing to CDN staging|Not Started",
        "Stage testing|Not Started",
        "Payload image is well signed|Not Started",
        "|Not Started",
        "Approve MR and change advisory status|Not Started",
    ] {
        grid.push(row(cells));
    }
    grid[0][1] = "Red".into();
    grid
}

fn head(shipping: &str, build: &str) -> Vec<Vec<String>> {
    let line = |label: &str, value: &str| vec![label.to_owned(), value.to_owned()];
    vec![
        line("Overall", "Green"),
        line("Advisories", shipping),
        line("Builds", &format!("x86_64: {build}")),
        line("Ticket", "ART-30001"),
        vec![],
        vec![],
        row("Task|Status|Bug|QA contact|Status|CVE||Others"),
    ]
}

pub fn row(cells: &str) -> Vec<String> {
    if cells.is_empty() {
        return Vec::new();
    }
    cells.split('|').map(str::to_owned).collect()
}

pub fn metadata(shipment_mr: Option<&str>) -> Metadata {
    Metadata {
        shipment_mr: shipment_mr.map(str::to_owned),
        ..Metadata::default()
    }
}

#[test]
fn a_konflux_tab_is_read() {
    let report = Report::read("4.19.91", Layout::Konflux, &konflux()).unwrap();
    assert_eq!(report.overall, Overall::Green);
    assert_eq!(report.ticket.as_deref(), Some("ART-30001"));
    assert_eq!(
        report.builds["x86_64"],
        "4.19.0-0.nightly-2027-02-27-010203"
    );
    assert_eq!(report.shipping.advisories["rpm"], 180101);
    assert_eq!(report.shipping.advisories["rhcos"], 180102);
    assert_eq!(report.shipping.merge_requests, [REQUEST]);
    assert_eq!(report.status("take-ownership"), TaskStatus::Pass);
    assert_eq!(report.status("check-cve-tracker-bug"), TaskStatus::Pass);
    assert_eq!(report.status("push-to-cdn-staging"), TaskStatus::InProgress);
    assert_eq!(report.tasks().count(), 11);
    let keys: Vec<_> = report.bugs.iter().map(|bug| bug.key.as_str()).collect();
    assert_eq!(keys, ["OCPBUGS-99001", "OCPBUGS-99002", "OCPBUGS-99003"]);
    assert_eq!(report.bugs[2].status, "Dropped");
    assert_eq!(report.trackers, ["OCPBUGS-99901"]);
    assert_eq!(report.others, [(8, "CVP-501".to_owned())]);
    assert!(!all_verified(&report));
}

#[test]
fn an_errata_tab_is_read() {
    let report = Report::read("4.16.91", Layout::Errata, &errata()).unwrap();
    assert_eq!(report.overall, Overall::Red);
    assert_eq!(report.tasks().count(), 12);
    assert_eq!(report.status("check-greenwave-cvp-tests"), TaskStatus::Pass);
    assert_eq!(
        report.status("check-cve-tracker-bug"),
        TaskStatus::InProgress
    );
    assert_eq!(report.shipping.advisories["image"], 170011);
    assert_eq!(report.shipping.advisories["rpm"], 170012);
    assert!(report.shipping.merge_requests.is_empty());
    assert!(all_verified(&report), "no bug is left to verify");
}

#[test]
fn an_empty_tab_shows_that_nobody_has_begun() {
    for grid in [vec![], vec![vec![]; 30], vec![vec!["only".to_owned()]; 5]] {
        let report = Report::read("4.19.91", Layout::Konflux, &grid).unwrap();
        assert_eq!(report.overall, Overall::Green);
        assert!(
            report
                .tasks()
                .all(|(_, status)| status == TaskStatus::NotStarted)
        );
        assert_eq!(report.ticket, None);
    }
}

#[test]
fn every_form_that_the_advisory_cell_has_had_is_read() {
    let check = |text: &str, advisories: &[(&str, i64)], requests: usize, rest: usize| {
        let mut grid = konflux();
        grid[1][1] = text.to_owned();
        let shipping = Report::read("4.19.91", Layout::Konflux, &grid)
            .unwrap()
            .shipping;
        let read: Vec<_> = shipping
            .advisories
            .iter()
            .map(|(kind, id)| (kind.as_str(), *id))
            .collect();
        assert_eq!(read, advisories, "{text}");
        assert_eq!(shipping.merge_requests.len(), requests, "{text}");
        assert_eq!(shipping.rest.len(), rest, "{text}");
    };
    let address = "https://errata.devel.redhat.com/advisory/180101";
    check("", &[], 0, 0);
    check(REQUEST, &[], 1, 0);
    check(&format!("{REQUEST} ({REQUEST})"), &[], 1, 0);
    check(
        &format!("rpm: 180101 ({address})"),
        &[("rpm", 180101)],
        0,
        0,
    );
    check(
        &format!("rpm: {address} ({address})"),
        &[("rpm", 180101)],
        0,
        0,
    );
    check(
        &format!("rpm: 180101\n{REQUEST}\n{REQUEST}2"),
        &[("rpm", 180101)],
        2,
        0,
    );
    check("shipment merge request", &[], 0, 1);
    check("https://example.com/901", &[], 0, 1);
}

#[test]
fn an_unknown_word_is_an_error_that_names_tab_cell_and_word() {
    let check = |row: usize, word: &str, named: &str| {
        let mut grid = konflux();
        grid[row - 1][1] = word.to_owned();
        let error = Report::read("4.19.91", Layout::Konflux, &grid).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(
            error.message,
            format!("tab `4.19.91`: {named}, which is no status")
        );
        assert!(error.hint.unwrap().contains("words"));
    };
    check(14, "Passed", "B14 says `Passed`");
    check(8, "pass", "B8 says `pass`");
    check(8, "Pass ", "B8 says `Pass `");
    check(1, "Yellow", "B1 says `Yellow`");
}

#[test]
fn labels_of_the_other_layout_are_an_error() {
    let error = Report::read("4.19.91", Layout::Errata, &konflux()).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert_eq!(
        error.message,
        "tab `4.19.91`: A13 says `Check CVE tracker bugs`, which has row 14 in the Errata flow"
    );
    let error = Report::read("4.16.91", Layout::Konflux, &errata()).unwrap_err();
    assert!(error.message.contains("A14 says `Check CVE tracker bugs`"));
}

#[test]
fn labels_nobody_knows_leave_it_to_the_build_data() {
    let mut grid = konflux();
    for cells in grid.iter_mut().skip(7).take(12) {
        if let Some(label) = cells.first_mut() {
            *label = "Something".into();
        }
    }
    for layout in [Layout::Konflux, Layout::Errata] {
        Report::read("4.19.91", layout, &grid).unwrap();
    }
    let mut old = konflux();
    old[17][0] = "Add QE approval for shipment MR".into();
    Report::read("4.13.62", Layout::Konflux, &old).unwrap();
}

#[test]
fn the_layout_follows_the_build_data() {
    assert_eq!(Layout::of(&metadata(Some(REQUEST))), Layout::Konflux);
    assert_eq!(Layout::of(&metadata(Some(" "))), Layout::Errata);
    assert_eq!(Layout::of(&metadata(None)), Layout::Errata);
}

#[test]
fn rows_are_those_of_the_python_tool() {
    let check = |task: &str, errata: Option<usize>, konflux: Option<usize>| {
        assert_eq!(Layout::Errata.row(task), errata, "{task}");
        assert_eq!(Layout::Konflux.row(task), konflux, "{task}");
    };
    check("take-ownership", Some(8), Some(8));
    check("update-bug-list", Some(9), Some(9));
    check("image-consistency-check", Some(10), Some(10));
    check("analyze-candidate-build", Some(11), Some(11));
    check("analyze-promoted-build", Some(12), Some(12));
    check("check-greenwave-cvp-tests", Some(13), None);
    check("check-cve-tracker-bug", Some(14), Some(13));
    check("push-to-cdn-staging", Some(15), Some(14));
    check("stage-testing", Some(16), Some(15));
    check("image-signed-check", Some(17), Some(16));
    check("drop-bugs", Some(18), Some(17));
    check("change-advisory-status", Some(19), Some(18));
    check("create-test-report", None, None);
}
