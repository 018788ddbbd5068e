//! Judges, by names alone, which of some namesakes a name in a text means.

use std::path::Path;

use nova_protocol::inspection::{ImportKind, NameInText, NameRole};
use nova_protocol::path;
use nova_syntax::declarations::Kind;
use nova_syntax::header::Arity;

use crate::report::Symbol;

/// What speaks for a candidate; the greater, the more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Its name, and nothing else.
    #[default]
    Name,
    /// It is a member of a type that is called as the name before it.
    Member,
    /// An import on demand, or `java.lang`.
    OnDemand,
    /// It is in the same package.
    Package,
    /// It is in the same file.
    File,
    /// It is a member of a type around the name.
    Enclosing,
    /// An import names it.
    Import,
    /// The text has its full name.
    FullName,
    /// The name is that of this very declaration.
    Itself,
}

impl Certainty {
    const ALL: [Self; 9] = [
        Self::Name,
        Self::Member,
        Self::OnDemand,
        Self::Package,
        Self::File,
        Self::Enclosing,
        Self::Import,
        Self::FullName,
        Self::Itself,
    ];

    /// The one with this discriminant.
    pub(crate) fn from_u8(value: u8) -> Option<Self> {
        Self::ALL.get(usize::from(value)).copied()
    }
}

/// Those for which the most speaks, in the order in which they come, what that is, and how many others there are.
pub(super) fn best(
    name: &NameInText,
    file: &Path,
    namesakes: Vec<Symbol>,
) -> (Vec<Symbol>, Certainty, usize) {
    let judge = Judge { name, file: &path::to_bytes(file) };
    let namesakes = namesakes.into_iter().filter(|it| !judge.is_hidden_by_super(it));
    let judged: Vec<_> = namesakes.map(|symbol| (judge.certainty(&symbol), symbol)).collect();
    let all = judged.len();
    let most = judged.iter().map(|(certainty, _)| *certainty).max().unwrap_or_default();
    let best = judged.into_iter().filter(|(certainty, _)| *certainty == most);
    let mut best: Vec<_> = best.map(|(_, symbol)| symbol).collect();
    if most == Certainty::Name {
        // With nothing else to go by, what is in the same file is the likeliest.
        best.sort_by_key(|symbol| symbol.file != judge.file);
    }
    if most != Certainty::Itself
        && let Some(count) = name.arguments
        && best.iter().any(|symbol| takes(symbol, count))
    {
        best.retain(|symbol| takes(symbol, count));
    }
    let others = all - best.len();
    (best, most, others)
}

/// Whether what the name stands for can be of this kind, by its use.
pub(super) fn fits(name: &NameInText, kind: Kind) -> bool {
    if let Some(declared) = &name.declares {
        return declared.kind == kind as u8;
    }
    match name.role {
        NameRole::Call => kind == Kind::Method || kind == Kind::RecordComponent,
        NameRole::Construction => kind.is_type(),
        NameRole::Annotation => kind == Kind::Annotation,
        NameRole::MethodReference => kind == Kind::Method,
        NameRole::PackageClause => kind == Kind::Package,
        NameRole::Import | NameRole::DocLink => true,
        NameRole::Other => kind != Kind::Method && kind != Kind::Constructor,
    }
}

struct Judge<'j> {
    name: &'j NameInText,
    file: &'j [u8],
}

