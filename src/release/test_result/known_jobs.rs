//! The job set known at this version of the program: the registry to use when none can be read.
//!
//! A registry document takes its place. The set is that of the registry on `main` in mid 2026; each
//! row says since when its list has had these places (names may have been others before). A file
//! older than that was triggered from another set, so nothing is said about its coverage.

use jiff::Timestamp;

use super::{
    file_name,
    registry::{JobList, RegistryJob},
};

/// A minor release, the one it is upgraded from, and the times in which each list is known.
struct Known {
    minor: &'static str,
    previous: &'static str,
    nightly: &'static [Period],
    stable: &'static [Period],
}

/// From when on, until when (open when empty).
type Period = (&'static str, &'static str);

/// When the disruptive job became required everywhere.
const DISRUPTIVE_REQUIRED: &[Period] = &[("2025-04-27T05:33:42Z", "")];

const KNOWN: [Known; 12] = [
    Known {
        minor: "4.12",
        previous: "4.12",
        nightly: &[("2024-06-14T04:15:36Z", "")],
        stable: &[("2024-06-14T04:15:36Z", "")],
    },
    Known {
        minor: "4.13",
        previous: "4.12",
        nightly: &[("2024-09-04T13:31:37Z", "")],
        stable: &[("2024-09-04T13:31:37Z", "")],
    },
    Known {
        minor: "4.14",
        previous: "4.13",
        nightly: DISRUPTIVE_REQUIRED,
        stable: &[("2024-10-16T03:20:44Z", "")],
    },
    Known {
        minor: "4.15",
        previous: "4.14",
        nightly: DISRUPTIVE_REQUIRED,
        stable: &[("2024-11-07T06:53:02Z", "")],
    },
    Known {
        minor: "4.16",
        previous: "4.15",
        nightly: DISRUPTIVE_REQUIRED,
        stable: &[
            ("2024-05-20T06:02:32Z", "2024-05-21T05:11:21Z"),
            ("2024-11-27T03:09:41Z", ""),
        ],
    },
    Known {
        minor: "4.17",
        previous: "4.16",
        nightly: DISRUPTIVE_REQUIRED,
        stable: &[("2025-01-06T07:01:32Z", "")],
    },
    Known {
        minor: "4.18",
        previous: "4.17",
        nightly: DISRUPTIVE_REQUIRED,
        stable: &[("2025-02-06T05:37:12Z", "")],
    },
    // Two upgrade jobs were switched off around the first release, when there was no stable 4.19
    // to upgrade from.
    Known {
        minor: "4.19",
        previous: "4.18",
        nightly: DISRUPTIVE_REQUIRED,
        stable: &[
            ("2025-02-13T11:01:37Z", "2025-06-15T02:14:07Z"),
            ("2025-06-21T09:04:24Z", ""),
        ],
    },
    Known {
        minor: "4.20",
        previous: "4.19",
        nightly: &[("2025-07-16T08:34:01Z", "")],
        stable: &[("2025-07-16T08:34:01Z", "")],
    },
    Known {
        minor: "4.21",
        previous: "4.20",
        nightly: &[("2026-01-08T03:20:51Z", "")],
        stable: &[("2026-01-08T03:20:51Z", "")],
    },
    Known {
        minor: "4.22",
        previous: "4.21",
        nightly: &[("2026-03-30T14:19:14Z", "")],
        stable: &[("2026-03-30T14:19:14Z", "")],
    },
    Known {
        minor: "5.0",
        previous: "4.22",
        nightly: &[("2026-06-02T15:11:01Z", "")],
        stable: &[("2026-06-02T15:11:01Z", "")],
    },
];

/// Returns the jobs of a list of a minor release as this version knows them; none for a minor
/// release it does not know.
pub fn expected_jobs(minor: &str, list: JobList) -> Option<Vec<RegistryJob>> {
    KNOWN
        .iter()
        .find(|known| known.minor == minor)
        .map(|known| known.jobs(list))
}

/// Returns the jobs that `build` needed when its jobs were triggered; none when that is not known.
/// Without a time the build is taken for a recent one.
pub(super) fn jobs_at(
    build: &str,
    arch: &str,
    triggered_at: Option<Timestamp>,
) -> Option<Vec<RegistryJob>> {
    if arch != "amd64" {
        return None;
    }
    let minor = file_name::minor(build)?;
    let list = JobList::of_build(build);
    let known = KNOWN.iter().find(|known| known.minor == minor)?;
    let periods = match list {
        JobList::Nightly => known.nightly,
        JobList::Stable => known.stable,
    };
    let is_known = |at: Timestamp| {
        let is_past = |text: &str| text.parse::<Timestamp>().is_ok_and(|edge| edge <= at);
        periods
            .iter()
            .any(|(since, until)| is_past(since) && !is_past(until))
    };
    triggered_at.is_none_or(is_known).then(|| known.jobs(list))
}

impl Known {
    fn jobs(&self, list: JobList) -> Vec<RegistryJob> {
        let Self {
            minor, previous, ..
        } = self;
        let gcp = if *minor == "4.12" {
            "gcp-ipi-custom-type"
        } else {
            "gcp-ipi"
        };
        let azure_upgrade = if *minor == "4.12" {
            "azure-upi"
        } else {
            "azure-ipi-fips"
        };
        let name = |suffix: &str| {
            format!(
                "periodic-ci-openshift-openshift-tests-private-release-{minor}-automated-release-{suffix}-f999"
            )
        };
        let test = |suffix: &str| RegistryJob::new(name(suffix), false);
        let upgrade = |channel: &str, from: &str, suffix: &str| {
            let suffix = format!("{channel}-{minor}-upgrade-from-stable-{from}-{suffix}");
            RegistryJob::new(name(&suffix), true)
        };
        match list {
            JobList::Nightly => {
                let mut jobs = vec![test("aws-ipi"), test("azure-ipi-fips"), test(gcp)];
                if !matches!(*minor, "4.12" | "4.13") {
                    jobs.push(test("aws-ipi-disruptive"));
                }
                let across = if *minor == "5.0" { "nightly" } else { "stable" };
                let within = if matches!(*minor, "4.22" | "5.0") {
                    "nightly"
                } else {
                    "stable"
                };
                jobs.push(upgrade(across, previous, gcp));
                jobs.push(upgrade(within, minor, "aws-ipi"));
                jobs
            }
            JobList::Stable => {
                let aws = upgrade("stable", previous, "aws-ipi");
                let azure = upgrade("stable", minor, azure_upgrade);
                let gcp = upgrade("stable", minor, gcp);
                vec![aws, azure, gcp]
            }
        }
    }
}
