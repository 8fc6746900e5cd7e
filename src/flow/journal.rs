//! The local record of what happened to a release: append-only, one JSON object a line, each
//! chained to the one before by a hash, on disk before anything is shown or sent.
//!
//! Only what changes is written, so a pass in which nothing moved leaves no line. Times are the
//! host's own and never go back.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    error::{Error, Kind, Result},
    release::{Ending, Metadata, Outcome, Remote, Version},
    world::World,
};

/// One thing that happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// The journal begins.
    Opened {
        /// The release it is about.
        release: Version,
        /// The layout of the lines.
        format: u32,
    },
    /// Who owns the release.
    Owner {
        /// The address.
        email: String,
    },
    /// A node ended differently from before.
    Outcome {
        /// The node.
        node: String,
        /// How.
        outcome: Outcome,
    },
    /// That a task passed stands in the state store too.
    Kept {
        /// The task.
        node: String,
    },
    /// Something will be triggered outside.
    Intent {
        /// The node.
        node: String,
        /// Which effect of the node.
        effect: String,
        /// The how-manieth try, from 1.
        attempt: u32,
        /// What identifies it everywhere.
        token: String,
    },
    /// It exists outside.
    Accepted {
        /// The token of the intent.
        token: String,
        /// What it is there; absent when the other side gave no identity.
        remote: Option<Remote>,
        /// Whether it was found rather than started by us.
        is_adopted: bool,
    },
    /// It is over, or was never there.
    Settled {
        /// The token of the intent.
        token: String,
        /// How.
        how: Settlement,
    },
    /// A person chose.
    Decision {
        /// The task.
        task: String,
        /// `accept` or `reject`.
        word: String,
        /// Why.
        why: String,
        /// Who.
        who: String,
        /// The identity of the evidence it was made on; it lapses when the evidence changes.
        evidence: Option<String>,
    },
    /// A person wants a failed task tried again.
    Retry {
        /// The task.
        task: String,
        /// Why.
        why: String,
        /// Who.
        who: String,
    },
    /// A person sets a rule aside.
    Override {
        /// The rule: `approval` or the name of a node.
        rule: String,
        /// Why.
        why: String,
        /// Who.
        who: String,
    },
    /// The gate was passed.
    Gate {
        /// The build.
        build: String,
        /// The identity of the result file.
        identity: String,
        /// What the file says.
        is_accepted: bool,
        /// The person whose word stands in for the tests, if it does.
        waived_by: Option<String>,
    },
    /// The build data are not what was known before.
    BuildData {
        /// What a pass acts on from here on.
        metadata: Metadata,
        /// What differs, a line each.
        changes: Vec<String>,
    },
    /// People are about to be told something.
    NoticeIntent {
        /// What identifies the message.
        token: String,
        /// The keys of what they are told.
        about: Vec<String>,
        /// Where: the name or identity of a channel.
        channel: String,
        /// The message it answers, if it is an answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<String>,
        /// What they are told.
        text: String,
    },
    /// What came of telling them.
    NoticeEnded {
        /// The token of the intent.
        token: String,
        /// How it ended.
        how: Telling,
        /// The identity of the channel, where it was posted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// Why, where it was not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// A pass ended differently from the one before.
    Pass {
        /// `complete`, `waiting`, `blocked` or `failed`.
        outcome: String,
        /// In one line.
        headline: String,
    },
}

/// How an effect ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It ran to a good end.
    Done,
    /// It ran to a bad end.
    Failed,
    /// The other side did not start it and said so; the same attempt may be made again.
    Refused,
    /// It never left us.
    NotSent,
    /// A person said that it is not there.
    Declared,
}

/// What came of telling people something.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// It is there.
    Posted,
    /// It was not posted: Slack did not take it, or it never left us.
    Kept,
    /// It was looked for and is not there.
    Absent,
    /// It may be there twice already; nobody tries again.
    GivenUp,
}

