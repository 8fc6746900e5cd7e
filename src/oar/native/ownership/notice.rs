//! What people are told about the new owner.

use super::{
    super::{
        Native,
        announce::{Whom, announce},
        log::Log,
    },
    Done, TASK,
};
use crate::{
    release::{Version, advisory, ticket},
    services::slack::text::{escaped, link},
};

/// Tells the leads of the y-stream, and ART about advisories that are not in QE. Returns what could
/// not be told.
pub(super) async fn tell(
    native: &Native,
    log: &mut Log,
    release: &Version,
    email: &str,
    shipment: Option<&str>,
    done: &Done,
) -> Vec<String> {
    let shipment = shipment
        .map(str::trim)
        .filter(|address| !address.is_empty());
    let mut notes = Vec::new();
    let token = format!("{release}/{TASK}");
    let text = |group: &str| leads_text(group, release, email, shipment, done);
    notes.extend(announce(native, log, Whom::Leads(release), &token, text).await);
    if !done.abnormal.is_empty() {
        let token = format!("{release}/{TASK}/abnormal");
        let text = |group: &str| {
            format!(
                "Hello {group}, please check these [{release}] advisories, state is NEW_FILES: {}",
                advisory_links(&done.abnormal)
            )
        };
        notes.extend(announce(native, log, Whom::Art, &token, text).await);
    }
    notes
}

fn leads_text(
    group: &str,
    release: &Version,
    email: &str,
    shipment: Option<&str>,
    done: &Done,
) -> String {
    let mut lines = Vec::new();
    let greeting = format!(
        "Hello {group}, owner of [{release}] advisories and subtasks is now {}",
        escaped(email)
    );
    match shipment {
        Some(address) => {
            lines.push(format!("[{release}] {greeting}"));
            lines.push(format!("Shipment MR: {}", link(address, address)));
        }
        None => lines.push(greeting),
    }
    if !done.advisories.is_empty() {
        let links = advisory_links(&done.advisories);
        lines.push(format!("Updated advisories: {links}"));
    }
    if !done.subtasks.is_empty() {
        let links = done
            .subtasks
            .iter()
            .map(|key| link(&ticket::link(key), key));
        let links: Vec<_> = links.collect();
        lines.push(format!("Updated jira subtasks: {}", links.join(" ")));
    }
    if !done.abnormal.is_empty() {
        let links = advisory_links(&done.abnormal);
        lines.push(format!("Advisories that are not in QE: {links}"));
    }
    lines.join("\n")
}

fn advisory_links(numbers: &[u64]) -> String {
    let links = numbers
        .iter()
        .map(|number| link(&advisory::link(*number), &number.to_string()));
    let links: Vec<_> = links.collect();
    links.join(" ")
}
