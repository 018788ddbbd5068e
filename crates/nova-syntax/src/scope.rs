//! What a name stands for where it is written: the full names that it may have, by the rules of scoping (JLS §6.4.1,
//! §6.5.5).
//!
//! Knows nothing of what exists: of the full names, the first that something is called by is the one. What a type
//! inherits is in no text, so whoever knows the types above it adds that.

use crate::declarations::ImportKind;

/// What a text says of the names that can be used at a place in it.
#[derive(Debug, Clone, Default)]
pub struct Scope<'s> {
    /// The text's package; empty for the unnamed one.
    pub package: &'s str,
    /// The simple names of the types around the place, the innermost first.
    pub types: Vec<&'s str>,
    /// What the text imports, with the paths as they are written.
    pub imports: Vec<(ImportKind, &'s str)>,
}

/// Why a name can stand for something; the greater, the more it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// The name is the full one.
    FullName,
    /// An import on demand, or `java.lang`.
    OnDemand,
    /// It is of the same package.
    Package,
    /// An import names it.
    Import,
    /// It is a type around the place, or a member of one.
    Enclosing,
}

impl Scope<'_> {
    /// The full names that a name, with what is written before it, may have: what counts most comes first.
    pub fn meanings(&self, written: &str) -> Vec<(Rule, String)> {
        let (head, rest) = match written.find('.') {
            Some(dot) => written.split_at(dot),
            None => (written, ""),
        };
        let mut found = Vec::new();
        for (depth, type_) in self.types.iter().enumerate() {
            let type_name = self.type_around(depth);
            if *type_ == head {
                found.push((Rule::Enclosing, format!("{type_name}{rest}")));
            }
            found.push((Rule::Enclosing, format!("{type_name}.{written}")));
        }
        let imported = |kinds: [ImportKind; 2]| {
            let imports = self.imports.iter().filter(move |(kind, _)| kinds.contains(kind));
            imports.map(|(kind, path)| (*kind, *path))
        };
        let mut is_named = false;
        for (kind, path) in imported([ImportKind::Type, ImportKind::Static]) {
            if path.rsplit('.').next() == Some(head) {
                is_named |= kind == ImportKind::Type;
                found.push((Rule::Import, format!("{path}{rest}")));
            }
        }
        // An import of this very type leaves no other choice.
        if is_named {
            return found;
        }
        found.push((Rule::Package, below(self.package, written)));
        for (_, path) in imported([ImportKind::TypeOnDemand, ImportKind::StaticOnDemand]) {
            found.push((Rule::OnDemand, below(path, written)));
        }
        found.push((Rule::OnDemand, below("java.lang", written)));
        if !rest.is_empty() {
            found.push((Rule::FullName, written.to_owned()));
        }
        found
    }

    /// The full name of a type around the place, counted from the innermost, which is 0.
    pub fn type_around(&self, depth: usize) -> String {
        let types = self.types[depth..].iter().rev();
        types.fold(self.package.to_owned(), |around, type_| below(&around, type_))
    }
}

/// The full name of what is called so in a package or a type.
fn below(around: &str, name: &str) -> String {
    if around.is_empty() { name.to_owned() } else { format!("{around}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ImportKind::{Static, StaticOnDemand, Type, TypeOnDemand};

    fn scope<'s>(imports: &[(ImportKind, &'s str)]) -> Scope<'s> {
        Scope { package: "own", types: vec!["Inner", "Outer"], imports: imports.to_vec() }
    }

    #[track_caller]
    fn check(scope: &Scope<'_>, written: &str, expected: &[(Rule, &str)]) {
        let meanings = scope.meanings(written);
        let meanings: Vec<_> = meanings.iter().map(|(rule, name)| (*rule, name.as_str())).collect();
        assert_eq!(meanings, expected);
        assert!(meanings.is_sorted_by(|(a, _), (b, _)| a >= b));
    }

    #[test]
    fn what_is_around_counts_more_than_the_package_and_that_more_than_an_import_on_demand() {
        use Rule::{Enclosing, OnDemand, Package};
        let imports = [(TypeOnDemand, "p"), (StaticOnDemand, "q.T"), (Type, "r.Other")];
        check(
            &scope(&imports),
            "A",
            &[
                (Enclosing, "own.Outer.Inner.A"),
                (Enclosing, "own.Outer.A"),
                (Package, "own.A"),
                (OnDemand, "p.A"),
                (OnDemand, "q.T.A"),
                (OnDemand, "java.lang.A"),
            ],
        );
        check(
            &Scope::default(),
            "A.B",
            &[(Package, "A.B"), (OnDemand, "java.lang.A.B"), (Rule::FullName, "A.B")],
        );
    }

    #[test]
    fn a_type_around_is_known_by_its_own_name() {
        use Rule::Enclosing;
        let meanings = scope(&[]).meanings("Outer.Inner");
        let names: Vec<_> = meanings.iter().map(|(_, name)| name.as_str()).collect();
        assert!(names.contains(&"own.Outer.Inner"));
        assert_eq!(scope(&[]).meanings("Inner")[0], (Enclosing, "own.Outer.Inner".to_owned()));
    }

    #[test]
    fn an_import_of_the_very_type_leaves_no_choice_and_one_of_a_member_does() {
        let names = |imports: &[(ImportKind, &str)], written: &str| -> Vec<_> {
            let scope = Scope { package: "own", types: vec![], imports: imports.to_vec() };
            scope.meanings(written)
        };
        let by_import = |name: &str| (Rule::Import, name.to_owned());
        assert_eq!(names(&[(Type, "p.Map")], "Map.Entry"), [by_import("p.Map.Entry")]);
        let of_member = names(&[(Static, "p.T.max")], "max");
        assert_eq!(of_member[0], by_import("p.T.max"));
        assert_eq!(of_member[1], (Rule::Package, "own.max".to_owned()));
    }
}
