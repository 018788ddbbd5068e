//! The unsaved text of open files, as the router last sent it.
//!
//! The router's overlay is the truth; this copy spares sending a text again. An older version never
//! replaces a newer one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nova_protocol::message::OpenFile;

/// Open files by absolute path.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles {
    texts: Mutex<HashMap<Bytes, VersionedText>>,
}

/// A text with its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VersionedText {
    pub(crate) version: u64,
    pub(crate) text: Bytes,
}

impl OpenFiles {
    /// Takes a text in, and answers with the newest one of the file.
    pub(crate) fn load(&self, file: OpenFile) -> VersionedText {
        let new = VersionedText { version: file.version, text: file.text };
        let mut texts = self.texts();
        let held = texts.entry(file.path).or_insert_with(|| new.clone());
        if held.version < new.version {
            *held = new;
        }
        held.clone()
    }

    pub(crate) fn unload(&self, path: &[u8]) {
        self.texts().remove(path);
    }

    pub(crate) fn count(&self) -> usize {
        self.texts().len()
    }

    fn texts(&self) -> MutexGuard<'_, HashMap<Bytes, VersionedText>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_text_never_replaces_newer_text() {
        let files = OpenFiles::default();
        let load = |version, text: &'static str| {
            let (path, text) =
                (Bytes::from_static(b"/A.java"), Bytes::from_static(text.as_bytes()));
            files.load(OpenFile { path, version, text }).text
        };
        assert_eq!(load(2, "two"), "two");
        assert_eq!(load(1, "one"), "two");
        assert_eq!(load(3, "three"), "three");
        files.unload(b"/A.java");
        assert_eq!(files.count(), 0);
        assert_eq!(load(1, "one"), "one");
    }
}