/// A line of the journal.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Entry {
    /// The number of the line, from 1.
    pub number: u64,
    /// When, by the world's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
    /// The hash over this line and, through `before`, all earlier ones.
    pub hash: String,
}

/// The journal of one release.
#[derive(Debug)]
pub struct Journal {
    world: Arc<dyn World>,
    file: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    has_torn_line: bool,
    length: usize,
    trouble: Option<Error>,
}

const FORMAT: u32 = 1;

impl Journal {
    /// Opens the journal of `release` in `folder`; an absent one is empty.
    ///
    /// A last line that was cut off by a crash is passed over. Fails with `invalid` and the number of
    /// the line when one was changed.
    pub fn open(world: Arc<dyn World>, folder: &Path, release: &Version) -> Result<Self> {
        let file = folder.join(format!("{release}.jsonl"));
        let inner = read(&bytes(&*world, &file)?, &file)?;
        if let Some(Entry {
            fact: Fact::Opened { release: other, .. },
            ..
        }) = inner.entries.first()
            && other != release
        {
            return Err(Error::invalid(format!(
                "the journal `{}` is about release {other}, not {release}",
                file.display()
            )));
        }
        Ok(Self {
            world,
            file,
            inner: Mutex::new(inner),
        })
    }

    /// Takes in what other processes have written meanwhile: a decision, a retry.
    pub fn catch_up(&self) -> Result<()> {
        self.catch_up_locked(&mut self.lock())
    }

    /// Writes down a fact; it is safe on disk when this returns.
    ///
    /// Fails when the disk does: nothing may be sent after that, and every later append fails too.
    pub fn append(&self, release: &Version, fact: Fact) -> Result<()> {
        let mut inner = self.lock();
        let _alone = self
            .world
            .lock(&self.file.with_extension("lock"))
            .map_err(|error| self.cannot_write(error))?;
        self.catch_up_locked(&mut inner)?;
        if let Some(trouble) = &inner.trouble {
            return Err(trouble.clone());
        }
        if inner.entries.is_empty() {
            self.append_locked(
                &mut inner,
                Fact::Opened {
                    release: release.clone(),
                    format: FORMAT,
                },
            )?;
        }
        self.append_locked(&mut inner, fact)
    }

    /// Why the journal could not be written, if it once could not.
    pub fn trouble(&self) -> Option<Error> {
        self.lock().trouble.clone()
    }

    /// Returns all lines.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// Returns what `look` finds in the lines.
    pub fn look<T>(&self, look: impl FnOnce(&[Entry]) -> T) -> T {
        look(&self.lock().entries)
    }

    /// The last outcome of a node and when it became so.
    pub fn last_outcome(&self, node: &str) -> Option<(Outcome, Timestamp)> {
        self.look(|entries| {
            entries.iter().rev().find_map(|entry| match &entry.fact {
                Fact::Outcome {
                    node: other,
                    outcome,
                } if other == node => Some((outcome.clone(), entry.at)),
                _ => None,
            })
        })
    }

    /// Whether the last word on a task, that it passed, stands in the state store too as far as we know.
    pub fn was_kept(&self, task: &str) -> bool {
        self.look(|entries| {
            let last = entries.iter().rev().find_map(|entry| match &entry.fact {
                Fact::Kept { node } if node == task => Some(true),
                Fact::Outcome { node, .. } if node == task => Some(false),
                _ => None,
            });
            last.unwrap_or(false)
        })
    }

    /// Since when a node has ended in the same way, pass after pass.
    pub fn since(&self, node: &str, status: Ending) -> Option<Timestamp> {
        self.look(|entries| {
            entries
                .iter()
                .rev()
                .filter_map(|entry| match &entry.fact {
                    Fact::Outcome {
                        node: other,
                        outcome,
                    } if other == node => Some((outcome.status, entry.at)),
                    _ => None,
                })
                .take_while(|(before, _)| *before == status)
                .last()
                .map(|(_, at)| at)
        })
    }

    /// The file it is kept in.
    pub fn file(&self) -> &Path {
        &self.file
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner
            .lock()
            .expect("no thread panics while it holds the journal")
    }

