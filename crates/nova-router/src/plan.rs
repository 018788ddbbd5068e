//! What must be done so that the shards tell what the tree holds: a comparison of stamps.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use nova_index::{ContentHash, FileId, FileRef, Shard, ShardId, Stamp};
use nova_protocol::message::{Location, QuarantinedFile, SourceFile, SourceRoot};
use nova_protocol::path;
use nova_worker::disk;
use rayon::prelude::*;

use crate::file_key::FileKey;
use crate::folder;
use crate::layout::Layout;
use crate::quarantine::{self, Quarantine};
use crate::scope::{self, Extent, Scope};
use crate::source_root::{self, SourceRoot as FoundRoot};

/// What to do about one shard.
#[derive(Debug)]
pub(crate) struct ShardPlan {
    pub(crate) shard: ShardId,
    /// The shard as it is, if its file can be used.
    pub(crate) current: Option<Arc<Shard>>,
    /// The roots that the lists below refer to.
    pub(crate) roots: Vec<SourceRoot>,
    /// Files to read: new ones, and those with another stamp.
    pub(crate) scan: Vec<SourceFile>,
    /// The size of `scan`.
    pub(crate) scan_bytes: u64,
    /// Files to record as skipped: they broke a worker.
    pub(crate) quarantined: Vec<QuarantinedFile>,
    /// Files that the shard knows and the tree does not have.
    pub(crate) dropped: Vec<SourceFile>,
    /// Rows of `current` that are wrong now.
    pub(crate) stale: Vec<FileId>,
}

impl ShardPlan {
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.scan.is_empty() && self.quarantined.is_empty() && self.dropped.is_empty()
    }
}

/// The shards that are in the layout, as far as their files can be used.
pub(crate) type Shards = BTreeMap<ShardId, Option<Arc<Shard>>>;

/// What a plan goes by, beside the tree and the shards.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms<'t> {
    /// Which files the run speaks for.
    pub(crate) scope: &'t Scope,
    /// Files that are not to be tried.
    pub(crate) quarantine: &'t Quarantine,
    /// The bound on files.
    pub(crate) file_bytes_max: u64,
}

/// Compares the tree with the shards. Every root of the tree has its place in the layout.
pub(crate) fn plan(
    tree: &[FoundRoot],
    layout: &Layout,
    shards: &Shards,
    terms: Terms<'_>,
) -> Vec<ShardPlan> {
    let mut wanted: BTreeMap<ShardId, Wanted<'_>> = BTreeMap::new();
    for (&shard, current) in shards {
        wanted.insert(shard, Wanted { current: current.as_ref(), files: Vec::new() });
    }
    for root in tree {
        let identity = source_root::identity(&root.path, layout.base());
        for found in &root.folders {
            let shard = layout.shard_of(identity, &found.relative).expect("the root was placed");
            let wanted = wanted.entry(shard).or_default();
            wanted.files.push((root, identity, found));
        }
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let base = layout.base();
    let plan = |(shard, wanted): (_, Wanted<'_>)| wanted.plan(shard, base, terms);
    wanted.into_par_iter().map(plan).collect()
}

/// What brings a shard into line with these files alone: those that have a stamp are read, the others are
/// gone. `location` says where a root is.
pub(crate) fn plan_files<'f>(
    shard: &Arc<Shard>,
    files: impl Iterator<Item = (&'f FileKey, Option<Stamp>)>,
    location: impl Fn(&[u8]) -> Location,
    terms: Terms<'_>,
) -> ShardPlan {
    let mut lists = Lists::default();
    for (FileKey { root, path }, stamp) in files {
        let location = || location(root);
        match stamp {
            Some(stamp) => lists.take(location, root, path.clone(), stamp, terms),
            None => {
                let root = lists.root(root, location);
                lists.dropped.push(SourceFile { root, path: Bytes::copy_from_slice(path) });
            }
        }
    }
    lists.into_plan(shard.id(), Some(Arc::clone(shard)))
}

/// What the tree has for one shard, beside what the shard is now.
#[derive(Default)]
struct Wanted<'t> {
    current: Option<&'t Arc<Shard>>,
    files: Vec<(&'t FoundRoot, &'t [u8], &'t source_root::RootFolder)>,
}

impl Wanted<'_> {
    fn plan(self, shard: ShardId, base: &[u8], terms: Terms<'_>) -> ShardPlan {
        let Terms { scope, quarantine, file_bytes_max } = terms;
        let mut lists = Lists::default();
        let mut seen = Seen::new(self.current);
        let mut unsettled = Vec::new();
        for (root, identity, found) in &self.files {
            for file in &found.folder.files {
                let path = folder::join(&found.relative, &file.name);
                let row = seen.mark(identity, &path);
                let same = row.filter(|row| row.stamp() == file.stamp);
                let same = same.filter(|row| is_bounded_alike(row, file_bytes_max));
                // Who loses the list tries its files again.
                let is_listed = || quarantine.has(identity, &path);
                match same.filter(|row| !quarantine::is_note(row.note()) || is_listed()) {
                    Some(row) if seen.is_settled(&row) => {}
                    Some(row) => {
                        unsettled.push((*root, *identity, path, row));
                    }
                    None => {
                        lists.stale.extend(row.map(|row| row.id()));
                        lists.take(|| root.location(), identity, path, file.stamp, terms);
                    }
                }
            }
        }
        let unseen = seen.unseen(base, scope);
        // Where the shard is built anew in any case, its worker looks into unsettled files; else
        // they are looked into here, so that nothing need start when nothing changed.
        let rebuild = !lists.scan.is_empty() || !lists.quarantined.is_empty() || !unseen.is_empty();
        let changed = unsettled.into_par_iter().filter(|(root, _, path, row)| {
            rebuild || !has_content(&folder::join(&root.path, path), row)
        });
        for (root, identity, path, row) in changed.collect::<Vec<_>>() {
            lists.stale.push(row.id());
            lists.take(|| root.location(), identity, path, row.stamp(), terms);
        }
        // Last, for they tell nothing of where their roots are.
        for row in unseen {
            lists.stale.push(row.id());
            lists.drop_row(&row);
        }
        lists.into_plan(shard, self.current.cloned())
    }
}

/// Which rows of a shard the tree accounts for.
struct Seen<'s> {
    shard: Option<&'s Arc<Shard>>,
    seen: Vec<bool>,
}

