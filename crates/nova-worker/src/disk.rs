//! Reads source files from the disk: each once, whole, and only if it holds still.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use nova_index::Stamp;
use nova_protocol::message::FileStamp;

/// A file that changes while it is read is read again, so often at most.
const READ_ATTEMPTS_MAX: u32 = 3;

/// The longest tick of clocks that count fractions of a second.
const CLOCK_TICK_NS: i64 = 20_000_000;
/// The tick of file systems that keep whole seconds (FAT keeps even ones).
const COARSE_CLOCK_TICK_NS: i64 = 2 * SECOND_NS;
const SECOND_NS: i64 = 1_000_000_000;

/// What `stat` says of a file.
#[cfg(unix)]
pub fn stamp(metadata: &Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
    Stamp {
        size: metadata.size(),
        mtime_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
        ctime_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
    }
}

/// What `stat` says of a file; without the times that only Unix has.
#[cfg(not(unix))]
pub fn stamp(metadata: &Metadata) -> Stamp {
    let since_1970 = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).ok();
    let mtime = metadata.modified().ok().and_then(since_1970).unwrap_or_default();
    let mtime_ns = i64::try_from(mtime.as_nanos()).unwrap_or(i64::MAX);
    Stamp { size: metadata.len(), mtime_ns, ctime_ns: 0, inode: 0 }
}

/// A stamp as messages carry it.
pub(crate) fn to_message(stamp: Stamp) -> FileStamp {
    let Stamp { size, mtime_ns, ctime_ns, inode } = stamp;
    FileStamp { size, mtime_ns, ctime_ns, inode }
}

/// A stamp that a message carried.
pub(crate) fn from_message(stamp: FileStamp) -> Stamp {
    let FileStamp { size, mtime_ns, ctime_ns, inode } = stamp;
    Stamp { size, mtime_ns, ctime_ns, inode }
}

/// Whether a stamp can be trusted to show a later change: a file that changed shortly before it was
/// read, at `read_at_ns` or later, may have changed again within one tick of its file system's clock.
pub fn is_settled(stamp: Stamp, read_at_ns: i64) -> bool {
    let coarse = stamp.ctime_ns % SECOND_NS == 0;
    let tick_ns = if coarse { COARSE_CLOCK_TICK_NS } else { CLOCK_TICK_NS };
    stamp.ctime_ns.saturating_add(tick_ns) < read_at_ns
}

/// Why a file's text could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    #[error("it vanished while it was read")]
    Vanished,
    #[error("larger than the bound of {bytes_max} bytes (--max-file-size raises it)")]
    TooLarge { stamp: Stamp, bytes_max: u64 },
    #[error("cannot read it: {error}")]
    Unreadable { stamp: Stamp, error: io::Error },
    #[error("it kept changing while it was read")]
    Changing { stamp: Stamp },
    #[error("{reason}")]
    BadEntry { stamp: Stamp, reason: String },
}

impl ReadError {
    /// What was known of the file, so that it is tried again when that changes; `None` if it is gone.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Vanished => None,
            Self::TooLarge { stamp, .. }
            | Self::Unreadable { stamp, .. }
            | Self::Changing { stamp }
            | Self::BadEntry { stamp, .. } => Some(*stamp),
        }
    }

    /// The bound that the file is larger than, if that is why; so that it is tried again when the bound
    /// is another.
    pub(crate) fn exceeded_bytes_max(&self) -> Option<u64> {
        match self {
            Self::TooLarge { bytes_max, .. } => Some(*bytes_max),
            _ => None,
        }
    }
}

/// Reads a file into `content`, which it clears first. The stamp is that of the very bytes read.
pub(crate) fn read(path: &Path, bytes_max: u64, content: &mut Vec<u8>) -> Result<Stamp, ReadError> {
    let mut file = open(path)?;
    let mut before = stamp_of(path, &file)?;
    for _ in 0..READ_ATTEMPTS_MAX {
        if before.size > bytes_max {
            return Err(ReadError::TooLarge { stamp: before, bytes_max });
        }
        content.clear();
        // One byte more than expected, so that growth is seen and growth without end is not read.
        let expected = before.size.saturating_add(1);
        content.reserve(usize::try_from(expected).unwrap_or(0));
        (&mut file).take(expected).read_to_end(content).map_err(|error| unreadable(path, error))?;
        let after = stamp_of(path, &file)?;
        if after == before && content.len() as u64 == before.size {
            return Ok(before);
        }
        // The name may stand for another file by now.
        file = open(path)?;
        before = stamp_of(path, &file)?;
    }
    Err(ReadError::Changing { stamp: before })
}

/// Opens a regular file. What has been put in its place since it was listed is not entered: a link may lead out of
/// the tree, and a pipe is waited at for ever.
fn open(path: &Path) -> Result<File, ReadError> {
    let unreadable = |error| unreadable(path, error);
    let metadata = std::fs::symlink_metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(ReadError::Vanished);
    }
    File::open(path).map_err(unreadable)
}

fn stamp_of(path: &Path, file: &File) -> Result<Stamp, ReadError> {
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    if metadata.is_file() {
        Ok(stamp(&metadata))
    } else {
        let error = io::Error::other("it is not a regular file");
        Err(ReadError::Unreadable { stamp: stamp(&metadata), error })
    }
}

fn unreadable(path: &Path, error: io::Error) -> ReadError {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if error.kind() != io::ErrorKind::NotFound => {
            ReadError::Unreadable { stamp: stamp(&metadata), error }
        }
        _ => ReadError::Vanished,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_with_the_stamp_of_what_was_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("A.java");
        std::fs::write(&path, "class A {}").unwrap();
        let mut content = b"rest of another".to_vec();
        let read = read(&path, 10, &mut content).unwrap();
        assert_eq!(content, b"class A {}");
        assert_eq!(read, stamp(&std::fs::metadata(&path).unwrap()));
    }

    #[test]
    fn a_file_above_the_bound_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("A.java");
        File::create(&path).unwrap().set_len(2 << 30).unwrap();
        let error = read(&path, 1 << 20, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { bytes_max: 1_048_576, .. }), "{error}");
    }

    #[test]
    fn a_missing_file_has_vanished() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(&folder.path().join("A.java"), 10, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ReadError::Vanished), "{error}");
    }

    #[test]
    fn a_stamp_is_settled_only_well_before_the_scan() {
        let at = |ctime_ns| is_settled(Stamp { ctime_ns, ..Stamp::default() }, 10 * SECOND_NS);
        assert!(at(9_900_000_001));
        assert!(!at(9_990_000_001));
        assert!(!at(10_000_000_001));
        assert!(!at(9_000_000_000), "a clock of whole seconds is coarse");
        assert!(at(7_000_000_000));
    }
}
