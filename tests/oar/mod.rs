//! Tests of `src/oar`.
