//! Builds indexes from stored texts, and keeps them until they are fetched.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nova_index::{ContentHash, Root, ShardBuilder, ShardId, ShardIdentity};
use nova_protocol::message::RequestError;
use nova_protocol::shipping::{
    BuildIndex, FetchIndex, IndexBuilt, ManifestFile, PIECE_BYTES_MAX, Packed,
};

use super::pack::pack;
use super::store::{StoreReader, TextStore};
use crate::disk::{self, ReadError};
use crate::job::Job;
use crate::scan_all::{ScanAll, Texts, failed};
use crate::scan_file::Text;

/// Indexes that are kept for a router that does not fetch them.
const INDEXES_KEPT_MAX: usize = 8;

/// The indexes that were built over one connection.
#[derive(Debug, Default)]
pub(crate) struct Indexes(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    next: u64,
    indexes: BTreeMap<u64, Unfetched>,
}

#[derive(Debug)]
struct Unfetched {
    index: Bytes,
    fetched_bytes: usize,
}

impl Indexes {
    /// Builds an index, unless texts are lacking.
    pub(crate) fn build(
        &self,
        request: &BuildIndex,
        store: &TextStore,
        threads: usize,
        job: &Job,
    ) -> Result<IndexBuilt, RequestError> {
        store.look().map_err(failed)?;
        let lacking = |file: &ManifestFile| !store.has(&file.content_hash);
        let lacking = (0..).zip(&request.files).filter(|(_, file)| lacking(file));
        let lacking: Vec<u32> = lacking.map(|(position, _)| position).collect();
        if !lacking.is_empty() {
            return Ok(IndexBuilt::Lacking(lacking));
        }
        let roots = request.roots.iter();
        let roots = roots.map(|root| Root { identity: root.to_vec(), archive_stamp: None });
        let (shard, identity) = (ShardId(request.shard), ShardIdentity(request.identity));
        let builder = ShardBuilder::new(shard, identity, request.read_at_ns, roots.collect());
        let damaged = Mutex::new(Vec::new());
        let scan = ScanAll {
            files: request.files.iter().map(|file| &file.file).collect(),
            known: &|_| Ok(None),
            texts: || Stored { files: &request.files, texts: store.reader(), damaged: &damaged },
            record: None,
            threads,
            job,
        };
        let built = scan.into_builder(builder)?;
        let mut damaged = damaged.into_inner().unwrap_or_else(PoisonError::into_inner);
        // They were found by several threads.
        damaged.sort_unstable();
        if !damaged.is_empty() {
            return Ok(IndexBuilt::Lacking(damaged));
        }
        let index = Bytes::from(built.builder.finish().map_err(failed)?);
        let index_bytes = index.len() as u64;
        Ok(IndexBuilt::Built { index: self.keep(index), index_bytes })
    }

    /// A piece of an index. What was fetched whole is forgotten.
    pub(crate) fn fetch(&self, request: &FetchIndex) -> Result<Packed, RequestError> {
        let unknown = || RequestError::Invalid(format!("there is no index {}", request.index));
        let mut kept = self.kept();
        let unfetched = kept.indexes.get_mut(&request.index).ok_or_else(unknown)?;
        let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
        let rest = unfetched.index.get(offset..).ok_or_else(unknown)?;
        let piece = unfetched.index.slice_ref(&rest[..rest.len().min(PIECE_BYTES_MAX)]);
        unfetched.fetched_bytes += piece.len();
        if unfetched.fetched_bytes >= unfetched.index.len() {
            kept.indexes.remove(&request.index);
        }
        drop(kept);
        Ok(pack(&piece))
    }

    fn keep(&self, index: Bytes) -> u64 {
        let mut kept = self.kept();
        let number = kept.next;
        kept.next += 1;
        kept.indexes.insert(number, Unfetched { index, fetched_bytes: 0 });
        while kept.indexes.len() > INDEXES_KEPT_MAX {
            kept.indexes.pop_first();
        }
        number
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The texts of a manifest.
struct Stored<'s> {
    files: &'s [ManifestFile],
    texts: StoreReader<'s>,
    /// Positions of those that are not what they were.
    damaged: &'s Mutex<Vec<u32>>,
}

impl Texts for Stored<'_> {
    fn read(&mut self, position: usize) -> Result<Text<'_>, ReadError> {
        let Some(file) = self.files.get(position) else { return Err(ReadError::Vanished) };
        let Some(content) = self.texts.read(&file.content_hash) else {
            self.damaged.lock().unwrap_or_else(PoisonError::into_inner).push(position as u32);
            return Err(ReadError::Vanished);
        };
        let stamp = disk::from_message(file.stamp);
        Ok(Text { content, stamp, content_hash: ContentHash(file.content_hash) })
    }
}
