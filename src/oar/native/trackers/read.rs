//! Reads what is compared: trackers in Jira, advisories, the shipment.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::super::{Native, log::Log};
use crate::{
    error::{Kind, Result},
    release::{
        Version,
        advisory::{State, to_load},
        build_data::Assembly,
        shipment::{self, Address},
        tracker::{PACKAGES, Rules, Taken, Tracker, package_of},
    },
    services::{errata, gitlab, jira},
};

/// What the shipment says.
pub(super) enum Shipped {
    /// The keys in it.
    Keys(BTreeSet<String>),
    /// The release has none.
    None,
    /// The merge request with this number was closed without being merged.
    Closed(u64),
}

/// Waits for all, then returns all answers or the first error.
pub(super) async fn together<T, F>(works: impl IntoIterator<Item = F>) -> Result<Vec<T>>
where
    F: Future<Output = Result<T>>,
{
    join_all(works).await.into_iter().collect()
}

/// Reads which trackers belong to a release.
pub(super) async fn rules(native: &Native, release: &Version) -> Result<Rules> {
    let y_stream = release.y_stream();
    let (assemblies, bugs) = tokio::join!(
        native.build_data.assemblies(&y_stream),
        native.build_data.bugs(&y_stream)
    );
    let sweep = assemblies?.sweep(release);
    let sweep = sweep.map_err(|error| error.service("build_data"))?;
    Ok(Rules::of(release, bugs?, sweep))
}

/// Searches Jira. A version that Jira does not know yet, such as that of a later release, is left out,
/// as long as one is left.
pub(super) async fn search(
    native: &Native,
    log: &mut Log,
    rules: &mut Rules,
) -> Result<Vec<Tracker>> {
    let jira = native.client::<jira::Client>()?;
    loop {
        let Some(query) = rules.query() else {
            return Ok(Vec::new());
        };
        let error = match jira.trackers(&query).await {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        match rules.without_unknown_version(&error.message) {
            Some(version) if error.kind == Kind::Invalid => {
                log.warning(format!("Jira does not know the target version {version}"));
            }
            _ => return Err(error),
        }
    }
}

/// Reads what the build data takes in by name.
pub(super) async fn included(native: &Native, keys: &[String]) -> Result<Vec<Tracker>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let jira = native.client::<jira::Client>()?;
    jira.trackers_with_keys(keys).await
}

/// Reads the advisories that will ship: the keys on those about security, and the packages where they
/// tell what a tracker is about.
pub(super) async fn advisories(
    native: &Native,
    assembly: &Assembly,
    has_shipment: bool,
) -> Result<Taken> {
    let listed = assembly.advisories.iter().flatten();
    let listed = to_load(listed.map(|(kind, number)| (kind.as_str(), *number)));
    let mut taken = Taken::default();
    if listed.is_empty() {
        return Ok(taken);
    }
    let errata = native.client::<errata::Client>()?;
    let read = together(listed.iter().map(|(kind, number)| {
        let errata = &errata;
        async move {
            let needs_builds = has_shipment && PACKAGES.contains(kind);
            let builds = async {
                match needs_builds {
                    true => errata.builds(*number).await.map(Some),
                    false => Ok(None),
                }
            };
            let (advisory, builds) = tokio::join!(errata.advisory(*number), builds);
            Ok((advisory?, builds?))
        }
    }));
    for ((kind, _), (advisory, builds)) in listed.iter().zip(read.await?) {
        if let Some(builds) = builds {
            let names = builds.values().flatten();
            let names = names.map(|nvr| package_of(nvr).to_owned()).collect();
            taken.packages.push(((*kind).to_owned(), names));
        }
        if advisory.is_security() && advisory.state != State::DroppedNoShip {
            taken.on_advisories.extend(advisory.jira_issues);
        }
    }
    Ok(taken)
}

/// Reads the keys of the shipment. One file that cannot be read leaves open what it holds, so it is an
/// error.
pub(super) async fn shipment(native: &Native, address: Option<&Address>) -> Result<Shipped> {
    let Some(address) = address else {
        return Ok(Shipped::None);
    };
    let gitlab = native.client::<gitlab::Client>()?;
    let (request, shipment) = gitlab.shipment(address).await?;
    if request.state == shipment::State::Closed {
        return Ok(Shipped::Closed(address.iid));
    }
    match shipment.unreadable.values().next() {
        Some(error) => Err(error.clone()),
        None => Ok(Shipped::Keys(shipment.jira_keys())),
    }
}
