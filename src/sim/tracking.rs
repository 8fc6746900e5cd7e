//! The tracking files on the branch `z-stream`: the bot of ART announces releases in them.

use indexmap::IndexMap;
use serde_json::Value;

use super::seed::Identity;
use crate::release::{
    Version,
    tracking::{Tracked, Tracking, file_name},
};

/// The branch.
const BRANCH: &str = "z-stream";

/// Announces a release; release candidates are not.
pub fn announce(documents: &mut Value, version: &Version, identity: &Identity) {
    if version.is_prerelease() {
        return;
    }
    let y_stream = version.y_stream();
    let path = format!("_releases/{y_stream}/{}", file_name(&y_stream));
    let branch = &mut documents["github"]["branches"][BRANCH];
    let before = branch[&path].as_str().unwrap_or("releases: {}");
    // A file that somebody broke on purpose stays as it is.
    let Ok(mut tracking) = Tracking::parse(&y_stream, before) else {
        return;
    };
    if tracking
        .releases
        .iter()
        .any(|tracked| tracked.version == *version)
    {
        return;
    }
    let advisories: IndexMap<String, i64> = identity
        .advisories
        .iter()
        .filter_map(|(kind, id)| Some((kind.clone(), i64::try_from(*id).ok()?)))
        .collect();
    tracking.releases.push(Tracked {
        version: version.clone(),
        advisories,
        jira_ticket: Some(identity.jira_ticket.clone()),
    });
    branch[&path] = text(&tracking).into();
}

/// Writes the file as the bot does: keys sorted as texts.
fn text(tracking: &Tracking) -> String {
    let mut releases: Vec<_> = tracking.releases.iter().collect();
    releases.sort_by_key(|tracked| tracked.version.to_string());
    let mut text = "releases:\n".to_owned();
    for tracked in releases {
        text.push_str(&format!("  {}:\n    advisories:\n", tracked.version));
        let mut advisories: Vec<_> = tracked.advisories.iter().collect();
        advisories.sort();
        for (kind, id) in advisories {
            text.push_str(&format!("      {kind}: {id}\n"));
        }
        if let Some(ticket) = &tracked.jira_ticket {
            text.push_str(&format!("    release_jira: {ticket}\n"));
        }
    }
    text
}
