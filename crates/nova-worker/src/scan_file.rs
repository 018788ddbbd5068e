//! One file from its bytes to its part of an index.

use std::panic::AssertUnwindSafe;

use nova_index::{ContentHash, FileFlags, FileMeta, FileSymbols, Stamp};
use nova_protocol::message::SourceFile;
use nova_syntax::extract::{self, Fallback, Origin};
use nova_syntax::text::{self, Encoding};

use crate::disk::ReadError;

/// What became of a file.
pub(crate) enum Scanned {
    /// It is gone; whoever looks next will see that.
    Vanished,
    /// Its bytes are those that the older index knows.
    Unchanged { stamp: Stamp },
    /// Its symbols, or the reason why it was skipped.
    File(Box<FileSymbols>),
}

/// The bytes of a file as they were read.
#[derive(Clone, Copy)]
pub(crate) struct Text<'t> {
    pub(crate) content: &'t [u8],
    pub(crate) stamp: Stamp,
    pub(crate) content_hash: ContentHash,
}

/// Scans a file as it was read; `known` is the hash of its bytes in an older index.
pub(crate) fn scan_read(
    file: &SourceFile,
    read: Result<Text<'_>, ReadError>,
    known: Option<ContentHash>,
) -> Scanned {
    match read {
        Err(error) => match error.stamp() {
            None => Scanned::Vanished,
            Some(stamp) => Scanned::File(Box::new(skipped(file, stamp, &error))),
        },
        Ok(Text { content, stamp, content_hash }) => {
            if known == Some(content_hash) {
                return Scanned::Unchanged { stamp };
            }
            let meta = FileMeta { stamp, content_hash, ..meta(file) };
            Scanned::File(Box::new(scan(meta, content, Fallback::Tree)))
        }
    }
}

/// Scans unsaved text. It has no stamp: what the disk says does not matter to it.
pub(crate) fn scan_unsaved(file: &SourceFile, content: &[u8]) -> FileSymbols {
    let content_hash = ContentHash::of(content);
    // Broken text is normal while someone types, so the scanner alone answers.
    scan(FileMeta { content_hash, ..meta(file) }, content, Fallback::None)
}

fn scan(meta: FileMeta, content: &[u8], fallback: Fallback) -> FileSymbols {
    let source = text::decode(content);
    #[cfg(feature = "fault-injection")]
    crate::fault::inject(&source.text);
    let extract = || extract::declarations(&source.text, fallback);
    #[cfg_attr(not(feature = "fault-injection"), expect(unused_mut, reason = "a liar changes it"))]
    let Some(mut extracted) = unless_it_panics(extract) else {
        let note = "scanning it failed, which is a bug".to_owned();
        return FileSymbols::skipped(FileMeta { note, ..meta });
    };
    #[cfg(feature = "fault-injection")]
    crate::fault::falsify(&mut extracted.declarations);
    let latin1 = source.encoding == Encoding::Latin1;
    let flags = FileFlags {
        latin1,
        via_tree: extracted.origin == Origin::Tree,
        doubtful: extracted.origin == Origin::DoubtfulScanner,
        skipped: false,
    };
    let note = if latin1 { "not UTF-8, read as ISO-8859-1" } else { "" }.to_owned();
    let meta = FileMeta { source_bytes: content.len() as u64, flags, note, ..meta };
    FileSymbols::new(meta, &source.text, extracted.declarations)
}

/// Keeps a bug that one file brings to light from the other files of the shard. What panicked is
/// dropped whole, so nothing half done is seen.
fn unless_it_panics<T>(work: impl FnOnce() -> T) -> Option<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

fn skipped(file: &SourceFile, stamp: Stamp, error: &ReadError) -> FileSymbols {
    let source_bytes = error.exceeded_bytes_max().unwrap_or(0);
    FileSymbols::skipped(FileMeta { stamp, source_bytes, note: error.to_string(), ..meta(file) })
}

fn meta(file: &SourceFile) -> FileMeta {
    FileMeta { root: file.root, path: file.path.to_vec(), ..FileMeta::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_stays_with_its_file() {
        assert_eq!(unless_it_panics(|| 1), Some(1));
        assert_eq!(unless_it_panics(|| -> u8 { panic!("a bug") }), None);
    }
}
