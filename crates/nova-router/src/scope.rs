//! Which files a run speaks for: those under its ROOTs.
//!
//! An index may know more than that, from runs with other ROOTs; the rest is kept, neither compared
//! with the disk nor searched.

use std::collections::HashSet;

use crate::folder;
use crate::root::Root;

/// The ROOTs of a run, as folders.
#[derive(Debug)]
pub(crate) struct Scope {
    folders: Vec<Vec<u8>>,
    /// There may be thousands.
    archives: HashSet<Vec<u8>>,
}

/// How much of a source root is under the ROOTs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    Part,
    Nothing,
}

impl Scope {
    pub(crate) fn new(roots: &[Root]) -> Self {
        let (archives, folders): (Vec<_>, Vec<_>) = roots.iter().partition(|root| root.is_archive);
        let as_folder = |root: &Root| root.as_folder();
        Self {
            folders: folders.into_iter().map(as_folder).collect(),
            archives: archives.into_iter().map(as_folder).collect(),
        }
    }

    /// Whether a file (absolute path) is under a ROOT. What is in an archive is so only if the archive
    /// itself is a ROOT.
    pub(crate) fn contains(&self, path: &[u8]) -> bool {
        match archive_of(path) {
            Some(archive) => self.archives.contains(archive),
            None => self.folders.iter().any(|root| folder::below(path, root).is_some()),
        }
    }

    /// How much of a source root (absolute path) may be under a ROOT.
    pub(crate) fn extent(&self, root: &[u8]) -> Extent {
        if self.contains(root) {
            Extent::All
        } else if self.folders.iter().any(|scope| folder::below(scope, root).is_some()) {
            Extent::Part
        } else {
            Extent::Nothing
        }
    }
}

/// The path up to and with `archive.zip!`, of a file in an archive.
pub fn archive_of(path: &[u8]) -> Option<&[u8]> {
    let ends = memchr::memchr_iter(b'!', path).map(|at| at + 1);
    ends.map(|end| &path[..end]).find(|archive| {
        let extension = archive.len().checked_sub(5).map(|at| archive[at..].to_ascii_lowercase());
        let next = path.get(archive.len());
        extension.is_some_and(|extension| extension == b".zip!" || extension == b".jar!")
            && matches!(next, None | Some(b'/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn scope(folders: &[&str], archives: &[&str]) -> Scope {
        let root = |path: &&str, is_archive| Root {
            given: PathBuf::from(path),
            real: PathBuf::from(path),
            is_archive,
        };
        let folders = folders.iter().map(|path| root(path, false));
        let roots: Vec<_> = folders.chain(archives.iter().map(|path| root(path, true))).collect();
        Scope::new(&roots)
    }

    #[test]
    fn a_root_is_in_scope_wholly_partly_or_not() {
        let scope = scope(&["/w/src/a"], &[]);
        assert_eq!(scope.extent(b"/w/src/a/b"), Extent::All);
        assert_eq!(scope.extent(b"/w/src"), Extent::Part);
        assert_eq!(scope.extent(b"/w/src/ab"), Extent::Nothing);
    }

    #[test]
    fn an_archive_is_in_scope_only_when_it_is_a_root_itself() {
        let file = b"/w/lib/src.zip!/java.base/java/util/Map.java";
        assert!(!scope(&["/w"], &[]).contains(file));
        assert!(scope(&[], &["/w/lib/src.zip"]).contains(file));
        assert!(scope(&["/w"], &[]).contains(b"/w/wow!/A.java"));
    }
}
