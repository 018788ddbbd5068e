//! Which file an agent means by a path: one below the ROOTs, by a path as answers have it, or absolute.

use std::io;
use std::path::{Path, PathBuf};

use nova_router::{Root, path};

use nova_router::in_words::paths;

/// Why a path names no file that can be asked about.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(
        "there is no file {given}: paths are relative to {roots}, as answers of search_symbols have them"
    )]
    Missing { given: String, roots: String },
    #[error("{given} is not below {roots}: ask about files of the workspace only")]
    Outside { given: String, roots: String },
    #[error("{given} is no Java file: name one that ends in .java")]
    NotJava { given: String },
    #[error("{given} cannot be read ({reason}): see that it is readable, and ask again")]
    Unreadable { given: String, reason: io::Error },
}

/// The absolute path of the file without links, as the index has it.
pub(super) fn find(roots: &[Root], given: &str) -> Result<PathBuf, FileError> {
    let own = || given.to_owned();
    if !given.ends_with(".java") {
        return Err(FileError::NotJava { given: own() });
    }
    if let Some(file) = in_archive(roots, given) {
        return Ok(file);
    }
    let is_inside =
        |file: &Path| roots.iter().any(|root| root.relative(&path::to_bytes(file)).is_some());
    let mut is_outside = false;
    for root in roots.iter().filter(|root| !root.is_archive) {
        // An absolute path stays what it is.
        match root.real.join(given).canonicalize() {
            Ok(file) if !is_inside(&file) => is_outside = true,
            Ok(file) if file.is_file() => return Ok(file),
            Ok(_) => return Err(FileError::NotJava { given: own() }),
            Err(error) if is_absence(&error) => {}
            Err(reason) => return Err(FileError::Unreadable { given: own(), reason }),
        }
    }
    let names: Vec<_> = roots.iter().map(|root| paths::shown(&root.real)).collect();
    let (given, roots) = (own(), names.join(", "));
    Err(match is_outside {
        true => FileError::Outside { given, roots },
        false => FileError::Missing { given, roots },
    })
}

fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidInput)
}

/// A file in an archive that is a ROOT: by the archive's name, or its path.
fn in_archive(roots: &[Root], given: &str) -> Option<PathBuf> {
    let (archive, file) = given.split_once("!/")?;
    let archive = Path::new(archive);
    let is_meant = |root: &&Root| {
        let is_named = root.given.file_name().is_some_and(|name| name == archive);
        root.is_archive && (is_named || root.given == archive || root.real == archive)
    };
    let root = roots.iter().find(is_meant)?;
    let mut found = root.real.clone().into_os_string();
    found.push("!/");
    found.push(file);
    Some(found.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(real: &Path, is_archive: bool) -> Root {
        Root { given: real.to_path_buf(), real: real.to_path_buf(), is_archive }
    }

    #[test]
    fn a_path_leads_to_a_java_file_below_the_roots_and_to_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for name in ["w/a", "v"] {
            std::fs::create_dir_all(top.join(name)).unwrap();
        }
        for name in ["w/a/A.java", "w/a/a.txt", "v/V.java", "Out.java"] {
            std::fs::write(top.join(name), "").unwrap();
        }
        let roots = [
            root(&top.join("w"), false),
            root(&top.join("v"), false),
            root(&top.join("s.zip"), true),
        ];
        let found = |given: &str| {
            find(&roots, given).map(|file| file.strip_prefix(&top).unwrap().display().to_string())
        };
        assert_eq!(found("a/A.java").unwrap(), "w/a/A.java");
        assert_eq!(found("./a/../a/A.java").unwrap(), "w/a/A.java");
        assert_eq!(found("V.java").unwrap(), "v/V.java");
        assert_eq!(found(top.join("v/V.java").to_str().unwrap()).unwrap(), "v/V.java");
        assert_eq!(found("s.zip!/b/B.java").unwrap(), "s.zip!/b/B.java");
        assert!(matches!(found("a/B.java"), Err(FileError::Missing { .. })));
        assert!(matches!(found("a\0.java"), Err(FileError::Missing { .. })));
        assert!(matches!(found("a/A.java/B.java"), Err(FileError::Missing { .. })));
        assert!(matches!(found("t.zip!/b/B.java"), Err(FileError::Missing { .. })));
        assert!(matches!(found("a/a.txt"), Err(FileError::NotJava { .. })));
        assert!(matches!(found("a"), Err(FileError::NotJava { .. })));
        assert!(matches!(found("../Out.java"), Err(FileError::Outside { .. })));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(top.join("Out.java"), top.join("w/Link.java")).unwrap();
            assert!(matches!(found("Link.java"), Err(FileError::Outside { .. })));
        }
    }
}
