//! Tests of `src/services`.

mod binding;
mod brew;
mod build_data;
mod errata;
mod errata_changes;
mod errata_python;
mod github;
mod github_python;
mod github_write;
mod gitlab;
mod gitlab_clients;
mod jira;
mod ldap;
mod ldap_python;
mod local_clone;
mod portal;
mod release_controller;
mod secrets;
mod sheets;
mod sheets_python;
mod slack;
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
