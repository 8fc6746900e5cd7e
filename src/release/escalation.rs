//! Bugs that wait for verification: who is reminded of one, and when.
//!
//! A bug in `ON_QA` is brought before its QA contact after a day of work, before the contact again
//! after another one so that its lead learns of it, and before the contact's manager after a third. After
//! a fourth it gets a label. What was done before is read from the comments, which the Python tool
//! writes too; a bug that came back to `ON_QA` starts anew.

use jiff::{Timestamp, ZonedDateTime, civil::Weekday};

use super::ticket::Ticket;

/// The label of a bug that all were reminded of in vain.
pub const OVERDUE_LABEL: &str = "ert:pending-onqa-over-96hrs";

/// The status in which a bug waits.
pub const WAITING_STATUS: &str = "ON_QA";

/// How every reminder begins.
const HEADING: &str = "Errata Reliability Team Notification";

/// Hours of working days that are waited before each step.
const PATIENCE_HOURS: usize = 24;

/// After so many hours no days are counted any more.
const LONGEST_HOURS: i64 = 72;

/// A bug that waits, with all that the next step depends on.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The bug.
    pub ticket: Ticket,
    /// What was changed on it, in any order.
    pub changes: Vec<Change>,
    /// What was said about it, in any order.
    pub comments: Vec<Said>,
}

/// One field of a ticket got a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// When, in the zone of the tracker.
    pub at: ZonedDateTime,
    /// The field, such as `status`.
    pub field: String,
    /// The value.
    pub to: String,
}

/// A comment.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// When, in the zone of the tracker.
    pub at: ZonedDateTime,
    /// What it says.
    pub body: String,
}

/// Who is reminded. The first three follow each other, the others stand in for somebody who is not
/// known.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Step {
    /// Who verifies the bug.
    QaContact,
    /// The same person again: nobody records who leads a team.
    TeamLead,
    /// The manager of that person.
    Manager,
    /// Who fixed the bug, for want of a QA contact or a manager.
    Assignee,
    /// Who reported the bug, for want of an assignee.
    Reporter,
}

impl Step {
    /// All steps, in the order in which their labels are looked for.
    pub const ALL: [Self; 5] = [
        Self::QaContact,
        Self::TeamLead,
        Self::Manager,
        Self::Assignee,
        Self::Reporter,
    ];

    /// The words by which a reminder is known.
    pub fn label(self) -> &'static str {
        match self {
            Self::QaContact => "QA Contact Action Request",
            Self::TeamLead => "Team Lead Action Request",
            Self::Manager => "Manager Action Request",
            Self::Assignee => "Assignee Action Request",
            Self::Reporter => "Reporter Action Request",
        }
    }

    /// One word for tokens and lists, such as `qa-contact`.
    pub fn word(self) -> &'static str {
        match self {
            Self::QaContact => "qa-contact",
            Self::TeamLead => "team-lead",
            Self::Manager => "manager",
            Self::Assignee => "assignee",
            Self::Reporter => "reporter",
        }
    }

    /// The step whose reminder a comment is; `None` for any other comment.
    pub fn of(body: &str) -> Option<Self> {
        let is_reminder = body.starts_with(HEADING);
        let mut steps = Self::ALL.into_iter().filter(|_| is_reminder);
        steps.find(|step| body.contains(step.label()))
    }

    /// The reminder, for the accounts of these people.
    pub fn comment<'a>(self, accounts: impl IntoIterator<Item = &'a str>) -> String {
        let mentions: String = accounts
            .into_iter()
            .map(|account| format!("[~accountId:{account}] "))
            .collect();
        format!(
            "{HEADING} - {}\n\
             This issue has been in the {WAITING_STATUS} state for over {} hours.\n\
             {mentions}\n{}",
            self.label(),
            self.hours(),
            self.request()
        )
    }

    fn hours(self) -> u32 {
        match self {
            Self::TeamLead => 48,
            Self::Manager => 72,
            Self::QaContact | Self::Assignee | Self::Reporter => 24,
        }
    }

    fn request(self) -> &'static str {
        match self {
            Self::QaContact => "Please verify it soon: the release it belongs to waits for that.",
            Self::TeamLead => {
                "Please verify it, or ask the lead of your team to give it to somebody who can."
            }
            Self::Manager => {
                "It waits for somebody of your team. Please see that it is verified next, or that \
                 somebody else takes it over."
            }
            Self::Assignee => {
                "It has no contact for verification that could be reached: the field QA Contact is \
                 empty, or no manager is known for who stands there. Please help to find somebody."
            }
            Self::Reporter => {
                "It has neither a contact for verification nor an assignee. Please assign somebody."
            }
        }
    }
}

impl Waiting {
    /// When the bug came into `ON_QA` the last time; `None` when its history does not say.
    pub fn since(&self) -> Option<&ZonedDateTime> {
        let came = |change: &&Change| change.field == "status" && change.to == WAITING_STATUS;
        self.changes
            .iter()
            .filter(came)
            .map(|change| &change.at)
            .max()
    }

