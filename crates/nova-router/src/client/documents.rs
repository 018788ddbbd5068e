//! What a frontend has open at a router, so that the next router can be told.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nova_protocol::frontend::{OpenDocument, Request};
use nova_protocol::path;

use crate::overlay::{DocumentError, DocumentVersion, TextChange, apply};

/// The open documents with their newest texts.
#[derive(Debug, Default)]
pub(super) struct Documents(BTreeMap<PathBuf, Document>);

#[derive(Debug)]
struct Document {
    version: DocumentVersion,
    text: String,
}

impl Documents {
    pub(super) fn open(&mut self, path: &Path, version: DocumentVersion, text: String) {
        self.0.insert(path.to_path_buf(), Document { version, text });
    }

    /// By the same rules as the router.
    pub(super) fn change(
        &mut self,
        path: &Path,
        version: DocumentVersion,
        changes: &[TextChange],
    ) -> Result<(), DocumentError> {
        let document = self.0.get_mut(path).ok_or(DocumentError::NotOpen)?;
        if version <= document.version {
            let newest = document.version;
            return Err(DocumentError::NotNewer { found: version, newest });
        }
        *document = Document { version, text: apply(&document.text, changes) };
        Ok(())
    }

    pub(super) fn close(&mut self, path: &Path) {
        self.0.remove(path);
    }

    /// The request that opens each document as it is now.
    pub(super) fn replay(&self) -> Vec<Request> {
        let open = |(path, document): (&PathBuf, &Document)| {
            Request::OpenDocument(OpenDocument {
                path: path::to_bytes(path).into_owned().into(),
                version: document.version.0,
                text: document.text.clone(),
            })
        };
        self.0.iter().map(open).collect()
    }
}
