//! What a Java file declares: the one type that the scanner and the tree both yield.
//!
//! Names and signatures lie in one text arena per file, so that a file with a thousand declarations
//! costs two allocations. Offsets are bytes into the decoded text that was scanned (see
//! [`crate::text`]); [`crate::lines`] turns them into lines and UTF-16 columns.

use std::fmt;

/// Everything that one compilation unit declares.
#[derive(Clone, Default)]
pub struct Declarations {
    /// The package clause, if the file has one.
    pub package: Option<PackageClause>,
    /// The import declarations, in source order.
    pub imports: Vec<Import>,
    /// The declarations in source order: a parent stands before its children (pre-order).
    pub symbols: Vec<Declaration>,
    arena: String,
    /// How much text signatures were made of; see [`crate::signature`].
    signature_source_bytes: usize,
}

/// `package a.b.c;`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageClause {
    /// `a.b.c`, without comments and white space.
    pub name: Text,
    /// Where the name is written.
    pub name_span: Span,
    /// From the first annotation or the keyword to the semicolon.
    pub span: Span,
    /// Whether the clause bears `@Deprecated` (in `package-info.java`).
    pub deprecated: bool,
}

/// `import [static] a.b.C;`, `import a.b.*;` or `import module m;`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// `a.b.C`; for an import on demand `a.b`; for a module import the module's name.
    pub path: Text,
    /// What is imported.
    pub kind: ImportKind,
}

/// The five forms of an import declaration (JLS §7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImportKind {
    /// `import a.b.C;`
    Type,
    /// `import a.b.*;`
    TypeOnDemand,
    /// `import static a.b.C.m;`
    Static,
    /// `import static a.b.C.*;`
    StaticOnDemand,
    /// `import module m;`
    Module,
}

/// One declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// What it declares.
    pub kind: Kind,
    /// The declared name.
    pub name: Text,
    /// The signature as written, white space and comments normalised, beginning with the name:
    /// `put(K key, V value): V`, `toArray<T>(T[] a): T[]`, `table: Node<K,V>[]`,
    /// `HashMap<K,V> extends AbstractMap<K,V> implements Map<K,V>`, `Point(int x, int y)`.
    pub signature: Text,
    /// Index in [`Declarations::symbols`] of the innermost enclosing *named type*; always smaller
    /// than this declaration's own index. Methods and anonymous classes are no containers.
    pub parent: Option<u32>,
    /// The modifiers in the order written, then [`Modifier::Deprecated`] if so annotated.
    pub modifiers: Modifiers,
    /// Declared inside a body or an initialiser (a local class), or member of such a type.
    pub local: bool,
    /// Where the name is written.
    pub name_span: Span,
    /// The whole declaration: from its first annotation or modifier to its closing brace or
    /// semicolon (for one of several declarators, enum constants and record components: the
    /// declarator itself). Javadoc is not part of it.
    pub span: Span,
}

/// The kinds of declarations. The discriminants are part of the shard format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are Java's own")]
pub enum Kind {
    Module = 0,
    Package = 1,
    Class = 2,
    Interface = 3,
    Enum = 4,
    Record = 5,
    Annotation = 6,
    Method = 7,
    Constructor = 8,
    Field = 9,
    EnumConstant = 10,
    RecordComponent = 11,
}

impl Kind {
    /// Every kind, ordered by discriminant.
    pub const ALL: [Self; 12] = [
        Self::Module,
        Self::Package,
        Self::Class,
        Self::Interface,
        Self::Enum,
        Self::Record,
        Self::Annotation,
        Self::Method,
        Self::Constructor,
        Self::Field,
        Self::EnumConstant,
        Self::RecordComponent,
    ];

    /// The kind as the command line and its JSON spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Package => "package",
            Self::Class => "class",
            Self::Interface => "interface",
            Self::Enum => "enum",
            Self::Record => "record",
            Self::Annotation => "annotation",
            Self::Method => "method",
            Self::Constructor => "constructor",
            Self::Field => "field",
            Self::EnumConstant => "enum-constant",
            Self::RecordComponent => "record-component",
        }
    }

    /// The kind with this discriminant.
    pub fn from_u8(value: u8) -> Option<Self> {
        Self::ALL.get(usize::from(value)).copied()
    }

    /// Class, interface, enum, record or annotation.
    pub const fn is_type(self) -> bool {
        matches!(self, Self::Class | Self::Interface | Self::Enum | Self::Record | Self::Annotation)
    }
}

/// A modifier keyword, or the `@Deprecated` annotation. The discriminants are part of the shard
/// format; zero is left free to end a [`Modifiers`] list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are Java's own")]
pub enum Modifier {
    Public = 1,
    Protected = 2,
    Private = 3,
    Abstract = 4,
    Static = 5,
    Final = 6,
    Transient = 7,
    Volatile = 8,
    Synchronized = 9,
    Native = 10,
    Strictfp = 11,
    Default = 12,
    Sealed = 13,
    NonSealed = 14,
    Open = 15,
    Deprecated = 16,
}

impl Modifier {
    pub(crate) const ALL: [Self; 16] = [
        Self::Public,
        Self::Protected,
        Self::Private,
        Self::Abstract,
        Self::Static,
        Self::Final,
        Self::Transient,
        Self::Volatile,
        Self::Synchronized,
        Self::Native,
        Self::Strictfp,
        Self::Default,
        Self::Sealed,
        Self::NonSealed,
        Self::Open,
        Self::Deprecated,
    ];

