//! The functions scripts see under `statebox::`: the state of releases, wherever it is kept.
//!
//! Reading goes to the store and not to what a pass has read. Every change is applied to the freshest
//! document by the store's own rules, and goes through the permits of the session, so a plan refuses
//! it and final approval is guarded.

use rhai::{Module, exported_module, plugin::*};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use super::super::view;
    use crate::release::statebox::{Change, Issue};
    use rhai::{Array, Dynamic, EvalAltResult, Map, NativeCallContext};

    /// Returns the state of `release`, or `()` when it has none.
    ///
    /// A map: `tasks` (a map from the name of a task to `#{status, started_at, completed_at, result}`,
    /// with all nine tasks of the workflow), `issues` (an array of maps as `issues` returns), `metadata`
    /// (a map as the document has it: `jira_ticket`, `advisory_ids`, `release_date`,
    /// `candidate_builds`, `shipment_mr`), `created_at` and `updated_at` (text or `()`), `revision`
    /// (text, another after every change), `link` (text or `()`), `is_limited` (bool: only the
    /// statuses of a sheet, no results and no issues).
    /// Throws `invalid` when the document cannot be read.
    #[rhai_fn(return_raw)]
    pub fn read(
        context: NativeCallContext,
        release: Dynamic,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let snapshot = view::snapshot(&context, "statebox.read", &release)?;
        Ok(snapshot.map_or(Dynamic::UNIT, |snapshot| view::state(&snapshot)))
    }

    /// Sets the status of a task: `"Not Started"`, `"In Progress"`, `"Pass"` or `"Fail"`.
    ///
    /// What the task says already is kept. Throws `refused` when a task that is `Pass` would become
    /// something else, or while final approval is held back; `not_found` when the release has no
    /// state; `invalid` for a name or word that is none.
    #[rhai_fn(return_raw, name = "set_task")]
    pub fn set_status(
        context: NativeCallContext,
        release: Dynamic,
        task: &str,
        status: &str,
    ) -> Result<(), Box<EvalAltResult>> {
        view::set_task(&context, &release, task, status, None, Map::new())
    }

    /// Sets the status of a task and what it says: text, in which addresses of people are masked.
    ///
    /// Throws as the form without a text does.
    #[rhai_fn(return_raw)]
    pub fn set_task(
        context: NativeCallContext,
        release: Dynamic,
        task: &str,
        status: &str,
        result: &str,
    ) -> Result<(), Box<EvalAltResult>> {
        view::set_task(&context, &release, task, status, Some(result), Map::new())
    }

    /// Sets the status of a task and what it says, with options.
    ///
    /// `reset`: `true` takes a `Pass` back, because the work must be done again. That is a person's
    /// act, so a node of a flow may not do it: throws `refused` there.
    /// Throws as the form without options does.
    #[rhai_fn(return_raw, name = "set_task")]
    pub fn set_task_with(
        context: NativeCallContext,
        release: Dynamic,
        task: &str,
        status: &str,
        result: &str,
        options: Map,
    ) -> Result<(), Box<EvalAltResult>> {
        view::set_task(&context, &release, task, status, Some(result), options)
    }

    /// Adds an issue that blocks the whole release, and returns it as `issues` does.
    ///
    /// One that says the same and is not resolved comes back unchanged.
    /// Throws `not_found` when the release has no state, `refused` where issues cannot be kept,
    /// `invalid` for a text that is empty or longer than 1000 characters.
    #[rhai_fn(return_raw)]
    pub fn add_issue(
        context: NativeCallContext,
        release: Dynamic,
        text: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        add_issue_with(context, release, text, Map::new())
    }

    /// Adds an issue and returns it as `issues` does, with options.
    ///
    /// `blocker`: whether it blocks (`true` when left out); `related_tasks`: an array of the tasks it
    /// is about (the whole release when left out or empty).
    /// Throws as the form without options does, and `refused` when a task has another open blocker.
    #[rhai_fn(return_raw, name = "add_issue")]
    pub fn add_issue_with(
        context: NativeCallContext,
        release: Dynamic,
        text: &str,
        options: Map,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let options = view::Options::of(options, &["blocker", "related_tasks"])?;
        let change = Change::AddIssue {
            text: text.to_owned(),
            is_blocker: options.flag("blocker", true)?,
            related_tasks: options.texts("related_tasks")?,
        };
        let after = view::change(&context, "statebox.add_issue", &release, &change)?;
        let is_it = |issue: &Issue| !issue.is_resolved && issue.says(text);
        let added = view::issues(&after.document, is_it).pop();
        Ok(added.unwrap_or(Dynamic::UNIT))
    }

    /// Resolves the one open issue that is, or else contains, `text`, and says how in `resolution`.
    ///
    /// Repeating it in the same words changes nothing. Throws `not_found` when no open issue matches
    /// or the release has no state, `invalid` when several match.
    #[rhai_fn(return_raw)]
    pub fn resolve_issue(
        context: NativeCallContext,
        release: Dynamic,
        text: &str,
        resolution: &str,
    ) -> Result<(), Box<EvalAltResult>> {
        let change = Change::ResolveIssue {
            text: text.to_owned(),
            resolution: resolution.to_owned(),
        };
        view::change(&context, "statebox.resolve_issue", &release, &change).map(|_| ())
    }

    /// Returns all issues of `release` in the order of report.
    ///
    /// Each is a map: `issue` (text), `reported_at` (text), `resolved` (bool), `resolution` (text or
    /// `()`), `blocker` (bool), `related_tasks` (array of text, empty for the whole release), and
    /// `resolved_at` (text) once it is resolved. Empty in limited mode, where nobody can note one.
    /// Throws `not_found` when the release has no state.
    #[rhai_fn(return_raw)]
    pub fn issues(
        context: NativeCallContext,
        release: Dynamic,
    ) -> Result<Array, Box<EvalAltResult>> {
        issues_with(context, release, Map::new())
    }

    /// Returns some of the issues of `release`, as the form without options does.
    ///
    /// `unresolved_only` and `blockers_only`: bool, `false` when left out; `task_name`: only those
    /// about this task.
    #[rhai_fn(return_raw, name = "issues")]
    pub fn issues_with(
        context: NativeCallContext,
        release: Dynamic,
        options: Map,
    ) -> Result<Array, Box<EvalAltResult>> {
        let names = ["unresolved_only", "blockers_only", "task_name"];
        let options = view::Options::of(options, &names)?;
        let is_unresolved_only = options.flag("unresolved_only", false)?;
        let is_blockers_only = options.flag("blockers_only", false)?;
        let task = options.text("task_name")?;
        let document = view::document(&context, "statebox.issues", &release)?;
        Ok(view::issues(&document, |issue: &Issue| {
            !(is_unresolved_only && issue.is_resolved)
                && (!is_blockers_only || issue.is_blocker)
                && task
                    .as_ref()
                    .is_none_or(|task| issue.related_tasks.contains(task))
        }))
    }

    /// Returns the first open blocker of a task, as `issues` does, or `()` when there is none.
    ///
    /// Blockers of the whole release are not among them. Throws `not_found` when the release has no
    /// state.
    #[rhai_fn(return_raw)]
    pub fn blocker(
        context: NativeCallContext,
        release: Dynamic,
        task: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let document = view::document(&context, "statebox.blocker", &release)?;
        let blocks = |issue: &Issue| {
            issue.is_open_blocker() && issue.related_tasks.iter().any(|name| name == task)
        };
        let first = view::issues(&document, blocks).into_iter().next();
        Ok(first.unwrap_or(Dynamic::UNIT))
    }

    /// Changes what the state says about the build: `entries` by their key.
    ///
    /// A value takes the place of the old one; maps under `advisory_ids` and `candidate_builds` are
    /// merged, so nothing in them is lost. Other keys are kept too.
    /// Throws `not_found` when the release has no state, `invalid` for a value of the wrong shape.
    #[rhai_fn(return_raw)]
    pub fn patch_metadata(
        context: NativeCallContext,
        release: Dynamic,
        entries: Map,
    ) -> Result<(), Box<EvalAltResult>> {
        let change = Change::PatchMetadata(view::object(entries)?);
        view::change(&context, "statebox.patch_metadata", &release, &change).map(|_| ())
    }
}
