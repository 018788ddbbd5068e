//! Reads package clauses: one a folder, and only where no index knows it already.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::OnceLock;

use nova_index::{FileRef, Shard};
use nova_protocol::path;
use nova_syntax::package_clause::{PACKAGE_CLAUSE_PREFIX_BYTES_MAX, package_clause};
use nova_worker::archive::Archive;
use nova_worker::disk;
use rayon::prelude::*;

use crate::folder::{self, Folder};
use crate::root::Root;
use crate::source_root;

/// Most clauses stand behind one licence comment.
const FIRST_READ_BYTES: u64 = 4 << 10;

/// The packages that folders had when they were indexed, by the folder's path.
pub(crate) type KnownPackages = HashMap<Vec<u8>, KnownPackage>;

/// The clause of one file, as an index has it.
#[derive(Debug)]
pub(crate) struct KnownPackage {
    /// The file's name.
    pub(crate) file: Vec<u8>,
    /// The stamp that it had.
    pub(crate) stamp: nova_index::Stamp,
    /// Its package, if it had a clause.
    pub(crate) package: Option<String>,
}

/// The package that each folder declares, by the word of one of its files. The folders of an archive come one after
/// the other.
pub(crate) fn packages(
    folders: &[Folder],
    known: &KnownPackages,
    roots: &[Root],
) -> Vec<Option<String>> {
    let of_one: Vec<_> = folders.chunk_by(|a, b| a.archive == b.archive).collect();
    of_one.into_par_iter().flat_map(|folders| packages_of_one(folders, known, roots)).collect()
}

/// The same of the folders that are on the disk, or of those in one archive. It is opened if a clause must be read,
/// and not for longer: there may be more archives than a process may have open.
fn packages_of_one(
    folders: &[Folder],
    known: &KnownPackages,
    roots: &[Root],
) -> Vec<Option<String>> {
    let opened: OnceLock<Option<Archive>> = OnceLock::new();
    let open = |root: &Root| {
        let opened = opened.get_or_init(|| Archive::open(&root.real).ok());
        opened.clone()
    };
    let package = |own: &mut Option<Archive>, folder: &Folder| {
        let speaker = &folder.files[spokesman(folder)];
        if let Some(known) = known.get(&folder.path)
            && known.file == speaker.name
            && known.stamp == speaker.stamp
        {
            return known.package.clone();
        }
        let path = folder::join(&folder.path, &speaker.name);
        match folder.archive.and_then(|index| roots.get(index)) {
            Some(root) => {
                if own.is_none() {
                    *own = open(root);
                }
                let (archive, root) = (own.as_mut()?, root.as_folder());
                let entry = folder::below(&path, &root)?;
                read_clause(|bytes_max| archive.read_start(entry, bytes_max))
            }
            None => read_clause(|bytes_max| read_start(&path, bytes_max)),
        }
    };
    folders.par_iter().map_init(|| None, package).collect()
}

/// What the indexes of shards tell of package clauses.
pub(crate) fn known_packages<'s>(
    shards: impl Iterator<Item = &'s Shard>,
    base: &[u8],
) -> KnownPackages {
    let mut known = KnownPackages::new();
    for shard in shards {
        // Rows come folder by folder and in the order of names, so the first that can speak does.
        let mut spoken_for = None;
        for row in shard.files().filter(|row| is_telling(row)) {
            let folder = (row.root_identity(), row.folder());
            if spoken_for == Some(folder) {
                continue;
            }
            let file = row.file_name().to_vec();
            if file != MODULE_INFO {
                spoken_for = Some(folder);
            }
            let package = row.package().map(str::to_owned);
            let path = folder::join(&source_root::path(folder.0, base), folder.1);
            known.insert(path, KnownPackage { file, stamp: row.stamp(), package });
        }
    }
    known
}

/// Whether a row tells what a look at the file itself would: of a large one that is less than the worker
/// saw, and a fresh one may have changed under its stamp.
fn is_telling(row: &FileRef<'_>) -> bool {
    !row.flags().skipped
        && row.source_bytes() <= PACKAGE_CLAUSE_PREFIX_BYTES_MAX as u64
        && disk::is_settled(row.stamp(), row.shard().scanned_at_ns())
}

/// The position of the file whose package clause speaks for its folder: the first by name.
/// `module-info.java` has none, so any other comes first.
fn spokesman(folder: &Folder) -> usize {
    folder.files.iter().position(|file| file.name != MODULE_INFO).unwrap_or(0)
}

const MODULE_INFO: &[u8] = b"module-info.java";

fn read_clause(mut read_start: impl FnMut(u64) -> io::Result<Vec<u8>>) -> Option<String> {
    for bytes_max in [FIRST_READ_BYTES, PACKAGE_CLAUSE_PREFIX_BYTES_MAX as u64] {
        // A file that cannot be read has no clause; its worker will say why.
        let start = read_start(bytes_max).ok()?;
        let clause = package_clause(&start);
        if clause.is_some() || (start.len() as u64) < bytes_max {
            return clause;
        }
    }
    None
}

fn read_start(path: &[u8], bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(path::from_bytes(path))?.take(bytes_max).read_to_end(&mut start)?;
    Ok(start)
}
