//! What can be said of a symbol's rank before anyone asks for it: what it is, where it stands, and how
//! many files import its type.

use nova_syntax::declarations::{Kind, Modifier, Modifiers};

use crate::shard::FileRef;

/// The reasons of rank that no query changes. Ordered, the better the greater.
///
/// ```text
///  12   11  10     9     8   7     6      5   4    4 … 0
/// ┌─────────┬──────────┬────────┬──────┬───────┬────────────┐
/// │ group 2 │ not      │ access │ not  │ where │ centrality │
/// │         │ local 1  │ 2      │ depr.│ 2     │ 5          │
/// └─────────┴──────────┴────────┴──────┴───────┴────────────┘
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Merit(pub(crate) u16);

/// How many bits of a merit are used.
pub(crate) const MERIT_BITS: u32 = 13;

const GROUP_SHIFT: u32 = 11;
const NOT_LOCAL: u16 = 1 << 10;
const ACCESS_SHIFT: u32 = 8;
const NOT_DEPRECATED: u16 = 1 << 7;
const WHERE_SHIFT: u32 = 5;
const CENTRALITY_MASK: u16 = (1 << WHERE_SHIFT) - 1;

/// What a symbol is, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// A constructor: its type says it before.
    Constructor = 0,
    /// A method, a field, a constant, a record's component.
    Member = 1,
    /// A package or a module.
    Package = 2,
    /// A class, interface, enum, record or annotation.
    Type = 3,
}

/// Who may use a symbol, the most last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Its own top-level type.
    Private = 0,
    /// Its package.
    Package = 1,
    /// Its package and its type's subtypes.
    Protected = 2,
    /// Everyone.
    Public = 3,
}

/// What a file is for, going by its path, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// It lies in an archive: it is someone else's.
    Archive = 0,
    /// A program wrote it.
    Generated = 1,
    /// It tests the others.
    Test = 2,
    /// All others.
    Main = 3,
}

/// How many files import a type, in powers of four: 0, 1–3, 4–15, 16–63 and so on, so that a few more
/// imports do not outweigh a shorter name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Centrality(u8);

impl Merit {
    /// More than any symbol has.
    pub(crate) const MOST: Self = Self((1 << MERIT_BITS) - 1);

    /// The merit of a declaration; of a member `centrality` is that of its type.
    pub(crate) fn of_symbol(
        kind: Kind,
        is_local: bool,
        access: Access,
        is_deprecated: bool,
        purpose: Purpose,
        centrality: Centrality,
    ) -> Self {
        let bit = |holds, bit| if holds { bit } else { 0 };
        Self(
            (Group::of(kind) as u16) << GROUP_SHIFT
                | bit(!is_local, NOT_LOCAL)
                | (access as u16) << ACCESS_SHIFT
                | bit(!is_deprecated, NOT_DEPRECATED)
                | (purpose as u16) << WHERE_SHIFT
                | u16::from(centrality.0),
        )
    }

    /// The most that a declaration can have, going by its row alone.
    pub(crate) fn most_of(kind: Kind, is_local: bool) -> Self {
        let centrality = Centrality(CENTRALITY_MASK as u8);
        Self::of_symbol(kind, is_local, Access::Public, false, Purpose::Main, centrality)
    }

    /// The merit of a package that stands at a file.
    pub(crate) fn of_package(is_deprecated: bool, purpose: Purpose) -> Self {
        let none = Centrality::default();
        Self::of_symbol(Kind::Package, false, Access::Public, is_deprecated, purpose, none)
    }

    /// The merit whose [`Self::what`], purpose and centrality these are.
    pub(crate) fn from_parts(what: u16, purpose: u16, centrality: u16) -> Self {
        Self(what << (WHERE_SHIFT + 2) | purpose << WHERE_SHIFT | centrality)
    }

    /// What the symbol is: all but the place.
    pub(crate) fn what(self) -> u16 {
        self.0 >> (WHERE_SHIFT + 2)
    }

