//! Shard files and dictionaries on disk: writing one whole, and mapping one to be used in place.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

/// Writes the bytes of a shard or a dictionary to a temporary path; the router renames it into place.
/// Nothing is synced: a torn file is detected on opening and rebuilt.
pub fn write_index(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

/// Maps a whole file for reading.
#[expect(unsafe_code, reason = "a mapping cannot be had without; nothing else here is unsafe")]
pub(crate) fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    if file.metadata()?.len() == 0 {
        return Ok(Bytes::new());
    }
    // SAFETY: the mapping is sound as long as nobody writes to the file or truncates it meanwhile.
    // They live in the user's private cache folder, are complete before they get their name,
    // and are only ever replaced by rename, which leaves the mapped inode alone.
    let map = unsafe { Mmap::map(&file)? };
    Ok(Bytes::from_owner(map))
}
