//! The report of a pass as one table over all phases, and below it what a person does next.
//!
//! Wide enough, a node is one line and its reason a column; narrower, the reason stands below. A
//! link is never broken, and stands with what is not done yet: that of a finished node is in `explain`.

use jiff::Timestamp;

use super::view::style_of;
use crate::flow::report::{NodeReport, PassOutcome, Report, State};

/// From this width on the reason is a column of its own.
const WIDE: usize = 100;

/// How long a moment is: `Mar 01 09:00`.
const MOMENT: usize = 12;

/// Returns the report for people, `width` columns wide.
pub fn text(report: &Report, width: u16) -> String {
    let layout = Layout::of(report, usize::from(width));
    let mut lines = vec![layout.header()];
    let mut phase = None;
    for node in &report.nodes {
        if phase != Some(&node.phase) {
            phase = Some(&node.phase);
            if !node.phase.is_empty() {
                lines.push(node.phase.clone());
            }
        }
        layout.node(node, &mut lines);
    }
    lines.push(String::new());
    for drift in &report.drift {
        let line = format!("build data: {}", drift.line());
        wrap(&line, layout.width, 2, &mut lines);
    }
    for note in &report.notes {
        wrap(&format!("note: {note}"), layout.width, 2, &mut lines);
    }
    for node in report.for_a_person() {
        let next = node.next.as_deref().unwrap_or("see the reason above");
        lines.push(format!("next for {}:", node.name));
        // Not wrapped: what can be typed is copied.
        lines.extend(next.split("; ").map(|step| format!("  {step}")));
        lines.extend(node.error.clone());
    }
    let style = style_of(report.outcome.word());
    lines.push(format!("{style}{}{style:#}", headline(report)));
    lines.join("\n")
}

/// The headline without the reason and the next step, which the lines above it say.
pub fn headline(report: &Report) -> String {
    let is_for_a_person = matches!(report.outcome, PassOutcome::Blocked | PassOutcome::Failed);
    let gating = report
        .for_a_person()
        .into_iter()
        .find(|node| !node.informs)
        .filter(|_| is_for_a_person);
    match gating {
        Some(node) => {
            let word = if report.outcome == PassOutcome::Failed {
                "failed"
            } else {
                "needs a person"
            };
            let back = report.come_back();
            format!("{} {word} at {}{back}", report.release, node.name)
        }
        None => report.headline(),
    }
}

/// The columns, the same for all phases.
struct Layout {
    width: usize,
    name: usize,
    state: usize,
}

impl Layout {
    fn of(report: &Report, width: usize) -> Self {
        let longest = |length: fn(&NodeReport) -> usize, least: usize| {
            let lengths = report.nodes.iter().map(length);
            lengths.max().unwrap_or_default().max(least)
        };
        Self {
            width,
            name: longest(|node| node.name.chars().count(), 4),
            state: longest(|node| node.state.word().len(), 5),
        }
    }

    /// Where the reason begins, when it is a column.
    fn reason(&self) -> Option<usize> {
        (self.width >= WIDE).then_some(4 + self.name + 2 + self.state + 2 + MOMENT + 2)
    }

    fn header(&self) -> String {
        let (name, state) = (self.name, self.state);
        let line = format!(
            "    {:name$}  {:state$}  {:MOMENT$}",
            "", "state", "since (UTC)"
        );
        match self.reason() {
            Some(_) => format!("{line}  why"),
            None => line,
        }
    }

    fn node(&self, node: &NodeReport, lines: &mut Vec<String>) {
        let style = style_of(node.state.word());
        let mut line = format!(
            "  {style}{}{style:#} {:name$}  {style}{:state$}{style:#}  {:MOMENT$}",
            symbol(node.state),
            node.name,
            node.state.word().replace('_', " "),
            node.since.map_or(String::new(), moment),
            name = self.name,
            state = self.state,
        );
        let indent = self.reason().unwrap_or(6);
        let mut said = Vec::new();
        for part in why(node) {
            wrap(&part, self.width.saturating_sub(indent), 0, &mut said);
        }
        let mut said = said.into_iter();
        if self.reason().is_some()
            && let Some(first) = said.next()
        {
            line.push_str(&format!("  {first}"));
        }
        lines.push(line.trim_end().to_owned());
        lines.extend(said.map(|more| format!("{:indent$}{more}", "")));
        if let Some(link) = link(node) {
            // It stays in one piece, also where it is wider than the column.
            let fits = indent + link.chars().count() <= self.width;
            let indent = if fits { indent } else { 6 };
            lines.push(format!("{:indent$}{link}", ""));
        }
    }
}

/// Why a node stands where it stands, and what is waited for, as one line each.
fn why(node: &NodeReport) -> Vec<String> {
    let mut lines = vec![node.reason.clone()];
    if node.reason == format!("{} passed", node.name) {
        lines.clear();
    }
    if matches!(node.state, State::Waiting | State::Running) {
        let mut parts = Vec::new();
        parts.extend(
            node.owner
                .as_ref()
                .map(|owner| format!("waits for {owner}")),
        );
        if let Some(at) = node.recheck_at {
            parts.push(format!("look again {}", moment(at)));
            parts.extend(
                node.typical
                    .as_ref()
                    .map(|time| format!("typically {time}")),
            );
        }
        if !parts.is_empty() {
            lines.push(parts.join("; "));
        }
        lines.extend(node.next.as_ref().map(|next| format!("next: {next}")));
    }
    lines
}

fn link(node: &NodeReport) -> Option<String> {
    node.link.clone().filter(|_| !node.state.opens_the_way())
}

/// A moment in UTC, short: the year is in `--output json` and `history`.
fn moment(at: Timestamp) -> String {
    at.strftime("%b %d %H:%M").to_string()
}

/// Breaks `text` between words; lines after the first are indented by `hang`.
fn wrap(text: &str, width: usize, hang: usize, lines: &mut Vec<String>) {
    let width = width.max(20);
    let mut line = String::new();
    for word in text.split_whitespace() {
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(hang)));
        } else if !line.trim().is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
}

fn symbol(state: State) -> &'static str {
    match state {
        State::Done => "✓",
        State::Ready => "→",
        State::Running => "▶",
        State::Waiting => "…",
        State::Blocked => "■",
        State::Failed => "✗",
        State::Skipped => "-",
        State::NeedsDecision => "?",
        State::Unknown => "·",
    }
}
