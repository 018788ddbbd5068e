//! Source archives: the Java files in a `src.zip` or a `*-sources.jar`.
//!
//! An archive may come from anywhere: names that lead out of it are refused, and no entry is inflated
//! beyond the bound on files, whatever size it claims.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nova_index::Stamp;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::disk::ReadError;

/// What is below takes the place of the same types in newer Java (JEP 238), which have the same public declarations.
const VERSIONS: &[u8] = b"META-INF/versions/";

/// An open archive. A clone shares the archive's directory and can be read beside the original.
#[derive(Clone)]
pub struct Archive {
    zip: ZipArchive<SharedReader>,
}

/// A Java file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// The path in the archive, `/`-separated.
    pub path: Vec<u8>,
    /// Its size, its DOS time, and its CRC-32 in place of the change time: an entry that differs in
    /// content differs in its stamp.
    pub stamp: Stamp,
}

/// An archive could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the archive {}: {error}", path.display())]
pub struct ArchiveError {
    path: PathBuf,
    error: ZipError,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Archive").field("entries", &self.zip.len()).finish_non_exhaustive()
    }
}

impl Archive {
    /// Opens an archive and reads its directory.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let fail = |error| ArchiveError { path: path.to_path_buf(), error };
        let file = File::open(path).map_err(|error| fail(error.into()))?;
        let zip = ZipArchive::new(SharedReader::new(file)).map_err(fail)?;
        Ok(Self { zip })
    }

    /// The Java files, by path, each type once, and the names that were refused.
    pub fn java_files(&self) -> (Vec<ArchiveEntry>, Vec<Vec<u8>>) {
        let mut files = Vec::new();
        let mut refused = Vec::new();
        for index in 0..self.zip.len() {
            let Ok(entry) = self.zip.by_index_data(index) else { continue };
            let path = entry.name_raw();
            let is_java = path.ends_with(b".java") && !path.starts_with(VERSIONS);
            if !is_java || !entry.is_file() || entry.is_symlink() {
                continue;
            }
            if is_inside(path) {
                let stamp = stamp(entry.size(), entry.last_modified(), entry.crc32());
                files.push(ArchiveEntry { path: path.to_vec(), stamp });
            } else {
                refused.push(path.to_vec());
            }
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        (files, refused)
    }

    /// The first bytes of an entry, at most `bytes_max`.
    pub fn read_start(&mut self, path: &[u8], bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let index = self.zip.index_for_name_raw(path).ok_or(io::ErrorKind::NotFound)?;
        self.zip.by_index(index)?.take(bytes_max).read_to_end(&mut content)?;
        Ok(content)
    }

    /// Inflates an entry into `content`, which it clears first.
    pub(crate) fn read(
        &mut self,
        path: &[u8],
        bytes_max: u64,
        content: &mut Vec<u8>,
    ) -> Result<Stamp, ReadError> {
        content.clear();
        let Some(index) = self.zip.index_for_name_raw(path) else {
            return Err(ReadError::Vanished);
        };
        let bad = |stamp, error: &dyn std::fmt::Display| {
            let reason = format!("cannot inflate it: {error}");
            ReadError::BadEntry { stamp, reason }
        };
        let mut entry = self.zip.by_index(index).map_err(|error| bad(Stamp::default(), &error))?;
        let stamp = stamp(entry.size(), entry.last_modified(), entry.crc32());
        if stamp.size > bytes_max {
            return Err(ReadError::TooLarge { stamp, bytes_max });
        }
        let read = (&mut entry).take(bytes_max + 1).read_to_end(content);
        read.map_err(|error| bad(stamp, &error))?;
        if content.len() as u64 > bytes_max {
            return Err(ReadError::TooLarge { stamp, bytes_max });
        }
        Ok(stamp)
    }
}

fn stamp(size: u64, modified: Option<zip::DateTime>, crc32: u32) -> Stamp {
    let dos =
        modified.map_or(0, |time| u32::from(time.datepart()) << 16 | u32::from(time.timepart()));
    Stamp { size, mtime_ns: i64::from(dos), ctime_ns: i64::from(crc32), inode: 0 }
}

/// Whether an entry's name stays inside the folder that the archive stands for.
fn is_inside(path: &[u8]) -> bool {
    let plain = |part: &[u8]| !matches!(part, b"" | b"." | b"..");
    path.split(|&byte| byte == b'/').all(plain) && !path.contains(&0) && !path.contains(&b'\\')
}

/// A file that several readers share, each with a position and a buffer of its own.
struct SharedReader(BufReader<SharedFile>);

#[derive(Clone)]
struct SharedFile {
    file: Arc<Mutex<File>>,
    position: u64,
}

impl SharedReader {
    fn new(file: File) -> Self {
        Self(BufReader::new(SharedFile { file: Arc::new(Mutex::new(file)), position: 0 }))
    }
}

impl Clone for SharedReader {
    fn clone(&self) -> Self {
        Self(BufReader::new(SharedFile { file: Arc::clone(&self.0.get_ref().file), position: 0 }))
    }
}

impl Read for SharedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for SharedReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Read for SharedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.position))?;
        let read = file.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let to = match to {
            SeekFrom::Current(offset) => {
                let position = self.position.checked_add_signed(offset);
                SeekFrom::Start(position.ok_or(io::ErrorKind::InvalidInput)?)
            }
            other => other,
        };
        self.position = file.seek(to)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(entries: &[(&str, &[u8])]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("src.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, content) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap();
        (folder, path)
    }

    #[test]
    fn java_files_are_listed_and_names_that_lead_out_are_refused() {
        let (_folder, path) = archive(&[
            ("m/a/A.java", b"class A {}"),
            ("m/a/a.txt", b""),
            ("META-INF/versions/9/m/a/A.java", b"class A {}"),
            ("../B.java", b"class B {}"),
            ("/C.java", b"class C {}"),
        ]);
        let mut archive = Archive::open(&path).unwrap();
        let (files, refused) = archive.java_files();
        assert_eq!(files.iter().map(|file| &file.path[..]).collect::<Vec<_>>(), [b"m/a/A.java"]);
        assert_eq!(refused, [&b"../B.java"[..], b"/C.java"]);
        let mut content = Vec::new();
        assert_eq!(archive.read(b"m/a/A.java", 100, &mut content).unwrap(), files[0].stamp);
        assert_eq!(content, b"class A {}");
        assert_eq!(archive.read_start(b"m/a/A.java", 5).unwrap(), b"class");
    }

    #[test]
    fn an_entry_that_inflates_beyond_the_bound_is_refused() {
        let (_folder, path) = archive(&[("Bomb.java", &vec![b' '; 10 << 20])]);
        let mut archive = Archive::open(&path).unwrap();
        let error = archive.read(b"Bomb.java", 1 << 20, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn what_is_no_archive_is_told_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("src.zip");
        std::fs::write(&path, "no archive").unwrap();
        let error = Archive::open(&path).map(drop).unwrap_err().to_string();
        assert!(error.contains("src.zip"), "{error}");
    }
}
