//! The blocking issue about advisories that are not in QE.

use super::super::{Native, Refusal, log::Log};
use crate::{
    error::Result,
    release::{advisory::abnormal_text, statebox::Change},
    state::Snapshot,
};

/// What the advisories hold back.
const BLOCKED: &str = "push-to-cdn-staging";

/// Opens the issue, unless there is one that says the same. Returns why there is none.
pub(super) async fn report(
    native: &Native,
    log: &mut Log,
    state: &Result<Option<Snapshot>>,
    numbers: &[u64],
) -> Option<String> {
    if numbers.is_empty() {
        return None;
    }
    let before = match state {
        Ok(Some(before)) => before,
        Ok(None) => {
            log.info("StateBox does not exist, skipping blocker issue creation");
            return None;
        }
        Err(error) => return Some(failed(log, &error.chain())),
    };
    let text = abnormal_text(numbers);
    let change = Change::AddIssue {
        text: text.clone(),
        is_blocker: true,
        related_tasks: vec![BLOCKED.to_owned()],
    };
    match native.change(before, &change).await {
        Ok(Ok(_)) => {
            log.info(format!(
                "Created StateBox blocker issue for abnormal advisories: {text}"
            ));
            None
        }
        // Another issue blocks the push already, and whoever resolves it looks at the advisories.
        Ok(Err(Refusal(error))) => {
            failed(log, &error.message);
            None
        }
        Err(error) => Some(failed(log, &error.chain())),
    }
}

fn failed(log: &mut Log, why: &str) -> String {
    log.error(format!("Failed to create StateBox blocker issue: {why}"));
    format!("the issue that blocks {BLOCKED} was not opened: {why}")
}
