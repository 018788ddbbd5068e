//! Finds the Java files below folders, with what `stat` says of each, and heeds ignore files.
//!
//! Links are not followed, as version control does not follow them: a file counts where it lies, and
//! a loop of links cannot be entered. It reads no file.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};
use nova_index::Stamp;
use nova_protocol::path;
use tokio_util::sync::CancellationToken;

use crate::folder::{Folder, FoundFile};
use crate::report::Skipped;

/// What the walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// Folders that hold Java files themselves, in the order of their paths.
    pub(crate) folders: Vec<Folder>,
    /// Every folder that was entered, in no order: where a file that is there later would be found.
    pub(crate) entered: Vec<Vec<u8>>,
    /// What could not be read.
    pub(crate) skipped: Vec<Skipped>,
}

/// How to walk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalkOptions {
    /// Heed `.gitignore` and `.ignore`, and pass over hidden folders.
    pub(crate) heed_ignore_files: bool,
    /// How many threads read folders.
    pub(crate) threads: usize,
}

/// Walks folders (absolute paths); a file below several of them is found once.
///
/// Ends early, with part of the answer, when `cancel` is triggered.
pub(crate) fn walk(roots: &[PathBuf], options: WalkOptions, cancel: &CancellationToken) -> Walked {
    let Some((first, rest)) = roots.split_first() else {
        return Walked::default();
    };
    let mut builder = builder(first, options.heed_ignore_files);
    for root in rest {
        builder.add(root);
    }
    builder.threads(options.threads);
    let found = Mutex::new(Found::default());
    builder.build_parallel().visit(&mut Collectors { found: &found, cancel });
    group(found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Those of these names that a walk finds in a folder which it enters, as Java files; fails if the folder
/// cannot be read.
pub(crate) fn found_in(
    folder: &Path,
    names: HashSet<OsString>,
    heed_ignore_files: bool,
) -> Result<Vec<OsString>, ignore::Error> {
    let mut builder = builder(folder, heed_ignore_files);
    builder.max_depth(Some(1));
    builder.filter_entry(move |entry| entry.depth() == 0 || names.contains(entry.file_name()));
    let mut found = Vec::new();
    for entry in builder.build() {
        let entry = entry?;
        let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
        if is_file && is_java(entry.file_name().as_encoded_bytes()) {
            found.push(entry.file_name().to_owned());
        }
    }
    Ok(found)
}

/// Ignore files count with or without a repository around them, and the user's global ones do not, so that
/// the same tree gives the same index to everyone.
fn builder(folder: &Path, heed_ignore_files: bool) -> WalkBuilder {
    let mut builder = WalkBuilder::new(folder);
    builder
        .standard_filters(heed_ignore_files)
        .require_git(false)
        .git_global(false)
        .follow_links(false);
    builder
}

/// Whether a file of this name is Java source.
pub(crate) fn is_java(name: &[u8]) -> bool {
    name.len() > JAVA.len() && name.ends_with(JAVA)
}

const JAVA: &[u8] = b".java";

#[derive(Default)]
struct Found {
    files: Vec<(PathBuf, Stamp)>,
    entered: Vec<Vec<u8>>,
    skipped: Vec<Skipped>,
}

struct Collectors<'s> {
    found: &'s Mutex<Found>,
    cancel: &'s CancellationToken,
}

impl<'s> ParallelVisitorBuilder<'s> for Collectors<'s> {
    fn build(&mut self) -> Box<dyn ParallelVisitor + 's> {
        Box::new(Collector { all: self.found, cancel: self.cancel, own: Found::default() })
    }
}

/// One thread's share; handed over when the thread ends.
struct Collector<'s> {
    all: &'s Mutex<Found>,
    cancel: &'s CancellationToken,
    own: Found,
}

impl ParallelVisitor for Collector<'_> {
    fn visit(&mut self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        if self.cancel.is_cancelled() {
            return WalkState::Quit;
        }
        match entry {
            Ok(entry) => self.take(entry),
            Err(error) => self.own.skipped.push(walk_error(&error)),
        }
        WalkState::Continue
    }
}

impl Collector<'_> {
    fn take(&mut self, entry: DirEntry) {
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_dir()) {
            self.own.entered.push(path::to_bytes(entry.path()).into_owned());
        }
        let is_file = kind.is_some_and(|kind| kind.is_file());
        if !is_file || !is_java(entry.file_name().as_encoded_bytes()) {
            return;
        }
        match entry.metadata() {
            Ok(metadata) => {
                self.own.files.push((entry.into_path(), nova_worker::disk::stamp(&metadata)));
            }
            Err(error) => self.own.skipped.push(walk_error(&error)),
        }
    }
}

impl Drop for Collector<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.files.append(&mut self.own.files);
        all.entered.append(&mut self.own.entered);
        all.skipped.append(&mut self.own.skipped);
    }
}

