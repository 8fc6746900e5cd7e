//! What a shipment says and whether it has shipped.

use oar_script::{
    error::Kind,
    release::shipment::{
        Address, Comment, FileName, Shipment, Shipping, State,
        file::{self, counts},
        health::{Grade, Health},
        parse,
        request::release_in_title,
    },
};
use serde_json::json;

const IMAGE: &str = "
shipment:
  metadata: {product: ocp, application: openshift-4-20, group: openshift-4.20, assembly: 4.20.1}
  environments:
    stage:
      releasePlan: stage-rp
      advisory:
        url: https://access.stage.redhat.com/errata/RHSA-2027:166
        internal_url: https://gitlab.cee.redhat.com/a/-/raw/main/advisory.yaml
    prod: {releasePlan: prod-rp}
  snapshot:
    spec:
      application: openshift-4-20
      components:
        - {name: ose-cli, containerImage: 'quay.io/x@sha256:1', source: {git: {url: u, revision: r}}}
    nvrs: [cli-1-1]
  data:
    releaseNotes:
      type: RHSA
      live_id: 166
      synopsis: s
      issues:
        fixed:
          - {id: OCPBUGS-2, source: redhat.atlassian.net}
          - {id: OCPBUGS-10, source: redhat.atlassian.net}
          - {id: '77', source: bugzilla.redhat.com}
          - {id: OCPBUGS-9, source: issues.redhat.com}
      cves:
        - {key: CVE-2027-1, component: ose-cli}
";

const CATALOG: &str = "
shipment:
  metadata: {product: ocp, application: fbc-4-20, group: openshift-4.20, assembly: 4.20.1, fbc: true}
  environments: {stage: {releasePlan: a}, prod: {releasePlan: b}}
";

#[test]
fn addresses_are_read_or_refused_with_what_they_should_look_like() {
    let read = |text: &str| text.parse::<Address>().map(|address| address.to_string());
    let base = "https://gitlab.example.com";
    for (text, expected) in [
        (format!("{base}/a/b/c/-/merge_requests/427"), "a/b/c!427"),
        (
            format!("{base}/a/b/-/merge_requests/427/diffs?x=1#n"),
            "a/b!427",
        ),
        (format!(" {base}//a/b/-/merge_requests/7 "), "a/b!7"),
    ] {
        assert_eq!(read(&text).unwrap(), expected, "{text}");
    }
    for text in [
        "".to_owned(),
        "427".to_owned(),
        "/a/b/-/merge_requests/1".to_owned(),
        format!("{base}/a/b/merge_requests/427"),
        format!("{base}/a/b/-/merge_requests/"),
        format!("{base}/a/b/-/merge_requests/x"),
        format!("{base}/a/b/-/merge_requests/0"),
        format!("{base}/a/b/-/merge_requests/+4"),
        format!("{base}/-/merge_requests/4"),
        format!("{base}/a/%2e%2e/-/merge_requests/4"),
        format!("{base}/a/b/-/merge_requests/4/-/merge_requests/5"),
        "file:///a/b/-/merge_requests/4".to_owned(),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        assert!(error.message.contains("invalid MR URL"), "{error}");
        assert!(error.hint.is_some(), "{text}");
    }
}

#[test]
fn a_release_without_an_address_has_no_shipment_and_that_is_no_error() {
    for nothing in [None, Some(""), Some("  ")] {
        assert_eq!(Address::of_release(nothing).unwrap(), None);
    }
    assert!(Address::of_release(Some("x")).is_err());
}

#[test]
fn only_what_is_merged_has_shipped() {
    for (word, shipping) in [
        ("merged", Shipping::Shipped),
        ("opened", Shipping::NotYet),
        ("locked", Shipping::NotYet),
        ("closed", Shipping::Dropped),
    ] {
        let state: State = serde_json::from_value(json!(word)).unwrap();
        assert_eq!(state.word(), word);
        assert_eq!(state.shipping(), shipping);
        assert_eq!(state.is_shipped(), word == "merged");
    }
    for other in ["open", "Merged", ""] {
        assert!(serde_json::from_value::<State>(json!(other)).is_err());
    }
}

#[test]
fn the_title_names_the_release() {
    for (title, release) in [
        ("Shipment for 4.20.1 (ship date: 2027-Mar-06)", "4.20.1"),
        ("Draft: shipment FOR 4.22.0-ec.1", "4.22.0-ec.1"),
        ("Shipment for 4.21.0-rc.2 (ship date: x)", "4.21.0-rc.2"),
    ] {
        assert_eq!(release_in_title(title).unwrap().to_string(), release);
    }
    assert!(release_in_title("4.20.1 drop bugs").is_err());
}

