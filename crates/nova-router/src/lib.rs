//! The router: layout, workers, and the workspace that frontends open and ask.
//!
//! A [`Workspace`] serves one or more ROOTs. [`Workspace::reconcile`] brings its index into line with the
//! disk, once; [`Workspace::tend`] keeps it so. Each frontend has a [`Session`] with it, which lays the text that
//! it has open and did not save over what the disk holds, and answers from a view that it loads once and never
//! waits for. A [`Daemon`] offers sessions to other processes, whose [`Client`] asks the same questions there.
//!
//! The router owns the map from source roots to shards, and starts, watches, feeds and ends the
//! workers; of Java it reads nothing but package clauses, so a hostile file can only hurt a worker.
//!
//! ```text
//!  ROOTs ─▶ walk, archives ─▶ tree ─▶ source_root ─▶ layout ─▶ plan ─▶ assignment ─▶ pool ─▶ workers
//!    │                                                                                  ▲       │
//!    └─▶ watch ─▶ tend ─▶ refresh (one file) ───────────────────────────────────────────┤       │
//!                          open, change ─▶ session, overlay ────────────────────────────┘       │
//!                                                                                               │
//!  answer ◀── published (a view of the disk, one for each session) ◀── cache (shard_<id>.bin) ◀─┘
//! ```
//!
//! It knows nothing of terminals, of JSON and of LSP: those are frontends.

pub mod workspace;

mod answer;
pub mod definition;
pub mod explain_path;
pub mod in_words;
mod question;
pub mod report;

mod overlay;
mod session;
mod sessions;

mod catch_up;
mod collect;
mod fold;
mod reconcile;
mod refresh;
mod tend;
mod watch;

pub mod root;
mod scope;

mod clauses;
mod file_key;
mod folder;
mod home;
pub mod inclusion;
mod source_root;
mod tree;
mod walk;

mod layout;
mod plan;
mod quarantine;

mod assignment;
mod pool;

mod cache;
mod dictionary;
mod published;

pub mod daemon;
mod lens;
mod wire;

pub mod client;
pub mod open_workspace;

pub mod trust;

pub use answer::{Answer, SearchRequest};
pub use cache::collection::{CacheCollection, CachedWorkspace, RemoveError};
pub use cache::serve::Record;
pub use cache::{COPIES_FOLDER, CacheError};
pub use client::Client;
pub use daemon::Daemon;
pub use inclusion::{Inclusion, InclusionError};
pub use layout::SHARD_BYTES_MAX_DEFAULT;
pub use nova_index::{
    Access, Cancelled, Group, MatchClass, MethodShape, Nearness, PlaceMatch, Purpose, Query,
    Reasons, Score, Subtypes, Total,
};
pub use nova_protocol::frontend::{Look, RouterStatus, Watching, WorkerStatus};
pub use nova_protocol::inspection;
pub use nova_protocol::message::WorkerStats;
pub use nova_protocol::path;
pub use nova_protocol::place;
pub use open_workspace::OpenWorkspace;
pub use overlay::{DocumentError, DocumentVersion, Position, TextChange};
pub use pool::{
    GuestAdmission, GuestOptions, InProcess, InspectError, Launch, Supervision, TrustOptions,
    WORKER_MEMORY_BYTES_MIN, WorkerOptions,
};
pub use question::Question;
pub use reconcile::ReconcileError;
pub use root::{Root, RootError};
pub use scope::archive_of;
pub use session::Session;
pub use watch::WatchMode;
pub use workspace::{Workspace, WorkspaceOptions};
