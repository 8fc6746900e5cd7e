//! Tests of `src/sim`.
