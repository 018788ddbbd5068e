//! The layout: which shard each source root is in. It is the one file of the cache that cannot be
//! rebuilt, for it keeps the promise that an id is never reused.
//!
//! A root is placed when it is first seen, by the size that it has then, and stays where it is until
//! `--rebuild`: a small root shares a shard with others, a middling one has its own, a large one is
//! sliced. Slices are made of 256 buckets of packages, told apart by hash, so that a package is never
//! torn and a new one needs no decision.

use std::collections::BTreeMap;

use nova_index::{ShardId, ShardIdentity};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Version of the layout's file; one of another version is refused.
const LAYOUT_VERSION: u32 = 1;
/// Roots below this size share shards.
const SHARED_ROOT_BYTES_MAX: u64 = 1 << 20;
/// A shared shard takes no more roots when it has reached this size.
const SHARED_SHARD_BYTES: u64 = 8 << 20;
/// Roots above this size are sliced, unless the command line says otherwise.
pub const SHARD_BYTES_MAX_DEFAULT: u64 = 64 << 20;

const BUCKETS: usize = 256;

/// Source roots and their shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout {
    version: u32,
    /// Random; tells this layout's shard files from those of any other.
    id: String,
    /// The folder that root identities are relative to.
    base: PathText,
    /// The lowest id that no shard ever had.
    next_shard: u32,
    roots: Vec<PlacedRoot>,
    /// The shared shard that still takes roots, with its size.
    open_shard: Option<(u32, u64)>,
    #[serde(skip)]
    by_identity: BTreeMap<Vec<u8>, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct PlacedRoot {
    root: PathText,
    #[serde(flatten)]
    placement: Placement,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Placement {
    Shard(u32),
    /// One entry a bucket.
    Buckets(Vec<u32>),
}

/// A path as JSON: a string where it is UTF-8, else its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PathText {
    Text(String),
    Bytes(Vec<u8>),
}

impl PathText {
    pub(crate) fn new(path: &[u8]) -> Self {
        match std::str::from_utf8(path) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes(path.to_vec()),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// A root that wants a place.
#[derive(Debug)]
pub(crate) struct MeasuredRoot<'r> {
    /// What the root is called: its path below the base, or an absolute path.
    pub(crate) identity: &'r [u8],
    /// Its folders by path below the root, with the size of the source directly in them.
    pub(crate) folders: Vec<(&'r [u8], u64)>,
}

impl Layout {
    /// A layout without roots. `id` must be fresh random text.
    pub(crate) fn new(id: String, base: &[u8]) -> Self {
        Self {
            version: LAYOUT_VERSION,
            id,
            base: PathText::new(base),
            next_shard: 0,
            roots: Vec::new(),
            open_shard: None,
            by_identity: BTreeMap::new(),
        }
    }

    /// Reads a layout's file.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, LayoutError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_slice(json)?;
        if version != LAYOUT_VERSION {
            return Err(LayoutError::Version { found: version });
        }
        let mut layout: Self = serde_json::from_slice(json)?;
        layout.check()?;
        let identities = layout.roots.iter().map(|root| root.root.as_bytes().to_vec());
        layout.by_identity = identities.zip(0..).collect();
        Ok(layout)
    }

    /// The layout's file.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and lists are always JSON")
    }

    fn check(&self) -> Result<(), LayoutError> {
        let ids = self.roots.iter().flat_map(|root| root.placement.shards());
        if let Some(&shard) = ids.clone().max().filter(|&&max| max >= self.next_shard) {
            return Err(LayoutError::UnallocatedShard { shard });
        }
        let whole = |root: &PlacedRoot| match &root.placement {
            Placement::Shard(_) => true,
            Placement::Buckets(buckets) => buckets.len() == BUCKETS,
        };
        if !self.roots.iter().all(whole) {
            return Err(LayoutError::Buckets);
        }
        Ok(())
    }

    /// The folder that root identities are relative to.
    pub(crate) fn base(&self) -> &[u8] {
        self.base.as_bytes()
    }

    /// The workspace was moved: its roots are the same, below another folder.
    pub(crate) fn move_to(&mut self, base: &[u8]) {
        self.base = PathText::new(base);
    }

    /// What marks a shard's file as belonging to this layout.
    pub(crate) fn shard_identity(&self, shard: ShardId) -> ShardIdentity {
        let text = format!("{} {}", self.id, shard.0);
        ShardIdentity(xxh3_128(text.as_bytes()).to_le_bytes())
    }

