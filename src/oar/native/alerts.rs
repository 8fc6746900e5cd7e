//! `oar_check_rhcos_security_alerts`: what product security says about the RHCOS advisory.
//!
//! Alerts inform here and hold nothing back. Final approval asks anew and stops for them.

use super::{Native, log::Log, metadata::assembly};
use crate::{
    error::{Kind, Result},
    oar::backend::Ran,
    release::{Ending, Outcome, Version, advisory::link},
    services::errata,
};

/// The kind of advisory that is looked at.
const RHCOS: &str = "rhcos";

/// Looks for blocking alerts, as they were computed last.
///
/// Fails with `not_found` when the build data names an advisory that the Errata Tool does not have.
pub(super) async fn of_rhcos(native: &Native, release: &Version) -> Result<Ran> {
    let mut log = Log::new(&native.world);
    let advisories = assembly(native, release).await?.advisories;
    let found = advisories.unwrap_or_default().get(RHCOS).copied();
    let Some(number) = found.and_then(|number| u64::try_from(number).ok()) else {
        log.info(format!("{release} has no RHCOS advisory"));
        return Ok(log.ended(Outcome::new(
            Ending::Pass,
            "no blocking security alert: the release has no RHCOS advisory",
        )));
    };
    let errata = native.client::<errata::Client>()?;
    let alerts = errata.security_alerts(number).await.map_err(|error| {
        let is_missing = error.kind == Kind::NotFound;
        match is_missing {
            true => error.hint(format!(
                "advisory {number} is in the build data of {release}; ask ART which one is right"
            )),
            false => error,
        }
    })?;
    let blocking: Vec<_> = alerts
        .alerts
        .iter()
        .filter(|alert| alert.blocking)
        .collect();
    if blocking.is_empty() && !alerts.blocking {
        log.info(format!("advisory {number} has no blocking security alert"));
        let outcome = Outcome::new(Ending::Pass, "no blocking security alert");
        return Ok(log.ended(outcome));
    }
    for alert in &blocking {
        log.warning(format!(
            "security alert {} on advisory {number}: {} ({})",
            alert.name, alert.text, alert.how_to_resolve
        ));
    }
    let reason = if blocking.is_empty() {
        log.warning(format!(
            "advisory {number} is blocked by its security alerts"
        ));
        format!("advisory {number} is blocked by its security alerts, none is marked as the cause")
    } else {
        let lines: Vec<_> = blocking
            .iter()
            .map(|alert| format!("{}: {} ({})", alert.name, alert.text, alert.how_to_resolve))
            .collect();
        format!(
            "{} blocking security alert(s): {}",
            lines.len(),
            lines.join("; ")
        )
    };
    let outcome = Outcome::new(Ending::Pass, reason)
        .owner("the product security team")
        .next("write to the security alert team; final approval waits until they are gone")
        .link(link(number));
    Ok(log.ended(outcome))
}
