//! Why a file or folder is in the index, or why it is not.
//!
//! Asked after an index run and answered by what that run published, its view and its report; the
//! disk is looked at for what neither of them knows. It reads no Java and changes nothing.

pub(crate) mod ignored;
mod indexed;
mod place;

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nova_index::{FileRef, SymbolView};
use nova_protocol::path;
use nova_worker::archive::Archive;
use tokio_util::sync::CancellationToken;

use crate::folder;
use crate::inclusion::Inclusion;
use crate::quarantine;
use crate::report::{FailedShard, IndexReport, Quarantined, Skipped};
use crate::root::{self, Root};
use crate::source_root;
use crate::walk::{self, WalkOptions};
use crate::workspace::{Workspace, WorkspaceOptions};
use place::Place;

pub use ignored::{Cause, LeftOut, Rule};
pub use indexed::IndexedFile;

/// What there is to say of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathExplanation {
    /// The path, absolute and without links; in an archive `/w/src.zip!/a/A.java`.
    pub path: Vec<u8>,
    /// Whether it is in the index, or why not.
    pub verdict: Verdict,
}

/// Whether a path is in the index, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A file that is.
    Indexed(IndexedFile),
    /// A folder or an archive that was looked through.
    Folder(FolderContents),
    /// It, or the folder or archive that it is in, could not be read or is beyond a bound.
    Skipped(Skipped),
    /// It broke a worker.
    Quarantined(Quarantined),
    /// The walk passes over it.
    LeftOut(LeftOut),
    /// A link, or what is only reached through one.
    Link {
        /// The link.
        link: Vec<u8>,
        /// Where the path leads; `None` if that is nowhere.
        target: Option<Vec<u8>>,
    },
    /// Neither a folder nor a regular file.
    NotAFile,
    /// A file whose name does not end in `.java`.
    NotJava,
    /// There is nothing of that name.
    Missing {
        /// Some files of the same name that are in the index.
        elsewhere: Vec<Vec<u8>>,
    },
    /// It is under none of the ROOTs.
    OutsideRoots,
    /// It is an archive, or in one, that is not a ROOT itself.
    ArchiveNotRoot {
        /// The archive.
        archive: Vec<u8>,
    },
    /// The shard that it belongs to could not be brought up to date.
    ShardFailed(FailedShard),
    /// Nothing is in its way: it has come since the index run looked.
    NotSeenYet,
}

/// What there is in a folder that was looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderContents {
    /// Files below it that are in the index.
    pub files: u64,
    /// Symbols in them, packages not among them.
    pub symbols: u64,
    /// Files and folders below it that are not, by path.
    pub skipped: Vec<Skipped>,
    /// Where there is neither, the first Java file below it and why it is not in the index; `None` if
    /// there is no Java file.
    pub example: Option<Box<PathExplanation>>,
}

/// What paths are explained by.
pub(crate) struct Explainer<'w> {
    pub(crate) workspace: &'w Workspace,
    /// The ROOTs that the asker has in mind.
    pub(crate) roots: &'w [Root],
    /// What is in the index of them.
    pub(crate) view: Arc<SymbolView>,
    /// How the index run went that led there.
    pub(crate) report: &'w IndexReport,
}

impl Workspace {
    /// Explains a path after the index run that made this report.
    pub fn explain_path(&self, path: &Path, report: &IndexReport) -> PathExplanation {
        let (view, roots) = (self.view(), self.roots());
        Explainer { workspace: self, roots, view, report }.explain(path)
    }
}

