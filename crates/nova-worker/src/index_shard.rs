//! Builds a shard's index: takes unchanged files over from an older one, scans the rest.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use nova_index::{
    ContentHash, FileMeta, FileRef, FileSymbols, Root, Shard, ShardBuilder, ShardId, ShardIdentity,
    Stamp, write_index,
};
use nova_protocol::message::{
    FileStamp, IndexShard, QuarantinedFile, RequestError, ShardIndexed, SourceFile,
};
use nova_protocol::path;

use crate::clock;
use crate::disk;
use crate::job::Job;
use crate::record::Record;
use crate::scan_file::{Scanned, scan_read};
use crate::source::{Place, Reader};

/// Does the whole request; `job` tells whether it is still wanted and is told how far it got.
pub(crate) fn index_shard(request: &IndexShard, job: &Job) -> Result<ShardIndexed, RequestError> {
    let identity = ShardIdentity(request.identity);
    let base = match &request.base {
        Some(base) => Some(open_base(base, &identity)?),
        None => None,
    };
    let places = Place::all(&request.roots).map_err(failed)?;
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
    let run = Run {
        request,
        base: base.as_ref(),
        places: &places,
        record: record.as_ref(),
        next: AtomicUsize::new(0),
        built: Mutex::new(Built { builder, rescanned_files: 0, error: None }),
        job,
    };
    let built = run.scan_all()?;
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

fn failed(error: impl std::fmt::Display) -> RequestError {
    RequestError::Failed(error.to_string())
}

fn open_base(base: &[u8], identity: &ShardIdentity) -> Result<Shard, RequestError> {
    let path = path::from_bytes(base);
    Shard::open(&path, identity)
        .map_err(|error| failed(format!("cannot build upon {}: {error}", path.display())))
}

/// The request's roots, then those that only files of `base` have.
fn roots(request: &IndexShard, base: Option<&Shard>) -> Vec<Root> {
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
fn take_over(
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
fn skipped(quarantined: &QuarantinedFile) -> FileSymbols {
    let FileStamp { size, mtime_ns, ctime_ns, inode } = quarantined.stamp;
    FileSymbols::skipped(FileMeta {
        root: quarantined.file.root,
        path: quarantined.file.path.to_vec(),
        stamp: Stamp { size, mtime_ns, ctime_ns, inode },
        content_hash: ContentHash(quarantined.content_hash),
        source_bytes: size,
        note: quarantined.note.clone(),
        ..FileMeta::default()
    })
}

fn find<'b>(
    base: &'b Shard,
    request: &IndexShard,
    file: &SourceFile,
) -> Result<Option<FileRef<'b>>, RequestError> {
    let root = request.roots.get(file.root as usize).ok_or_else(|| {
        RequestError::Invalid(format!("a file refers to root {}, which is not listed", file.root))
    })?;
    Ok(base.find_file(&root.identity, &file.path))
}

/// What the scanning threads share.
struct Run<'r> {
    request: &'r IndexShard,
    base: Option<&'r Shard>,
    places: &'r [Place],
    /// Where to note which file is in work.
    record: Option<&'r Record>,
    /// The next file that no thread has taken.
    next: AtomicUsize,
    built: Mutex<Built>,
    job: &'r Job,
}

struct Built {
    builder: ShardBuilder,
    rescanned_files: u64,
    error: Option<RequestError>,
}

impl Run<'_> {
    fn scan_all(self) -> Result<Built, RequestError> {
        // A record has room for one file.
        let threads = if self.record.is_some() { 1 } else { self.request.threads };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| self.scan_some());
            }
            self.scan_some();
        });
        let built = self.built.into_inner().unwrap_or_else(PoisonError::into_inner);
        match built.error {
            Some(error) => Err(error),
            None => Ok(built),
        }
    }

    /// One thread's work: file by file until none is left, the job is cancelled, or one fails the
    /// shard as a whole (only a full shard does).
    fn scan_some(&self) {
        let mut reader = Reader::new(self.places, self.request.file_bytes_max);
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = self.request.files.get(index) else { return };
            let result = match self.job.is_cancelled() {
                true => Err(RequestError::Cancelled),
                false => self.note(index).and_then(|()| self.scan_one(file, &mut reader)),
            };
            if let Err(error) = result {
                self.next.store(self.request.files.len(), Ordering::Relaxed);
                self.built().error.get_or_insert(error);
                return;
            }
        }
    }

    fn note(&self, index: usize) -> Result<(), RequestError> {
        self.record.map_or(Ok(()), |record| record.note(index)).map_err(failed)
    }

    fn scan_one(&self, file: &SourceFile, reader: &mut Reader) -> Result<(), RequestError> {
        let known = match self.base {
            Some(base) => find(base, self.request, file)?,
            None => None,
        };
        // The row of a skipped file says nothing of what is in it.
        let scanned = known.as_ref().filter(|known| !known.flags().skipped);
        let known_hash = scanned.map(|known| known.content_hash());
        let read = reader.read(file);
        let bytes = read.as_ref().map_or(0, |(content, _)| content.len() as u64);
        let scanned = scan_read(file, read, known_hash);
        let mut built = self.built();
        match &scanned {
            Scanned::Vanished => {}
            Scanned::Unchanged { stamp } => {
                if let (Some(base), Some(known)) = (self.base, known) {
                    built.builder.copy(base, known.id(), *stamp).map_err(failed)?;
                }
            }
            Scanned::File(symbols) => {
                built.rescanned_files += 1;
                built.builder.add(symbols).map_err(failed)?;
            }
        }
        drop(built);
        self.job.count_file(bytes);
        Ok(())
    }

    fn built(&self) -> std::sync::MutexGuard<'_, Built> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
