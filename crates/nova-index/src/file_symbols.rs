//! One file's part of a shard index, made in the thread that scanned the file.
//!
//! Resolves what needs the text (positions, the digest), so that the text can be dropped before the
//! file is added to a [`crate::ShardBuilder`].

use nova_syntax::declarations::{Declaration, Declarations};
use nova_syntax::lines::{Lines, Position};

use crate::digest::{ContentHash, FileDigest};
use crate::format;
use crate::nesting::Nesting;
use crate::stamp::Stamp;

/// Declarations of a file, and imports of a file: a file with more is skipped. Twice what the largest
/// legal class file can hold, and a fraction of what a shard can number.
pub const FILE_DECLARATIONS_MAX: usize = 1 << 18;

/// Lines of a file in which a name can stand: a file with a later name is skipped.
pub const FILE_LINES_MAX: u32 = format::U24::NONE;

/// Columns of a line in which a name can stand: a file with a name further right is skipped.
pub const LINE_COLUMNS_MAX: u32 = format::U24::NONE;

/// What is known of a file beside its declarations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileMeta {
    /// Position of its source root in the builder's list.
    pub root: u32,
    /// Below the root, `/`-separated; need not be UTF-8.
    pub path: Vec<u8>,
    /// What `stat` said before the file was read.
    pub stamp: Stamp,
    /// The hash of the bytes that were read; zero if none were.
    pub content_hash: ContentHash,
    /// How many bytes were read; of a file too large to be read, the bound that it was larger than.
    pub source_bytes: u64,
    /// How the file was read.
    pub flags: FileFlags,
    /// Why it was skipped, as a fragment: `larger than the 32 MiB bound`. Else empty.
    pub note: String,
}

/// How a file was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FileFlags {
    /// It is not UTF-8 and was taken for ISO-8859-1.
    pub latin1: bool,
    /// Its declarations come from the tree, the scanner not being sure.
    pub via_tree: bool,
    /// The scanner was not sure, and its declarations were taken all the same.
    pub doubtful: bool,
    /// It was not indexed; the note says why.
    pub skipped: bool,
}

/// A file on its way into a shard.
#[derive(Debug, Clone)]
pub struct FileSymbols {
    pub(crate) meta: FileMeta,
    pub(crate) declarations: Declarations,
    /// Where the package name stands; the origin without a package clause.
    pub(crate) package_position: Position,
    /// Where the names stand, symbol by symbol.
    pub(crate) positions: Vec<Position>,
    pub(crate) digest: FileDigest,
}

impl FileSymbols {
    /// A scanned file: `declarations` is what `text` declares. A file that exceeds a
    /// bound comes out as skipped, with a note that names the bound.
    pub fn new(meta: FileMeta, text: &str, declarations: Declarations) -> Self {
        let mut lines = Lines::new(text);
        let package_position = match &declarations.package {
            Some(clause) => lines.position(clause.name_span.start),
            None => Position::default(),
        };
        let positions: Vec<_> =
            declarations.symbols.iter().map(|it| lines.position(it.name_span.start)).collect();
        if let Some(note) = exceeded_bound(&declarations, package_position, &positions) {
            return Self::skipped(FileMeta { note, ..meta });
        }
        let digest = digest(&meta, &declarations, package_position, &positions);
        Self { meta, declarations, package_position, positions, digest }
    }

    /// A file that is recorded, so that it is reported and not tried again, but has no symbols.
    pub fn skipped(mut meta: FileMeta) -> Self {
        meta.flags.skipped = true;
        let declarations = Declarations::default();
        let digest = digest(&meta, &declarations, Position::default(), &[]);
        Self {
            meta,
            declarations,
            package_position: Position::default(),
            positions: Vec::new(),
            digest,
        }
    }

    /// Whether the file is recorded without its symbols.
    pub fn is_skipped(&self) -> bool {
        self.meta.flags.skipped
    }

    /// How many symbols it has.
    pub fn symbol_count(&self) -> usize {
        self.declarations.symbols.len()
    }
}

impl FileFlags {
    const LATIN1: u8 = 1;
    const VIA_TREE: u8 = 2;
    const DOUBTFUL: u8 = 4;
    const SKIPPED: u8 = 8;

    /// The flags as a shard file keeps them.
    pub(crate) fn to_bits(self) -> u8 {
        let bit = |set, bit| if set { bit } else { 0 };
        bit(self.latin1, Self::LATIN1)
            | bit(self.via_tree, Self::VIA_TREE)
            | bit(self.doubtful, Self::DOUBTFUL)
            | bit(self.skipped, Self::SKIPPED)
    }

    /// The flags that a shard file keeps.
    pub(crate) fn from_bits(bits: u8) -> Self {
        Self {
            latin1: bits & Self::LATIN1 != 0,
            via_tree: bits & Self::VIA_TREE != 0,
            doubtful: bits & Self::DOUBTFUL != 0,
            skipped: bits & Self::SKIPPED != 0,
        }
    }
}

/// The part of a signature after the name that it begins with.
pub(crate) fn signature_tail<'a>(declarations: &'a Declarations, symbol: &Declaration) -> &'a str {
    let signature = declarations.text(symbol.signature);
    signature.strip_prefix(declarations.text(symbol.name)).unwrap_or_default()
}

