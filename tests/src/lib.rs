//! Whole-system tests: what no single crate can show. They are in `tests/tests`, one folder for each
//! test binary; this library is what they share with the benches.

pub mod wire;
