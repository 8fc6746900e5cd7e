//! Who is reminded of one bug, and how.

use super::Run;
use crate::{
    error::{Kind, Result},
    oar::native::manager::manager,
    release::{
        escalation::{Step, Waiting},
        ticket::Person,
    },
};

impl Run<'_> {
    /// Reminds whoever a step is about, or who stands in.
    pub(super) async fn remind(&mut self, bug: &Waiting, step: Step) -> Result<()> {
        let Some(contact) = &bug.ticket.qa_contact else {
            return self.remind_assignee(bug).await;
        };
        if step != Step::Manager {
            return self.send(bug, step, &[contact.clone()]).await;
        }
        match self.manager_of(bug, contact).await? {
            Some(manager) => self.send(bug, step, &[manager]).await,
            None => self.remind_assignee(bug).await,
        }
    }

    /// For want of a contact: the assignee and, when known, the assignee's manager, once for ever.
    async fn remind_assignee(&mut self, bug: &Waiting) -> Result<()> {
        let Some(assignee) = &bug.ticket.assignee else {
            return self.remind_reporter(bug).await;
        };
        if bug.was_ever_reminded(Step::Assignee) {
            return Ok(());
        }
        let mut people = vec![assignee.clone()];
        people.extend(self.manager_of(bug, assignee).await?);
        people.dedup_by(|one, other| one.account == other.account);
        self.send(bug, Step::Assignee, &people).await
    }

    /// For want of anybody else: the reporter, once for ever.
    async fn remind_reporter(&mut self, bug: &Waiting) -> Result<()> {
        match &bug.ticket.reporter {
            Some(reporter) if !bug.was_ever_reminded(Step::Reporter) => {
                self.send(bug, Step::Reporter, &[reporter.clone()]).await
            }
            Some(_) => Ok(()),
            None => {
                let key = &bug.ticket.key;
                self.log
                    .warning(format!("{key} has nobody who could be reminded"));
                Ok(())
            }
        }
    }

    /// The account of a person's manager, as directory and Jira know them.
    async fn manager_of(&mut self, bug: &Waiting, person: &Person) -> Result<Option<Person>> {
        let key = &bug.ticket.key;
        let Some(address) = &person.email else {
            self.log.warning(format!(
                "{key}: the profile of {} shows no address, so no manager can be looked up",
                person.name
            ));
            return Ok(None);
        };
        let Some(manager) = manager(self.native, address).await? else {
            self.log
                .warning(format!("{key}: no manager is known for {}", person.name));
            return Ok(None);
        };
        let account = self.jira.person(&manager).await?;
        if account.is_none() {
            self.log
                .warning(format!("{key}: Jira shows no account of {manager}"));
        }
        Ok(account)
    }

    /// Puts people into Need Info From and mentions them in a comment.
    ///
    /// The comment is what counts as the reminder, so it comes last.
    async fn send(&mut self, bug: &Waiting, step: Step, people: &[Person]) -> Result<()> {
        let key = &bug.ticket.key;
        let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
        let names = names.join(" and ");
        if self.is_dry_run {
            self.log.info(format!(
                "{key}: {names} would be reminded ({})",
                step.label()
            ));
            self.sent.push(format!("{key} ({})", step.word()));
            return Ok(());
        }
        match self.jira.ask(key, people).await {
            // The field may not take an account that has left; the comment is worth writing still.
            Err(error) if error.kind == Kind::Invalid && !error.is_ambiguous => {
                self.fail(key, &error);
            }
            Err(error) if error.is_ambiguous => {
                let asked = self.jira.asked(key).await.map_err(|_| error.clone())?;
                let is_asked = |person: &Person| {
                    let mut asked = asked.iter();
                    asked.any(|other| other.account == person.account)
                };
                if !people.iter().all(is_asked) {
                    return Err(error);
                }
            }
            ended => _ = ended?,
        }
        let accounts = people.iter().map(|person| person.account.as_str());
        let comment = step.comment(accounts);
        let is_new = self
            .jira
            .comment_once(key, &comment, &bug.token(step))
            .await?;
        if is_new {
            self.log
                .info(format!("{key}: {names} is reminded ({})", step.label()));
            self.sent.push(format!("{key} ({})", step.word()));
        } else {
            self.log
                .info(format!("{key}: somebody else reminded {names} just now"));
        }
        Ok(())
    }
}
