//! A file of the corpus without its bodies, to be written again with other names.

use nova_syntax::declarations::{Declaration, Declarations, ImportKind, Kind, Modifier};
use nova_syntax::extract::{self, Fallback};

use super::names::Names;

/// A file without bodies and without what is declared in them.
pub(super) struct Template {
    pub(super) package: String,
    /// The name of the first type, and so of the file.
    pub(super) main_type: u32,
    pub(super) pieces: Vec<Piece>,
}

/// A stretch of a template.
pub(super) enum Piece {
    Text(String),
    /// A type's name, where it is declared or used.
    Type(u32),
    /// The name of a method, a field or a constant, where it is declared.
    Member(u32),
    /// An import clause of a type.
    Import {
        package: String,
        name: u32,
    },
}

pub(super) fn declarations(text: &str) -> Declarations {
    extract::declarations(text, Fallback::Tree).declarations
}

impl Template {
    /// `None` for files without types, and for the few of which no text can be made that declares the
    /// same.
    pub(super) fn new(file: &Declarations, names: &Names) -> Option<Self> {
        let package = file.text(file.package.as_ref()?.name).to_owned();
        let first = file.symbols.iter().find(|it| it.kind.is_type() && it.parent.is_none())?;
        let main_type = names.type_named(file.text(first.name))?;
        let mut writer = Writer { file, names, pieces: Vec::new() };
        writer.imports();
        writer.members_of(None);
        let template = Self { package, main_type, pieces: writer.pieces };
        template.declares_the_same(file, names).then_some(template)
    }

    fn declares_the_same(&self, file: &Declarations, names: &Names) -> bool {
        let own = |name: &u32| names.derived(*name, 0);
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(written) => text.push_str(written),
                Piece::Type(name) | Piece::Member(name) => text.push_str(&own(name)),
                Piece::Import { .. } => {}
            }
        }
        let again = declarations(&text);
        let of = |file: &Declarations| -> Vec<(Kind, String)> {
            let symbols = file.symbols.iter().filter(|it| !it.local);
            symbols.map(|it| (it.kind, file.text(it.name).to_owned())).collect()
        };
        of(&again) == of(file)
    }
}

struct Writer<'f> {
    file: &'f Declarations,
    names: &'f Names,
    pieces: Vec<Piece>,
}

impl Writer<'_> {
    fn imports(&mut self) {
        for import in &self.file.imports {
            let path = self.file.text(import.path);
            let named = path.rsplit_once('.').and_then(|(package, name)| {
                Some((package.to_owned(), self.names.type_named(name)?))
            });
            match (import.kind, named) {
                (ImportKind::Type, Some((package, name))) => {
                    self.pieces.push(Piece::Import { package, name });
                }
                (ImportKind::Type, None) => self.push(&format!("import {path};\n")),
                (ImportKind::TypeOnDemand, _) => self.push(&format!("import {path}.*;\n")),
                (ImportKind::Static, _) => self.push(&format!("import static {path};\n")),
                (ImportKind::StaticOnDemand, _) => self.push(&format!("import static {path}.*;\n")),
                (ImportKind::Module, _) => self.push(&format!("import module {path};\n")),
            }
        }
    }

    fn members_of(&mut self, parent: Option<u32>) {
        let is_enum = parent.is_some_and(|it| self.file.symbols[it as usize].kind == Kind::Enum);
        let members = (0..).zip(&self.file.symbols).filter(|(_, it)| it.parent == parent);
        let (constants, rest): (Vec<_>, Vec<_>) =
            members.filter(|(_, it)| !it.local).partition(|(_, it)| it.kind == Kind::EnumConstant);
        for (_, constant) in &constants {
            if constant.modifiers.contains(Modifier::Deprecated) {
                self.push("@Deprecated ");
            }
            self.declared(constant);
            self.push(",\n");
        }
        if is_enum {
            self.push(";\n");
        }
        for (index, member) in rest {
            self.member(index, member);
        }
    }

    fn member(&mut self, index: u32, member: &Declaration) {
        let keyword = match member.kind {
            Kind::Class => "class ",
            Kind::Interface => "interface ",
            Kind::Enum => "enum ",
            Kind::Record => "record ",
            Kind::Annotation => "@interface ",
            // Components are written with their record.
            Kind::RecordComponent | Kind::EnumConstant | Kind::Module | Kind::Package => return,
            Kind::Method | Kind::Constructor | Kind::Field => "",
        };
        for modifier in member.modifiers.iter() {
            self.push(if modifier == Modifier::Deprecated {
                "@Deprecated"
            } else {
                modifier.as_str()
            });
            self.push(" ");
        }
        self.push(keyword);
        let signature = self.file.text(member.signature);
        let tail = signature.strip_prefix(self.file.text(member.name)).unwrap_or_default();
        match member.kind {
            Kind::Field => {
                self.typed(tail.strip_prefix(": ").unwrap_or("int"));
                self.push(" ");
                self.declared(member);
                self.push(";\n");
            }
            Kind::Method => self.method(member, tail),
            Kind::Constructor => {
                let parameters = type_parameters_end(tail);
                self.typed(&tail[..parameters]);
                self.declared(member);
                self.typed(&tail[parameters..]);
                self.push(" {}\n");
            }
            _ => {
                self.declared(member);
                self.typed(tail);
                self.push(" {\n");
                self.members_of(Some(index));
                self.push("}\n");
            }
        }
    }

    /// `name<T>(T parameter): Result` → `<T> Result name(T parameter);`
    fn method(&mut self, member: &Declaration, tail: &str) {
        let parameters = type_parameters_end(tail);
        let (callable, result) = tail.rsplit_once("): ").unwrap_or((tail, "void"));
        self.typed(&tail[..parameters]);
        self.push(" ");
        self.typed(result);
        self.push(" ");
        self.declared(member);
        self.typed(callable.get(parameters..).unwrap_or("("));
        self.push(");\n");
    }

    fn declared(&mut self, symbol: &Declaration) {
        let text = self.file.text(symbol.name);
        let is_type = symbol.kind.is_type() || symbol.kind == Kind::Constructor;
        match self.names.named(text) {
            Some(name) if is_type => self.pieces.push(Piece::Type(name)),
            Some(name) => self.pieces.push(Piece::Member(name)),
            None => self.push(text),
        }
    }

    /// Text in which the names of types stand.
    fn typed(&mut self, text: &str) {
        let is_of_name = |it: char| it.is_alphanumeric() || it == '_' || it == '$';
        let mut rest = text;
        while !rest.is_empty() {
            let word = rest.find(|it| !is_of_name(it)).unwrap_or(rest.len());
            match self.names.type_named(&rest[..word]) {
                Some(name) => self.pieces.push(Piece::Type(name)),
                None => self.push(&rest[..word]),
            }
            rest = &rest[word..];
            let between = rest.find(is_of_name).unwrap_or(rest.len());
            self.push(&rest[..between]);
            rest = &rest[between..];
        }
    }

    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }
}

/// Where the parameters begin: behind `<T>`, if that is there.
fn type_parameters_end(tail: &str) -> usize {
    if tail.starts_with('<') { tail.find('(').unwrap_or(tail.len()) } else { 0 }
}
