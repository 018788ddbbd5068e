//! The texts that a worker was given, on its own disk, by their hash.
//!
//! They lie one after the other in packs, `texts_<n>.pack`, as they came over the wire; where each is, is
//! kept in memory and read anew from the packs when the worker starts. A pack is written once: what is torn
//! at its end counts as not there. Above the limit the oldest pack goes, whatever is in it, and what was
//! still needed is sent once more.
//!
//! ```text
//! pack:    record, record, …
//! record:  content hash (32), bytes of the text (u64), bytes that follow (u64), pieces
//! piece:   bytes that it unpacks to (u32), bytes of its block (u32), an LZ4 block
//! ```
//!
//! Numbers are little-endian. The hash is compared when a text is read: nothing else is believed.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nova_index::ContentHash;
use nova_protocol::shipping::TextPiece;
use nova_rpc::private;

use crate::disk;

use super::pack::{BadPiece, is_plausible, unpack_block};

/// What a store may take unless `--store-limit` says otherwise.
pub const STORE_BYTES_MAX_DEFAULT: u64 = 4 << 30;
/// The least that it may be told to take.
pub const STORE_BYTES_MIN: u64 = 64 << 20;
/// A pack is closed once it has this much; at most an eighth of what the store may take.
const PACK_BYTES: u64 = 64 << 20;
/// Texts of which some pieces have come.
const UNFINISHED_TEXTS_MAX: usize = 64;
/// A longer text cannot be scanned.
const TEXT_BYTES_MAX: u64 = 1 << 30;

const LOCK_FILE: &str = "lock";
const RECORD_HEADER_BYTES: u64 = 48;
const PIECE_HEADER_BYTES: usize = 8;

/// The texts of one worker.
#[derive(Debug)]
pub struct TextStore {
    folder: PathBuf,
    bytes_max: u64,
    state: Mutex<State>,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A worker is using it.
    #[error("another worker keeps its texts in {}: give each a --cache-dir of its own", .0.display())]
    InUse(PathBuf),
    /// The disk.
    #[error("cannot keep texts in {}: {source}", folder.display())]
    Io {
        /// Where.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A piece has no place in any text.
    #[error("a piece of a text does not follow what came before")]
    OutOfOrder,
    /// A piece that is none.
    #[error("a piece of a text has lengths that no piece has")]
    NotAPiece,
    /// A text is too long.
    #[error("a text of {0} bytes is longer than {TEXT_BYTES_MAX}")]
    TooLong(u64),
    /// Too many texts have begun.
    #[error("pieces of more than {UNFINISHED_TEXTS_MAX} texts at a time")]
    TooManyUnfinished,
}

#[derive(Debug, Default)]
struct State {
    /// Held for as long as the store is open.
    lock: Option<File>,
    places: HashMap<[u8; 32], Place>,
    /// The packs by number, with their bytes.
    packs: BTreeMap<u64, u64>,
    /// The pack that is written to: the last one.
    open: Option<File>,
    unfinished: HashMap<[u8; 32], Unfinished>,
}

/// Where a text is.
#[derive(Debug, Clone, Copy)]
struct Place {
    pack: u64,
    /// Of its pieces.
    offset: u64,
    packed_bytes: u64,
    text_bytes: u64,
}

/// A text of which some pieces have come.
#[derive(Debug, Default)]
struct Unfinished {
    bytes: u64,
    packed: Vec<u8>,
}

impl TextStore {
    /// Opens, or makes, the store in a folder of a worker.
    pub fn open(cache_dir: &Path, bytes_max: u64) -> Result<Self, StoreError> {
        let folder = cache_dir.join("texts");
        let state = Mutex::new(State::open(&folder)?);
        let store = Self { folder, bytes_max, state };
        store.evict(&mut store.state());
        Ok(store)
    }

    /// Begins anew if somebody has removed the folder meanwhile: what is written there would be lost.
    pub(crate) fn look(&self) -> Result<(), StoreError> {
        self.begin_anew_if_gone(&mut self.state())
    }

