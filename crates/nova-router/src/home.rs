//! Where files belong: from an absolute path to a shard, and a root and a path within it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use nova_index::{FileId, FileRef, Revision, Shard, ShardId, ShardIdentity, SymbolView, ViewShard};

use crate::file_key::FileKey;
use crate::folder;
use crate::layout::Layout;
use crate::published::Part;
use crate::refresh::Place;
use crate::source_root;
use crate::workspace::Workspace;

/// Where a file belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Home {
    pub(crate) key: FileKey,
    pub(crate) place: Place,
}

/// The shard of files that are in none: what is opened outside of all roots. It has no file.
pub(crate) const SCRATCH: Place =
    Place { shard: ShardId(u32::MAX), identity: ShardIdentity([0; 16]) };

/// Tells of paths where they belong, by what a view knows.
#[derive(Debug)]
pub(crate) struct Homes {
    view: Arc<SymbolView>,
    layout: Option<Arc<Layout>>,
    /// The shards of the view by the absolute paths of their roots.
    roots: HashMap<Vec<u8>, Vec<RootInShard>>,
}

#[derive(Debug)]
struct RootInShard {
    /// Position in the view.
    shard: usize,
    identity: Vec<u8>,
}

impl Homes {
    pub(crate) fn new(view: Arc<SymbolView>, layout: Option<Arc<Layout>>, base: &[u8]) -> Self {
        let mut roots = HashMap::<_, Vec<_>>::new();
        for (shard, part) in view.shards().iter().enumerate() {
            for root in part.shard().roots() {
                let identity = root.identity.to_vec();
                let of_root = roots.entry(source_root::path(&identity, base)).or_default();
                of_root.push(RootInShard { shard, identity });
            }
        }
        Self { view, layout, roots }
    }

    /// Whether these are the homes by this very view.
    fn are_by(&self, view: &Arc<SymbolView>, layout: Option<&Arc<Layout>>) -> bool {
        let same_layout = match (&self.layout, layout) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        };
        same_layout && Arc::ptr_eq(&self.view, view)
    }

    /// By these shards alone.
    pub(crate) fn of_parts(parts: &[Part], base: &[u8]) -> Self {
        let shown =
            |part: &Part| ViewShard::new(Arc::clone(&part.shard), part.hidden.iter().copied());
        let shards = parts.iter().map(shown).collect();
        Self::new(Arc::new(SymbolView::new(Revision(0), shards, None)), None, base)
    }

    /// Where a file belongs (absolute path): in the shard that has it, or would have it; else in none.
    pub(crate) fn of(&self, path: &[u8]) -> Home {
        if let Some(file) = self.file(path) {
            return Home { key: FileKey::of(file), place: Place::of(file.shard()) };
        }
        self.future(path).unwrap_or_else(|| {
            let (folder, name) = split(path);
            let key = FileKey { root: folder.to_vec(), path: name.to_vec() };
            Home { key, place: SCRATCH }
        })
    }

    /// The revision of the view.
    pub(crate) fn revision(&self) -> Revision {
        self.view.revision()
    }

    /// What the view shows of a file.
    pub(crate) fn file(&self, path: &[u8]) -> Option<FileRef<'_>> {
        let known = self.around(path).flat_map(|(roots, below)| {
            roots.iter().filter_map(move |root| {
                let part = &self.view.shards()[root.shard];
                let file = part.shard().find_file(&root.identity, below)?;
                Some((part.is_visible(file.id()), file))
            })
        });
        // One that is gone still tells where it was.
        known.max_by_key(|(is_visible, _)| *is_visible).map(|(_, file)| file)
    }

    /// Whether the view shows a file.
    pub(crate) fn shows(&self, path: &[u8]) -> bool {
        self.around(path).any(|(roots, below)| {
            roots.iter().any(|root| {
                let part = &self.view.shards()[root.shard];
                let file = part.shard().find_file(&root.identity, below);
                file.is_some_and(|file| part.is_visible(file.id()))
            })
        })
    }

    /// Whether any file is known below a folder.
    pub(crate) fn has_below(&self, folder: &[u8]) -> bool {
        let inner = self.roots.keys().any(|root| folder::below(root, folder).is_some());
        inner
            || self.around(folder).any(|(roots, below)| {
                roots.iter().any(|root| {
                    let shard = self.view.shards()[root.shard].shard();
                    has_folder(shard, &root.identity, below)
                })
            })
    }

    /// Where a file would belong, if files of its folder are shown that come before it: then it takes no survey to
    /// tell.
    pub(crate) fn beside_known(&self, path: &[u8]) -> Option<Home> {
        let (roots, below) = self.around(path).next()?;
        let (folder, name) = split(below);
        let is_shown = roots.iter().any(|root| {
            let part = &self.view.shards()[root.shard];
            files_from(part.shard(), &root.identity, folder)
                .take_while(|it| it.root_identity() == root.identity && it.folder() == folder)
                // The first one speaks for the folder's package, and decides which root it is in.
                .any(|file| part.is_visible(file.id()) && file.file_name() < name)
        });
        if is_shown { self.future(path) } else { None }
    }

    /// A file that is not there yet will belong to the innermost root around it, as far as can be told.
    fn future(&self, path: &[u8]) -> Option<Home> {
        let (roots, below) = self.around(path).next()?;
        let key = FileKey { root: roots.first()?.identity.clone(), path: below.to_vec() };
        let layout = self.layout.as_ref()?;
        let shard = layout.shard_of(&key.root, split(&key.path).0)?;
        Some(Home { key, place: Place { shard, identity: layout.shard_identity(shard) } })
    }

    /// The roots around a path from the inside out, and the path below each.
    fn around<'p>(&'p self, path: &'p [u8]) -> impl Iterator<Item = (&'p [RootInShard], &'p [u8])> {
        let folders = std::iter::successors(folder::parent(path), |folder| folder::parent(folder));
        folders.filter_map(move |folder| {
            let roots = self.roots.get(folder)?;
            Some((roots.as_slice(), folder::below(path, folder)?))
        })
    }
}

/// The files of a shard from those of a root in this folder on: they come by root, then by folder.
fn files_from<'s>(
    shard: &'s Shard,
    root: &[u8],
    folder: &[u8],
) -> impl Iterator<Item = FileRef<'s>> {
    let (mut low, mut high) = (0, shard.file_count());
    while low < high {
        let middle = low.midpoint(high);
        let is_before = shard
            .file(FileId(middle))
            .is_some_and(|file| (file.root_identity(), file.folder()) < (root, folder));
        (low, high) = if is_before { (middle + 1, high) } else { (low, middle) };
    }
    (low..shard.file_count()).map_while(|id| shard.file(FileId(id)))
}

/// Whether a shard has files of a root in this folder or below.
fn has_folder(shard: &Shard, root: &[u8], folder: &[u8]) -> bool {
    // What begins like the folder without being below it, `a-b` beside `a`, may stand between.
    let mut like = files_from(shard, root, folder)
        .take_while(|it| it.root_identity() == root && it.folder().starts_with(folder));
    like.any(|file| folder::below(file.folder(), folder).is_some())
}

impl Workspace {
    /// Where files belong now. Made anew when the disk's view has changed since.
    pub(crate) fn homes(&self) -> Arc<Homes> {
        let (view, layout) = (self.view(), self.layout());
        let mut latest = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some(homes) if homes.are_by(&view, layout.as_ref()) => Arc::clone(homes),
            _ => {
                let homes = Arc::new(Homes::new(view, layout, &self.base()));
                *latest = Some(Arc::clone(&homes));
                homes
            }
        }
    }
}

/// A path's folder, and the name in it.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}
