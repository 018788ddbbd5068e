//! Measurements that take whole programs or whole trees; `docs/benchmarks.md` has the figures.
//!
//! `compare` measures `nova` beside other tools in one run, `scale` measures how it grows with the
//! number of files. The inner loops have criterion benches in `benches/`.

pub mod children;
pub mod corpus;
pub mod hyperfine;
pub mod nova;