impl<'s> Seen<'s> {
    fn new(shard: Option<&'s Arc<Shard>>) -> Self {
        let files = shard.map_or(0, |shard| shard.file_count() as usize);
        Self { shard, seen: vec![false; files] }
    }

    fn mark(&mut self, identity: &[u8], path: &[u8]) -> Option<FileRef<'s>> {
        let row = self.shard?.find_file(identity, path)?;
        self.seen[row.id().0 as usize] = true;
        Some(row)
    }

    /// Whether the row's stamp was old enough to be trusted when it was taken.
    fn is_settled(&self, row: &FileRef<'_>) -> bool {
        let scanned_at_ns = self.shard.map_or(0, |shard| shard.scanned_at_ns());
        disk::is_settled(row.stamp(), scanned_at_ns)
    }

    /// The rows in scope that the tree does not have.
    fn unseen(self, base: &[u8], scope: &Scope) -> Vec<FileRef<'s>> {
        let Some(shard) = self.shard else { return Vec::new() };
        let unseen = shard.files().filter(|row| !self.seen[row.id().0 as usize]);
        let mut is_in_scope = is_in_scope(base, scope);
        unseen.filter(|row| is_in_scope(row)).collect()
    }
}

/// Tells of the rows of one shard, asked in their order, whether they are under a ROOT.
pub(crate) fn is_in_scope<'s>(base: &[u8], scope: &Scope) -> impl FnMut(&FileRef<'s>) -> bool {
    // Rows come root by root, and few roots are only partly under a ROOT.
    let mut last: Option<(&[u8], Vec<u8>, Extent)> = None;
    move |row| {
        let identity = row.root_identity();
        if last.as_ref().is_none_or(|(known, ..)| *known != identity) {
            let root = source_root::path(identity, base);
            let extent = scope.extent(&root);
            last = Some((identity, root, extent));
        }
        match &last {
            Some((_, root, Extent::Part)) => scope.contains(&folder::join(root, &row.path())),
            Some((_, _, extent)) => *extent == Extent::All,
            None => false,
        }
    }
}

