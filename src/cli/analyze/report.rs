//! The analysis as data.

use serde_json::{Value, json};

use super::advice::next_actions;
use crate::release::test_result::{
    Acceptance, Analysis, Job, JobEvaluation, Platform, Reading, Run, job_name::is_upgrade,
};

/// Returns everything about a build's test results as one object; the keys are the same for every
/// class of file, with `null` or empty lists where there is nothing.
///
/// Keys: `build`, `arch`, `status`, `summary`, `aggregated`, `accepted`, `accepted_by_rule` (`null`
/// until all jobs are complete), `difference` (why stored and computed decision differ),
/// `manual_promotion`, `verdict`, `confidence`, `reasons[]`,
/// `counters {total, completed, success, failed, pending, needed_retries, required, all_completed}`,
/// `jobs[] {name, platform, upgrade, optional, state, wins, wins_needed, retries, attempts[]}`,
/// `attempts[] {label, id, state, url, started_at, duration_minutes, suites[]}`,
/// `missing_jobs[]`, `unknown_jobs[]`,
/// `units[] {class, scenario, area, case_ids, platforms, jobs, evidence[]}`,
/// `flakes[] {scenario, area, case_ids, job, platform, attempts}`, `next[]`, `problem`, `phase`,
/// `pull_spec`, `download_url`, `identity` (SHA-256 of the file), `link`.
/// Times are UTC. `counters.required` is how many jobs the registry requires, `null` when unknown.
pub fn report(analysis: &Analysis) -> Value {
    let result = analysis.reading.result();
    let build = result.map(|result| &result.build);
    let rule = analysis.acceptance.as_ref();
    let verdict = &analysis.verdict;
    let jobs: Vec<_> = result
        .into_iter()
        .flat_map(|result| &result.jobs)
        .zip(rule.into_iter().flat_map(|rule| &rule.jobs))
        .map(|(entry, evaluation)| {
            job(
                entry,
                evaluation,
                analysis.coverage.optional.contains(&entry.name),
            )
        })
        .collect();
    json!({
        "build": analysis.file.build,
        "arch": analysis.file.arch,
        "status": analysis.status(),
        "summary": analysis.overview_line(),
        "aggregated": result.and_then(|result| result.aggregated),
        "accepted": result.and_then(|result| result.accepted),
        "accepted_by_rule": rule.and_then(|rule| rule.accepted),
        "difference": analysis.difference(),
        "manual_promotion": result.is_some_and(|result| result.is_promoted_by_hand),
        "verdict": verdict.word,
        "confidence": verdict.confidence,
        "reasons": verdict.reasons,
        "counters": rule.map(|rule| counters(rule, analysis.coverage.required)),
        "jobs": jobs,
        "missing_jobs": analysis.coverage.missing,
        "unknown_jobs": analysis.coverage.unknown,
        "units": verdict.units.iter().map(|unit| json!({
            "class": unit.class,
            "scenario": unit.scenario.as_ref().map(|scenario| &scenario.name),
            "area": unit.scenario.as_ref().and_then(|scenario| scenario.area.as_ref()),
            "case_ids": unit.scenario.as_ref().map(|scenario| &scenario.case_ids[..]).unwrap_or(&[]),
            "platforms": unit.platforms,
            "jobs": unit.jobs,
            "evidence": unit.evidence,
        })).collect::<Vec<_>>(),
        "flakes": analysis.flakes().iter().map(|flake| json!({
            "scenario": flake.scenario.name,
            "area": flake.scenario.area,
            "case_ids": flake.scenario.case_ids,
            "job": flake.job,
            "platform": flake.platform,
            "attempts": flake.attempts,
        })).collect::<Vec<_>>(),
        "next": next_actions(analysis),
        "problem": problem(&analysis.reading),
        "phase": build.and_then(|build| build.phase.as_ref()),
        "pull_spec": build.and_then(|build| build.pull_spec.as_ref()),
        "download_url": build.and_then(|build| build.download_url.as_ref()),
        "identity": result.map(|result| &result.identity),
        "link": analysis.file.link(),
    })
}

fn counters(rule: &Acceptance, required: Option<usize>) -> Value {
    json!({
        "total": rule.total,
        "completed": rule.completed,
        "success": rule.success,
        "failed": rule.failed,
        "pending": rule.jobs.iter().filter(|job| !job.is_completed).count(),
        "needed_retries": rule.retried().count(),
        "required": required,
        "all_completed": rule.is_all_completed,
    })
}

fn job(job: &Job, evaluation: &JobEvaluation, is_optional: bool) -> Value {
    json!({
        "name": job.name,
        "platform": Platform::of(&job.name),
        "upgrade": is_upgrade(&job.name),
        "optional": is_optional,
        "state": evaluation.word(),
        "wins": evaluation.wins,
        "wins_needed": evaluation.wins_needed,
        "retries": evaluation.retries,
        "attempts": job.attempts().map(|(label, run)| attempt(&label, run)).collect::<Vec<_>>(),
    })
}

fn attempt(label: &str, run: &Run) -> Value {
    let suites = run.suites.as_ref().map(|suites| {
        let suites = suites.iter().map(|suite| {
            json!({
                "name": suite.name,
                "total": suite.total,
                "failures": suite.failures,
                "errors": suite.errors,
                "skipped": suite.skipped,
                "failing_scenarios": suite.failing_scenarios,
            })
        });
        suites.collect::<Vec<_>>()
    });
    json!({
        "label": label,
        "id": run.id,
        "state": run.state.as_ref().map(|state| state.word()),
        "url": run.url,
        "started_at": run.started_at.map(|time| time.to_string()),
        "duration_minutes": run.duration_minutes(),
        "suites": suites,
    })
}

fn problem(reading: &Reading) -> Option<Value> {
    match reading {
        Reading::InvalidJson(fault) => Some(json!({
            "kind": "invalid_json",
            "message": fault.message,
            "line": fault.line,
            "column": fault.column,
            "is_truncated": fault.is_truncated,
            "hint": fault.hint(),
        })),
        Reading::UnsupportedLayout(why) => Some(json!({
            "kind": "unsupported_layout",
            "message": why,
        })),
        _ => None,
    }
}
