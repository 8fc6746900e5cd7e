//! Passes one after the other until the release is approved or nothing moves any more.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    approval,
    drive::{Drive, Evidence},
    graph::Graph,
    journal::{Entry, Fact},
    notice,
    pass::{Runner, pass},
    report::{NodeReport, PassOutcome, Report, State},
};
use crate::{
    error::{Error, Kind, Result},
    world::{Event, Question, What},
};

/// How long until blocked things are looked at again when only a person can move them.
const PATIENCE: Duration = Duration::from_mins(30);

/// How long until a pass is tried again after the state could not be read.
const TROUBLE_WAIT: Duration = Duration::from_mins(10);

/// How many passes in a row may be given up: half a day.
const MOST_TROUBLES: u32 = 72;

/// How long a world in which nothing is due any more may stand still before watching it ends. The
/// real world can always change.
const LONGEST_QUIET: SignedDuration = SignedDuration::from_hours(24);

/// How often a sleeping watch listens for what people say in other processes.
const LISTENING: Duration = Duration::from_mins(5);

/// How many passes in a row may move nothing but ask a person.
const MOST_QUESTIONS: u32 = 20;

/// How a drive goes on after a pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Stay until the release is approved.
    pub is_watching: bool,
    /// Ask a person where one must choose.
    pub asks: bool,
}

/// Runs passes; `seen` hears the report of each.
pub fn drive(
    drive: &Drive,
    graph: &Graph,
    runner: &dyn Runner,
    manner: Manner,
    mut seen: impl FnMut(&Report),
) -> Result<Report> {
    let world = drive.session.world().clone();
    let mut number = 0;
    let mut questions = 0;
    let mut troubles = 0;
    let mut before: Option<Report> = None;
    let mut still = (world.now(), Vec::new());
    loop {
        number += 1;
        world.say(&Event {
            at: world.now(),
            node: None,
            what: What::PassStarted(number),
        });
        let mut report = match pass(drive, graph, runner, before.as_ref()) {
            Err(error)
                if manner.is_watching && error.says_nothing() && troubles < MOST_TROUBLES =>
            {
                troubles += 1;
                let text = format!("this pass was given up: {}", error.chain());
                world.say(&Event {
                    at: world.now(),
                    node: None,
                    what: What::Notice(text),
                });
                rest(drive, TROUBLE_WAIT)?;
                continue;
            }
            ended => ended?,
        };
        troubles = 0;
        report
            .notes
            .extend(notice::would_tell(drive, runner, &report)?);
        seen(&report);
        let is_complete = report.outcome == PassOutcome::Complete;
        if !is_complete && manner.asks && questions < MOST_QUESTIONS && ask(drive, &report)? {
            questions += 1;
            before = None;
            continue;
        }
        // After the questions: what a person here has just answered is nothing to tell a team.
        let tell_at = notice::tell(drive, runner, &report)?;
        if is_complete {
            return Ok(report);
        }
        if !manner.is_watching {
            return Ok(report);
        }
        let awaits_a_day = |node: &NodeReport| {
            node.recheck_at
                .is_some_and(|at| at.duration_since(world.now()) >= LONGEST_QUIET / 2)
        };
        let is_due = world.can_change() || report.nodes.iter().any(awaits_a_day);
        if still.1 != places(&report) || is_due {
            still = (world.now(), places(&report));
        } else if world.now().duration_since(still.0) >= LONGEST_QUIET {
            return Ok(report);
        }
        let wait = match report.back_at {
            Some(at) => Duration::try_from(at.duration_since(world.now())).unwrap_or_default(),
            None if world.can_change() => PATIENCE,
            None => return Ok(report),
        };
        // Never at once: what the script has stopped telling stays due.
        let wait = tell_at.map_or(wait, |at| {
            let left = Duration::try_from(at.duration_since(world.now())).unwrap_or_default();
            wait.min(left.max(LISTENING))
        });
        // A person's word may be about any node: all are looked at again.
        before = match rest(drive, wait)? {
            Rest::Over => Some(report),
            Rest::Spoken => None,
        };
    }
}

/// How a wait ended.
enum Rest {
    /// Its time came.
    Over,
    /// A person said something in another process.
    Spoken,
}

