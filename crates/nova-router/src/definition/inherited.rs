//! Members that a type has of those above it, by what headers say.
//!
//! ```text
//!  types around the name, or the one before it ─▶ what their headers name ─▶ members of that name? ─ yes ─▶ these
//!                                                       ▲                         │ no
//!                                                       └─ what their headers name ┘
//! ```
//!
//! The innermost type around the name comes first, and the classes above it before the interfaces.

use std::collections::{BTreeMap, HashSet};

use nova_index::{Cancelled, FileRef, SymbolView};
use nova_protocol::frontend::TypeInText;
use nova_protocol::inspection::{NameInText, NameRole};
use nova_syntax::declarations::Kind;
use nova_syntax::header::{self, Supertypes};
use nova_syntax::scope::Scope;

use super::finder::{Finder, Namesakes};
use super::judge::{self, Certainty};
use super::name;
use crate::report::Symbol;

/// So many types are looked at, the nearest first.
const TYPES_MAX: usize = 64;

/// What was found above some types.
#[derive(Debug, Default)]
pub(super) struct Inherited {
    /// Members of the nearest types that have any, or that have one which takes the arguments.
    pub(super) members: Vec<Symbol>,
    /// Types that are not of this workspace, and come before those that have these members.
    pub(super) elsewhere: Vec<TypeInText>,
}

/// The types whose members the name may be, and those of the types above them, although none around it declares it:
/// the direct supertypes of those around it, or the type that stands before it.
pub(super) fn heirs(name: &NameInText) -> Vec<TypeInText> {
    let is_member = !matches!(name.role, NameRole::PackageClause | NameRole::Annotation);
    if name.declares.is_some() || name.is_member_of_unknown || !is_member {
        return Vec::new();
    }
    match (name::instance(name), &name.qualifier[..]) {
        (Some(_), [before @ .., _]) => match name::depth_of_instance(name) {
            Some(depth) => above_those_around(name, Some(depth)),
            // What is no type around the name is an interface: `List.super.of()`.
            None => vec![named_before(name, before)],
        },
        (_, []) if name.role == NameRole::Import => Vec::new(),
        (_, []) => above_those_around(name, None),
        // By convention any other is a variable, or a package.
        (_, qualifier @ [.., last]) if last.starts_with(char::is_uppercase) => {
            vec![named_before(name, qualifier)]
        }
        _ => Vec::new(),
    }
}

/// What is above the types around a name, or above one of them.
fn above_those_around(name: &NameInText, only: Option<usize>) -> Vec<TypeInText> {
    let all = name::scope(name);
    let around = name.enclosing.iter().enumerate();
    let around = around.filter(|(depth, _)| only.is_none_or(|only| only == *depth));
    let above = around.flat_map(|(depth, type_)| {
        let scope = Scope { types: all.types[depth + 1..].to_vec(), ..all.clone() };
        let (class, interfaces) = (type_.superclass.clone(), type_.interfaces.clone());
        let (kind, heir) = (Kind::from_u8(type_.kind), depth as u32);
        let mut heirs = above(&scope, kind, &Supertypes { class, interfaces }, heir);
        if kind == Some(Kind::Enum) && name::is_of_every_enum(name) {
            let meanings = names(all.meanings(&type_.name));
            heirs.push(TypeInText { heir, is_class: true, meanings });
        }
        heirs
    });
    above.collect()
}

/// Of these types those whose members are meant rather than what was found for this reason: what a type inherits hides
/// what is declared further out, in the package, and what is imported (JLS §6.4.1).
pub(super) fn that_count(
    mut heirs: Vec<TypeInText>,
    name: &NameInText,
    namesakes: &Namesakes,
    (found, certainty): (&[Symbol], Certainty),
) -> Vec<TypeInText> {
    if !certainty.is_by_rule() || !judge::any_takes(name, found) {
        return heirs;
    }
    let is_alone = name.qualifier.is_empty();
    match certainty {
        Certainty::Enclosing if is_alone => {
            let depth = found.first().and_then(|symbol| name::depth(name, symbol)).unwrap_or(0);
            heirs.retain(|named| (named.heir as usize) < depth);
            heirs
        }
        Certainty::Import | Certainty::Package | Certainty::OnDemand
            if is_alone && namesakes.has_other_member(found) =>
        {
            heirs
        }
        _ => Vec::new(),
    }
}

