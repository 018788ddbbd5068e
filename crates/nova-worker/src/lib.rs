//! The worker: turns Java into shard indexes, on behalf of a router.
//!
//! A worker connects to its router, takes requests and answers them; it decides nothing. It reads the
//! files that it is told to read, scans them, and writes the index to the temporary name that it was
//! given; the router checks and renames. It knows nothing of layouts, of other workers and of queries,
//! and when the connection ends, so does it.
//!
//! ```text
//!  router ── IndexShard ──▶ serve ──▶ index_shard ──▶ threads: source ▶ scan_file ──▶ ShardBuilder ──▶ file
//!         ── UpdateFile ──▶       ──▶ update_file ──▶ scan_file ──▶ the index of one file, in the answer
//!         ── LoadFiles  ──▶       ──▶ open_files
//! ```
//!
//! The runtime's thread only talks; scanning has threads of its own, so a ping is answered and a lost
//! router is noticed while the largest shard is being built.

pub mod args;
mod serve;

mod index_shard;
mod inspect_file;
mod job;
mod open_files;
pub mod record;
mod scan_all;
mod scan_file;
pub mod shipping;
pub mod size;
mod source;
mod update_file;

pub mod archive;
mod clock;
pub mod disk;
pub mod memory;
mod stats;

#[cfg(feature = "fault-injection")]
mod fault;

pub use serve::{ServeError, Worker};
