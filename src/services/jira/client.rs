//! The requests to Jira. `creating` makes tickets, `watching` reads them with their history, `trackers`
//! what says that a release must fix a vulnerability.

mod creating;
mod trackers;
mod watching;

use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::document::{FIELDS, Issue, NEED_INFO_FROM, Page, comment, person};
use crate::{
    error::{Error, Kind, Result},
    http::{Caller, found, segment},
    release::ticket::{Comment, Person, Ticket, is_real},
};

pub use creating::{Draft, Made};

const ROOT: &str = "/rest/api/2";

/// How many tickets a page of a search has at most.
const PAGE: usize = 100;

/// A search with more pages is not one of ours.
const MOST_PAGES: usize = 50;

/// Reads and changes tickets.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Caller,
}

/// How a ticket got where it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Moved {
    /// It was there already; nothing was sent.
    WasThere,
    /// It was moved, and read again.
    Now {
        /// The status before.
        from: String,
    },
}

impl Client {
    /// Makes a client.
    pub fn new(caller: Caller) -> Self {
        Self { caller }
    }

    /// Returns a ticket.
    ///
    /// Fails with `invalid` for a key that cannot be one or the placeholder `ART-0`, `not_found` when
    /// there is none or the account may not see it, `denied` for a level of security it lacks.
    /// Calls `GET /rest/api/2/issue/{key}`.
    pub async fn ticket(&self, key: &str) -> Result<Ticket> {
        self.check(key)?;
        let path = format!("{ROOT}/issue/{}", segment(key));
        let request = self.caller.get(&path).query("fields", FIELDS.join(","));
        let issue: Issue = request.send_json().await.map_err(|error| {
            if error.kind == Kind::NotFound {
                error.hint(format!(
                    "see whether `{key}` exists and the account of `JIRA_USERNAME` may see it"
                ))
            } else {
                error
            }
        })?;
        issue.ticket().ok_or_else(|| self.incomplete(key))
    }

    /// Returns the tickets that a query finds, all pages of it.
    ///
    /// Fails with `invalid` for a query that Jira does not understand.
    /// Calls `GET /rest/api/2/search/jql` for each hundred.
    pub async fn search(&self, query: &str) -> Result<Vec<Ticket>> {
        self.search_for(query, &FIELDS, Issue::ticket).await
    }

