//! What a view shows of a file, of a folder, and of files of the same name elsewhere.

use std::cmp::Reverse;

use nova_index::{FileFlags, FileRef, ShardId, SymbolView};

use crate::folder;
use crate::source_root;

/// So many files of a missing file's name are told.
const NAMESAKES_MAX: usize = 5;

/// A file that is in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedFile {
    /// Its package; `None` for the unnamed one.
    pub package: Option<String>,
    /// Its source root, by its absolute path.
    pub source_root: Vec<u8>,
    /// The shard that it is in.
    pub shard: ShardId,
    /// How many symbols it declares.
    pub symbols: u64,
    /// Its top-level types, in their order.
    pub types: Vec<String>,
    /// How many bytes were read.
    pub source_bytes: u64,
    /// How it was read.
    pub flags: FileFlags,
}

impl IndexedFile {
    pub(super) fn new(file: FileRef<'_>, base: &[u8]) -> Self {
        let top = file.symbols().filter(|it| it.kind().is_type() && it.parent().is_none());
        Self {
            package: file.package().map(str::to_owned),
            source_root: source_root::path(file.root_identity(), base),
            shard: file.shard().id(),
            symbols: file.symbols().len() as u64,
            types: top.filter(|it| !it.local()).map(|it| it.name().to_owned()).collect(),
            source_bytes: file.source_bytes(),
            flags: file.flags(),
        }
    }
}

/// The row of a file (absolute path), if the view shows one. Whatever folder around it is its source
/// root, only one row has this path.
pub(super) fn find<'v>(view: &'v SymbolView, base: &[u8], path: &[u8]) -> Option<FileRef<'v>> {
    around(path).find_map(|root| {
        let (identity, path) = (source_root::identity(root, base), folder::below(path, root)?);
        view.shards().iter().find_map(|part| {
            part.shard().find_file(identity, path).filter(|file| part.is_visible(file.id()))
        })
    })
}

/// The folders around a path, the innermost first.
pub(super) fn around(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(folder::parent(path), |folder| folder::parent(folder))
}

/// How many files there are below a folder (absolute path), skipped ones left out, and how many symbols
/// they declare.
pub(super) fn count_below(view: &SymbolView, base: &[u8], folder: &[u8]) -> (u64, u64) {
    let (mut files, mut symbols) = (0, 0);
    for file in visible(view).filter(|file| !file.flags().skipped) {
        let root = source_root::path(file.root_identity(), base);
        let is_below = match folder::below(folder, &root) {
            Some(rest) => folder::below(file.folder(), rest).is_some(),
            None => folder::below(&root, folder).is_some(),
        };
        if is_below {
            files += 1;
            symbols += file.symbols().len() as u64;
        }
    }
    (files, symbols)
}

/// The files of the same name as a missing one, those first whose folders are called the same.
pub(super) fn namesakes(view: &SymbolView, base: &[u8], path: &[u8]) -> Vec<Vec<u8>> {
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    let same = visible(view).filter(|file| file.file_name() == name);
    let paths =
        same.map(|file| folder::join(&source_root::path(file.root_identity(), base), &file.path()));
    // It may itself have been there when the index run looked.
    let mut paths: Vec<Vec<u8>> = paths.filter(|other| other != path).collect();
    paths.sort_by_cached_key(|other| (Reverse(names_in_common(other, path)), other.clone()));
    paths.truncate(NAMESAKES_MAX);
    paths
}

/// How many names the ends of two paths have in common.
fn names_in_common(a: &[u8], b: &[u8]) -> usize {
    let names = |path| <[u8]>::rsplit(path, |&byte| byte == b'/');
    names(a).zip(names(b)).take_while(|(a, b)| a == b).count()
}

fn visible(view: &SymbolView) -> impl Iterator<Item = FileRef<'_>> {
    view.shards()
        .iter()
        .flat_map(|part| part.shard().files().filter(|file| part.is_visible(file.id())))
}
