//! Which CVE trackers belong to a release, and what it lacks.

use oar_script::{
    error::{Error, Kind},
    release::{
        build_data::{Assemblies, BugRules, Sweep},
        ticket::StatusChange,
        tracker::{Place, Rules, Taken, Tracker, issue_text, package_of},
    },
};

const CHOSEN: &str = "2027-02-27T01:00:00Z";

fn sweep_of(release: &str, assemblies: &str) -> Result<Sweep, Error> {
    let text = format!("releases:\n{assemblies}");
    let assemblies = Assemblies::parse("4.20", &text).unwrap();
    assemblies.sweep(&release.parse().unwrap())
}

/// What an assembly says with these issues, over a parent with those.
fn inherited(own: &str, parent: &str) -> Result<Sweep, Error> {
    sweep_of(
        "4.20.2",
        &format!(
            "  4.20.2:\n    assembly: {{basis: {{assembly: 4.20.1}}, issues: {own}}}\n  \
             4.20.1:\n    assembly: {{basis: {{assembly: rc.1}}, issues: {parent}}}\n  \
             rc.1:\n    assembly: {{basis: {{time: '{CHOSEN}'}}, issues: {{include: [{{id: OCPBUGS-9}}]}}}}\n"
        ),
    )
}

fn rules(sweep: Sweep) -> Rules {
    let bugs = BugRules {
        target_versions: vec!["4.20.0".to_owned(), "4.20.z".to_owned()],
        foreign_components: vec!["Quay".to_owned(), "Documentation".to_owned()],
    };
    Rules::of(&"4.20.1".parse().unwrap(), bugs, sweep)
}

fn tracker(key: &str) -> Tracker {
    Tracker {
        key: key.to_owned(),
        summary: "CVE-2027-1 thing: a hole [openshift-4.20.z]".to_owned(),
        status: "Verified".to_owned(),
        kind: "Vulnerability".to_owned(),
        labels: vec!["Security".to_owned(), "SecurityTracking".to_owned()],
        downstream_component: Some("thing-container".to_owned()),
        ..Tracker::default()
    }
}

fn of_package(key: &str, package: &str) -> Tracker {
    Tracker {
        downstream_component: Some(package.to_owned()),
        ..tracker(key)
    }
}

fn keys(trackers: &[Tracker]) -> Vec<&str> {
    trackers
        .iter()
        .map(|tracker| tracker.key.as_str())
        .collect()
}

fn set(keys: &[&str]) -> std::collections::BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn the_search_asks_for_verified_trackers_of_the_y_stream() {
    assert_eq!(
        rules(Sweep::default()).query().unwrap(),
        "project = OCPBUGS AND status in (\"VERIFIED\") AND \"Target Version\" in (\"4.20.0\", \"4.20.z\") \
         AND labels in (\"SecurityTracking\")"
    );
}

#[test]
fn a_release_that_ships_by_name_searches_nothing_and_inherits_nothing() {
    let own = "{targeted_fixes_only: true, include: [{id: OCPBUGS-1}]}";
    let sweep = inherited(own, "{include: [{id: OCPBUGS-2}]}").unwrap();
    let rules = rules(sweep);
    assert_eq!(rules.query(), None);
    assert_eq!(rules.included(), ["OCPBUGS-1"]);
}

#[test]
fn a_version_that_jira_does_not_know_is_left_out_but_never_the_last_one() {
    let mut rules = rules(Sweep::default());
    assert_eq!(
        rules.without_unknown_version("Field 'labels' does not exist"),
        None
    );
    let refusal = "The value '4.20.0' does not exist for the field 'Target Version'.";
    assert_eq!(
        rules.without_unknown_version(refusal).as_deref(),
        Some("4.20.0")
    );
    assert!(rules.query().unwrap().contains("(\"4.20.z\")"));
    let refusal = "The value '4.20.z' does not exist for the field 'Target Version'.";
    assert_eq!(rules.without_unknown_version(refusal), None);
}

