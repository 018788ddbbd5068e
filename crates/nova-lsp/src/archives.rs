//! Files in archives, as an editor opens them. Everything else calls one `/x/src.zip!/a/A.java`.
//!
//! An editor that asks for texts knows it by that path, in a URI of a scheme of its own. For any other it is copied
//! out, for reading only:
//!
//! ```text
//! <cache>/sources/<size>-<time>/x/src.zip/a/A.java    size and time are those of the archive
//! ```
//!
//! The copy's path tells which file it is of, so nobody need remember it; and an archive that has changed has others.

use std::collections::VecDeque;
use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use nova_router::workspace::FILE_BYTES_MAX_DEFAULT;
use nova_router::{archive_of, path};
use nova_worker::archive::Archive;

/// Archives that are kept open, as hits of a search come from several.
const OPEN_ARCHIVES_MAX: usize = 16;

/// The files in archives.
#[derive(Debug)]
pub(crate) struct Archives {
    copies: PathBuf,
    editor_asks: bool,
    /// How many copies were begun: no two are written to the same place.
    copied: AtomicU64,
    /// The last one used first, by where copies of what is in it are.
    opened: Mutex<VecDeque<(PathBuf, Archive)>>,
}

/// A file in an archive.
struct Entry<'e> {
    archive: PathBuf,
    /// The path in the archive.
    path: &'e [u8],
}

impl Archives {
    /// Copies go below this folder, unless the editor asks for the texts.
    pub(crate) fn new(copies: PathBuf, editor_asks: bool) -> Self {
        Self { copies, editor_asks, copied: AtomicU64::new(0), opened: Mutex::default() }
    }

    /// What the editor opens for a file in an archive: the copy, made if it is not there, unless it asks for the text.
    pub(crate) fn openable(&self, file: PathBuf) -> PathBuf {
        if self.editor_asks {
            return file;
        }
        match self.copy(&file) {
            Ok(copy) => copy,
            Err(error) => {
                tracing::warn!("{} cannot be copied out: {error}", file.display());
                file
            }
        }
    }

    /// The file in an archive that a path means: that file itself, or its copy; `None` of any other path, and of the
    /// copy of what the archive no longer has.
    pub(crate) fn original(&self, file: &Path) -> Option<PathBuf> {
        if archive_of(&path::to_bytes(file)).is_some() {
            return Some(file.to_owned());
        }
        let copy = file.strip_prefix(&self.copies).ok()?;
        let mut names = copy.components();
        let version = names.next()?;
        let mut at = PathBuf::from("/");
        while let Some(Component::Normal(name)) = names.next() {
            at.push(name);
            let is_archive = || fs::metadata(&at).ok().filter(Metadata::is_file);
            if let Some(archive) = is_archive() {
                let is_same = version.as_os_str() == version_of(&archive).as_str();
                let rest = names.as_path();
                let mut original = at.into_os_string();
                original.push("!");
                let original = PathBuf::from(original).join(rest);
                return Some(original).filter(|_| is_same);
            }
        }
        None
    }

    /// The text of a file in an archive.
    pub(crate) fn text(&self, file: &Path) -> io::Result<String> {
        let file = path::to_bytes(file);
        let entry = Entry::of(&file)?;
        let content = self.read(&self.folder(&entry.archive)?, &entry)?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    }

    fn copy(&self, file: &Path) -> io::Result<PathBuf> {
        let file = path::to_bytes(file);
        let entry = Entry::of(&file)?;
        let copies = self.folder(&entry.archive)?;
        let copy = copies.join(path::from_bytes(entry.path));
        if copy.exists() {
            return Ok(copy);
        }
        let folder = copy.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let content = self.read(&copies, &entry)?;
        // Whoever else copies it has the same.
        let number = self.copied.fetch_add(1, Ordering::Relaxed);
        let unfinished = copy.with_extension(format!("{}-{number}.new", std::process::id()));
        let write = || {
            let mut file = fs::File::create(&unfinished)?;
            file.write_all(&content)?;
            let mut permissions = file.metadata()?.permissions();
            permissions.set_readonly(true);
            file.set_permissions(permissions)?;
            fs::rename(&unfinished, &copy)
        };
        write().inspect_err(|_| drop(fs::remove_file(&unfinished)))?;
        Ok(copy)
    }

    /// Where copies of what is in an archive are.
    fn folder(&self, archive: &Path) -> io::Result<PathBuf> {
        let names = archive.components().filter(|name| matches!(name, Component::Normal(_)));
        let below: PathBuf = names.collect();
        Ok(self.copies.join(version_of(&fs::metadata(archive)?)).join(below))
    }

    fn read(&self, copies: &Path, entry: &Entry<'_>) -> io::Result<Vec<u8>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let known = opened.iter().position(|(known, _)| known == copies);
        let mut archive = match known.and_then(|at| opened.remove(at)) {
            Some((_, archive)) => archive,
            None => Archive::open(&entry.archive).map_err(io::Error::other)?,
        };
        let content = archive.read_start(entry.path, FILE_BYTES_MAX_DEFAULT);
        opened.push_front((copies.to_owned(), archive));
        opened.truncate(OPEN_ARCHIVES_MAX);
        content
    }
}

impl<'e> Entry<'e> {
    fn of(file: &'e [u8]) -> io::Result<Self> {
        let split = || {
            let archive = archive_of(file)?;
            let path = file[archive.len()..].strip_prefix(b"/")?;
            let is_plain = path::from_bytes(path)
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            let archive = path::from_bytes(archive.strip_suffix(b"!")?);
            is_plain.then_some(Self { archive, path })
        };
        split().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

fn version_of(archive: &Metadata) -> String {
    let modified = archive.modified().ok().and_then(|it| it.duration_since(UNIX_EPOCH).ok());
    format!("{:x}-{:x}", archive.len(), modified.unwrap_or_default().as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(folder: &Path) -> PathBuf {
        let path = folder.join("a-sources.jar");
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        zip.start_file("a/A.java", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all("package a; class Ä {}".as_bytes()).unwrap();
        zip.finish().unwrap();
        path
    }

    #[test]
    fn a_copy_is_known_as_what_it_is_of_until_the_archive_changes() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        let file = PathBuf::from(format!("{}!/a/A.java", archive.display()));
        let archives = Archives::new(folder.path().join("copies"), false);
        let copy = archives.openable(file.clone());
        assert_eq!(fs::read_to_string(&copy).unwrap(), "package a; class Ä {}");
        assert!(fs::metadata(&copy).unwrap().permissions().readonly());
        assert_eq!(archives.openable(file.clone()), copy);
        assert_eq!(archives.original(&copy), Some(file.clone()));
        assert_eq!(archives.original(&file), Some(file.clone()));
        assert_eq!(archives.original(&folder.path().join("a/A.java")), None);
        fs::write(&archive, "no archive").unwrap();
        assert_eq!(archives.original(&copy), None);
        assert_eq!(archives.openable(file.clone()), file);
    }

    #[test]
    fn whoever_asks_gets_the_text_and_only_of_what_is_in_the_archive() {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(folder.path());
        let archives = Archives::new(folder.path().join("copies"), true);
        let file = |entry: &str| PathBuf::from(format!("{}!/{entry}", archive.display()));
        assert_eq!(archives.openable(file("a/A.java")), file("a/A.java"));
        assert_eq!(archives.text(&file("a/A.java")).unwrap(), "package a; class Ä {}");
        for missing in [file("a/B.java"), file("../A.java"), archive.clone(), file("")] {
            archives.text(&missing).unwrap_err();
        }
        assert!(!folder.path().join("copies").exists());
    }
}
