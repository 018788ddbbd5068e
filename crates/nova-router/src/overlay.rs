//! The unsaved text of one frontend's open files.
//!
//! The router's copy is the truth; workers may die with theirs. Of each document only the newest text is
//! kept, so keystrokes that queue up are one scan:
//!
//! ```text
//!            open, change                 scanned, newest
//!  closed ─────────────────▶ behind ─────────────────────────▶ shown
//!    ▲                        ▲  │ scanned, but older: again     │
//!    │ close                  │  └──▶ behind                     │
//!    └────────────────────────┴────────────── change ◀───────────┘
//! ```

mod edit;

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use nova_index::Revision;

pub use edit::TextChange;
pub(crate) use edit::apply;
pub use nova_syntax::lines::Position;

use crate::file_key::FileKey;
use crate::home::Home;
use crate::published::Order;
use crate::refresh::Place;

/// What a frontend says of a document's age: greater is newer, as long as the document is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentVersion(pub i64);

/// A change that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Each file has one name.
    #[error("a document is named by its absolute path, without . and ..")]
    NotAbsolute,
    /// Changes are of open documents.
    #[error("the document is not open")]
    NotOpen,
    /// Older text never takes the place of newer text.
    #[error("version {} is not newer than {}", found.0, newest.0)]
    NotNewer {
        /// What came.
        found: DocumentVersion,
        /// What there is.
        newest: DocumentVersion,
    },
    /// A larger file would be skipped, too.
    #[error("the text would have {found} bytes, more than the {max} of a file (--max-file-size)")]
    TooLarge {
        /// What the text would have.
        found: u64,
        /// What a file may have.
        max: u64,
    },
    /// Each one is kept in memory.
    #[error("{max} documents are open: close some")]
    TooMany {
        /// What a frontend may have open.
        max: usize,
    },
}

/// Documents that one frontend may have open.
pub(crate) const DOCUMENTS_MAX: usize = 16_384;

/// The open documents of a frontend.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    /// By what they are in the view. Invariant: as many as there are keys, which are theirs.
    documents: HashMap<FileKey, Document>,
    /// By absolute path, as frontends call them.
    keys: HashMap<Vec<u8>, FileKey>,
}

#[derive(Debug)]
struct Document {
    place: Place,
    version: DocumentVersion,
    text: String,
    /// When it was opened; a text from before is of another opening.
    opened: Order,
    /// When the text came; greater than that of any text before.
    order: Order,
    /// The newest text that a view shows.
    shown: Order,
    /// The first view that shows any text of it where it belongs.
    shown_since: Option<Revision>,
    /// Somebody has it scanned, text after text, until there is no newer one.
    is_in_work: bool,
}

/// A text to be scanned.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) place: Place,
    pub(crate) order: Order,
    pub(crate) text: Bytes,
}

impl Overlay {
    /// Takes a document's whole text; what was known of it before does not count. `home` is where it
    /// belongs, unless it is open already.
    pub(crate) fn open(
        &mut self,
        path: Vec<u8>,
        home: Home,
        version: DocumentVersion,
        text: String,
        order: Order,
    ) -> Result<FileKey, DocumentError> {
        if let Some(key) = self.keys.get(&path) {
            let document = self.documents.get_mut(key).expect("each key is a document's");
            (document.version, document.text, document.order) = (version, text, order);
            document.opened = order;
            return Ok(key.clone());
        }
        if self.documents.len() >= DOCUMENTS_MAX {
            return Err(DocumentError::TooMany { max: DOCUMENTS_MAX });
        }
        let Home { key, place } = home;
        let document = Document {
            place,
            version,
            text,
            opened: order,
            order,
            shown: Order::default(),
            shown_since: None,
            is_in_work: false,
        };
        self.documents.insert(key.clone(), document);
        self.keys.insert(path, key.clone());
        Ok(key)
    }

    /// Changes a document's text, one change after the other; all of them or none.
    pub(crate) fn change(
        &mut self,
        path: &[u8],
        version: DocumentVersion,
        changes: &[TextChange],
        order: Order,
        bytes_max: u64,
    ) -> Result<FileKey, DocumentError> {
        let key = self.keys.get(path).ok_or(DocumentError::NotOpen)?;
        let document = self.documents.get_mut(key).expect("each key is a document's");
        if version <= document.version {
            let newest = document.version;
            return Err(DocumentError::NotNewer { found: version, newest });
        }
        let text = apply(&document.text, changes);
        check_size(&text, bytes_max)?;
        (document.text, document.version, document.order) = (text, version, order);
        Ok(key.clone())
    }

    /// Forgets a document; where it belonged, if it was open.
    pub(crate) fn close(&mut self, path: &[u8]) -> Option<Home> {
        let key = self.keys.remove(path)?;
        let Document { place, .. } = self.documents.remove(&key)?;
        Some(Home { key, place })
    }