impl Explainer<'_> {
    /// Explains a path as a person names it.
    pub(crate) fn explain(&self, path: &Path) -> PathExplanation {
        match Place::find(path, self.roots) {
            Place::Disk(path) => self.explain_on_disk(&path),
            Place::Archive(archive, entry) => self.explain_in_archive(&archive, &entry),
            Place::Link { path, link, target } => {
                let bytes = |path: PathBuf| path::to_bytes(&path).into_owned();
                let verdict = Verdict::Link { link: bytes(link), target: target.map(bytes) };
                PathExplanation { path: bytes(path), verdict }
            }
        }
    }

    fn explain_on_disk(&self, real: &Path) -> PathExplanation {
        if self.roots.iter().any(|root| root.is_archive && root.real == real) {
            return self.explain_in_archive(real, b"");
        }
        let path = path::to_bytes(real).into_owned();
        let verdict = match fs::symlink_metadata(real) {
            Ok(metadata) => self.judge(real, &path, &metadata),
            Err(error) if is_missing(&error) => self.missing(&path),
            Err(error) => {
                let reason = format!("cannot look at it: {error}");
                Verdict::Skipped(Skipped { path: path.clone(), reason })
            }
        };
        PathExplanation { path, verdict }
    }

    /// Judges what is on the disk.
    fn judge(&self, real: &Path, path: &[u8], metadata: &Metadata) -> Verdict {
        let roots = self.roots.iter().filter(|root| !root.is_archive);
        let around: Vec<&Root> = roots.filter(|root| root.relative(path).is_some()).collect();
        if metadata.is_file() && root::is_archive_name(real) {
            return Verdict::ArchiveNotRoot { archive: path.to_vec() };
        }
        if around.is_empty() {
            return Verdict::OutsideRoots;
        }
        if metadata.is_dir() {
            let contents = self.contents_of(path);
            if contents.files > 0 || !contents.skipped.is_empty() {
                return Verdict::Folder(contents);
            }
            return match self.left_out(&around, real, true) {
                Some(left_out) => Verdict::LeftOut(left_out),
                None => Verdict::Folder(self.with_example(contents, real)),
            };
        }
        if let Some(row) = indexed::find(&self.view, &self.workspace.base(), path) {
            return self.of_row(row);
        }
        if !walk::is_java(real.file_name().unwrap_or_default().as_encoded_bytes()) {
            return if metadata.is_file() { Verdict::NotJava } else { Verdict::NotAFile };
        }
        if !metadata.is_file() {
            return Verdict::NotAFile;
        }
        if let Some(left_out) = self.left_out(&around, real, false) {
            return Verdict::LeftOut(left_out);
        }
        self.not_in_view(path)
    }

    fn explain_in_archive(&self, archive: &Path, entry: &[u8]) -> PathExplanation {
        let folder = [&*path::to_bytes(archive), b"!"].concat();
        let path = folder::join(&folder, entry);
        let is_root = self.roots.iter().any(|root| root.is_archive && root.real == archive);
        let verdict = if !is_root && archive.is_file() {
            Verdict::ArchiveNotRoot { archive: path::to_bytes(archive).into_owned() }
        } else if !is_root {
            self.missing(&path)
        } else if let Some(row) = indexed::find(&self.view, &self.workspace.base(), &path) {
            self.of_row(row)
        } else {
            self.judge_entry(archive, entry, &path)
        };
        PathExplanation { path, verdict }
    }

    /// Judges what is in an archive that is a ROOT, and not a file of the view.
    fn judge_entry(&self, archive: &Path, entry: &[u8], path: &[u8]) -> Verdict {
        let contents = self.contents_of(path);
        let holds = |entry: &[u8]| {
            let files = Archive::open(archive).map(|archive| archive.java_files().0);
            files.is_ok_and(|files| files.iter().any(|file| file.path == entry))
        };
        if holds(entry) || self.report.skipped.iter().any(|skipped| is_around(skipped, path)) {
            self.not_in_view(path)
        } else if entry.is_empty() || contents.files > 0 || !contents.skipped.is_empty() {
            Verdict::Folder(contents)
        } else {
            self.missing(path)
        }
    }

    fn of_row(&self, row: FileRef<'_>) -> Verdict {
        if row.flags().skipped {
            let skipped = self.workspace.skipped(row);
            match quarantine::reason(&skipped.reason) {
                None => Verdict::Skipped(skipped),
                Some(reason) => Verdict::Quarantined(Quarantined {
                    reason: reason.to_owned(),
                    content_hash: quarantine::hash_text(&row.content_hash()),
                    path: skipped.path,
                }),
            }
        } else {
            Verdict::Indexed(IndexedFile::new(row, &self.workspace.base()))
        }
    }

    fn contents_of(&self, folder: &[u8]) -> FolderContents {
        let (files, symbols) = indexed::count_below(&self.view, &self.workspace.base(), folder);
        let is_below = |skipped: &&Skipped| folder::below(&skipped.path, folder).is_some();
        let skipped = self.report.skipped.iter().filter(is_below).cloned().collect();
        FolderContents { files, symbols, skipped, example: None }
    }

    /// Looks for a Java file whatever ignore files say, to explain it in the folder's place.
    fn with_example(&self, contents: FolderContents, folder: &Path) -> FolderContents {
        let options = WalkOptions {
            heed_ignore_files: false,
            included: &Inclusion::default(),
            threads: rayon::current_num_threads(),
        };
        let walked = walk::walk(&[folder.to_path_buf()], options, &CancellationToken::new());
        let first = walked
            .folders
            .first()
            .and_then(|folder| Some(folder::join(&folder.path, &folder.files.first()?.name)));
        let explain = |path: Vec<u8>| self.explain_on_disk(&path::from_bytes(&path));
        FolderContents { example: first.map(explain).map(Box::new), ..contents }
    }

    /// Why no walk of the ROOTs around a path comes to it; the innermost has the word.
    fn left_out(&self, around: &[&Root], real: &Path, is_folder: bool) -> Option<LeftOut> {
        let WorkspaceOptions { heed_ignore_files, included, .. } = &self.workspace.options;
        if !heed_ignore_files {
            return None;
        }
        let mut reasons = Vec::new();
        for root in around {
            reasons.push((&root.real, ignored::left_out(&root.real, real, is_folder, included)?));
        }
        let innermost = reasons.into_iter().max_by_key(|(root, _)| root.as_os_str().len());
        innermost.map(|(_, reason)| reason)
    }

    fn missing(&self, path: &[u8]) -> Verdict {
        let elsewhere = indexed::namesakes(&self.view, &self.workspace.base(), path);
        Verdict::Missing { elsewhere }
    }

    /// Why a Java file that nothing leaves out is not in the view.
    fn not_in_view(&self, path: &[u8]) -> Verdict {
        let skipped = self.report.skipped.iter().find(|skipped| is_around(skipped, path));
        if let Some(skipped) = skipped {
            return Verdict::Skipped(skipped.clone());
        }
        let failed = self.failed_shard(path);
        failed.map_or(Verdict::NotSeenYet, Verdict::ShardFailed)
    }

    /// The shard that a file would be in, if that failed.
    fn failed_shard(&self, path: &[u8]) -> Option<FailedShard> {
        if self.report.failed.is_empty() {
            return None;
        }
        let layout = self.workspace.cache.load_layout().ok().flatten()?;
        let (base, folder) = (self.workspace.base(), folder::parent(path)?);
        indexed::around(path).find_map(|root| {
            let relative = folder::below(folder, root)?;
            let shard = layout.shard_of(source_root::identity(root, &base), relative)?;
            self.report.failed.iter().find(|failed| failed.shard == shard).cloned()
        })
    }
}

/// Whether what was skipped is the path, or a folder or an archive around it.
fn is_around(skipped: &Skipped, path: &[u8]) -> bool {
    !skipped.path.is_empty() && folder::below(path, &skipped.path).is_some()
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether a walk of `root` passes over a folder below it.
pub(crate) fn is_left_out(root: &Path, folder: &Path, included: &Inclusion) -> bool {
    ignored::left_out(root, folder, true, included).is_some()
}
