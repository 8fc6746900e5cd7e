//! The kernel of a release.

use oar_script::release::kernel::{is_rhcos, is_stopped, metadata_path};

#[test]
fn a_build_of_the_operating_system_has_its_file_below_name_version_and_release() {
    let check = |nvr: &str, expected: Option<&str>| {
        let expected = expected.map(|path| format!("/brewroot/packages/{path}/metadata.json"));
        assert_eq!(metadata_path(nvr).ok(), expected, "{nvr}");
    };
    check(
        "rhcos-x86_64-9.6.20250807-0",
        Some("rhcos-x86_64/9.6.20250807/0"),
    );
    check("rhcos-x86_64-418.94.1-12", Some("rhcos-x86_64/418.94.1/12"));
    check("rhcos-4.20-x86_64", None);
    check("rhcos-x86_64-9.6.-0", None);
    check("rhcos-x86_64-9.6.1-0.el9", None);
    check("../x-1-1", None);
    check("-1-1", None);
    check("1", None);
    check("", None);
}

#[test]
fn only_the_operating_system_of_amd64_is_looked_at() {
    assert!(is_rhcos("rhcos-x86_64-9.6.20250807-0"));
    assert!(!is_rhcos("rhcos-aarch64-9.6.20250807-0"));
    assert!(!is_rhcos("openshift-4.20.0-1"));
}

#[test]
fn a_kernel_is_stopped_by_one_tag_alone() {
    let tags = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    assert!(is_stopped(&tags(&["a", "early-kernel-stop-ship"])));
    assert!(!is_stopped(&tags(&["early-kernel-stop-ship-2", "a"])));
    assert!(!is_stopped(&[]));
}