#[test]
fn yaml_files_count_while_they_are_there() {
    let check = |path: &str, is_deleted: bool, expected: bool| {
        assert_eq!(counts(path, is_deleted), expected, "{path}");
    };
    check("shipment/a.yaml", false, true);
    check("shipment/a.YAML", false, true);
    check("shipment/a.yml", false, false);
    check("shipment/a.yaml.txt", false, false);
    check("shipment/a.yaml", true, false);
}

#[test]
fn file_names_are_read_in_both_spellings() {
    let read = |name: &str| {
        FileName::of(&format!(
            "shipment/ocp/openshift-4.20/openshift-4-20/prod/{name}"
        ))
    };
    let new = read("4.20.1.image.20270225090000.yaml").unwrap();
    assert_eq!(
        (new.assembly.as_str(), new.kind),
        ("4.20.1", file::Kind::Image)
    );
    assert_eq!(
        (new.environment.as_str(), new.time.as_str()),
        ("prod", "20270225090000")
    );
    let old = read("4.18.3-image.20250414000000.yaml").unwrap();
    assert_eq!(
        (old.assembly.as_str(), old.kind),
        ("4.18.3", file::Kind::Image)
    );
    let bootc = read("4.22.0-ec.1.microshift-bootc.20270225090000.yaml").unwrap();
    assert_eq!(bootc.assembly, "4.22.0-ec.1");
    assert_eq!(bootc.kind.word(), "microshift-bootc");
    for other in [
        "4.20.1.image.2027.yaml",
        "4.20.1.other.20270225090000.yaml",
        ".image.20270225090000.yaml",
        "4.20.1image.20270225090000.yaml",
    ] {
        assert_eq!(read(other), None, "{other}");
    }
    assert_eq!(FileName::of("README.yaml"), None);
}

#[test]
fn a_file_is_read_with_all_that_rules_use() {
    let image = parse("a.yaml", IMAGE).unwrap().unwrap();
    assert_eq!(image.metadata.assembly, "4.20.1");
    assert_eq!(image.advisory_name(2027).unwrap(), "RHSA-2027:0166");
    assert_eq!(image.stage.release_plan.as_deref(), Some("stage-rp"));
    assert_eq!(image.prod.advisory, None);
    let snapshot = image.snapshot.as_ref().unwrap();
    assert_eq!(snapshot.spec.components[0].image, "quay.io/x@sha256:1");
    assert_eq!(snapshot.nvrs, ["cli-1-1"]);
    assert!(image.stage_advisory().unwrap().is_some());
    assert!(image.faults().is_empty());
    let catalog = parse("c.yaml", CATALOG).unwrap().unwrap();
    assert!(catalog.metadata.fbc && catalog.faults().is_empty());
    assert_eq!(catalog.advisory_name(2027), None);
    assert_eq!(catalog.stage_advisory().unwrap(), None);
}

#[test]
fn what_the_makers_would_refuse_is_said() {
    let faults = |text: &str| parse("a", text).unwrap().unwrap().faults();
    let bare = IMAGE.split("  data:").next().unwrap();
    assert_eq!(faults(bare), ["there are no release notes"]);
    let other = IMAGE.replace(
        "      application: openshift-4-20",
        "      application: other",
    );
    assert_eq!(
        faults(&other),
        ["the snapshot is that of another application"]
    );
    let notes = format!("{CATALOG}  data: {{releaseNotes: {{type: RHBA}}}}\n");
    assert_eq!(faults(&notes), ["a catalog has release notes"]);
}

#[test]
fn issues_are_kept_by_host_and_jira_knows_both_of_its_names() {
    let shipment = Shipment::of([("a.yaml", IMAGE), ("c.yaml", CATALOG)]);
    let keys: Vec<_> = shipment.jira_keys().into_iter().collect();
    assert_eq!(keys, ["OCPBUGS-10", "OCPBUGS-2", "OCPBUGS-9"]);
    let issues = shipment.issues();
    assert_eq!(
        issues["bugzilla.redhat.com"].iter().collect::<Vec<_>>(),
        ["77"]
    );
    assert!(shipment.cves()["CVE-2027-1"].contains("ose-cli"));
}

