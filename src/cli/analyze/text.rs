//! The analysis as text for people: short for an accepted build, with all evidence for others.

use std::{fmt::Write, ops::RangeInclusive};

use anstyle::{AnsiColor, Style};
use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use super::{advice::next_actions, job_names::JobNames};
use crate::release::test_result::{
    Acceptance, Analysis, Class, Job, JobEvaluation, JobWord, Platform, Run, Scenario, TestResult,
    Unit, Word,
};

/// Widths a table can be drawn in.
const WIDTHS: RangeInclusive<usize> = 60..=200;

/// Returns the analysis as lines of at most about `width` columns; links are never broken.
pub fn text(analysis: &Analysis, width: usize, colour: bool) -> String {
    let mut page = Page {
        out: String::new(),
        width: width.clamp(*WIDTHS.start(), *WIDTHS.end()),
        colour,
    };
    page.head(analysis);
    if let (Some(result), Some(rule)) = (analysis.reading.result(), &analysis.acceptance) {
        let missing = analysis.coverage.missing.iter();
        let names = result.jobs.iter().map(|job| &job.name).chain(missing);
        let names = JobNames::of(names.map(String::as_str));
        let is_short = analysis.status() == "accepted" && rule.lost().next().is_none();
        let jobs: Vec<_> = result.jobs.iter().zip(&rule.jobs).collect();
        if !is_short || rule.retried().next().is_some() {
            page.jobs(&jobs, &names);
        }
        page.names(
            "Never started, although required",
            &analysis.coverage.missing,
            &names,
        );
        if !is_short {
            page.names(
                "Not in the job registry",
                &analysis.coverage.unknown,
                &names,
            );
            page.scenarios(&analysis.verdict.units, &names);
            for (job, evaluation) in jobs {
                if matches!(evaluation.word(), JobWord::Failed | JobWord::Error) {
                    page.lost_job(job, evaluation, &names);
                }
            }
        }
        page.flakes(analysis, &names);
    }
    page.next(analysis);
    page.out
}

/// The least room for the column that takes what the others leave.
const NARROWEST_COLUMN: usize = 24;

struct Page {
    out: String,
    width: usize,
    colour: bool,
}

impl Page {
    fn line(&mut self, text: impl AsRef<str>) {
        self.out.push_str(text.as_ref().trim_end());
        self.out.push('\n');
    }

    fn title(&mut self, text: &str) {
        let text = self.paint(text, Style::new().bold());
        self.line("");
        self.line(text);
    }

    fn paint(&self, text: &str, style: Style) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Text after an indent, broken between words.
    fn wrapped(&mut self, first: &str, text: &str) {
        let indent = " ".repeat(first.chars().count());
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in text.split_whitespace() {
            let length = line.chars().count() + 1 + word.chars().count();
            if !is_empty && length > self.width {
                self.line(std::mem::replace(&mut line, indent.clone()));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.line(line);
    }

    fn field(&mut self, name: &str, value: &str) {
        self.line(format!("{name:<10}{value}"));
    }

    fn head(&mut self, analysis: &Analysis) {
        let verdict = &analysis.verdict;
        if let Some(gap) = analysis.coverage.gap() {
            let gap = self.paint(
                &gap,
                Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())),
            );
            self.line(gap);
        }
        let word = self.paint(verdict.word.word(), word_style(verdict.word));
        let confidence = verdict
            .confidence
            .map(|confidence| format!(" (confidence {})", confidence.word()))
            .unwrap_or_default();
        let file = &analysis.file;
        self.line(format!(
            "{} {}: {}; advice {word}{confidence}",
            file.build,
            file.arch,
            analysis.status()
        ));
        let reasons = verdict.reasons.iter();
        for reason in reasons.skip(usize::from(analysis.coverage.has_gap())) {
            self.wrapped("  - ", reason);
        }
        self.line("");
        if let Some(result) = analysis.reading.result() {
            self.field("stored", &stored(result));
        }
        if let Some(rule) = &analysis.acceptance {
            self.field("rule", &computed(rule));
            self.field("platforms", &platforms(rule));
        }
        self.field("file", &file.link());
        if let Some(result) = analysis.reading.result() {
            let build = &result.build;
            if let Some(phase) = build.phase.as_deref().filter(|phase| *phase != "Accepted") {
                self.field("phase", &format!("{phase} when its jobs were started"));
            }
            if let Some(pull_spec) = &build.pull_spec {
                self.field("image", pull_spec);
            }
            if let Some(download_url) = &build.download_url {
                self.field("tools", download_url);
            }
        }
    }

