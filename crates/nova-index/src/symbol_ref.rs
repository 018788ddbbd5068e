//! One symbol of a shard.

use nova_syntax::declarations::{Kind, Modifier, Modifiers};

use crate::format::{ModifiersRow, ScopeRow, SymbolRow, U24};
use crate::gallop::partition_point_near;
use crate::id::SymbolId;
use crate::shard::{FileRef, Shard};

/// One declaration: name, kind, container, file, position, modifiers.
#[derive(Clone, Copy)]
pub struct SymbolRef<'a> {
    shard: &'a Shard,
    id: SymbolId,
    row: SymbolRow,
}

impl<'a> SymbolRef<'a> {
    pub(crate) fn new(shard: &'a Shard, id: SymbolId, row: SymbolRow) -> Self {
        Self { shard, id, row }
    }

    /// The symbol's position in its shard.
    pub fn id(&self) -> SymbolId {
        self.id
    }

    /// The declared name.
    pub fn name(&self) -> &'a str {
        self.shard.name(self.row.name)
    }

    pub(crate) fn name_bytes(&self) -> &'a [u8] {
        self.shard.name_bytes(self.row.name)
    }

    pub(crate) fn signature_tail_bytes(&self) -> &'a [u8] {
        self.shard.string_bytes(self.row.signature)
    }

    /// The position of its name among the shard's names.
    pub(crate) fn name_number(&self) -> usize {
        self.row.name.get() as usize
    }

    /// What is declared.
    pub fn kind(&self) -> Kind {
        self.row.traits.kind().expect("opening checked the kinds of symbols")
    }

    /// Whether it is declared inside a body, or is a member of such a type.
    pub fn local(&self) -> bool {
        self.row.traits.local()
    }

    /// The modifiers as written, then `deprecated`.
    pub fn modifiers(&self) -> Modifiers {
        let list = self.shard.rows::<ModifiersRow>()[self.row.traits.modifiers() as usize];
        Modifiers::from_bits(list.0.get()).expect("opening checked the lists of modifiers")
    }

    /// Whether it bears `@Deprecated`.
    pub(crate) fn is_deprecated(&self) -> bool {
        self.modifiers().contains(Modifier::Deprecated)
    }

    /// Line of the name, from zero.
    pub fn line(&self) -> u32 {
        self.row.line.get()
    }

    /// Column of the name in UTF-16 units, from zero.
    pub fn character(&self) -> u32 {
        self.row.character.get()
    }

    /// The signature without the name that it begins with.
    pub fn signature_tail(&self) -> &'a str {
        self.shard.string(self.row.signature)
    }

    /// The signature as written: `put(K key, V value): V`.
    pub fn signature(&self) -> String {
        [self.name(), self.signature_tail()].concat()
    }

    /// The innermost enclosing named type.
    pub fn parent(&self) -> Option<Self> {
        let parent = self.shard.rows::<ScopeRow>()[self.next_scope() - 1].parent.get();
        if parent == U24::NONE { None } else { self.shard.symbol(SymbolId(parent)) }
    }

    /// The first scope that begins after the symbol.
    fn next_scope(&self) -> usize {
        let scopes = self.shard.rows::<ScopeRow>();
        // Scopes have much the same size.
        let guess = self.id.0 as usize * scopes.len() / self.shard.symbol_count() as usize;
        partition_point_near(scopes, guess, |scope| scope.first.get() <= self.id.0)
    }

    /// What lies directly in a type, in source order.
    pub(crate) fn members(&self) -> impl Iterator<Item = Self> + use<'a> {
        let (shard, id) = (self.shard, self.id.0);
        let scopes = shard.rows::<ScopeRow>();
        let symbols = shard.symbol_count();
        let after = self.next_scope();
        // Scopes of the types within are between those of the type; any other one ends it.
        let inside = (after..scopes.len()).take_while(move |&at| {
            let parent = scopes[at].parent.get();
            parent != U24::NONE && parent >= id
        });
        let own = inside.filter(move |&at| scopes[at].parent.get() == id);
        own.flat_map(move |at| {
            let end = scopes.get(at + 1).map_or(symbols, |next| next.first.get());
            (scopes[at].first.get()..end).filter_map(move |member| shard.symbol(SymbolId(member)))
        })
    }

    /// The enclosing named types from the inside out.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// The enclosing named types joined by dots; empty for a top-level symbol.
    pub fn container(&self) -> String {
        let mut names: Vec<_> = self.ancestors().map(|ancestor| ancestor.name()).collect();
        names.reverse();
        names.join(".")
    }

    /// The file that declares it.
    pub fn file(&self) -> FileRef<'a> {
        self.shard.file_of(self.id)
    }

    /// The shard that it is in.
    pub fn shard(&self) -> &'a Shard {
        self.shard
    }
}

impl std::fmt::Debug for SymbolRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SymbolRef({} {} {:?})", self.id.0, self.kind().as_str(), self.signature())
    }
}
