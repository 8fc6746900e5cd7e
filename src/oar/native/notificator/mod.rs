//! `oarctl_jira_notificator`: reminds people of bugs that wait for verification.
//!
//! The rules are those of [`crate::release::escalation`]. One run looks at all bugs in `ON_QA` once and
//! takes at most one step for each.
//!
//! Differs from the Python tool:
//!
//! - The versions that are asked for are those of the y-streams that ART makes releases of.
//! - A dry run changes nothing, labels included.
//! - Trouble with one bug is its own: it is named at the end, and the bug is looked at again in the next
//!   run. Links, labels or a directory that cannot be read are such trouble; nobody is reminded on a guess.
//! - Who is reminded is put into Need Info From first and mentioned after, so a run that ends in between
//!   is made up for by the next one. The comment carries a token and is written once.
//! - A label is put on by itself, so labels that others change meanwhile stay.

mod reminding;

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::civil::Date;

use super::{Native, log::Log};
use crate::{
    error::{Error, Result},
    oar::backend::Ran,
    release::{
        Ending, Outcome,
        escalation::{
            Next, OVERDUE_LABEL, Waiting, is_verified_before_merge, pull_requests, query, versions,
        },
        statebox::mask_emails,
    },
    services::jira,
    state::newest::y_streams,
};

/// The project of the bugs.
const PROJECT: &str = "OCPBUGS";

/// How many bugs are looked at in one go.
const AT_ONCE: usize = 16;

/// The last line of a run in which something went wrong, as the Python tool writes it.
const FAILED: &str = "An error occured while processing the issues. See the logs for details.";

/// Takes the next step for every bug that waits; `pass` when no bug gave trouble.
pub(super) async fn notify(native: &Native, is_dry_run: bool, from: &str) -> Result<Ran> {
    let from = day(from)?;
    let mut log = Log::new(&native.world);
    let jira = native.client::<jira::Client>()?;
    let (tracked, known) = tokio::join!(y_streams(&native.github), jira.versions(PROJECT));
    let versions = versions(&tracked?, &known?);
    if versions.is_empty() {
        let what = format!("{PROJECT} has no version of a y-stream that is tracked");
        return Err(Error::invalid(what).service("jira").hint(
            "look at the versions of the project, such as `4.20.z`, and at `github.repository`",
        ));
    }
    let bugs = jira.watched(&query(&versions, from.as_deref())).await?;
    log.info(format!(
        "found {} bugs in ON_QA of {}",
        bugs.len(),
        versions.join(", ")
    ));
    let now = native.world.now();
    let due: Vec<&Waiting> = bugs
        .iter()
        .filter(|bug| bug.next(now).is_some_and(|next| !next.is_nothing()))
        .collect();
    let mut verified = BTreeMap::new();
    for some in due.chunks(AT_ONCE) {
        let looked = join_all(some.iter().map(|bug| is_verified(native, &jira, bug))).await;
        let keys = some.iter().map(|bug| bug.ticket.key.as_str());
        verified.extend(keys.zip(looked));
    }
    let mut run = Run {
        native,
        jira: &jira,
        is_dry_run,
        log,
        sent: Vec::new(),
        troubles: Vec::new(),
    };
    for bug in &bugs {
        let key = bug.ticket.key.as_str();
        run.log.info(format!("Processing issue: {key}"));
        let Some(next) = bug.next(now) else {
            run.log.error(format!(
                "{key} is in ON_QA, and its history does not say since when"
            ));
            continue;
        };
        let ended = match verified.remove(key) {
            None => continue,
            Some(Ok(true)) => {
                run.log
                    .info(format!("{key} was verified before it was merged"));
                continue;
            }
            Some(Ok(false)) => run.step(bug, next).await,
            Some(Err(error)) => Err(error),
        };
        if let Err(error) = ended {
            run.fail(key, &error);
        }
    }
    Ok(run.ended(bugs.len()))
}

/// One run over all bugs.
struct Run<'a> {
    native: &'a Native,
    jira: &'a jira::Client,
    is_dry_run: bool,
    log: Log,
    /// Who was reminded of what.
    sent: Vec<String>,
    /// Which bugs gave trouble, and why.
    troubles: Vec<String>,
}

impl Run<'_> {
    /// Does what is due for one bug.
    async fn step(&mut self, bug: &Waiting, next: Next) -> Result<()> {
        let key = &bug.ticket.key;
        if next.is_marked || next.is_unmarked {
            let verb = if next.is_marked {
                "put on"
            } else {
                "taken off"
            };
            match self.is_dry_run {
                true => self
                    .log
                    .info(format!("{key}: the label {OVERDUE_LABEL} would be {verb}")),
                false => {
                    self.jira.label(key, OVERDUE_LABEL, next.is_marked).await?;
                    self.log
                        .info(format!("{key}: the label {OVERDUE_LABEL} is {verb}"));
                }
            }
        }
        match next.step {
            Some(step) => self.remind(bug, step).await,
            None => Ok(()),
        }
    }

    fn fail(&mut self, key: &str, error: &Error) {
        let why = error.chain();
        self.log.error(format!("{key}: {why}"));
        self.troubles.push(format!("{key}: {why}"));
    }

    fn ended(mut self, count: usize) -> Ran {
        let reminders = match (self.is_dry_run, self.sent.as_slice()) {
            (false, []) => "nobody had to be reminded".to_owned(),
            (true, []) => "nobody would be reminded".to_owned(),
            (false, sent) => format!("reminded: {}", sent.join(", ")),
            (true, sent) => format!("would remind: {}", sent.join(", ")),
        };
        if self.troubles.is_empty() {
            let why = format!("looked at {count} bugs, {reminders}");
            return self.log.ended(Outcome::new(Ending::Pass, why));
        }
        self.log.error(FAILED);
        let why = format!(
            "{} of {count} bugs gave trouble: {}; {reminders}",
            self.troubles.len(),
            self.troubles.join("; ")
        );
        self.log
            .ended(Outcome::new(Ending::Fail, mask_emails(&why)).next(
                "see what is wrong with these bugs, then run it again: it goes on where it stopped",
            ))
    }
}

/// Whether all pull requests of a bug say that it was verified before they were merged.
async fn is_verified(native: &Native, jira: &jira::Client, bug: &Waiting) -> Result<bool> {
    let links = jira.links(&bug.ticket.key).await?;
    let requests = pull_requests(links.iter().map(String::as_str));
    let client = native.github.client();
    let labels = requests
        .iter()
        .map(|(repository, number)| client.labels(repository, *number));
    let labels: Vec<_> = join_all(labels).await.into_iter().collect::<Result<_>>()?;
    let is_verified = |labels: &Option<Vec<String>>| {
        labels
            .as_ref()
            .is_some_and(|labels| is_verified_before_merge(labels))
    };
    Ok(!labels.is_empty() && labels.iter().all(is_verified))
}

/// The day from which on bugs are looked at, if one is given.
fn day(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = Date::strptime("%Y-%m-%d", text).map_err(|error| {
        Error::invalid(format!("`{text}` is not a day"))
            .service("oar")
            .hint("write it as `2027-03-01`")
            .because(error)
    })?;
    Ok(Some(day.strftime("%Y-%m-%d").to_string()))
}