    /// All that a query finds, with these fields, read as something; what cannot be read is an error.
    async fn search_for<T>(
        &self,
        query: &str,
        fields: &[&str],
        read: fn(Issue) -> Option<T>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut request = self
                .caller
                .get(&format!("{ROOT}/search/jql"))
                .query("jql", query)
                .query("fields", fields.join(","))
                .query("maxResults", PAGE);
            if let Some(token) = &next {
                request = request.query("nextPageToken", token);
            }
            let page: Page = request.send_json().await?;
            for issue in page.issues {
                all.push(read(issue).ok_or_else(|| self.incomplete(query))?);
            }
            next = page.next_page_token;
            if next.is_none() {
                if page.is_last == Some(false) {
                    return Err(self.incomplete(query));
                }
                return Ok(all);
            }
        }
        let what = format!("the search `{query}` finds more than {MOST_PAGES} pages of tickets");
        Err(self.wrong(Error::invalid(what).hint("narrow the search")))
    }

    /// Returns the tickets with these keys that can be seen, in the order of the keys. One that is not
    /// there, or that the account may not see, is left out.
    ///
    /// Calls `GET /rest/api/2/search/jql` for each hundred keys; when Jira knows one of them not,
    /// `GET /rest/api/2/issue/{key}` for each.
    pub async fn tickets(&self, keys: &[String]) -> Result<Vec<Ticket>> {
        for key in keys {
            self.check(key)?;
        }
        let mut tickets: Vec<Ticket> = Vec::new();
        for keys in keys.chunks(PAGE) {
            let query = format!("key in ({})", keys.join(", "));
            match self.search(&query).await {
                Ok(some) => tickets.extend(some),
                // A search that names one unknown key is refused as a whole.
                Err(error) if error.kind == Kind::Invalid && error.status == Some(400) => {
                    for key in keys {
                        match self.ticket(key).await {
                            Ok(ticket) => tickets.push(ticket),
                            Err(error)
                                if matches!(error.kind, Kind::NotFound | Kind::Denied)
                                    && error.status != Some(401) => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) => return Err(error),
            }
        }
        let place = |ticket: &Ticket| keys.iter().position(|key| *key == ticket.key);
        tickets.sort_by_key(place);
        Ok(tickets)
    }

    /// Returns the active account with exactly this address, or `None`.
    ///
    /// An account that hides its address is never taken for it. Calls `GET /rest/api/2/user/search`.
    pub async fn person(&self, address: &str) -> Result<Option<Person>> {
        let request = self
            .caller
            .get(&format!("{ROOT}/user/search"))
            .query("query", address)
            .query("includeActive", true)
            .query("includeInactive", false)
            .query("maxResults", 50);
        let hits: Vec<Value> = request.send_json().await?;
        let mut people = hits.iter().filter_map(person);
        Ok(people.find(|person| {
            let email = person.email.as_deref();
            email.is_some_and(|email| email.eq_ignore_ascii_case(address))
        }))
    }

    /// Returns the account that the credential belongs to. Calls `GET /rest/api/2/myself`.
    pub async fn identity(&self) -> Result<Person> {
        let document: Value = self
            .caller
            .get(&format!("{ROOT}/myself"))
            .send_json()
            .await?;
        person(&document).ok_or_else(|| self.incomplete("the account"))
    }

    /// Gives a ticket to somebody, unless it is theirs, and reads it again to be sure; says whether
    /// anything was sent.
    ///
    /// Fails with `conflict` when it is somebody else's afterwards. Calls `GET …/issue/{key}`,
    /// `PUT /rest/api/2/issue/{key}/assignee`, `GET …/issue/{key}`.
    pub async fn assign(&self, key: &str, person: &Person) -> Result<bool> {
        let is_theirs = |ticket: Ticket| {
            let account = ticket.assignee.map(|who| who.account);
            account.as_deref() == Some(person.account.as_str())
        };
        if is_theirs(self.ticket(key).await?) {
            return Ok(false);
        }
        let path = format!("{ROOT}/issue/{}/assignee", segment(key));
        let body = json!({"accountId": person.account});
        let sent = self.caller.put(&path).json(&body)?.send().await;
        if let Err(error) = &sent
            && !error.is_ambiguous
        {
            return sent.map(|_| true);
        }
        match (self.ticket(key).await, sent) {
            (Ok(ticket), _) if is_theirs(ticket.clone()) => Ok(true),
            (_, Err(lost)) => Err(lost),
            (Err(error), Ok(_)) => Err(error.ambiguous()),
            (Ok(_), Ok(_)) => {
                let what = format!("`{key}` was given to `{}` and is not theirs", person.name);
                Err(self.wrong(Error::new(Kind::Conflict, what).hint("look at the ticket")))
            }
        }
    }

    /// Moves a ticket to a status, unless it stands there, and reads it again to be sure.
    ///
    /// Fails with `refused` when its workflow has no way there now, `conflict` when it stands somewhere
    /// else afterwards. Calls `GET …/issue/{key}`, `GET …/transitions`, `POST …/transitions`,
    /// `GET …/issue/{key}`.
    pub async fn move_to(&self, key: &str, status: &str) -> Result<Moved> {
        let from = self.ticket(key).await?.status;
        if from.eq_ignore_ascii_case(status) {
            return Ok(Moved::WasThere);
        }
        let path = format!("{ROOT}/issue/{}/transitions", segment(key));
        let document: Value = self.caller.get(&path).send_json().await?;
        let ways = document["transitions"].as_array().cloned();
        let ways = ways.unwrap_or_default();
        let leads = |way: &&Value| {
            let is_named = |value: &Value| {
                value
                    .as_str()
                    .is_some_and(|name| name.eq_ignore_ascii_case(status))
            };
            is_named(&way["to"]["name"]) || is_named(&way["name"])
        };
        let Some(id) = ways.iter().find(leads).and_then(|way| way["id"].as_str()) else {
            let names: Vec<_> = ways.iter().filter_map(|way| way["name"].as_str()).collect();
            let what = format!("`{key}` cannot go from `{from}` to `{status}`");
            let hint = format!("its workflow offers: {}", names.join(", "));
            return Err(self.wrong(Error::new(Kind::Refused, what).hint(hint)));
        };
        let body = json!({"transition": {"id": id}, "fields": {}});
        let sent = self.caller.post(&path).json(&body)?.send().await;
        if let Err(error) = sent
            && !error.is_ambiguous
        {
            return Err(error);
        }
        // A lost answer is made up for here: the ticket says where it is.
        let now = self.ticket(key).await?.status;
        if now.eq_ignore_ascii_case(status) {
            return Ok(Moved::Now { from });
        }
        let what = format!("`{key}` was moved to `{status}` and stands at `{now}`");
        Err(self.wrong(Error::new(Kind::Conflict, what).hint("look at the ticket")))
    }

    /// Returns the comments of a ticket, oldest first.
    ///
    /// Calls `GET /rest/api/2/issue/{key}/comment` for each hundred.
    pub async fn comments(&self, key: &str) -> Result<Vec<Comment>> {
        self.check(key)?;
        let path = format!("{ROOT}/issue/{}/comment", segment(key));
        let mut comments = Vec::new();
        let pages = self.pages(&path, "comments").await?;
        for value in &pages {
            comments.push(comment(value).ok_or_else(|| self.incomplete(key))?);
        }
        Ok(comments)
    }

    /// Comments on a ticket, unless a comment with `token` is there; says whether one was sent.
    ///
    /// The token stands in the text, in a line that the wiki markup does not show. An error that is
    /// ambiguous may stand for a comment that is there. Calls `GET …/comment`, `POST …/comment`.
    pub async fn comment_once(&self, key: &str, body: &str, token: &str) -> Result<bool> {
        let line = format!("{{anchor:{token}}}");
        let comments = self.comments(key).await?;
        if comments.iter().any(|comment| comment.body.contains(&line)) {
            return Ok(false);
        }
        let path = format!("{ROOT}/issue/{}/comment", segment(key));
        let body = json!({"body": format!("{body}\n{line}")});
        let sent = self.caller.post(&path).json(&body)?.send().await;
        match sent {
            Err(error) if error.is_ambiguous => {
                let comments = self.comments(key).await?;
                let is_there = comments.iter().any(|comment| comment.body.contains(&line));
                if is_there { Ok(true) } else { Err(error) }
            }
            sent => sent.map(|_| true),
        }
    }

    /// Replaces the labels of a ticket. Calls `PUT /rest/api/2/issue/{key}`.
    pub async fn set_labels(&self, key: &str, labels: &[String]) -> Result<()> {
        self.edit(key, &json!({"labels": labels})).await
    }

    /// Returns who is asked for information on a ticket. Calls `GET …/issue/{key}`.
    pub async fn asked(&self, key: &str) -> Result<Vec<Person>> {
        self.check(key)?;
        let path = format!("{ROOT}/issue/{}", segment(key));
        let request = self.caller.get(&path).query("fields", NEED_INFO_FROM);
        let issue: Issue = request.send_json().await?;
        let people = issue.fields[NEED_INFO_FROM].as_array();
        Ok(people.into_iter().flatten().filter_map(person).collect())
    }

    /// Asks people for information on a ticket, those who are asked already aside.
    ///
    /// Calls `GET …/issue/{key}`, and `PUT …/issue/{key}` when somebody is new.
    pub async fn ask(&self, key: &str, people: &[Person]) -> Result<bool> {
        let mut asked = self.asked(key).await?;
        let count = asked.len();
        for person in people {
            if asked.iter().all(|other| other.account != person.account) {
                asked.push(person.clone());
            }
        }
        if asked.len() == count {
            return Ok(false);
        }
        let accounts = asked.iter().map(|who| json!({"accountId": who.account}));
        let fields = json!({NEED_INFO_FROM: accounts.collect::<Vec<_>>()});
        self.edit(key, &fields).await?;
        Ok(true)
    }

    /// Returns the addresses that a ticket links to, such as pull requests.
    ///
    /// Calls `GET /rest/api/2/issue/{key}/remotelink`.
    pub async fn links(&self, key: &str) -> Result<Vec<String>> {
        self.check(key)?;
        let path = format!("{ROOT}/issue/{}/remotelink", segment(key));
        let links: Vec<Value> =
            found(self.caller.get(&path).send_json().await)?.unwrap_or_default();
        let addresses = links
            .iter()
            .filter_map(|link| link["object"]["url"].as_str());
        Ok(addresses.map(str::to_owned).collect())
    }

    async fn edit(&self, key: &str, fields: &Value) -> Result<()> {
        self.check(key)?;
        let path = format!("{ROOT}/issue/{}", segment(key));
        let body = json!({"fields": fields, "update": {}});
        let request = self.caller.request(Method::PUT, &path).json(&body)?;
        request.send().await.map(|_| ())
    }

    /// All entries of a list that comes in pages by number.
    async fn pages<T: DeserializeOwned>(&self, path: &str, list: &str) -> Result<Vec<T>> {
        let mut entries = Vec::new();
        for _ in 0..MOST_PAGES {
            let request = self
                .caller
                .get(path)
                .query("startAt", entries.len())
                .query("maxResults", PAGE);
            let mut page: Value = request.send_json().await?;
            let some: Vec<T> =
                serde_json::from_value(page.get_mut(list).map(Value::take).unwrap_or_default())
                    .map_err(|error| self.incomplete(path).because(error))?;
            let is_last = some.is_empty();
            entries.extend(some);
            let total = page["total"].as_u64().unwrap_or_default();
            if is_last || entries.len() as u64 >= total {
                break;
            }
        }
        Ok(entries)
    }

    fn check(&self, key: &str) -> Result<()> {
        if is_real(key) {
            return Ok(());
        }
        let what = if key.is_empty() {
            "there is no ticket to ask for".to_owned()
        } else {
            format!("`{key}` is not the key of a ticket")
        };
        Err(self.wrong(Error::invalid(what).hint(
            "a key is a project and a number, such as `ART-30001`; look at the build data of the release",
        )))
    }

    fn incomplete(&self, about: &str) -> Error {
        let what = format!("the answer about `{about}` lacks what it should say");
        self.wrong(Error::invalid(what))
    }

    fn wrong(&self, error: Error) -> Error {
        self.caller.finish(error)
    }
}
