//! The ROOTs of a workspace, as a person names them, and the folder that keys its cache.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nova_protocol::path;

use crate::folder;

/// A folder or source archive that a person wants indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// As it was given.
    pub given: PathBuf,
    /// What it is really called: absolute and without links.
    pub real: PathBuf,
    /// Whether it is an archive.
    pub is_archive: bool,
}

/// A ROOT that cannot be indexed.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// There is nothing of that name.
    #[error("{}: no such folder or archive", given.display())]
    Missing {
        /// The ROOT as given.
        given: PathBuf,
    },
    /// It is a file of another kind.
    #[error("{}: neither a folder nor a source archive (src.zip, *-sources.jar)", given.display())]
    OtherKind {
        /// The ROOT as given.
        given: PathBuf,
    },
    /// The file system refuses it.
    #[error("{}: cannot be read: {error}", given.display())]
    Unreadable {
        /// The ROOT as given.
        given: PathBuf,
        /// Its refusal.
        error: io::Error,
    },
}

impl Root {
    /// Finds what a person named.
    pub fn find(given: &Path) -> Result<Self, RootError> {
        let own = || given.to_path_buf();
        let real = fs::canonicalize(given).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => RootError::Missing { given: own() },
            _ => RootError::Unreadable { given: own(), error },
        })?;
        let unreadable = |error| RootError::Unreadable { given: own(), error };
        let metadata = fs::metadata(&real).map_err(unreadable)?;
        if metadata.is_dir() {
            fs::read_dir(&real).map_err(unreadable)?;
            return Ok(Self { given: own(), real, is_archive: false });
        }
        // Opening a pipe of that name would wait for someone to write to it.
        if is_archive_name(&real) && metadata.is_file() {
            Ok(Self { given: own(), real, is_archive: true })
        } else {
            Err(RootError::OtherKind { given: own() })
        }
    }

    /// The ROOT as a folder of paths: `/w`, or `/w/src.zip!`.
    pub(crate) fn as_folder(&self) -> Vec<u8> {
        let mut path = path::to_bytes(&self.real).into_owned();
        if self.is_archive {
            path.push(b'!');
        }
        path
    }

    /// The path below this ROOT of a file of the workspace; `None` if it is not below.
    pub fn relative<'p>(&self, file: &'p [u8]) -> Option<&'p [u8]> {
        folder::below(file, &self.as_folder())
    }
}

/// Whether a file of this name counts as a source archive.
pub(crate) fn is_archive_name(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| extension == "zip" || extension == "jar")
}

/// The folder of the version control around the first ROOT.
pub(crate) fn checkout(roots: &[Root]) -> Option<PathBuf> {
    const VERSION_CONTROL: [&str; 4] = [".git", ".hg", ".jj", ".svn"];
    let is_checkout =
        |folder: &&Path| VERSION_CONTROL.iter().any(|control| folder.join(control).exists());
    first_folder(roots)?.ancestors().find(is_checkout).map(Path::to_path_buf)
}

/// The first ROOT, or the folder that it lies in if it is an archive.
pub(crate) fn first_folder(roots: &[Root]) -> Option<&Path> {
    let first = roots.first()?;
    if first.is_archive { first.real.parent() } else { Some(&first.real) }
}

/// The folder that stands for a workspace: that of the version control around it, else its first.
pub(crate) fn base(roots: &[Root]) -> PathBuf {
    let first = || first_folder(roots).unwrap_or(Path::new("")).to_path_buf();
    checkout(roots).unwrap_or_else(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_root_and_a_plain_file_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let missing = Root::find(&folder.path().join("nowhere")).unwrap_err();
        assert!(matches!(missing, RootError::Missing { .. }), "{missing}");
        let file = folder.path().join("A.java");
        fs::write(&file, "").unwrap();
        let other = Root::find(&file).unwrap_err();
        assert!(matches!(other, RootError::OtherKind { .. }), "{other}");
    }

    #[test]
    fn a_workspace_is_keyed_by_the_checkout_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        let sub = real.join("a/b");
        fs::create_dir_all(&sub).unwrap();
        let roots = [Root::find(&sub).unwrap()];
        assert_eq!(base(&roots), sub);
        fs::create_dir(real.join(".git")).unwrap();
        assert_eq!(base(&roots), real);
    }
}
