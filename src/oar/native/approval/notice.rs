//! What people are told when a release is approved.

use super::{
    super::{
        Native,
        announce::{Whom, announce},
        log::Log,
    },
    TASK,
    advisories::Moves,
};
use crate::{
    error::Result,
    release::{Version, advisory},
    services::slack::{
        self, Message,
        text::{fenced, link, parts},
    },
};

/// Tells the leads of the y-stream; whoever asked in a thread gets the log there as well. Returns what
/// could not be told.
pub(super) async fn tell(
    native: &Native,
    log: &mut Log,
    release: &Version,
    is_shipment: bool,
    moves: &Moves,
) -> Vec<String> {
    let token = format!("{release}/{TASK}");
    let text = |group: &str| {
        let links: Vec<_> = moves
            .states
            .moved
            .iter()
            .map(|number| link(&advisory::link(*number), &number.to_string()))
            .collect();
        let page = match is_shipment {
            true => "the payload metadata URL is accessible and ",
            false => "",
        };
        let moved = match links.is_empty() {
            true => "there is no advisory to move".to_owned(),
            false => format!(
                "advisories have been moved to REL_PREP: {}",
                links.join(" ")
            ),
        };
        format!("Hello {group}, release approval of [{release}] is completed: {page}{moved}")
    };
    let mut notes = Vec::new();
    notes.extend(announce(native, log, Whom::Leads(release), &token, text).await);
    if let Err(error) = in_thread(native, log).await {
        let note = format!("the log was not posted in its thread: {}", error.message);
        log.warning(&note);
        notes.push(note);
    }
    notes
}

async fn in_thread(native: &Native, log: &Log) -> Result<()> {
    let set = |name: &str| native.world.env(name).filter(|value| !value.is_empty());
    let (Some(channel), Some(thread)) = (set("OAR_SLACK_CHANNEL"), set("OAR_SLACK_THREAD")) else {
        return Ok(());
    };
    let slack = native.client::<slack::Client>()?;
    for part in parts(&log.text()) {
        let message = Message {
            channel: channel.clone(),
            text: fenced(&part),
            thread: Some(thread.clone()),
            token: None,
        };
        slack.post(&message).await?;
    }
    Ok(())
}
