//! Reads package clauses: one a folder, and only where no index knows it already.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};

use nova_index::{FileRef, Shard};
use nova_protocol::path;
use nova_syntax::package_clause::{PACKAGE_CLAUSE_PREFIX_BYTES_MAX, package_clause};
use nova_worker::archive::Archive;
use nova_worker::disk;
use rayon::prelude::*;

use crate::folder::{self, Folder};
use crate::source_root;

/// Most clauses stand behind one licence comment.
const FIRST_READ_BYTES: u64 = 4 << 10;

/// The archives among the workspace's roots, by their position there, each with its path as a folder.
pub(crate) type OpenArchives = HashMap<usize, (Vec<u8>, Archive)>;

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

/// The package that each folder declares, by the word of one of its files.
pub(crate) fn packages(
    folders: &[Folder],
    known: &KnownPackages,
    archives: &OpenArchives,
) -> Vec<Option<String>> {
    folders
        .par_iter()
        .map_init(
            || archives.clone(),
            |archives, folder| {
                let speaker = &folder.files[spokesman(folder)];
                if let Some(known) = known.get(&folder.path)
                    && known.file == speaker.name
                    && known.stamp == speaker.stamp
                {
                    return known.package.clone();
                }
                let path = folder::join(&folder.path, &speaker.name);
                match folder.archive.and_then(|index| archives.get_mut(&index)) {
                    Some((root, archive)) => {
                        let entry = folder::below(&path, root)?;
                        read_clause(|bytes_max| archive.read_start(entry, bytes_max))
                    }
                    None => read_clause(|bytes_max| read_start(&path, bytes_max)),
                }
            },
        )
        .collect()
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
