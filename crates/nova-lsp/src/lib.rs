//! The language server: what editors speak to. The only crate that knows LSP.
//!
//! It asks the router what it needs to know, an own one or that of a running `nova serve`, and says it in the
//! protocol's words. It reads no Java, keeps no index, and finds nothing itself.
//!
//! ```text
//!  stdin ─ transport ─▶ server ─▶ documents ─▶ workspace ─▶ router (open, change, save, close)
//!                         │
//!                         └─▶ requests, each a task ─▶ workspace ─▶ router (search, inspect, define)
//!  stdout ◀─ outbox ◀─────────────┘ answered exactly once
//! ```
//!
//! Messages are taken in their order: what an editor said before a request is known when the request is answered.
//! Every request is answered, also one that fails, is cancelled, or takes too long. Nothing is written to
//! standard output but the protocol.

mod archives;
pub mod args;
mod client;
mod columns;
mod documents;
mod encoding;
mod library;
mod outbox;
mod requests;
mod server;
mod settings;
mod symbols;
mod transport;
mod uri;
mod workspace;
