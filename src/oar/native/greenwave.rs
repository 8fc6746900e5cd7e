//! `oar_check_greenwave_cvp_tests`: whether Greenwave's container checks passed on all advisories.
//!
//! Checks that failed get a ticket, one a release; people waive them or fix the builds.
//!
//! Differs from the Python tool: checks that are not over are waited for and get no ticket, and a
//! release whose version begins like another's has a ticket of its own.

use futures_util::future::join_all;

use super::{
    Native,
    announce::{Whom, announce},
    bugs::{advisories, errata_flow},
    log::Log,
    tab::Tab,
};
use crate::{
    error::Result,
    oar::backend::Ran,
    release::{
        Ending, Outcome, TaskStatus, Version,
        advisory::{Advisory, content::ExternalTest},
        greenwave::{PROJECT, Results, description, summary},
        sheet::{Layout, other_row},
    },
    services::{
        errata,
        jira::{self, Draft, Made},
        slack::text,
    },
};

const TITLE: &str = "Check Greenwave CVP Tests";

/// Checks the results; `pass` when all passed or were waived.
pub(super) async fn check(native: &Native, release: &Version) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let assembly = match errata_flow(native, release, &mut log).await? {
        Ok(assembly) => assembly,
        Err(outcome) => return Ok(log.ended(outcome)),
    };
    let results = results(native, advisories(native, &assembly).await?).await?;
    let count: usize = results.iter().map(|result| result.tests.len()).sum();
    log.info(format!(
        "found {count} Greenwave CVP tests on {} advisories",
        results.len()
    ));
    let names = |those: fn(&Results) -> Vec<String>| -> Vec<String> {
        results.iter().flat_map(those).collect()
    };
    let failed = names(|result| shown(result, &result.failed()));
    let pending = names(|result| shown(result, &result.pending()));
    for name in &pending {
        log.warning(format!("Greenwave CVP test is not over: {name}"));
    }
    if failed.is_empty() {
        let (status, outcome) = match pending.is_empty() {
            true => {
                let why = match count {
                    0 => "there is no Greenwave CVP test on the advisories".to_owned(),
                    _ => format!("all {count} Greenwave CVP tests passed or were waived"),
                };
                (TaskStatus::Pass, Outcome::new(Ending::Pass, why))
            }
            false => {
                let why = format!("Greenwave CVP tests are not over: {}", pending.join(", "));
                let outcome = Outcome::new(Ending::InProgress, why).owner("Greenwave");
                (TaskStatus::InProgress, outcome)
            }
        };
        log.status(TITLE, status);
        return Ok(log.ended(outcome));
    }
    for name in &failed {
        log.error(format!("Greenwave CVP test failed: {name}"));
    }
    let jira = native.client::<jira::Client>()?;
    let draft = Draft {
        project: PROJECT.to_owned(),
        kind: "Bug".to_owned(),
        priority: "Blocker".to_owned(),
        summary: summary(release),
        description: description(release, &results),
    };
    let made = jira.create_once(&draft).await?;
    let page = format!("https://redhat.atlassian.net/browse/{}", made.key);
    let is_new = made.is_new;
    match is_new {
        true => log.info(format!("Jira issue is created: {}", made.key)),
        false => log.info(format!("Jira issue is there already: {}", made.key)),
    }
    let mut notes = twins(&made, &mut log);
    let is_listed = match list(native, release, &made.key).await {
        Ok(is_listed) => is_listed,
        Err(error) => {
            let note = format!("{} is not in the test report: {}", made.key, error.message);
            log.warning(&note);
            notes.push(note);
            false
        }
    };
    if is_new || is_listed {
        let token = format!("greenwave/{release}/{}", made.key);
        let told = announce(native, &mut log, Whom::Leads(release), &token, |group| {
            let link = text::link(&page, &made.key);
            format!("[{release}] Hello {group}, Greenwave CVP tests failed, see {link}")
        });
        notes.extend(told.await);
    }
    log.status(TITLE, TaskStatus::Fail);
    let mut why = format!("Greenwave CVP tests failed: {}", failed.join(", "));
    for note in notes {
        why.push_str(&format!("; {note}"));
    }
    let outcome = Outcome::new(Ending::Fail, why)
        .owner("ART")
        .next(format!(
            "see {}, and check again once the tests are waived or passed",
            made.key
        ))
        .link(page);
    Ok(log.ended(outcome))
}

/// Reads the results of all advisories at once.
async fn results(native: &Native, advisories: Vec<Advisory>) -> Result<Vec<Results>> {
    if advisories.is_empty() {
        return Ok(Vec::new());
    }
    let errata = native.client::<errata::Client>()?;
    let errata = &errata;
    let read = join_all(advisories.iter().map(|advisory| async move {
        Ok(Results {
            advisory: advisory.id,
            tests: errata.external_tests(advisory.id).await?,
        })
    }));
    read.await.into_iter().collect()
}

/// Puts the ticket into the list of other issues; says whether it was not there.
async fn list(native: &Native, release: &Version, key: &str) -> Result<bool> {
    let Some(tab) = Tab::read(native, release, Layout::Errata).await? else {
        return Ok(false);
    };
    let Some(block) = other_row(&tab.report, key) else {
        return Ok(false);
    };
    tab.write(&[block]).await?;
    Ok(true)
}

/// Says when two of us made a ticket in the same moment.
fn twins(made: &Made, log: &mut Log) -> Vec<String> {
    if made.twins.is_empty() {
        return Vec::new();
    }
    let note = format!(
        "there is more than one ticket, {} is the older: close {}",
        made.key,
        made.twins.join(", ")
    );
    log.warning(&note);
    vec![note]
}

fn shown(result: &Results, tests: &[&ExternalTest]) -> Vec<String> {
    let shown = tests.iter().map(|test| {
        let nvr = test.nvr.as_deref().unwrap_or("unknown build");
        format!("{nvr} is {} on advisory {}", test.status, result.advisory)
    });
    shown.collect()
}