    fn jobs(&mut self, jobs: &[(&Job, &JobEvaluation)], names: &JobNames) {
        let most = jobs
            .iter()
            .map(|(job, _)| job.retries.len())
            .max()
            .unwrap_or(0);
        let mut header = vec!["job".to_owned(), "platform".to_owned(), "first".to_owned()];
        header.extend((1..=most).map(|number| format!("retry {number}")));
        header.push("outcome".to_owned());
        let rows = jobs.iter().map(|(job, evaluation)| {
            let mut row = vec![
                names.short(&job.name).to_owned(),
                Platform::of(&job.name).to_string(),
            ];
            row.extend(job.attempts().map(|(_, run)| attempt(run)));
            row.resize(header.len() - 1, String::new());
            row.push(outcome(evaluation));
            row
        });
        let rows = rows.collect();
        self.title("Jobs");
        if !names.prefix().is_empty() {
            self.line(format!("each name starts with {}", names.prefix()));
        }
        self.table(header, rows, 0);
    }

    fn names(&mut self, title: &str, jobs: &[String], names: &JobNames) {
        if jobs.is_empty() {
            return;
        }
        self.title(title);
        for job in jobs {
            self.line(format!("  {}", names.short(job)));
        }
    }

    /// One row a scenario, one column a platform on which a job was lost.
    fn scenarios(&mut self, units: &[Unit], names: &JobNames) {
        if units.is_empty() {
            return;
        }
        let mut platforms: Vec<_> = units
            .iter()
            .flat_map(|unit| unit.platforms.clone())
            .collect();
        platforms.sort();
        platforms.dedup();
        let mut header = vec!["class".to_owned(), "what".to_owned()];
        header.extend(platforms.iter().map(|platform| platform.to_string()));
        let rows = units.iter().map(|unit| {
            let what = match &unit.scenario {
                Some(scenario) => scenario_name(scenario),
                None => {
                    let jobs: Vec<_> = unit.jobs.iter().map(|job| names.short(job)).collect();
                    format!("no test report: {}", jobs.join(", "))
                }
            };
            let mut row = vec![unit.class.word().to_owned(), what];
            row.extend(platforms.iter().map(|platform| seen(unit, *platform)));
            row
        });
        let rows = rows.collect();
        self.title("What failed, across platforms");
        self.table(header, rows, 1);
    }

    fn lost_job(&mut self, job: &Job, evaluation: &JobEvaluation, names: &JobNames) {
        self.title(&format!(
            "{} ({}): {}",
            names.short(&job.name),
            Platform::of(&job.name),
            lost(evaluation)
        ));
        for (label, run) in job.attempts() {
            let link = run.url.as_deref().unwrap_or("(no link)");
            self.line(format!("  {label:<8} {:<15} {link}", attempt(run)));
            for suite in run.suites.iter().flatten() {
                self.line(format!(
                    "           {}: {} tests, {} failed, {} skipped",
                    suite.name, suite.total, suite.failures, suite.skipped
                ));
                for scenario in &suite.failing_scenarios {
                    self.wrapped("             x ", scenario);
                }
                let named = suite.failing_scenarios.len() as u64;
                if suite.failures > named {
                    self.line(format!(
                        "             x {} more without a name",
                        suite.failures - named
                    ));
                }
            }
        }
    }

    fn flakes(&mut self, analysis: &Analysis, names: &JobNames) {
        let flakes = analysis.flakes();
        if flakes.is_empty() {
            return;
        }
        self.title("Flakes of jobs that passed by retries");
        for flake in flakes {
            self.wrapped("  - ", &scenario_name(&flake.scenario));
            self.line(format!(
                "    {} ({}): {}",
                names.short(&flake.job),
                flake.platform,
                flake.attempts.join(", ")
            ));
        }
    }

    fn next(&mut self, analysis: &Analysis) {
        let actions = next_actions(analysis);
        if actions.is_empty() {
            return;
        }
        self.title("Next");
        for action in actions {
            self.wrapped("  - ", &action);
        }
    }

    /// Draws a table; the column `flexible` takes the room that the others leave.
    fn table(&mut self, header: Vec<String>, mut rows: Vec<Vec<String>>, flexible: usize) {
        let length = |row: &Vec<String>, column: usize| row[column].chars().count();
        let all = || rows.iter().chain([&header]);
        // A border and two blanks a column, and the last border.
        let fixed: usize = (0..header.len())
            .filter(|column| *column != flexible)
            .map(|column| all().map(|row| length(row, column)).max().unwrap_or(0))
            .sum();
        let frame = header.len() * 3 + 1;
        let room = self
            .width
            .saturating_sub(fixed + frame)
            .max(NARROWEST_COLUMN);
        for row in &mut rows {
            row[flexible] = folded(&row[flexible], room);
        }
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_header(header)
            .add_rows(rows);
        for line in table.lines() {
            let line = self.coloured(&line);
            self.line(line);
        }
    }