    fn begin_anew_if_gone(&self, state: &mut State) -> Result<(), StoreError> {
        let is_lock_there =
            state.lock.as_ref().is_some_and(|lock| is_at(lock, &self.folder.join(LOCK_FILE)));
        let is_pack_there = match (&state.open, state.packs.last_key_value()) {
            (Some(pack), Some((number, _))) => is_at(pack, &self.pack(*number)),
            _ => true,
        };
        if is_lock_there && is_pack_there {
            return Ok(());
        }
        tracing::warn!("texts were removed from {}: beginning anew", self.folder.display());
        // Of texts that are not whole nothing has been written.
        let unfinished = std::mem::take(&mut state.unfinished);
        // The old lock has to go first, as it may be the one that is there.
        *state = State::default();
        *state = State { unfinished, ..State::open(&self.folder)? };
        Ok(())
    }

    /// Whether a text is there.
    pub(crate) fn has(&self, content_hash: &[u8; 32]) -> bool {
        self.state().places.contains_key(content_hash)
    }

    /// Takes a piece. With the last piece of a text that is there.
    pub(crate) fn take(&self, piece: &TextPiece) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.places.contains_key(&piece.content_hash) {
            return Ok(());
        }
        if piece.text_bytes > TEXT_BYTES_MAX {
            return Err(StoreError::TooLong(piece.text_bytes));
        }
        // Else a text could be kept waiting for its end while it takes all memory.
        if !is_plausible(piece) {
            return Err(StoreError::NotAPiece);
        }
        let is_new = !state.unfinished.contains_key(&piece.content_hash);
        if is_new && state.unfinished.len() >= UNFINISHED_TEXTS_MAX {
            return Err(StoreError::TooManyUnfinished);
        }
        let text = state.unfinished.entry(piece.content_hash).or_default();
        let end = piece.offset.saturating_add(piece.piece.unpacked_bytes.into());
        if end <= text.bytes && end > piece.offset {
            // Another shard has the same text, and its pieces came first.
            return Ok(());
        }
        if piece.offset != text.bytes || end > piece.text_bytes {
            state.unfinished.remove(&piece.content_hash);
            return Err(StoreError::OutOfOrder);
        }
        text.bytes = end;
        text.packed.extend(piece.piece.unpacked_bytes.to_le_bytes());
        text.packed.extend((piece.piece.block.len() as u32).to_le_bytes());
        text.packed.extend_from_slice(&piece.piece.block);
        if end < piece.text_bytes {
            return Ok(());
        }
        let text = state.unfinished.remove(&piece.content_hash).unwrap_or_default();
        self.begin_anew_if_gone(&mut state)?;
        self.write(&mut state, piece.content_hash, &text)
            .map_err(|source| StoreError::Io { folder: self.folder.clone(), source })?;
        self.evict(&mut state);
        Ok(())
    }

    /// Forgets what has come of texts that are not whole: whoever sent it is gone.
    pub(crate) fn forget_unfinished(&self) {
        self.state().unfinished.clear();
    }

