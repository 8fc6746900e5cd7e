//! The head of a tab and the links below its tasks.

use oar_script::release::{
    sheet::{
        Content, Layout, Report, RichText, advisories, builds, head, hyperlink, links, range_of,
        ticket,
    },
    statebox::Metadata,
};

use super::sheet::{REQUEST, konflux};

fn metadata() -> Metadata {
    Metadata {
        jira_ticket: Some("ART-30001".into()),
        advisory_ids: [("rpm".to_owned(), 180101), ("rhcos".to_owned(), 180102)].into(),
        release_date: None,
        candidate_builds: [
            (
                "x86_64".to_owned(),
                "4.19.0-0.nightly-2027-02-27-010203".to_owned(),
            ),
            (
                "aarch64".to_owned(),
                "4.19.0-0.nightly-arm64-2027-02-27-010204".to_owned(),
            ),
        ]
        .into(),
        shipment_mr: Some(REQUEST.into()),
    }
}

fn errata() -> Metadata {
    Metadata {
        shipment_mr: None,
        ..metadata()
    }
}

fn runs(text: &RichText) -> Vec<(usize, Option<&str>)> {
    let runs = text.runs.iter();
    runs.map(|run| (run.start, run.link.as_deref())).collect()
}

/// The part of the text that a run covers, counted as Google counts.
fn covered(text: &RichText, run: usize) -> String {
    let units: Vec<u16> = text.text.encode_utf16().collect();
    let end = text
        .runs
        .get(run + 1)
        .map_or(units.len(), |next| next.start);
    String::from_utf16(&units[text.runs[run].start..end]).unwrap()
}

#[test]
fn numbers_are_the_links_of_a_konflux_release() {
    let cell = advisories(&metadata());
    assert_eq!(cell.text, format!("rpm: 180101\nrhcos: 180102\n{REQUEST}"));
    assert_eq!(
        runs(&cell),
        [
            (0, None),
            (5, Some("https://errata.devel.redhat.com/advisory/180101")),
            (12, None),
            (19, Some("https://errata.devel.redhat.com/advisory/180102")),
            (26, Some(REQUEST)),
        ]
    );
}

#[test]
fn addresses_are_the_links_of_an_errata_release() {
    let cell = advisories(&errata());
    let address = "https://errata.devel.redhat.com/advisory/";
    assert_eq!(
        cell.text,
        format!("rpm: {address}180101\nrhcos: {address}180102")
    );
    let (one, other) = (format!("{address}180101"), format!("{address}180102"));
    let second = 5 + one.len() + 1;
    assert_eq!(
        runs(&cell),
        [
            (0, None),
            (5, Some(one.as_str())),
            (second, None),
            (second + 7, Some(other.as_str())),
        ]
    );
}

#[test]
fn a_number_that_stands_in_an_earlier_line_too_is_linked_in_its_own() {
    let mut twice = metadata();
    twice.advisory_ids = [
        ("rpm180101".to_owned(), 180101),
        ("rhcos".to_owned(), 180101),
    ]
    .into();
    let cell = advisories(&twice);
    assert_eq!(covered(&cell, 0), "rpm180101: ");
    assert_eq!(covered(&cell, 1), "180101\n");
    assert_eq!(covered(&cell, 3), "180101\n");
}

#[test]
fn places_are_counted_as_google_counts() {
    let mut odd = metadata();
    odd.advisory_ids = [("🦀é".to_owned(), 1), ("rpm".to_owned(), 2)].into();
    let cell = advisories(&odd);
    assert_eq!(cell.runs[1].start, 5, "a crab takes two units");
    assert_eq!(covered(&cell, 1), "1\n");
    assert_eq!(covered(&cell, 3), "2\n");
}

#[test]
fn without_advisories_there_is_only_the_merge_request() {
    let mut bare = metadata();
    bare.advisory_ids.clear();
    let cell = advisories(&bare);
    assert_eq!(cell.text, REQUEST);
    assert_eq!(runs(&cell), [(0, Some(REQUEST))]);
    bare.shipment_mr = None;
    assert_eq!(advisories(&bare), RichText::default());
}

