//! Builds a shard's index: takes unchanged files over from an older one, scans the rest.

use nova_index::{
    ContentHash, FileMeta, FileRef, FileSymbols, Root, Shard, ShardBuilder, ShardId, ShardIdentity,
    Stamp, write_index,
};
use nova_protocol::message::{IndexShard, QuarantinedFile, RequestError, ShardIndexed, SourceFile};
use nova_protocol::path;

use crate::clock;
use crate::disk;
use crate::job::Job;
use crate::record::Record;
use crate::scan_all::{ScanAll, failed};
use crate::source::{Place, Reader};

/// Does the whole request; `job` tells whether it is still wanted and is told how far it got.
pub(crate) fn index_shard(request: &IndexShard, job: &Job) -> Result<ShardIndexed, RequestError> {
    let identity = ShardIdentity(request.identity);
    let base = match &request.base {
        Some(base) => Some(open_base(base, &identity)?),
        None => None,
    };
    let places = Place::all(&request.roots);
    let scanned_at_ns = clock::now_ns();
    let mut builder = ShardBuilder::new(
        ShardId(request.shard),
        identity,
        scanned_at_ns,
        roots(request, base.as_ref()),
    );
    if let Some(base) = &base {
        take_over(base, request, &mut builder)?;
    }
    for quarantined in &request.quarantined {
        builder.add(&skipped(quarantined)).map_err(failed)?;
    }
    let record = match &request.record {
        Some(path) => Some(Record::create(&path::from_bytes(path)).map_err(failed)?),
        None => None,
    };
    let known =
        |file: &SourceFile| base.as_ref().map_or(Ok(None), |base| find(base, request, file));
    let scan = ScanAll {
        files: request.files.iter().collect(),
        known: &known,
        texts: || Reader::new(&places, &request.files, request.file_bytes_max),
        record: record.as_ref(),
        threads: request.threads.into(),
        job,
    };
    let built = scan.into_builder(builder)?;
    if let Some(record) = &record {
        record.note_none().map_err(failed)?;
    }
    let bytes = built.builder.finish().map_err(failed)?;
    if job.is_cancelled() {
        return Err(RequestError::Cancelled);
    }
    let output = path::from_bytes(&request.output);
    write_index(&output, &bytes)
        .map_err(|error| failed(format!("cannot write {}: {error}", output.display())))?;
    Ok(ShardIndexed { index_bytes: bytes.len() as u64, rescanned_files: built.rescanned_files })
}

pub(crate) fn open_base(base: &[u8], identity: &ShardIdentity) -> Result<Shard, RequestError> {
    let path = path::from_bytes(base);
    Shard::open(&path, identity)
        .map_err(|error| failed(format!("cannot build upon {}: {error}", path.display())))
}

/// The request's roots, then those that only files of `base` have.
pub(crate) fn roots(request: &IndexShard, base: Option<&Shard>) -> Vec<Root> {
    let mut identities: Vec<Vec<u8>> =
        request.roots.iter().map(|root| root.identity.to_vec()).collect();
    for root in base.into_iter().flat_map(Shard::roots) {
        if !identities.iter().any(|identity| identity == root.identity) {
            identities.push(root.identity.to_vec());
        }
    }
    identities.into_iter().map(|identity| Root { identity, archive_stamp: None }).collect()
}

/// Copies the files that are neither dropped nor to be read again.
pub(crate) fn take_over(
    base: &Shard,
    request: &IndexShard,
    builder: &mut ShardBuilder,
) -> Result<(), RequestError> {
    let mut replaced = vec![false; base.file_count() as usize];
    let quarantined = request.quarantined.iter().map(|quarantined| &quarantined.file);
    for file in request.dropped.iter().chain(&request.files).chain(quarantined) {
        if let Some(row) = find(base, request, file)? {
            replaced[row.id().0 as usize] = true;
        }
    }
    for file in base.files().filter(|file| !replaced[file.id().0 as usize]) {
        // The new index is younger than a stamp that was too fresh to trust, and would make it look
        // trustworthy: no file has an empty stamp, so this one is read again when its turn comes.
        let settled = disk::is_settled(file.stamp(), base.scanned_at_ns());
        let stamp = if settled { file.stamp() } else { Stamp::default() };
        builder.copy(base, file.id(), stamp).map_err(failed)?;
    }
    Ok(())
}

/// The row of a file that is not read.
pub(crate) fn skipped(quarantined: &QuarantinedFile) -> FileSymbols {
    FileSymbols::skipped(FileMeta {
        root: quarantined.file.root,
        path: quarantined.file.path.to_vec(),
        stamp: disk::from_message(quarantined.stamp),
        content_hash: ContentHash(quarantined.content_hash),
        source_bytes: quarantined.stamp.size,
        note: quarantined.note.clone(),
        ..FileMeta::default()
    })
}

pub(crate) fn find<'b>(
    base: &'b Shard,
    request: &IndexShard,
    file: &SourceFile,
) -> Result<Option<FileRef<'b>>, RequestError> {
    let root = request.roots.get(file.root as usize).ok_or_else(|| {
        RequestError::Invalid(format!("a file refers to root {}, which is not listed", file.root))
    })?;
    Ok(base.find_file(&root.identity, &file.path))
}
