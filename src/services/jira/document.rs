//! Reads what Jira says about a ticket.

use jiff::{Timestamp, ZonedDateTime};
use serde::Deserialize;
use serde_json::Value;

use crate::release::{
    ticket::{Comment, Person, Ticket},
    tracker::Tracker,
};

/// The fields a ticket is made from; no more are asked for.
pub(super) const FIELDS: [&str; 14] = [
    "summary",
    "status",
    "issuetype",
    "priority",
    "labels",
    "assignee",
    "reporter",
    "subtasks",
    "description",
    QA_CONTACT,
    RELEASE_BLOCKER,
    CASES_COUNTER,
    CASES_LINKS,
    NEED_INFO_FROM,
];

/// The fields a tracker is made from.
pub(super) const TRACKER_FIELDS: [&str; 8] = [
    "summary",
    "status",
    "issuetype",
    "labels",
    "components",
    "security",
    "created",
    DOWNSTREAM_COMPONENT,
];

const DOWNSTREAM_COMPONENT: &str = "customfield_10669";
const QA_CONTACT: &str = "customfield_10470";
const RELEASE_BLOCKER: &str = "customfield_10847";
const CASES_COUNTER: &str = "customfield_10978";
const CASES_LINKS: &str = "customfield_10979";
pub(super) const NEED_INFO_FROM: &str = "customfield_10482";

/// A ticket as it comes. A field that does not apply is `null` or absent.
#[derive(Deserialize)]
pub(super) struct Issue {
    key: String,
    pub(super) fields: Value,
}

/// A page of a search.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) issues: Vec<Issue>,
    pub(super) next_page_token: Option<String>,
    pub(super) is_last: Option<bool>,
}

impl Issue {
    /// Returns the ticket; `None` when it lacks its summary or status.
    pub(super) fn ticket(self) -> Option<Ticket> {
        let fields = &self.fields;
        let name = |field: &str| {
            let name = fields[field]["name"].as_str();
            name.unwrap_or_default().to_owned()
        };
        let keys = fields["subtasks"].as_array().into_iter().flatten();
        let labels = fields["labels"].as_array().into_iter().flatten();
        Some(Ticket {
            summary: fields["summary"].as_str()?.to_owned(),
            status: fields["status"]["name"].as_str()?.to_owned(),
            kind: name("issuetype"),
            priority: name("priority"),
            labels: labels
                .filter_map(|label| label.as_str().map(str::to_owned))
                .collect(),
            assignee: person(&fields["assignee"]),
            reporter: person(&fields["reporter"]),
            qa_contact: person(&fields[QA_CONTACT]),
            release_blocker: fields[RELEASE_BLOCKER]["value"].as_str().map(str::to_owned),
            has_customer_case: [CASES_COUNTER, CASES_LINKS]
                .iter()
                .any(|field| fields.get(field).is_some_and(|value| !value.is_null())),
            subtasks: keys
                .filter_map(|subtask| subtask["key"].as_str().map(str::to_owned))
                .collect(),
            description: fields["description"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            key: self.key,
        })
    }
}

impl Issue {
    /// Returns what counts of a tracker; `None` when it lacks its summary or status.
    pub(super) fn tracker(self) -> Option<Tracker> {
        let fields = &self.fields;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |field: &str| fields[field].as_array().into_iter().flatten();
        Some(Tracker {
            summary: text(&fields["summary"])?,
            status: text(&fields["status"]["name"])?,
            kind: text(&fields["issuetype"]["name"]).unwrap_or_default(),
            labels: list("labels").filter_map(text).collect(),
            components: list("components")
                .filter_map(|component| text(&component["name"]))
                .collect(),
            downstream_component: text(&fields[DOWNSTREAM_COMPONENT]),
            level: text(&fields["security"]["name"]),
            created: fields["created"].as_str().and_then(time),
            key: self.key,
        })
    }
}

/// Reads a user; `None` for nobody.
pub(super) fn person(value: &Value) -> Option<Person> {
    Some(Person {
        account: value["accountId"].as_str()?.to_owned(),
        name: value["displayName"].as_str().unwrap_or_default().to_owned(),
        email: value["emailAddress"].as_str().map(str::to_owned),
    })
}

/// Reads a comment.
pub(super) fn comment(value: &Value) -> Option<Comment> {
    Some(Comment {
        id: value["id"].as_str()?.to_owned(),
        body: value["body"].as_str().unwrap_or_default().to_owned(),
        at: value["created"].as_str().and_then(time),
    })
}

/// Reads `2025-08-12T08:00:00.000+0000`.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse()
        .ok()
        .or_else(|| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text).ok())
}

/// Reads the same with the zone it was written in, by which days are told apart.
pub(super) fn zoned(text: &str) -> Option<ZonedDateTime> {
    ZonedDateTime::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text)
        .or_else(|_| ZonedDateTime::strptime("%Y-%m-%dT%H:%M:%S%.f%:z", text))
        .ok()
}
