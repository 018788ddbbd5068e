//! The gathered files → the bytes of a shard file, in the one order that the format allows.

use xxhash_rust::xxh3::xxh3_64;
use zerocopy::IntoBytes;

use crate::builder::{BuildShardError, PendingFile, ShardBuilder};
use crate::digest::Digest;
use crate::format::{
    CHECKED_FROM, FORMAT_VERSION, FileRow, FolderRow, Header, ImportRow, MAGIC, ModifiersRow,
    NameRow, RootRow, Row, SECTIONS, ScopeRow, Section, SectionRow, StampRow, StringRow, SymbolRow,
    Traits, U24, file_flags, import_code,
};
use crate::interner::Interner;
use crate::path::split;

/// Sorts, renumbers and writes everything.
pub(crate) fn encode(shard: &ShardBuilder) -> Result<Vec<u8>, BuildShardError> {
    let root_ranks = inverse(&shard.roots_sorted);
    check_roots(shard)?;
    let files = sorted_files(shard, &root_ranks)?;
    let names = sorted(&shard.names);
    let name_ranks = inverse(&names);
    let modifiers = sorted(&shard.modifiers);
    let modifier_ranks = inverse(&modifiers);
    let mut strings = Renumbering::new(shard.strings.len());

    let mut writer = Writer::new(estimated_bytes(shard));
    write_roots(&mut writer, shard);
    write_files(&mut writer, &files, &root_ranks, &mut strings);
    writer.rows(files.iter().flat_map(|file| &shard.symbols[file.symbols.clone()]).map(|symbol| {
        let modifiers = modifier_ranks[symbol.modifiers as usize];
        SymbolRow {
            name: U24::new(name_ranks[symbol.name as usize]),
            signature: U24::new(strings.number(symbol.signature)),
            line: U24::new(symbol.line),
            character: U24::new(symbol.character),
            traits: Traits::new(symbol.kind, symbol.local, modifiers),
        }
    }));
    writer.rows(scopes(shard, &files));
    writer.rows(modifiers.iter().map(|&list| {
        let bits = shard.modifiers.get(list).try_into().expect("a list is interned as eight bytes");
        ModifiersRow(u64::from_be_bytes(bits).into())
    }));
    let mut text_end = 0;
    writer.rows(names.iter().map(|&name| {
        text_end += shard.names.get(name).len() as u32;
        NameRow { text_end: text_end.into() }
    }));
    writer.text(Section::NameText, names.iter().map(|&name| shard.names.get(name)));
    writer.rows(files.iter().flat_map(|file| &shard.imports[file.imports.clone()]).map(|import| {
        let path = U24::new(strings.number(import.path));
        ImportRow { path, kind: import_code(import.kind) }
    }));
    let mut text_end = 0;
    writer.rows(strings.order.iter().map(|&string| {
        text_end += shard.strings.get(string).len() as u32;
        StringRow { text_end: text_end.into() }
    }));
    let text = strings.order.iter().map(|&string| shard.strings.get(string));
    writer.text(Section::StringText, text);
    Ok(writer.finish(shard, digest(&files)))
}

fn check_roots(shard: &ShardBuilder) -> Result<(), BuildShardError> {
    let identity = |root: u32| &shard.roots[root as usize].identity;
    match shard.roots_sorted.windows(2).find(|pair| identity(pair[0]) == identity(pair[1])) {
        Some(pair) => Err(BuildShardError::DuplicateRoot(identity(pair[0]).clone())),
        None => Ok(()),
    }
}

fn sorted_files<'a>(
    shard: &'a ShardBuilder,
    root_ranks: &[u32],
) -> Result<Vec<&'a PendingFile>, BuildShardError> {
    let key = |file: &'a PendingFile| (root_ranks[file.root as usize], split(&file.path));
    let mut files: Vec<_> = shard.files.iter().collect();
    files.sort_by_cached_key(|file| key(file));
    match files.windows(2).find(|pair| key(pair[0]) == key(pair[1])) {
        Some(pair) => Err(BuildShardError::DuplicateFile(pair[0].path.to_vec())),
        None => Ok(files),
    }
}

