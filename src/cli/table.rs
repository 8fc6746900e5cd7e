//! The report of a pass as a table by phase, and the one line that says what to do next.

use comfy_table::{ContentArrangement, Table, presets};

use super::view::{clock, style_of};
use crate::flow::report::{NodeReport, Report, State};

/// Returns the report for people, `width` columns wide.
pub fn text(report: &Report, width: u16) -> String {
    let mut parts = Vec::new();
    let mut phase = None;
    let mut table = empty(width);
    for node in &report.nodes {
        if phase.is_some_and(|phase| phase != &node.phase) {
            parts.push(titled(phase, &table));
            table = empty(width);
        }
        phase = Some(&node.phase);
        table.add_row(vec![
            format!("{} {}", symbol(node.state), node.name),
            node.state.word().replace('_', " "),
            since(node),
            why(node),
        ]);
    }
    parts.push(titled(phase, &table));
    for note in &report.notes {
        parts.push(format!("note: {note}"));
    }
    for node in report.for_a_person() {
        let next = node.next.as_deref().unwrap_or("see the reason above");
        parts.push(format!("{} needs a person: {next}", node.name));
        if let Some(error) = &node.error {
            parts.push(error.clone());
        }
    }
    let style = style_of(report.outcome.word());
    parts.push(format!("{style}{}{style:#}", report.headline()));
    parts.join("\n")
}

fn titled(phase: Option<&String>, table: &Table) -> String {
    let title = phase
        .filter(|title| !title.is_empty())
        .map_or("Flow", String::as_str);
    format!("{title}\n{}", trim_lines(&table.to_string()))
}

fn trim_lines(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

fn empty(width: u16) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    table
}

fn since(node: &NodeReport) -> String {
    node.since
        .map_or(String::new(), |at| format!("since {}", clock(at)))
}

fn why(node: &NodeReport) -> String {
    let mut text = node.reason.clone();
    if matches!(node.state, State::Waiting | State::Running) {
        if let Some(owner) = &node.owner {
            text.push_str(&format!("; waits for {owner}"));
        }
        if let Some(at) = node.recheck_at {
            text.push_str(&format!("; look again {}", clock(at)));
            if let Some(typical) = &node.typical {
                text.push_str(&format!(" (typically {typical})"));
            }
        }
    }
    let is_said_below = matches!(
        node.state,
        State::Blocked | State::Failed | State::NeedsDecision
    );
    if let Some(next) = node.next.as_ref().filter(|_| !is_said_below) {
        text.push_str(&format!("\n{next}"));
    }
    if let Some(link) = &node.link {
        text.push_str(&format!("\n{link}"));
    }
    text
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