#[test]
fn one_bad_file_is_named_and_spoils_no_other() {
    let shipment = Shipment::of([
        ("good.yaml", IMAGE),
        ("torn.yaml", "shipment: [\n"),
        ("wrong.yaml", "shipment: {metadata: {product: 1}}"),
        (
            "bug.yaml",
            &IMAGE.replace("{id: OCPBUGS-2, source: redhat.atlassian.net}", "OCPBUGS-2"),
        ),
        ("other.yaml", "stages: [a]"),
        ("empty.yaml", ""),
    ]);
    assert_eq!(shipment.documents.keys().collect::<Vec<_>>(), ["good.yaml"]);
    let unreadable: Vec<_> = shipment.unreadable.keys().collect();
    assert_eq!(unreadable, ["bug.yaml", "torn.yaml", "wrong.yaml"]);
    let error = &shipment.unreadable["torn.yaml"];
    assert!(error.message.contains("torn.yaml"), "{error}");
    assert_eq!(shipment.jira_keys().len(), 3);
}

#[test]
fn a_list_whose_last_bug_was_dropped_is_empty() {
    let text = format!(
        "{CATALOG}  data:\n    releaseNotes:\n      type: RHBA\n      issues:\n        fixed:\n"
    );
    let shipment = Shipment::of([("a.yaml", text.as_str())]);
    assert!(shipment.unreadable.is_empty() && shipment.jira_keys().is_empty());
}

#[test]
fn advisories_are_read_from_agreed_places_alone() {
    for address in [
        "http://gitlab.cee.redhat.com/a",
        "https://gitlab.cee.redhat.com.example.com/a",
        "https://gitlab.cee.redhat.com:8443/a",
        "https://user@gitlab.cee.redhat.com/a",
        "https://example.com/a",
        "not an address",
    ] {
        let text = IMAGE.replace(
            "https://gitlab.cee.redhat.com/a/-/raw/main/advisory.yaml",
            address,
        );
        let document = parse("a", &text).unwrap().unwrap();
        let error = document.stage_advisory().unwrap_err();
        assert_eq!(error.kind, Kind::Refused, "{address}");
    }
}

#[test]
fn the_lead_is_named_in_the_words_others_look_for() {
    let lead = Comment::lead("release.lead-1").unwrap();
    assert_eq!(lead.body(), "QE Release Lead is @release.lead-1");
    assert!(lead.is_same("QE Release Lead is @release.lead-1 \r\n"));
    assert!(!lead.is_same("QE Release Lead is @release.lead-12"));
    assert!(lead.is_about_the_same("QE Release Lead is @other"));
    assert!(Comment::lead("").is_err() && Comment::lead("two words").is_err());
}

#[test]
fn a_keyed_comment_is_found_by_its_key_alone() {
    let comment = Comment::keyed("4.20.1/image-health", "Images: 3.  \n").unwrap();
    assert!(comment.body().starts_with("Images: 3.\n\n<!--"));
    assert!(comment.is_about_the_same(Comment::keyed("4.20.1/image-health", "x").unwrap().body()));
    assert!(
        !comment.is_about_the_same(Comment::keyed("4.20.10/image-health", "x").unwrap().body())
    );
    for (key, text) in [
        ("a -->", "x"),
        ("a--b", "x"),
        ("", "x"),
        ("a", " \n"),
        ("a", "x\n /merge"),
    ] {
        assert_eq!(
            Comment::keyed(key, text).unwrap_err().kind,
            Kind::Invalid,
            "{key} {text}"
        );
    }
}

#[test]
fn no_grade_is_not_a_good_grade() {
    for (text, is_healthy) in [
        ("A", true),
        ("B", true),
        ("C", false),
        ("F", false),
        ("", false),
        ("a", false),
        ("AA", false),
    ] {
        assert_eq!(Grade::of(text).is_healthy(), is_healthy, "{text}");
    }
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let given = [
        ("A".to_owned(), at("2027-01-01T00:00:00Z")),
        ("C".to_owned(), at("2027-02-01T00:00:00Z")),
        ("F".to_owned(), at("2027-09-01T00:00:00Z")),
    ];
    assert_eq!(Grade::at(at("2027-03-01T00:00:00Z"), &given), Grade::C);
    assert_eq!(
        Grade::at(at("2026-03-01T00:00:00Z"), &given),
        Grade::Unknown
    );
}

#[test]
fn what_nobody_could_look_at_is_not_healthy() {
    assert!(Health::of(&[]).is_err());
    let health =
        Health::of(&[("a".to_owned(), Grade::A), ("b".to_owned(), Grade::Unknown)]).unwrap();
    assert_eq!((health.scanned, health.without_grade), (2, 1));
    assert!(!health.is_healthy());
    assert_eq!(health.unhealthy, ["b"]);
}