    pub(crate) fn group(self) -> Group {
        match self.0 >> GROUP_SHIFT {
            0 => Group::Constructor,
            1 => Group::Member,
            2 => Group::Package,
            _ => Group::Type,
        }
    }

    pub(crate) fn is_local(self) -> bool {
        self.0 & NOT_LOCAL == 0
    }

    pub(crate) fn access(self) -> Access {
        match self.0 >> ACCESS_SHIFT & 3 {
            0 => Access::Private,
            1 => Access::Package,
            2 => Access::Protected,
            _ => Access::Public,
        }
    }

    pub(crate) fn is_deprecated(self) -> bool {
        self.0 & NOT_DEPRECATED == 0
    }

    pub(crate) fn purpose(self) -> Purpose {
        match self.0 >> WHERE_SHIFT & 3 {
            0 => Purpose::Archive,
            1 => Purpose::Generated,
            2 => Purpose::Test,
            _ => Purpose::Main,
        }
    }

    pub(crate) fn centrality(self) -> Centrality {
        Centrality((self.0 & CENTRALITY_MASK) as u8)
    }
}

impl Group {
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Package | Kind::Module => Self::Package,
            Kind::Constructor => Self::Constructor,
            _ if kind.is_type() => Self::Type,
            _ => Self::Member,
        }
    }
}

impl Access {
    /// By the modifiers, or by where it is declared: what an interface or an annotation declares is
    /// public without saying so (JLS 9.4, 9.5), and so is a constant.
    pub(crate) fn of(kind: Kind, modifiers: Modifiers, parent: Option<Kind>) -> Self {
        for modifier in modifiers.iter() {
            match modifier {
                Modifier::Public => return Self::Public,
                Modifier::Protected => return Self::Protected,
                Modifier::Private => return Self::Private,
                _ => {}
            }
        }
        match kind {
            Kind::EnumConstant | Kind::Module => Self::Public,
            _ if matches!(parent, Some(Kind::Interface | Kind::Annotation)) => Self::Public,
            _ => Self::Package,
        }
    }
}

impl Purpose {
    /// By the names of the folders and of the file.
    pub(crate) fn of_file(file: FileRef<'_>) -> Self {
        Self::of_folder(file.root_identity(), file.folder()).min(Self::of_name(file.file_name()))
    }

    /// What a folder is for, by the identity of its root and its path below that.
    pub(crate) fn of_folder(root: &[u8], folder: &[u8]) -> Self {
        let part = |byte: &u8| *byte == b'/';
        if root.split(part).any(|name| name.ends_with(b"!")) {
            return Self::Archive;
        }
        let names = || root.split(part).chain(folder.split(part));
        if names().any(is_generated) {
            Self::Generated
        } else if names().any(is_test) {
            Self::Test
        } else {
            Self::Main
        }
    }

    /// What a file is for, by its own name.
    pub(crate) fn of_name(name: &[u8]) -> Self {
        let stem = name.strip_suffix(b".java").unwrap_or(name);
        let endings: [&[u8]; 4] = [b"Test", b"Tests", b"TestCase", b"IT"];
        let is_test = |ending: &[u8]| {
            let before = stem.strip_suffix(ending).and_then(<[u8]>::last);
            before.is_some_and(|last| ending != b"IT" || last.is_ascii_lowercase())
        };
        if endings.into_iter().any(is_test) { Self::Test } else { Self::Main }
    }
}

/// `build/generated/sources`, `target/generated-sources`, `src/gen`, `gensrc`.
fn is_generated(folder: &[u8]) -> bool {
    folder.starts_with(b"generated") || matches!(folder, b"gen" | b"gensrc" | b"src-gen")
}

/// `src/test`, `tests`, `integrationTest`, `test-fixtures`, `jmh`.
fn is_test(folder: &[u8]) -> bool {
    let starts = |beginning: &[u8]| {
        let rest = folder.strip_prefix(beginning);
        rest.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_lowercase))
    };
    matches!(folder, b"jmh") || starts(b"test") || starts(b"tests") || folder.ends_with(b"Test")
}

