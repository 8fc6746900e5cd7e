//! What people are told about bugs in Slack.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;

use super::Asked;
use crate::{
    config::Contacts,
    oar::native::{
        Native,
        announce::{Whom, announce, mention},
        log::Log,
        manager::manager,
    },
    release::{Version, ticket::Ticket},
    services::slack::{self, text},
};

/// The team of the writers and of product security in the settings.
const APPROVERS: &str = "approver";

/// Asks people about bugs that are not verified. Nothing is sent when there is nothing to ask.
///
/// Returns why nobody was asked who should have been.
pub(super) async fn ask(
    native: &Native,
    log: &mut Log,
    release: &Version,
    asked: Asked,
    open: &[&Ticket],
) -> Option<String> {
    let those = |is_wanted: &dyn Fn(&Ticket) -> bool| -> Vec<&Ticket> {
        open.iter().copied().filter(|bug| is_wanted(bug)).collect()
    };
    let (bugs, request) = match asked {
        Asked::Nobody => return None,
        Asked::Contacts => (
            those(&Ticket::is_on_qa),
            "please verify these bugs, they are in ON_QA and belong to the release",
        ),
        Asked::Droppable => (
            those(&Ticket::is_high_severity),
            "these bugs are critical and not verified: please verify them, or say that they can be dropped",
        ),
        Asked::Managers => (
            those(&|bug| bug.is_on_qa() && bug.is_cve_tracker()),
            "these CVE tracker bugs are not verified: please see that somebody does",
        ),
    };
    if bugs.is_empty() {
        log.info("there is no bug to ask anybody about");
        return None;
    }
    let people = people(native, log, asked, &bugs).await;
    let lines: Vec<String> = bugs.iter().map(|bug| line(bug, asked, &people)).collect();
    let token = format!("update-bug-list/{release}");
    announce(native, log, Whom::Forum, &token, |group| {
        format!("[{release}] {group} {request}\n{}", lines.join("\n"))
    })
    .await
}

/// Whom to mention for each QA contact: the contact or the manager. Nobody is looked up twice.
async fn people(
    native: &Native,
    log: &mut Log,
    asked: Asked,
    bugs: &[&Ticket],
) -> BTreeMap<String, String> {
    let contacts: BTreeSet<&str> = bugs.iter().filter_map(|bug| contact(bug)).collect();
    let mut addresses: BTreeMap<&str, String> = BTreeMap::new();
    if asked == Asked::Managers {
        let managers = join_all(contacts.iter().map(|contact| manager(native, contact))).await;
        for (contact, manager) in contacts.into_iter().zip(managers) {
            match manager {
                Ok(manager) => addresses.extend(manager.map(|manager| (contact, manager))),
                Err(error) => {
                    log.warning(format!(
                        "the manager of {contact} was not found: {}",
                        error.message
                    ));
                }
            }
        }
    } else {
        addresses.extend(contacts.into_iter().map(|one| (one, one.to_owned())));
    }
    let unique: BTreeSet<&String> = addresses.values().collect();
    let mentions = join_all(unique.iter().map(|address| mention(native, address))).await;
    let mentions: BTreeMap<&String, String> = unique.into_iter().zip(mentions).collect();
    addresses
        .iter()
        .filter_map(|(contact, address)| {
            Some(((*contact).to_owned(), mentions.get(address)?.clone()))
        })
        .collect()
}

/// A bug with whom it is about.
fn line(bug: &Ticket, asked: Asked, people: &BTreeMap<String, String>) -> String {
    let who = contact(bug).and_then(|contact| people.get(contact));
    let who = who.map(String::as_str).unwrap_or_default();
    let remark = match bug.is_cve_tracker() && asked != Asked::Managers {
        true => " (it is a CVE tracker bug)",
        false => "",
    };
    let line = format!("{} {who}{remark}", link(&bug.key));
    line.trim_end().to_owned()
}

fn contact(bug: &Ticket) -> Option<&str> {
    bug.qa_contact.as_ref()?.email.as_deref()
}

/// Tells which bugs were dropped. Returns why nobody was told.
pub(super) async fn tell_dropped(
    native: &Native,
    log: &mut Log,
    release: &Version,
    dropped: &[String],
    severe: &[String],
) -> Option<String> {
    let docs = docs(native).await;
    let lines = |keys: &[String]| -> String {
        let links: Vec<String> = keys.iter().map(|key| link(key)).collect();
        links.join("\n")
    };
    let token = format!("drop-bugs/{release}/{}", dropped.join(","));
    announce(native, log, Whom::Leads(release), &token, |group| {
        let greeting = [group, &docs].join(" ");
        let mut text = format!(
            "[{release}] Hello {}, these bugs were dropped from the release, they were not verified:\n{}",
            greeting.trim_end(),
            lines(dropped)
        );
        if !severe.is_empty() {
            text.push_str(&format!(
                "\n{group} among them are bugs of high severity:\n{}",
                lines(severe)
            ));
        }
        text
    })
    .await
}

/// Asks the approvers for what dropping took back. Returns why nobody was told.
pub(super) async fn ask_approvers(
    native: &Native,
    log: &mut Log,
    release: &Version,
    for_docs: &[u64],
    for_security: &[u64],
) -> Option<String> {
    if for_docs.is_empty() && for_security.is_empty() {
        return None;
    }
    let security = match for_security.is_empty() {
        true => String::new(),
        false => security(native).await,
    };
    let pages = |numbers: &[u64]| -> String {
        let pages: Vec<String> = numbers.iter().map(|number| page(*number)).collect();
        pages.join(" ")
    };
    let token = format!("approval/{release}/{for_docs:?}/{for_security:?}");
    announce(native, log, Whom::Docs, &token, |group| {
        let mut parts = Vec::new();
        if !for_docs.is_empty() {
            parts.push(format!(
                "{group} bugs were dropped, please approve the text again: {}",
                pages(for_docs)
            ));
        }
        if !for_security.is_empty() {
            parts.push(format!(
                "{security} bugs were dropped, please approve again for product security: {}",
                pages(for_security)
            ));
        }
        format!("[{release}] {}", parts.join("\n").trim_start())
    })
    .await
}

/// The writers' group; nothing when Slack cannot say.
async fn docs(native: &Native) -> String {
    let found = async {
        let contacts = native.client::<Contacts>().ok()?;
        let handle = contacts.slack.get(APPROVERS)?.get("doc_id")?.clone();
        let slack = native.client::<slack::Client>().ok()?;
        slack.group(&handle).await.ok()
    };
    let group = found.await;
    group
        .map(|group| text::group(&group.id))
        .unwrap_or_default()
}

/// Those who approve for product security, as the settings name them.
async fn security(native: &Native) -> String {
    let contacts = native.client::<Contacts>().ok();
    let named = contacts
        .as_ref()
        .and_then(|contacts| contacts.slack.get(APPROVERS)?.get("prodsec_id"));
    let people = named.map(String::as_str).unwrap_or_default().split(',');
    let people: Vec<&str> = people
        .map(str::trim)
        .filter(|person| !person.is_empty())
        .collect();
    let mentions = join_all(people.iter().map(|person| mention(native, person))).await;
    mentions.join(" ")
}

/// The link to a bug.
fn link(key: &str) -> String {
    text::link(&format!("https://redhat.atlassian.net/browse/{key}"), key)
}

/// The link to an advisory.
fn page(number: u64) -> String {
    let address = format!("https://errata.devel.redhat.com/advisory/{number}");
    text::link(&address, &number.to_string())
}
