//! Files that are for their owner alone: made so, and refused if they are not.
//!
//! Where there are no permission bits this is the business of the folder that they are in.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What others may do with a private file: nothing.
const PRIVATE: Protection = Protection { forbidden: 0o077, verb: "read", advice: "chmod 600" };
/// What others may do with a file that is trusted but no secret: not write it.
const GUARDED: Protection = Protection { forbidden: 0o022, verb: "write", advice: "chmod go-w" };

#[derive(Debug, Clone, Copy)]
struct Protection {
    /// Permission bits that the file may not have.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no permission bits"))]
    forbidden: u32,
    verb: &'static str,
    advice: &'static str,
}

/// Why a private file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// It cannot be opened, read or written.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
    /// Others may do with it what they must not.
    #[error("others can {verb} {}: run `{advice} {}`", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What they can do.
        verb: &'static str,
        /// The command that mends it.
        advice: &'static str,
    },
    /// It is no file.
    #[error("{} is no regular file", path.display())]
    NoFile {
        /// Its path.
        path: PathBuf,
    },
    /// It is too large.
    #[error("{} is larger than {bytes_max} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        bytes_max: u64,
    },
}

/// Reads a secret, such as a private key or a token; refuses one that others can read.
pub fn read_private(path: &Path, bytes_max: u64) -> Result<Vec<u8>, PrivateFileError> {
    read(path, bytes_max, PRIVATE)
}

/// Reads what is trusted but no secret, such as a policy or an authority; refuses what others can write.
pub fn read_guarded(path: &Path, bytes_max: u64) -> Result<Vec<u8>, PrivateFileError> {
    read(path, bytes_max, GUARDED)
}

/// Makes a file that was not there, for this user alone from its first moment.
pub fn create(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let write = || -> io::Result<()> {
        let mut file = options().write(true).create_new(true).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| PrivateFileError::io("create", path, error))
}

/// Puts a file into the place of one that may be there, whole or not at all.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), PrivateFileError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{:016x}.new", rand::random::<u64>()));
    let unfinished = path.with_file_name(name);
    let outcome = create(&unfinished, content).and_then(|()| {
        fs::rename(&unfinished, path).map_err(|e| PrivateFileError::io("replace", path, e))
    });
    if outcome.is_err() {
        // Nobody else knows its name.
        drop(fs::remove_file(&unfinished));
    }
    outcome
}

/// Makes a folder for this user alone, and those that it lies in, where they are not there yet.
pub fn create_folder(path: &Path) -> Result<(), PrivateFileError> {
    make_folder(path).map_err(|error| PrivateFileError::io("create", path, error))
}

/// The same, for who has an error of its own.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Refuses a folder in which others can put files in the place of those that are there.
pub fn check_folder(path: &Path) -> Result<(), PrivateFileError> {
    let metadata = fs::metadata(path).map_err(|error| PrivateFileError::io("read", path, error))?;
    check(&metadata, path, GUARDED)
}

/// Opens a file to append to, made for this user alone if it is not there.
pub fn append(path: &Path) -> io::Result<File> {
    options().append(true).create(true).open(path)
}

/// Refuses an open file that others can read.
pub fn check_private(file: &File, path: &Path) -> Result<(), PrivateFileError> {
    let metadata = file.metadata().map_err(|error| PrivateFileError::io("read", path, error))?;
    check(&metadata, path, PRIVATE)
}

impl PrivateFileError {
    /// The system refuses to do this to a file.
    pub fn io(action: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Io { action, path: path.to_path_buf(), error }
    }
}

fn read(path: &Path, bytes_max: u64, demand: Protection) -> Result<Vec<u8>, PrivateFileError> {
    let fail = |error| PrivateFileError::io("read", path, error);
    if !fs::metadata(path).map_err(fail)?.is_file() {
        // To open a pipe would wait for somebody to write.
        return Err(PrivateFileError::NoFile { path: path.to_path_buf() });
    }
    let file = File::open(path).map_err(fail)?;
    check(&file.metadata().map_err(fail)?, path, demand)?;
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > bytes_max {
        return Err(PrivateFileError::TooLarge { path: path.to_path_buf(), bytes_max });
    }
    Ok(bytes)
}

/// Looks at what was opened, where there is an open file: its name may be another one's by now.
#[cfg(unix)]
fn check(metadata: &Metadata, path: &Path, demand: Protection) -> Result<(), PrivateFileError> {
    use std::os::unix::fs::MetadataExt;
    if metadata.mode() & demand.forbidden == 0 {
        return Ok(());
    }
    let Protection { verb, advice, .. } = demand;
    Err(PrivateFileError::Open { path: path.to_path_buf(), verb, advice })
}

#[cfg(not(unix))]
fn check(_metadata: &Metadata, _path: &Path, _demand: Protection) -> Result<(), PrivateFileError> {
    Ok(())
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone_and_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let sub = folder.path().join("a/b");
        create_folder(&sub).unwrap();
        assert_eq!(mode(&sub), 0o700);
        let file = sub.join("key");
        create(&file, b"old").unwrap();
        assert_eq!(mode(&file), 0o600);
        create(&file, b"new").unwrap_err();
        assert_eq!(read_private(&file, 3).unwrap(), b"old");
        replace(&file, b"new").unwrap();
        assert_eq!((read_private(&file, 3).unwrap(), mode(&file)), (b"new".to_vec(), 0o600));
        assert_eq!(fs::read_dir(&sub).unwrap().count(), 1);
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        create(&file, b"secret").unwrap();
        for loosened in [0o640, 0o604, 0o620, 0o601] {
            set_mode(&file, loosened);
            let error = read_private(&file, 100).unwrap_err().to_string();
            let path = file.display();
            assert_eq!(error, format!("others can read {path}: run `chmod 600 {path}`"));
        }
        set_mode(&file, 0o400);
        read_private(&file, 100).unwrap();
    }

    #[test]
    fn what_is_trusted_may_be_read_by_others_but_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("workers.toml");
        create(&file, b"").unwrap();
        set_mode(&file, 0o644);
        read_guarded(&file, 100).unwrap();
        set_mode(&file, 0o664);
        let error = read_guarded(&file, 100).unwrap_err().to_string();
        assert!(error.contains("others can write") && error.contains("chmod go-w"), "{error}");
    }

    #[test]
    fn a_file_is_read_within_a_bound_and_a_folder_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        create(&file, b"1234").unwrap();
        read_private(&file, 4).unwrap();
        assert!(matches!(read_private(&file, 3), Err(PrivateFileError::TooLarge { .. })));
        let none = read_private(folder.path(), 3);
        assert!(matches!(none, Err(PrivateFileError::NoFile { .. })), "{none:?}");
    }
}
