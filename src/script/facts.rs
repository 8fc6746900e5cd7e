//! Where a drive gets facts from: the OAR tools for metadata, the result files on GitHub for tests.

use serde_json::json;

use crate::{
    call::Session,
    error::{Error, Result},
    flow::{Evidence, Sources, drive::metadata_from_json},
    oar::backend::Oar,
    release::{Metadata, Version, test_result::Analysis},
    services::github::Files,
};

/// The architecture whose tests gate a release.
pub const ARCH: &str = "amd64";

/// Facts from the services of the session.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts;

impl Sources for Facts {
    fn metadata(&self, session: &Session, release: &Version) -> Result<Metadata> {
        let oar = session.get::<Oar>()?;
        let arguments = json!({ "release": release.to_string() });
        let request = oar.call("oar_get_release_metadata", &arguments);
        let answer = session.call(
            "oar.get_release_metadata",
            arguments.clone(),
            false,
            request,
        )?;
        let document = answer
            .json
            .ok_or_else(|| Error::invalid("the metadata is no document"))?;
        Ok(metadata_from_json(&document))
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
