//! Paths on the wire are bytes: on Unix those of the file system, elsewhere UTF-8.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The bytes that stand for a path.
#[cfg(unix)]
pub fn to_bytes(path: &Path) -> Cow<'_, [u8]> {
    Cow::Borrowed(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()))
}

/// The path that some bytes stand for.
#[cfg(unix)]
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
}

/// The bytes that stand for a path, `/`-separated; what is not Unicode is lost.
#[cfg(not(unix))]
pub fn to_bytes(path: &Path) -> Cow<'_, [u8]> {
    Cow::Owned(path.to_string_lossy().replace('\\', "/").into_bytes())
}

/// The path that some bytes stand for.
#[cfg(not(unix))]
pub fn from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
