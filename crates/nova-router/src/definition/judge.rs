//! Judges, by names alone, which of some namesakes a name in a text means.

use std::cmp::Reverse;
use std::path::Path;

use nova_protocol::inspection::{NameInText, NameRole};
use nova_protocol::path;
use nova_syntax::declarations::{Kind, Modifier};
use nova_syntax::header::Arity;
use nova_syntax::scope::Rule;

use super::name::{self, Instance};
use crate::report::Symbol;

/// What speaks for a candidate; the greater, the more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Its name, and nothing else.
    #[default]
    Name,
    /// It is a member of a type that is called as the name before it.
    Member,
    /// It is a type in the same file.
    File,
    /// The text has its full name.
    FullName,
    /// An import on demand, or `java.lang`.
    OnDemand,
    /// It is in the same package.
    Package,
    /// It is a member of a type above one around the name, or above the one that is named before it.
    Inherited,
    /// An import names it.
    Import,
    /// It is a member of a type around the name.
    Enclosing,
    /// The name is that of this very declaration.
    Itself,
}

impl Certainty {
    const ALL: [Self; 10] = [
        Self::Name,
        Self::Member,
        Self::File,
        Self::FullName,
        Self::OnDemand,
        Self::Package,
        Self::Inherited,
        Self::Import,
        Self::Enclosing,
        Self::Itself,
    ];

    /// The one with this discriminant.
    pub(crate) fn from_u8(value: u8) -> Option<Self> {
        Self::ALL.get(usize::from(value)).copied()
    }

    /// Whether it is by the rules of scoping, which leave no choice.
    pub(super) fn is_by_rule(self) -> bool {
        self >= Self::FullName
    }
}

impl From<Rule> for Certainty {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::FullName => Self::FullName,
            Rule::OnDemand => Self::OnDemand,
            Rule::Package => Self::Package,
            Rule::Import => Self::Import,
            Rule::Enclosing => Self::Enclosing,
        }
    }
}

/// Those for which the most speaks, in the order in which they come, and what that is.
pub(super) fn best(
    name: &NameInText,
    file: &Path,
    namesakes: Vec<Symbol>,
) -> (Vec<Symbol>, Certainty) {
    let judge = Judge { name, file: &path::to_bytes(file), meanings: name::meanings(name) };
    let hidden = match name::instance(name) {
        // `super.name` is not of the type that it stands in.
        Some(Instance::Super) => name::around(name),
        _ => Vec::new(),
    };
    let is_hidden = |it: &Symbol| hidden.iter().any(|(_, hidden)| *hidden == it.full_name());
    let namesakes = namesakes.into_iter().filter(|it| !is_hidden(it));
    let judged: Vec<_> = namesakes.map(|symbol| (judge.reason(&symbol), symbol)).collect();
    let best = judged.iter().map(|(reason, _)| *reason).max();
    let most = best.map(|(certainty, _)| certainty).unwrap_or_default();
    if name::is_of_clause(name) && !most.is_by_rule() {
        return (Vec::new(), Certainty::Name);
    }
    let best = judged.into_iter().filter(|(reason, _)| Some(*reason) == best);
    let mut best: Vec<_> = best.map(|(_, symbol)| symbol).collect();
    if most != Certainty::Itself {
        narrow_by_arguments(name, &mut best);
    }
    (best, most)
}

/// Leaves those that take the arguments, if there are any; of a construction without one of these, the type.
pub(super) fn narrow_by_arguments(name: &NameInText, symbols: &mut Vec<Symbol>) {
    let count = name.arguments;
    if count.is_some_and(|count| symbols.iter().any(|symbol| takes(symbol, count))) {
        symbols.retain(|symbol| count.is_some_and(|count| takes(symbol, count)));
        // What takes any number of arguments is tried last (JLS §15.12.2).
        symbols.sort_by_key(is_open);
    } else if symbols.iter().any(|symbol| symbol.kind.is_type()) {
        symbols.retain(|symbol| symbol.kind != Kind::Constructor);
    }
}