impl Centrality {
    /// Of a type that so many files import.
    pub(crate) fn of_imports(files: u32) -> Self {
        Self((u32::BITS - files.leading_zeros()).div_ceil(2) as u8)
    }

    /// The power of four.
    pub(crate) fn power(self) -> u8 {
        self.0
    }

    /// The least number of files that import such a type.
    pub fn imports_min(self) -> u32 {
        if self.0 == 0 { 0 } else { 1 << (2 * (self.0 - 1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merit(kind: Kind, access: Access, is_deprecated: bool, purpose: Purpose) -> Merit {
        Merit::of_symbol(kind, false, access, is_deprecated, purpose, Centrality::of_imports(9))
    }

    #[test]
    fn reasons_are_compared_in_their_order() {
        use Access::*;
        let main = |kind, access| merit(kind, access, false, Purpose::Main);
        assert!(main(Kind::Class, Private) > main(Kind::Method, Public));
        assert!(main(Kind::Field, Private) > main(Kind::Constructor, Public));
        assert!(main(Kind::Class, Private) > main(Kind::Package, Public));
        assert!(main(Kind::Class, Public) > main(Kind::Record, Package));
        let test = merit(Kind::Class, Public, false, Purpose::Test);
        assert!(main(Kind::Class, Public) > test);
        assert!(test > main(Kind::Class, Package));
        assert!(merit(Kind::Class, Public, true, Purpose::Main) < test);
        assert!(merit(Kind::Class, Public, true, Purpose::Main) > main(Kind::Class, Protected));
        assert!(main(Kind::Class, Public).0 >> MERIT_BITS == 0);
    }

    #[test]
    fn a_merit_tells_what_it_was_made_of() {
        let merit = Merit::of_symbol(
            Kind::Enum,
            true,
            Access::Protected,
            true,
            Purpose::Generated,
            Centrality::of_imports(5),
        );
        assert_eq!(merit.group(), Group::Type);
        assert!(merit.is_local() && merit.is_deprecated());
        assert_eq!((merit.access(), merit.purpose()), (Access::Protected, Purpose::Generated));
        assert_eq!(merit.centrality().imports_min(), 4);
    }

    #[test]
    fn the_purpose_of_a_file_follows_from_its_path() {
        let check = |root: &str, folder: &str, expected| {
            assert_eq!(Purpose::of_folder(root.as_bytes(), folder.as_bytes()), expected, "{root}");
        };
        check("app/src/main/java", "com/acme", Purpose::Main);
        check("app/src/test/java", "com/acme", Purpose::Test);
        check("app/src/integrationTest/java", "com/acme", Purpose::Test);
        check("app/src/testFixtures/java", "", Purpose::Test);
        check("src/main/java", "com/acme/testing", Purpose::Main);
        check("src/main/java", "com/acme/latest", Purpose::Main);
        check("app/target/generated-sources/annotations", "com", Purpose::Generated);
        check("lib/src.zip!/java.base", "java/util", Purpose::Archive);
        assert_eq!(Purpose::of_name(b"MapTest.java"), Purpose::Test);
        assert_eq!(Purpose::of_name(b"Test.java"), Purpose::Main);
        assert_eq!(Purpose::of_name(b"AUDIT.java"), Purpose::Main);
        assert_eq!(Purpose::of_name(b"MapIT.java"), Purpose::Test);
    }

    #[test]
    fn centrality_goes_by_powers_of_four() {
        let imports = |files| Centrality::of_imports(files).imports_min();
        let all = [0, 1, 3, 4, 15, 16, u32::MAX].map(imports);
        assert_eq!(all, [0, 1, 1, 4, 4, 16, 1 << 30]);
        assert!(Centrality::of_imports(u32::MAX).power() <= CENTRALITY_MASK as u8);
    }
}
