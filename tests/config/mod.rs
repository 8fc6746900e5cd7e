//! The settings.

mod configstore;
mod keys;
mod settings;
