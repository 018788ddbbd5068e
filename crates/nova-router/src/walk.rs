//! Finds the Java files below folders, with what `stat` says of each, and heeds ignore files, but for folders that are
//! included in spite of them: these are walked after the rest.
//!
//! Links are not followed, as version control does not follow them: a file counts where it lies, and
//! a loop of links cannot be entered. It reads no file.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ignore::{DirEntry, ParallelVisitor, ParallelVisitorBuilder, WalkBuilder, WalkState};
use nova_index::Stamp;
use nova_protocol::path;
use rayon::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::folder::{Folder, FoundFile};
use crate::inclusion::Inclusion;
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
pub(crate) struct WalkOptions<'i> {
    /// Heed `.gitignore` and `.ignore`, and pass over hidden folders.
    pub(crate) heed_ignore_files: bool,
    /// Where not to.
    pub(crate) included: &'i Inclusion,
    /// How many threads read folders.
    pub(crate) threads: usize,
}

/// Walks folders (absolute paths); a file below several of them is found once.
///
/// Ends early, with part of the answer, when `cancel` is triggered.
pub(crate) fn walk(
    roots: &[PathBuf],
    options: WalkOptions<'_>,
    cancel: &CancellationToken,
) -> Walked {
    let found = Mutex::new(Found::default());
    visit(roots, options.heed_ignore_files, options.threads, &found, cancel);
    if options.heed_ignore_files && !options.included.is_empty() {
        let (included, passed) = included(&lock(&found).entered, options.included);
        lock(&found).entered.extend(passed);
        visit(&included, false, options.threads, &found, cancel);
    }
    group(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn visit(
    roots: &[PathBuf],
    heed_ignore_files: bool,
    threads: usize,
    found: &Mutex<Found>,
    cancel: &CancellationToken,
) {
    let Some((first, rest)) = roots.split_first() else { return };
    let mut builder = builder(first, heed_ignore_files);
    for root in rest {
        builder.add(root);
    }
    builder.threads(threads);
    builder.build_parallel().visit(&mut Collectors { found, cancel });
}

/// The included folders in those that were entered, and the folders on the way to them.
fn included(entered: &[Vec<u8>], inclusion: &Inclusion) -> (Vec<PathBuf>, Vec<Vec<u8>>) {
    let looked = entered.par_iter().map(|folder| inclusion.look_into(&path::from_bytes(folder)));
    let (mut folders, mut passed) = (Vec::new(), Vec::new());
    for included in looked.collect::<Vec<_>>() {
        folders.extend(included.folders);
        passed.extend(included.passed.iter().map(|it| path::to_bytes(it).into_owned()));
    }
    (folders, passed)
}

fn lock(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut all = lock(self.all);
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
        paths_with(root, heed_ignore_files, &Inclusion::default())
    }

    fn paths_with(root: &Path, heed_ignore_files: bool, included: &Inclusion) -> Vec<String> {
        let options = WalkOptions { heed_ignore_files, included, threads: 2 };
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
    fn an_included_folder_is_walked_whatever_rules_say_and_nothing_else_beside_it() {
        let root = tree(&[
            (".gitignore", "target/\n.apt/\n"),
            ("A.java", ""),
            ("target/gen/B.java", ""),
            ("target/gen/.ignore", "*\n"),
            ("target/gen/.deep/C.java", ""),
            ("target/classes/D.java", ""),
            ("m/target/gen/E.java", ""),
            ("m/.apt/F.java", ""),
            ("m/.other/G.java", ""),
            ("target/m/target/gen/H.java", ""),
        ]);
        let included = Inclusion::new(&["target/gen".to_owned(), ".apt".to_owned()]).unwrap();
        assert_eq!(
            paths_with(root.path(), true, &included),
            [
                "A.java",
                "m/.apt/F.java",
                "m/target/gen/E.java",
                "target/gen/B.java",
                "target/gen/.deep/C.java"
            ]
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
        let included = &Inclusion::default();
        let options = WalkOptions { heed_ignore_files: true, included, threads: 2 };
        let walked = walk(&roots, options, &CancellationToken::new());
        let files: usize = walked.folders.iter().map(|folder| folder.files.len()).sum();
        assert_eq!(files, 2);
    }
}
