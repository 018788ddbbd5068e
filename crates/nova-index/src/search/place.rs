//! Whether what stands around a symbol is what the query says.

use nova_syntax::declarations::Kind;

use crate::matching::{MatchClass, Pattern, Words};
use crate::query::{Around, SourceLine};
use crate::rank::PlaceMatch;
use crate::shard::FileRef;
use crate::symbol_ref::SymbolRef;

/// How the place of a symbol matches; `None` if it does not.
pub(super) fn of_symbol(
    around: &Around,
    line: Option<&SourceLine>,
    symbol: &SymbolRef<'_>,
) -> Option<PlaceMatch> {
    let place = match around {
        Around::Anything => PlaceMatch::Exact,
        Around::Path(path) if symbol.kind() == Kind::Module => of_dotted(path, symbol.name())?,
        Around::Path(path) => of_path(path, symbol)?,
        Around::Words(words) => by_words(words, symbol)?,
    };
    Some(line.map_or(place, |line| place.min(of_line(line, symbol))))
}

/// The same for a package.
pub(super) fn of_package(around: &Around, name: &str) -> Option<PlaceMatch> {
    match around {
        Around::Anything => Some(PlaceMatch::Exact),
        Around::Path(path) => of_dotted(path, name),
        Around::Words(_) => None,
    }
}

/// How a qualifier matches a type's name.
pub(super) fn of_type(qualifier: &Pattern, name: &str) -> Option<PlaceMatch> {
    let class = qualifier.grade(&Words::new(name.as_bytes())).class();
    match class {
        MatchClass::Exact => Some(PlaceMatch::Exact),
        class if class.is_by_words() => Some(PlaceMatch::Abbreviated),
        _ => None,
    }
}

/// The innermost of the path is the symbol's type, and so on outwards; what is left are parts of the
/// package, of which some may be left out.
fn of_path(path: &[Pattern], symbol: &SymbolRef<'_>) -> Option<PlaceMatch> {
    let mut place = PlaceMatch::Exact;
    let mut rest = path;
    for outer in symbol.ancestors() {
        let Some((qualifier, outwards)) = rest.split_last() else { return Some(place) };
        place = place.min(of_type(qualifier, outer.name())?);
        rest = outwards;
    }
    Some(place.min(of_parts(rest, package_parts(symbol))?))
}

/// The parts of the symbol's package from the inside out; the unnamed one has none.
fn package_parts<'s>(symbol: &SymbolRef<'s>) -> impl Iterator<Item = &'s str> {
    symbol.file().package().into_iter().flat_map(|package| package.rsplit('.'))
}

/// The same for a package or a module, which has all of its place in its name.
fn of_dotted(path: &[Pattern], name: &str) -> Option<PlaceMatch> {
    of_parts(path, name.rsplit('.').skip(1))
}

/// The parts come from the inside out.
fn of_parts<'p>(path: &[Pattern], mut parts: impl Iterator<Item = &'p str>) -> Option<PlaceMatch> {
    let mut place = PlaceMatch::Exact;
    for qualifier in path.iter().rev() {
        let found = loop {
            match of_part(qualifier, parts.next()?) {
                Some(found) => break found,
                None => place = PlaceMatch::Gapped,
            }
        };
        place = place.min(found);
    }
    Some(place)
}

/// How a qualifier matches a part of a package's name.
fn of_part(qualifier: &Pattern, part: &str) -> Option<PlaceMatch> {
    match qualifier.grade(&Words::new(part.as_bytes())).class() {
        MatchClass::Exact => Some(PlaceMatch::Exact),
        MatchClass::Prefix => Some(PlaceMatch::Abbreviated),
        _ => None,
    }
}

/// Each word is a type around the symbol, or begins a part of its package; of a member one is its type.
fn by_words(words: &[Pattern], symbol: &SymbolRef<'_>) -> Option<PlaceMatch> {
    let is_exact = |word: &Pattern, name: &str| of_type(word, name) == Some(PlaceMatch::Exact);
    let parent = symbol.parent();
    let has_type =
        parent.is_none_or(|parent| words.iter().any(|word| is_exact(word, parent.name())));
    let is_around = |word: &Pattern| {
        symbol.ancestors().any(|outer| is_exact(word, outer.name()))
            || package_parts(symbol).any(|part| of_part(word, part).is_some())
    };
    (has_type && words.iter().all(is_around)).then_some(PlaceMatch::Exact)
}

/// Whether a trace that names this line means the symbol: the last of its name before that.
fn of_line(trace: &SourceLine, symbol: &SymbolRef<'_>) -> PlaceMatch {
    let file = symbol.file();
    if !file.file_name().eq_ignore_ascii_case(trace.file.as_bytes()) {
        return PlaceMatch::Gapped;
    }
    let Some(line) = trace.line else { return PlaceMatch::Exact };
    let is_before = |other: &SymbolRef<'_>| other.line() <= line && other.name() == symbol.name();
    let last = last_of(file, is_before);
    match last {
        Some(last) if last.id() == symbol.id() => PlaceMatch::Exact,
        _ => PlaceMatch::Abbreviated,
    }
}

fn last_of<'f>(
    file: FileRef<'f>,
    is_meant: impl Fn(&SymbolRef<'f>) -> bool,
) -> Option<SymbolRef<'f>> {
    file.symbols().filter(is_meant).max_by_key(|symbol| (symbol.line(), symbol.character()))
}
