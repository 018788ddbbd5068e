//! Measurements that take whole programs or whole trees; `docs/benchmarks.md` has the figures.
//!
//! `compare` measures `nova` beside other tools in one run, `scale` measures how it grows with the
//! number of files, `latency` measures how long queries take, `edits` how long it takes until an edit is found, `lsp` the language server, and
//! `definitions` how often it is right about what a name means. The inner loops have criterion benches in `benches/`.

pub mod corpus;
pub mod hyperfine;
pub mod language_server;
pub mod latency;
pub mod memory;
pub mod monorepo;
pub mod naive;
pub mod nova;
pub mod queries;
pub mod tree;
pub mod workspace;
