//! The QA owner of the advisories.

use futures_util::future::join_all;
use indexmap::IndexMap;

use super::super::{Native, log::Log};
use crate::{
    error::{Kind, Result},
    release::{
        Version,
        advisory::{Advisory, State, to_load},
    },
    services::errata,
};

/// Reads the advisories of the build data at once, those that will never ship aside.
pub(super) async fn alive(
    native: &Native,
    release: &Version,
    listed: &IndexMap<String, i64>,
) -> Result<Vec<Advisory>> {
    let errata = native.client::<errata::Client>()?;
    let listed = to_load(listed.iter().map(|(impetus, id)| (impetus.as_str(), *id)));
    let read = join_all(listed.iter().map(|(impetus, number)| {
        let errata = &errata;
        async move {
            errata.advisory(*number).await.map_err(|error| match error.kind {
                Kind::NotFound => error.hint(format!(
                    "advisory {number} ({impetus}) belongs to {release} as ART says, and the Errata Tool does not have it; ask ART which one is right"
                )),
                _ => error,
            })
        }
    }));
    let read: Result<Vec<Advisory>> = read.await.into_iter().collect();
    let is_alive = |advisory: &Advisory| advisory.state != State::DroppedNoShip;
    Ok(read?.into_iter().filter(is_alive).collect())
}

/// Sets the owner of each, at once; says for each whether that was new.
pub(super) async fn own(
    native: &Native,
    log: &mut Log,
    advisories: &[Advisory],
    email: &str,
) -> Vec<(u64, Result<bool>)> {
    let errata = native.client::<errata::Client>();
    let owned = join_all(advisories.iter().map(|advisory| {
        let errata = errata.clone();
        async move { errata?.set_owner(advisory.id, email).await }
    }));
    let owned = owned.await;
    let mut ended = Vec::new();
    for (advisory, owned) in advisories.iter().zip(owned) {
        if advisory.state == State::NewFiles {
            log.warning("advisory state is not QE, it is NEW_FILES");
        }
        let number = advisory.id;
        match &owned {
            Ok(true) => log.info(format!(
                "QA Owner of advisory {number} is updated to {email}"
            )),
            Ok(false) => log.info(format!("QA Owner of advisory {number} is {email} already")),
            Err(error) => log.error(format!(
                "cannot update QA owner of advisory {number}: {}",
                error.chain()
            )),
        }
        ended.push((number, owned));
    }
    ended
}
