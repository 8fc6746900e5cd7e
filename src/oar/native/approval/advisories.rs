//! The advisories of a release on their way from `QE` to `REL_PREP`.

use futures_util::future::join_all;
use indexmap::IndexMap;

use super::{
    super::{Native, log::Log},
    Step, kernel,
};
use crate::{
    error::{Error, Kind, Result},
    release::{
        Ending, Outcome, Version,
        advisory::{
            Advisory, Refusal, State, Wait, link,
            moving::{Hold, Moving, hold, moving},
            to_load,
        },
    },
    services::errata::{self, Moved},
};

/// What became of the advisories.
pub(super) struct Moves {
    /// Where they stand now.
    pub states: Moving,
    /// What the Errata Tool would not do.
    refused: Vec<(u64, Refusal)>,
    /// Whether people hear of it from us: not when somebody else moved them in the same moment, who is
    /// at work and tells them.
    pub is_ours_to_tell: bool,
}

/// Reads the advisories of the build data at once, dropped ones included, with their kernels.
pub(super) async fn read(
    native: &Native,
    log: &mut Log,
    release: &Version,
    listed: &IndexMap<String, i64>,
) -> Step<Vec<Advisory>> {
    let listed = to_load(listed.iter().map(|(impetus, id)| (impetus.as_str(), *id)));
    let read = join_all(listed.into_iter().map(|(impetus, number)| {
        let mut step = log.step();
        async move {
            let (advisory, held) = tokio::join!(
                one(native, release, impetus, number),
                kernel::look(native, &mut step, impetus, number),
            );
            (step, advisory, held)
        }
    }));
    let mut advisories = Vec::new();
    let mut held = None;
    for (step, advisory, kernel) in read.await {
        let advisory = advisory?;
        if advisory.state != State::DroppedNoShip {
            log.append(step);
            held = held.or(kernel?);
        }
        advisories.push(advisory);
    }
    match held {
        Some(outcome) => Err(outcome.into()),
        None => Ok(advisories),
    }
}

async fn one(native: &Native, release: &Version, impetus: &str, number: u64) -> Result<Advisory> {
    let errata = native.client::<errata::Client>()?;
    errata.advisory(number).await.map_err(|error| match error.kind {
        Kind::NotFound => error.hint(format!(
            "advisory {number} ({impetus}) belongs to {release} as ART says, and the Errata Tool does not have it; ask ART which one is right"
        )),
        _ => error,
    })
}

/// Moves those that are in `QE`, at once, after product security was asked about all of them.
pub(super) async fn move_on(
    native: &Native,
    log: &mut Log,
    release: &Version,
    advisories: &[Advisory],
) -> Step<Moves> {
    let before = moving(advisories);
    for advisory in advisories {
        tell_state(log, advisory);
    }
    let to_move: Vec<&Advisory> = advisories
        .iter()
        .filter(|advisory| before.to_move.contains(&advisory.id))
        .collect();
    ask_security(native, log, release, &to_move).await?;
    let errata = native.client::<errata::Client>();
    let moved = join_all(to_move.iter().map(|advisory| {
        let errata = errata.clone();
        async move {
            errata?
                .move_from(advisory.id, advisory.state, State::RelPrep)
                .await
        }
    }));
    let mut now = advisories.to_vec();
    let mut refused = Vec::new();
    let mut trouble: Option<Error> = None;
    let mut is_ours = to_move.is_empty();
    for (place, (advisory, moved)) in to_move.iter().zip(moved.await).enumerate() {
        let id = advisory.id;
        let state = match moved {
            Ok(Moved::Now { state }) => {
                log.info(format!("advisory {id} state is updated to {state}"));
                is_ours |= place == 0;
                state
            }
            Ok(Moved::Already { state }) => {
                log.info(format!("advisory {id} is in {state} already"));
                state
            }
            Ok(Moved::Refused { state, refusal }) => {
                log.warning(format!("advisory {id} stays in {state}: {}", refusal.text));
                refused.push((id, refusal));
                state
            }
            Err(error) => {
                log.error(format!("advisory {id} is not moved: {}", error.chain()));
                trouble = trouble.or(Some(error));
                continue;
            }
        };
        if let Some(advisory) = now.iter_mut().find(|advisory| advisory.id == id) {
            advisory.state = state;
        }
    }
    if let Some(error) = trouble {
        return Err(error.into());
    }
    Ok(Moves {
        states: moving(&now),
        refused,
        is_ours_to_tell: is_ours,
    })
}

fn tell_state(log: &mut Log, advisory: &Advisory) {
    let Advisory { id, state, .. } = advisory;
    match state {
        State::Qe => {}
        State::DroppedNoShip => log.warning(format!("advisory {id} is {state} and is not moved")),
        State::NewFiles => log.warning(format!(
            "cannot change state of advisory {id} from {state} to REL_PREP, skip"
        )),
        _ => log.info(format!("advisory {id} is in {state} already")),
    }
}

