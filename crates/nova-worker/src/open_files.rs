//! The unsaved text of open files, as the router last sent it.
//!
//! The router's overlay is the truth; this copy spares sending a text again. An older version never
//! replaces a newer one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nova_protocol::message::OpenFile;

/// Open files by frontend and absolute path: no frontend sees another's text.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles {
    texts: Mutex<HashMap<(u64, Bytes), VersionedText>>,
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
        let held = texts.entry((file.session, file.path)).or_insert_with(|| new.clone());
        if held.version < new.version {
            *held = new;
        }
        held.clone()
    }

    pub(crate) fn unload(&self, session: u64, path: Bytes) {
        self.texts().remove(&(session, path));
    }

    pub(crate) fn count(&self) -> usize {
        self.texts().len()
    }

    fn texts(&self) -> MutexGuard<'_, HashMap<(u64, Bytes), VersionedText>> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: Bytes = Bytes::from_static(b"/A.java");

    fn load(files: &OpenFiles, session: u64, version: u64, text: &'static str) -> Bytes {
        let text = Bytes::from_static(text.as_bytes());
        files.load(OpenFile { session, path: PATH, version, text }).text
    }

    #[test]
    fn older_text_never_replaces_newer_text() {
        let files = OpenFiles::default();
        assert_eq!(load(&files, 1, 2, "two"), "two");
        assert_eq!(load(&files, 1, 1, "one"), "two");
        assert_eq!(load(&files, 1, 3, "three"), "three");
        files.unload(1, PATH);
        assert_eq!(files.count(), 0);
        assert_eq!(load(&files, 1, 1, "one"), "one");
    }

    #[test]
    fn each_frontend_has_its_own_text_of_a_file() {
        let files = OpenFiles::default();
        assert_eq!(load(&files, 1, 9, "mine"), "mine");
        assert_eq!(load(&files, 2, 3, "yours"), "yours");
        files.unload(1, PATH);
        assert_eq!(load(&files, 2, 2, "older"), "yours");
    }
}
