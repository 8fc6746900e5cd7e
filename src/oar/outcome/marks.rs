//! The lines of a log that mean something, found by pattern.

use std::sync::LazyLock;

use regex::Regex;

use crate::release::{Remote, TaskStatus, approval::Given};

macro_rules! pattern {
    ($name:ident, $text:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(concat!("(?m)", $text)).expect("the pattern is constant"));
    };
}

pattern!(
    STATUS,
    r"task \[[^\]\n]*\] status is changed to \[(Not Started|In Progress|Pass|Fail)\]"
);
pattern!(
    PROW_TRIGGERED,
    r"(?:Triggered image consistency check Prow job|Image consistency check job id|Returned job id): (\S+)|Job (\S+) not ready after \d+ attempts"
);
pattern!(
    PROW_URL,
    r"(?:Prow job URL|consistency check job url): (\S+)"
);
pattern!(PROW_CHECKED, r"Prow job status for job ID: (\S+)");
pattern!(PROW_STATE, r"Job state: (\S+), URL: (\S+)");
pattern!(
    PROW_DUPLICATE,
    r"Prow job (\S+) already in state '([^']*)', skipping duplicate trigger"
);
pattern!(
    PROW_ENDED,
    r"Prow job (\S+) ended with state '([^']*)', (?:re-triggering|resetting for re-trigger)"
);
pattern!(
    PROW_MISSING,
    r"Could not retrieve job info for job ID: (\S+)|Job (\S+) not found or Prow API error"
);
pattern!(
    BUILD_TRIGGERED,
    r"(?:triggered stage pipeline job: <([^>\n]*)>|Triggered image consistency check job: (.+)$)"
);
pattern!(BUILD_NUMBER, r"/(\d+)/?\s*$");
pattern!(QUEUE_ITEM, r"(\S*/queue/item/(\d+)\S*)");
pattern!(BUILD_CHECKED, r"job status according to job id: (\d+)");
pattern!(BUILD_STATE, r"build status of (\S+)/(\d+) is (.+)$");
pattern!(PUSH_TRIGGERED, r"push job for advisory (\d+) is triggered");
pattern!(PUSH_STATE, r"push job for target <([^>\n]*)> is (\w+)");
pattern!(
    PUSH_BLOCKED,
    r"push jobs of blocking advisory (\d+) are not completed yet"
);
pattern!(STAGE_RELEASE, r"Stage release failed with status (\S+)");
pattern!(
    CHECKER,
    r"Background metadata checker process started \(PID: (\d+)\)"
);
pattern!(CHECKER_LOG, r"Process output redirected to: (.+)$");
pattern!(
    CHECKER_BUSY,
    r"Scheduler is already running for release (\S+)"
);
pattern!(CLOSED, r"Gitlab MR (\d+) state is not open");
pattern!(
    MISSED,
    r"(?:CVE tracker bug (\S+) is not found in|^- ([A-Z]+-\d+)\s*$)"
);
pattern!(
    STORE_TROUBLE,
    r"(?:Failed to update StateBox for task '[^']+'|Unexpected error updating StateBox): (.*)$"
);
pattern!(
    REPORT,
    r"(?:StateBox already exists for \S+ at (\S+)|StateBox initialized successfully for \S+ at (\S+)|Found existing worksheet for .*?: (\S+)|new test report is created: (\S+)|test report of \S+ already exists, url: (\S+))"
);
pattern!(HEALTH, r"Scanned (\d+) images, found (\d+) unhealthy");
pattern!(
    UUID,
    r"\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b"
);
pattern!(STAGE_BUILD_ANYWHERE, r"(\S*Stage-Pipeline/(\d+)/?)");

/// What was found in a text.
#[derive(Debug, Default)]
pub(super) struct Marks<'a> {
    pub text: &'a str,
    pub status: Option<TaskStatus>,
    pub prow_triggered: Option<&'a str>,
    pub prow_url: Option<&'a str>,
    pub prow_checked: Option<&'a str>,
    pub prow_state: Option<&'a str>,
    pub prow_duplicate: Option<(&'a str, &'a str)>,
    pub prow_ended: Option<(&'a str, &'a str)>,
    pub prow_missing: Option<&'a str>,
    pub build_triggered: Option<&'a str>,
    pub build_state: Option<(&'a str, &'a str)>,
    pub build_checked: Option<&'a str>,
    pub pushes_triggered: Vec<&'a str>,
    pub push_states: Vec<(&'a str, &'a str)>,
    pub push_blocked: Option<&'a str>,
    pub stage_release: Option<&'a str>,
    pub checker: Option<&'a str>,
    pub checker_log: Option<&'a str>,
    pub checker_busy: Option<&'a str>,
    pub given: Option<Given>,
    pub closed_request: Option<&'a str>,
    pub missed: Vec<&'a str>,
    pub store_trouble: Option<&'a str>,
    pub report: Option<&'a str>,
    pub unhealthy: Option<(&'a str, &'a str)>,
}

