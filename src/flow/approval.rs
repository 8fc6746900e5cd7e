//! The rules of final approval, held by the host whatever a script says.
//!
//! Final approval is refused unless, in one reading of the state, every required task is `Pass` and
//! no blocker is open, and the gate was passed on the very result file that stands there now. A
//! person may set this aside with a reason; that is recorded and shown in every pass.

use std::sync::Arc;

use super::{
    drive::{Drive, Evidence},
    journal::Fact,
};
use crate::{
    call::{Operation, Permit},
    error::{Error, Kind, Result},
    release::{Ending, Outcome, TaskStatus, Version, task::REQUIRED_FOR_APPROVAL},
    state::Snapshot,
};

/// The calls that give final approval.
const APPROVING: [&str; 4] = [
    "oar.change_advisory_status",
    "errata.change_state",
    "gitlab.approve",
    "oar.add_qe_approval",
];

/// The calls that set the status of a task, with the name of the argument that holds the task.
const SETTING: [(&str, &str); 2] = [
    ("oar.update_task_status", "task_name"),
    ("statebox.set_task", "task"),
];

/// The task that stands for final approval.
const APPROVAL: &str = "change-advisory-status";

/// Opens the drive of a release.
type Opens = dyn Fn(&Version) -> Result<Arc<Drive>> + Send + Sync;

/// Refuses final approval while a rule is not met, for whatever release and whoever asks: a node, a
/// script before it drives anything, or one that drives another release.
pub struct Guard {
    open: Box<Opens>,
}

impl Guard {
    /// Guards the approval of every release that `open` knows.
    pub fn new(open: impl Fn(&Version) -> Result<Arc<Drive>> + Send + Sync + 'static) -> Self {
        Self {
            open: Box::new(open),
        }
    }
}

impl Permit for Guard {
    fn check(&self, operation: &Operation) -> Result<()> {
        if !approves(operation) {
            return Ok(());
        }
        let Some(release) = operation.arguments["release"].as_str() else {
            let what = format!(
                "`{}` does not say which release it approves",
                operation.name
            );
            return Err(Error::new(Kind::Refused, what));
        };
        let release: Version = release.parse()?;
        let drive = (self.open)(&release)?;
        let missing = missing(&drive)?;
        if missing.is_empty() || overridden(&drive).is_some() {
            return Ok(());
        }
        Err(Error::new(Kind::Refused, format!("final approval is held back: {}", missing.join("; ")))
            .hint(format!(
                "mend what is named, or set the rule aside for the record: oar-script override {release} --why TEXT"
            )))
    }
}

/// Whether a call gives final approval, or says that it was given.
fn approves(operation: &Operation) -> bool {
    let name = operation.name.as_str();
    let says_so = SETTING.iter().any(|(setting, task)| {
        *setting == name
            && operation.arguments[*task] == APPROVAL
            && operation.arguments["status"] == TaskStatus::Pass.word()
    });
    says_so || APPROVING.contains(&name)
}

/// What final approval still lacks, in words for people.
pub fn missing(drive: &Drive) -> Result<Vec<String>> {
    let Some(snapshot) = drive.refresh()? else {
        return Ok(vec!["the release has no state".to_owned()]);
    };
    let mut missing = missing_in_state(&snapshot);
    missing.extend(drive.data()?.holds_approval());
    if let Err(why) = gate_holds(drive)? {
        missing.push(why);
    }
    Ok(missing)
}

/// What final approval lacks as far as the state and the journal tell, asking nobody.
pub fn missing_offline(drive: &Drive) -> Result<Vec<String>> {
    let Some(snapshot) = drive.snapshot()? else {
        return Ok(vec!["the release has no state".to_owned()]);
    };
    let mut missing = missing_in_state(&snapshot);
    missing.extend(drive.data()?.holds_approval());
    if last_gate(drive).is_none() {
        missing.push("the gate was not passed".to_owned());
    }
    Ok(missing)
}

/// The reason of a person who set the rules of approval aside, if one did.
pub fn overridden(drive: &Drive) -> Option<String> {
    drive.journal.look(|entries| {
        entries.iter().rev().find_map(|entry| match &entry.fact {
            Fact::Override { rule, why, who } if rule == "approval" => {
                Some(format!("{why} ({who})"))
            }
            _ => None,
        })
    })
}

