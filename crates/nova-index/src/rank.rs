//! Which of two symbols that match a query comes first: a total order that depends on what the
//! symbols are and where they stand, never on how shards are numbered.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;

use crate::matching::{Grade, MatchClass};
use crate::merit::{Access, Centrality, Group, Merit, Purpose};
use crate::view::{ViewSymbol, compare_places};

/// All reasons of rank but the qualified name, in their order: greater is better.
///
/// ```text
///  31   27  26     25 … 24   23 … 18  17…16  15…14   13 … 9      7 … 0
/// ┌───────┬──────┬─────────┬────────┬───────┬──────┬────────────┬─────────┐
/// │ class │ case │ place   │ what   │ where │ near │ centrality │ brevity │
/// └───────┴──────┴─────────┴────────┴───────┴──────┴────────────┴─────────┘
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u32);

/// How well the place of a symbol is what the query says before the name, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlaceMatch {
    /// With parts of the package left out: `java.HashMap`.
    Gapped = 0,
    /// With parts abbreviated: `j.u.HashMap`.
    Abbreviated = 1,
    /// As written, or the query says nothing.
    Exact = 2,
}

/// How close to what the asker has before them a symbol stands, the best last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nearness {
    /// Elsewhere, or nobody knows.
    #[default]
    Far = 0,
    /// In the same folder.
    SameFolder = 1,
    /// In the same file; without a query, in a file that was changed recently.
    SameFile = 2,
}

const CASE_SHIFT: u32 = 26;
const PLACE_SHIFT: u32 = 24;
const WHAT_SHIFT: u32 = 18;
const WHERE_SHIFT: u32 = 16;
const NEAR_SHIFT: u32 = 14;
const CENTRALITY_SHIFT: u32 = 9;
const BREVITY_MAX: u32 = 0xff;

impl Score {
    pub(crate) fn new(
        grade: Grade,
        place: PlaceMatch,
        merit: Merit,
        near: Nearness,
        name_bytes: usize,
    ) -> Self {
        let case = u32::from(grade.case_as_typed());
        let brevity =
            BREVITY_MAX - u32::try_from(name_bytes).unwrap_or(BREVITY_MAX).min(BREVITY_MAX);
        let score = (grade.class() as u32) << (CASE_SHIFT + 1)
            | case << CASE_SHIFT
            | (place as u32) << PLACE_SHIFT
            | u32::from(merit.what()) << WHAT_SHIFT
            | (merit.purpose() as u32) << WHERE_SHIFT
            | (near as u32) << NEAR_SHIFT
            | u32::from(merit.centrality().power()) << CENTRALITY_SHIFT
            | brevity;
        Self(score)
    }

    /// The score that has this number; whatever it is, it has reasons.
    pub fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number, as scripts get it.
    pub fn get(self) -> u32 {
        self.0
    }

    /// How the name matches.
    pub(crate) fn class(self) -> MatchClass {
        Grade::from_bits((self.0 >> CASE_SHIFT & 0x3f) as u8).class()
    }

    /// The reasons, spelled out.
    pub fn reasons(self) -> Reasons {
        let bits = |shift: u32, width: u32| self.0 >> shift & ((1 << width) - 1);
        let merit = Merit::from_parts(
            bits(WHAT_SHIFT, 6) as u16,
            bits(WHERE_SHIFT, 2) as u16,
            bits(CENTRALITY_SHIFT, 5) as u16,
        );
        Reasons {
            class: self.class(),
            case_as_typed: bits(CASE_SHIFT, 1) != 0,
            place: match bits(PLACE_SHIFT, 2) {
                0 => PlaceMatch::Gapped,
                1 => PlaceMatch::Abbreviated,
                _ => PlaceMatch::Exact,
            },
            group: merit.group(),
            is_local: merit.is_local(),
            access: merit.access(),
            is_deprecated: merit.is_deprecated(),
            purpose: merit.purpose(),
            near: match bits(NEAR_SHIFT, 2) {
                0 => Nearness::Far,
                1 => Nearness::SameFolder,
                _ => Nearness::SameFile,
            },
            centrality: merit.centrality(),
        }
    }
}

/// Why a symbol ranks as it does, reason by reason in their order; then the shorter name and the
/// qualified name decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reasons {
    /// How the name matches.
    pub class: MatchClass,
    /// Whether every capital of the query is one in the name.
    pub case_as_typed: bool,
    /// How the place matches.
    pub place: PlaceMatch,
    /// What it is.
    pub group: Group,
    /// Whether it is declared inside a body.
    pub is_local: bool,
    /// Who may use it.
    pub access: Access,
    /// Whether it is deprecated.
    pub is_deprecated: bool,
    /// What its file is for.
    pub purpose: Purpose,
    /// How close it is to the asker.
    pub near: Nearness,
    /// How many files import its type.
    pub centrality: Centrality,
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What decides among equal scores: the shorter name, then the qualified one. Mostly the package decides,
/// and so the rest of it is found out when it is needed.
pub(crate) struct QualifiedName<'v> {
    symbol: ViewSymbol<'v>,
    package: OnceCell<&'v str>,
    container: OnceCell<String>,
}

impl<'v> QualifiedName<'v> {
    pub(crate) fn of(symbol: ViewSymbol<'v>) -> Self {
        Self { symbol, package: OnceCell::new(), container: OnceCell::new() }
    }

    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let name_bytes = |it: &Self| it.symbol.name().len();
        name_bytes(self)
            .cmp(&name_bytes(other))
            .then_with(|| self.package().cmp(other.package()))
            .then_with(|| self.container().cmp(other.container()))
            .then_with(|| self.symbol.name().cmp(other.symbol.name()))
    }

    fn package(&self) -> &'v str {
        self.package.get_or_init(|| self.symbol.package())
    }

    fn container(&self) -> &str {
        self.container.get_or_init(|| self.symbol.container())
    }
}

/// And among equal names the place.
pub(crate) fn compare_places_of(a: &ViewSymbol<'_>, b: &ViewSymbol<'_>) -> Ordering {
    let place = |symbol: &ViewSymbol<'_>| (symbol.line(), symbol.character());
    compare_places(a.file(), b.file())
        .then_with(|| place(a).cmp(&place(b)))
        .then_with(|| a.kind().cmp(&b.kind()))
        .then_with(|| a.signature().cmp(&b.signature()))
}
