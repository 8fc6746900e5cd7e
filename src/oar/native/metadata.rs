//! `oar_get_release_metadata`, and the build data that other tools need.

use serde_json::{Value, json};

use super::Native;
use crate::{
    error::Result,
    release::{Version, build_data::Assembly},
};

/// Answers with what the build data says about a release now.
pub(super) async fn read(native: &Native, release: &Version) -> Result<Value> {
    let assembly = assembly(native, release).await?;
    Ok(json!({
        "release": release,
        "advisories": assembly.advisories.unwrap_or_default(),
        "jira_ticket": assembly.jira_ticket.unwrap_or_default(),
        "candidate_builds": assembly.candidate_builds.unwrap_or_default(),
        "shipment_mr": assembly.shipment_mr.unwrap_or_default(),
        "release_date": assembly.release_date.unwrap_or_default(),
    }))
}

/// Returns the build data of a release, in the order and the words of its file. Numbers that stand
/// for an advisory to come are left out.
///
/// Fails with `not_found` when ART has nothing about the release yet.
pub(super) async fn assembly(native: &Native, release: &Version) -> Result<Assembly> {
    let assemblies = native.build_data.assemblies(&release.y_stream()).await?;
    let mut assembly = assemblies
        .assembly(release)
        .map_err(|error| error.service("build_data"))?;
    if let Some(advisories) = &mut assembly.advisories {
        advisories.retain(|_, id| *id > 0);
    }
    Ok(assembly)
}
