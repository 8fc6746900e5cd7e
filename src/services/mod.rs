//! The outside systems: for each a client, the functions scripts see, and a stand-in on loopback.
//!
//! [`SERVICES`] is the one list of them. Services do not know each other; what needs two is a tool
//! in [`crate::oar`] or a script. Everything here stands above [`crate::http`] and below the state
//! stores, with one exception: `emulator.rs` files and [`emulate`] use
//! [`crate::sim::state::SimState`], the documents all stand-ins share. They never use a client.

pub mod brew;
pub mod build_data;
pub mod emulate;
pub mod errata;
pub mod github;
pub mod gitlab;
pub mod jira;
pub mod ldap;
pub mod portal;
pub mod release_controller;
pub mod sheets;
pub mod slack;

use std::sync::Arc;

use rhai::Module;
use url::Url;

use crate::{
    call::Session,
    config::Config,
    error::{Error, Result},
    http::Http,
    sim::{stand_in::StandIn, state::SimState},
    world::{BoxFuture, World},
};

/// One outside system.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The namespace of its functions, its section in the settings, its name in errors.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Where it lives unless a setting or the world says otherwise.
    pub endpoint: &'static str,
    /// The environment variables that hold its credential; empty when it needs none.
    pub credentials: &'static [&'static str],
    /// What shows that it works.
    pub health: &'static str,
    /// Looks whether that is so, with the cheapest request that shows our credential; returns what was
    /// learnt in a few words.
    pub check: Check,
    /// The functions scripts see.
    pub module: fn() -> Module,
    /// Its stand-in.
    pub emulator: fn(Arc<SimState>) -> StandIn,
    /// The documents its stand-in starts with, as JSON.
    pub seed: &'static str,
    /// Gives its client to a session.
    install: fn(&Session, &Setup) -> Result<()>,
}

/// Looks whether a service can be used.
pub type Check = for<'a> fn(&'a Checkup<'a>) -> BoxFuture<'a, Result<String>>;

/// What services are checked with.
#[derive(Clone, Copy, Debug)]
pub struct Checkup<'a> {
    /// The clients.
    pub session: &'a Session,
    /// A y-stream that is being worked on, if one is known.
    pub y_stream: Option<&'a str>,
    /// The document with the test reports of that y-stream.
    pub document: Option<&'a str>,
}

/// The services, in the order listings show them.
pub const SERVICES: [Row; 11] = [
    release_controller::ROW,
    github::ROW,
    build_data::ROW,
    sheets::ROW,
    errata::ROW,
    gitlab::ROW,
    jira::ROW,
    slack::ROW,
    portal::ROW,
    brew::ROW,
    ldap::ROW,
];

/// What clients are made from.
#[derive(Debug)]
pub struct Setup<'a> {
    /// The world.
    pub world: &'a Arc<dyn World>,
    /// The way out.
    pub http: &'a Http,
    /// The settings.
    pub config: &'a Config,
}

impl Setup<'_> {
    /// Where a service lives: where the world says, else the settings, else its usual place.
    pub fn endpoint(&self, row: &Row) -> Result<Url> {
        self.second_endpoint(row, (row.name, row.endpoint))
    }

    /// Where another host of a service lives, by its own section in the settings and its usual place.
    /// The world has one address for all hosts of a service; so have settings that name only one.
    fn second_endpoint(&self, row: &Row, (section, usual): (&str, &str)) -> Result<Url> {
        if let Some(endpoint) = self.world.endpoint(row.name) {
            return Ok(endpoint);
        }
        let chosen = self.config.endpoint(section);
        if let Some(endpoint) = chosen.or_else(|| self.config.endpoint(row.name)) {
            return Ok(endpoint.clone());
        }
        Url::parse(usual)
            .map_err(|error| Error::invalid(format!("`{usual}` is not an address")).because(error))
    }

    /// Whether a service lives elsewhere than usual.
    fn is_moved(&self, row: &Row) -> bool {
        self.world.endpoint(row.name).is_some() || self.config.endpoint(row.name).is_some()
    }
}

/// Where a host lives unless a setting or the world says otherwise, by its section in the settings.
pub fn usual_endpoint(section: &str) -> Option<&'static str> {
    let rows = SERVICES.iter().map(|row| (row.name, row.endpoint));
    rows.chain([brew::FILES])
        .find_map(|(name, endpoint)| (name == section).then_some(endpoint))
}

/// Makes the clients of all services and gives them, and the way out, to a session. Sends nothing.
pub fn install(session: &Session, http: &Http, config: &Config) -> Result<()> {
    session.put(Arc::new(http.clone()));
    session.put(Arc::new(config.contacts.clone()));
    session.put(Arc::new(config.notices.clone()));
    let setup = Setup {
        world: session.world(),
        http,
        config,
    };
    SERVICES
        .iter()
        .try_for_each(|row| (row.install)(session, &setup))
}

/// The functions scripts see, by namespace.
pub fn modules() -> Vec<(&'static str, Module)> {
    SERVICES
        .iter()
        .map(|row| (row.name, (row.module)()))
        .collect()
}

/// The stand-ins over one shared state, by service.
pub fn emulators(state: Arc<SimState>) -> Vec<(&'static str, StandIn)> {
    SERVICES
        .iter()
        .map(|row| (row.name, (row.emulator)(state.clone())))
        .collect()
}
