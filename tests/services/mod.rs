//! Tests of `src/services` and of the settings they are made from.

mod binding;
mod config;
mod errata;
mod github;
mod gitlab;
mod gitlab_clients;
mod local_clone;
mod release_controller;
mod table;

use std::sync::Arc;

use oar_script::{
    http::{Auth, Caller, Http},
    world::World,
};
use url::Url;

use crate::support::services_world::ServicesWorld;

/// A world and a caller of one service in it.
fn caller(service: &str, base: Url, auth: Auth) -> (Arc<ServicesWorld>, Caller) {
    let world = Arc::new(ServicesWorld::default());
    let http = Http::new(world.clone() as Arc<dyn World>).unwrap();
    let caller = http.service(service, base, auth);
    (world, caller)
}
