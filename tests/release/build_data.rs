//! What `releases.yml` says about a release. The cases of `resolves` are what the Python tool
//! answers to the same file, except where it ends in a bare error.

use std::time::{Duration, Instant};

use oar_script::{
    error::Kind,
    release::{
        Metadata, Version,
        build_data::{Assemblies, assembly_name},
    },
};
use serde_json::{Value, json};

/// A made-up file with a Konflux release, one that builds on it, an Errata release and a candidate.
const FILE: &str = include_str!("../fixtures/build-data/openshift-4.19.yml");

/// An assembly to build on, and one that does nothing else.
const PARENT: &str = "
  p:
    assembly:
      basis: {reference_releases: {x86_64: n1}}
      group:
        advisories: {rpm: 1}
        release_jira: ART-1
        release_date: 2026-Jan-1
        shipment: {url: u1}
";

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

fn read(release: &str, assembly: &str) -> oar_script::error::Result<Metadata> {
    let text = format!("releases:{PARENT}  {release}:\n    assembly: {assembly}\n");
    Assemblies::parse("4.19", &text)
        .unwrap()
        .metadata(&version(release))
}

#[test]
fn values_resolve_as_they_do_for_the_python_tool() {
    let check = |assembly: &str,
                 advisories: Value,
                 candidates: Value,
                 request: Option<&str>,
                 flow: &str| {
        let metadata = read("4.19.9", assembly).unwrap();
        let found = (json!(metadata.advisories), json!(metadata.candidate_builds));
        assert_eq!(found, (advisories, candidates), "{assembly}");
        let found = (metadata.shipment_mr.as_deref(), metadata.flow());
        assert_eq!(found, (request, flow), "{assembly}");
    };
    check(
        "{basis: {}, group: {advisories: {rpm: 2}}}",
        json!({"rpm": 2}),
        json!({}),
        None,
        "errata",
    );
    check(
        "{basis: {}, group: {advisories: {rpm: 2}, advisories!: {rhcos: 3}}}",
        json!({"rhcos": 3}),
        json!({}),
        None,
        "errata",
    );
    check(
        "{basis: {assembly: p, reference_releases!: {}}, group: {shipment!: {}}}",
        json!({"rpm": 1}),
        json!({}),
        None,
        "errata",
    );
    check(
        "{basis: {assembly: p}, group: {advisories!: null}}",
        json!({"rpm": 1}),
        json!({"x86_64": "n1"}),
        Some("u1"),
        "konflux",
    );
    check(
        "{basis: {assembly: p}}",
        json!({"rpm": 1}),
        json!({"x86_64": "n1"}),
        Some("u1"),
        "konflux",
    );
    check(
        "{basis: {assembly: p}, group: {advisories: {rhcos: 5}}}",
        json!({"rhcos": 5}),
        json!({"x86_64": "n1"}),
        Some("u1"),
        "konflux",
    );
    check(
        "{basis: {assembly: nobody}, group: {}}",
        json!({}),
        json!({}),
        None,
        "errata",
    );
}

#[test]
fn a_child_without_its_own_takes_ticket_and_day_of_its_parent() {
    let metadata = read("4.19.9", "{basis: {assembly: p}}").unwrap();
    assert_eq!(metadata.jira_ticket.as_deref(), Some("ART-1"));
    assert_eq!(metadata.release_date, Some(jiff::civil::date(2026, 1, 1)));
}

#[test]
fn nothing_is_taken_from_a_grandparent_or_from_a_key_of_the_parent_that_is_marked() {
    let text = "
releases:
  g: {assembly: {group: {release_jira: ART-1, advisories: {rpm: 1}}}}
  p: {assembly: {basis: {assembly: g}, group: {advisories!: {rpm: 2}}}}
  4.19.9: {assembly: {basis: {assembly: p}}}
";
    let assemblies = Assemblies::parse("4.19", text).unwrap();
    let metadata = assemblies.metadata(&version("4.19.9")).unwrap();
    assert_eq!(metadata, Metadata::default());
}

#[test]
fn an_empty_map_is_a_value_and_null_is_not() {
    let check = |advisories: &str, expected: Value| {
        let assembly = format!("{{basis: {{assembly: p}}, group: {{advisories: {advisories}}}}}");
        let metadata = read("4.19.9", &assembly).unwrap();
        assert_eq!(json!(metadata.advisories), expected, "{advisories}");
    };
    check("{}", json!({}));
    check("null", json!({"rpm": 1}));
    check("~", json!({"rpm": 1}));
}

#[test]
fn parts_that_are_null_or_missing_say_nothing() {
    for assembly in [
        "{group: null, basis: null}",
        "{type: stream}",
        "null",
        "{basis: {assembly: null}}",
    ] {
        assert_eq!(
            read("4.19.9", assembly).unwrap(),
            Metadata::default(),
            "{assembly}"
        );
    }
}