#[test]
fn what_others_ship_or_the_build_data_excludes_is_no_candidate() {
    let rules = rules(Sweep {
        excluded: set(&["OCPBUGS-4"]),
        ..Sweep::default()
    });
    let with = |key: &str, components: &[&str], level: Option<&str>| Tracker {
        components: components.iter().map(|name| (*name).to_owned()).collect(),
        level: level.map(str::to_owned),
        ..tracker(key)
    };
    let found = vec![
        with("OCPBUGS-1", &[], None),
        with("OCPBUGS-2", &["Quay"], None),
        with("OCPBUGS-3", &["Quay", "oc"], None),
        with("OCPBUGS-4", &["oc"], None),
        with("OCPBUGS-5", &["oc"], Some("Embargoed Security Issue")),
        with("OCPBUGS-6", &["oc"], Some("Some Team Alone")),
        with("OCPBUGS-1", &[], None),
    ];
    let candidates = rules.candidates(found, Vec::new());
    assert_eq!(keys(&candidates), ["OCPBUGS-1", "OCPBUGS-3", "OCPBUGS-5"]);
}

#[test]
fn of_the_included_only_trackers_count_and_those_nobody_can_see() {
    let rules = rules(Sweep {
        included: set(&["OCPBUGS-1", "OCPBUGS-2", "OCPBUGS-3"]),
        inherited: set(&["OCPBUGS-4"]),
        ..Sweep::default()
    });
    let bug = Tracker {
        kind: "Bug".to_owned(),
        labels: Vec::new(),
        ..tracker("OCPBUGS-2")
    };
    let candidates = rules.candidates(
        vec![tracker("OCPBUGS-1")],
        vec![tracker("OCPBUGS-1"), bug, tracker("OCPBUGS-4")],
    );
    assert_eq!(keys(&candidates), ["OCPBUGS-1", "OCPBUGS-3", "OCPBUGS-4"]);
    let oddity = rules.oddity(&candidates[1]).unwrap();
    assert!(oddity.contains("cannot be seen"), "{oddity}");
}

#[test]
fn an_older_tracker_is_known_by_its_labels() {
    let older = |labels: &[&str]| Tracker {
        kind: "Bug".to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        downstream_component: None,
        ..tracker("OCPBUGS-1")
    };
    let labels = ["Security", "SecurityTracking", "pscomponent:openshift"];
    assert!(older(&labels).is_tracker());
    assert!(!older(&labels[..2]).is_tracker());
    assert!(!older(&labels[1..]).is_tracker());
    assert!(
        rules(Sweep::default())
            .oddity(&older(&labels[1..]))
            .is_some()
    );
}

#[test]
fn arts_label_goes_before_the_field_and_the_field_before_the_other_label() {
    let with = |labels: &[&str], field: Option<&str>| Tracker {
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        downstream_component: field.map(str::to_owned),
        ..tracker("OCPBUGS-1")
    };
    for (labels, field, package) in [
        (
            &["pscomponent:a", "art:pscomponent: b"][..],
            Some("c"),
            Some("b"),
        ),
        (&["pscomponent:a"], Some("c"), Some("c")),
        (&["pscomponent:a"], Some(" "), Some("a")),
        (&["pscomponent:"], None, None),
        (&[], Some("golang/golang"), Some("golang")),
        (&[], Some("openshift4/ose-cli"), Some("openshift4/ose-cli")),
    ] {
        let tracker = with(labels, field);
        assert_eq!(tracker.package(), package, "{labels:?} {field:?}");
    }
}

#[test]
fn the_tag_of_the_y_stream_stands_at_the_start_or_end_of_the_summary() {
    for (summary, is_tagged) in [
        ("CVE-1 a hole [openshift-4.20]", true),
        ("[openshift-4.20.0] CVE-1 a hole", true),
        ("CVE-1 [openshift-4.20.z] a hole", false),
        ("CVE-1 a hole [openshift-4.2]", false),
        ("CVE-1 a hole [openshift-4.20.1]", false),
    ] {
        let tracker = Tracker {
            summary: summary.to_owned(),
            ..tracker("OCPBUGS-1")
        };
        assert_eq!(tracker.is_tagged("4.20"), is_tagged, "{summary}");
        assert_eq!(
            rules(Sweep::default()).oddity(&tracker).is_none(),
            is_tagged
        );
    }
}