    /// All shards, in the order of their ids.
    pub(crate) fn shards(&self) -> Vec<ShardId> {
        let mut ids: Vec<u32> =
            self.roots.iter().flat_map(|root| root.placement.shards()).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(ShardId).collect()
    }

    /// The roots' identities with the number of shards of each.
    pub(crate) fn roots(&self) -> impl Iterator<Item = (&[u8], Vec<ShardId>)> {
        self.roots.iter().map(|root| {
            let mut shards: Vec<_> = root.placement.shards().iter().copied().map(ShardId).collect();
            shards.sort_unstable();
            shards.dedup();
            (root.root.as_bytes(), shards)
        })
    }

    /// The shard of a folder of a root; `None` if the root has no place yet.
    pub(crate) fn shard_of(&self, identity: &[u8], folder: &[u8]) -> Option<ShardId> {
        let root = &self.roots[*self.by_identity.get(identity)?];
        Some(ShardId(match &root.placement {
            Placement::Shard(shard) => *shard,
            Placement::Buckets(buckets) => buckets[bucket(folder)],
        }))
    }

    /// Whether all of these roots have their places.
    pub(crate) fn places(&self, roots: &[MeasuredRoot<'_>]) -> bool {
        roots.iter().all(|root| self.by_identity.contains_key(root.identity))
    }

    /// Gives a place to each root that has none. The same roots in the same order get the same
    /// places; what has a place keeps it.
    pub(crate) fn place(&mut self, roots: &[MeasuredRoot<'_>], shard_bytes_max: u64) {
        for root in roots {
            if !self.by_identity.contains_key(root.identity) {
                let placement = self.placement(root, shard_bytes_max);
                self.by_identity.insert(root.identity.to_vec(), self.roots.len());
                self.roots.push(PlacedRoot { root: PathText::new(root.identity), placement });
            }
        }
    }

    /// Takes every root's place away. The ids stay used.
    pub(crate) fn displace_all(&mut self) {
        self.roots.clear();
        self.by_identity.clear();
        self.open_shard = None;
    }

    fn placement(&mut self, root: &MeasuredRoot<'_>, shard_bytes_max: u64) -> Placement {
        let bytes: u64 = root.folders.iter().map(|(_, bytes)| bytes).sum();
        if bytes < SHARED_ROOT_BYTES_MAX.min(shard_bytes_max) {
            let (shard, shared) = match self.open_shard {
                Some((shard, shared)) => (shard, shared + bytes),
                None => (self.allocate(), bytes),
            };
            self.open_shard = (shared < SHARED_SHARD_BYTES).then_some((shard, shared));
            Placement::Shard(shard)
        } else if bytes <= shard_bytes_max {
            Placement::Shard(self.allocate())
        } else {
            self.slices(root, bytes, shard_bytes_max)
        }
    }

    /// Groups buckets into slices of at most half the bound, so that there is room to grow, the
    /// largest bucket first to the smallest slice.
    fn slices(&mut self, root: &MeasuredRoot<'_>, bytes: u64, shard_bytes_max: u64) -> Placement {
        let mut bucket_bytes = [0_u64; BUCKETS];
        for (folder, bytes) in &root.folders {
            bucket_bytes[bucket(folder)] += bytes;
        }
        let filled = bucket_bytes.iter().filter(|&&bytes| bytes > 0).count() as u64;
        let slices = bytes.div_ceil((shard_bytes_max / 2).max(1)).clamp(1, filled.max(1));
        let mut slices: Vec<Slice> =
            (0..slices).map(|_| Slice { bytes: 0, buckets: 0, shard: self.allocate() }).collect();
        let mut order: Vec<usize> = (0..BUCKETS).collect();
        order.sort_by_key(|&bucket| std::cmp::Reverse(bucket_bytes[bucket]));
        let mut buckets = vec![0; BUCKETS];
        for bucket in order {
            let smallest = slices.iter_mut().min().expect("there is at least one slice");
            smallest.bytes += bucket_bytes[bucket];
            smallest.buckets += 1;
            buckets[bucket] = smallest.shard;
        }
        Placement::Buckets(buckets)
    }

    fn allocate(&mut self) -> u32 {
        let id = self.next_shard;
        self.next_shard += 1;
        id
    }
}

/// A slice on its way to being filled; the least is the one to fill next.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Slice {
    bytes: u64,
    /// Empty buckets are shared out as well: they will fill with time.
    buckets: usize,
    shard: u32,
}

impl Placement {
    fn shards(&self) -> &[u32] {
        match self {
            Self::Shard(shard) => std::slice::from_ref(shard),
            Self::Buckets(shards) => shards,
        }
    }
}

fn bucket(folder: &[u8]) -> usize {
    (xxh3_64(folder) % BUCKETS as u64) as usize
}

/// Why a layout's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LayoutError {
    /// It is not the JSON that was written.
    #[error("damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// Another version of Nova wrote it.
    #[error("format version {found}, this is version {LAYOUT_VERSION}")]
    Version {
        /// The version that wrote it.
        found: u32,
    },
    /// A root has a shard that was never allocated.
    #[error("damaged: shard {shard} was never allocated")]
    UnallocatedShard {
        /// The shard's id.
        shard: u32,
    },
    /// A sliced root has not one shard a bucket.
    #[error("damaged: a sliced root lacks buckets")]
    Buckets,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(identity: &str, bytes: u64) -> MeasuredRoot<'_> {
        MeasuredRoot { identity: identity.as_bytes(), folders: vec![(b"a", bytes)] }
    }

    fn place(layout: &mut Layout, roots: &[(&str, u64)]) -> Vec<u32> {
        let roots: Vec<_> = roots.iter().map(|(identity, bytes)| root(identity, *bytes)).collect();
        layout.place(&roots, SHARD_BYTES_MAX_DEFAULT);
        roots.iter().map(|r| layout.shard_of(r.identity, b"a").unwrap().0).collect()
    }

    #[test]
    fn small_roots_share_and_others_do_not() {
        let mut layout = Layout::new("id".to_owned(), b"/w");
        let places = place(&mut layout, &[("a", 10), ("b", 2 << 20), ("c", 10), ("d", 1 << 20)]);
        assert_eq!(places, [0, 1, 0, 2]);
    }

    #[test]
    fn adding_removing_and_reordering_roots_moves_no_other_root() {
        let mut layout = Layout::new("id".to_owned(), b"/w");
        assert_eq!(place(&mut layout, &[("a", 2 << 20), ("b", 2 << 20)]), [0, 1]);
        assert_eq!(place(&mut layout, &[("c", 2 << 20), ("b", 9 << 20), ("a", 1)]), [2, 1, 0]);
        assert_eq!(place(&mut layout, &[("c", 2 << 20)]), [2]);
    }

    #[test]
    fn an_id_is_not_reused_after_a_rebuild() {
        let mut layout = Layout::new("id".to_owned(), b"/w");
        place(&mut layout, &[("a", 2 << 20), ("b", 2 << 20)]);
        layout.displace_all();
        assert_eq!(place(&mut layout, &[("b", 2 << 20), ("a", 2 << 20)]), [2, 3]);
    }

    #[test]
    fn a_large_root_is_sliced_by_package_and_every_folder_has_its_slice() {
        let names: Vec<String> = (0..500).map(|i| format!("p{i}")).collect();
        let folders = names.iter().map(|name| (name.as_bytes(), 1 << 20)).collect();
        let mut layout = Layout::new("id".to_owned(), b"/w");
        layout.place(&[MeasuredRoot { identity: b"big", folders }], SHARD_BYTES_MAX_DEFAULT);
        let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
        for name in &names {
            let shard = layout.shard_of(b"big", name.as_bytes()).unwrap();
            *sizes.entry(shard.0).or_default() += 1 << 20;
        }
        assert_eq!(sizes.len(), 16);
        assert!(sizes.values().all(|&bytes| bytes <= SHARD_BYTES_MAX_DEFAULT), "{sizes:?}");
        assert!(layout.shard_of(b"big", b"never/seen").is_some());
    }

    #[test]
    fn a_layout_survives_its_file_and_damage_is_told() {
        let mut layout = Layout::new("id".to_owned(), b"/w");
        place(&mut layout, &[("a", 2 << 20), ("b", 70 << 20)]);
        layout.place(
            &[MeasuredRoot { identity: b"\xff", folders: vec![(b"", 1)] }],
            SHARD_BYTES_MAX_DEFAULT,
        );
        let json = layout.to_json();
        assert_eq!(Layout::from_json(&json).unwrap(), layout);
        assert!(Layout::from_json(&json[..json.len() / 2]).is_err());
        let other = String::from_utf8_lossy(&json).replace("\"version\":1", "\"version\":9");
        let error = Layout::from_json(other.as_bytes()).unwrap_err();
        assert!(matches!(error, LayoutError::Version { found: 9 }), "{error}");
    }
}