    /// Reads texts, for one thread.
    pub(crate) fn reader(&self) -> StoreReader<'_> {
        StoreReader { store: self, packs: HashMap::new(), packed: Vec::new(), text: Vec::new() }
    }

    fn write(&self, state: &mut State, hash: [u8; 32], text: &Unfinished) -> io::Result<()> {
        let pack_bytes_max = PACK_BYTES.min(self.bytes_max / 8);
        let number = state.packs.last_key_value().map_or(0, |(number, _)| *number);
        let is_full = state.packs.get(&number).is_some_and(|bytes| *bytes >= pack_bytes_max);
        if state.open.is_none() || is_full {
            let number = state.packs.last_key_value().map_or(0, |(number, _)| number + 1);
            state.open = Some(File::create_new(self.pack(number))?);
            state.packs.insert(number, 0);
        }
        let Some((&pack, written)) = state.packs.iter_mut().next_back() else { return Ok(()) };
        let Some(file) = &mut state.open else { return Ok(()) };
        let mut record = Vec::with_capacity(RECORD_HEADER_BYTES as usize + text.packed.len());
        record.extend(hash);
        record.extend(text.bytes.to_le_bytes());
        record.extend((text.packed.len() as u64).to_le_bytes());
        record.extend_from_slice(&text.packed);
        if let Err(error) = file.write_all(&record) {
            // What is written of it is a torn end; nothing more may follow. A pack without a text is of no use.
            state.open = None;
            if *written == 0 {
                state.packs.remove(&pack);
                drop(fs::remove_file(self.pack(pack)));
            }
            return Err(error);
        }
        let offset = *written + RECORD_HEADER_BYTES;
        *written += record.len() as u64;
        let packed_bytes = text.packed.len() as u64;
        state.places.insert(hash, Place { pack, offset, packed_bytes, text_bytes: text.bytes });
        Ok(())
    }

    /// Removes the oldest packs until the rest is within the limit; the one that is written to stays.
    fn evict(&self, state: &mut State) {
        while state.packs.len() > 1 && state.packs.values().sum::<u64>() > self.bytes_max {
            let Some((number, _)) = state.packs.pop_first() else { return };
            state.places.retain(|_, place| place.pack != number);
            if let Err(error) = fs::remove_file(self.pack(number)) {
                tracing::warn!("cannot remove {}: {error}", self.pack(number).display());
            }
        }
    }

    fn pack(&self, number: u64) -> PathBuf {
        self.folder.join(format!("texts_{number}.pack"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a folder, and notes what is in it.
    fn open(folder: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Io { folder: folder.to_owned(), source };
        // Source code of others lies there.
        private::make_folder(folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK_FILE)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(folder.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut state = Self { lock: Some(lock), ..Self::default() };
        for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
            let Some(number) = entry.file_name().to_str().and_then(pack_number) else { continue };
            let bytes = state.read_pack(number, &entry.path()).map_err(failed)?;
            state.packs.insert(number, bytes);
        }
        Ok(state)
    }

    /// Notes the texts of a pack, up to where it is torn; answers the pack's length.
    fn read_pack(&mut self, pack: u64, path: &Path) -> io::Result<u64> {
        let mut file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let mut offset = 0;
        while offset + RECORD_HEADER_BYTES <= bytes {
            let mut header = [0; RECORD_HEADER_BYTES as usize];
            file.seek(SeekFrom::Start(offset))?;
            file.read_exact(&mut header)?;
            let (hash, numbers) = header.split_at(32);
            let (text_bytes, packed_bytes) = numbers.split_at(8);
            let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap_or_default());
            let (text_bytes, packed_bytes) = (number(text_bytes), number(packed_bytes));
            offset += RECORD_HEADER_BYTES;
            if packed_bytes > bytes - offset {
                break;
            }
            let hash: [u8; 32] = hash.try_into().unwrap_or_default();
            self.places.insert(hash, Place { pack, offset, packed_bytes, text_bytes });
            offset += packed_bytes;
        }
        Ok(bytes)
    }
}

/// Reads texts of a store into one buffer.
pub(crate) struct StoreReader<'s> {
    store: &'s TextStore,
    packs: HashMap<u64, File>,
    packed: Vec<u8>,
    text: Vec<u8>,
}

impl StoreReader<'_> {
    /// A text; `None` if it is not there, or is not what it was. It is forgotten then.
    pub(crate) fn read(&mut self, content_hash: &[u8; 32]) -> Option<&[u8]> {
        let place = self.store.state().places.get(content_hash).copied()?;
        let is_good = self.fetch(place).is_ok() && ContentHash::of(&self.text).0 == *content_hash;
        if !is_good {
            tracing::warn!("a stored text is damaged; the router sends it again");
            self.store.state().places.remove(content_hash);
            return None;
        }
        Some(&self.text)
    }

    fn fetch(&mut self, place: Place) -> io::Result<()> {
        let file = match self.packs.entry(place.pack) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(File::open(self.store.pack(place.pack))?)
            }
        };
        if place.text_bytes > TEXT_BYTES_MAX {
            return Err(io::Error::other(BadPiece));
        }
        file.seek(SeekFrom::Start(place.offset))?;
        self.packed.clear();
        file.take(place.packed_bytes).read_to_end(&mut self.packed)?;
        self.text.clear();
        let mut rest = &self.packed[..];
        while let Some((header, blocks)) = rest.split_at_checked(PIECE_HEADER_BYTES) {
            let (unpacked, length) = header.split_at(4);
            let number = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().unwrap_or_default());
            let (unpacked, length) = (number(unpacked), number(length) as usize);
            let (block, after) =
                blocks.split_at_checked(length).ok_or_else(|| io::Error::other(BadPiece))?;
            unpack_block(block, unpacked, &mut self.text).map_err(io::Error::other)?;
            if self.text.len() as u64 > place.text_bytes {
                return Err(io::Error::other(BadPiece));
            }
            rest = after;
        }
        Ok(())
    }
}

