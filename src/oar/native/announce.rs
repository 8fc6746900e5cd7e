//! What tools tell people in Slack.
//!
//! A message is no part of a tool's work: one that cannot be posted is a line of the log and a note,
//! and fails nothing. Slack cannot keep a message from being posted twice, so a tool posts when its work
//! is done, as the last thing; a crash right then may cost a second message, never a lost one.

use crate::{
    config::Contacts,
    error::{Error, Result},
    release::Version,
    services::slack::{self, Message, text},
};

use super::{Native, log::Log};

/// Whom a message is for. The settings `[contacts.slack.<team>]` say where each reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whom<'a> {
    /// The leads of a y-stream: team `qe-release`, its group under the name of the y-stream.
    Leads(&'a Version),
    /// ART: team `art`, group `id`.
    Art,
    /// Those who verify bugs: team `qe-forum`, group `id`.
    Forum,
    /// The writers who approve: team `approver`, group `doc_id`.
    Docs,
}

impl Whom<'_> {
    fn team(self) -> &'static str {
        match self {
            Self::Leads(_) => "qe-release",
            Self::Art => "art",
            Self::Forum => "qe-forum",
            Self::Docs => "approver",
        }
    }

    fn group(self) -> String {
        match self {
            Self::Leads(release) => release.y_stream(),
            Self::Art | Self::Forum => "id".to_owned(),
            Self::Docs => "doc_id".to_owned(),
        }
    }
}

/// Posts a message and logs that it was posted. `text` gets the mention of the group.
///
/// Returns why it was not posted, for the reason of the outcome.
pub(super) async fn announce(
    native: &Native,
    log: &mut Log,
    whom: Whom<'_>,
    token: &str,
    text: impl FnOnce(&str) -> String,
) -> Option<String> {
    match posted(native, whom, token, text).await {
        Ok(channel) => {
            log.info(format!("sent slack message to <{channel}>"));
            None
        }
        Err(error) => {
            let note = format!("{} was not told in Slack: {}", whom.team(), error.message);
            log.warning(&note);
            Some(note)
        }
    }
}

/// Mentions the person with an address; the plain address when Slack does not know it or cannot say.
pub(super) async fn mention(native: &Native, address: &str) -> String {
    let found = match native.client::<slack::Client>() {
        Ok(slack) => slack.user_by_email(address).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(user)) => text::user(&user.id),
        Ok(None) | Err(_) => text::escaped(address),
    }
}

/// Posts a message without a word in the log. Returns the channel.
pub(super) async fn posted(
    native: &Native,
    whom: Whom<'_>,
    token: &str,
    text: impl FnOnce(&str) -> String,
) -> Result<String> {
    let contacts = native.client::<Contacts>()?;
    let channel = attribute(&contacts, whom.team(), "channel")?;
    let handle = attribute(&contacts, whom.team(), &whom.group())?;
    let slack = native.client::<slack::Client>()?;
    let group = slack.group(handle).await?;
    let message = Message {
        channel: channel.to_owned(),
        text: text(&text::group(&group.id)),
        thread: None,
        token: Some(token.to_owned()),
    };
    slack.post(&message).await?;
    Ok(channel.to_owned())
}

fn attribute<'a>(contacts: &'a Contacts, team: &str, attribute: &str) -> Result<&'a str> {
    let found = contacts
        .slack
        .get(team)
        .and_then(|team| team.get(attribute));
    found.map(String::as_str).ok_or_else(|| {
        Error::invalid(format!(
            "the settings do not say `contacts.slack.{team}.{attribute}`"
        ))
        .service("slack")
        .hint(format!("set `{attribute}` in `[contacts.slack.{team}]`"))
    })
}
