//! Scans the files of a shard with several threads, into one builder.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nova_index::{FileRef, ShardBuilder};
use nova_protocol::message::{RequestError, SourceFile};

use crate::disk::ReadError;
use crate::job::Job;
use crate::record::Record;
use crate::scan_file::{Scanned, Text, scan_read};

/// Reads the bytes of files, one after the other. Each scanning thread has its own.
pub(crate) trait Texts {
    /// What is in the file at this position.
    fn read(&mut self, position: usize) -> Result<Text<'_>, ReadError>;
}

/// What is to be scanned.
pub(crate) struct ScanAll<'r, T> {
    /// The files; in the index they are called so.
    pub(crate) files: Vec<&'r SourceFile>,
    /// What an older index knows of a file, if there is one.
    pub(crate) known: Known<'r>,
    /// Makes a thread's reader.
    pub(crate) texts: T,
    /// Where to note which file is in work.
    pub(crate) record: Option<&'r Record>,
    /// How many threads may scan.
    pub(crate) threads: usize,
    /// Whether it is still wanted, and how far it got.
    pub(crate) job: &'r Job,
}

/// Finds a file in an older index.
pub(crate) type Known<'r> =
    &'r (dyn Fn(&SourceFile) -> Result<Option<FileRef<'r>>, RequestError> + Sync);

/// What was scanned.
pub(crate) struct Built {
    pub(crate) builder: ShardBuilder,
    /// Files whose text was scanned.
    pub(crate) rescanned_files: u64,
}

impl<T, R> ScanAll<'_, T>
where
    T: Fn() -> R + Sync,
    R: Texts,
{
    /// Adds all of the files to a builder.
    pub(crate) fn into_builder(self, builder: ShardBuilder) -> Result<Built, RequestError> {
        // A record has room for one file.
        let threads = if self.record.is_some() { 1 } else { self.threads };
        let run = Run {
            scan: self,
            next: AtomicUsize::new(0),
            built: Mutex::new(Built { builder, rescanned_files: 0 }),
            error: Mutex::default(),
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| run.scan_some());
            }
            run.scan_some();
        });
        match run.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(run.built.into_inner().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

/// What the scanning threads share.
struct Run<'r, T> {
    scan: ScanAll<'r, T>,
    /// The next file that no thread has taken.
    next: AtomicUsize,
    built: Mutex<Built>,
    error: Mutex<Option<RequestError>>,
}

impl<T, R> Run<'_, T>
where
    T: Fn() -> R + Sync,
    R: Texts,
{
    /// One thread's work: file by file until none is left, the job is cancelled, or one fails the
    /// shard as a whole (only a full shard does).
    fn scan_some(&self) {
        let mut texts = (self.scan.texts)();
        loop {
            let position = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = self.scan.files.get(position) else { return };
            let result = match self.scan.job.is_cancelled() {
                true => Err(RequestError::Cancelled),
                false => {
                    self.note(position).and_then(|()| self.scan_one(position, file, &mut texts))
                }
            };
            if let Err(error) = result {
                self.next.store(self.scan.files.len(), Ordering::Relaxed);
                let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(error);
                return;
            }
        }
    }

    fn note(&self, position: usize) -> Result<(), RequestError> {
        self.scan.record.map_or(Ok(()), |record| record.note(position)).map_err(failed)
    }

    fn scan_one(
        &self,
        position: usize,
        file: &SourceFile,
        texts: &mut R,
    ) -> Result<(), RequestError> {
        let known = (self.scan.known)(file)?;
        // The row of a skipped file says nothing of what is in it.
        let scanned = known.as_ref().filter(|known| !known.flags().skipped);
        let known_hash = scanned.map(|known| known.content_hash());
        let read = texts.read(position);
        let bytes = read.as_ref().map_or(0, |text| text.content.len() as u64);
        let scanned = scan_read(file, read, known_hash);
        let mut built = self.built();
        match &scanned {
            Scanned::Vanished => {}
            Scanned::Unchanged { stamp } => {
                if let Some(known) = known {
                    built.builder.copy(known.shard(), known.id(), *stamp).map_err(failed)?;
                }
            }
            Scanned::File(symbols) => {
                built.rescanned_files += 1;
                built.builder.add(symbols).map_err(failed)?;
            }
        }
        drop(built);
        self.scan.job.count_file(bytes);
        Ok(())
    }

    fn built(&self) -> MutexGuard<'_, Built> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that could not be done.
pub(crate) fn failed(error: impl std::fmt::Display) -> RequestError {
    RequestError::Failed(error.to_string())
}
