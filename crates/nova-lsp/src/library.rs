//! The sources of libraries: archives that every workspace has beside its own files, indexed once for all of them.
//!
//! They are a workspace of their own, with a cache of their own. Editors cannot look into archives, so what they are
//! to open is copied out, next to that cache, for reading only.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use nova_router::workspace::FILE_BYTES_MAX_DEFAULT;
use nova_router::{Look, Root, Session, WorkspaceOptions, path};
use nova_worker::archive::Archive;
use tokio_util::sync::CancellationToken;

use crate::workspace::WorkspaceError;

/// The libraries' sources.
#[derive(Debug)]
pub(crate) struct Library {
    session: Session,
    archives: Vec<Source>,
}

/// One archive.
#[derive(Debug)]
struct Source {
    path: PathBuf,
    /// Where what is in it is copied to; the name changes with the archive.
    copies: PathBuf,
    opened: Mutex<Option<Archive>>,
}

impl Library {
    /// Opens these archives, and brings their index up to date.
    pub(crate) async fn open(options: WorkspaceOptions) -> Result<Self, WorkspaceError> {
        let archives: Vec<PathBuf> = options.roots.iter().map(|root| root.real.clone()).collect();
        let workspace = Arc::new(nova_router::Workspace::open(options)?);
        workspace.catch_up(Look::AtChanges, &CancellationToken::new()).await?;
        let copies = workspace.copies_folder();
        let archives = archives.into_iter().map(|path| Source::new(path, &copies)).collect();
        Ok(Self { session: Session::new(workspace, &[]), archives })
    }

    /// Who is to be asked about them.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Whether a path leads into one of them.
    pub(crate) fn has(&self, file: &Path) -> bool {
        self.archives.iter().any(|archive| archive.entry(file).is_some())
    }

    /// The copy of a file that is in one of them, made if it is not there.
    pub(crate) fn copy_of(&self, file: &Path) -> Option<PathBuf> {
        let (archive, entry) =
            self.archives.iter().find_map(|archive| Some((archive, archive.entry(file)?)))?;
        match archive.copy(&entry) {
            Ok(copy) => Some(copy),
            Err(error) => {
                tracing::warn!("{} cannot be copied out: {error}", file.display());
                None
            }
        }
    }

    /// Ends its workers.
    pub(crate) fn close(&self) {
        self.session.workspace().close();
    }
}

impl Source {
    fn new(path: PathBuf, copies: &Path) -> Self {
        let metadata = fs::metadata(&path).ok();
        let modified = metadata.as_ref().and_then(|it| it.modified().ok());
        let modified = modified.and_then(|it| it.duration_since(UNIX_EPOCH).ok());
        let size = metadata.map_or(0, |metadata| metadata.len());
        let name =
            format!("{}-{size:x}-{:x}", name_of(&path), modified.unwrap_or_default().as_nanos());
        Self { copies: copies.join(name), path, opened: Mutex::default() }
    }

    /// The path within the archive of a file that is in it.
    fn entry(&self, file: &Path) -> Option<PathBuf> {
        let mut root = self.path.clone().into_os_string();
        root.push("!");
        let entry = file.strip_prefix(root).ok()?;
        let is_plain = entry.components().all(|part| matches!(part, Component::Normal(_)));
        is_plain.then(|| entry.to_path_buf())
    }

    fn copy(&self, entry: &Path) -> io::Result<PathBuf> {
        let copy = self.copies.join(entry);
        if copy.exists() {
            return Ok(copy);
        }
        let folder = copy.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let content = self.read(entry)?;
        // Whoever else copies it has the same.
        let unfinished = copy.with_extension(format!("{}.new", std::process::id()));
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

    fn read(&self, entry: &Path) -> io::Result<Vec<u8>> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let archive = match &mut *opened {
            Some(archive) => archive,
            none => none.insert(Archive::open(&self.path).map_err(io::Error::other)?),
        };
        archive.read_start(&path::to_bytes(entry), FILE_BYTES_MAX_DEFAULT)
    }
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// The archive of a JDK's sources: that of `JAVA_HOME`, of the `java` on the path, or of the newest one in the usual
/// places.
pub(crate) fn jdk_sources() -> Option<PathBuf> {
    let of_home = |home: PathBuf| Some(home.join("lib/src.zip")).filter(|it| it.is_file());
    let java_home = std::env::var_os("JAVA_HOME").map(PathBuf::from);
    java_home.and_then(of_home).or_else(|| on_path().and_then(of_home)).or_else(usual)
}

/// The JDK whose `java` is on the path.
fn on_path() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let java = std::env::split_paths(&folders).map(|it| it.join("java")).find(|it| it.is_file())?;
    // `bin/java` in it, wherever links lead.
    Some(java.canonicalize().ok()?.parent()?.parent()?.to_path_buf())
}

fn usual() -> Option<PathBuf> {
    let home = std::env::home_dir().unwrap_or_default();
    let places = [
        (PathBuf::from("/usr/lib/jvm"), "lib/src.zip"),
        (home.join(".sdkman/candidates/java"), "lib/src.zip"),
        (PathBuf::from("/Library/Java/JavaVirtualMachines"), "Contents/Home/lib/src.zip"),
    ];
    let mut found = HashMap::new();
    for (folder, below) in places {
        for jdk in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Some are links to others, and some have a link to nothing.
            if let Ok(archive) = jdk.path().join(below).canonicalize() {
                found.insert(archive, version(&jdk.file_name().to_string_lossy()));
            }
        }
    }
    found.into_iter().max_by_key(|(archive, version)| (*version, archive.clone())).map(|it| it.0)
}

/// The first number in a JDK's name: of `java-1.21.0-openjdk-amd64`, `21.0.5-tem` and `jdk-21.jdk` it is 21.
fn version(name: &str) -> u32 {
    let mut numbers =
        name.split(|char: char| !char.is_ascii_digit()).filter_map(|it| it.parse().ok());
    match numbers.next() {
        Some(1) => numbers.next().unwrap_or(1),
        number => number.unwrap_or(0),
    }
}

/// The roots of a workspace of these archives, as far as they can be found.
pub(crate) fn roots(archives: &[PathBuf]) -> Vec<Root> {
    let root = |archive: &PathBuf| {
        Root::find(archive)
            .inspect_err(|error| tracing::warn!("a library is left out: {error}"))
            .ok()
            .filter(|root| root.is_archive)
    };
    archives.iter().filter_map(root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_jdk_is_known_by_its_name() {
        for (name, expected) in [
            ("java-1.21.0-openjdk-amd64", 21),
            ("java-25-openjdk-amd64", 25),
            ("21.0.5-tem", 21),
            ("jdk-17.0.2.jdk", 17),
            ("default-java", 0),
            ("jdk1.8.0_292", 8),
        ] {
            assert_eq!(version(name), expected, "{name}");
        }
    }

    #[test]
    fn only_what_is_in_an_archive_has_a_copy() {
        let source = Source::new(PathBuf::from("/x/src.zip"), Path::new("/cache"));
        let entry = |file: &str| source.entry(Path::new(file));
        assert_eq!(entry("/x/src.zip!/java.base/A.java"), Some("java.base/A.java".into()));
        for file in ["/x/src.zip", "/x/other.zip!/A.java", "/x/src.zip!/../../etc/A.java"] {
            assert_eq!(entry(file), None, "{file}");
        }
    }
}