    /// The open documents by absolute path.
    pub(crate) fn paths(&self) -> Vec<Vec<u8>> {
        self.keys.keys().cloned().collect()
    }

    /// What the open documents are in the view.
    pub(crate) fn keys(&self) -> Vec<FileKey> {
        self.documents.keys().cloned().collect()
    }

    /// Where a document belongs now, where no view shows it yet. Answers what it was called before, if that
    /// was elsewhere.
    pub(crate) fn move_to(&mut self, path: &[u8], home: Home) -> Option<FileKey> {
        let known = self.keys.get_mut(path)?;
        let document = self.documents.get(known)?;
        if *known == home.key && document.place == home.place {
            return None;
        }
        let document = self.documents.remove(known)?;
        let moved = Document {
            place: home.place,
            shown: Order::default(),
            shown_since: None,
            is_in_work: false,
            ..document
        };
        self.documents.insert(home.key.clone(), moved);
        Some(std::mem::replace(known, home.key))
    }

    /// Whether a view of that revision shows a document's text by this name; `None` if it is not open.
    pub(crate) fn covers(&self, path: &[u8], name: &FileKey, at: Revision) -> Option<bool> {
        let key = self.keys.get(path)?;
        let document = self.documents.get(key)?;
        Some(key == name && document.shown_since.is_some_and(|since| since <= at))
    }

    /// The newest text of a document (absolute path), and what it is in the view.
    pub(crate) fn document(&self, path: &[u8]) -> Option<(FileKey, Snapshot)> {
        let key = self.keys.get(path)?;
        Some((key.clone(), self.documents.get(key)?.snapshot()))
    }

    /// Whether a file is open.
    pub(crate) fn has(&self, key: &FileKey) -> bool {
        self.documents.contains_key(key)
    }

    /// The newest texts that no view shows yet, by absolute path: under way a document may come to belong
    /// elsewhere.
    pub(crate) fn awaited(&self) -> Vec<(Vec<u8>, Order)> {
        let documents = self.keys.iter().filter_map(|(path, key)| {
            let document = self.documents.get(key)?;
            document.is_behind().then(|| (path.clone(), document.order))
        });
        documents.collect()
    }

    /// Whether a view shows this text of a document, or a newer one, or the document is closed.
    pub(crate) fn is_shown(&self, path: &[u8], order: Order) -> bool {
        let document = self.keys.get(path).and_then(|key| self.documents.get(key));
        document.is_none_or(|document| document.shown >= order)
    }

    /// Takes on the scanning of a document, unless somebody is at it, who will see its newest text.
    pub(crate) fn take_on(&mut self, key: &FileKey) -> bool {
        let document = self.documents.get_mut(key);
        document.is_some_and(|document| !std::mem::replace(&mut document.is_in_work, true))
    }

    /// The newest text of a document that was taken on, if no view shows it yet; else whoever took it on is
    /// done.
    pub(crate) fn next_text(&mut self, key: &FileKey) -> Option<Snapshot> {
        let document = self.documents.get_mut(key)?;
        document.is_in_work = document.is_behind();
        document.is_in_work.then(|| document.snapshot())
    }

    /// Whether the text that came then is to be shown: closed meanwhile, it is nobody's any more.
    pub(crate) fn wants(&self, key: &FileKey, order: Order) -> bool {
        self.documents.get(key).is_some_and(|document| order >= document.opened)
    }

    /// The view of that revision shows the text that came then.
    pub(crate) fn show(&mut self, key: &FileKey, order: Order, at: Revision) {
        if let Some(document) = self.documents.get_mut(key) {
            document.shown = document.shown.max(order);
            document.shown_since.get_or_insert(at);
        }
    }

    /// All documents.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&FileKey, Snapshot)> {
        self.documents.iter().map(|(key, document)| (key, document.snapshot()))
    }
}

impl Document {
    fn is_behind(&self) -> bool {
        self.shown < self.order
    }

    fn snapshot(&self) -> Snapshot {
        let text = Bytes::copy_from_slice(self.text.as_bytes());
        Snapshot { place: self.place, order: self.order, text }
    }
}

/// Whether a path names a file in one way only: absolute, without `.` and `..`.
pub(crate) fn check_path(path: &Path) -> Result<(), DocumentError> {
    let is_plain = path.components().all(|it| !matches!(it, Component::ParentDir));
    // Components leave single dots out, and doubled slashes.
    let is_normal = path.components().collect::<PathBuf>().as_os_str() == path.as_os_str();
    if path.is_absolute() && is_plain && is_normal {
        Ok(())
    } else {
        Err(DocumentError::NotAbsolute)
    }
}

