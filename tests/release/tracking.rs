//! The tracking file of a y-stream.

use oar_script::{
    error::Kind,
    release::tracking::{Tracking, file_name, y_stream_numbers},
};

const FILE: &str = "releases:
  4.19.10:
    advisories:
      rhcos: 180202
      rpm: 180201
    release_jira: ART-30010
  4.19.2:
    advisories:
      extra: 150000
      rpm: 150001
    release_jira: ART-15002
  4.19.9:
    advisories:
      rpm: 180199
    release_jira: ART-30009
";

#[test]
fn the_newest_is_so_by_number_not_by_place() {
    let tracking = Tracking::parse("4.19", FILE).unwrap();
    assert_eq!(tracking.releases.len(), 3);
    let newest = tracking.newest().unwrap();
    assert_eq!(newest.version.to_string(), "4.19.10");
    assert_eq!(newest.advisories["rhcos"], 180202);
    assert_eq!(newest.jira_ticket.as_deref(), Some("ART-30010"));
}

#[test]
fn a_y_stream_may_have_no_release() {
    for text in ["releases: {}", "releases: {}\n"] {
        let tracking = Tracking::parse("5.0", text).unwrap();
        assert_eq!(tracking.newest(), None);
    }
}

#[test]
fn an_entry_may_lack_everything() {
    let text = "releases:\n  4.19.1:\n  4.19.3:\n    more: [1]\n";
    let tracking = Tracking::parse("4.19", text).unwrap();
    assert_eq!(tracking.newest().unwrap().version.to_string(), "4.19.3");
    assert_eq!(tracking.releases[0].jira_ticket, None);
}

#[test]
fn a_broken_file_is_named() {
    for text in [
        "",
        "releases:",
        "releases: null",
        "other: {}",
        "releases: [4.19.1]",
        "releases: {",
        "\tx",
        "releases: {stream: {}}",
        "releases: {'4.19': {}}",
        "releases: {4.20.1: {}}",
        "releases: {4.19.1: {advisories: {rpm: many}}}",
        "releases: {4.19.1: {}, 4.19.1: {}}",
        "<html>",
    ] {
        let error = Tracking::parse("4.19", text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{text}");
        assert!(error.message.contains("`4.19.z.yaml`"), "{text}: {error}");
        assert!(error.hint.is_some(), "{text}");
    }
}

#[test]
fn only_folders_of_y_streams_count() {
    assert_eq!(y_stream_numbers("4.20"), Some((4, 20)));
    assert!(y_stream_numbers("4.9") < y_stream_numbers("4.10"));
    for name in [
        "4", "4.", ".4", "4.200", "4.20.1", "v4.20", "4.x", "statebox", "4,20",
    ] {
        assert_eq!(y_stream_numbers(name), None, "{name}");
    }
    assert_eq!(file_name("4.20"), "4.20.z.yaml");
}