impl Judge<'_> {
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
            [] => self.of_simple_name(symbol, is_same_file),
            [this] if this == "this" || this == "super" => self.of_this(symbol, is_same_file),
            [head, rest @ ..] => self.of_qualified_name(symbol, head, rest),
        }
    }

    fn of_simple_name(&self, symbol: &Symbol, is_same_file: bool) -> Certainty {
        let around = symbol.around();
        let imports = &self.name.imports;
        let is_imported = |on_demand: bool, path: &str| match on_demand {
            true => path == around,
            false => {
                let split = path.rsplit_once('.');
                split.is_some_and(|(package, last)| last == symbol.name && package == around)
            }
        };
        let is_type = symbol.kind.is_type();
        let is_by = |kind: ImportKind, on_demand: bool| {
            imports.iter().any(|it| it.kind == kind && is_imported(on_demand, &it.path))
        };
        if (is_type && is_by(ImportKind::Type, false)) || is_by(ImportKind::Static, false) {
            return Certainty::Import;
        }
        if is_same_file && self.is_around(symbol) {
            return Certainty::Enclosing;
        }
        if is_same_file && is_type {
            return Certainty::File;
        }
        let is_top_level = is_type && symbol.container.is_empty();
        if is_top_level && symbol.package == self.name.package {
            return Certainty::Package;
        }
        let is_of_java_lang = is_top_level && symbol.package == "java.lang";
        let on_demand = (is_type && is_by(ImportKind::TypeOnDemand, true))
            || is_by(ImportKind::StaticOnDemand, true)
            || is_of_java_lang;
        if on_demand { Certainty::OnDemand } else { Certainty::Name }
    }

    /// `super.name` is not of the type that it stands in.
    fn is_hidden_by_super(&self, symbol: &Symbol) -> bool {
        let is_super = matches!(&self.name.qualifier[..], [head] if head == "super");
        is_super && symbol.file == self.file && self.is_around(symbol)
    }

    /// `this.name`
    fn of_this(&self, symbol: &Symbol, is_same_file: bool) -> Certainty {
        match is_same_file && self.is_around(symbol) {
            true => Certainty::Enclosing,
            false => Certainty::Name,
        }
    }

    /// `a.b.C.name`, `C.name`
    fn of_qualified_name(&self, symbol: &Symbol, head: &str, rest: &[String]) -> Certainty {
        let around = symbol.around();
        let qualifier = self.name.qualifier.join(".");
        if around == qualifier && !symbol.package.is_empty() {
            return Certainty::FullName;
        }
        let below = |package: &str| {
            let mut path = package.to_owned();
            std::iter::once(head).chain(rest.iter().map(String::as_str)).for_each(|name| {
                path.push('.');
                path.push_str(name);
            });
            path == around
        };
        let imports = &self.name.imports;
        let imported = imports.iter().filter(|it| it.kind == ImportKind::Type);
        let is_imported = imported.filter_map(|it| it.path.rsplit_once('.'));
        if is_imported.clone().any(|(package, last)| last == head && below(package)) {
            return Certainty::Import;
        }
        if below(&self.name.package) || (self.name.package.is_empty() && around == qualifier) {
            return Certainty::Package;
        }
        let on_demand = imports.iter().filter(|it| it.kind == ImportKind::TypeOnDemand);
        if below("java.lang") || on_demand.clone().any(|it| below(&it.path)) {
            return Certainty::OnDemand;
        }
        let is_member =
            symbol.container == qualifier || symbol.container.ends_with(&format!(".{qualifier}"));
        if is_member { Certainty::Member } else { Certainty::Name }
    }

    /// Whether it is a member of a type that is around the name.
    fn is_around(&self, symbol: &Symbol) -> bool {
        let owner = symbol.container.rsplit('.').next().unwrap_or_default();
        !owner.is_empty() && self.name.enclosing.iter().any(|type_| type_ == owner)
    }
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
    use nova_protocol::inspection::Import;
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

    fn name(text: &str, imports: &[(&str, ImportKind)]) -> NameInText {
        let mut names: Vec<String> = text.split('.').map(str::to_owned).collect();
        let import =
            |(path, kind): &(&str, ImportKind)| Import { path: (*path).into(), kind: *kind };
        NameInText {
            name: names.pop().unwrap(),
            qualifier: names,
            package: "own".to_owned(),
            imports: imports.iter().map(import).collect(),
            enclosing: vec!["Inner".to_owned(), "Outer".to_owned()],
            ..NameInText::default()
        }
    }

    #[track_caller]
    fn check(name: &NameInText, symbols: &[&str], expected: &[&str], certainty: Certainty) {
        let symbols = symbols.iter().map(|it| symbol(Kind::Class, it, "")).collect();
        let (best, most, _) = best(name, Path::new("/w/own/OuterInner.java"), symbols);
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
    fn super_means_nothing_of_the_type_itself_and_the_same_file_comes_first() {
        let all = ["z|A|Inner", "own|Outer|Inner"];
        check(&name("super.Inner", &[]), &all, &["z.A.Inner"], Certainty::Name);
        check(&name("q.Inner", &[]), &all, &["own.Outer.Inner", "z.A.Inner"], Certainty::Name);
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