    /// Colours the words that matter in a drawn line; before drawing they would upset the widths.
    fn coloured(&self, line: &str) -> String {
        const WORDS: [(&str, AnsiColor); 9] = [
            ("CROSS_PLATFORM", AnsiColor::Red),
            ("CONSISTENT_CRITICAL", AnsiColor::Red),
            ("CONSISTENT_OTHER", AnsiColor::Yellow),
            ("NO_EVIDENCE", AnsiColor::Yellow),
            (" failure ", AnsiColor::Red),
            (" lost", AnsiColor::Red),
            (" passed", AnsiColor::Green),
            (" success ", AnsiColor::Green),
            (" pending ", AnsiColor::Yellow),
        ];
        let mut line = line.to_owned();
        if self.colour {
            for (word, colour) in WORDS {
                let style = Style::new().fg_color(Some(colour.into()));
                line = line.replace(word, &format!("{style}{word}{style:#}"));
            }
        }
        line
    }
}

fn word_style(word: Word) -> Style {
    let colour = match word {
        Word::Accept => AnsiColor::Green,
        Word::Reject => AnsiColor::Red,
        Word::Investigate => AnsiColor::Yellow,
        Word::Wait => AnsiColor::Cyan,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

fn stored(result: &TestResult) -> String {
    let flag = |flag: Option<bool>| flag.map_or("absent".to_owned(), |flag| flag.to_string());
    let by_hand = if result.is_promoted_by_hand {
        ", promoted by hand"
    } else {
        ""
    };
    format!(
        "aggregated {}, accepted {}{by_hand}",
        flag(result.aggregated),
        flag(result.accepted)
    )
}

fn computed(rule: &Acceptance) -> String {
    let word = match rule.accepted {
        Some(true) => "accepts",
        Some(false) => "rejects",
        None => "open",
    };
    let count = |word: JobWord| rule.jobs.iter().filter(|job| job.word() == word).count();
    let mut text = format!(
        "{word}: {} of {} jobs passed",
        count(JobWord::Success),
        rule.total
    );
    let lost = count(JobWord::Failed) + count(JobWord::Error);
    for (count, what) in [
        (lost, "lost"),
        (count(JobWord::Pending), "pending"),
        (rule.retried().count(), "needed retries"),
    ] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

fn platforms(rule: &Acceptance) -> String {
    let mut platforms: Vec<_> = rule
        .jobs
        .iter()
        .map(|job| Platform::of(&job.name))
        .collect();
    platforms.sort();
    platforms.dedup();
    let counts = platforms.into_iter().map(|platform| {
        let jobs = rule
            .jobs
            .iter()
            .filter(|job| Platform::of(&job.name) == platform);
        let (passed, total) = jobs.fold((0, 0), |(passed, total), job| {
            (passed + usize::from(job.is_success), total + 1)
        });
        format!("{platform} {passed} of {total} passed")
    });
    counts.collect::<Vec<_>>().join(", ")
}

/// State and duration of a run, such as `failure 2h39m`.
fn attempt(run: &Run) -> String {
    let state = match run.state_word() {
        "unknown" => "not started",
        word => word,
    };
    match run.duration_minutes() {
        Some(minutes) if minutes >= 60 => format!("{state} {}h{:02}m", minutes / 60, minutes % 60),
        Some(minutes) => format!("{state} {minutes}m"),
        None => state.to_owned(),
    }
}

fn outcome(job: &JobEvaluation) -> String {
    let word = match job.word() {
        JobWord::Success => "passed",
        JobWord::Failed => "lost",
        JobWord::Error => "lost (error)",
        JobWord::Pending => "pending",
    };
    match job.retries {
        0 => word.to_owned(),
        retries => format!("{word} {}/{retries}", job.wins),
    }
}

fn lost(job: &JobEvaluation) -> String {
    match (job.word(), job.retries) {
        (JobWord::Error, 0) => "lost, the run could not start or has no end state".to_owned(),
        (_, 0) => "lost, without a retry".to_owned(),
        (_, retries) => format!(
            "lost, won {} of {retries} retries where {} were needed",
            job.wins, job.wins_needed
        ),
    }
}

/// Breaks text into lines of at most `width` after blanks and dashes, or anywhere if it must.
fn folded(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for part in text.split_inclusive([' ', '-']) {
        for piece in part.chars().collect::<Vec<_>>().chunks(width) {
            let piece: String = piece.iter().collect();
            let line = lines.last_mut().expect("there is always a line");
            if line.chars().count() + piece.trim_end().chars().count() > width {
                lines.push(piece);
            } else {
                line.push_str(&piece);
            }
        }
    }
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

fn scenario_name(scenario: &Scenario) -> String {
    scenario
        .name
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// What the attempts on a platform show of a unit, such as `fails 2 of 3`.
fn seen(unit: &Unit, platform: Platform) -> String {
    let evidence = unit
        .evidence
        .iter()
        .filter(|item| item.platform == platform);
    let shown: Vec<_> = evidence.map(|item| item.shows).collect();
    let fails = shown.iter().filter(|shows| **shows == "fails").count();
    match (unit.class, shown.len()) {
        (_, 0) => "-".to_owned(),
        (Class::NoEvidence, count) => format!("{count} without"),
        (_, count) => format!("fails {fails} of {count}"),
    }
}
