//! Slack: posts notices, and finds the people and groups they mention.
//!
//! A post cannot be taken back or made once only: Slack has no key for that. Whoever posts writes its
//! intent down first and takes a lost answer for a post.

pub mod binding;
pub mod client;
pub mod emulator;
pub mod text;

use std::sync::Arc;

use super::{Checkup, Row};
use crate::{error::Result, http::Auth};

pub use client::{Client, Message, Posted};

/// The environment variable of the credential, the token of a bot.
const CREDENTIAL: &str = "SLACK_BOT_TOKEN";

/// The row of this service.
pub(super) const ROW: Row = Row {
    name: "slack",
    title: "Slack",
    endpoint: "https://slack.com/api",
    credentials: &[CREDENTIAL],
    health: "the token is accepted",
    check: |checkup| Box::pin(check(checkup)),
    module: binding::module,
    emulator: |state| emulator::router(state).into(),
    seed: include_str!("seed.json"),
    install: |session, setup| {
        let auth = Auth::bearer_if(CREDENTIAL, setup.world.secret(CREDENTIAL));
        let caller = setup.http.service(ROW.name, setup.endpoint(&ROW)?, auth);
        session.put(Arc::new(Client::new(caller)));
        Ok(())
    },
};

/// The bot of the token.
async fn check(checkup: &Checkup<'_>) -> Result<String> {
    let identity = checkup.session.get::<Client>()?.identity().await?;
    Ok(format!("the bot is {} in {}", identity.user, identity.team))
}
