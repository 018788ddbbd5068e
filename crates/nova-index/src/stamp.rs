//! What `stat` said of a file when it was read. Taking and judging stamps is the caller's business.

/// Size, times and inode of a file: when any of them differs, the file may have changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change of content, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Time of the last change of content or metadata, in nanoseconds since 1970.
    pub ctime_ns: i64,
    /// The file's number in its file system.
    pub inode: u64,
}
