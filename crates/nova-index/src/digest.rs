//! Fingerprints: of a file's content, of what it declares, and of a set of files.
//!
//! Only the content hash withstands someone who wants a collision; the others tell honest states
//! apart.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

/// The BLAKE3 hash of a file's bytes as they were read.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// The hash of these bytes.
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({})", blake3::Hash::from_bytes(self.0).to_hex())
    }
}

/// The fingerprint of everything recorded of one file but its path and its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileDigest(pub u128);

impl FileDigest {
    /// The digest of a file's record, spelled out in bytes without reference to any table.
    pub(crate) fn of(record: &[u8]) -> Self {
        Self(xxh3_128(record))
    }
}

/// The fingerprint of a set of files: the same for the same files, in whatever order they came.
///
/// The sum of a hash per file, so that the digests of parts add up to the digest of the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Digest(u128);

impl Digest {
    /// Counts a file in, by its `/`-separated path.
    pub fn add(&mut self, path: &[u8], file: FileDigest) {
        let path = xxh3_128(path).to_le_bytes();
        let mut record = [0; 32];
        record[..16].copy_from_slice(&path);
        record[16..].copy_from_slice(&file.0.to_le_bytes());
        self.0 = self.0.wrapping_add(xxh3_128(&record));
    }

    /// The value as a number, to be kept or sent.
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// The digest with this value.
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
