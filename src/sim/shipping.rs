//! What ART does when QE is done: the shipment is merged some time after it was approved, and advisories
//! in `REL_PREP` are shipped as long after that.
//!
//! It happens only where a scenario says after how long (`sim.ships_after_mins`), and whenever somebody
//! looks next.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::shipment::BOT;

/// What GitLab notes when somebody approves.
pub const APPROVED: &str = "approved this merge request";

/// How the Errata Tool comments on the last step of QE.
const MOVED: &str = "Changed state from QE to REL_PREP";

/// Does what is due.
pub fn settle(documents: &mut Value, now: Timestamp) {
    let Some(minutes) = documents["sim"]["ships_after_mins"].as_i64() else {
        return;
    };
    let after = SignedDuration::from_mins(minutes);
    let is_due = |at: Option<Timestamp>| at.and_then(|at| at.checked_add(after).ok());
    let mut is_merged = false;
    let requests = documents["gitlab"]["merge_requests"].as_object_mut();
    for (_, request) in requests.into_iter().flatten() {
        let is_approval = |note: &Value| note["author"] == BOT && note["body"] == APPROVED;
        let due = is_due(time_of(&request["notes"], is_approval)).filter(|due| *due <= now);
        if let Some(due) = due
            && request["state"] == "opened"
        {
            request["state"] = json!("merged");
            request["merged_at"] = json!(due.to_string());
        }
        is_merged |= request["state"] == "merged";
    }
    let advisories = documents["errata"]["advisories"].as_object_mut();
    for (_, advisory) in advisories.into_iter().flatten().filter(|_| is_merged) {
        let is_move = |comment: &Value| comment["text"] == MOVED;
        let due = is_due(time_of(&advisory["comments"], is_move)).filter(|due| *due <= now);
        if due.is_some() && advisory["state"] == "REL_PREP" {
            advisory["state"] = json!("SHIPPED_LIVE");
        }
    }
}

fn time_of(list: &Value, is_meant: impl Fn(&Value) -> bool) -> Option<Timestamp> {
    let mut entries = list.as_array().into_iter().flatten();
    let found = entries.find(|entry| is_meant(entry))?;
    found["created_at"].as_str()?.parse().ok()
}