/// Whether an open file is the one of that name.
fn is_at(file: &File, path: &Path) -> bool {
    let number = |metadata: io::Result<fs::Metadata>| {
        metadata.ok().map(|metadata| disk::stamp(&metadata).inode)
    };
    let named = number(fs::metadata(path));
    named.is_some() && named == number(file.metadata())
}

fn pack_number(name: &str) -> Option<u64> {
    name.strip_prefix("texts_")?.strip_suffix(".pack")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use nova_protocol::shipping::{PIECE_BYTES_MAX, Packed};

    use super::*;
    use crate::shipping::pack::pack;

    fn pieces(text: &[u8], piece_bytes: usize) -> Vec<TextPiece> {
        let content_hash = ContentHash::of(text).0;
        let mut offset = 0;
        let mut chunks: Vec<&[u8]> = text.chunks(piece_bytes).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        let piece = |chunk: &&[u8]| {
            let piece = pack(chunk);
            let at = offset;
            offset += chunk.len() as u64;
            TextPiece { content_hash, text_bytes: text.len() as u64, offset: at, piece }
        };
        chunks.iter().map(piece).collect()
    }

    fn store(folder: &Path, bytes_max: u64) -> TextStore {
        TextStore::open(folder, bytes_max).unwrap()
    }

    fn read(store: &TextStore, text: &[u8]) -> Option<Vec<u8>> {
        store.reader().read(&ContentHash::of(text).0).map(<[u8]>::to_vec)
    }

    #[test]
    fn texts_are_there_again_after_a_restart_and_a_torn_end_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let texts: Vec<Vec<u8>> = vec![b"".to_vec(), b"class A {}".to_vec(), vec![b'x'; 1000]];
        let first = store(folder.path(), STORE_BYTES_MIN);
        for text in &texts {
            pieces(text, 300).iter().for_each(|piece| first.take(piece).unwrap());
            assert_eq!(read(&first, text).as_ref(), Some(text));
        }
        drop(first);
        let pack = folder.path().join("texts/texts_0.pack");
        let bytes = fs::read(&pack).unwrap();
        fs::write(&pack, &bytes[..bytes.len() - 1]).unwrap();
        let second = store(folder.path(), STORE_BYTES_MIN);
        assert_eq!(read(&second, &texts[1]).as_ref(), Some(&texts[1]));
        assert_eq!(read(&second, &texts[2]), None);
        pieces(&texts[2], 300).iter().for_each(|piece| second.take(piece).unwrap());
        assert_eq!(read(&second, &texts[2]).as_ref(), Some(&texts[2]));
    }

    #[test]
    fn a_folder_that_is_removed_is_made_again_and_the_texts_are_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), STORE_BYTES_MIN);
        let (first, second) = (b"class A {}", b"class B {}");
        let take = |text: &[u8]| {
            pieces(text, 300).iter().for_each(|piece| store.take(piece).unwrap());
        };
        take(first);
        for remove in [fs::remove_dir_all(folder.path().join("texts")), Ok(())] {
            remove.unwrap();
            store.look().unwrap();
            assert!(!store.has(&ContentHash::of(second).0));
        }
        assert!(!store.has(&ContentHash::of(first).0));
        take(first);
        // Between a question and its texts, too.
        fs::remove_dir_all(folder.path().join("texts")).unwrap();
        take(second);
        assert_eq!(read(&store, second).as_deref(), Some(&second[..]));
        fs::remove_file(folder.path().join("texts/texts_0.pack")).unwrap();
        take(first);
        assert_eq!(read(&store, first).as_deref(), Some(&first[..]));
        assert!(!store.has(&ContentHash::of(second).0));
        // The folder that was made again is as taken as the first.
        let other = TextStore::open(folder.path(), STORE_BYTES_MIN);
        assert!(matches!(other, Err(StoreError::InUse(_))));
    }

    #[test]
    fn a_flipped_bit_is_found_and_the_text_is_taken_anew() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"class A { int a; }";
        let store = store(folder.path(), STORE_BYTES_MIN);
        pieces(text, 300).iter().for_each(|piece| store.take(piece).unwrap());
        let pack = folder.path().join("texts/texts_0.pack");
        let mut bytes = fs::read(&pack).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&pack, bytes).unwrap();
        assert_eq!(read(&store, text), None);
        assert!(!store.has(&ContentHash::of(text).0));
        pieces(text, 300).iter().for_each(|piece| store.take(piece).unwrap());
        assert_eq!(read(&store, text).as_deref(), Some(&text[..]));
    }

    #[test]
    fn above_the_limit_the_oldest_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), 8 << 10);
        let text = |number: u32| -> Vec<u8> {
            // Nothing that could be packed.
            (0..200)
                .flat_map(|at| blake3::hash(&[number as u8, at]).as_bytes()[..4].to_vec())
                .collect()
        };
        for number in 0..100 {
            pieces(&text(number), 300).iter().for_each(|piece| store.take(piece).unwrap());
        }
        let bytes = |entry: fs::DirEntry| entry.metadata().unwrap().len();
        let on_disk: u64 = fs::read_dir(&store.folder).unwrap().flatten().map(bytes).sum();
        assert!(on_disk <= (8 << 10) + (2 << 10), "{on_disk}");
        assert_eq!(read(&store, &text(0)), None);
        assert_eq!(read(&store, &text(99)), Some(text(99)));
    }

    #[test]
    fn pieces_that_do_not_follow_each_other_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), STORE_BYTES_MIN);
        let pieces = pieces(&[b'x'; 1000], 300);
        assert!(matches!(store.take(&pieces[1]), Err(StoreError::OutOfOrder)));
        store.take(&pieces[0]).unwrap();
        assert!(matches!(store.take(&pieces[2]), Err(StoreError::OutOfOrder)));
        // Two shards may have the same text, and be sent at the same time.
        for at in [0, 0, 1, 0, 1, 2, 2] {
            store.take(&pieces[at]).unwrap();
        }
        pieces.iter().for_each(|piece| store.take(piece).unwrap());
        let endless =
            TextPiece { text_bytes: u64::MAX, content_hash: [1; 32], ..pieces[0].clone() };
        assert!(matches!(store.take(&endless), Err(StoreError::TooLong(_))));
        assert!(matches!(
            TextStore::open(folder.path(), STORE_BYTES_MIN),
            Err(StoreError::InUse(_))
        ));
    }

    #[test]
    fn a_piece_that_takes_more_memory_than_it_unpacks_to_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path(), STORE_BYTES_MIN);
        let piece = |unpacked_bytes: usize, block: usize| {
            let (unpacked_bytes, block) = (unpacked_bytes as u32, vec![0; block].into());
            let piece = Packed { unpacked_bytes, block };
            TextPiece { content_hash: [1; 32], text_bytes: TEXT_BYTES_MAX, offset: 0, piece }
        };
        for (unpacked_bytes, block) in [(0, 0), (0, 1), (1, 1000), (PIECE_BYTES_MAX + 1, 1000)] {
            let result = store.take(&piece(unpacked_bytes, block));
            assert!(matches!(result, Err(StoreError::NotAPiece)), "{unpacked_bytes}, {block}");
        }
        store.take(&piece(PIECE_BYTES_MAX, PIECE_BYTES_MAX)).unwrap();
    }
}
