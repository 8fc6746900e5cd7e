//! What is changed at the Errata Tool.

use reqwest::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::{
    CHANGING, Client,
    reading::{with_alerts, without_alerts},
    wire::{AlertsAnswer, Push, refusal},
};
use crate::{
    error::{Error, Kind, Result},
    http::{Answer, Request},
    release::advisory::{
        Refusal, State,
        content::SecurityAlerts,
        is_email,
        push::{PushJob, Staging, made_since, staging},
    },
};

/// What came of asking for a state.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum Moved {
    /// It was there, or further on, already.
    Already {
        /// Where it stands.
        state: State,
    },
    /// It is there now, and was read back.
    Now {
        /// Where it stands.
        state: State,
    },
    /// The tool would not, or there is no such step from where it stands.
    Refused {
        /// Where it stands.
        state: State,
        /// Why.
        refusal: Refusal,
    },
}

/// What came of asking for a push.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum Pushed {
    /// All targets are complete; nothing was sent.
    Already,
    /// These jobs run since before; nothing was sent.
    Running {
        /// The jobs.
        jobs: Vec<PushJob>,
    },
    /// These jobs are new.
    Started {
        /// The jobs; none when the tool found nothing to do.
        jobs: Vec<PushJob>,
    },
    /// The tool would not.
    Refused {
        /// Why.
        refusal: Refusal,
    },
}

impl Client {
    /// Moves an advisory to a state: looks, asks, and looks again.
    ///
    /// Asked for `REL_PREP`, one that is further on is left alone. When the answer is lost, what the
    /// tool says afterwards counts. Fails with an ambiguous error when that cannot be read either,
    /// and with `unexpected` when the tool agreed and nothing changed.
    /// Calls `GET /api/v1/erratum/{id}` and `POST /api/v1/erratum/{id}/change_state`.
    pub async fn move_to(&self, advisory: u64, to: State) -> Result<Moved> {
        let from = self.advisory(advisory).await?.state;
        self.move_from(advisory, from, to).await
    }

    /// The same for an advisory that was just read and stood in `from`.
    ///
    /// When the tool would not and the advisory is where it should be, somebody else was faster.
    pub async fn move_from(&self, advisory: u64, from: State, to: State) -> Result<Moved> {
        let is_there = |state: State| state == to || (to == State::RelPrep && state.is_moved());
        if is_there(from) {
            return Ok(Moved::Already { state: from });
        }
        if !from.can_become(to) {
            let text = format!("advisory {advisory} is in {from} and cannot go to {to} from there");
            return Ok(Moved::Refused {
                state: from,
                refusal: Refusal::new(text),
            });
        }
        let asked = self.change_state(advisory, to).await;
        if asked.as_ref().is_err_and(|error| !error.is_ambiguous) {
            return asked.map(|_| Moved::Already { state: from });
        }
        let after = match (self.advisory(advisory).await, asked) {
            (Ok(after), Ok(Some(_))) if is_there(after.state) => {
                return Ok(Moved::Already { state: after.state });
            }
            (Ok(after), Ok(Some(refusal))) => {
                let state = after.state;
                return Ok(Moved::Refused { state, refusal });
            }
            (Err(_), Ok(Some(refusal))) => {
                let state = from;
                return Ok(Moved::Refused { state, refusal });
            }
            (Ok(after), Ok(None)) if after.state == from => {
                let message = format!("advisory {advisory} was moved to {to} and is in {from}");
                return Err(self.named(Error::new(Kind::Unexpected, message)));
            }
            (Ok(after), Err(lost)) if after.state == from => return Err(lost),
            (Ok(after), _) => after.state,
            (Err(_), Err(lost)) => return Err(lost),
            (Err(error), Ok(None)) => return Err(error.ambiguous()),
        };
        if is_there(after) {
            return Ok(Moved::Now { state: after });
        }
        let text = format!("advisory {advisory} went from {from} to {after} instead of {to}");
        Ok(Moved::Refused {
            state: after,
            refusal: Refusal::new(text),
        })
    }

    /// Asks for a state, once, without looking. Returns why the tool would not, if so.
    ///
    /// Calls `POST /api/v1/erratum/{id}/change_state`.
    pub async fn change_state(&self, advisory: u64, to: State) -> Result<Option<Refusal>> {
        let path = format!("/api/v1/erratum/{advisory}/change_state");
        let fields = vec![("new_state".to_owned(), to.word().to_owned())];
        Ok(self.send(self.caller.post(&path).form(fields)).await?.err())
    }

