//! The documents that the editor has open: what it says of them, and where its columns are.
//!
//! The router has their texts, too; these are for the next one, when the workspace is opened anew, and for columns that are
//! not counted in UTF-16 units.

use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gen_lsp_types::{Position, Range, TextDocumentContentChangeEvent};
use nova_router::place::{TextPosition, TextRange};
use nova_router::{DocumentVersion, TextChange};
use nova_syntax::lines;

use crate::columns::Columns;
use crate::encoding::Encoding;

/// What is known of open documents.
#[derive(Debug)]
pub(crate) struct Documents {
    encoding: Encoding,
    open: Mutex<HashMap<PathBuf, Document>>,
}

#[derive(Debug)]
struct Document {
    version: DocumentVersion,
    text: String,
}

impl Documents {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self { encoding, open: Mutex::default() }
    }

    /// A document was opened with this text.
    pub(crate) fn open(&self, path: &Path, version: DocumentVersion, text: &str) {
        self.documents().insert(path.to_owned(), Document { version, text: text.to_owned() });
    }

    /// It was closed.
    pub(crate) fn close(&self, path: &Path) {
        self.documents().remove(path);
    }

    /// All that are open.
    pub(crate) fn all(&self) -> Vec<(PathBuf, DocumentVersion, String)> {
        let documents = self.documents();
        documents.iter().map(|(path, it)| (path.clone(), it.version, it.text.clone())).collect()
    }

    /// Changes of a document, in the router's words. Each speaks of the text that the one before left. What is
    /// not newer than what is known changes nothing.
    pub(crate) fn change(
        &self,
        path: &Path,
        version: DocumentVersion,
        changes: Vec<TextDocumentContentChangeEvent>,
    ) -> Vec<TextChange> {
        let mut documents = self.documents();
        let mut document = documents.get_mut(path).filter(|it| it.version < version);
        if let Some(document) = &mut document {
            document.version = version;
        }
        let mut text = document.map(|document| &mut document.text);
        let mut changed = Vec::new();
        for change in changes {
            let change = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(it) => {
                    let at = |at| {
                        let at = self
                            .encoding
                            .to_units(at, || Some(line_of(text.as_deref()?.as_str(), at.line)));
                        lines::Position { line: at.line, character: at.character }
                    };
                    TextChange {
                        range: Some((at(it.range.start), at(it.range.end))),
                        text: it.text,
                    }
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(it) => {
                    TextChange { range: None, text: it.text }
                }
            };
            if let Some(text) = &mut text {
                apply(text, &change);
            }
            changed.push(change);
        }
        changed
    }

    /// A place of the editor's in a file.
    pub(crate) fn place(&self, path: &Path, at: Position) -> TextPosition {
        let line = self.line(path, at.line);
        self.encoding.to_units(at, || line.as_deref())
    }

    /// A stretch of a file for the editor.
    pub(crate) fn range(&self, path: &Path, range: TextRange) -> Range {
        let at = |at: TextPosition| {
            let line = self.line(path, at.line);
            self.encoding.of_units(at, || line.as_deref())
        };
        Range { start: at(range.start), end: at(range.end) }
    }

    /// The columns of a file, for many places in it.
    pub(crate) fn columns(&self, path: &Path) -> Columns {
        let text = || match self.documents().get(path) {
            Some(document) => Some(document.text.clone()),
            None => std::fs::read_to_string(path).ok(),
        };
        let text = (self.encoding != Encoding::Utf16).then(text).flatten();
        Columns::new(self.encoding, text)
    }

    /// A line of a file, if columns depend on it.
    fn line(&self, path: &Path, line: u32) -> Option<String> {
        if self.encoding == Encoding::Utf16 {
            return None;
        }
        if let Some(document) = self.documents().get(path) {
            return Some(line_of(&document.text, line).to_owned());
        }
        let file = std::io::BufReader::new(std::fs::File::open(path).ok()?);
        file.lines().nth(line as usize)?.ok()
    }

    fn documents(&self) -> MutexGuard<'_, HashMap<PathBuf, Document>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line_of(text: &str, line: u32) -> &str {
    let start = lines::offset(text, lines::Position { line, character: 0 });
    let rest = &text[start..];
    &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())]
}

fn apply(text: &mut String, change: &TextChange) {
    match change.range {
        None => text.clone_from(&change.text),
        Some((start, end)) => {
            let (start, end) = (lines::offset(text, start), lines::offset(text, end));
            text.replace_range(start.min(end)..end.max(start), &change.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gen_lsp_types::TextDocumentContentChangePartial;

    #[test]
    #[expect(deprecated, reason = "the type has the field")]
    fn columns_in_bytes_lead_to_the_same_text() {
        let documents = Documents::new(Encoding::Utf8);
        let path = Path::new("/a/B.java");
        documents.open(path, DocumentVersion(1), "é😀x\nü");
        let insert = |line, character, text: &str| {
            let at = Position { line, character };
            let range = Range { start: at, end: at };
            let change = TextDocumentContentChangePartial {
                range,
                range_length: None,
                text: text.to_owned(),
            };
            TextDocumentContentChangeEvent::TextDocumentContentChangePartial(change)
        };
        let changes = documents.change(
            path,
            DocumentVersion(2),
            vec![insert(0, 6, "ß"), insert(0, 8, "!"), insert(1, 2, "?")],
        );
        let columns: Vec<_> = changes.iter().map(|it| it.range.unwrap().0.character).collect();
        assert_eq!(columns, [3, 4, 1]);
        assert_eq!(documents.documents()[path].text, "é😀ß!x\nü?");
        let at = Position { line: 0, character: 8 };
        assert_eq!(documents.place(path, at), TextPosition { line: 0, character: 4 });
        let text = TextPosition { line: 0, character: 4 };
        assert_eq!(documents.range(path, TextRange { start: text, end: text }).end, at);
    }
}
