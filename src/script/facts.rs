//! Where a drive gets facts from: the build data of ART, and the result files on GitHub for tests.

use serde_json::json;

use crate::{
    call::{Control, Session},
    error::{Kind, Result},
    flow::{Evidence, Sources},
    oar::backend::Oar,
    release::{Metadata, Version, test_result::Analysis},
    services::{build_data::BuildData, github::Files},
    world::BoxFuture,
};

/// The architecture whose tests gate a release.
pub const ARCH: &str = "amd64";

/// Facts from the services of the session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts;

impl Sources for Facts {
    fn begin_pass(&self, session: &Session) {
        // A host without this service says so when it is asked something.
        if let Ok(data) = session.get::<BuildData>() {
            data.begin_pass();
        }
    }

    fn metadata<'a>(
        &'a self,
        session: &'a Session,
        release: &'a Version,
    ) -> BoxFuture<'a, Result<Metadata>> {
        Box::pin(async move { session.get::<BuildData>()?.metadata(release).await })
    }

    /// The Python server keeps build data for a week unless it is told.
    fn forget(&self, session: &Session, release: &Version) -> Result<()> {
        let oar = session.get::<Oar>()?;
        let arguments = json!({ "release": release });
        let request = oar.call("mcp_cache_invalidate", &arguments);
        let hasty = Control {
            is_hasty: true,
            ..Control::current()
        };
        let told = hasty
            .scope(|| session.call("oar.mcp_cache_invalidate", arguments.clone(), true, request));
        match told {
            // Whatever runs the tools keeps no copy that anybody could drop.
            Err(error) if matches!(error.kind, Kind::NotFound | Kind::Refused | Kind::Invalid) => {
                Ok(())
            }
            told => told.map(|_| ()),
        }
    }

    fn evidence(&self, session: &Session, build: &str) -> Result<Option<Evidence>> {
        let analysis = analyze(session, build, ARCH)?;
        let Some(result) = analysis.reading.result() else {
            // A file that cannot be read is not a result, and no missing one either.
            return match analysis.reading {
                crate::release::test_result::Reading::Missing => Ok(None),
                reading => reading.into_result().map(|_| None),
            };
        };
        Ok(Some(Evidence {
            build: build.to_owned(),
            identity: result.identity.clone(),
            is_aggregated: analysis.reading.is_decided(),
            is_accepted: result.accepted == Some(true),
            summary: analysis.overview_line(),
            verdict: analysis.verdict.word.word().to_owned(),
            link: analysis.file.link(),
        }))
    }
}

/// Reads and analyses the result file of a build.
pub fn analyze(session: &Session, build: &str, arch: &str) -> Result<Analysis> {
    let files = session.get::<Files>()?;
    let arguments = json!({ "build": build, "arch": arch });
    let request = files.test_result(build, arch);
    let file = session.call("github.test_result", arguments, false, request)?;
    Analysis::of(
        build,
        arch,
        file.as_ref().map(|file| file.text.as_bytes()),
        None,
    )
}