    /// Pushes an advisory to staging unless that is done or under way: looks, asks, and after a lost
    /// answer looks for new jobs.
    ///
    /// Fails with an ambiguous error when the answer was lost and no new job is seen; a later call
    /// looks again.
    /// Calls `GET` and `POST /api/v1/erratum/{id}/push`.
    pub async fn push_to_staging(&self, advisory: u64) -> Result<Pushed> {
        let before = self.push_jobs(advisory).await?;
        match staging(&before) {
            Staging::Complete => return Ok(Pushed::Already),
            Staging::Running(jobs) => return Ok(Pushed::Running { jobs }),
            Staging::Missing | Staging::Failed(_) => {}
        }
        match self.push(advisory).await {
            Ok(Ok(jobs)) => Ok(Pushed::Started { jobs }),
            Ok(Err(refusal)) => Ok(Pushed::Refused { refusal }),
            Err(lost) if lost.is_ambiguous => {
                let Ok(after) = self.push_jobs(advisory).await else {
                    return Err(lost);
                };
                let jobs = made_since(&before, &after);
                if jobs.is_empty() {
                    return Err(lost);
                }
                Ok(Pushed::Started { jobs })
            }
            Err(error) => Err(error),
        }
    }

    /// Asks for a push to staging, once, without looking: the new jobs, or why not.
    ///
    /// The tool leaves out targets that are complete since the builds last changed.
    /// Calls `POST /api/v1/erratum/{id}/push?defaults=stage`.
    pub async fn push(&self, advisory: u64) -> Result<Result<Vec<PushJob>, Refusal>> {
        let path = format!("/api/v1/erratum/{advisory}/push");
        let request = self.caller.post(&path).query("defaults", "stage");
        let answer = match self.send(request).await? {
            Ok(answer) => answer,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let jobs: Vec<Push> = answer
            .json()
            .map_err(|error| self.named(error).ambiguous())?;
        Ok(Ok(jobs.into_iter().map(PushJob::from).collect()))
    }

    /// Makes a person the QA owner of an advisory: looks, sets, and looks again. Returns whether
    /// anything had to be changed.
    ///
    /// Fails with `invalid` when the address is none, or is of nobody the tool knows.
    /// Calls `GET /advisory/{id}.json` and `PUT /api/v1/erratum/{id}`.
    pub async fn set_owner(&self, advisory: u64, email: &str) -> Result<bool> {
        if !is_email(email) {
            let message = format!("`{email}` is not the address of a person");
            return Err(self.named(Error::invalid(message)));
        }
        let is_owner = |people: &super::People| people.qa_owner.as_deref() == Some(email);
        if is_owner(&self.people(advisory).await?) {
            return Ok(false);
        }
        let set = self.edit(advisory, "assigned_to_email", email).await;
        if set.as_ref().is_err_and(|error| !error.is_ambiguous) {
            return set.map(|()| true);
        }
        match (self.people(advisory).await, set) {
            (Ok(people), _) if is_owner(&people) => Ok(true),
            (_, Err(lost)) => Err(lost),
            (Err(error), Ok(())) => Err(error.ambiguous()),
            (Ok(_), Ok(())) => {
                let message =
                    format!("`{email}` was set as owner of advisory {advisory} and is not");
                Err(self.named(Error::new(Kind::Unexpected, message)))
            }
        }
    }

    /// Asks for approval of an advisory's text.
    ///
    /// Calls `PUT /api/v1/erratum/{id}`.
    pub async fn request_docs_approval(&self, advisory: u64) -> Result<()> {
        self.edit(advisory, "text_ready", "1").await
    }

    /// Asks product security for approval.
    ///
    /// Calls `PUT /api/v1/erratum/{id}`.
    pub async fn request_security_approval(&self, advisory: u64) -> Result<()> {
        self.edit(advisory, "security_approved", "0").await
    }

    /// Makes these the only issues on an advisory: Jira keys and Bugzilla numbers.
    ///
    /// What somebody else adds in the same moment is lost; [`Client::drop_jira_issues`] has no such
    /// gap. Calls `PUT /api/v1/erratum/{id}`.
    pub async fn set_issues(&self, advisory: u64, issues: &[String]) -> Result<()> {
        self.edit(advisory, "idsfixed", &issues.join(" ")).await
    }

    /// Takes Jira issues off an advisory, one by one, and returns those that were on it.
    ///
    /// One that is gone already is passed over. Stops at the first error; those before it are off.
    /// Calls `GET /api/v1/erratum/{id}` and `POST /api/v1/erratum/{id}/remove_jira_issue`.
    pub async fn drop_jira_issues(&self, advisory: u64, keys: &[String]) -> Result<Vec<String>> {
        let before = self.advisory(advisory).await?.jira_issues;
        let dropped: Vec<String> = before
            .into_iter()
            .filter(|key| keys.contains(key))
            .collect();
        if dropped.is_empty() {
            return Ok(dropped);
        }
        for key in &dropped {
            match self.remove_jira_issue(advisory, key).await {
                // A refusal may say that somebody else was faster.
                Err(error) if !error.is_ambiguous && error.kind != Kind::Invalid => {
                    return Err(error);
                }
                Err(lost) => {
                    let after = self.advisory(advisory).await.map_err(|_| lost.clone())?;
                    if after.jira_issues.contains(key) {
                        return Err(lost);
                    }
                }
                Ok(()) => {}
            }
        }
        let after = self.advisory(advisory).await?.jira_issues;
        if let Some(key) = dropped.iter().find(|key| after.contains(key)) {
            let message = format!("`{key}` was taken off advisory {advisory} and is still on it");
            return Err(self.named(Error::new(Kind::Unexpected, message)));
        }
        Ok(dropped)
    }

    /// Takes one Jira issue off an advisory.
    ///
    /// Calls `POST /api/v1/erratum/{id}/remove_jira_issue`.
    pub async fn remove_jira_issue(&self, advisory: u64, key: &str) -> Result<()> {
        let path = format!("/api/v1/erratum/{advisory}/remove_jira_issue");
        let request = self
            .caller
            .post(&path)
            .json(&json!({ "jira_issue": key }))?;
        self.must(&path, request).await
    }

    /// Lets the tool ask product security anew, and returns the alerts.
    ///
    /// An advisory that is no `RHSA` has none, and nothing is sent. An error means that nobody knows
    /// whether something blocks.
    /// Calls `GET /api/v1/erratum/{id}` and `POST /api/v1/erratum/{id}/security_alerts/refresh`.
    pub async fn refresh_security_alerts(&self, advisory: u64) -> Result<SecurityAlerts> {
        let kind = self.advisory_type(advisory).await?;
        self.refresh_alerts_of(advisory, kind).await
    }

    /// The same for an advisory whose type (`RHSA`, `RHBA`, `RHEA`) is known.
    ///
    /// Calls `POST /api/v1/erratum/{id}/security_alerts/refresh`.
    pub async fn refresh_alerts_of(&self, advisory: u64, kind: String) -> Result<SecurityAlerts> {
        if kind != "RHSA" {
            return Ok(without_alerts(kind));
        }
        let path = format!("/api/v1/erratum/{advisory}/security_alerts/refresh");
        let answer: AlertsAnswer = self
            .caller
            .post(&path)
            .timeout(CHANGING)
            .send_json()
            .await?;
        Ok(with_alerts(kind, answer))
    }

    async fn edit(&self, advisory: u64, field: &str, value: &str) -> Result<()> {
        let path = format!("/api/v1/erratum/{advisory}");
        let fields = vec![(format!("advisory[{field}]"), value.to_owned())];
        self.must(&path, self.caller.put(&path).form(fields)).await
    }

    /// Sends a change for which a refusal is an error.
    async fn must(&self, path: &str, request: Request) -> Result<()> {
        match self.send(request).await? {
            Ok(_) => Ok(()),
            Err(refusal) => {
                let message = format!("`{path}` was refused: {}", refusal.text);
                Err(self.named(Error::invalid(message)))
            }
        }
    }

    /// Sends a change; a refusal with reasons is an answer.
    async fn send(&self, request: Request) -> Result<Result<Answer, Refusal>> {
        let reasons = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY];
        let request = reasons.into_iter().fold(request, Request::accept);
        let answer = request.timeout(CHANGING).send().await?;
        if reasons.contains(&answer.status) {
            return Ok(Err(refusal(&answer.body)));
        }
        Ok(Ok(answer))
    }
}