impl<'a> Marks<'a> {
    /// Finds everything that means something.
    pub fn of(text: &'a str) -> Self {
        let mut missed = all(&MISSED, text);
        let mut seen = Vec::new();
        missed.retain(|key| {
            let is_new = !seen.contains(key);
            seen.push(*key);
            is_new
        });
        let prow = PROW_STATE.captures_iter(text).last();
        let known = |url: &&str| *url != "None";
        Self {
            text,
            status: last(&STATUS, text).and_then(|word| word.parse().ok()),
            prow_triggered: last(&PROW_TRIGGERED, text),
            prow_url: last(&PROW_URL, text).or_else(|| {
                prow.as_ref()
                    .and_then(|found| found.get(2))
                    .map(|url| url.as_str())
                    .filter(known)
            }),
            prow_checked: last(&PROW_CHECKED, text),
            prow_state: prow
                .as_ref()
                .and_then(|found| found.get(1))
                .map(|state| state.as_str()),
            prow_duplicate: pair(&PROW_DUPLICATE, text, 1, 2),
            prow_ended: pair(&PROW_ENDED, text, 1, 2),
            prow_missing: last(&PROW_MISSING, text),
            build_triggered: last_raw(&BUILD_TRIGGERED, text),
            build_state: pair(&BUILD_STATE, text, 2, 3),
            build_checked: last(&BUILD_CHECKED, text),
            pushes_triggered: all(&PUSH_TRIGGERED, text),
            push_states: PUSH_STATE
                .captures_iter(text)
                .filter_map(|found| Some((found.get(1)?.as_str(), found.get(2)?.as_str())))
                .collect(),
            push_blocked: last(&PUSH_BLOCKED, text),
            stage_release: last(&STAGE_RELEASE, text),
            checker: last(&CHECKER, text),
            checker_log: last_raw(&CHECKER_LOG, text),
            checker_busy: last(&CHECKER_BUSY, text),
            given: Given::read(text),
            closed_request: last(&CLOSED, text),
            missed,
            store_trouble: last_raw(&STORE_TROUBLE, text),
            report: last(&REPORT, text),
            unhealthy: pair(&HEALTH, text, 1, 2),
        }
    }

    /// Whether the text says this, in any case of letters.
    pub fn says(&self, part: &str) -> bool {
        self.text.to_lowercase().contains(&part.to_lowercase())
    }

    /// The Prow job the text is about.
    pub fn prow_job(&self) -> Option<Remote> {
        let id = self
            .prow_triggered
            .or(self.prow_duplicate.map(|(id, _)| id))
            .or(self.prow_checked)
            .or(self.prow_missing)
            .or(self.prow_ended.map(|(id, _)| id))?;
        Some(super::remote("prow-job", id, self.prow_url))
    }

    /// The Jenkins build or queue item the text is about.
    pub fn build(&self) -> Option<Remote> {
        if let Some(info) = self.build_triggered {
            return build_in(info);
        }
        let number = self
            .build_state
            .map(|(number, _)| number)
            .or(self.build_checked)?;
        Some(super::remote("jenkins-build", number, None))
    }

    /// The background checker that the text says was started.
    pub fn started_checker(&self) -> Option<Remote> {
        let id = self.checker?;
        Some(super::remote("checker", id, None))
    }

    /// What runs outside according to a text written by a person.
    pub fn anything_in_prose(&self, task: &str) -> Option<Remote> {
        match task {
            "image-consistency-check" => {
                let id = last(&UUID, self.text)?;
                Some(super::remote("prow-job", id, None))
            }
            "stage-testing" => {
                let found = STAGE_BUILD_ANYWHERE.captures_iter(self.text).last();
                match found {
                    Some(found) => {
                        let url = found.get(1).map(|url| url.as_str());
                        let url = url
                            .map(|url| url.trim_start_matches(['<', '(', '[']))
                            .filter(|url| url.starts_with("http"));
                        Some(super::remote("jenkins-build", found.get(2)?.as_str(), url))
                    }
                    None => queue_item(self.text),
                }
            }
            _ => None,
        }
    }
}

fn build_in(info: &str) -> Option<Remote> {
    if let Some(item) = queue_item(info) {
        return Some(item);
    }
    let number = last(&BUILD_NUMBER, info.trim())?;
    Some(super::remote("jenkins-build", number, Some(info.trim())))
}

fn queue_item(text: &str) -> Option<Remote> {
    let found = QUEUE_ITEM.captures_iter(text).last()?;
    let url = found.get(1)?.as_str();
    Some(super::remote(
        "jenkins-queue-item",
        found.get(2)?.as_str(),
        Some(url),
    ))
}

fn last<'a>(pattern: &Regex, text: &'a str) -> Option<&'a str> {
    all(pattern, text).pop()
}

fn last_raw<'a>(pattern: &Regex, text: &'a str) -> Option<&'a str> {
    pattern
        .captures_iter(text)
        .last()
        .and_then(|found| found.iter().skip(1).flatten().next())
        .map(|found| found.as_str().trim())
}

fn all<'a>(pattern: &Regex, text: &'a str) -> Vec<&'a str> {
    pattern
        .captures_iter(text)
        .filter_map(|found| found.iter().skip(1).flatten().next())
        .map(|found| bare(found.as_str()))
        .filter(|found| !found.is_empty())
        .collect()
}

fn pair<'a>(pattern: &Regex, text: &'a str, one: usize, two: usize) -> Option<(&'a str, &'a str)> {
    let found = pattern.captures_iter(text).last()?;
    Some((
        bare(found.get(one)?.as_str()),
        found.get(two)?.as_str().trim(),
    ))
}

/// Without the punctuation that prose puts after an identity.
fn bare(text: &str) -> &str {
    text.trim_end_matches(['.', ',', '\''])
}