    /// The modifier as Java writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Protected => "protected",
            Self::Private => "private",
            Self::Abstract => "abstract",
            Self::Static => "static",
            Self::Final => "final",
            Self::Transient => "transient",
            Self::Volatile => "volatile",
            Self::Synchronized => "synchronized",
            Self::Native => "native",
            Self::Strictfp => "strictfp",
            Self::Default => "default",
            Self::Sealed => "sealed",
            Self::NonSealed => "non-sealed",
            Self::Open => "open",
            Self::Deprecated => "deprecated",
        }
    }
}

/// An ordered list of at most twelve modifiers, packed five bits each, the first one lowest.
///
/// No legal declaration has more; what exceeds them, and repetitions, are dropped.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Modifiers(u64);

const MODIFIER_BITS: u32 = 5;
const MODIFIERS_MAX: u32 = 12;

impl Modifiers {
    /// Appends a modifier unless it is there already or the list is full.
    pub fn push(&mut self, modifier: Modifier) {
        let len = self.len();
        if len < MODIFIERS_MAX && !self.contains(modifier) {
            self.0 |= (modifier as u64) << (len * MODIFIER_BITS);
        }
    }

    /// Whether the list has this modifier.
    pub fn contains(self, modifier: Modifier) -> bool {
        self.iter().any(|m| m == modifier)
    }

    /// The modifiers in order.
    pub fn iter(self) -> impl Iterator<Item = Modifier> {
        (0..MODIFIERS_MAX)
            .map(move |i| (self.0 >> (i * MODIFIER_BITS)) & 31)
            .map_while(|code| Modifier::ALL.get((code as usize).wrapping_sub(1)).copied())
    }

    /// The packed list, as shard files keep it.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The list that a shard file keeps; `None` for bits that no list packs to.
    pub fn from_bits(bits: u64) -> Option<Self> {
        let mut list = Self::default();
        Self(bits).iter().for_each(|modifier| list.push(modifier));
        (list.0 == bits).then_some(list)
    }

    fn len(self) -> u32 {
        (u64::BITS - self.0.leading_zeros()).div_ceil(MODIFIER_BITS)
    }
}

impl fmt::Debug for Modifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Modifier::as_str)).finish()
    }
}

/// A stretch of the scanned text, in bytes, end exclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A string in a file's arena; resolve it by [`Declarations::text`] of the value that it came from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Text {
    start: u32,
    len: u32,
}

/// Few files import more; others cost another allocation.
const IMPORTS_EXPECTED: usize = 16;
/// The JDK has a declaration in 640 bytes of text.
const TEXT_BYTES_PER_SYMBOL: usize = 512;
/// The JDK has a byte of names and signatures in 20 bytes of text.
const TEXT_BYTES_PER_ARENA_BYTE: usize = 16;

impl Declarations {
    /// Empty, with room for what a text of so many bytes declares as a rule.
    pub(crate) fn for_text(bytes: usize) -> Self {
        Self {
            imports: Vec::with_capacity(IMPORTS_EXPECTED),
            symbols: Vec::with_capacity(bytes / TEXT_BYTES_PER_SYMBOL + 8),
            arena: String::with_capacity(bytes / TEXT_BYTES_PER_ARENA_BYTE + 256),
            ..Self::default()
        }
    }

    /// The string behind a [`Text`] of this value.
    pub fn text(&self, text: Text) -> &str {
        &self.arena[text.start as usize..][..text.len as usize]
    }

    /// Replaces every offset by what `map` makes of it.
    pub(crate) fn map_offsets(&mut self, map: impl Fn(u32) -> u32) {
        let map_span = |span: &mut Span| {
            *span = Span { start: map(span.start), end: map(span.end) };
        };
        if let Some(package) = &mut self.package {
            map_span(&mut package.name_span);
            map_span(&mut package.span);
        }
        for symbol in &mut self.symbols {
            map_span(&mut symbol.name_span);
            map_span(&mut symbol.span);
        }
    }

    pub(crate) fn signature_source(&self) -> usize {
        self.signature_source_bytes
    }

    pub(crate) fn note_signature_source(&mut self, bytes: usize) {
        self.signature_source_bytes += bytes;
    }

    /// The whole arena, to which a [`Text`] under construction is appended.
    pub(crate) fn arena(&mut self) -> &mut String {
        &mut self.arena
    }

    /// The arena's tail from `start` as a [`Text`].
    pub(crate) fn text_since(&self, start: usize) -> Text {
        Text { start: start as u32, len: (self.arena.len() - start) as u32 }
    }
}

/// Equal if they say the same, wherever in the arena it lies.
impl PartialEq for Declarations {
    fn eq(&self, other: &Self) -> bool {
        self.package().eq(&other.package())
            && self.imports().eq(other.imports())
            && self.said().eq(other.said())
    }
}

impl Eq for Declarations {}

impl Declarations {
    fn package(&self) -> Option<(&str, Span, Span, bool)> {
        let clause = self.package.as_ref()?;
        Some((self.text(clause.name), clause.name_span, clause.span, clause.deprecated))
    }

    fn imports(&self) -> impl Iterator<Item = (&str, ImportKind)> {
        self.imports.iter().map(|import| (self.text(import.path), import.kind))
    }

    /// The symbols' names and signatures, and the rest of them.
    fn said(&self) -> impl Iterator<Item = (&str, &str, Declaration)> {
        self.symbols.iter().map(|symbol| {
            let rest =
                Declaration { name: Text::default(), signature: Text::default(), ..symbol.clone() };
            (self.text(symbol.name), self.text(symbol.signature), rest)
        })
    }
}

impl fmt::Debug for Declarations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declarations")
            .field("package", &self.package())
            .field("imports", &self.imports().collect::<Vec<_>>())
            .field("symbols", &self.said().collect::<Vec<_>>())
            .finish()
    }
}
