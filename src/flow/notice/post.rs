//! Where a message goes in Slack and how it reads there.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use regex::{Captures, Regex};
use serde_json::json;

use crate::{
    call::Session,
    config::Contacts,
    error::{Error, Kind, Result},
    release::Version,
    services::slack::{Client, text},
    world::World,
};

/// Where a run that was asked for in a chat answers.
const CHAT: [&str; 2] = ["OAR_SLACK_CHANNEL", "OAR_SLACK_THREAD"];

/// How much of one text is posted: the rest is in the report.
const LONGEST: usize = 1_500;

/// How many addresses of one message become mentions.
const MOST_MENTIONS: usize = 10;

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
        .expect("the pattern is part of the program")
});

/// Where a message goes.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Place {
    /// The channel: `#name` or its identity.
    pub(super) channel: String,
    /// The message it answers.
    pub(super) thread: Option<String>,
    /// The handle of the user group it is for.
    pub(super) group: Option<String>,
}

impl Place {
    /// The thread of the chat in which this run was asked for.
    pub(super) fn of_chat(world: &dyn World) -> Option<Self> {
        let [channel, thread] = CHAT.map(|name| world.env(name));
        Some(Self {
            channel: channel?,
            thread: Some(thread?),
            group: None,
        })
    }

    /// Where a contact reads: a channel, a person by address, or a team of the settings with the group of
    /// the y-stream, if it has one, or else its usual group.
    ///
    /// Fails with `invalid` when the settings do not say it, `not_found` for a person whom Slack does not
    /// know.
    pub(super) fn of_contact(session: &Session, contact: &str, release: &Version) -> Result<Self> {
        if contact.starts_with('#') {
            return Ok(Self::bare(contact));
        }
        if contact.contains('@') {
            return match user(session, contact)? {
                Some(id) => Ok(Self::bare(&id)),
                None => Err(Error::not_found(format!("Slack knows nobody as {contact}"))),
            };
        }
        let contacts = session.get::<Contacts>()?;
        let team = contacts.slack.get(contact);
        let attribute = |name: &str| team.and_then(|team| team.get(name)).cloned();
        let channel = attribute("channel").ok_or_else(|| {
            Error::invalid(format!("`contacts.slack.{contact}.channel` is not set"))
        })?;
        Ok(Self {
            channel,
            thread: None,
            group: attribute(&release.y_stream()).or_else(|| attribute("id")),
        })
    }

    fn bare(channel: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            thread: None,
            group: None,
        }
    }
}

/// What a message says: a greeting for the group, then every text. Nothing in a text has a meaning to
/// Slack, but addresses of people become mentions of them where Slack can tell who they are.
pub(super) fn message(
    session: &Session,
    place: &Place,
    release: &Version,
    texts: &[&str],
) -> String {
    let greeting = place.group.as_deref().map_or(String::new(), |handle| {
        format!(" Hello {},", group(session, handle))
    });
    let mut message = format!("[{release}]{greeting}");
    for plain in texts {
        let short: String = plain.trim().chars().take(LONGEST).collect();
        let end = if short.len() < plain.trim().len() {
            "…"
        } else {
            ""
        };
        message.push_str(&format!("\n{}{end}", text::escaped(&short)));
    }
    with_mentions(session, &message)
}

/// The mention of a group; its name where Slack cannot tell which it is.
fn group(session: &Session, handle: &str) -> String {
    let found = session.get::<Client>().and_then(|slack| {
        let arguments = json!({ "handle": handle });
        session.call("slack.mention_group", arguments, false, slack.group(handle))
    });
    found.map_or_else(|_| text::escaped(handle), |group| text::group(&group.id))
}

fn with_mentions(session: &Session, message: &str) -> String {
    let found = ADDRESS.find_iter(message).map(|found| found.as_str());
    let addresses: BTreeSet<&str> = found.collect();
    let mut mentions: BTreeMap<&str, String> = BTreeMap::new();
    for address in addresses.into_iter().take(MOST_MENTIONS) {
        match user(session, address) {
            Ok(Some(id)) => drop(mentions.insert(address, text::user(&id))),
            Ok(None) => {}
            // It will not know the others either.
            Err(_) => break,
        }
    }
    let mention = |found: &Captures| {
        let address = &found[0];
        mentions
            .get(address)
            .cloned()
            .unwrap_or_else(|| address.to_owned())
    };
    ADDRESS.replace_all(message, mention).into_owned()
}

fn user(session: &Session, address: &str) -> Result<Option<String>> {
    let slack = session.get::<Client>()?;
    let arguments = json!({ "address": address });
    let request = slack.user_by_email(address);
    let user = session.call("slack.mention", arguments, false, request)?;
    Ok(user.map(|user| user.id))
}

/// Whether an error says that nobody may look there, rather than that it cannot be done now.
pub(super) fn is_forbidden(error: &Error) -> bool {
    matches!(error.kind, Kind::Denied | Kind::NotFound | Kind::Invalid)
}