/// Whether any of these can be called like this.
pub(super) fn any_takes(name: &NameInText, symbols: &[Symbol]) -> bool {
    let is_call = name.role == NameRole::Call;
    let count = name.arguments.filter(|_| is_call);
    // Of a type it is said by whoever took it for what is called.
    let fits = |symbol: &Symbol, count| symbol.kind.is_type() || takes(symbol, count);
    count.is_none_or(|count| symbols.iter().any(|symbol| fits(symbol, count)))
}

/// Whether a member of a type is one of the types below it in a package, too (JLS §8.2).
pub(super) fn is_inherited(symbol: &Symbol, type_: &Symbol, package: &str) -> bool {
    let has = |modifier| symbol.modifiers.contains(modifier);
    let is_of_interface = matches!(type_.kind, Kind::Interface | Kind::Annotation);
    let is_seen = is_of_interface
        || has(Modifier::Public)
        || has(Modifier::Protected)
        || symbol.package == package;
    is_seen && !has(Modifier::Private) && symbol.kind != Kind::Constructor
}

struct Judge<'j> {
    name: &'j NameInText,
    file: &'j [u8],
    meanings: Vec<(Rule, String)>,
}

impl Judge<'_> {
    /// What speaks for a symbol, and of what a rule allows which it is: what is further in counts more.
    fn reason(&self, symbol: &Symbol) -> (Certainty, Reverse<usize>) {
        let stands_for = match symbol.kind {
            // The name is that of its type.
            Kind::Constructor if self.name.role == NameRole::Construction => symbol.around(),
            _ => symbol.full_name(),
        };
        let is_free = self.name.declares.is_none() && !self.name.is_member_of_unknown;
        let meaning = self.meanings.iter().position(|(_, meaning)| *meaning == stands_for);
        match meaning.filter(|_| is_free && !is_of_nameless_class(symbol)) {
            Some(at) => (self.meanings[at].0.into(), Reverse(at)),
            None => (self.certainty(symbol), Reverse(0)),
        }
    }

    fn certainty(&self, symbol: &Symbol) -> Certainty {
        let is_same_file = symbol.file == self.file;
        if self.name.declares.is_some() {
            let start = self.name.range.start;
            let is_itself = (symbol.line, symbol.character) == (start.line, start.character);
            return if is_same_file && is_itself { Certainty::Itself } else { Certainty::Name };
        }
        if self.name.is_member_of_unknown {
            return Certainty::Name;
        }
        match &self.name.qualifier[..] {
            [] if is_same_file && symbol.kind.is_type() => Certainty::File,
            [] => Certainty::Name,
            qualifier if is_member(symbol, &qualifier.join(".")) => Certainty::Member,
            _ => Certainty::Name,
        }
    }
}

/// Whether it is a member of a class without a name (JLS §8.1.8), which nobody else can use: packages have types alone.
fn is_of_nameless_class(symbol: &Symbol) -> bool {
    let is_of_package =
        symbol.kind.is_type() || matches!(symbol.kind, Kind::Package | Kind::Module);
    symbol.container.is_empty() && !is_of_package
}

