//! Tests of `src/http`.
