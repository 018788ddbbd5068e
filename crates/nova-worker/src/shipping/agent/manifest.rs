//! What is to be scanned of a shard: its files by the hash of their content.

use bytes::Bytes;
use nova_index::{ContentHash, FileId, FileSymbols, Shard, ShardIdentity, Stamp};
use nova_protocol::message::{IndexShard, RequestError};
use nova_protocol::path;
use nova_protocol::shipping::{BuildIndex, ManifestFile};
use rayon::prelude::*;

use crate::clock;
use crate::disk;
use crate::index_shard::{find, open_base};
use crate::scan_all::Texts;
use crate::scan_file::{Scanned, Text, scan_read};
use crate::source::{Place, Reader};

/// Files that one thread reads before it takes others.
const FILES_AT_A_TIME: usize = 32;

/// A shard as it was read.
pub(super) struct Manifest {
    /// For the worker.
    pub(super) build: BuildIndex,
    /// The position of each of its files in the request.
    pub(super) positions: Vec<usize>,
    /// Bytes of all its files.
    pub(super) bytes: u64,
    /// Where the request's roots are.
    pub(super) places: Vec<Place>,
    /// What needs no scanning.
    pub(super) kept: Kept,
}

/// What the shard has beside what is scanned.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) base: Option<Shard>,
    /// Files that are as the older index knows them, with what `stat` says of them now.
    pub(super) unchanged: Vec<(FileId, Stamp)>,
    /// Files that were not read, with the reason.
    pub(super) skipped: Vec<FileSymbols>,
}

/// What became of one file.
enum Outcome {
    ToScan(ManifestFile),
    Unchanged(FileId, Stamp),
    Skipped(Box<FileSymbols>),
    Vanished,
}

/// Reads all files of a request once.
pub(super) fn read(request: &IndexShard) -> Result<Manifest, RequestError> {
    let read_at_ns = clock::now_ns();
    let base = match &request.base {
        Some(base) => Some(open_base(base, &ShardIdentity(request.identity))?),
        None => None,
    };
    let places = Place::all(&request.roots);
    let outcomes = (0..request.files.len()).into_par_iter().with_min_len(FILES_AT_A_TIME).map_init(
        || Reader::new(&places, &request.files, request.file_bytes_max),
        |reader, position| read_one(request, base.as_ref(), reader, position),
    );
    let outcomes: Vec<Outcome> = outcomes.collect::<Result<_, _>>()?;
    let mut kept = Kept { base, ..Kept::default() };
    let (mut files, mut positions) = (Vec::new(), Vec::new());
    for (position, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Outcome::ToScan(file) => {
                files.push(file);
                positions.push(position);
            }
            Outcome::Unchanged(file, stamp) => kept.unchanged.push((file, stamp)),
            Outcome::Skipped(file) => kept.skipped.push(*file),
            Outcome::Vanished => {}
        }
    }
    let bytes = files.iter().map(|file| file.stamp.size).sum();
    let roots: Vec<Bytes> = request.roots.iter().map(|root| root.identity.clone()).collect();
    let (shard, identity) = (request.shard, request.identity);
    let build = BuildIndex { shard, identity, read_at_ns, roots, files };
    Ok(Manifest { build, positions, bytes, places, kept })
}

fn read_one(
    request: &IndexShard,
    base: Option<&Shard>,
    reader: &mut Reader<'_>,
    position: usize,
) -> Result<Outcome, RequestError> {
    let file = &request.files[position];
    Ok(match reader.read(position) {
        Ok(Text { stamp, content_hash, .. }) => {
            let known = base.map_or(Ok(None), |base| find(base, request, file))?;
            match known
                .filter(|known| !known.flags().skipped && known.content_hash() == content_hash)
            {
                Some(known) => Outcome::Unchanged(known.id(), stamp),
                None => Outcome::ToScan(manifest_file(request, position, stamp, content_hash)),
            }
        }
        Err(error) => match scan_read(file, Err(error), None) {
            Scanned::File(symbols) => Outcome::Skipped(symbols),
            _ => Outcome::Vanished,
        },
    })
}

/// A file as it is now.
pub(super) fn manifest_file(
    request: &IndexShard,
    position: usize,
    stamp: Stamp,
    content_hash: ContentHash,
) -> ManifestFile {
    let stamp = disk::to_message(stamp);
    ManifestFile { file: request.files[position].clone(), stamp, content_hash: content_hash.0 }
}

/// Where the index goes.
pub(super) fn output(request: &IndexShard) -> std::path::PathBuf {
    path::from_bytes(&request.output)
}
