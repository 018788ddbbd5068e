//! Work without a shared disk: texts go to the worker by their hash, indexes come back in pieces.
//!
//! ```text
//!  at the router                                   at the worker
//!  files ─▶ agent: read, hash ─▶ BuildIndex ─────▶ indexes ─▶ store: which texts are lacking?
//!                 read, pack  ─▶ StoreTexts ─────▶ store: packs on its disk, within a limit
//!                                BuildIndex ─────▶ indexes ─▶ scan_all ─▶ an index in memory
//!  file ◀─ agent: check, merge ◀─ FetchIndex ────▶ indexes
//! ```
//!
//! The [`agent`] stands at the router for a worker that is elsewhere, and answers the same requests as one
//! that shares the disk; so the router need not know which is which.

pub mod agent;
pub(crate) mod indexes;
mod pack;
pub mod store;
