//! Everything known about the test results of one build, together.

use super::{
    acceptance::Acceptance,
    file_name::FileName,
    job_name::Platform,
    reading::Reading,
    registry::{Coverage, Registry},
    scenario::Scenario,
    verdict::{self, Verdict, judge},
};
use crate::error::Result;

/// The file of a build and what was found out about it.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The file.
    pub file: FileName,
    /// What it says, by class.
    pub reading: Reading,
    /// What the rule makes of it; none when it is no result.
    pub acceptance: Option<Acceptance>,
    /// Whether all required jobs ran.
    pub coverage: Coverage,
    /// What a person should think of it.
    pub verdict: Verdict,
}

/// A scenario that failed in an attempt of a job that won all the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flake {
    /// The scenario.
    pub scenario: Scenario,
    /// The full job name.
    pub job: String,
    /// Its platform.
    pub platform: Platform,
    /// The attempts it failed in.
    pub attempts: Vec<String>,
}

impl Analysis {
    /// Analyses the bytes of the result file of `build` on `arch`; no bytes means no file.
    ///
    /// `registry` is the job definitions of the build's time. Without it all jobs in the file count
    /// as required and the coverage is compared with the job set known at this version.
    ///
    /// Errors: `invalid` for a wrong build name or architecture, and for a file about another build.
    pub fn of(
        build: &str,
        arch: &str,
        bytes: Option<&[u8]>,
        registry: Option<&Registry>,
    ) -> Result<Self> {
        let file = FileName::new(build, arch)?;
        let reading = Reading::of_build(bytes, &file.build)?;
        let result = reading.result();
        let coverage = result
            .map(|result| Coverage::of(result, &file.arch, registry))
            .unwrap_or_default();
        let acceptance = result.map(|result| verdict::rule(result, &coverage, registry));
        let verdict = judge(&reading, acceptance.as_ref(), &coverage);
        Ok(Self {
            file,
            reading,
            acceptance,
            coverage,
            verdict,
        })
    }

    /// The status people see, such as `accepted by a person`.
    pub fn status(&self) -> &'static str {
        self.reading.status()
    }

    /// Says that the stored decision is not what the rule gives, when that is so.
    pub fn difference(&self) -> Option<String> {
        let Reading::Decided(result) = &self.reading else {
            return None;
        };
        verdict::difference(result, self.acceptance.as_ref()?)
    }

    /// Scenarios that failed in jobs that won by retries: flakes, also of accepted builds.
    pub fn flakes(&self) -> Vec<Flake> {
        let (Some(result), Some(acceptance)) = (self.reading.result(), &self.acceptance) else {
            return Vec::new();
        };
        let mut flakes: Vec<Flake> = Vec::new();
        for (job, evaluation) in result.jobs.iter().zip(&acceptance.jobs) {
            if !evaluation.is_success {
                continue;
            }
            for (label, run) in job.attempts() {
                let suites = run.suites.iter().flatten();
                for name in suites.flat_map(|suite| &suite.failing_scenarios) {
                    let known = flakes
                        .iter_mut()
                        .find(|flake| flake.job == job.name && &flake.scenario.name == name);
                    match known {
                        Some(flake) => flake.attempts.push(label.clone()),
                        None => flakes.push(Flake {
                            scenario: Scenario::parse(name),
                            job: job.name.clone(),
                            platform: Platform::of(&job.name),
                            attempts: vec![label.clone()],
                        }),
                    }
                }
            }
        }
        flakes
    }

    /// The state in one line, such as `1 of 3 jobs done` or `accepted, 2 jobs needed retries`.
    pub fn overview_line(&self) -> String {
        let mut line = match (&self.reading, &self.acceptance) {
            (Reading::Missing, _) => "no test result yet".to_owned(),
            (Reading::InvalidJson(fault), _) => format!(
                "test result unreadable: {} at line {}",
                fault.message, fault.line
            ),
            (Reading::UnsupportedLayout(why), _) => format!("test result unreadable: {why}"),
            (_, None) => self.status().to_owned(),
            (Reading::Decided(result), Some(acceptance)) if result.accepted == Some(true) => {
                match acceptance.retried().count() {
                    0 => "accepted".to_owned(),
                    1 => "accepted, 1 job needed retries".to_owned(),
                    count => format!("accepted, {count} jobs needed retries"),
                }
            }
            (Reading::Decided(_), Some(acceptance)) => {
                let lost: Vec<_> = acceptance.lost().collect();
                let mut platforms: Vec<_> =
                    lost.iter().map(|job| Platform::of(&job.name)).collect();
                platforms.sort();
                platforms.dedup();
                let platforms: Vec<_> = platforms.iter().map(|platform| platform.word()).collect();
                format!(
                    "{}, {} of {} jobs lost ({}); advice {}",
                    self.status(),
                    lost.len(),
                    acceptance.total,
                    platforms.join(", "),
                    self.verdict.word
                )
                .replace(" ()", "")
            }
            (Reading::PromotionRequested(_), Some(_)) => {
                "promotion requested, waits for the next aggregation".to_owned()
            }
            (_, Some(acceptance)) => {
                let done = format!("{} of {} jobs done", acceptance.completed, acceptance.total);
                match acceptance.failed {
                    0 => done,
                    failed => format!("{done}, {failed} lost so far"),
                }
            }
        };
        match self.coverage.missing.len() {
            0 => {}
            1 => line.push_str(", 1 required job never started"),
            count => line.push_str(&format!(", {count} required jobs never started")),
        }
        line
    }
}
