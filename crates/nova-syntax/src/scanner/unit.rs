//! What only the top of a file holds: the package clause, imports, a module.

use super::cursor::span;
use super::modifiers::Lead;
use super::{Reason, Scanner, Scope};
use crate::declarations::{Import, ImportKind, Kind, Modifier, PackageClause};
use crate::signature::{self, Signed};

impl<'t> Scanner<'t> {
    /// The package clause, import or module that `lead` begins; `false` if it begins none.
    pub(super) fn unit_clause(&mut self, lead: &Lead<'t>) -> bool {
        match lead.word {
            "package" => self.package(lead),
            "import" => self.import(),
            "module" => return self.module(lead),
            _ => return false,
        }
        true
    }

    fn package(&mut self, lead: &Lead<'t>) {
        self.cursor.skip_trivia();
        let Some(name_span) = self.cursor.qualified_name() else {
            return self.cursor.doubt(Reason::UnexpectedToken);
        };
        self.end_clause();
        let clause = PackageClause {
            name: signature::dotted(&mut self.declarations, self.cursor.text_of(name_span)),
            name_span,
            span: span(lead.start, self.cursor.pos()),
            deprecated: lead.modifiers.contains(Modifier::Deprecated),
        };
        self.declarations.package.get_or_insert(clause);
    }

    fn import(&mut self) {
        self.cursor.skip_trivia();
        let start = self.cursor.pos();
        let word = self.cursor.word();
        self.cursor.skip_trivia();
        // `module` may as well be the first name of the path.
        let (is_static, is_module) = match word {
            "static" => (true, false),
            "module" if self.cursor.at_name() => (false, true),
            _ => {
                self.cursor.return_to(start);
                (false, false)
            }
        };
        let Some(path) = self.cursor.qualified_name() else {
            return self.cursor.doubt(Reason::UnexpectedToken);
        };
        self.cursor.skip_trivia();
        let on_demand = self.cursor.take(b'.');
        if on_demand {
            self.cursor.skip_trivia();
            if !self.cursor.take(b'*') {
                self.cursor.doubt(Reason::UnexpectedToken);
            }
        }
        let kind = match (is_module, is_static, on_demand) {
            (true, ..) => ImportKind::Module,
            (_, false, false) => ImportKind::Type,
            (_, false, true) => ImportKind::TypeOnDemand,
            (_, true, false) => ImportKind::Static,
            (_, true, true) => ImportKind::StaticOnDemand,
        };
        let path = signature::dotted(&mut self.declarations, self.cursor.text_of(path));
        self.declarations.imports.push(Import { path, kind });
        self.end_clause();
    }

    fn end_clause(&mut self) {
        let end = self.cursor.pos();
        self.cursor.skip_trivia();
        if !self.cursor.take(b';') {
            self.cursor.doubt(Reason::UnexpectedToken);
            self.cursor.return_to(end);
        }
    }

    /// `module a.b { … }`; the word is a name elsewhere.
    fn module(&mut self, lead: &Lead<'t>) -> bool {
        let back = self.cursor.pos();
        self.cursor.skip_trivia();
        let name = self.cursor.qualified_name();
        self.cursor.skip_trivia();
        let (Some(name), true) = (name, self.cursor.take(b'{')) else {
            self.cursor.return_to(back);
            return false;
        };
        if !self.cursor.skip_braces().closed {
            self.cursor.doubt(Reason::UnclosedBracket);
        }
        let text = signature::dotted(&mut self.declarations, self.cursor.text_of(name));
        let signed = Signed { name: text, signature: text };
        let whole = span(lead.start, self.cursor.pos());
        self.declare(Kind::Module, signed, lead.modifiers, Scope::FILE, name, whole);
        true
    }
}