/// The files of a shard that are in archives.
pub(crate) fn in_archives(shard: &Shard, base: &[u8]) -> Vec<FileId> {
    let is_archive =
        |identity: &[u8]| scope::archive_of(&source_root::path(identity, base)).is_some();
    let archives = shard.roots().map(|root| root.identity).filter(|it| is_archive(it));
    let archives: HashSet<&[u8]> = archives.collect();
    if archives.is_empty() {
        return Vec::new();
    }
    let files = shard.files().filter(|file| archives.contains(file.root_identity()));
    files.map(FileRef::id).collect()
}

/// Whether the bound on files lets in, or keeps out, what it did when the row was made. The row of a file
/// that was too large to be read has the bound of that time as the size of its source.
fn is_bounded_alike(row: &FileRef<'_>, file_bytes_max: u64) -> bool {
    let was_read = row.content_hash() != ContentHash::default();
    match row.source_bytes() {
        bytes if was_read => bytes <= file_bytes_max,
        0 => true,
        bound => bound >= file_bytes_max,
    }
}

/// Whether a file has the very bytes that its row was made of. Of a skipped one nothing is known, and it
/// may be too large to look, unless it was skipped for what is in it.
fn has_content(path: &[u8], row: &FileRef<'_>) -> bool {
    if row.flags().skipped && !quarantine::is_note(row.note()) {
        return false;
    }
    let read = || {
        let path = path::from_bytes(path);
        if !std::fs::metadata(&path)?.is_file() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let mut content = Vec::new();
        File::open(path)?.take(row.source_bytes() + 1).read_to_end(&mut content)?;
        Ok::<_, std::io::Error>(content)
    };
    read().is_ok_and(|content| ContentHash::of(&content) == row.content_hash())
}

#[derive(Default)]
struct Lists {
    roots: Vec<SourceRoot>,
    scan: Vec<SourceFile>,
    scan_bytes: u64,
    quarantined: Vec<QuarantinedFile>,
    dropped: Vec<SourceFile>,
    stale: Vec<FileId>,
}

impl Lists {
    fn into_plan(self, shard: ShardId, current: Option<Arc<Shard>>) -> ShardPlan {
        let Self { roots, scan, scan_bytes, quarantined, dropped, stale } = self;
        ShardPlan { shard, current, roots, scan, scan_bytes, quarantined, dropped, stale }
    }

    /// A file that has no row which is right: it is to be read, or known not to be.
    fn take(
        &mut self,
        location: impl Fn() -> Location,
        identity: &[u8],
        path: Vec<u8>,
        stamp: Stamp,
        terms: Terms<'_>,
    ) {
        let content_hash = || {
            let found = quarantine::fingerprint(&location(), &path, terms.file_bytes_max);
            found.map(|(_, content_hash)| content_hash)
        };
        let quarantined = terms.quarantine.judge(identity, &path, stamp, content_hash);
        let root = self.root(identity, location);
        let file = SourceFile { root, path: path.into() };
        match quarantined {
            Some(entry) => self.quarantined.push(entry.to_message(file)),
            None => {
                self.scan.push(file);
                self.scan_bytes += stamp.size;
            }
        }
    }

    fn drop_row(&mut self, row: &FileRef<'_>) {
        // A root of which nothing is read may lie anywhere.
        let root = self.root(row.root_identity(), || Location::Folder(Bytes::new()));
        self.dropped.push(SourceFile { root, path: Bytes::from(row.path()) });
    }

    fn root(&mut self, identity: &[u8], location: impl FnOnce() -> Location) -> u32 {
        let known = self.roots.iter().rposition(|root| root.identity == identity);
        let position = known.unwrap_or_else(|| {
            let identity = Bytes::copy_from_slice(identity);
            self.roots.push(SourceRoot { identity, location: location() });
            self.roots.len() - 1
        });
        position as u32
    }
}

impl FoundRoot {
    fn location(&self) -> Location {
        location(&self.path, self.archive.as_deref())
    }
}

/// Where a root (absolute path) is; `archive` as a folder if it is in one.
pub(crate) fn location(root: &[u8], archive: Option<&[u8]>) -> Location {
    let Some(archive) = archive else { return Location::Folder(Bytes::copy_from_slice(root)) };
    let mut prefix = folder::below(root, archive).unwrap_or_default().to_vec();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let archive = archive.strip_suffix(b"!").unwrap_or(archive);
    Location::Archive { path: Bytes::copy_from_slice(archive), prefix: prefix.into() }
}
