//! Statuses and the word over them.

use oar_script::release::{
    TaskStatus,
    sheet::{Block, Layout, Overall, Report, overall_of, status_blocks},
};

use super::sheet::{errata, konflux};

const STATUSES: [TaskStatus; 4] = [
    TaskStatus::NotStarted,
    TaskStatus::InProgress,
    TaskStatus::Pass,
    TaskStatus::Fail,
];

/// A tab whose tasks have these statuses from the top.
fn report(layout: Layout, overall: Overall, statuses: &[TaskStatus]) -> Report {
    let mut grid = vec![Vec::new(); 7];
    grid[0] = vec![String::new(), overall.word().to_owned()];
    for status in statuses {
        grid.push(vec![String::new(), status.word().to_owned()]);
    }
    Report::read("4.19.91", layout, &grid).unwrap()
}

/// The rule for one write, as the reference puts it in words.
fn by_the_rule(report: &Report, task: &str, status: TaskStatus) -> Overall {
    if status == TaskStatus::Fail {
        return Overall::Red;
    }
    let has_failed = report
        .tasks()
        .any(|(name, shown)| name != task && shown == TaskStatus::Fail);
    if status != TaskStatus::InProgress && !has_failed {
        return Overall::Green;
    }
    report.overall
}

fn written(blocks: &[Block]) -> Vec<(String, String)> {
    let mut cells: Vec<_> = blocks
        .iter()
        .map(|block| {
            assert_eq!(block.rows.len(), 1);
            let name = format!("{}{}", block.column, block.row);
            (name, block.rows[0][0].clone())
        })
        .collect();
    cells.sort();
    cells
}

#[test]
fn the_overall_status_follows_from_what_is_written_for_every_task_and_status() {
    let mut cases = 0;
    for layout in [Layout::Errata, Layout::Konflux] {
        let tasks: Vec<_> = layout.tasks().collect();
        for (task, row) in &tasks {
            // Every neighbour may be the one that failed: a shifted row must not be taken for it.
            for failed in (0..tasks.len()).map(Some).chain([None]) {
                for (before, after) in pairs() {
                    for overall in [Overall::Green, Overall::Red] {
                        let mut statuses = vec![TaskStatus::NotStarted; tasks.len()];
                        if let Some(failed) = failed {
                            statuses[failed] = TaskStatus::Fail;
                        }
                        statuses[row - 8] = before;
                        let report = report(layout, overall, &statuses);
                        let change = [(*task, after)];
                        let expected = by_the_rule(&report, task, after);
                        assert_eq!(overall_of(&report, &change), expected);

                        let mut cells = vec![(format!("B{row}"), after.word().to_owned())];
                        if expected != overall {
                            cells.insert(0, ("B1".to_owned(), expected.word().to_owned()));
                        }
                        cells.sort();
                        assert_eq!(written(&status_blocks(&report, &change)), cells);

                        let mut shown = report.clone();
                        shown.set(&change);
                        assert_eq!(shown.status(task), after);
                        assert_eq!(shown.overall, expected);
                        assert!(status_blocks(&shown, &change).is_empty());
                        cases += 1;
                    }
                }
            }
        }
    }
    assert_eq!(cases, (12 * 13 + 11 * 12) * 12 * 2);
}

/// All changes from one status to another.
fn pairs() -> impl Iterator<Item = (TaskStatus, TaskStatus)> {
    STATUSES
        .iter()
        .flat_map(|before| STATUSES.iter().map(|after| (*before, *after)))
        .filter(|(before, after)| before != after)
}

#[test]
fn changes_of_one_moment_end_as_single_ones_do_in_the_best_order() {
    let layout = Layout::Konflux;
    let (one, other) = ("stage-testing", "image-signed-check");
    for (before_one, after_one) in pairs() {
        for (before_other, after_other) in pairs() {
            let mut statuses = vec![TaskStatus::NotStarted; 11];
            statuses[7] = before_one;
            statuses[8] = before_other;
            let together = [(one, after_one), (other, after_other)];
            let shown = report(layout, Overall::Red, &statuses);
            let turned = [together[1], together[0]];
            assert_eq!(
                overall_of(&shown, &together),
                overall_of(&shown, &turned),
                "the order of one moment means nothing"
            );
            let mut ordered = together;
            // What begins comes first, what fails last.
            ordered.sort_by_key(|(_, status)| match status {
                TaskStatus::InProgress => 0,
                TaskStatus::Fail => 2,
                _ => 1,
            });
            let mut single = shown.clone();
            for change in ordered {
                single.set(&[change]);
            }
            assert_eq!(overall_of(&shown, &together), single.overall);
        }
    }
}

#[test]
fn a_failure_in_a_shifted_row_turns_the_report_red() {
    let report = Report::read("4.19.91", Layout::Konflux, &konflux()).unwrap();
    let blocks = status_blocks(&report, &[("stage-testing", TaskStatus::Fail)]);
    assert_eq!(
        written(&blocks),
        [("B1".into(), "Red".into()), ("B15".into(), "Fail".into())]
    );
    assert_eq!(blocks[0].range("4.19.91"), "'4.19.91'!B15");
}

#[test]
fn a_pass_below_a_failed_row_does_not_turn_the_report_red() {
    let mut grid = konflux();
    grid[13][1] = "Fail".into();
    let report = Report::read("4.19.91", Layout::Konflux, &grid).unwrap();
    assert_eq!(report.overall, Overall::Green, "nobody made it red");
    let blocks = status_blocks(&report, &[("stage-testing", TaskStatus::Pass)]);
    assert_eq!(written(&blocks), [("B15".into(), "Pass".into())]);
}

#[test]
fn the_report_turns_green_when_the_last_failure_is_gone() {
    let report = Report::read("4.16.91", Layout::Errata, &errata()).unwrap();
    let begun = status_blocks(
        &report,
        &[("image-consistency-check", TaskStatus::InProgress)],
    );
    assert_eq!(written(&begun), [("B10".into(), "In Progress".into())]);
    let passed = status_blocks(&report, &[("image-consistency-check", TaskStatus::Pass)]);
    assert_eq!(
        written(&passed),
        [("B1".into(), "Green".into()), ("B10".into(), "Pass".into())]
    );
}

#[test]
fn greenwave_does_not_land_in_the_cve_row_of_a_konflux_tab() {
    let report = Report::read("4.17.45", Layout::Konflux, &konflux()).unwrap();
    let change = [("check-greenwave-cvp-tests", TaskStatus::Fail)];
    assert!(status_blocks(&report, &change).is_empty());
    assert_eq!(overall_of(&report, &change), Overall::Green);
}

#[test]
fn what_the_tab_shows_already_is_not_written() {
    let report = Report::read("4.19.91", Layout::Konflux, &konflux()).unwrap();
    let shown: Vec<_> = report.tasks().collect();
    assert!(status_blocks(&report, &shown).is_empty());
}
