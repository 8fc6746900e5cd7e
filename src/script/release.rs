//! The release as scripts see it.
//!
//! A `Release` reads its facts when they are asked for, each at most once in a pass.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};
use serde_json::json;

use crate::{
    call::{Session, to_script},
    error::{Error, Kind, Result},
    flow::{Drive, approval, journal::Fact, watch},
    oar::outcome::{Attempt, recorded},
    release::{Outcome, Version, statebox::Change},
    value::to_dynamic,
};

/// What opens the drive of a release; the program that embeds the host puts one into the session.
pub trait Drives: Send + Sync {
    /// Opens the drive of `release`; `owner` is the address named on the command line.
    fn open(&self, release: &Version, owner: Option<String>) -> Result<Arc<Drive>>;
}

/// The part of a session that opens drives.
pub struct DrivesPart(pub Arc<dyn Drives>);

/// A release under way.
#[derive(Clone)]
pub struct Release(pub Arc<Drive>);

type Scripted<T> = std::result::Result<T, Box<EvalAltResult>>;

/// Registers the type `Release` and the functions that make one.
pub fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Release>("Release")
        .register_fn("to_string", |release: &mut Release| {
            release.0.release.to_string()
        })
        .register_fn(
            "release",
            |context: NativeCallContext, version: ImmutableString| open(&context, &version, None),
        )
        .register_fn(
            "release",
            |context: NativeCallContext, version: ImmutableString, owner: Dynamic| {
                let owner = owner
                    .into_immutable_string()
                    .ok()
                    .map(|owner| owner.to_string());
                open(&context, &version, owner)
            },
        )
        .register_get("version", |release: &mut Release| {
            release.0.release.to_string()
        })
        .register_get("y_stream", |release: &mut Release| {
            release.0.release.y_stream()
        })
        .register_get("owner", |release: &mut Release| {
            optional(release.0.known_owner())
        })
        .register_get("has_state", |release: &mut Release| -> Scripted<bool> {
            Ok(release.0.snapshot().map_err(to_script)?.is_some())
        })
        .register_get("link", |release: &mut Release| -> Scripted<Dynamic> {
            let snapshot = release.0.snapshot().map_err(to_script)?;
            Ok(optional(snapshot.and_then(|snapshot| snapshot.link)))
        })
        .register_get("flow", |release: &mut Release| -> Scripted<String> {
            Ok(release.0.metadata().map_err(to_script)?.flow().to_owned())
        })
        .register_get("ticket", |release: &mut Release| -> Scripted<Dynamic> {
            Ok(optional(
                release.0.metadata().map_err(to_script)?.jira_ticket,
            ))
        })
        .register_get(
            "shipment_mr",
            |release: &mut Release| -> Scripted<Dynamic> {
                Ok(optional(
                    release.0.metadata().map_err(to_script)?.shipment_mr,
                ))
            },
        )
        .register_get("candidate", |release: &mut Release| -> Scripted<Dynamic> {
            let metadata = release.0.metadata().map_err(to_script)?;
            Ok(optional(metadata.candidate_builds.get("x86_64").cloned()))
        })
        .register_get("advisories", |release: &mut Release| -> Scripted<Map> {
            let metadata = release.0.metadata().map_err(to_script)?;
            Ok(metadata
                .advisories
                .into_iter()
                .map(|(kind, id)| (kind.into(), id.into()))
                .collect())
        })
        .register_get("date", |release: &mut Release| -> Scripted<Dynamic> {
            let date = release.0.metadata().map_err(to_script)?.release_date;
            Ok(optional(date.map(|date| date.to_string())))
        })
        .register_get("drift", |release: &mut Release| -> Scripted<Array> {
            let drift = release.0.data().map_err(to_script)?.drift;
            Ok(drift
                .iter()
                .map(|drift| to_dynamic(&json!(drift)))
                .collect())
        })
        .register_get("seconds_to_date", seconds_to_date)
        .register_fn(
            "status",
            |release: &mut Release, task: ImmutableString| -> Scripted<String> {
                let snapshot = release.0.snapshot().map_err(to_script)?;
                Ok(snapshot.map_or_else(
                    || "Not Started".to_owned(),
                    |snapshot| snapshot.document.status(&task).word().to_owned(),
                ))
            },
        )
        .register_fn("recorded", recorded_of)
        .register_fn(
            "results",
            |release: &mut Release, build: ImmutableString| -> Scripted<Dynamic> {
                let evidence = release.0.evidence(&build).map_err(to_script)?;
                Ok(match evidence {
                    Some(evidence) => to_dynamic(&json!(evidence)),
                    None => Dynamic::UNIT,
                })
            },
        )
        .register_fn(
            "decision",
            |release: &mut Release, task: ImmutableString| choice(&release.0, &task, None),
        )
        .register_fn(
            "decision",
            |release: &mut Release, task: ImmutableString, identity: ImmutableString| {
                choice(&release.0, &task, Some(&identity))
            },
        )
        .register_fn("gate", |release: &mut Release| -> Scripted<Outcome> {
            approval::gate(&release.0).map_err(to_script)
        })
        .register_get(
            "missing_for_approval",
            |release: &mut Release| -> Scripted<Array> {
                let missing = approval::missing(&release.0).map_err(to_script)?;
                Ok(missing.into_iter().map(Dynamic::from).collect())
            },
        )
        .register_fn(
            "ask_owner",
            |context: NativeCallContext, release: &mut Release| ask_owner(&context, release),
        )
        .register_fn(
            "remember_owner",
            |release: &mut Release, email: ImmutableString| {
                remember_owner(&release.0, &email).map_err(to_script)
            },
        )
        .register_fn(
            "add_issue",
            |release: &mut Release, text: ImmutableString, is_blocker: bool, tasks: Array| {
                add_issue(&release.0, &text, is_blocker, tasks).map_err(to_script)
            },
        );
}