/// Whether a text is not larger than a file may be.
pub(crate) fn check_size(text: &str, max: u64) -> Result<(), DocumentError> {
    let found = text.len() as u64;
    if found > max { Err(DocumentError::TooLarge { found, max }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_index::{ShardId, ShardIdentity};

    const PLACE: Place = Place { shard: ShardId(1), identity: ShardIdentity([0; 16]) };

    fn key() -> FileKey {
        FileKey { root: b"src".to_vec(), path: b"a/A.java".to_vec() }
    }

    const PATH: &[u8] = b"/w/src/a/A.java";

    fn opened() -> Overlay {
        let mut overlay = Overlay::default();
        let (home, text) = (Home { key: key(), place: PLACE }, "class A {}".to_owned());
        overlay.open(PATH.to_vec(), home, DocumentVersion(3), text, Order(1)).unwrap();
        overlay
    }

    fn whole(text: &str) -> [TextChange; 1] {
        [TextChange { range: None, text: text.to_owned() }]
    }

    #[test]
    fn an_older_version_never_overwrites_a_newer_one() {
        let mut overlay = opened();
        let mut change = |version, order| {
            overlay.change(PATH, DocumentVersion(version), &whole("class B {}"), Order(order), 99)
        };
        assert!(matches!(change(3, 2), Err(DocumentError::NotNewer { .. })));
        assert_eq!(change(4, 3), Ok(key()));
        assert!(matches!(change(2, 4), Err(DocumentError::NotNewer { .. })));
        assert_eq!(overlay.texts().next().unwrap().1.order, Order(3));
    }

    #[test]
    fn a_document_has_one_name() {
        let check = |path: &str| check_path(Path::new(path));
        assert_eq!(check("/w/src/A.java"), Ok(()));
        for path in ["A.java", "/w/../A.java", "/w/./A.java", "/w//A.java", ""] {
            assert_eq!(check(path), Err(DocumentError::NotAbsolute), "{path}");
        }
    }

    #[test]
    fn keystrokes_that_queue_up_are_one_scan_of_the_newest() {
        let mut overlay = opened();
        assert!(overlay.take_on(&key()));
        let first = overlay.next_text(&key()).unwrap();
        for version in 4..100 {
            let text = whole(&format!("class A{version} {{}}"));
            let order = Order(version as u64);
            overlay.change(PATH, DocumentVersion(version), &text, order, 99).unwrap();
            assert!(!overlay.take_on(&key()), "somebody is at it");
        }
        overlay.show(&key(), first.order, Revision(1));
        assert_eq!(overlay.awaited(), [(PATH.to_vec(), Order(99))]);
        let second = overlay.next_text(&key()).unwrap();
        assert_eq!(second.text, "class A99 {}");
        overlay.show(&key(), second.order, Revision(2));
        assert!(overlay.next_text(&key()).is_none());
        assert!(overlay.take_on(&key()), "it can be taken on again");
    }

    #[test]
    fn a_text_beyond_the_bound_leaves_the_document_as_it_was() {
        let mut overlay = opened();
        let long = whole(&"x".repeat(100));
        let changed = overlay.change(PATH, DocumentVersion(9), &long, Order(9), 99);
        assert_eq!(changed, Err(DocumentError::TooLarge { found: 100, max: 99 }));
        assert_eq!(overlay.texts().next().unwrap().1.text, "class A {}");
        let emptied = overlay.change(PATH, DocumentVersion(4), &whole(""), Order(9), 99);
        assert_eq!(emptied, Ok(key()));
    }

    #[test]
    fn a_document_that_belongs_elsewhere_is_shown_there_anew() {
        let mut overlay = opened();
        overlay.show(&key(), Order(1), Revision(4));
        assert_eq!(overlay.covers(PATH, &key(), Revision(3)), Some(false));
        assert_eq!(overlay.covers(PATH, &key(), Revision(4)), Some(true));
        let elsewhere = FileKey { root: b"src/a".to_vec(), path: b"A.java".to_vec() };
        let home = Home { key: elsewhere.clone(), place: PLACE };
        assert_eq!(overlay.move_to(PATH, home.clone()), Some(key()));
        assert_eq!(overlay.move_to(PATH, home), None);
        assert_eq!(overlay.awaited(), [(PATH.to_vec(), Order(1))]);
        assert!(!overlay.is_shown(PATH, Order(1)));
        assert_eq!(overlay.covers(PATH, &key(), Revision(4)), Some(false));
        assert_eq!(overlay.covers(PATH, &elsewhere, Revision(4)), Some(false));
        assert_eq!(overlay.close(PATH).unwrap().key, elsewhere);
        assert_eq!(overlay.close(PATH), None);
        assert_eq!(overlay.covers(PATH, &elsewhere, Revision(4)), None);
    }
}