/// The type that stands before a name.
fn named_before(name: &NameInText, qualifier: &[String]) -> TypeInText {
    let written = qualifier.join(".");
    let meanings = match name.role {
        NameRole::Import => vec![written],
        _ => names(name::scope(name).meanings(&written)),
    };
    TypeInText { heir: 0, is_class: true, meanings }
}

/// What a header names, and the class above a type that names none (JLS §8.1.4, §8.9, §8.10). The methods of `Object`
/// are those of an interface, too (§9.2).
fn above(scope: &Scope<'_>, kind: Option<Kind>, named: &Supertypes, heir: u32) -> Vec<TypeInText> {
    let implied = match kind {
        Some(Kind::Enum) => "java.lang.Enum",
        Some(Kind::Record) => "java.lang.Record",
        _ => "java.lang.Object",
    };
    let meanings = |written: &str| names(scope.meanings(written));
    let of_class = match &named.class {
        Some(class) => meanings(class),
        None => vec![implied.to_owned()],
    };
    let interfaces = named.interfaces.iter().map(|it| (false, meanings(it)));
    let all = interfaces.chain([(kind != Some(Kind::Interface), of_class)]);
    all.map(|(is_class, meanings)| TypeInText { heir, is_class, meanings }).collect()
}

fn names<R>(meanings: Vec<(R, String)>) -> Vec<String> {
    meanings.into_iter().map(|(_, name)| name).collect()
}

impl Finder<'_> {
    /// The members of that name, among all that bear it, which these types declare, or the nearest types above them.
    pub(super) async fn inherited(
        &self,
        heirs: Vec<TypeInText>,
        namesakes: &Namesakes,
    ) -> Result<Inherited, Cancelled> {
        let mut found = Inherited::default();
        let mut seen = HashSet::new();
        // By heir, classes first, then as they come.
        let mut left = BTreeMap::new();
        let mut add = |left: &mut BTreeMap<_, _>, named: TypeInText| {
            if seen.len() < TYPES_MAX && seen.insert(named.meanings.clone()) {
                left.insert((named.heir, !named.is_class, seen.len()), named);
            }
        };
        heirs.into_iter().for_each(|named| add(&mut left, named));
        while let Some((_, named)) = left.pop_first() {
            let types = self.types_called(&named.meanings).await?;
            for type_ in &types {
                found.members.extend(self.members(type_, namesakes).await?);
                for above in self.supertypes(type_, named.heir) {
                    add(&mut left, above);
                }
            }
            if types.is_empty() {
                found.elsewhere.push(named);
            }
            if !found.members.is_empty() && judge::any_takes(self.name, &found.members) {
                // What comes before may have one, too.
                break;
            }
        }
        Ok(found)
    }

    /// What the header of a type names.
    fn supertypes(&self, type_: &Symbol, heir: u32) -> Vec<TypeInText> {
        let view = self.session.view();
        let key = self.session.workspace().homes().of(&type_.file).key;
        let file = file_of(&view, &key.root, &key.path);
        let imports = file.into_iter().flat_map(FileRef::imports);
        let types = type_.container.rsplit('.').filter(|name| !name.is_empty());
        let scope = Scope {
            package: &type_.package,
            types: types.collect(),
            imports: imports.map(|import| (import.kind, import.path)).collect(),
        };
        let named = header::supertypes(type_.kind, &type_.signature);
        above(&scope, Some(type_.kind), &named, heir)
    }
}

fn file_of<'v>(view: &'v SymbolView, root: &[u8], path: &[u8]) -> Option<FileRef<'v>> {
    view.shards().iter().find_map(|part| {
        part.shard().find_file(root, path).filter(|file| part.is_visible(file.id()))
    })
}