/// Judges the gate: the promoted build passed its tests, or a person's word stands in for this very
/// result file. Writes the passing down.
pub fn gate(drive: &Drive) -> Result<Outcome> {
    let build = drive.release.to_string();
    let Some(evidence) = drive.evidence(&build)? else {
        return Ok(
            Outcome::new(Ending::Waiting, format!("no result file of {build} yet"))
                .owner("the test jobs of the promoted build"),
        );
    };
    if !evidence.is_aggregated {
        return Ok(Outcome::new(
            Ending::Waiting,
            format!("the results of {build} are not complete"),
        )
        .owner("the test jobs of the promoted build")
        .link(&evidence.link));
    }
    if let Some(word) = rejection(drive, &evidence) {
        return Ok(Outcome::new(
            Ending::Blocked,
            format!("{build} was rejected by {}: {}", word.who, word.why),
        )
        .owner("the release lead")
        .next(format!(
            "when the verdict changes: oar-script decide {build} analyze-promoted-build accept --why TEXT"
        ))
        .link(&evidence.link));
    }
    let waiver = waiver(drive, "analyze-promoted-build", &evidence);
    if !evidence.is_accepted && waiver.is_none() {
        return Ok(Outcome::new(
            Ending::NeedsDecision,
            format!("{build} is not accepted by its tests and nobody decided on this result file"),
        )
        .owner("the release lead")
        .next(format!(
            "oar-script decide {build} analyze-promoted-build accept|reject --why TEXT"
        ))
        .link(&evidence.link));
    }
    let fact = Fact::Gate {
        build,
        identity: evidence.identity.clone(),
        is_accepted: evidence.is_accepted,
        waived_by: waiver.filter(|_| !evidence.is_accepted),
    };
    if last_gate(drive).as_ref() != Some(&fact) {
        drive.record(fact.clone())?;
    }
    let reason = match &fact {
        Fact::Gate {
            waived_by: Some(who),
            ..
        } => format!("accepted by {who}: {}", evidence.summary),
        _ => evidence.summary.clone(),
    };
    Ok(Outcome::new(Ending::Pass, reason).link(&evidence.link))
}

/// Who accepted this very result file, if somebody did.
pub fn waiver(drive: &Drive, task: &str, evidence: &Evidence) -> Option<String> {
    decision(drive, task, Some(&evidence.identity))
        .filter(|decision| decision.word == "accept")
        .map(|decision| decision.who)
}

/// The word of a person who rejects this very result file of the promoted build.
fn rejection(drive: &Drive, evidence: &Evidence) -> Option<Choice> {
    decision(drive, "analyze-promoted-build", Some(&evidence.identity))
        .filter(|decision| decision.word == "reject")
}

/// A person's choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// `accept` or `reject`.
    pub word: String,
    /// Why.
    pub why: String,
    /// Who.
    pub who: String,
}

/// The last choice about a task made on this evidence.
pub fn decision(drive: &Drive, task: &str, identity: Option<&str>) -> Option<Choice> {
    drive.journal.look(|entries| {
        entries.iter().rev().find_map(|entry| match &entry.fact {
            Fact::Decision {
                task: other,
                word,
                why,
                who,
                evidence,
            } if other == task && (identity.is_none() || evidence.as_deref() == identity) => {
                Some(Choice {
                    word: word.clone(),
                    why: why.clone(),
                    who: who.clone(),
                })
            }
            _ => None,
        })
    })
}

fn missing_in_state(snapshot: &Snapshot) -> Vec<String> {
    let document = &snapshot.document;
    let mut missing: Vec<_> = REQUIRED_FOR_APPROVAL
        .into_iter()
        // The sheet of the limited mode keeps the analysis open until the end; the gate speaks for it.
        .filter(|task| !(snapshot.is_limited && *task == "analyze-promoted-build"))
        .filter_map(|task| match document.status(task) {
            TaskStatus::Pass => None,
            status => Some(format!("{task} is {status}")),
        })
        .collect();
    missing.extend(document.open_blockers().into_iter().map(|issue| {
        format!(
            "open blocker: {}",
            issue.text.lines().next().unwrap_or_default()
        )
    }));
    missing
}

fn gate_holds(drive: &Drive) -> Result<Result<(), String>> {
    let Some(Fact::Gate {
        build, identity, ..
    }) = last_gate(drive)
    else {
        return Ok(Err("the gate was not passed".to_owned()));
    };
    if build != drive.release.to_string() {
        return Ok(Err(format!("the gate was passed for {build}")));
    }
    let now = drive.sources.evidence(&drive.session, &build)?;
    Ok(match now {
        Some(evidence) if evidence.identity == identity => match rejection(drive, &evidence) {
            Some(word) => Err(format!("{} rejected {build}: {}", word.who, word.why)),
            None => Ok(()),
        },
        Some(_) => Err("the result file changed after the gate was passed".to_owned()),
        None => Err("the result file is gone".to_owned()),
    })
}

fn last_gate(drive: &Drive) -> Option<Fact> {
    drive.journal.look(|entries| {
        entries
            .iter()
            .rev()
            .find(|entry| matches!(entry.fact, Fact::Gate { .. }))
            .map(|entry| entry.fact.clone())
    })
}
