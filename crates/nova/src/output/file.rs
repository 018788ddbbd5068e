//! The file that `-o` names: what is there before stays until the new one is whole.
//!
//! A pipe or a device takes the output itself; only a regular file can be replaced.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::interrupt;

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: File,
    /// What it is called until it is whole; `None` if it is written in place.
    unfinished: Option<Unfinished>,
}

impl OutputFile {
    /// Opens what the path leads to, or what is to replace it.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        // Opened once, as a pipe notices each time. A file that may not be written is not replaced.
        let existing = match OpenOptions::new().write(true).open(path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let permissions = match existing {
            None => None,
            Some(file) => {
                let metadata = file.metadata()?;
                if !metadata.is_file() {
                    return Ok(Self { file, unfinished: None });
                }
                Some(metadata.permissions())
            }
        };
        let (file, unfinished) = Unfinished::create(follow(path)?)?;
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        Ok(Self { file, unfinished: Some(unfinished) })
    }

    /// Gives the file, which is whole now, its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.unfinished.map_or(Ok(()), Unfinished::finish)
    }
}

impl io::Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file under a passing name beside its own, which is removed unless it is finished.
#[derive(Debug)]
struct Unfinished {
    passing: PathBuf,
    own: PathBuf,
}

impl Unfinished {
    fn create(own: PathBuf) -> io::Result<(File, Self)> {
        let process = std::process::id();
        let mut number = 0_u32;
        loop {
            let passing = own.with_file_name(format!(".nova-{process}-{number}.tmp"));
            match OpenOptions::new().write(true).create_new(true).open(&passing) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
                Ok(file) => {
                    interrupt::remove_at_exit(Some(passing.clone()));
                    return Ok((file, Self { passing, own }));
                }
            }
        }
    }

    fn finish(self) -> io::Result<()> {
        fs::rename(&self.passing, &self.own)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Nothing of that name is left of a finished file.
        drop(fs::remove_file(&self.passing));
        interrupt::remove_at_exit(None);
    }
}

/// More links than this in a row lead in a circle.
const LINKS_MAX: usize = 40;

/// The file that a path leads to through links, be it there or not.
fn follow(path: &Path) -> io::Result<PathBuf> {
    if let Ok(real) = fs::canonicalize(path) {
        return Ok(real);
    }
    let mut path = std::path::absolute(path)?;
    for _ in 0..LINKS_MAX {
        match fs::read_link(&path) {
            Ok(target) => path = path.with_file_name("").join(target),
            Err(_) => break,
        }
    }
    Ok(path)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn write(path: &Path) {
        let mut file = OutputFile::create(path).unwrap();
        file.write_all(b"new").unwrap();
        file.finish().unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_its_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old and longer").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        symlink("file", &link).unwrap();
        write(&link);
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(folder.path()), ["file", "link"]);
    }

    #[test]
    fn a_link_to_nothing_names_the_file_that_is_created() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        let link = folder.path().join("link");
        symlink("sub/file", &link).unwrap();
        write(&link);
        assert_eq!(fs::read_to_string(folder.path().join("sub/file")).unwrap(), "new");
        assert_eq!(names(folder.path()), ["link", "sub"]);
    }

    #[test]
    fn an_unfinished_file_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "old").unwrap();
        OutputFile::create(&file).unwrap().write_all(b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_device_is_written_in_place() {
        let device = OutputFile::create(Path::new("/dev/null")).unwrap();
        assert!(device.unfinished.is_none());
    }
}