#[test]
fn placeholders_of_advisories_are_left_out() {
    let metadata = read(
        "4.19.9",
        "{group: {advisories: {rpm: 7, image: -1, rhcos: 0, extras: '8'}}}",
    )
    .unwrap();
    assert_eq!(json!(metadata.advisories), json!({"extras": 8, "rpm": 7}));
}

#[test]
fn a_shipment_without_an_address_is_an_error_because_the_flow_cannot_be_told() {
    for shipment in ["{env: stage}", "{url: null, env: stage}"] {
        let error = read("4.19.9", &format!("{{group: {{shipment: {shipment}}}}}")).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.contains("`4.19.9` has no `url`"), "{error}");
        assert!(error.hint.unwrap().contains("openshift-4.19/releases.yml"));
    }
    let metadata = read("4.19.9", "{group: {shipment: {url: ''}}}").unwrap();
    assert_eq!(metadata.flow(), "errata");
}

#[test]
fn a_value_of_another_type_names_assembly_and_key() {
    let check = |assembly: &str, expected: &str| {
        let error = read("4.19.9", assembly).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{assembly}");
        assert!(error.message.contains(expected), "{error}");
    };
    check(
        "{group: 5}",
        "the key `group` of the assembly `4.19.9` is not a map",
    );
    check(
        "{basis: [p]}",
        "the key `basis` of the assembly `4.19.9` is not a map",
    );
    check("{basis: {assembly: 5}}", "`basis.assembly`");
    check(
        "{group: {advisories: [1]}}",
        "`group.advisories` of the assembly `4.19.9` is not a map",
    );
    check(
        "{group: {advisories!: {rpm: many}}}",
        "`group.advisories!.rpm` of the assembly `4.19.9` is not the number",
    );
    check("{group: {release_jira: 5}}", "`group.release_jira`");
    check(
        "{group: {release_date: soon}}",
        "`soon`, which is no day such as 2027-Mar-06",
    );
    check("{group: {release_date: 2027-03-06}}", "`2027-03-06`");
    check("{group: {shipment: {url: 5}}}", "`group.shipment.url`");
    check(
        "{basis: {reference_releases: {x86_64: [n]}}}",
        "`basis.reference_releases.x86_64`",
    );
}

#[test]
fn what_is_wrong_in_one_assembly_does_not_hide_the_others() {
    let text = format!("{FILE}\n  odd:\n    assembly: {{group: 5, basis: yes}}\n");
    let assemblies = Assemblies::parse("4.19", &text).unwrap();
    assert!(assemblies.metadata(&version("4.19.91")).is_ok());
}

#[test]
fn a_pre_release_is_named_by_its_tag() {
    let check = |release: &str, name: &str| assert_eq!(assembly_name(&version(release)), name);
    check("4.18.1", "4.18.1");
    check("4.18.0-rc.8", "rc.8");
    check("4.19.0-ec.1", "ec.1");
    check("4.11.0-fc.1", "4.11.0-fc.1");
}

#[test]
fn the_file_of_a_y_stream_is_read() {
    let assemblies = Assemblies::parse("4.19", FILE).unwrap();
    let names: Vec<_> = assemblies.names().collect();
    assert_eq!(names, ["4.19.92", "4.19.91", "4.19.5", "rc.2"]);
    let check = |release: &str, expected: Value| {
        let metadata = assemblies.metadata(&version(release)).unwrap();
        assert_eq!(json!(metadata), expected, "{release}");
    };
    check(
        "4.19.92",
        json!({
            "jira_ticket": "ART-30044",
            "advisories": {"rpm": 180301, "rhcos": 180302},
            "candidate_builds": {},
            "shipment_mr": "https://gitlab.cee.redhat.com/hybrid-platforms/art/ocp-shipment-data/-/merge_requests/922",
            "release_date": "2027-03-11",
        }),
    );
    check(
        "4.19.5",
        json!({
            "jira_ticket": "ART-15001",
            "advisories": {"extras": 150101, "image": 150102, "metadata": 150103, "rpm": 150104},
            "candidate_builds": {
                "aarch64": "4.19.0-0.nightly-arm64-2025-07-01-000001",
                "ppc64le": "4.19.0-0.nightly-ppc64le-2025-07-01-000002",
                "s390x": "4.19.0-0.nightly-s390x-2025-07-01-000003",
                "x86_64": "4.19.0-0.nightly-2025-07-01-000004",
            },
            "shipment_mr": null,
            "release_date": null,
        }),
    );
    check(
        "4.19.0-rc.2",
        json!({
            "jira_ticket": "ART-14001",
            "advisories": {"rpm": 149001},
            "candidate_builds": {},
            "shipment_mr": null,
            "release_date": null,
        }),
    );
}

