//! The members of a type or a file: what each begins with, methods and constructors.

use super::cursor::span;
use super::modifiers::Lead;
use super::skip::Holds;
use super::{Reason, Scanner, Scope};
use crate::declarations::{Kind, Span};
use crate::signature;

/// A method's or constructor's name, and the type parameters before it.
#[derive(Clone, Copy)]
struct Callable<'t> {
    type_parameters: &'t str,
    name: Span,
    /// The type before the name; constructors have none.
    result: Option<&'t str>,
}

impl<'t> Scanner<'t> {
    /// The members of `scope` up to the closing brace, or to something that must be entered.
    pub(super) fn members(&mut self, scope: Scope) {
        let depth = self.frames.len();
        while self.frames.len() == depth {
            self.cursor.skip_trivia();
            if self.ends_by_layout(scope) {
                return self.end_type(scope);
            }
            match self.cursor.peek() {
                b';' => self.cursor.bump(),
                b'}' => self.close_type(scope),
                b'{' => self.initializer_block(self.cursor.pos(), scope),
                _ if self.cursor.at_end() => self.end_file(scope),
                _ => self.member(scope),
            }
        }
    }

    /// At the brace that closes the type's body.
    pub(super) fn close_type(&mut self, scope: Scope) {
        self.cursor.bump();
        if scope.owner.is_some() {
            self.end_type(scope);
        } else {
            self.unbalanced();
        }
    }

    /// At the text's end, which must not be inside a type.
    pub(super) fn end_file(&mut self, scope: Scope) {
        if scope.owner.is_some() {
            self.unbalanced();
        }
        self.end_type(scope);
    }

    /// The type, or the file, ends at the position.
    pub(super) fn end_type(&mut self, scope: Scope) {
        if let Some((owner, _)) = scope.owner {
            let end = self.cursor.token_end();
            self.declarations.symbols[owner as usize].span.end = end as u32;
        }
        self.frames.pop();
    }

    /// At the brace of an initializer block that begins at `start`.
    fn initializer_block(&mut self, start: usize, scope: Scope) {
        self.cursor.bump();
        self.body(scope, start);
    }

    /// From behind its opening brace over the body of a member that begins at `start`. Enters it if
    /// need be; returns where it ends.
    fn body(&mut self, scope: Scope, start: usize) -> usize {
        let body_start = self.cursor.pos();
        let skipped = match self.layout_of_member(scope, start) {
            Some(indent) => self.cursor.skip_braces_by_layout(indent),
            None => self.cursor.skip_braces(),
        };
        if !skipped.closed {
            self.unbalanced();
        }
        let end = self.cursor.trimmed(self.cursor.pos());
        if skipped.nested {
            self.enter_code(scope, body_start);
        }
        end
    }

    fn member(&mut self, scope: Scope) {
        let lead = self.cursor.lead();
        if scope.owner.is_none() && self.unit_clause(&lead) {
            return;
        }
        match lead.word {
            "" => self.member_without_word(&lead, scope),
            "class" => self.named_type(Kind::Class, &lead, scope),
            "interface" => self.named_type(Kind::Interface, &lead, scope),
            "enum" => self.named_type(Kind::Enum, &lead, scope),
            "record" if self.cursor.at_record() => self.named_type(Kind::Record, &lead, scope),
            word if begins_statement(word) => self.unexpected(),
            _ => self.typed_member(&lead, scope, ""),
        }
    }

    fn member_without_word(&mut self, lead: &Lead<'t>, scope: Scope) {
        match self.cursor.peek() {
            b'@' => {
                self.cursor.bump();
                self.cursor.skip_trivia();
                self.cursor.word();
                self.named_type(Kind::Annotation, lead, scope);
            }
            b'<' => {
                let start = self.cursor.pos();
                self.cursor.bump();
                if !self.cursor.skip_type_arguments().closed {
                    return self.unexpected();
                }
                let type_parameters = self.cursor.slice(start, self.cursor.pos());
                self.cursor.skip_trivia();
                let rest = self.cursor.lead();
                if rest.word.is_empty() {
                    return self.unexpected();
                }
                let lead = Lead { start: lead.start, modifiers: lead.modifiers, ..rest };
                self.typed_member(&lead, scope, type_parameters);
            }
            // `static { … }`
            b'{' => self.initializer_block(lead.start, scope),
            _ => self.unexpected(),
        }
    }

