//! Which of two symbols that match a query comes first: a total order that depends on what the
//! symbols are and where they stand, never on how shards are numbered.

use std::cmp::Ordering;

use nova_syntax::declarations::{Kind, Modifier, Modifiers};

use crate::matching::MatchClass;
use crate::symbol_ref::SymbolRef;
use crate::view::{ViewSymbol, compare_places};

/// The coarse rank: greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(pub u32);

/// What a class of match counts, above all that [`Score::of_symbol`] adds.
const CLASS_BITS: u32 = 8;

const IS_TYPE: u32 = 1 << 5;
const NOT_LOCAL: u32 = 1 << 4;
const ACCESS_SHIFT: u32 = 2;
const NOT_DEPRECATED: u32 = 1;

impl Score {
    /// The most that this symbol can reach, going by what its row says of it.
    pub(crate) fn max_of(class: MatchClass, symbol: &SymbolRef<'_>) -> Self {
        Self::new(class, ranks_as_type(symbol.kind()), symbol.local(), PUBLIC, Modifiers::default())
    }

    /// By class; then types before members, others before locals, public before private, deprecated
    /// last.
    pub(crate) fn of_symbol(class: MatchClass, symbol: &SymbolRef<'_>) -> Self {
        let modifiers = symbol.modifiers();
        let is_type = ranks_as_type(symbol.kind());
        Self::new(class, is_type, symbol.local(), access(symbol, modifiers), modifiers)
    }

    /// A package ranks as a public type.
    pub(crate) fn of_package(class: MatchClass, package: &ViewSymbol<'_>) -> Self {
        Self::new(class, true, false, PUBLIC, package.modifiers())
    }

    fn new(
        class: MatchClass,
        is_type: bool,
        local: bool,
        access: u32,
        modifiers: Modifiers,
    ) -> Self {
        let bit = |holds, bit| if holds { bit } else { 0 };
        Self(
            (class as u32) << CLASS_BITS
                | bit(is_type, IS_TYPE)
                | bit(!local, NOT_LOCAL)
                | access << ACCESS_SHIFT
                | bit(!modifiers.contains(Modifier::Deprecated), NOT_DEPRECATED),
        )
    }
}

fn ranks_as_type(kind: Kind) -> bool {
    kind.is_type() || kind == Kind::Module
}

const PUBLIC: u32 = 3;
const PROTECTED: u32 = 2;
const PACKAGE_PRIVATE: u32 = 1;
const PRIVATE: u32 = 0;

fn access(symbol: &SymbolRef<'_>, modifiers: Modifiers) -> u32 {
    for modifier in modifiers.iter() {
        match modifier {
            Modifier::Public => return PUBLIC,
            Modifier::Protected => return PROTECTED,
            Modifier::Private => return PRIVATE,
            _ => {}
        }
    }
    // What interfaces and annotations declare is public without saying so, and so is a constant.
    let within = || symbol.parent().map(|parent| parent.kind());
    match symbol.kind() {
        Kind::EnumConstant | Kind::Module => PUBLIC,
        _ if matches!(within(), Some(Kind::Interface | Kind::Annotation)) => PUBLIC,
        _ => PACKAGE_PRIVATE,
    }
}

/// Among equal scores: the shorter name, the qualified name, the place.
pub(crate) fn compare_equals(a: &ViewSymbol<'_>, b: &ViewSymbol<'_>) -> Ordering {
    let place = |symbol: &ViewSymbol<'_>| (symbol.line(), symbol.character());
    a.name()
        .len()
        .cmp(&b.name().len())
        .then_with(|| a.package().cmp(b.package()))
        .then_with(|| a.container().cmp(&b.container()))
        .then_with(|| a.name().cmp(b.name()))
        .then_with(|| compare_places(a.file(), b.file()))
        .then_with(|| place(a).cmp(&place(b)))
        .then_with(|| a.kind().cmp(&b.kind()))
        .then_with(|| a.signature().cmp(&b.signature()))
}
