//! `plan` and `status`: what a pass would do and why, and where a release stands.

use std::{path::Path, sync::Arc};

use super::{
    args::{Options, Output},
    out::{self, Failure},
    table,
    view::View,
    wiring::Wiring,
};
use crate::{
    call::Control,
    error::{Error, Result},
    flow::{Plan, watch::Manner},
    release::{Version, statebox::StateBox},
    script::flow::Found,
    world::{World, system::SystemWorld},
};

/// What the exit code of a look says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Says {
    /// That there is a plan: 0.
    Plan,
    /// Where the release stands, with the codes of a run.
    Standing,
}

/// Prints the plan of a release.
pub fn plan(
    release: Option<&str>,
    assume: &[String],
    options: &Options,
    view: &Arc<View>,
    says: Says,
) -> Result<u8, Failure> {
    let (_, found) = find(release, assume, options, view)?;
    let report = &found.report;
    match options.output {
        Output::Json => out::json(&report.to_json()),
        Output::Text => out::answer(&options.at_hand(&table::text(report, out::width()))),
    }
    Ok(match says {
        Says::Plan => 0,
        Says::Standing => report.outcome.exit_code(),
    })
}

/// Evaluates the flow of a release without changing anything: asks every service, or none when the
/// state comes from a file.
pub fn find(
    release: Option<&str>,
    assume: &[String],
    options: &Options,
    view: &Arc<View>,
) -> Result<(Wiring, Found), Failure> {
    let mut plan = Plan::default();
    for facts in assume {
        plan.assume(facts)?;
    }
    let quiet = Arc::new(View::new(true, false, true));
    let (wiring, release) = match (&options.statebox, &options.sim) {
        (Some(file), None) => {
            let document = read_document(file, release)?;
            plan.is_offline = true;
            let release = document.release().to_string();
            let link = file.display().to_string();
            (
                Wiring::of_document(options, quiet, document, &link)?,
                release,
            )
        }
        _ => {
            let release = release.ok_or_else(|| Failure::Usage {
                error: Error::invalid("no release was named")
                    .hint("name one, such as 4.20.1, or a file with --statebox FILE"),
                help: "Usage: oar-script plan RELEASE
       oar-script plan --statebox FILE"
                    .to_owned(),
            })?;
            let release: Version = release.parse()?;
            (Wiring::new(options, view.clone())?, release.to_string())
        }
    };
    let host = wiring.host(Some(plan), Manner::default(), |_| {})?;
    let program = host.load("drive.rhai")?;
    let control = Control {
        is_hasty: true,
        ..Control::current()
    };
    let _report = control.scope(|| host.run(&program, vec![release]))?;
    let found = wiring.found()?.ok_or_else(|| {
        Error::invalid("the script drove no flow").hint("a drive script ends with flow.drive()")
    })?;
    Ok((wiring, found))
}

fn read_document(file: &Path, release: Option<&str>) -> Result<StateBox> {
    let world = SystemWorld::new(
        Arc::new(crate::world::Unattended),
        std::collections::HashMap::new(),
    );
    let bytes = world.read(file).map_err(|error| {
        Error::not_found(format!("cannot read `{}`", file.display()))
            .hint("--statebox names the state document of a release, such as 4.20.1.yaml")
            .because(error)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        Error::invalid(format!("`{}` is not text", file.display())).because(error)
    })?;
    let read = match release {
        Some(release) => StateBox::parse(&text, &release.parse()?),
        None => StateBox::parse_any(&text),
    };
    read.map_err(|mut error| {
        error.message = format!("`{}`: {}", file.display(), error.message);
        error
    })
}