    fn catch_up_locked(&self, inner: &mut Inner) -> Result<()> {
        let bytes = bytes(&*self.world, &self.file)?;
        if bytes.len() != inner.length {
            *inner = read(&bytes, &self.file)?;
        }
        Ok(())
    }

    fn cannot_write(&self, error: std::io::Error) -> Error {
        let what = format!("cannot write the journal `{}`", self.file.display());
        Error::new(Kind::Unexpected, what)
            .hint("nothing was sent; make room or name another folder with --state-dir, then run again")
            .because(error)
    }

    fn append_locked(&self, inner: &mut Inner, fact: Fact) -> Result<()> {
        let last = inner.entries.last();
        let mut at = self.world.now();
        if let Some(last) = last {
            at = at.max(last.at);
        }
        let before = last.map_or("", |last| last.hash.as_str()).to_owned();
        let mut entry = Entry {
            number: last.map_or(1, |last| last.number + 1),
            at,
            fact,
            hash: String::new(),
        };
        entry.hash = hash(&before, &entry);
        let mut line = String::new();
        if inner.has_torn_line {
            line.push('\n');
        }
        line.push_str(&to_line(&entry));
        line.push('\n');
        self.world.point("before append");
        self.world.append(&self.file, line.as_bytes()).map_err(|error| {
            let what = format!("cannot write the journal `{}`", self.file.display());
            let trouble = Error::new(Kind::Unexpected, what)
                .hint("nothing was sent that is not written down; make room on the disk, then run again")
                .because(error);
            inner.trouble = Some(trouble.clone());
            trouble
        })?;
        inner.has_torn_line = false;
        inner.entries.push(entry);
        self.world.point("after append");
        Ok(())
    }
}

fn to_line(entry: &Entry) -> String {
    serde_json::to_string(entry).expect("entries have text keys only")
}

fn hash(before: &str, entry: &Entry) -> String {
    let bare = Entry {
        hash: String::new(),
        ..entry.clone()
    };
    let mut hasher = Sha256::new();
    hasher.update(before.as_bytes());
    hasher.update(to_line(&bare).as_bytes());
    hasher
        .finalize()
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            text.push_str(&format!("{byte:02x}"));
            text
        })
}

fn bytes(world: &dyn World, file: &Path) -> Result<Vec<u8>> {
    match world.read(file) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            let what = format!("cannot read the journal `{}`", file.display());
            Err(Error::new(Kind::Unexpected, what).because(error))
        }
    }
}

fn read(bytes: &[u8], file: &Path) -> Result<Inner> {
    let mut inner = Inner {
        length: bytes.len(),
        ..Inner::default()
    };
    let ends_well = bytes.is_empty() || bytes.ends_with(b"\n");
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    if ends_well {
        lines.pop();
    }
    let count = lines.len();
    for (place, line) in lines.into_iter().enumerate() {
        let parsed = serde_json::from_slice::<Entry>(line);
        let is_last = place + 1 == count;
        let entry = match parsed {
            Ok(entry) => entry,
            // A crash cut this line off; later lines, if any, were written after it.
            Err(_) if is_last && !ends_well => {
                inner.has_torn_line = true;
                break;
            }
            Err(error) if error.is_eof() || line.is_empty() => continue,
            Err(error) => {
                return Err(changed(file, place, "is not a line of a journal").because(error));
            }
        };
        let before = inner.entries.last().map_or("", |last| last.hash.as_str());
        if entry.hash != hash(before, &entry) {
            return Err(changed(file, place, "was changed after it was written"));
        }
        inner.entries.push(entry);
        if is_last && !ends_well {
            inner.has_torn_line = true;
        }
    }
    Ok(inner)
}

fn changed(file: &Path, place: usize, what: &str) -> Error {
    Error::invalid(format!(
        "line {} of the journal `{}` {what}",
        place + 1,
        file.display()
    ))
    .hint(
        "keep the file for the record and name another folder with --state-dir to start a new one",
    )
}
