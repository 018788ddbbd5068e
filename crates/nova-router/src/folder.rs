//! A folder that holds Java files, on the disk or in an archive.
//!
//! Both kinds share one notion of a path: absolute, `/`-separated bytes. An archive is a folder named
//! `archive.zip!`, so that all that follows the walk need not tell them apart.

use nova_index::Stamp;

/// A folder with the Java files that lie directly in it.
#[derive(Debug)]
pub(crate) struct Folder {
    /// Absolute path, such as `/w/src/main/java/a/b` or `/w/lib/src.zip!/java.base/java/util`.
    pub(crate) path: Vec<u8>,
    /// The files, by name.
    pub(crate) files: Vec<FoundFile>,
    /// Position of its archive among the workspace's roots.
    pub(crate) archive: Option<usize>,
}

/// A Java file in its folder.
#[derive(Debug)]
pub(crate) struct FoundFile {
    /// The name without the folder.
    pub(crate) name: Vec<u8>,
    /// What `stat`, or the archive's directory, says of it.
    pub(crate) stamp: Stamp,
}

/// Joins two paths with a slash; an empty side adds nothing.
pub(crate) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() || name.is_empty() || folder == b"/" {
        [folder, name].concat()
    } else {
        [folder, b"/", name].concat()
    }
}

/// What is left of `path` below `folder`: empty for the folder itself, `None` outside of it.
pub(crate) fn below<'p>(path: &'p [u8], folder: &[u8]) -> Option<&'p [u8]> {
    if folder.is_empty() || folder == b"/" {
        return Some(path.strip_prefix(b"/").unwrap_or(path));
    }
    match path.strip_prefix(folder)? {
        [] => Some(&[]),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// The folder above: `None` for a path without a slash, and for `/`.
pub(crate) fn parent(path: &[u8]) -> Option<&[u8]> {
    let slash = path.iter().rposition(|&byte| byte == b'/')?;
    match slash {
        0 if path.len() == 1 => None,
        0 => Some(b"/"),
        _ => Some(&path[..slash]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_only_begins_like_the_folder_is_not_below_it() {
        assert_eq!(below(b"/a/bc", b"/a/b"), None);
        assert_eq!(below(b"/a/b/c", b"/a/b"), Some(&b"c"[..]));
        assert_eq!(below(b"/a/b", b"/a/b"), Some(&b""[..]));
        assert_eq!(below(b"/a", b"/"), Some(&b"a"[..]));
    }
}
