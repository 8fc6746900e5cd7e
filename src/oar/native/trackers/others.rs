//! Which of the trackers that a release lacks are none of its business: another release has them, they
//! were verified too late for its builds, or they are of a part that ships later.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{super::Native, read::together};
use crate::{
    error::{Kind, Result},
    release::{
        Version,
        advisory::{MICROSHIFT, State},
        build_data::Assembly,
        shipment::{self, Address, Shipment},
        tracker::{Rules, Tracker},
    },
    services::{
        errata::{self, Holder},
        gitlab::{self, MergeRequest},
        jira,
    },
};

/// How long after its merge a shipment is still looked at: by then the bugs it fixes are closed.
const CLOSED_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Returns, with the reason, the keys that are not missed after all.
pub(super) async fn left_to_others(
    native: &Native,
    release: &Version,
    assembly: &Assembly,
    rules: &Rules,
    lacked: &[Tracker],
) -> Result<BTreeMap<String, String>> {
    let mut left = BTreeMap::new();
    if lacked.is_empty() {
        return Ok(left);
    }
    let (microshift_is_later, reasons) = tokio::join!(
        microshift_is_later(native, assembly, lacked),
        together(
            lacked
                .iter()
                .map(|tracker| reason(native, assembly, rules, tracker))
        ),
    );
    let microshift_is_later = microshift_is_later?;
    for (tracker, reason) in lacked.iter().zip(reasons?) {
        let reason = match reason {
            None if microshift_is_later && tracker.is_microshift() => {
                Some("the microshift advisory has no builds yet".to_owned())
            }
            reason => reason,
        };
        if let Some(reason) = reason {
            left.insert(tracker.key.clone(), reason);
        }
    }
    let open: Vec<&Tracker> = lacked
        .iter()
        .filter(|tracker| !left.contains_key(&tracker.key) && !rules.is_included(&tracker.key))
        .collect();
    if !open.is_empty() {
        let is_any_age = open.iter().any(|tracker| rules.is_inherited(&tracker.key));
        for (iid, shipment) in shipments(native, release, assembly, is_any_age).await? {
            let keys = shipment.jira_keys();
            for tracker in open.iter().filter(|tracker| keys.contains(&tracker.key)) {
                let reason = format!("it is in the shipment of merge request {iid}");
                left.entry(tracker.key.clone()).or_insert(reason);
            }
        }
    }
    Ok(left)
}

/// Why one tracker is not missed, by its advisories and its history.
async fn reason(
    native: &Native,
    assembly: &Assembly,
    rules: &Rules,
    tracker: &Tracker,
) -> Result<Option<String>> {
    if rules.is_included(&tracker.key) {
        return Ok(None);
    }
    let history = async {
        match rules.needs_history(&tracker.key) {
            true => {
                let jira = native.client::<jira::Client>()?;
                jira.status_changes(&tracker.key).await.map(Some)
            }
            false => Ok(None),
        }
    };
    let errata = native.client::<errata::Client>()?;
    let (holders, history) = tokio::join!(errata.advisories_of(&tracker.key), history);
    let holders = holders?;
    if let Some(holder) = holders.iter().find(|holder| ships(holder, assembly)) {
        let Holder {
            id, advisory_name, ..
        } = holder;
        return Ok(Some(format!("it is on advisory {id}, {advisory_name}")));
    }
    let is_too_late = history?.is_some_and(|history| rules.is_too_late(tracker, &history));
    Ok(is_too_late.then(|| "it was verified after the builds were chosen".to_owned()))
}

/// Whether an advisory fixes a tracker for somebody: one of the release must be about security.
fn ships(holder: &Holder, assembly: &Assembly) -> bool {
    let mut own = assembly.advisories.iter().flatten();
    let is_own = own.any(|(kind, id)| kind != MICROSHIFT && u64::try_from(*id) == Ok(holder.id));
    holder.status != State::DroppedNoShip.word() && (!is_own || holder.kind == "RHSA")
}

/// Whether the builds of microshift are still to come. Asked only when it matters.
async fn microshift_is_later(
    native: &Native,
    assembly: &Assembly,
    lacked: &[Tracker],
) -> Result<bool> {
    if !lacked.iter().any(Tracker::is_microshift) {
        return Ok(false);
    }
    let advisories = assembly.advisories.as_ref();
    let number = advisories.and_then(|advisories| advisories.get(MICROSHIFT));
    let Some(number) = number.and_then(|number| u64::try_from(*number).ok()) else {
        return Ok(true);
    };
    let builds = native.client::<errata::Client>()?.builds(number).await?;
    Ok(builds.values().all(Vec::is_empty))
}

/// The shipments of the other releases of the y-stream that ship, or shipped lately, by the number of
/// their merge request. One that is gone ships nothing; a file that cannot be read hides only its own
/// keys.
async fn shipments(
    native: &Native,
    release: &Version,
    assembly: &Assembly,
    is_any_age: bool,
) -> Result<Vec<(u64, Shipment)>> {
    let assemblies = native.build_data.assemblies(&release.y_stream()).await?;
    let own: Option<Address> = Address::of_release(assembly.shipment_mr.as_deref())?;
    let mut addresses: Vec<Address> = assemblies
        .other_shipments(release)
        .into_iter()
        .filter_map(|address| address.parse().ok())
        .filter(|address| Some(address) != own.as_ref())
        .collect();
    addresses.sort();
    addresses.dedup();
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let gitlab = native.client::<gitlab::Client>()?;
    let now = native.world.now();
    let counts = |request: &MergeRequest| match request.state {
        shipment::State::Opened | shipment::State::Locked => true,
        shipment::State::Closed => false,
        shipment::State::Merged => {
            let is_old = |merged_at| now.duration_since(merged_at) > CLOSED_AFTER;
            is_any_age || !request.merged_at.is_some_and(is_old)
        }
    };
    let read = together(addresses.iter().map(|address| {
        let (gitlab, counts) = (&gitlab, &counts);
        async move {
            let shipment = match gitlab.merge_request(address).await {
                Ok(request) if counts(&request) => gitlab.shipment(address).await,
                Ok(_) => return Ok(None),
                Err(error) => Err(error),
            };
            match shipment {
                Ok((_, shipment)) => Ok(Some((address.iid, shipment))),
                Err(error) if error.kind == Kind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }
    }));
    Ok(read.await?.into_iter().flatten().collect())
}
