//! What people see while a run goes on: on a terminal a spinner for every running node, elsewhere
//! plain lines; and the questions they are asked.

use std::{
    collections::HashMap,
    io::{BufRead, IsTerminal, Write},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Timestamp;

use crate::{
    error::{Error, Kind, Result},
    world::{Answer, Event, Question, Terminal, What},
};

/// The person at the terminal, if there is one.
pub struct View {
    is_quiet: bool,
    is_verbose: bool,
    may_ask: bool,
    is_stopped: AtomicBool,
    has_spoken: AtomicBool,
    live: Option<Live>,
    last: Mutex<HashMap<String, String>>,
}

struct Live {
    bars: MultiProgress,
    running: Mutex<HashMap<String, ProgressBar>>,
}

impl View {
    /// Looks at standard error and input to see whether somebody is there.
    pub fn new(is_quiet: bool, is_verbose: bool, no_input: bool) -> Self {
        let is_live = std::io::stderr().is_terminal() && !is_quiet;
        Self {
            is_quiet,
            is_verbose,
            may_ask: !no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
            is_stopped: AtomicBool::new(false),
            has_spoken: AtomicBool::new(false),
            live: is_live.then(|| Live {
                bars: MultiProgress::new(),
                running: Mutex::default(),
            }),
            last: Mutex::default(),
        }
    }

    /// Ends a question that waits for its answer.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
    }

    /// Sets the answer apart from what was said while it was found.
    pub fn gap(&self) {
        if self.has_spoken.load(Ordering::SeqCst) {
            self.line("");
        }
    }

    /// Whether a person can be asked.
    pub fn may_ask(&self) -> bool {
        self.may_ask
    }

    fn line(&self, text: &str) {
        if self.is_quiet {
            return;
        }
        self.has_spoken.store(true, Ordering::SeqCst);
        match &self.live {
            Some(live) => live.bars.suspend(|| anstream::eprintln!("{text}")),
            None => anstream::eprintln!("{text}"),
        }
    }

    /// Whether this is news about the node, so that a watch does not repeat itself.
    fn is_news(&self, node: &str, word: &str, reason: &str) -> bool {
        let said = format!("{word}: {reason}");
        let mut last = self
            .last
            .lock()
            .expect("no thread panics while it holds what was said");
        last.insert(node.to_owned(), said.clone()).as_deref() != Some(said.as_str())
    }
}

impl Live {
    fn running(&self) -> MutexGuard<'_, HashMap<String, ProgressBar>> {
        self.running
            .lock()
            .expect("no thread panics while it holds the spinners")
    }

    fn start(&self, node: &str) {
        let style = ProgressStyle::with_template("  {spinner} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style));
        bar.set_message(node.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.running().insert(node.to_owned(), bar);
    }

    /// Shows the last line of what a node waits for.
    fn tell(&self, node: &str, line: &str) {
        if let Some(bar) = self.running().get(node) {
            bar.set_message(format!("{node}: {line}"));
        }
    }

    fn stop(&self, node: &str) {
        if let Some(bar) = self.running().remove(node) {
            bar.finish_and_clear();
        }
    }
}

impl Terminal for View {
    fn say(&self, event: &Event) {
        let node = event.node.as_deref().unwrap_or_default();
        let at = clock(event.at);
        match &event.what {
            What::PassStarted(number) if self.is_verbose => {
                self.line(&format!("{at} pass {number}"))
            }
            What::PassStarted(_) => {}
            What::Started => {
                if let Some(live) = &self.live {
                    live.start(node);
                }
            }
            What::Ended(word, reason) => {
                if let Some(live) = &self.live {
                    live.stop(node);
                }
                if self.is_news(node, word, reason) || self.is_verbose {
                    let style = style_of(word);
                    let word = word.replace('_', " ");
                    self.line(&format!("{at} {style}{word:<14}{style:#} {node}: {reason}"));
                }
            }
            What::Retrying(why, secs) => {
                let node = if node.is_empty() {
                    ""
                } else {
                    &format!("{node}: ")
                };
                self.line(&format!("{at} {node}trying again in {secs} s: {why}"));
            }
            What::Printed(text) if node.is_empty() => self.line(text),
            What::Printed(text) => self.line(&format!("{at} {node}: {text}")),
            What::Output(text) => {
                if let Some(live) = &self.live {
                    live.tell(node, text);
                }
                if self.is_verbose {
                    self.line(&format!("{at} {node}: {text}"));
                }
            }
            What::Notice(text) => self.line(&format!("{at} {text}")),
            What::Sleeping(until) if self.is_verbose || self.live.is_some() => {
                self.line(&format!("{at} nothing to do until {}", clock(*until)));
            }
            What::Sleeping(_) => {}
        }
    }

    fn ask(&self, question: &Question) -> Result<Option<Answer>> {
        if !self.may_ask {
            return Ok(None);
        }
        let choices = if question.choices.is_empty() {
            String::new()
        } else {
            format!(" [{}]", question.choices.join("/"))
        };
        for _ in 0..3 {
            let Some(word) = self.read_line(&format!("{}{choices} ", question.text))? else {
                return Ok(None);
            };
            let chosen = question
                .choices
                .iter()
                .find(|choice| !word.is_empty() && choice.starts_with(&word.to_lowercase()));
            let word = match (chosen, question.choices.is_empty()) {
                (Some(choice), _) => choice.clone(),
                (None, true) => word,
                (None, false) => {
                    self.line(&format!(
                        "please answer with one of {}",
                        question.choices.join(", ")
                    ));
                    continue;
                }
            };
            let reason = if question.wants_reason && word != "later" {
                self.read_line("why? ")?.unwrap_or_default()
            } else {
                String::new()
            };
            return Ok(Some(Answer { word, reason }));
        }
        Ok(None)
    }
}

impl View {
    fn read_line(&self, prompt: &str) -> Result<Option<String>> {
        let read = || -> std::io::Result<Option<String>> {
            let mut error = std::io::stderr();
            write!(error, "{prompt}")?;
            error.flush()?;
            self.typed()
        };
        let line = match &self.live {
            Some(live) => live.bars.suspend(read),
            None => read(),
        };
        if self.is_stopped.load(Ordering::SeqCst) {
            return Err(Error::new(
                Kind::Cancelled,
                "stopped at a question; nothing is lost",
            ));
        }
        line.map_err(|error| Error::new(Kind::Unexpected, "cannot read the answer").because(error))
    }

    /// What is typed next, or nothing once the run was stopped: a read of the terminal cannot be
    /// broken off, so it is left to a thread of its own.
    fn typed(&self) -> std::io::Result<Option<String>> {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            // Nobody listens any more when the run was stopped meanwhile.
            let _ = sender.send(read.map(|count| (count > 0).then(|| line.trim().to_owned())));
        });
        loop {
            match receiver.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => return line,
                Err(RecvTimeoutError::Timeout) if !self.is_stopped.load(Ordering::SeqCst) => {}
                Err(_) => return Ok(None),
            }
        }
    }
}

/// The time as people read it, in UTC.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The colour of a word.
pub fn style_of(word: &str) -> Style {
    let colour = match word {
        "done" | "complete" | "pass" => AnsiColor::Green,
        "failed" | "fail" => AnsiColor::Red,
        "blocked" | "needs_decision" => AnsiColor::Magenta,
        "running" | "in_progress" | "waiting" => AnsiColor::Yellow,
        "ready" => AnsiColor::Cyan,
        _ => return Style::new().dimmed(),
    };
    Style::new().fg_color(Some(colour.into()))
}
