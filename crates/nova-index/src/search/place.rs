//! Whether what stands around a symbol is what the query says.

use nova_syntax::declarations::Kind;

use crate::matching::{MatchClass, Pattern, Words};
use crate::query::{Around, SourceLine};
use crate::rank::PlaceMatch;
use crate::shard::FileRef;
use crate::symbol_ref::SymbolRef;

/// How the place of a symbol matches; `None` if it does not.
pub(super) fn of_symbol(around: &Around, symbol: &SymbolRef<'_>) -> Option<PlaceMatch> {
    let outer = match around {
        // The type around it takes a search that most queries need not pay for.
        Around::Anything => return Some(PlaceMatch::Exact),
        _ => symbol.parent(),
    };
    match (around, outer) {
        (Around::Path(path), None) if symbol.kind() == Kind::Module => {
            of_dotted(path, symbol.name())
        }
        (_, None) => of_top_level(around, symbol.file().package()),
        (_, Some(outer)) => of_members(around, &outer),
    }
}

/// The same for a package.
pub(super) fn of_package(around: &Around, name: &str) -> Option<PlaceMatch> {
    match around {
        Around::Anything => Some(PlaceMatch::Exact),
        Around::Path(path) => of_dotted(path, name),
        Around::Words(_) => None,
    }
}

/// How the types and the package around matter to whatever lies directly in a type; `None` if they are
/// not as wanted.
pub(super) fn of_members(around: &Around, outer: &SymbolRef<'_>) -> Option<PlaceMatch> {
    match around {
        Around::Anything => Some(PlaceMatch::Exact),
        Around::Path(path) => {
            let (innermost, outwards) = path.split_last()?;
            Some(of_type(innermost, outer.name())?.min(of_path(outwards, outer)?))
        }
        Around::Words(words) => {
            let is_type = |word: &Pattern| is_exact(word, outer.name());
            let is_around = |word: &Pattern| {
                is_type(word)
                    || outer.ancestors().any(|it| is_exact(word, it.name()))
                    || parts(outer.file().package()).any(|part| of_part(word, part).is_some())
            };
            (words.iter().any(is_type) && words.iter().all(is_around)).then_some(PlaceMatch::Exact)
        }
    }
}

/// The same for whatever is a top-level declaration of a package.
pub(super) fn of_top_level(around: &Around, package: Option<&str>) -> Option<PlaceMatch> {
    match around {
        Around::Anything => Some(PlaceMatch::Exact),
        Around::Path(path) => of_parts(path, parts(package)),
        Around::Words(words) => {
            let is_part = |word: &Pattern| parts(package).any(|it| of_part(word, it).is_some());
            words.iter().all(is_part).then_some(PlaceMatch::Exact)
        }
    }
}

/// A type is not abbreviated to less.
pub(super) const TYPE_LETTERS_MIN: usize = 2;

/// How a qualifier matches a type's name.
fn of_type(qualifier: &Pattern, name: &str) -> Option<PlaceMatch> {
    let class = qualifier.grade_by_words(&Words::new(name.as_bytes())).class();
    match class {
        MatchClass::Exact => Some(PlaceMatch::Exact),
        class if class.is_by_words() && qualifier.len() >= TYPE_LETTERS_MIN => {
            Some(PlaceMatch::Abbreviated)
        }
        _ => None,
    }
}

/// The innermost of the path is the type around the symbol, and so on outwards; what is left are parts of
/// the package, of which some may be left out.
fn of_path(path: &[Pattern], symbol: &SymbolRef<'_>) -> Option<PlaceMatch> {
    let mut place = PlaceMatch::Exact;
    let mut rest = path;
    for outer in symbol.ancestors() {
        let Some((qualifier, outwards)) = rest.split_last() else { return Some(place) };
        place = place.min(of_type(qualifier, outer.name())?);
        rest = outwards;
    }
    Some(place.min(of_parts(rest, parts(symbol.file().package()))?))
}

/// The parts of a package's name from the inside out; the unnamed one has none.
fn parts(package: Option<&str>) -> impl Iterator<Item = &str> {
    package.into_iter().flat_map(|package| package.rsplit('.'))
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
pub(super) fn of_part(qualifier: &Pattern, part: &str) -> Option<PlaceMatch> {
    match qualifier.grade_by_words(&Words::new(part.as_bytes())).class() {
        MatchClass::Exact => Some(PlaceMatch::Exact),
        MatchClass::Prefix => Some(PlaceMatch::Abbreviated),
        _ => None,
    }
}

fn is_exact(word: &Pattern, name: &str) -> bool {
    of_type(word, name) == Some(PlaceMatch::Exact)
}

/// Whether a trace that names this line means the symbol: the last of its name before that.
pub(super) fn of_line(trace: &SourceLine, symbol: &SymbolRef<'_>) -> PlaceMatch {
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
