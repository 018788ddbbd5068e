//! Finds source roots without a build: a folder minus its package path is its root.
//!
//! A folder whose clause does not match its path (a wrong clause, or none) belongs to the nearest
//! enclosing root, else to the ROOT that it was found under. The outcome depends on the tree alone,
//! not on earlier runs.

use std::collections::{BTreeMap, HashSet};

use crate::folder::{self, Folder};

/// A source root with the folders that it owns. Each folder belongs to exactly one.
#[derive(Debug)]
pub(crate) struct SourceRoot {
    /// Absolute path; for a part of an archive `/w/src.zip!/java.base`.
    pub(crate) path: Vec<u8>,
    /// The archive that it is in or is, as a folder: `/w/src.zip!`.
    pub(crate) archive: Option<Vec<u8>>,
    /// Its folders, ordered by path.
    pub(crate) folders: Vec<RootFolder>,
}

/// A folder below its source root.
#[derive(Debug)]
pub(crate) struct RootFolder {
    /// The path below the root; empty for the root itself.
    pub(crate) relative: Vec<u8>,
    /// The folder.
    pub(crate) folder: Folder,
}

/// What a root is called in the layout: its path below the base, which stays the same wherever the
/// workspace is copied to, or else its absolute path.
pub(crate) fn identity<'p>(path: &'p [u8], base: &[u8]) -> &'p [u8] {
    folder::below(path, base).unwrap_or(path)
}

/// The absolute path of the root of that identity.
pub(crate) fn path(identity: &[u8], base: &[u8]) -> Vec<u8> {
    if nova_protocol::path::from_bytes(identity).is_absolute() {
        identity.to_vec()
    } else {
        folder::join(base, identity)
    }
}

/// Where roots may lie.
#[derive(Debug)]
pub(crate) struct Bounds<'b> {
    /// No root is above this folder, unless it holds nothing of the tree.
    pub(crate) base: &'b [u8],
    /// The workspace's roots as folders: an archive is `archive.zip!`.
    pub(crate) roots: &'b [Vec<u8>],
}

impl Bounds<'_> {
    /// The innermost ROOT around a folder. That of what is in an archive is the archive.
    fn root_of(&self, folder: &Folder) -> &[u8] {
        let is_around = |root: &&Vec<u8>| folder::below(&folder.path, root).is_some();
        let root = match folder.archive {
            Some(index) => self.roots.get(index),
            None => self.roots.iter().filter(is_around).max_by_key(|root| root.len()),
        };
        root.map_or(self.base, |root| root)
    }

    /// The outermost folder that may be the root of what lies in `folder`.
    fn limit(&self, folder: &Folder) -> &[u8] {
        if folder.archive.is_none() && folder::below(&folder.path, self.base).is_some() {
            self.base
        } else {
            self.root_of(folder)
        }
    }
}

/// Gives each folder to its source root; `packages[i]` is the package that folder `i` declares.
/// The roots come ordered by path.
pub(crate) fn arrange(
    folders: Vec<Folder>,
    packages: &[Option<String>],
    bounds: &Bounds<'_>,
) -> Vec<SourceRoot> {
    let declared: Vec<Option<Vec<u8>>> = folders
        .iter()
        .zip(packages)
        .map(|(folder, package)| declared_root(folder, package.as_deref()?, bounds))
        .collect();
    let known: HashSet<&[u8]> = declared.iter().flatten().map(Vec::as_slice).collect();
    let owners: Vec<Vec<u8>> = folders
        .iter()
        .zip(&declared)
        .map(|(folder, declared)| match declared {
            Some(root) => root.clone(),
            None => enclosing_root(folder, &known, bounds).to_vec(),
        })
        .collect();
    let mut roots: BTreeMap<Vec<u8>, SourceRoot> = BTreeMap::new();
    for (folder, path) in folders.into_iter().zip(owners) {
        let relative = folder::below(&folder.path, &path)
            .expect("a root encloses the folders that it owns")
            .to_vec();
        roots
            .entry(path)
            .or_insert_with_key(|path| SourceRoot {
                path: path.clone(),
                archive: folder.archive.map(|index| bounds.roots[index].clone()),
                folders: Vec::new(),
            })
            .folders
            .push(RootFolder { relative, folder });
    }
    roots.into_values().collect()
}

