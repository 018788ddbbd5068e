//! Paths below a source root: bytes, `/`-separated, never leaving the root.

/// Whether a path stays below the folder that it is relative to.
pub(crate) fn is_file_path(path: &[u8]) -> bool {
    path.split(|&byte| byte == b'/').all(is_name)
}

/// Whether a path is that of a folder below a root, or that of the root itself, which is empty.
pub(crate) fn is_folder_path(path: &[u8]) -> bool {
    path.is_empty() || is_file_path(path)
}

/// Whether this names something in a folder.
pub(crate) fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.iter().any(|byte| matches!(byte, b'/' | 0))
}

/// A file's folder and its name there.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}

/// The path of the file of this name in a folder.
pub(crate) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_stay_below_the_root_are_accepted() {
        for path in ["A.java", "a/b/C.java", "a/.../C.java", "a b/ö.java", "C:/x"] {
            assert!(is_file_path(path.as_bytes()), "{path}");
        }
        for path in ["", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\0b"] {
            assert!(!is_file_path(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_is_split_can_be_joined() {
        for path in ["A.java", "a/B.java", "a/b/C.java"] {
            let (folder, name) = split(path.as_bytes());
            assert!(is_folder_path(folder) && is_name(name), "{path}");
            assert_eq!(join(folder, name), path.as_bytes());
        }
    }
}
