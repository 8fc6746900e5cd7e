//! `analyze`: evaluates the test results of a build or of a file.

use std::{path::Path, sync::Arc};

use super::{
    analyze,
    args::{Options, Output},
    out::{self, Failure},
    view::View,
    wiring::Wiring,
};
use crate::{
    error::{Error, Result},
    release::test_result::{Analysis, FileName, Reading},
    script::facts,
    world::{Unattended, World, system::SystemWorld},
};

/// Prints the evaluation of a build. The exit code is 1 when its file cannot be read as a result.
pub fn analyze(
    build: &str,
    arch: &str,
    options: &Options,
    view: &Arc<View>,
) -> Result<u8, Failure> {
    let analysis = if build.ends_with(".json") || build.contains('/') {
        of_file(Path::new(build), arch)?
    } else {
        let wiring = Wiring::new(options, view.clone())?;
        facts::analyze(&wiring.session, build, arch)?
    };
    match options.output {
        Output::Json => out::json(&analyze::report(&analysis)),
        Output::Text => out::answer(&analyze::text(
            &analysis,
            out::width().into(),
            out::is_coloured(),
        )),
    }
    let is_readable = !matches!(
        analysis.reading,
        Reading::InvalidJson(_) | Reading::UnsupportedLayout(_)
    );
    Ok(u8::from(!is_readable))
}

fn of_file(file: &Path, arch: &str) -> Result<Analysis> {
    let world = SystemWorld::new(Arc::new(Unattended), std::collections::HashMap::new());
    let bytes = world.read(file).map_err(|error| {
        Error::not_found(format!("cannot read `{}`", file.display()))
            .hint("name a result file, or a build such as 4.20.1")
            .because(error)
    })?;
    let name = file
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    match name.parse::<FileName>() {
        Ok(name) => Analysis::of(&name.build, &name.arch, Some(&bytes), None),
        Err(_) => {
            let build = build_of(&bytes, file)?;
            Analysis::of(&build, arch, Some(&bytes), None)
        }
    }
}

/// The build that a file of any name is about, as the file itself says.
fn build_of(bytes: &[u8], file: &Path) -> Result<String> {
    let hint = "a file named ocp-test-result-BUILD-ARCH.json is read as far as it goes";
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        let what = if error.is_eof() {
            "is cut off"
        } else {
            "is not JSON"
        };
        Error::invalid(format!("`{}` {what}", file.display()))
            .hint(hint)
            .because(error)
    })?;
    value["build"]["name"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::invalid(format!("`{}` names no build", file.display())).hint(hint))
}