    /// When this reminder was written the last time since the bug waits.
    pub fn reminded(&self, step: Step) -> Option<&ZonedDateTime> {
        let since = self.since()?;
        let said = self.comments.iter().filter(|said| said.at >= *since);
        said.filter(|said| Step::of(&said.body) == Some(step))
            .map(|said| &said.at)
            .max()
    }

    /// Whether this reminder was written ever.
    pub fn was_ever_reminded(&self, step: Step) -> bool {
        let mut bodies = self.comments.iter().map(|said| &said.body);
        bodies.any(|body| Step::of(body) == Some(step))
    }

    /// What identifies a reminder: the same until the bug comes to `ON_QA` anew.
    pub fn token(&self, step: Step) -> String {
        let since = self.since().map_or(0, |at| at.timestamp().as_second());
        // People who stand in are reminded once, whenever that was.
        match step {
            Step::Assignee | Step::Reporter => format!("onqa-{}", step.word()),
            _ => format!("onqa-{}-{since}", step.word()),
        }
    }

    /// What to do about the bug now; `None` when nobody knows since when it waits.
    pub fn next(&self, now: Timestamp) -> Option<Next> {
        let since = self.since()?;
        let is_marked = self
            .ticket
            .labels
            .iter()
            .any(|label| label == OVERDUE_LABEL);
        let mut next = Next::default();
        let mut last = since;
        for step in [Step::QaContact, Step::TeamLead, Step::Manager] {
            let Some(at) = self.reminded(step) else {
                next.is_unmarked = step == Step::QaContact && is_marked;
                next.step = is_overdue(last, now).then_some(step);
                return Some(next);
            };
            last = at;
        }
        next.is_marked = !is_marked && is_overdue(last, now);
        Some(next)
    }
}

/// What to do about a bug.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Next {
    /// Who is to be reminded.
    pub step: Option<Step>,
    /// Whether the label is put on.
    pub is_marked: bool,
    /// Whether the label is taken off.
    pub is_unmarked: bool,
}

impl Next {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether more than a day of work has passed since `since`.
///
/// Every begun hour of a Monday to Friday counts, by the zone of `since`. After three days it is true in
/// any case, so a weekend delays nothing for ever.
pub fn is_overdue(since: &ZonedDateTime, now: Timestamp) -> bool {
    let from = since.timestamp();
    let passed = now.duration_since(from);
    if passed.is_zero() || passed.is_negative() {
        return false;
    }
    if passed > jiff::SignedDuration::from_hours(LONGEST_HOURS) {
        return true;
    }
    let zone = since.time_zone();
    let hours = (0..=LONGEST_HOURS)
        .map(|hour| from + jiff::SignedDuration::from_hours(hour))
        .take_while(|at| *at < now)
        .filter(|at| {
            let day = zone.to_datetime(*at).weekday();
            !matches!(day, Weekday::Saturday | Weekday::Sunday)
        });
    hours.count() > PATIENCE_HOURS
}

/// The query for bugs that wait, of these versions such as `4.20.z`.
///
/// `from` is a day such as `2027-03-01`: only bugs that came to `ON_QA` later.
pub fn query(versions: &[String], from: Option<&str>) -> String {
    let mut query = format!(
        "project = OCPBUGS AND issuetype in (Bug, Vulnerability) AND status = {WAITING_STATUS} \
         AND 'Target Version' in ({})",
        versions.join(", ")
    );
    if let Some(day) = from {
        query.push_str(&format!(
            " AND status changed to {WAITING_STATUS} after {day}"
        ));
    }
    query
}

/// The versions to ask for: those of the y-streams that are tracked, as far as the tracker has them.
pub fn versions(y_streams: &[String], known: &[String]) -> Vec<String> {
    let wanted = y_streams.iter().map(|y_stream| format!("{y_stream}.z"));
    wanted.filter(|version| known.contains(version)).collect()
}

/// The pull requests of OpenShift among links: repository (owner and name) and number.
pub fn pull_requests<'a>(links: impl IntoIterator<Item = &'a str>) -> Vec<(String, u64)> {
    let parse = |link: &str| {
        let rest = link.strip_prefix("https://github.com/openshift/")?;
        let (name, rest) = rest.split_once("/pull/")?;
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number = rest[..digits].parse().ok()?;
        let is_name = !name.is_empty() && !name.contains('/');
        is_name.then(|| (format!("openshift/{name}"), number))
    };
    let mut found: Vec<_> = links.into_iter().filter_map(parse).collect();
    found.sort();
    found.dedup();
    found
}

/// Whether the labels of a pull request say that it was verified before it was merged.
pub fn is_verified_before_merge(labels: &[String]) -> bool {
    let has = |wanted: &str| labels.iter().any(|label| label == wanted);
    has("verified") && !has("verified-later")
}