/// Waits on the world's clock, and says until when. What a person says meanwhile, in another process,
/// ends the wait.
fn rest(drive: &Drive, wait: Duration) -> Result<Rest> {
    let world = drive.session.world();
    let until = world.now().checked_add(wait).unwrap_or(Timestamp::MAX);
    world.say(&Event {
        at: world.now(),
        node: None,
        what: What::Sleeping(until),
    });
    let lines = drive.journal.look(<[Entry]>::len);
    loop {
        let left = Duration::try_from(until.duration_since(world.now())).unwrap_or_default();
        if left.is_zero() {
            return Ok(Rest::Over);
        }
        let slept = drive.session.wait(async {
            world.sleep(left.min(LISTENING)).await;
            Ok(())
        });
        match slept {
            Err(error) if error.kind == Kind::Cancelled => {
                return Err(Error::new(
                    Kind::Cancelled,
                    "stopped while waiting; nothing is lost",
                ));
            }
            other => other?,
        }
        drive.journal.catch_up()?;
        if drive.journal.look(<[Entry]>::len) > lines {
            return Ok(Rest::Spoken);
        }
    }
}

/// Where every node stands and why.
fn places(report: &Report) -> Vec<(State, String)> {
    let place = |node: &NodeReport| (node.state, node.reason.clone());
    report.nodes.iter().map(place).collect()
}

/// Asks a person about every node that needs a choice; returns whether one was made.
fn ask(drive: &Drive, report: &Report) -> Result<bool> {
    let mut moved = false;
    for node in report
        .nodes
        .iter()
        .filter(|node| node.state == State::NeedsDecision)
    {
        if decide_by_question(drive, node)? {
            moved = true;
        }
    }
    Ok(moved)
}

fn decide_by_question(drive: &Drive, node: &NodeReport) -> Result<bool> {
    let world = drive.session.world();
    let question = Question {
        about: node.name.clone(),
        text: format!("{}: {}", node.name, node.reason),
        choices: vec!["accept".to_owned(), "reject".to_owned(), "later".to_owned()],
        wants_reason: true,
    };
    match world.ask(&question)? {
        Some(answer) if matches!(answer.word.as_str(), "accept" | "reject") => {
            decide(drive, &node.name, &answer.word, &answer.reason)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// Asks who owns the release; `None` when nobody answers with an address.
pub fn ask_owner(drive: &Drive) -> Result<Option<String>> {
    if drive.plan.is_some() {
        return Ok(None);
    }
    let question = Question {
        about: "owner".to_owned(),
        text: format!(
            "Who owns {}? (e-mail address, empty to leave it open)",
            drive.release
        ),
        choices: Vec::new(),
        wants_reason: false,
    };
    let answer = drive.session.world().ask(&question)?;
    Ok(answer
        .map(|answer| answer.word)
        .filter(|word| word.contains('@')))
}

/// Writes a person's choice down, bound to the evidence that stands there now.
pub fn decide(drive: &Drive, task: &str, word: &str, why: &str) -> Result<()> {
    if why.trim().is_empty() {
        return Err(Error::invalid("a decision needs a reason").hint("add --why TEXT"));
    }
    let build = match task {
        "analyze-candidate-build" => drive.metadata()?.candidate_builds.get("x86_64").cloned(),
        "analyze-promoted-build" | "gate" => Some(drive.release.to_string()),
        _ => None,
    };
    let evidence = match build {
        Some(build) => Some(evidence_of(drive, &build)?.identity),
        None => None,
    };
    let task = if task == "gate" {
        "analyze-promoted-build"
    } else {
        task
    };
    drive.record(Fact::Decision {
        task: task.to_owned(),
        word: word.to_owned(),
        why: why.trim().to_owned(),
        who: drive.session.world().person(),
        evidence,
    })?;
    // A choice that stands already is the same choice.
    debug_assert!(approval::decision(drive, task, None).is_some());
    Ok(())
}

/// What the result file of a build says, once there is something to choose about.
fn evidence_of(drive: &Drive, build: &str) -> Result<Evidence> {
    let evidence = drive.evidence(build)?.ok_or_else(|| {
        Error::not_found(format!("there is no result file of {build} to decide on"))
            .hint("wait until the tests of the build have started")
    })?;
    if !evidence.is_aggregated {
        let what =
            format!("the results of {build} are not complete, so there is nothing to decide on");
        return Err(
            Error::invalid(what).hint("a word on them would lapse when they are; run again then")
        );
    }
    Ok(evidence)
}
