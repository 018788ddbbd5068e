//! How the place of whatever stands in a package is what a query says, found out once for each package.
//!
//! By the home of a posting one can then tell that its symbol stands elsewhere, mostly without a look
//! at the symbol.

use super::place;
use crate::dictionary::{Home, Packages};
use crate::matching::Pattern;
use crate::query::Around;
use crate::rank::PlaceMatch;
use crate::view::SymbolView;

/// What a query says of the place of a symbol, compared with all packages.
pub(super) struct Surroundings<'d> {
    packages: Packages<'d>,
    around: Said,
    /// For each part of packages' names what of the query it is.
    parts: Vec<Part>,
    /// For each package what of the query it fulfils: of a path how many qualifiers, from the outside in;
    /// of words which ones, a bit each. Empty if none fulfils any.
    fulfilled: Vec<u8>,
    /// The packages that fulfil all of it, with how well.
    matching: Vec<(u32, PlaceMatch)>,
    /// The same for each package by its number, up to the last of these.
    places: Vec<Option<PlaceMatch>>,
}

/// How a query says it.
#[derive(Clone, Copy)]
enum Said {
    /// So many qualifiers.
    Path(usize),
    /// These bits are to be fulfilled.
    Words(u8),
}

/// What a part of a package's name is, a bit for each qualifier or word.
#[derive(Clone, Copy, Default)]
struct Part {
    fulfils: u32,
    /// Of these, what is spelled out.
    exact: u32,
}

impl<'d> Surroundings<'d> {
    /// `None` if the query says nothing, or there is no dictionary.
    pub(super) fn new(view: &'d SymbolView, around: &Around) -> Option<Self> {
        let (patterns, said) = match around {
            Around::Anything => return None,
            Around::Path(path) => (path, Said::Path(path.len())),
            Around::Words(words) => (words, Said::Words((1 << words.len()) - 1)),
        };
        let packages = view.dictionary()?.packages();
        let parts = parts(packages, patterns);
        let fulfilled = fulfilled(packages, said, &parts);
        let (matching, places) = Default::default();
        let mut found = Self { packages, around: said, parts, fulfilled, matching, places };
        let all = match said {
            Said::Path(len) => len as u8,
            Said::Words(words) => words,
        };
        let matching = memchr::memchr_iter(all, &found.fulfilled).map(|it| it as u32);
        let matching = matching.filter_map(|it| Some((it, found.of_package(it, 0)?)));
        found.matching = matching.collect();
        if let Some((last, _)) = found.matching.last() {
            found.places.resize(*last as usize + 1, None);
        }
        for (package, place) in &found.matching {
            found.places[*package as usize] = Some(*place);
        }
        Some(found)
    }

    /// How the place of a top-level type matches, or that of a package by what is around it.
    pub(super) fn of_home(&self, home: Home) -> Option<PlaceMatch> {
        let place = self.places.get(home.package as usize).filter(|_| home.depth == 0);
        place.copied().flatten()
    }

    /// Whether a type may be one that a query names, going by its home.
    pub(super) fn may_be_named(&self, home: Home) -> bool {
        match self.around {
            Said::Path(_) if home.depth >= Home::DEPTH_MAX => true,
            Said::Path(_) => self.of_package(home.package, 1 + home.depth as usize).is_some(),
            // They are the type, or around it, in no order.
            Said::Words(_) => true,
        }
    }

    /// The packages that match just as well as this.
    pub(super) fn packages_at(&self, place: PlaceMatch) -> impl Iterator<Item = u32> + '_ {
        self.matching.iter().filter(move |it| it.1 == place).map(|it| it.0)
    }

    /// How a package matches if so many of the qualifiers from the inside out are types.
    fn of_package(&self, package: u32, types: usize) -> Option<PlaceMatch> {
        let fulfilled = self.fulfilled_by(package);
        match self.around {
            Said::Words(all) => (fulfilled == all).then_some(PlaceMatch::Exact),
            Said::Path(len) => {
                let wanted = len.saturating_sub(types);
                (usize::from(fulfilled) >= wanted).then(|| self.of_path(package, wanted))
            }
        }
    }

    /// How a package matches the first qualifiers, all of which it fulfils.
    fn of_path(&self, mut package: u32, qualifiers: usize) -> PlaceMatch {
        let mut place = PlaceMatch::Exact;
        for qualifier in (0..qualifiers).rev() {
            let Some((outer, part)) = self.packages.get(package) else { return PlaceMatch::Gapped };
            let Part { fulfils, exact } = self.parts[part as usize];
            if fulfils >> qualifier & 1 == 0 {
                return PlaceMatch::Gapped;
            }
            if exact >> qualifier & 1 == 0 {
                place = PlaceMatch::Abbreviated;
            }
            package = outer;
        }
        place
    }

    fn fulfilled_by(&self, package: u32) -> u8 {
        self.fulfilled.get(package as usize).copied().unwrap_or_default()
    }
}

/// What of the query each package fulfils. Goes through all of them once, the outer ones first.
fn fulfilled(packages: Packages<'_>, said: Said, parts: &[Part]) -> Vec<u8> {
    if parts.iter().all(|part| part.fulfils == 0) {
        return Vec::new();
    }
    let mut fulfilled = Vec::with_capacity(packages.rows().len());
    for (outer, part) in packages.rows() {
        // The first package, around which there is none, is unnamed.
        let Some(&before) = fulfilled.get(outer as usize) else {
            fulfilled.push(0);
            continue;
        };
        let part = parts[part as usize].fulfils;
        fulfilled.push(match said {
            Said::Path(_) => before + (part.checked_shr(before.into()).unwrap_or(0) & 1) as u8,
            Said::Words(_) => before | part as u8,
        });
    }
    fulfilled
}

/// What each part of packages' names is.
fn parts(packages: Packages<'_>, patterns: &[Pattern]) -> Vec<Part> {
    let mut parts = vec![Part::default(); packages.part_count()];
    for (bit, pattern) in patterns.iter().enumerate() {
        for number in packages.parts_beginning_with(pattern.letters()) {
            let Some(found) = place::of_part(pattern, packages.part(number)) else { continue };
            let part = &mut parts[number as usize];
            part.fulfils |= 1 << bit;
            part.exact |= u32::from(found == PlaceMatch::Exact) << bit;
        }
    }
    parts
}