#[test]
fn values_can_be_had_as_they_are_written_and_in_the_order_of_the_file() {
    let assemblies = Assemblies::parse("4.19", FILE).unwrap();
    let assembly = assemblies.assembly(&version("4.19.92")).unwrap();
    let kinds: Vec<_> = assembly.advisories.unwrap().into_iter().collect();
    assert_eq!(
        kinds,
        [("rpm".to_owned(), 180301), ("rhcos".to_owned(), 180302)]
    );
    let candidate = assemblies.assembly(&version("4.19.0-rc.2")).unwrap();
    assert_eq!(candidate.advisories.unwrap()["microshift"], -1);
    let before = assemblies.assembly(&version("4.19.91")).unwrap();
    assert_eq!(before.release_date.as_deref(), Some("2027-Mar-4"));
}

#[test]
fn an_unknown_release_is_told_with_near_names_and_the_place_of_the_file() {
    let assemblies = Assemblies::parse("4.19", FILE).unwrap();
    let check = |release: &str, near: &str| {
        let error = assemblies.metadata(&version(release)).unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
        let said = format!("ART has no build data for {release} yet");
        assert!(error.message.contains(&said), "{error}");
        let hint = error.hint.unwrap();
        assert!(hint.contains(near), "{hint}");
        assert!(hint.contains(
            "https://github.com/openshift-eng/ocp-build-data/blob/openshift-4.19/releases.yml"
        ));
    };
    check(
        "4.19.93",
        "near to it the file names 4.19.92, 4.19.91, 4.19.5;",
    );
    check("4.19.0-rc.4", "near to it the file names rc.2;");
    check(
        "4.19.0-ec.1",
        "near to it the file names 4.19.92, 4.19.91, 4.19.5;",
    );
    let empty = Assemblies::parse("5.0", "releases: {}").unwrap();
    let error = empty.metadata(&version("5.0.0")).unwrap_err();
    assert!(error.hint.unwrap().contains("no assembly at all"));
}

#[test]
fn a_broken_file_is_told_with_its_place_and_the_next_step() {
    let check = |text: &str, expected: &[&str]| {
        let error = Assemblies::parse("4.19", text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        for part in expected {
            assert!(error.message.contains(part), "{part}: {error}");
        }
        assert!(!error.message.contains('\n'), "{error}");
        assert!(
            error
                .hint
                .unwrap()
                .contains("openshift-4.19/releases.yml and tell ART")
        );
    };
    let place = "`releases.yml` of `openshift-4.19` is broken in line 3, column";
    check("releases:\n  4.19.1:\n    assembly: {group: [}\n", &[place]);
    check("releases:\n  4.19.1:\n\tassembly: {}\n", &[place]);
    check(
        "<<<<<<< HEAD\nreleases:\n  4.19.1: {}\n=======\n",
        &["is broken in line"],
    );
    check("releases: 5\n", &["is broken in line 1, column"]);
    check("releases:\n", &["has no map `releases`"]);
    check("{}\n", &["has no map `releases`"]);
    check("", &["has no map `releases`"]);
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    let metadata = read(
        "4.19.9",
        "{group: {release_jira: ART-2, release_jira: ART-3}}",
    )
    .unwrap();
    assert_eq!(metadata.jira_ticket.as_deref(), Some("ART-3"));
}

#[test]
fn the_largest_file_there_is_takes_no_noticeable_time() {
    let mut text = "releases:\n".to_owned();
    let mut number = 900;
    while text.len() < 440_000 {
        text.push_str(&format!(
            "  4.19.{number}:\n    assembly:\n      type: standard\n      basis:\n        assembly: 4.19.{}\n        reference_releases!: {{}}\n      group:\n        advisories!: {{rpm: 18{number}, rhcos: 19{number}}}\n        release_jira: ART-{number}\n      members:\n        images:\n",
            number - 1
        ));
        for image in 0..12 {
            text.push_str(&format!("        - distgit_key: image-{image}\n          why: a fix that cannot wait\n          metadata: {{is: {{nvr: image-{image}-container-v4.19.0-{number}}}}}\n"));
        }
        number -= 1;
    }
    let began = Instant::now();
    let assemblies = Assemblies::parse("4.19", &text).unwrap();
    let took = began.elapsed();
    assert!(assemblies.names().count() > 200);
    assert_eq!(
        assemblies
            .metadata(&version("4.19.900"))
            .unwrap()
            .advisories["rpm"],
        18900
    );
    // Half a second in a debug build on an idle machine, and a tenth of that in a release build.
    assert!(took < Duration::from_secs(10), "{took:?}");
}