/// The folder minus the package path, if the one ends in the other.
fn declared_root(folder: &Folder, package: &str, bounds: &Bounds<'_>) -> Option<Vec<u8>> {
    let mut root: &[u8] = &folder.path;
    for segment in package.rsplit('.') {
        let above = folder::parent(root)?;
        if folder::below(root, above)? != segment.as_bytes() {
            return None;
        }
        root = above;
    }
    folder::below(root, bounds.limit(folder)).is_some().then(|| root.to_vec())
}

fn enclosing_root<'b>(
    folder: &'b Folder,
    known: &HashSet<&[u8]>,
    bounds: &'b Bounds<'_>,
) -> &'b [u8] {
    let limit = bounds.limit(folder);
    let mut candidate: &[u8] = &folder.path;
    loop {
        if known.contains(candidate) {
            return candidate;
        }
        if candidate == limit {
            return bounds.root_of(folder);
        }
        match folder::parent(candidate) {
            Some(above) => candidate = above,
            None => return bounds.root_of(folder),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::FoundFile;
    use nova_index::Stamp;

    /// Folders as `path package` (`-` for none) → `root: folders` lines.
    fn check(base: &str, roots: &[&str], folders: &[(&str, &str)], expected: &[(&str, &[&str])]) {
        let found = folders
            .iter()
            .map(|(path, _)| Folder {
                path: path.as_bytes().to_vec(),
                files: vec![FoundFile { name: b"A.java".to_vec(), stamp: Stamp::default() }],
                archive: path.contains('!').then_some(0),
            })
            .collect();
        let packages: Vec<_> =
            folders.iter().map(|(_, p)| (*p != "-").then(|| (*p).to_owned())).collect();
        let roots: Vec<_> = roots.iter().map(|root| root.as_bytes().to_vec()).collect();
        let bounds = Bounds { base: base.as_bytes(), roots: &roots };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let arranged: Vec<(String, Vec<String>)> = arrange(found, &packages, &bounds)
            .iter()
            .map(|r| (text(&r.path), r.folders.iter().map(|f| text(&f.relative)).collect()))
            .collect();
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(r, f)| ((*r).to_owned(), f.iter().map(|f| (*f).to_owned()).collect()))
            .collect();
        assert_eq!(arranged, expected);
    }

    #[test]
    fn a_folder_minus_its_package_path_is_its_root() {
        check(
            "/w",
            &["/w"],
            &[("/w/m/src/a/b", "a.b"), ("/w/m/src/a", "a"), ("/w/n/a/b", "a.b")],
            &[("/w/m/src", &["a/b", "a"]), ("/w/n", &["a/b"])],
        );
    }

    #[test]
    fn a_folder_without_a_matching_clause_belongs_to_the_nearest_root_around_it() {
        check(
            "/w",
            &["/w"],
            &[("/w/src/a", "a"), ("/w/src/a/data", "-"), ("/w/src/x", "wrong"), ("/w/y", "-")],
            &[("/w", &["y"]), ("/w/src", &["a", "a/data", "x"])],
        );
    }

    #[test]
    fn a_root_inside_a_package_reaches_up_to_the_base_but_not_above() {
        check("/w", &["/w/src/a"], &[("/w/src/a/b", "a.b")], &[("/w/src", &["a/b"])]);
        check("/w/src/a", &["/w/src/a"], &[("/w/src/a/b", "a.b")], &[("/w/src/a", &["b"])]);
    }

    #[test]
    fn a_module_in_an_archive_is_a_root_and_nothing_is_above_the_archive() {
        check(
            "/w",
            &["/w/src.zip!"],
            &[("/w/src.zip!/java.base/java/util", "java.util"), ("/w/src.zip!/x", "w.x")],
            &[("/w/src.zip!", &["x"]), ("/w/src.zip!/java.base", &["java/util"])],
        );
    }
}
