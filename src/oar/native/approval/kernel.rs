//! The kernel in the operating system of an advisory: whether it may ship.

use futures_util::future::join_all;

use super::super::{Native, log::Log};
use crate::{
    error::Result,
    release::{
        Ending, Outcome,
        advisory::link,
        kernel::{STOP_SHIP, is_rhcos, is_stopped},
    },
    services::{brew, errata},
};

/// The kinds of advisory that have an operating system.
const WITH_KERNEL: [&str; 2] = ["image", "rhcos"];

/// Returns what holds an advisory back because of its kernel. One without a build of the operating
/// system has none.
pub(super) async fn look(
    native: &Native,
    log: &mut Log,
    impetus: &str,
    advisory: u64,
) -> Result<Option<Outcome>> {
    if !WITH_KERNEL.contains(&impetus) {
        log.info(format!(
            "{impetus} advisory does not have RHCOS build, skip checking kernel tag"
        ));
        return Ok(None);
    }
    let errata = native.client::<errata::Client>()?;
    let details = errata.build_details(advisory).await?;
    let builds = details.into_values().flatten().map(|build| build.nvr);
    let builds: Vec<String> = builds.filter(|nvr| is_rhcos(nvr)).collect();
    if builds.is_empty() {
        log.warning("No RHCOS nvr found, skip kernel tag checking");
        return Ok(None);
    }
    // One of several product versions speaks for itself only, so all are looked at.
    let looks = join_all(builds.iter().map(|nvr| {
        let mut step = log.step();
        async move {
            let held = one(native, &mut step, advisory, nvr).await;
            (step, held)
        }
    }));
    let mut held = None;
    for (step, one) in looks.await {
        log.append(step);
        held = held.or(one?);
    }
    Ok(held)
}

async fn one(native: &Native, log: &mut Log, advisory: u64, nvr: &str) -> Result<Option<Outcome>> {
    let brew = native.client::<brew::Client>()?;
    log.info(format!("RHCOS nvr is {nvr}"));
    let Some(kernel) = brew.kernel(nvr).await? else {
        let why = format!("nobody can tell whether the kernel may ship: {nvr} has none");
        let outcome = Outcome::new(Ending::Blocked, why)
            .owner("ART")
            .next("ask ART what is wrong with the build")
            .link(link(advisory));
        return Ok(Some(outcome));
    };
    log.info(format!("The commit metadata is {kernel}"));
    let tags = brew.tags(&kernel).await?;
    let listed: Vec<_> = tags.iter().map(|tag| format!("'{tag}'")).collect();
    log.info(format!("Tags of this build is [{}]", listed.join(", ")));
    if !is_stopped(&tags) {
        return Ok(None);
    }
    log.info(format!("kernel tag {STOP_SHIP} is detected"));
    let why = format!(
        "kernel tag {STOP_SHIP} is found, stop moving advisory status, please check. ({kernel})"
    );
    let outcome = Outcome::new(Ending::Blocked, why)
        .owner("the kernel team, ART")
        .next("ask ART when the kernel may ship; it is looked at again")
        .link(link(advisory));
    Ok(Some(outcome))
}