/// Has the alerts computed anew, all at once. One that blocks, or whose word is not known, stops all.
async fn ask_security(
    native: &Native,
    log: &mut Log,
    release: &Version,
    advisories: &[&Advisory],
) -> Step<()> {
    let errata = native.client::<errata::Client>();
    let asked = join_all(advisories.iter().map(|advisory| {
        let errata = errata.clone();
        async move {
            errata?
                .refresh_alerts_of(advisory.id, advisory.kind.clone())
                .await
        }
    }));
    let mut held = None;
    for (advisory, asked) in advisories.iter().zip(asked.await) {
        let Advisory { id, kind, .. } = advisory;
        let alerts = asked.as_ref().map_err(|error| error.message.as_str());
        let outcome = match hold(advisory, alerts) {
            None if !advisory.is_security() => {
                log.warning(format!("{kind} advisory {id} does not have secalerts"));
                continue;
            }
            None => {
                log.info(format!(
                    "{kind} advisory {id} does not have blocking secalert"
                ));
                continue;
            }
            Some(Hold::Alerts(texts)) => {
                log.info(format!("found blocking secalert on advisory {id}"));
                for text in &texts {
                    log.info(format!("secalert on advisory {id}: {text}"));
                }
                let named = match texts.is_empty() {
                    true => String::new(),
                    false => format!(" ({})", texts.join("; ")),
                };
                let why = format!(
                    "advisory {id} has blocking secalerts, please contact prodsec team{named}"
                );
                Outcome::new(Ending::Blocked, why)
                    .owner("the product security team")
                    .next("write to the security alert team; it is looked at again")
            }
            Some(Hold::Unknown(why)) => unknown(*id, &why, asked.as_ref().err()),
        };
        held = held.or(Some(outcome.link(link(*id))));
    }
    match held {
        Some(outcome) => {
            log.warning(format!("no advisory of {release} is moved"));
            Err(outcome.into())
        }
        None => Ok(()),
    }
}

/// Nobody knows whether something blocks, so nothing is moved.
fn unknown(advisory: u64, why: &str, error: Option<&Error>) -> Outcome {
    let reason = format!(
        "whether security alerts block advisory {advisory} is not known, so it is not moved: {why}"
    );
    let is_passing = error.is_some_and(|error| error.is_retryable() || error.says_nothing());
    if is_passing {
        return Outcome::new(Ending::Waiting, reason).owner("the Errata Tool");
    }
    let hint = error.and_then(|error| error.hint.clone());
    Outcome::new(Ending::Blocked, reason)
        .owner("the product security team")
        .next(hint.unwrap_or_else(|| {
            "open the advisory and refresh its security alerts there; it is looked at again"
                .to_owned()
        }))
}

/// No advisory of the release ships, so none was moved: that is no success.
pub(super) fn nothing_ships(release: &Version, moves: &Moves) -> Outcome {
    let why = match moves.states.dropped.is_empty() {
        true => format!("{release} has no advisory, so nothing was moved"),
        false => format!(
            "every advisory of {release} was dropped, so nothing was moved: {}",
            numbers(&moves.states.dropped)
        ),
    };
    Outcome::new(Ending::Blocked, why)
        .owner("the release lead")
        .next("ask ART what ships the release; the build data must name it")
}

impl Moves {
    /// What people should know of advisories that do not ship.
    pub fn notes(&self) -> Vec<String> {
        let dropped = &self.states.dropped;
        match dropped.is_empty() {
            true => Vec::new(),
            false => vec![format!("not moved, because dropped: {}", numbers(dropped))],
        }
    }

    /// The end while some are not where they should be.
    pub fn held(&self) -> Outcome {
        let refused = self
            .refused
            .iter()
            .map(|(id, refusal)| (*id, refusal, refusal.wait(*id)));
        if let Some((id, refusal, _)) = refused.clone().find(|(.., wait)| wait.is_none()) {
            let why = format!(
                "the Errata Tool would not move advisory {id}: {}{}",
                refusal.text,
                self.done()
            );
            return Outcome::new(Ending::Blocked, why)
                .owner("the release lead")
                .next("mend what the Errata Tool names; it is looked at again")
                .link(link(id));
        }
        let mut waits: Vec<Wait> = self.states.waiting.clone();
        waits.extend(refused.filter_map(|(.., wait)| wait));
        let whys: Vec<_> = waits.iter().map(|wait| wait.why.as_str()).collect();
        let why = format!("{}{}", whys.join("; "), self.done());
        let mut outcome = Outcome::new(Ending::Waiting, why);
        if let Some(first) = waits.first() {
            outcome = outcome.owner(&first.owner).link(link(first.advisory));
        }
        outcome
    }

    fn done(&self) -> String {
        match self.states.moved.as_slice() {
            [] => String::new(),
            moved => format!("; moved: {}", numbers(moved)),
        }
    }
}

fn numbers(list: &[u64]) -> String {
    let numbers: Vec<_> = list.iter().map(u64::to_string).collect();
    numbers.join(", ")
}
