//! Declarations → shard index → bytes and back; and queries over many shard indexes at once.
//!
//! A worker's threads make a [`FileSymbols`] of each file, a [`ShardBuilder`] turns them into the
//! bytes of one shard file, and the router opens those as a [`Shard`]: a memory map that is checked
//! once and used in place from then on. Shards and deltas merge into a [`SymbolView`], which
//! [`search()`] runs a [`Query`] on; a [`Dictionary`] of the names of all shards, derived and mapped as well,
//! lets it end early.
//!
//! ```text
//! text, Declarations ─▶ FileSymbols ─┐
//!          files of an older Shard ──┴─▶ ShardBuilder ─▶ bytes ─▶ Shard ─┬─▶ SymbolView ─▶ search
//!                                                                        └─▶ Dictionary ──┘
//! ```
//!
//! This crate knows nothing of processes, sockets and layouts, scans no Java, and does no I/O but
//! to write and to map a shard file or a dictionary. The bytes are drawn in `docs/shard-format.md` and
//! `docs/dictionary-format.md`.

mod bits;
mod digest;
mod gallop;
mod id;
mod path;
mod stamp;

mod builder;
mod encode;
mod file_symbols;
mod format;
mod interner;
mod nesting;

mod map;
mod shard;
mod symbol_ref;
mod validate;

mod packages;
mod view;

mod matching;
mod merit;
mod rank;

mod dictionary;

mod hierarchy;
mod query;
mod search;

pub use builder::{AddFileError, BuildShardError, Root, ShardBuilder};
pub use dictionary::{BuildDictionaryError, Dictionary, OpenDictionaryError, build_dictionary};
pub use digest::{ContentHash, Digest, FileDigest};
pub use file_symbols::{
    FILE_DECLARATIONS_MAX, FILE_LINES_MAX, FileFlags, FileMeta, FileSymbols, LINE_COLUMNS_MAX,
};
pub use hierarchy::{MethodShape, Subtypes, subtypes};
pub use id::{FileId, ShardId, ShardIdentity, SymbolId};
pub use map::write_index;
pub use matching::MatchClass;
pub use merit::{Access, Centrality, Group, Purpose};
pub use nesting::TYPE_NESTING_MAX;
pub use query::Query;
pub use rank::{Nearness, PlaceMatch, Reasons, Score};
pub use search::{Cancelled, Hit, SearchOptions, SearchResult, Total, search};
pub use shard::{FileRef, ImportRef, PackageClauseRef, RootRef, Shard};
pub use stamp::Stamp;
pub use symbol_ref::SymbolRef;
pub use validate::OpenShardError;
pub use view::{Revision, Superseded, SymbolView, ViewShard, ViewSymbol};
