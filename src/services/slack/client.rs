//! The requests to Slack. It answers 200 to what it refuses too, so `ok` is what counts.

use std::{collections::HashMap, sync::Mutex};

use http::header::RETRY_AFTER;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::text;
use crate::{
    error::{Error, Kind, Result},
    http::{Caller, Request},
};

/// Longer texts are refused.
const LONGEST: usize = 40_000;

/// What our messages carry beside their text is of this type.
const NOTICE: &str = "oar_script_notice";

/// How many pages of channels or messages are read at most.
const MOST_PAGES: usize = 10;

/// How far the clocks of Slack and of whoever posted may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// Posts messages and finds whom they mention.
#[derive(Debug)]
pub struct Client {
    caller: Caller,
    groups: OnceCell<Vec<Group>>,
    users: Mutex<HashMap<String, Option<User>>>,
}

/// A message to post.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Message {
    /// The channel: `#name` or its identity.
    pub channel: String,
    /// What it says, in Slack's markup.
    pub text: String,
    /// The message it answers, by its `ts`.
    pub thread: Option<String>,
    /// What identifies the notice; people do not see it.
    pub token: Option<String>,
}

/// A message that was posted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Posted {
    /// The identity of the channel.
    pub channel: String,
    /// What identifies the message in the channel.
    pub ts: String,
}

/// A person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// What a mention names.
    pub id: String,
    /// The name people see.
    pub name: String,
}

/// A user group.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Group {
    /// What a mention names.
    pub id: String,
    /// The name behind `@`.
    pub handle: String,
}

/// Who the token belongs to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Identity {
    /// The name of the workspace.
    pub team: String,
    /// The name of the bot.
    pub user: String,
}

#[derive(Deserialize)]
struct UserAnswer {
    user: User,
}

#[derive(Deserialize)]
struct GroupsAnswer {
    usergroups: Vec<Group>,
}

/// One page of a list.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    channels: Vec<Channel>,
    #[serde(default)]
    messages: Vec<Value>,
    #[serde(default)]
    response_metadata: Cursor,
}

#[derive(Default, Deserialize)]
struct Cursor {
    #[serde(default)]
    next_cursor: String,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    name: String,
}

impl Client {
    /// Makes a client.
    pub fn new(caller: Caller) -> Self {
        Self {
            caller,
            groups: OnceCell::new(),
            users: Mutex::default(),
        }
    }

    /// Posts a message, once. An error that is ambiguous may stand for a message that is there.
    ///
    /// Fails with `invalid` for a text that is empty or too long, `not_found` for an unknown channel,
    /// `denied` for a token that is not accepted or a channel the bot is not in, `busy` when too many
    /// were posted. Calls `POST /chat.postMessage`.
    pub async fn post(&self, message: &Message) -> Result<Posted> {
        let length = message.text.chars().count();
        if message.text.trim().is_empty() || length > LONGEST {
            let what = format!("a message of {length} characters cannot be posted");
            return Err(self
                .finish(Error::invalid(what).hint(format!("it takes 1 to {LONGEST} characters"))));
        }
        let mut body = json!({"channel": message.channel, "text": message.text});
        if let Some(thread) = &message.thread {
            body["thread_ts"] = thread.as_str().into();
        }
        if let Some(token) = &message.token {
            body["metadata"] = json!({"event_type": NOTICE, "event_payload": {"token": token}});
        }
        let request = self.caller.post("/chat.postMessage").json(&body)?;
        self.ask(request, &message.channel).await
    }

    /// Returns the person with this e-mail address, tags behind the name aside; `None` when there is
    /// none. Each address is asked for once.
    ///
    /// Calls `POST /users.lookupByEmail`.
    pub async fn user_by_email(&self, address: &str) -> Result<Option<User>> {
        let address = text::untagged(address);
        if let Some(known) = self.users().get(&address) {
            return Ok(known.clone());
        }
        let fields = vec![("email".to_owned(), address.clone())];
        let request = self.caller.post("/users.lookupByEmail").form(fields);
        let answer = self.ask::<UserAnswer>(request.reading(), &address).await;
        let user = match answer {
            Ok(answer) => Some(answer.user),
            Err(error) if error.kind == Kind::NotFound => None,
            Err(error) => return Err(error),
        };
        self.users().insert(address, user.clone());
        Ok(user)
    }

    /// Returns the user group with this handle. The groups are read once.
    ///
    /// Fails with `not_found` when there is none. Calls `POST /usergroups.list`.
    pub async fn group(&self, handle: &str) -> Result<Group> {
        let handle = handle.trim_start_matches('@');
        let groups = self
            .groups
            .get_or_try_init(|| async {
                let request = self.caller.post("/usergroups.list").form(Vec::new());
                let answer: GroupsAnswer = self.ask(request.reading(), "").await?;
                Ok::<_, Error>(answer.usergroups)
            })
            .await?;
        let group = groups.iter().find(|group| group.handle == handle);
        group.cloned().ok_or_else(|| {
            self.finish(
                Error::not_found(format!("Slack has no user group `{handle}`"))
                    .hint("look at `contacts.slack` in the settings"),
            )
        })
    }

    /// Returns the identity of the channel `#name`; what is no such name is one already.
    ///
    /// Fails with `not_found` when the bot sees no such channel, `denied` when it may not list them.
    /// Calls `POST /conversations.list`, page by page.
    pub async fn channel(&self, channel: &str) -> Result<String> {
        let Some(name) = channel.strip_prefix('#') else {
            return Ok(channel.to_owned());
        };
        let fields = vec![
            ("exclude_archived", "true".to_owned()),
            ("types", "public_channel,private_channel".to_owned()),
            ("limit", "1000".to_owned()),
        ];
        let named = |page: &Page| {
            let found = page.channels.iter().find(|found| found.name == name);
            found.map(|found| found.id.clone())
        };
        let found = self.search("/conversations.list", fields, name, named);
        found.await?.ok_or_else(|| {
            let what = format!("the bot sees no channel `{channel}`");
            self.finish(Error::not_found(what))
        })
    }