/// The strings' numbers in the order of their bytes. Most comparisons are settled by the first eight
/// bytes, which spares two visits to memory.
fn sorted(strings: &Interner) -> Vec<u32> {
    let prefix = |string: &[u8]| {
        let mut prefix = [0; 8];
        prefix.iter_mut().zip(string).for_each(|(byte, of_string)| *byte = *of_string);
        u64::from_be_bytes(prefix)
    };
    let keys = (0..strings.len() as u32).map(|number| (prefix(strings.get(number)), number));
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable_by(|(a_prefix, a), (b_prefix, b)| {
        a_prefix.cmp(b_prefix).then_with(|| strings.get(*a).cmp(strings.get(*b)))
    });
    keys.into_iter().map(|(_, number)| number).collect()
}

/// From "which element comes n-th" to "the how-manieth is this element".
fn inverse(order: &[u32]) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, &element) in order.iter().enumerate() {
        ranks[element as usize] = rank as u32;
    }
    ranks
}

/// New numbers for strings, in the order in which they are asked for.
struct Renumbering {
    numbers: Vec<u32>,
    /// The old numbers in the order of the new.
    order: Vec<u32>,
}

impl Renumbering {
    fn new(strings: usize) -> Self {
        Self { numbers: vec![u32::MAX; strings], order: Vec::with_capacity(strings) }
    }

    fn number(&mut self, string: u32) -> u32 {
        let number = &mut self.numbers[string as usize];
        if *number == u32::MAX {
            *number = self.order.len() as u32;
            self.order.push(string);
        }
        *number
    }
}

fn write_roots(writer: &mut Writer, shard: &ShardBuilder) {
    let roots = || shard.roots_sorted.iter().map(|&root| &shard.roots[root as usize]);
    let mut identity_end = 0;
    writer.rows(roots().map(|root| {
        identity_end += root.identity.len() as u32;
        let stamp = root.archive_stamp.unwrap_or_default();
        RootRow { identity_end: identity_end.into(), stamp: stamp.into() }
    }));
    writer.text(Section::RootText, roots().map(|root| root.identity.as_slice()));
}

/// Folders, files and stamps.
fn write_files<'a>(
    writer: &mut Writer,
    files: &[&'a PendingFile],
    root_ranks: &[u32],
    strings: &mut Renumbering,
) {
    let folder = |file: &'a PendingFile| (root_ranks[file.root as usize], split(&file.path).0);
    let folders: Vec<_> = files.chunk_by(|a, b| folder(a) == folder(b)).collect();
    let mut path_end = 0;
    writer.rows(folders.iter().map(|files| {
        let (root, path) = folder(files[0]);
        path_end += path.len() as u32;
        FolderRow { root: U24::new(root), path_end: path_end.into() }
    }));
    writer.text(Section::FolderText, folders.iter().map(|files| folder(files[0]).1));

    let (mut name_end, mut imports_end, mut symbols_end) = (0, 0, 0);
    let mut row = |folder, file: &PendingFile| {
        name_end += split(&file.path).1.len() as u32;
        imports_end += file.imports.len() as u32;
        symbols_end += file.symbols.len() as u32;
        let package = file.package.as_ref();
        FileRow {
            folder: U24::new(folder),
            flags: file_flags(file.flags, package.is_some_and(|it| it.deprecated)),
            name_end: name_end.into(),
            imports_end: imports_end.into(),
            symbols_end: symbols_end.into(),
            package: U24::new(package.map_or(U24::NONE, |it| strings.number(it.name))),
            note: U24::new(file.note.map_or(U24::NONE, |note| strings.number(note))),
            package_line: U24::new(package.map_or(0, |it| it.line)),
            package_character: U24::new(package.map_or(0, |it| it.character)),
            source_bytes: file.source_bytes.into(),
            content_hash: file.content_hash.0,
            digest: file.digest.0.into(),
        }
    };
    let places = (0..).zip(&folders).flat_map(|(id, files)| files.iter().map(move |it| (id, it)));
    writer.rows(places.map(|(folder, file)| row(folder, file)));
    writer.text(Section::FileText, files.iter().map(|file| split(&file.path).1));
    writer.rows(files.iter().map(|file| StampRow::from(file.stamp)));
}

