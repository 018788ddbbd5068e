//! The record of which file is in work: written ahead of each file, read by the router when the worker
//! has died at it.
//!
//! ```text
//! offset  0  position of the file in the request's list, u64 LE; all ones: none
//!         8  resident bytes of the worker when it began with the file, u64 LE; zero: unknown
//! ```
//!
//! It is written in place and not synced: the system keeps what a process wrote, however that ends.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::memory;

const RECORD_BYTES: usize = 16;
const NONE: u64 = u64::MAX;

/// A record being written.
#[derive(Debug)]
pub(crate) struct Record {
    file: File,
    path: PathBuf,
}

/// What was in work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InWork {
    /// The position of the file in the request's list.
    pub position: usize,
    /// The worker's resident memory when it began with the file; zero if that is not known.
    pub resident_bytes: u64,
}

/// The record could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", path.display())]
pub(crate) struct RecordError {
    path: PathBuf,
    error: io::Error,
}

impl Record {
    /// An empty record in a file of this name.
    pub(crate) fn create(path: &Path) -> Result<Self, RecordError> {
        let fail = |error| RecordError { path: path.to_path_buf(), error };
        let file = File::create(path).map_err(fail)?;
        let record = Self { file, path: path.to_path_buf() };
        record.note_none()?;
        Ok(record)
    }

    /// The file at this position is in work from now on.
    pub(crate) fn note(&self, position: usize) -> Result<(), RecordError> {
        let resident_bytes = memory::resident_bytes(std::process::id()).unwrap_or(0);
        self.write(position as u64, resident_bytes)
    }

    /// No file is in work any more.
    pub(crate) fn note_none(&self) -> Result<(), RecordError> {
        self.write(NONE, 0)
    }

    fn write(&self, position: u64, resident_bytes: u64) -> Result<(), RecordError> {
        let mut bytes = [0; RECORD_BYTES];
        bytes[..8].copy_from_slice(&position.to_le_bytes());
        bytes[8..].copy_from_slice(&resident_bytes.to_le_bytes());
        write_at_start(&self.file, &bytes)
            .map_err(|error| RecordError { path: self.path.clone(), error })
    }
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn write_at_start(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek, Write};
    file.rewind()?;
    file.write_all(bytes)
}

impl InWork {
    /// Reads a record; `None` if no file was in work, or if there is none that can be read.
    pub fn read(path: &Path) -> Option<Self> {
        let bytes: [u8; RECORD_BYTES] = std::fs::read(path).ok()?.try_into().ok()?;
        let number = |at: usize| {
            let bytes = bytes[at..at + 8].try_into().expect("eight bytes are eight bytes");
            u64::from_le_bytes(bytes)
        };
        let position = Some(number(0)).filter(|&position| position != NONE)?;
        Some(Self { position: usize::try_from(position).ok()?, resident_bytes: number(8) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_last_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        assert_eq!(InWork::read(&path), None);
        let record = Record::create(&path).unwrap();
        assert_eq!(InWork::read(&path), None);
        record.note(7).unwrap();
        record.note(3).unwrap();
        assert_eq!(InWork::read(&path).unwrap().position, 3);
        record.note_none().unwrap();
        assert_eq!(InWork::read(&path), None);
        std::fs::write(&path, "torn").unwrap();
        assert_eq!(InWork::read(&path), None);
    }
}