fn exceeded_bound(
    declarations: &Declarations,
    package: Position,
    names: &[Position],
) -> Option<String> {
    if declarations.symbols.len().max(declarations.imports.len()) > FILE_DECLARATIONS_MAX {
        return Some(format!("more than {FILE_DECLARATIONS_MAX} declarations or imports"));
    }
    let any_name = |is_over: fn(&Position) -> bool| names.iter().chain([&package]).any(is_over);
    if any_name(|name| name.line > FILE_LINES_MAX) {
        return Some(format!("more than {FILE_LINES_MAX} lines"));
    }
    if any_name(|name| name.character > LINE_COLUMNS_MAX) {
        return Some(format!("a line longer than {LINE_COLUMNS_MAX} columns"));
    }
    let mut nesting = Nesting::default();
    for (index, symbol) in (0..).zip(&declarations.symbols) {
        let is_type = |parent: u32| declarations.symbols[parent as usize].kind.is_type();
        if let Err(problem) = nesting.enter(index, symbol.parent, is_type) {
            return Some(problem.to_string());
        }
    }
    None
}

/// Hashes the file's record spelled out: no table's numbering enters it.
fn digest(
    meta: &FileMeta,
    declarations: &Declarations,
    package_position: Position,
    positions: &[Position],
) -> FileDigest {
    let symbols_bytes = declarations.symbols.len() * SYMBOL_RECORD_BYTES_TYPICAL;
    let mut record = Vec::with_capacity(256 + symbols_bytes);
    record.extend_from_slice(&meta.content_hash.0);
    record.extend_from_slice(&meta.source_bytes.to_le_bytes());
    record.push(meta.flags.to_bits());
    push_text(&mut record, &meta.note);
    match &declarations.package {
        Some(clause) => {
            record.push(1 + u8::from(clause.deprecated));
            push_text(&mut record, declarations.text(clause.name));
            push_position(&mut record, package_position);
        }
        None => record.push(0),
    }
    push_number(&mut record, declarations.imports.len());
    for import in &declarations.imports {
        record.push(format::import_code(import.kind));
        push_text(&mut record, declarations.text(import.path));
    }
    for (symbol, position) in declarations.symbols.iter().zip(positions) {
        record.push(symbol.kind as u8 | u8::from(symbol.local) << 4);
        record.extend_from_slice(&symbol.modifiers.to_bits().to_le_bytes());
        record.extend_from_slice(&symbol.parent.unwrap_or(u32::MAX).to_le_bytes());
        push_position(&mut record, *position);
        push_text(&mut record, declarations.text(symbol.name));
        push_text(&mut record, signature_tail(declarations, symbol));
    }
    FileDigest::of(&record)
}

/// Reserved per symbol; names and signatures of real code take some fifty bytes.
const SYMBOL_RECORD_BYTES_TYPICAL: usize = 80;

fn push_text(record: &mut Vec<u8>, text: &str) {
    push_number(record, text.len());
    record.extend_from_slice(text.as_bytes());
}

fn push_position(record: &mut Vec<u8>, position: Position) {
    record.extend_from_slice(&position.line.to_le_bytes());
    record.extend_from_slice(&position.character.to_le_bytes());
}

fn push_number(record: &mut Vec<u8>, number: usize) {
    record.extend_from_slice(&(number as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use nova_syntax::scanner::scan;

    use super::*;
    use crate::nesting::TYPE_NESTING_MAX;

    #[track_caller]
    fn check(text: &str, note: &str) {
        let file = FileSymbols::new(FileMeta::default(), text, scan(text).declarations);
        assert_eq!((file.meta.note.as_str(), file.is_skipped()), (note, !note.is_empty()));
        assert!(file.symbol_count() == 0 || !file.is_skipped());
    }

    #[test]
    fn a_file_over_a_bound_is_skipped_with_a_note_that_names_it() {
        let nested = |depth| "class A{".repeat(depth);
        check(&nested(TYPE_NESTING_MAX + 1), "");
        check(&nested(TYPE_NESTING_MAX + 2), "types nested more than 255 deep");
        let constants = |count| format!("enum E{{{}", "A,".repeat(count));
        check(&constants(FILE_DECLARATIONS_MAX - 1), "");
        check(&constants(FILE_DECLARATIONS_MAX), "more than 262144 declarations or imports");
        let line = "\n".repeat(FILE_LINES_MAX as usize);
        check(&format!("{line}class A {{}}"), "");
        check(&format!("{line}\nclass A {{}}"), "more than 16777215 lines");
        let indent = " ".repeat(LINE_COLUMNS_MAX as usize - "class ".len());
        check(&format!("{indent}class A {{}}"), "");
        check(&format!("{indent} class A {{}}"), "a line longer than 16777215 columns");
        check(&format!("{indent}package a;"), "a line longer than 16777215 columns");
    }

    #[test]
    fn flags_survive_being_kept() {
        for bits in 0..16 {
            assert_eq!(FileFlags::from_bits(bits).to_bits(), bits);
        }
    }
}