/// A row wherever the parent changes.
fn scopes(shard: &ShardBuilder, files: &[&PendingFile]) -> Vec<ScopeRow> {
    let mut scopes = Vec::new();
    let mut file_first = 0;
    let mut last = None;
    for file in files {
        for (symbol, id) in shard.symbols[file.symbols.clone()].iter().zip(file_first..) {
            let parent = symbol.parent.map_or(U24::NONE, |parent| file_first + parent);
            if last != Some(parent) {
                last = Some(parent);
                scopes.push(ScopeRow { first: U24::new(id), parent: U24::new(parent) });
            }
        }
        file_first += file.symbols.len() as u32;
    }
    scopes
}

fn digest(files: &[&PendingFile]) -> Digest {
    let mut digest = Digest::default();
    files.iter().for_each(|file| digest.add(&file.path, file.digest));
    digest
}

/// A symbol's row, and the share that it has in a scope's.
const SCOPED_SYMBOL_BYTES: usize = size_of::<SymbolRow>() + 1;

/// Close to the size of the file, so that its buffer need not grow much.
fn estimated_bytes(shard: &ShardBuilder) -> usize {
    size_of::<Header>()
        + shard.files.len() * (size_of::<FileRow>() + size_of::<StampRow>())
        + shard.files.iter().map(|file| file.path.len()).sum::<usize>()
        + shard.symbols.len() * SCOPED_SYMBOL_BYTES
        + shard.names.len() * size_of::<NameRow>()
        + shard.names.text_bytes()
        + shard.imports.len() * size_of::<ImportRow>()
        + shard.strings.len() * size_of::<StringRow>()
        + shard.strings.text_bytes()
}

/// Appends sections, in the order of [`Section::ALL`], and notes where they lie.
struct Writer {
    bytes: Vec<u8>,
    contents: Vec<SectionRow>,
}

impl Writer {
    fn new(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.resize(size_of::<Header>(), 0);
        Self { bytes, contents: Vec::with_capacity(SECTIONS) }
    }

    fn rows<R: Row>(&mut self, rows: impl IntoIterator<Item = R>) {
        let offset = self.bytes.len();
        rows.into_iter().for_each(|row| self.bytes.extend_from_slice(row.as_bytes()));
        self.end_section(R::SECTION, offset);
    }

    fn text<'a>(&mut self, section: Section, parts: impl Iterator<Item = &'a [u8]>) {
        let offset = self.bytes.len();
        parts.for_each(|part| self.bytes.extend_from_slice(part));
        self.end_section(section, offset);
    }

    fn end_section(&mut self, section: Section, offset: usize) {
        debug_assert_eq!(self.contents.len(), section as usize, "sections come in their order");
        let bytes = (self.bytes.len() - offset) as u64;
        self.contents.push(SectionRow { offset: (offset as u64).into(), bytes: bytes.into() });
    }

    fn finish(mut self, shard: &ShardBuilder, digest: Digest) -> Vec<u8> {
        let mut header = Header {
            magic: MAGIC,
            version: FORMAT_VERSION.into(),
            checksum: 0.into(),
            file_bytes: (self.bytes.len() as u64).into(),
            identity: shard.identity.0,
            digest: digest.to_bits().into(),
            scanned_at_ns: shard.scanned_at_ns.into(),
            shard: shard.shard.0.into(),
            sections: (SECTIONS as u32).into(),
            contents: self.contents.try_into().ok().expect("every section was written once"),
        };
        let head = size_of::<Header>();
        self.bytes[..head].copy_from_slice(header.as_bytes());
        header.checksum = xxh3_64(&self.bytes[CHECKED_FROM..]).into();
        self.bytes[..head].copy_from_slice(header.as_bytes());
        self.bytes
    }
}