fn open(context: &NativeCallContext, version: &str, owner: Option<String>) -> Scripted<Release> {
    let session = Session::of(context)?;
    let open = || -> Result<Release> {
        let version: Version = version.parse()?;
        let drives = session.get::<DrivesPart>()?;
        Ok(Release(drives.0.open(&version, owner)?))
    };
    open().map_err(to_script)
}

fn optional(text: Option<String>) -> Dynamic {
    text.map_or(Dynamic::UNIT, Dynamic::from)
}

/// Seconds from now to the start of the planned day in UTC; `()` when no day is planned.
fn seconds_to_date(release: &mut Release) -> Scripted<Dynamic> {
    let Some(date) = release.0.metadata().map_err(to_script)?.release_date else {
        return Ok(Dynamic::UNIT);
    };
    let Ok(start) = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)) else {
        return Ok(Dynamic::UNIT);
    };
    let now: Timestamp = release.0.session.world().now();
    let left: SignedDuration = start.duration_since(now);
    Ok(left.as_secs().into())
}

/// What the state store says about a task that is in progress: `#{kind, id, url}` of what runs
/// outside, or `()`.
fn recorded_of(release: &mut Release, task: ImmutableString) -> Scripted<Dynamic> {
    let Some(snapshot) = release.0.snapshot().map_err(to_script)? else {
        return Ok(Dynamic::UNIT);
    };
    let document = &snapshot.document;
    let text = document.task(&task).and_then(|task| task.result.as_deref());
    let judgement = recorded(&task, document.status(&task), text);
    match judgement.attempt {
        // A person looked, found nothing and said so.
        Attempt::InDoubt if is_declared_gone(&release.0, &task) => Ok(Dynamic::UNIT),
        Attempt::InDoubt => Err(to_script(
            Error::new(Kind::Refused, format!("{task} is in progress, but what runs was not recorded"))
                .hint(format!(
                    "find the run and name it: oar-script adopt {0} {task} ID; if there is none: oar-script retry {0} {task} --why TEXT",
                    release.0.release
                )),
        )),
        Attempt::Started | Attempt::Running => {
            Ok(judgement.outcome.remote.map_or(Dynamic::UNIT, |remote| to_dynamic(&json!(remote))))
        }
        Attempt::NotStarted | Attempt::Ended | Attempt::Lost => Ok(Dynamic::UNIT),
    }
}

/// Whether a person wants the task tried again and nothing was begun since.
fn is_declared_gone(drive: &Drive, name: &str) -> bool {
    drive.journal.look(|entries| {
        let retried = entries
            .iter()
            .rposition(|entry| matches!(&entry.fact, Fact::Retry { task, .. } if task == name));
        let begun = entries
            .iter()
            .rposition(|entry| matches!(&entry.fact, Fact::Intent { node, .. } if node == name));
        retried.is_some() && retried > begun
    })
}

fn choice(drive: &Drive, task: &str, identity: Option<&str>) -> Dynamic {
    match approval::decision(drive, task, identity) {
        Some(choice) => to_dynamic(&json!({
            "word": choice.word, "why": choice.why, "who": choice.who,
        })),
        None => Dynamic::UNIT,
    }
}

fn ask_owner(context: &NativeCallContext, release: &mut Release) -> Scripted<Dynamic> {
    let may_ask = Session::of(context)?
        .get::<super::flow::Command>()
        .is_ok_and(|command| command.manner.asks);
    if !may_ask {
        return Ok(Dynamic::UNIT);
    }
    watch::ask_owner(&release.0)
        .map(optional)
        .map_err(to_script)
}

fn remember_owner(drive: &Drive, email: &str) -> Result<()> {
    let is_known = drive.journal.look(|entries| {
        entries
            .iter()
            .rev()
            .any(|entry| matches!(&entry.fact, Fact::Owner { email: known } if known == email))
    });
    if is_known {
        Ok(())
    } else {
        drive.record(Fact::Owner {
            email: email.to_owned(),
        })
    }
}

fn add_issue(drive: &Drive, text: &str, is_blocker: bool, tasks: Array) -> Result<()> {
    let related_tasks = tasks
        .into_iter()
        .map(|task| {
            task.into_immutable_string()
                .map(|task| task.to_string())
                .map_err(|kind| Error::invalid(format!("a task name is text, not `{kind}`")))
        })
        .collect::<Result<Vec<_>>>()?;
    drive.write(vec![Change::AddIssue {
        text: text.to_owned(),
        is_blocker,
        related_tasks,
    }])
}
