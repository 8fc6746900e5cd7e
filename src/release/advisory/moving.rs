//! The last step: advisories go from `QE` to `REL_PREP`.
//!
//! What counts is where all of them stand afterwards, not how many were moved: an advisory that was
//! passed over is not a moved one.

use serde::Serialize;

use super::{Advisory, State, Wait};
use crate::release::advisory::content::SecurityAlerts;

/// What the move of a release's advisories comes to.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Moving {
    /// In `QE`: to be moved.
    pub to_move: Vec<u64>,
    /// In `REL_PREP` or further.
    pub moved: Vec<u64>,
    /// Not ready; somebody else must move first.
    pub waiting: Vec<Wait>,
    /// Will never ship; a person should know.
    pub dropped: Vec<u64>,
}

impl Moving {
    /// Whether every advisory that ships is moved, and there is one.
    ///
    /// When all were dropped, nothing was moved: that is no success.
    pub fn is_complete(&self) -> bool {
        self.to_move.is_empty() && self.waiting.is_empty() && !self.moved.is_empty()
    }

    /// Whether no advisory of the release ships, so that a person has to look.
    pub fn ships_nothing(&self) -> bool {
        self.to_move.is_empty() && self.waiting.is_empty() && self.moved.is_empty()
    }
}

/// Sorts the advisories of a release, dropped ones included and microshift not.
pub fn moving<'a>(advisories: impl IntoIterator<Item = &'a Advisory>) -> Moving {
    let mut moving = Moving::default();
    for advisory in advisories {
        match advisory.state {
            State::NewFiles => moving.waiting.push(Wait::for_files(advisory.id)),
            State::Qe => moving.to_move.push(advisory.id),
            State::DroppedNoShip => moving.dropped.push(advisory.id),
            _ => moving.moved.push(advisory.id),
        }
    }
    moving
}

/// Why an advisory must not be moved now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hold {
    /// Product security says no; these alerts block, or none is named.
    Alerts(Vec<String>),
    /// Product security could not be asked, so nobody knows.
    Unknown(String),
}

/// Judges the alerts of an advisory about to be moved, as they are after a refresh.
///
/// `alerts` is `Err` with the reason when the refresh failed. An old answer does not stand in for
/// it.
pub fn hold(advisory: &Advisory, alerts: Result<&SecurityAlerts, &str>) -> Option<Hold> {
    if !advisory.is_security() {
        return None;
    }
    match alerts {
        Err(why) => Some(Hold::Unknown(why.to_owned())),
        Ok(alerts) if alerts.blocking => {
            let blocking = alerts.alerts.iter().filter(|alert| alert.blocking);
            Some(Hold::Alerts(
                blocking.map(|alert| alert.text.clone()).collect(),
            ))
        }
        Ok(_) => None,
    }
}
