//! The analysis as text for people: short for an accepted build, with all evidence for others.

use anstyle::{AnsiColor, Style};

use super::{
    advice::next_actions,
    job_names::JobNames,
    page::Page,
    words::{attempt, computed, lost, outcome, plain, platforms, seen, stored, word_style},
};
use crate::release::test_result::{Analysis, Job, JobEvaluation, JobWord, Platform, Unit};

/// Returns the analysis as lines of at most about `width` columns; links are never broken.
pub fn text(analysis: &Analysis, width: usize, colour: bool) -> String {
    let mut page = Page::new(width, colour);
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
    page.into_text()
}

impl Page {
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
                Some(scenario) => plain(&scenario.name),
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
                    self.wrapped("             x ", &plain(scenario));
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
            self.wrapped("  - ", &plain(&flake.scenario.name));
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
}
