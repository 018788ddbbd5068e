//! What someone looks for: the text that they typed, taken apart, and the kinds that they want.

use nova_syntax::declarations::Kind;

use crate::matching::Pattern;
use crate::shard::FileRef;
use crate::symbol_ref::SymbolRef;

/// A query, ready to run on any view.
///
/// Words apart by white space must all match a symbol's name. In a word, what stands before the last
/// `.`, `#` or `::` names where the symbol must be: enclosing types, or the package's last parts.
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) patterns: Vec<Pattern>,
    /// From the outside in.
    qualifiers: Vec<String>,
    kinds: KindSet,
}

impl Query {
    /// Takes a text apart. Without kinds, every kind is wanted; an empty text matches everything.
    pub fn new(text: &str, kinds: &[Kind]) -> Self {
        let text = text.replace("::", ".").replace('#', ".");
        let mut query =
            Self { patterns: Vec::new(), qualifiers: Vec::new(), kinds: KindSet::new(kinds) };
        for word in text.split_whitespace() {
            let mut parts: Vec<_> = word.split('.').collect();
            let name = parts.pop().unwrap_or_default();
            query.qualifiers.extend(parts.into_iter().filter(|it| !it.is_empty()).map(Into::into));
            if !name.is_empty() {
                query.patterns.push(Pattern::new(name));
            }
        }
        query
    }

    /// Whether symbols of this kind are wanted.
    pub(crate) fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(kind)
    }

    /// Whether a symbol of a file lies where the qualifiers say.
    pub(crate) fn places(&self, symbol: &SymbolRef<'_>, file: FileRef<'_>) -> bool {
        if self.qualifiers.is_empty() {
            true
        } else if symbol.kind() == Kind::Module {
            self.places_dotted(symbol.name())
        } else {
            let types = symbol.ancestors().map(|ancestor| ancestor.name());
            let packages = file.package().unwrap_or_default().rsplit('.');
            self.is_suffix_of(types.chain(packages))
        }
    }

    /// Whether a package or a module, which has all of its place in its name, lies where they say.
    pub(crate) fn places_dotted(&self, name: &str) -> bool {
        self.is_suffix_of(name.rsplit('.').skip(1))
    }

    /// Compares from the inside out, ignoring case.
    fn is_suffix_of<'a>(&self, mut places: impl Iterator<Item = &'a str>) -> bool {
        self.qualifiers.iter().rev().all(|qualifier| {
            places.next().is_some_and(|place| place.eq_ignore_ascii_case(qualifier))
        })
    }
}

/// A set of kinds, one bit each.
#[derive(Debug, Clone, Copy)]
struct KindSet(u16);

impl KindSet {
    const ALL: Self = Self((1 << Kind::ALL.len()) - 1);

    fn new(kinds: &[Kind]) -> Self {
        if kinds.is_empty() {
            return Self::ALL;
        }
        Self(kinds.iter().fold(0, |bits, &kind| bits | 1 << kind as u8))
    }

    fn contains(self, kind: Kind) -> bool {
        self.0 >> kind as u8 & 1 != 0
    }
}
