//! The functions scripts see under `github::`.

use rhai::{Module, exported_module, plugin::*};

/// Returns the functions.
pub fn module() -> Module {
    exported_module!(functions)
}

#[export_module]
mod functions {
    use rhai::{Dynamic, EvalAltResult, Map, NativeCallContext};
    use serde_json::json;

    use super::super::{File, Files, GitHub};
    use crate::{
        call::{Session, to_script},
        error::Error,
        value::to_dynamic,
    };

    /// Returns the file at `path` on `branch` of the repository with test results, or `()` when the
    /// branch has no such file.
    ///
    /// A map: `text` (what the file says) and `sha` (git's name of this content).
    /// Throws `not_found` when there is no such branch or repository, `invalid` for a folder.
    /// Calls `GET /repos/{repository}/contents/{path}?ref={branch}`, or reads the clone that the
    /// setting `github.local_clone` names.
    #[rhai_fn(return_raw)]
    pub fn file(
        context: NativeCallContext,
        path: &str,
        branch: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let files = session.get::<Files>().map_err(to_script)?;
        let file = session.call_from_script(
            "github.file",
            json!({"path": path, "branch": branch}),
            false,
            files.file(path, branch),
        )?;
        Ok(shown(file))
    }

    /// Returns the test result of `build` on `arch` (`amd64`, `arm64`, `multi`, `ppc64le`,
    /// `s390x`), or `()` when there is none, or none any more.
    ///
    /// A map: `text` (a JSON document) and `sha` (git's name of this content). An absent result is
    /// normal: no test has started, or the build was a nightly that has expired.
    /// Throws `invalid` when a name cannot be one.
    /// Reads `_releases/ocp-test-result-{build}-{arch}.json` on the branch `record`, as `file` does.
    #[rhai_fn(return_raw)]
    pub fn test_result(
        context: NativeCallContext,
        build: &str,
        arch: &str,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let files = session.get::<Files>().map_err(to_script)?;
        let file = session.call_from_script(
            "github.test_result",
            json!({"build": build, "arch": arch}),
            false,
            files.test_result(build, arch),
        )?;
        Ok(shown(file))
    }

    /// Returns the newest `count` commits (1 to 100) that changed `path` on `branch`, the newest
    /// first; none for a path nobody has changed.
    ///
    /// Each is a map: `sha` (text), `message` (the whole message), `author` (the account, else the
    /// name in the commit) and `at` (when, as `2027-03-01T09:00:00Z`).
    /// Throws `not_found` when there is no such branch or repository, `invalid` for other counts.
    /// Calls `GET /repos/{repository}/commits?sha={branch}&path={path}`.
    #[rhai_fn(return_raw)]
    pub fn commits(
        context: NativeCallContext,
        path: &str,
        branch: &str,
        count: i64,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let session = Session::of(&context)?;
        let github = session.get::<GitHub>().map_err(to_script)?;
        let number = usize::try_from(count)
            .ok()
            .filter(|count| (1..=100).contains(count));
        let Some(number) = number else {
            let error = Error::invalid(format!("{count} is not a number of commits"));
            return Err(to_script(error.hint("ask for 1 to 100")));
        };
        let repository = github.repository();
        let commits = session.call_from_script(
            "github.commits",
            json!({"path": path, "branch": branch, "count": count}),
            false,
            github.client().commits(repository, path, branch, number),
        )?;
        let shown = commits.into_iter().map(|commit| {
            json!({
                "sha": commit.sha,
                "message": commit.message,
                "author": commit.author,
                "at": commit.at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            })
        });
        Ok(to_dynamic(&shown.collect()))
    }

    fn shown(file: Option<File>) -> Dynamic {
        let Some(file) = file else {
            return Dynamic::UNIT;
        };
        let mut map = Map::new();
        map.insert("text".into(), file.text.into());
        map.insert("sha".into(), file.sha.into());
        map.into()
    }
}