    /// A method, field or constructor, whose type or name is the word that was stepped over.
    fn typed_member(&mut self, lead: &Lead<'t>, scope: Scope, type_parameters: &'t str) {
        let word = span(lead.word_start, self.cursor.pos());
        self.cursor.skip_trivia();
        match self.cursor.peek() {
            b'(' => {
                if scope.owner.is_none_or(|(owner, _)| !self.is_named(owner, lead.word)) {
                    self.cursor.doubt_at(lead.word_start, Reason::StrangeConstructor);
                }
                let callable = Callable { type_parameters, name: word, result: None };
                return self.callable(lead, scope, callable);
            }
            b'{' if scope.kind() == Some(Kind::Record) => {
                return self.compact_constructor(lead, scope, word);
            }
            next if next != b'.' && names_no_type(lead.word) => {
                self.cursor.doubt_at(lead.word_start, Reason::UnexpectedToken);
            }
            _ => {}
        }
        let of = self.cursor.rest_of_type(word);
        self.cursor.skip_trivia();
        let Some(name) = self.cursor.declared_name() else { return self.unexpected() };
        self.cursor.skip_trivia();
        if self.cursor.peek() == b'(' {
            let result = Some(self.cursor.text_of(of));
            self.callable(lead, scope, Callable { type_parameters, name, result });
        } else {
            self.field(lead, scope, of, name);
        }
    }

    fn is_named(&self, owner: u32, name: &str) -> bool {
        self.declarations.text(self.declarations.symbols[owner as usize].name) == name
    }

    /// From the `(` of a method or constructor to its end.
    fn callable(&mut self, lead: &Lead<'t>, scope: Scope, callable: Callable<'t>) {
        let parameters_start = self.cursor.pos();
        self.cursor.bump();
        if !self.cursor.skip_parens(Holds::Parameters).closed {
            self.cursor.doubt(Reason::UnclosedBracket);
        }
        let parameters = self.cursor.slice(parameters_start, self.cursor.pos());
        let dimensions = self.cursor.dimensions();
        let name = self.cursor.text_of(callable.name);
        let signed = signature::callable(
            &mut self.declarations,
            name,
            callable.type_parameters,
            parameters,
            callable.result.map(|result| (result, dimensions)),
        );
        let kind = if callable.result.is_some() { Kind::Method } else { Kind::Constructor };
        let index = self.declare(
            kind,
            signed,
            lead.modifiers,
            scope,
            callable.name,
            span(lead.start, self.cursor.pos()),
        );
        let end = self.rest_of_callable(scope, lead.start);
        self.declarations.symbols[index as usize].span.end = end as u32;
    }

    /// The rest of what begins at `start`: the `throws` clause, the default value, and the body or
    /// the semicolon. Returns its end.
    fn rest_of_callable(&mut self, scope: Scope, start: usize) -> usize {
        let mut end = self.cursor.pos();
        self.cursor.skip_trivia();
        let clause_start = self.cursor.pos();
        match self.cursor.word() {
            "" => {}
            "throws" => {
                end = self.cursor.skip_types();
                self.cursor.skip_trivia();
            }
            "default" => {
                if !self.cursor.skip_initialiser(false).closed {
                    self.cursor.doubt(Reason::UnclosedBracket);
                }
            }
            _ => self.cursor.return_to(clause_start),
        }
        match self.cursor.peek() {
            b'{' => {
                self.cursor.bump();
                return self.body(scope, start);
            }
            b';' => {
                self.cursor.bump();
                return self.cursor.pos();
            }
            _ => self.cursor.doubt(Reason::UnexpectedToken),
        }
        self.cursor.return_to(end);
        end
    }

    /// `Point { … }` in a record; at the brace.
    fn compact_constructor(&mut self, lead: &Lead<'t>, scope: Scope, name: Span) {
        let signed = signature::bare(&mut self.declarations, lead.word);
        let index = self.declare(
            Kind::Constructor,
            signed,
            lead.modifiers,
            scope,
            name,
            span(lead.start, self.cursor.pos()),
        );
        self.cursor.bump();
        let end = self.body(scope, lead.start);
        self.declarations.symbols[index as usize].span.end = end as u32;
    }

    pub(super) fn unexpected(&mut self) {
        self.cursor.doubt(Reason::UnexpectedToken);
        self.recover();
    }
}

/// Whether `word` is an identifier that no type may have for a name (JLS §3.9).
fn names_no_type(word: &str) -> bool {
    matches!(word, "permits" | "record" | "sealed" | "var" | "yield")
}

/// Whether `word` begins a statement or continues an expression: this is code, not a member.
fn begins_statement(word: &str) -> bool {
    matches!(
        word,
        "assert"
            | "break"
            | "case"
            | "catch"
            | "continue"
            | "do"
            | "else"
            | "extends"
            | "finally"
            | "for"
            | "goto"
            | "if"
            | "implements"
            | "import"
            | "instanceof"
            | "new"
            | "package"
            | "return"
            | "super"
            | "switch"
            | "this"
            | "throw"
            | "throws"
            | "try"
            | "while"
    )
}