/// Whether a symbol is a member of a type that is so called.
fn is_member(symbol: &Symbol, type_: &str) -> bool {
    let before = symbol.container.strip_suffix(type_);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Whether a method takes any number of arguments.
fn is_open(symbol: &Symbol) -> bool {
    Arity::of(&symbol.signature).is_some_and(|arity| arity.is_open)
}

/// Whether a method takes so many arguments.
fn takes(symbol: &Symbol, count: u32) -> bool {
    if symbol.kind == Kind::RecordComponent {
        return count == 0;
    }
    Arity::of(&symbol.signature).is_some_and(|arity| arity.takes(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nova_protocol::inspection::{EnclosingType, Import, ImportKind};
    use nova_syntax::declarations::Modifiers;

    /// `package|container|name signature`, in a file called as the type.
    fn symbol(kind: Kind, place: &str, signature: &str) -> Symbol {
        let [package, container, name] = place.split('|').collect::<Vec<_>>()[..] else {
            panic!("{place}")
        };
        Symbol {
            name: name.to_owned(),
            kind,
            container: container.to_owned(),
            package: package.to_owned(),
            file: format!("/w/{package}/{container}{name}.java").into_bytes(),
            line: 0,
            character: 0,
            signature: signature.to_owned(),
            modifiers: Modifiers::default(),
            local: false,
        }
    }

    fn enclosing(name: &str) -> EnclosingType {
        EnclosingType { name: name.to_owned(), ..EnclosingType::default() }
    }

    fn name(text: &str, imports: &[(&str, ImportKind)]) -> NameInText {
        let mut names: Vec<String> = text.split('.').map(str::to_owned).collect();
        let import =
            |(path, kind): &(&str, ImportKind)| Import { path: (*path).into(), kind: *kind };
        NameInText {
            name: names.pop().unwrap(),
            qualifier: names,
            package: "own".to_owned(),
            imports: imports.iter().map(import).collect(),
            enclosing: ["Inner", "Outer"].map(enclosing).into(),
            ..NameInText::default()
        }
    }

    #[track_caller]
    fn check(name: &NameInText, symbols: &[&str], expected: &[&str], certainty: Certainty) {
        let symbols = symbols.iter().map(|it| symbol(Kind::Class, it, "")).collect();
        let (best, most) = best(name, Path::new("/w/own/OuterInner.java"), symbols);
        let best: Vec<_> = best.iter().map(|it| it.full_name()).collect();
        assert_eq!(
            (best.iter().map(String::as_str).collect::<Vec<_>>(), most),
            (expected.to_vec(), certainty)
        );
    }

    #[test]
    fn an_import_is_more_than_the_package_and_that_more_than_an_import_on_demand() {
        let all =
            ["java.util||List", "java.awt||List", "own||List", "java.lang||List", "other||List"];
        let of = |imports: &[(&str, ImportKind)]| name("List", imports);
        check(
            &of(&[("java.util.List", ImportKind::Type)]),
            &all,
            &["java.util.List"],
            Certainty::Import,
        );
        check(
            &of(&[("java.awt", ImportKind::TypeOnDemand)]),
            &all,
            &["own.List"],
            Certainty::Package,
        );
        let without = [all[0], all[1], all[4]];
        check(
            &of(&[("java.awt", ImportKind::TypeOnDemand)]),
            &without,
            &["java.awt.List"],
            Certainty::OnDemand,
        );
        check(
            &of(&[]),
            &without,
            &["java.util.List", "java.awt.List", "other.List"],
            Certainty::Name,
        );
    }

    #[test]
    fn a_qualified_name_is_taken_for_what_its_head_is_imported_as() {
        let all = ["java.util|Map|Entry", "own|Map|Entry", "x|y.Map|Entry", "x|Other|Entry"];
        let imported = [("java.util.Map", ImportKind::Type)];
        check(&name("Map.Entry", &imported), &all, &["java.util.Map.Entry"], Certainty::Import);
        check(
            &name("java.util.Map.Entry", &[]),
            &all,
            &["java.util.Map.Entry"],
            Certainty::FullName,
        );
        check(&name("Map.Entry", &[]), &all, &["own.Map.Entry"], Certainty::Package);
        check(&name("Map.Entry", &[]), &all[2..], &["x.y.Map.Entry"], Certainty::Member);
        check(&name("Entry", &[]), &all[2..], &["x.y.Map.Entry", "x.Other.Entry"], Certainty::Name);
    }

    #[test]
    fn super_means_nothing_of_the_type_itself() {
        let all = ["z|A|Inner", "own|Outer.Inner|Inner"];
        check(&name("super.Inner", &[]), &all, &["z.A.Inner"], Certainty::Name);
    }

    #[test]
    fn overloads_are_told_apart_by_the_number_of_arguments() {
        let of = |signature| symbol(Kind::Method, "p|T|m", signature);
        let takes = |signature, count| takes(&of(signature), count);
        assert!(takes("m(): void", 0) && !takes("m(): void", 1));
        assert!(takes("m(Map<K, V> a, int b): void", 2) && !takes("m(Map<K, V> a): void", 2));
        assert!(takes("m<T>(T a, Object... b): T", 1) && takes("m<T>(T a, Object... b): T", 7));
        assert!(!takes("m<T>(T a, Object... b): T", 0) && !takes("m", 0));
    }
}
