//! Tests of `src/flow`.
