//! The source tree as it is now: every Java file of the ROOTs, on the disk and in archives.

use std::collections::HashMap;
use std::path::PathBuf;

use nova_index::Stamp;
use nova_worker::archive::{Archive, ArchiveError};
use rayon::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::clauses::{self, KnownPackages};
use crate::folder::{self, Folder, FoundFile};
use crate::report::Skipped;
use crate::root::Root;
use crate::source_root::{self, Bounds, SourceRoot};
use crate::walk::{self, WalkOptions, Walked};

/// The folders of the ROOTs, on the disk and in archives.
pub(crate) struct Surveyed {
    folders: Vec<Folder>,
    /// What `stat` says of the archives, by their paths as folders.
    pub(crate) archive_stamps: HashMap<Vec<u8>, Stamp>,
    /// The folders that were entered.
    pub(crate) entered: Vec<Vec<u8>>,
    /// What could not be read.
    pub(crate) skipped: Vec<Skipped>,
}

/// Lists every Java file of the ROOTs, and reads none.
pub(crate) fn survey(
    roots: &[Root],
    options: WalkOptions<'_>,
    cancel: &CancellationToken,
) -> Surveyed {
    let on_disk: Vec<PathBuf> =
        roots.iter().filter(|root| !root.is_archive).map(|root| root.real.clone()).collect();
    let mut walked = walk::walk(&on_disk, options, cancel);
    // Before the archives are read: one that changes meanwhile then differs from its stamp.
    let archive_stamps = roots.iter().filter(|root| root.is_archive).filter_map(|root| {
        let metadata = std::fs::metadata(&root.real).ok()?;
        Some((root.as_folder(), nova_worker::disk::stamp(&metadata)))
    });
    let archive_stamps = archive_stamps.collect();
    list_archives(roots, &mut walked);
    let Walked { folders, entered, skipped } = walked;
    Surveyed { folders, archive_stamps, entered, skipped }
}

impl Surveyed {
    /// Gives every file to its source root; the roots come by path. `known` is what indexes tell of
    /// package clauses.
    pub(crate) fn into_source_roots(
        self,
        roots: &[Root],
        base: &[u8],
        known: &KnownPackages,
    ) -> Vec<SourceRoot> {
        let packages = clauses::packages(&self.folders, known, roots);
        let limits: Vec<Vec<u8>> = roots.iter().map(Root::as_folder).collect();
        source_root::arrange(self.folders, &packages, &Bounds { base, roots: &limits })
    }
}

/// Adds the folders of the archives among the ROOTs to what the walk found.
fn list_archives(roots: &[Root], walked: &mut Walked) {
    let archives = roots.par_iter().enumerate().filter(|(_, root)| root.is_archive);
    let listed = archives.map(|(index, root)| (root, list_archive(index, root)));
    for (root, listed) in listed.collect::<Vec<_>>() {
        match listed {
            Ok((mut folders, mut refused)) => {
                walked.folders.append(&mut folders);
                walked.skipped.append(&mut refused);
            }
            Err(error) => {
                let path = root.as_folder();
                walked.skipped.push(Skipped { path, reason: error.to_string() });
            }
        }
    }
}

/// The folders of an archive, and what is refused.
fn list_archive(index: usize, root: &Root) -> Result<(Vec<Folder>, Vec<Skipped>), ArchiveError> {
    let (entries, refused) = Archive::open(&root.real)?.java_files();
    let root = root.as_folder();
    let mut folders: HashMap<Vec<u8>, Vec<FoundFile>> = HashMap::new();
    for entry in entries {
        let folder = folder::parent(&entry.path).unwrap_or(b"");
        let name = folder::below(&entry.path, folder).unwrap_or(&entry.path).to_vec();
        let file = FoundFile { name, stamp: entry.stamp };
        folders.entry(folder::join(&root, folder)).or_default().push(file);
    }
    let mut folders: Vec<Folder> = folders
        .into_iter()
        .map(|(path, mut files)| {
            files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Folder { path, files, archive: Some(index) }
        })
        .collect();
    folders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let refused = refused.into_iter().map(|path| Skipped {
        path: folder::join(&root, &path),
        reason: "its name leads out of the archive".to_owned(),
    });
    Ok((folders, refused.collect()))
}