    /// Returns the message with this token, when one was posted to the channel with this identity, or
    /// as an answer to `thread` in it, since `since`.
    ///
    /// Fails with `denied` when the bot may not read there. Calls `POST /conversations.history` or
    /// `POST /conversations.replies`, page by page.
    pub async fn find(
        &self,
        channel: &str,
        thread: Option<&str>,
        token: &str,
        since: Timestamp,
    ) -> Result<Option<Posted>> {
        let oldest = since.saturating_sub(SKEW).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut fields = vec![
            ("channel", channel.to_owned()),
            ("oldest", oldest.as_second().to_string()),
            ("include_all_metadata", "true".to_owned()),
            ("limit", "200".to_owned()),
        ];
        let path = match thread {
            Some(thread) => {
                fields.push(("ts", thread.to_owned()));
                "/conversations.replies"
            }
            None => "/conversations.history",
        };
        let is_it = |message: &&Value| {
            let metadata = &message["metadata"];
            metadata["event_type"] == NOTICE && metadata["event_payload"]["token"] == token
        };
        let posted = |page: &Page| {
            let found = page.messages.iter().find(is_it)?;
            Some(Posted {
                channel: channel.to_owned(),
                ts: found["ts"].as_str()?.to_owned(),
            })
        };
        self.search(path, fields, channel, posted).await
    }

    /// Reads a list page by page until `found` finds something in it.
    ///
    /// Fails with `invalid` when the list goes on too long to say that it is not there.
    async fn search<T>(
        &self,
        path: &str,
        fields: Vec<(&str, String)>,
        about: &str,
        found: impl Fn(&Page) -> Option<T>,
    ) -> Result<Option<T>> {
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let mut fields: Vec<(String, String)> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect();
            if !cursor.is_empty() {
                fields.push(("cursor".to_owned(), cursor));
            }
            let request = self.caller.post(path).form(fields);
            let page: Page = self.ask(request.reading(), about).await?;
            if let Some(found) = found(&page) {
                return Ok(Some(found));
            }
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                return Ok(None);
            }
        }
        Err(self.finish(Error::invalid(format!(
            "the list of `{path}` is too long to search"
        ))))
    }

    /// Returns who the token belongs to.
    ///
    /// Fails with `denied` when it is not accepted. Calls `POST /auth.test`.
    pub async fn identity(&self) -> Result<Identity> {
        let request = self.caller.post("/auth.test").form(Vec::new());
        self.ask(request.reading(), "").await
    }

    /// Sends a request and reads what `ok` says. `about` is the channel or address it is about.
    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        request: Request,
        about: &str,
    ) -> Result<T> {
        let is_changing = request.is_changing();
        let answer = request.send().await?;
        let document: Value = answer.json().map_err(|error| {
            let error = self.finish(error);
            if is_changing {
                error.ambiguous()
            } else {
                error
            }
        })?;
        if document["ok"] == true {
            return serde_json::from_value(document).map_err(|error| {
                let what = "the answer of Slack lacks what it should say";
                // It said `ok`: what was asked for has happened.
                let error = self.finish(Error::invalid(what).because(error));
                if is_changing {
                    error.ambiguous()
                } else {
                    error
                }
            });
        }
        let word = document["error"].as_str().unwrap_or("no reason").to_owned();
        let wait = answer
            .headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(std::time::Duration::from_secs);
        let needed = document["needed"].as_str().unwrap_or_default();
        let (kind, hint) = meaning(&word, about, needed);
        let mut error = Error::new(kind, format!("Slack answered `{word}`")).retry_after(wait);
        if let Some(hint) = hint {
            error = error.hint(hint);
        }
        let error = self.finish(error);
        // Trouble inside of Slack leaves open whether it was done.
        Err(if is_changing && kind == Kind::Unreachable {
            error.ambiguous()
        } else {
            error
        })
    }

    fn finish(&self, error: Error) -> Error {
        self.caller.finish(error)
    }

    fn users(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<User>>> {
        self.users
            .lock()
            .expect("no thread panics while it holds the users")
    }
}

/// What an error word of Slack means, and what to do about it.
fn meaning(word: &str, about: &str, needed: &str) -> (Kind, Option<String>) {
    match word {
        "users_not_found" | "user_not_found" => (Kind::NotFound, None),
        "channel_not_found" => (
            Kind::NotFound,
            Some(format!(
                "there is no channel `{about}`, or the bot was not invited to it"
            )),
        ),
        "not_in_channel" | "is_archived" | "restricted_action" => (
            Kind::Denied,
            Some(format!(
                "invite the bot to `{about}` and see that it is in use"
            )),
        ),
        "missing_scope" | "no_permission" => (
            Kind::Denied,
            Some(format!("the bot's token lacks the scope `{needed}`")),
        ),
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => (
            Kind::Denied,
            Some("check that `SLACK_BOT_TOKEN` holds the token of the bot, `xoxb-…`".to_owned()),
        ),
        "ratelimited" | "rate_limited" => (
            Kind::Busy,
            Some("the service asks to come back later".to_owned()),
        ),
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" => {
            (Kind::Unreachable, None)
        }
        _ => (Kind::Invalid, None),
    }
}
