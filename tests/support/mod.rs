//! What several tests need.

pub mod services_world;