fn walk_error(error: &ignore::Error) -> Skipped {
    fn innermost(error: &ignore::Error) -> (Option<&Path>, String) {
        match error {
            ignore::Error::WithPath { path, err } => (Some(path), innermost(err).1),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
                innermost(err)
            }
            other => (None, other.to_string()),
        }
    }
    let (path, reason) = innermost(error);
    let path = path.map_or_else(Vec::new, |path| path::to_bytes(path).into_owned());
    Skipped { path, reason }
}

/// Sorts files into their folders; the same file found twice is kept once.
fn group(found: Found) -> Walked {
    let mut by_folder: HashMap<PathBuf, Vec<FoundFile>> = HashMap::new();
    for (file, stamp) in found.files {
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { continue };
        let name = path::to_bytes(Path::new(name)).into_owned();
        let file = FoundFile { name, stamp };
        match by_folder.get_mut(folder) {
            Some(files) => files.push(file),
            None => drop(by_folder.insert(folder.to_path_buf(), vec![file])),
        }
    }
    let mut folders: Vec<Folder> = by_folder
        .into_iter()
        .map(|(folder, mut files)| {
            files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
            files.dedup_by(|a, b| a.name == b.name);
            Folder { path: path::to_bytes(&folder).into_owned(), files, archive: None }
        })
        .collect();
    folders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let mut skipped = found.skipped;
    skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    skipped.dedup();
    Walked { folders, entered: found.entered, skipped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn paths(root: &Path, heed_ignore_files: bool) -> Vec<String> {
        let options = WalkOptions { heed_ignore_files, threads: 2 };
        let walked = walk(&[root.to_path_buf()], options, &CancellationToken::new());
        let prefix = root.to_str().expect("temporary folders have plain names").len() + 1;
        let mut paths = Vec::new();
        for folder in &walked.folders {
            for file in &folder.files {
                let path = [&folder.path[..], b"/", &file.name].concat();
                paths.push(String::from_utf8_lossy(&path[prefix..]).into_owned());
            }
        }
        paths
    }

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::Builder::new().prefix("tree").tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn ignore_files_and_hidden_folders_are_heeded_unless_told_otherwise() {
        let root = tree(&[
            (".gitignore", "out/\n"),
            (".ignore", "*.gen.java\n"),
            ("a/A.java", ""),
            ("a/B.gen.java", ""),
            ("a/readme.md", ""),
            ("out/C.java", ""),
            ("build/D.java", ""),
            (".hidden/E.java", ""),
        ]);
        assert_eq!(paths(root.path(), true), ["a/A.java", "build/D.java"]);
        assert_eq!(
            paths(root.path(), false),
            [".hidden/E.java", "a/A.java", "a/B.gen.java", "build/D.java", "out/C.java"]
        );
    }

    #[test]
    fn of_one_folder_the_same_is_found_as_of_the_tree() {
        let root = tree(&[
            (".git/info/exclude", "Excluded.java\n"),
            (".gitignore", "*.gen.java\n"),
            ("a/.ignore", "Left.java\n"),
            ("a/b/A.java", ""),
            ("a/b/B.gen.java", ""),
            ("a/b/Left.java", ""),
            ("a/b/Excluded.java", ""),
            ("a/b/.Hidden.java", ""),
            ("a/b/Folder.java/Inner.java", ""),
            ("a/b/Other.java", ""),
            ("a/b/readme.md", ""),
        ]);
        let folder = root.path().join("a/b");
        let all = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
        for heed_ignore_files in [true, false] {
            let of_tree = paths(root.path(), heed_ignore_files);
            let names: HashSet<_> = all().filter(|name| name != "Other.java").collect();
            let mut found = found_in(&folder, names, heed_ignore_files).unwrap();
            found.sort();
            let found: Vec<_> =
                found.iter().map(|name| format!("a/b/{}", name.display())).collect();
            let expected = of_tree.iter().filter(|path| {
                !path.ends_with("Other.java") && path.rsplit_once('/').unwrap().0 == "a/b"
            });
            assert_eq!(found, expected.cloned().collect::<Vec<_>>());
        }
        found_in(&root.path().join("nowhere"), HashSet::new(), true).unwrap_err();
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_is_not_entered() {
        let root = tree(&[("a/A.java", "")]);
        std::os::unix::fs::symlink(root.path(), root.path().join("a/loop")).unwrap();
        assert_eq!(paths(root.path(), true), ["a/A.java"]);
    }

    #[test]
    fn nested_roots_find_a_file_once() {
        let root = tree(&[("a/A.java", ""), ("a/b/B.java", "")]);
        let roots = [root.path().to_path_buf(), root.path().join("a")];
        let options = WalkOptions { heed_ignore_files: true, threads: 2 };
        let walked = walk(&roots, options, &CancellationToken::new());
        let files: usize = walked.folders.iter().map(|folder| folder.files.len()).sum();
        assert_eq!(files, 2);
    }
}