#[test]
fn builds_stand_one_in_a_line() {
    assert_eq!(
        builds(&metadata()),
        "x86_64: 4.19.0-0.nightly-2027-02-27-010203\n\
         aarch64: 4.19.0-0.nightly-arm64-2027-02-27-010204"
    );
    assert_eq!(builds(&Metadata::default()), "");
}

#[test]
fn a_ticket_nobody_has_made_is_no_link() {
    let check = |key: Option<&str>, expected: Content| {
        let mut metadata = metadata();
        metadata.jira_ticket = key.map(str::to_owned);
        assert_eq!(ticket(&metadata), expected);
    };
    let link = "=HYPERLINK(\"https://redhat.atlassian.net/browse/ART-30001\",\"ART-30001\")";
    check(Some("ART-30001"), Content::Formula(link.into()));
    check(Some("ART-0"), Content::Text("ART-0".into()));
    check(Some(""), Content::Text(String::new()));
    check(None, Content::Text(String::new()));
}

#[test]
fn quotes_in_a_link_are_doubled() {
    assert_eq!(
        hyperlink("https://example.com/?q=\"a\"", "the \"a\""),
        "=HYPERLINK(\"https://example.com/?q=\"\"a\"\"\",\"the \"\"a\"\"\")"
    );
    assert_eq!(range_of("4.19.9's", "B8"), "'4.19.9''s'!B8");
}

#[test]
fn the_links_lead_to_results_and_to_sippy() {
    let release = "4.19.91".parse().unwrap();
    let labels = |metadata: &Metadata| -> Vec<(usize, String)> {
        links(&release, metadata)
            .into_iter()
            .map(|(row, content)| match content {
                Content::Formula(formula) => {
                    let label = formula.rsplit("\",\"").next().unwrap();
                    (row, label.trim_end_matches("\")").to_owned())
                }
                Content::Text(text) => (row, text),
                Content::Rich(_) => unreachable!("links are formulas"),
            })
            .collect()
    };
    let name = |row: usize, label: &str| (row, label.to_owned());
    assert_eq!(
        labels(&metadata()),
        [
            name(21, "Blocking jobs"),
            name(22, "ocp-test-result-4.19.91"),
            name(23, "ocp-test-result-4.19.0-0.nightly-2027-02-27-010203"),
            name(25, "Sippy"),
            name(26, "4.19-qe-main"),
            name(27, "4.19-qe-auto-release"),
        ]
    );
    let without = labels(&Metadata::default());
    assert_eq!(without[2].1, "no-candidate-build-no-test-results");
    let [_, (_, first), ..] = links(&release, &metadata());
    let url = "https://github.com/openshift/release-tests/blob/record/_releases/ocp-test-result-4.19.91-amd64.json";
    assert_eq!(
        first,
        Content::Formula(hyperlink(url, "ocp-test-result-4.19.91"))
    );
}

#[test]
fn what_the_head_gets_is_what_is_read_from_it() {
    for metadata in [metadata(), errata()] {
        let mut grid = konflux();
        let layout = Layout::of(&metadata);
        grid.truncate(7);
        for (row, content) in head(&metadata) {
            grid[row - 1][1] = match content {
                Content::Text(text) => text,
                Content::Rich(rich) => rich.text,
                // A link reads as its label.
                Content::Formula(_) => "ART-30001".into(),
            };
        }
        let report = Report::read("4.19.91", layout, &grid).unwrap();
        assert_eq!(report.shipping.advisories, metadata.advisory_ids);
        assert_eq!(
            report.shipping.merge_requests.first(),
            metadata.shipment_mr.as_ref()
        );
        assert_eq!(report.builds, metadata.candidate_builds);
        assert_eq!(report.ticket, metadata.jira_ticket);
    }
}
