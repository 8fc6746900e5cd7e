//! `releases`: the releases that are being worked on, of all y-streams, in one table.

use std::{cmp::Reverse, sync::Arc};

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{
    args::{Options, Output},
    out::{self, Failure},
    view::View,
    wiring::Wiring,
};
use crate::{
    call::Control,
    error::Error,
    release::{
        Version,
        discovery::{Inactive, Overview, inactive},
        task::WORKFLOW_TASKS,
    },
    services::github::GitHub,
    state::newest::{Newest, newest},
};

/// One y-stream.
struct Row {
    y_stream: String,
    release: Option<Version>,
    link: Option<String>,
    state: State,
}

/// What is known of its newest release.
enum State {
    /// Somebody works on it.
    Active(Overview),
    /// Nobody does, or not any more.
    Inactive(Inactive, Option<Overview>),
    /// It cannot be told.
    Broken(Error),
}

/// Shows the active releases; with `all` every y-stream. Reads only.
pub fn releases(
    all: bool,
    keep_days: u32,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    let wiring = Wiring::new(options, view.clone())?;
    let github = wiring.session.get::<GitHub>()?;
    let documents = wiring.documents();
    // A person waits for the answer.
    let control = Control {
        is_hasty: true,
        ..Control::current()
    };
    let found = control.scope(|| wiring.block_on(newest(&github, &documents)))?;
    let today = wiring
        .world
        .time_zone()
        .to_datetime(wiring.world.now())
        .date();
    let mut rows: Vec<Row> = found
        .into_iter()
        .map(|newest| row(newest, today, keep_days))
        .collect();
    // What needs a person first, then the newest y-stream.
    rows.sort_by_key(|row| (row.state.rank(), Reverse(row.release.clone())));
    let quiet = rows
        .iter()
        .filter(|row| matches!(row.state, State::Inactive(..)))
        .count();
    if !all {
        rows.retain(|row| !matches!(row.state, State::Inactive(..)));
    }
    match options.output {
        Output::Json => out::json(&json!({
            "today": today.to_string(),
            "keep_days": keep_days,
            "releases": rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "inactive": quiet,
        })),
        Output::Text => out::answer(&options.at_hand(&text(&rows, quiet, all))),
    }
    Ok(0)
}

fn row(newest: Newest, today: Date, keep_days: u32) -> Row {
    let (release, state) = match (newest.release, newest.document) {
        (Err(error), _) => (None, State::Broken(error)),
        (Ok(None), _) => (None, State::Inactive(Inactive::NothingTracked, None)),
        (Ok(release), Err(error)) => (release, State::Broken(error)),
        (Ok(release), Ok(document)) => {
            let overview = document
                .as_ref()
                .map(|document| Overview::of(document, today));
            let state = match (inactive(document.as_ref(), today, keep_days), overview) {
                (None, Some(overview)) => State::Active(overview),
                (Some(why), overview) => State::Inactive(why, overview),
                (None, None) => State::Inactive(Inactive::NoStatebox, None),
            };
            (release, state)
        }
    };
    Row {
        y_stream: newest.y_stream,
        release,
        link: newest.link,
        state,
    }
}

impl State {
    /// What cannot be told may need a person most.
    fn rank(&self) -> u8 {
        match self {
            Self::Broken(_) => 0,
            Self::Active(overview) => 1 + overview.rank(),
            Self::Inactive(..) => u8::MAX,
        }
    }

    fn overview(&self) -> Option<&Overview> {
        match self {
            Self::Active(overview) => Some(overview),
            Self::Inactive(_, overview) => overview.as_ref(),
            Self::Broken(_) => None,
        }
    }

    /// The status, and why it is not active or cannot be told.
    fn status(&self) -> String {
        match self {
            Self::Active(overview) if overview.is_overdue => {
                format!("{}, overdue", overview.standing.word())
            }
            Self::Active(overview) => overview.standing.word().to_owned(),
            Self::Inactive(why, Some(overview)) => {
                format!("{}, inactive: {}", overview.standing.word(), why.reason())
            }
            Self::Inactive(why, None) => format!("inactive: {}", why.reason()),
            Self::Broken(error) => format!("cannot be read: {}", error.chain()),
        }
    }
}

impl Row {
    fn name(&self) -> String {
        match &self.release {
            Some(release) => release.to_string(),
            None => self.y_stream.clone(),
        }
    }

    fn to_json(&self) -> Value {
        let mut value = json!({
            "y_stream": self.y_stream,
            "release": self.release.as_ref().map(ToString::to_string),
            "is_active": matches!(self.state, State::Active(_)),
            "status": self.state.overview().map(|overview| overview.standing.word()),
            "overview": self.state.overview(),
            "tasks": WORKFLOW_TASKS.len(),
            "link": self.link,
        });
        match &self.state {
            State::Active(_) => {}
            State::Inactive(why, _) => value["inactive"] = json!(why),
            State::Broken(error) => value["error"] = out::error_json(error),
        }
        value
    }

    fn cells(&self) -> [String; 6] {
        let overview = self.state.overview();
        let told = |text: fn(&Overview) -> String| overview.map(text).unwrap_or_default();
        [
            self.name(),
            self.state.status(),
            told(|overview| overview.next.clone().unwrap_or_default()),
            told(|overview| overview.blockers.join("\n")),
            told(date),
            told(|overview| format!("{}/{}", overview.passed, WORKFLOW_TASKS.len())),
        ]
    }
}

/// The day and how far away it is, such as `2027-Mar-06 (5 days left)`.
fn date(overview: &Overview) -> String {
    let (Some(day), Some(left)) = (overview.release_day, overview.days_left) else {
        return String::new();
    };
    let far = match left {
        0 => "today".to_owned(),
        1 => "1 day left".to_owned(),
        -1 => "yesterday".to_owned(),
        2.. => format!("{left} days left"),
        _ => format!("{} days ago", -left),
    };
    format!("{} ({far})", day.strftime("%Y-%b-%d"))
}

fn text(rows: &[Row], quiet: usize, all: bool) -> String {
    let mut lines = Vec::new();
    if rows.is_empty() {
        lines.push("no release is being worked on".to_owned());
    } else {
        let mut table = Table::new();
        table
            .load_style(UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(out::width())
            .set_header(["release", "status", "next", "blockers", "date", "done"]);
        for row in rows {
            table.add_row(row.cells());
        }
        lines.push(table.to_string());
        // In lines of their own: what is copied must not be broken.
        lines.extend(rows.iter().filter_map(|row| {
            let link = row.link.as_ref()?;
            Some(format!("{}: {link}", row.name()))
        }));
    }
    if quiet > 0 && !all {
        let streams = if quiet == 1 {
            "y-stream has"
        } else {
            "y-streams have"
        };
        lines.push(format!(
            "{quiet} more {streams} no active release; oar-script releases --all says why"
        ));
    }
    lines.join("\n")
}
