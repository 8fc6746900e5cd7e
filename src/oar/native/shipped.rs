//! `oar_is_release_shipped`: whether QE is done with a release, and what is missing if not.
//!
//! The advisories count when they are in `REL_PREP` or further. Microshift ships by itself and an
//! advisory that was dropped never ships: both are named and hold nothing back, but something must have
//! moved. The shipment counts when it is merged, or open with production made; one that was closed is
//! not shipped. What cannot be read is named and never counts.
//!
//! | key of `details` | value |
//! |---|---|
//! | `{kind}_advisory` | the state, or `error: …` |
//! | `prod_release` | `success`, `not yet` or `error: …`, while the merge request is open |
//! | `shipment_mr_merged` | `yes` or `no`, while it is open |
//! | `shipment_mr_status` | `merged`, `closed` or `error: …` |

use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::{Native, metadata::assembly};
use crate::{
    error::{Error, Result},
    release::{
        Version,
        advisory::{State as Advisory, is_shipped},
        shipment::{Address, Readiness, Stage, State},
    },
    services::{errata, gitlab},
};

/// Reads everything at once and judges it.
///
/// Fails when the build data cannot be read; trouble with the rest is in `details`.
pub(super) async fn read(native: &Native, release: &Version) -> Result<Value> {
    let assembly = assembly(native, release).await?;
    let listed: Vec<(String, u64)> = assembly
        .advisories
        .unwrap_or_default()
        .into_iter()
        .filter_map(|(kind, number)| Some((kind, u64::try_from(number).ok()?)))
        .collect();
    let address = Address::of_release(assembly.shipment_mr.as_deref());
    let has_shipment = !matches!(address, Ok(None));
    let (shipment, states) = tokio::join!(
        async {
            match address {
                Ok(Some(address)) => shipment(native, &address).await,
                Ok(None) => Shipment::default(),
                Err(error) => Shipment::unreadable(&error),
            }
        },
        join_all(listed.iter().map(|(_, number)| state(native, *number))),
    );
    let mut details = shipment.details;
    let mut known = Vec::new();
    for ((kind, _), state) in listed.iter().zip(states) {
        let word = match &state {
            Ok(state) => state.word().to_owned(),
            Err(error) => told(error),
        };
        details.insert(format!("{kind}_advisory"), word.into());
        known.push((kind.as_str(), state.ok()));
    }
    // A release may ship by nothing but its merge request.
    let is_moved = is_shipped(known) || (listed.is_empty() && has_shipment);
    let is_ready = !has_shipment || shipment.is_ready;
    Ok(json!({
        "shipped": is_moved && is_ready,
        "flow_type": if has_shipment { "konflux" } else { "errata" },
        "details": details,
    }))
}

/// What the merge request says.
#[derive(Default)]
struct Shipment {
    is_ready: bool,
    details: Map<String, Value>,
}

impl Shipment {
    fn of(is_ready: bool, details: &[(&str, &str)]) -> Self {
        let details = details
            .iter()
            .map(|(key, word)| ((*key).to_owned(), (*word).into()));
        Self {
            is_ready,
            details: details.collect(),
        }
    }

    fn unreadable(error: &Error) -> Self {
        Self::of(false, &[("shipment_mr_status", &told(error))])
    }
}

async fn shipment(native: &Native, address: &Address) -> Shipment {
    let gitlab = match native.client::<gitlab::Client>() {
        Ok(gitlab) => gitlab,
        Err(error) => return Shipment::unreadable(&error),
    };
    let request = match gitlab.merge_request(address).await {
        Ok(request) => request,
        Err(error) => return Shipment::unreadable(&error),
    };
    match request.state {
        State::Merged | State::Closed => {
            let details = [("shipment_mr_status", request.state.word())];
            Shipment::of(request.state.is_shipped(), &details)
        }
        State::Opened | State::Locked => {
            let made = gitlab
                .readiness_of(address, &request.labels, Stage::Prod)
                .await;
            let (is_made, word) = match &made {
                Ok(Readiness::Ready { .. }) => (true, "success".to_owned()),
                Ok(_) => (false, "not yet".to_owned()),
                Err(error) => (false, told(error)),
            };
            Shipment::of(
                is_made,
                &[("prod_release", &word), ("shipment_mr_merged", "no")],
            )
        }
    }
}

async fn state(native: &Native, advisory: u64) -> Result<Advisory> {
    let errata = native.client::<errata::Client>()?;
    Ok(errata.advisory(advisory).await?.state)
}

fn told(error: &Error) -> String {
    format!("error: {}", error.chain())
}
