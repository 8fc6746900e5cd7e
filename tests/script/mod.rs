//! Tests of the scripting host.

mod desk;

mod bundle;
mod check;
mod closures;
mod embed;
mod errors;
mod header;
mod limits;
mod notices;
mod parallel;
mod stopping;
