//! The documents of fresh releases.

use oar_script::{
    release::Version,
    sim::{
        build_data,
        results::{Tests, revisions},
        seed::{START, Seed, nightly_jobs, stable_jobs},
    },
};
use serde_json::{Value, json};

fn seed(version: &str, number: u64) -> Seed {
    Seed {
        scenario: "smooth".to_owned(),
        seed: number,
        version: version.parse().unwrap(),
        start: START,
    }
}

fn documents(version: &str, number: u64) -> Value {
    let seed = seed(version, number);
    seed.documents(&seed.identity(&Value::Null))
}

#[test]
fn worlds_start_at_nine_on_the_first_of_march() {
    assert_eq!(START.to_string(), "2027-03-01T09:00:00Z");
}

#[test]
fn the_same_world_comes_out_again_and_another_seed_differs() {
    assert_eq!(documents("4.18.9", 3), documents("4.18.9", 3));
    assert_ne!(documents("4.18.9", 3), documents("4.18.9", 4));
}

#[test]
fn every_version_gets_every_service_and_readable_files() {
    for version in [
        "4.12.90",
        "4.20.1",
        "4.22.0",
        "4.21.0-rc.1",
        "5.0.0-ec.3",
        "5.1.2",
        "6.0.0",
    ] {
        let documents = documents(version, 0);
        for service in [
            "release_controller",
            "github",
            "errata",
            "gitlab",
            "prow",
            "jenkins",
            "jira",
            "slack",
            "oar",
        ] {
            assert!(documents[service].is_object(), "{version}: {service}");
        }
        let branches = documents["github"]["branches"].as_object().unwrap();
        for (path, text) in branches
            .values()
            .flat_map(|files| files.as_object().unwrap())
        {
            let file: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
            assert!(file.is_object(), "{version}: {path}");
        }
        let release = build_data::resolved(&documents, version).unwrap();
        let candidate = release["candidate_builds"]["x86_64"].as_str().unwrap();
        let y_stream = version.parse::<Version>().unwrap().y_stream();
        let stream = format!("{y_stream}.0-0.nightly");
        assert!(
            candidate.starts_with(&format!("{stream}-2027-02-27-")),
            "{candidate}"
        );
        let tag = &documents["release_controller"]["streams"][&stream][candidate];
        assert_eq!(tag["phase"], json!("Accepted"));
        for id in release["advisories"].as_object().unwrap().values() {
            let advisory = &documents["errata"]["advisories"][id.to_string()];
            assert_eq!(advisory["state"], json!("QE"));
        }
    }
}

#[test]
fn the_default_release_has_the_numbers_of_the_documentation() {
    let release = build_data::resolved(&documents("4.20.1", 0), "4.20.1").unwrap();
    assert_eq!(
        release["advisories"],
        json!({ "rpm": 180101, "rhcos": 180102 })
    );
    assert_eq!(release["jira_ticket"], json!("ART-30001"));
    assert!(release["shipment_mr"].as_str().unwrap().ends_with("/901"));
}

#[test]
fn a_taken_number_is_not_given_again() {
    let first = seed("4.20.1", 0);
    let taken = first.documents(&first.identity(&Value::Null));
    let again = first.identity(&taken);
    assert_eq!(again.advisories[0], ("rpm".to_owned(), 180111));
}

#[test]
fn job_names_follow_the_table() {
    let suffixes = |jobs: Vec<String>| -> Vec<String> {
        jobs.iter()
            .map(|job| {
                let (_, suffix) = job.split_once("-automated-release-").unwrap();
                suffix.strip_suffix("-f999").unwrap().to_owned()
            })
            .collect()
    };
    let check = |version: &str, stable: &[&str], nightly: &[&str]| {
        let version: Version = version.parse().unwrap();
        assert_eq!(suffixes(stable_jobs(&version)), stable);
        assert_eq!(suffixes(nightly_jobs(&version)), nightly);
    };
    check(
        "4.20.1",
        &[
            "stable-4.20-upgrade-from-stable-4.19-aws-ipi",
            "stable-4.20-upgrade-from-stable-4.20-azure-ipi-fips",
            "stable-4.20-upgrade-from-stable-4.20-gcp-ipi",
        ],
        &[
            "aws-ipi",
            "azure-ipi-fips",
            "gcp-ipi",
            "aws-ipi-disruptive",
            "stable-4.20-upgrade-from-stable-4.19-gcp-ipi",
            "stable-4.20-upgrade-from-stable-4.20-aws-ipi",
        ],
    );
    check(
        "5.0.0-ec.3",
        &[
            "stable-5.0-upgrade-from-stable-4.22-aws-ipi",
            "stable-5.0-upgrade-from-stable-5.0-azure-ipi-fips",
            "stable-5.0-upgrade-from-stable-5.0-gcp-ipi",
        ],
        &[
            "aws-ipi",
            "azure-ipi-fips",
            "gcp-ipi",
            "aws-ipi-disruptive",
            "nightly-5.0-upgrade-from-stable-4.22-gcp-ipi",
            "nightly-5.0-upgrade-from-stable-5.0-aws-ipi",
        ],
    );
    assert_eq!(nightly_jobs(&"4.13.5".parse().unwrap()).len(), 5);
}

#[test]
fn a_result_file_grows_until_it_is_decided() {
    let seed = seed("4.20.1", 0);
    let end = START + jiff::SignedDuration::from_hours(6);
    for (tests, count, accepted) in [
        (Tests::Accepted, 4, json!(true)),
        (Tests::Flaky, 4, json!(true)),
        (Tests::Rejected, 4, json!(false)),
        (Tests::OneJob, 4, json!(true)),
        (Tests::Never, 2, Value::Null),
    ] {
        let files = revisions(&seed, "4.20.1", tests, START, end);
        assert_eq!(files.len(), count);
        assert!(files.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let (first, last) = (&files[0].1, &files[count - 1].1);
        assert_eq!(first["result"][0]["firstJob"].as_object().unwrap().len(), 1);
        assert_eq!(last["accepted"], accepted, "{tests:?}");
        for (_, file) in &files[..count.min(3)] {
            assert_eq!(file["accepted"], Value::Null);
        }
        if accepted == json!(true) {
            assert_eq!(computed(last), Some(true), "{tests:?}");
        }
        if accepted == json!(false) {
            assert_eq!(computed(last), Some(false), "{tests:?}");
        }
    }
}

/// The acceptance rule: a job wins at first, or a majority of its three attempts.
fn computed(file: &Value) -> Option<bool> {
    let won = |run: &Value| Some(run["jobState"].as_str()? == "success");
    let mut is_accepted = true;
    for job in file["result"].as_array()? {
        let wins = job["retriedJobs"]
            .as_array()?
            .iter()
            .filter_map(won)
            .filter(|is_won| *is_won)
            .count();
        is_accepted &= won(&job["firstJob"])? || wins >= 2;
    }
    Some(is_accepted)
}
