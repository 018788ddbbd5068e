//! The source tree as it is now: every Java file of the ROOTs, on the disk and in archives.

use std::collections::HashMap;
use std::path::PathBuf;

use nova_index::Stamp;
use nova_worker::archive::Archive;
use tokio_util::sync::CancellationToken;

use crate::clauses::{self, KnownPackages, OpenArchives};
use crate::folder::{self, Folder, FoundFile};
use crate::report::Skipped;
use crate::root::Root;
use crate::source_root::{self, Bounds, SourceRoot};
use crate::walk::{self, WalkOptions, Walked};

/// The folders of the ROOTs, on the disk and in archives.
pub(crate) struct Surveyed {
    folders: Vec<Folder>,
    archives: OpenArchives,
    /// What `stat` says of the archives, by their paths as folders.
    pub(crate) archive_stamps: HashMap<Vec<u8>, Stamp>,
    /// The folders that were entered.
    pub(crate) entered: Vec<Vec<u8>>,
    /// What could not be read.
    pub(crate) skipped: Vec<Skipped>,
}

/// Lists every Java file of the ROOTs, and reads none.
pub(crate) fn survey(roots: &[Root], options: WalkOptions, cancel: &CancellationToken) -> Surveyed {
    let on_disk: Vec<PathBuf> =
        roots.iter().filter(|root| !root.is_archive).map(|root| root.real.clone()).collect();
    let mut walked = walk::walk(&on_disk, options, cancel);
    // Before the archives are read: one that changes meanwhile then differs from its stamp.
    let archive_stamps = roots.iter().filter(|root| root.is_archive).filter_map(|root| {
        let metadata = std::fs::metadata(&root.real).ok()?;
        Some((root.as_folder(), nova_worker::disk::stamp(&metadata)))
    });
    let archive_stamps = archive_stamps.collect();
    let archives = open_archives(roots, &mut walked);
    let Walked { folders, entered, skipped } = walked;
    Surveyed { folders, archives, archive_stamps, entered, skipped }
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
        let packages = clauses::packages(&self.folders, known, &self.archives);
        let limits: Vec<Vec<u8>> = roots.iter().map(Root::as_folder).collect();
        source_root::arrange(self.folders, &packages, &Bounds { base, roots: &limits })
    }
}

/// Opens the archives among the ROOTs and adds their folders to what the walk found.
fn open_archives(roots: &[Root], walked: &mut Walked) -> OpenArchives {
    let mut archives = HashMap::new();
    for (index, root) in roots.iter().enumerate().filter(|(_, root)| root.is_archive) {
        match Archive::open(&root.real) {
            Ok(archive) => {
                let path = root.as_folder();
                list_archive(index, &path, &archive, walked);
                archives.insert(index, (path, archive));
            }
            Err(error) => {
                let path = root.as_folder();
                walked.skipped.push(Skipped { path, reason: error.to_string() });
            }
        }
    }
    archives
}

fn list_archive(index: usize, root: &[u8], archive: &Archive, walked: &mut Walked) {
    let (entries, refused) = archive.java_files();
    let mut folders: HashMap<Vec<u8>, Vec<FoundFile>> = HashMap::new();
    for entry in entries {
        let folder = folder::parent(&entry.path).unwrap_or(b"");
        let name = folder::below(&entry.path, folder).unwrap_or(&entry.path).to_vec();
        let file = FoundFile { name, stamp: entry.stamp };
        folders.entry(folder::join(root, folder)).or_default().push(file);
    }
    let mut folders: Vec<Folder> = folders
        .into_iter()
        .map(|(path, mut files)| {
            files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            Folder { path, files, archive: Some(index) }
        })
        .collect();
    folders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    walked.folders.append(&mut folders);
    walked.skipped.extend(refused.into_iter().map(|path| Skipped {
        path: folder::join(root, &path),
        reason: "its name leads out of the archive".to_owned(),
    }));
}