fn change(at: &str, from: &str, to: &str) -> StatusChange {
    StatusChange {
        at: at.parse().unwrap(),
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

#[test]
fn what_was_verified_after_the_builds_were_chosen_is_of_a_later_release() {
    let rules = rules(Sweep {
        chosen_at: Some(CHOSEN.parse().unwrap()),
        ..Sweep::default()
    });
    let (before, after) = ("2027-02-26T00:00:00Z", "2027-02-28T00:00:00Z");
    let too_late = |created: &str, history: &[StatusChange]| {
        let tracker = Tracker {
            created: Some(created.parse().unwrap()),
            ..tracker("OCPBUGS-1")
        };
        rules.is_too_late(&tracker, history)
    };
    let verified = |at| change(at, "ON_QA", "Verified");
    assert!(!too_late("2027-01-01T00:00:00Z", &[verified(before)]));
    assert!(
        !too_late("2027-01-01T00:00:00Z", &[verified(CHOSEN)]),
        "at that very moment"
    );
    assert!(too_late("2027-01-01T00:00:00Z", &[verified(after)]));
    // It was verified, taken back and verified again: at that moment it was not.
    let moves = [
        verified("2027-03-01T00:00:00Z"),
        verified("2027-02-01T00:00:00Z"),
        change(before, "Verified", "ASSIGNED"),
    ];
    assert!(too_late("2027-01-01T00:00:00Z", &moves));
    // It was, and was only looked at again later.
    let moves = [
        verified(before),
        change(after, "Verified", "ON_QA"),
        verified("2027-03-01T00:00:00Z"),
    ];
    assert!(!too_late("2027-01-01T00:00:00Z", &moves));
    // Before its first move it stood where that move came from.
    assert!(!too_late(
        "2027-01-01T00:00:00Z",
        &[change(after, "Verified", "ON_QA")]
    ));
    assert!(too_late(after, &[]), "it was not there");
    assert!(!too_late("2027-01-01T00:00:00Z", &[]), "nobody can tell");
}

#[test]
fn without_a_time_nothing_is_too_late() {
    let sweep = sweep_of(
        "4.20.1",
        "  4.20.1:\n    assembly: {basis: {brew_event: 60000001}}\n",
    );
    let rules = rules(sweep.unwrap());
    assert!(!rules.needs_history("OCPBUGS-1"));
    let late = change("2030-01-01T00:00:00Z", "ON_QA", "Verified");
    assert!(!rules.is_too_late(&tracker("OCPBUGS-1"), &[late]));
}

#[test]
fn the_moment_is_that_of_the_nearest_assembly_that_says_one() {
    let sweep = inherited("{}", "{}").unwrap();
    assert_eq!(sweep.chosen_at, Some(CHOSEN.parse().unwrap()));
    let basis = |basis: &str| {
        let text = format!(
            "  4.20.1:\n    assembly: {{basis: {basis}}}\n  p:\n    assembly: {{basis: {{time: '{CHOSEN}'}}}}\n"
        );
        sweep_of("4.20.1", &text)
    };
    assert_eq!(
        basis("{assembly: p, brew_event: 1}").unwrap().chosen_at,
        None
    );
    let own = basis("{assembly: p, time: '2027-01-02T03:04:05'}").unwrap();
    assert_eq!(own.chosen_at, Some("2027-01-02T03:04:05Z".parse().unwrap()));
    let error = basis("{time: soon}").unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("basis.time"), "{error}");
}

#[test]
fn issues_are_merged_through_all_parents() {
    let sweep = inherited(
        "{include: [{id: OCPBUGS-1}], exclude: [{id: OCPBUGS-7, why: wrong}, {id: 1900001}]}",
        "{include: [{id: OCPBUGS-2}], exclude: [{id: OCPBUGS-1}, {id: OCPBUGS-8}]}",
    );
    let sweep = sweep.unwrap();
    assert_eq!(sweep.included, set(&["OCPBUGS-1"]));
    assert_eq!(sweep.inherited, set(&["OCPBUGS-2", "OCPBUGS-9"]));
    // What the assembly takes in itself goes before what a parent leaves out.
    assert_eq!(sweep.excluded, set(&["OCPBUGS-7", "OCPBUGS-8"]));
}

#[test]
fn suffixes_of_keys_decide_what_is_inherited() {
    let parent = "{include: [{id: OCPBUGS-2}]}";
    for (own, included, inherited_keys) in [
        (
            "{'include!': [{id: OCPBUGS-1}]}",
            &["OCPBUGS-1"][..],
            &[][..],
        ),
        ("{'include-': null}", &[], &[]),
        (
            "{'include?': [{id: OCPBUGS-1}]}",
            &[],
            &["OCPBUGS-2", "OCPBUGS-9"],
        ),
        ("{include: null}", &[], &["OCPBUGS-2", "OCPBUGS-9"]),
        ("null", &[], &["OCPBUGS-2", "OCPBUGS-9"]),
        ("{exclude: [{id: OCPBUGS-2}]}", &[], &["OCPBUGS-9"]),
    ] {
        let sweep = inherited(own, parent).unwrap();
        assert_eq!(sweep.included, set(included), "{own}");
        assert_eq!(sweep.inherited, set(inherited_keys), "{own}");
    }
}

#[test]
fn lists_that_make_no_sense_are_errors_that_name_the_key() {
    for (own, part) in [
        ("{include: OCPBUGS-1}", "issues.include"),
        ("{exclude: [OCPBUGS-1]}", "issues.exclude"),
        ("[]", "issues"),
        (
            "{include: [{id: OCPBUGS-1}], exclude: [{id: OCPBUGS-1}]}",
            "both includes and excludes the issue OCPBUGS-1",
        ),
    ] {
        let error = inherited(own, "{}").unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{own}");
        assert!(error.message.contains(part), "{own}: {error}");
    }
    let circle = "  4.20.1:\n    assembly: {basis: {assembly: p}}\n  p:\n    assembly: {basis: {assembly: 4.20.1}}\n";
    let error = sweep_of("4.20.1", circle).unwrap_err();
    assert!(error.message.contains("circle"), "{error}");
    let error = sweep_of("4.20.3", circle).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[test]
fn the_shipments_of_other_assemblies_are_their_own_ones() {
    let text = "releases:\n  4.20.2:\n    assembly: {group: {shipment: {url: u2}}}\n  \
         4.20.1:\n    assembly: {group: {'shipment!': {url: u1}}}\n  \
         rc.1:\n    assembly: {group: {shipment: {env: prod}}}\n  \
         rc.2:\n    assembly: {basis: {assembly: 4.20.1}, group: null}\n";
    let assemblies = Assemblies::parse("4.20", text).unwrap();
    let of = |release: &str| assemblies.other_shipments(&release.parse().unwrap());
    assert_eq!(of("4.20.2"), ["u1"]);
    assert_eq!(of("4.20.9"), ["u2", "u1"]);
}

#[test]
fn the_rules_for_bugs_name_versions_of_the_y_stream_only() {
    let text = "target_release: ['{MAJOR}.{MINOR}.0', 4.20.z]\nfilters: {default: [Quay], security: [Quay, oc]}\n";
    let rules = BugRules::parse("4.20", text).unwrap();
    assert_eq!(rules.target_versions, ["4.20.0", "4.20.z"]);
    assert_eq!(rules.foreign_components, ["Quay"]);
    for (text, part) in [
        ("target_release: [4.2.z]", "4.2.z"),
        ("target_release: ['4.201.z']", "4.201.z"),
        ("target_release: []", "no `target_release`"),
        ("filters: {}", "no `target_release`"),
        ("target_release: {", "cannot be read"),
    ] {
        let error = BugRules::parse("4.20", text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        assert!(error.message.contains(part), "{text}: {error}");
    }
    assert_eq!(
        BugRules::usual("4.20").target_versions,
        ["4.20.0", "4.20.z"]
    );
}

fn taken() -> Taken {
    Taken {
        on_advisories: set(&["OCPBUGS-1"]),
        in_shipment: Some(set(&["OCPBUGS-2", "OCPBUGS-3"])),
        packages: vec![
            ("rpm".to_owned(), set(&["openshift"])),
            ("rhcos".to_owned(), set(&["rhcos-x86_64", "rhcos-aarch64"])),
            ("image".to_owned(), set(&["thing-container"])),
        ],
    }
}

#[test]
fn a_tracker_of_a_package_must_be_on_an_advisory_and_not_only_in_the_shipment() {
    let taken = taken();
    for (key, package, place, is_taken) in [
        ("OCPBUGS-1", "thing-container", Place::Shipment, true),
        ("OCPBUGS-2", "thing-container", Place::Shipment, true),
        ("OCPBUGS-4", "thing-container", Place::Shipment, false),
        ("OCPBUGS-1", "openshift", Place::Advisories, true),
        ("OCPBUGS-2", "openshift", Place::Advisories, false),
        ("OCPBUGS-3", "rhcos", Place::Advisories, false),
        ("OCPBUGS-3", "rhcos-tools", Place::Shipment, true),
        (
            "OCPBUGS-3",
            "openshift-golang-builder-container",
            Place::Shipment,
            true,
        ),
        ("OCPBUGS-4", "unknown", Place::Shipment, false),
        ("OCPBUGS-4", "", Place::Shipment, false),
    ] {
        let tracker = of_package(key, package);
        assert_eq!(taken.place(&tracker), place, "{key} {package}");
        assert_eq!(taken.has(&tracker), is_taken, "{key} {package}");
    }
}

#[test]
fn without_a_shipment_everything_belongs_on_the_advisories() {
    let taken = Taken {
        in_shipment: None,
        ..taken()
    };
    for (key, is_taken) in [("OCPBUGS-1", true), ("OCPBUGS-2", false)] {
        let tracker = tracker(key);
        assert_eq!(taken.place(&tracker), Place::Advisories);
        assert_eq!(taken.has(&tracker), is_taken);
    }
}

#[test]
fn the_package_of_a_build_is_what_stands_before_version_and_release() {
    assert_eq!(package_of("rhcos-x86_64-9.6.20270227-0"), "rhcos-x86_64");
    assert_eq!(package_of("openshift-4.20.0-2027.el9"), "openshift");
    assert_eq!(package_of("openshift"), "openshift");
}

#[test]
fn the_issue_says_where_trackers_are_missed() {
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
    let (one, two) = (keys(&["OCPBUGS-1"]), keys(&["OCPBUGS-2", "OCPBUGS-3"]));
    assert_eq!(
        issue_text(&one, &two),
        "Found 3 missed CVE tracker bugs: 1 in advisories, 2 in shipments\n\n\
         Missed CVE tracker bugs:\n- OCPBUGS-1\n- OCPBUGS-2\n- OCPBUGS-3\n"
    );
    assert_eq!(
        issue_text(&one, &[]),
        "Found 1 missed CVE tracker bugs in advisories\n\nMissed CVE tracker bugs:\n- OCPBUGS-1\n"
    );
    assert!(issue_text(&[], &two).starts_with("Found 2 missed CVE tracker bugs in shipments\n\n"));
}

#[test]
fn an_issue_about_very_many_trackers_fits_and_counts_the_rest() {
    let keys: Vec<String> = (0..200)
        .map(|number| format!("OCPBUGS-{}", 70_000 + number))
        .collect();
    let text = issue_text(&[], &keys);
    assert!(text.chars().count() <= 1_000, "{}", text.len());
    let named = text.matches("- OCPBUGS-").count();
    let rest = format!("- and {} more, see the log of the task\n", 200 - named);
    assert!(named > 50 && text.ends_with(&rest), "{text}");
}
