//! Named types: their headers, enum constants and record components, and the types that are
//! mentioned in headers.

use super::cursor::{Cursor, span};
use super::modifiers::{Lead, begins_declaration, begins_member};
use super::skip::Holds;
use super::{Frame, Reason, Scanner, Scope};
use crate::declarations::{Kind, Span};
use crate::signature;

/// What stands between a type's name and its body.
struct Header {
    /// The end of its last token.
    end: usize,
    /// What is between the parentheses of a record.
    components: Option<Span>,
    /// The brace that opens the body follows.
    has_body: bool,
}

impl<'t> Scanner<'t> {
    /// From behind the keyword that declares a type into its body.
    pub(super) fn named_type(&mut self, kind: Kind, lead: &Lead<'t>, scope: Scope) {
        self.cursor.skip_trivia();
        let Some(name_span) = self.cursor.declared_name() else { return self.unexpected() };
        let name = self.cursor.text_of(name_span);
        let header = self.cursor.type_header(kind);
        let rest = self.cursor.slice(name_span.end as usize, header.end);
        let signed = signature::header(&mut self.declarations, name, rest);
        let whole = span(lead.start, header.end);
        let index = self.declare(kind, signed, lead.modifiers, scope, name_span, whole);
        let scope = Scope { owner: Some((index, kind)), indent: None, ..scope };
        if let Some(components) = header.components {
            self.record_components(components, scope);
        }
        if !header.has_body {
            return;
        }
        self.cursor.bump();
        let scope = Scope { indent: self.layout_of_type(lead.start), ..scope };
        let is_enum = kind == Kind::Enum;
        self.frames.push(if is_enum { Frame::Constants(scope) } else { Frame::Members(scope) });
    }

    /// The components between a record's parentheses; stays where it is.
    fn record_components(&mut self, components: Span, scope: Scope) {
        let back = self.cursor.pos();
        self.cursor.return_to(components.start as usize);
        let end = components.end as usize;
        loop {
            self.cursor.skip_trivia();
            if self.cursor.pos() >= end || !self.record_component(scope) {
                break;
            }
            self.cursor.skip_trivia();
            if !self.cursor.take(b',') {
                break;
            }
        }
        if self.cursor.pos() < end {
            self.cursor.doubt(Reason::UnexpectedToken);
        }
        self.cursor.return_to(back);
    }

    fn record_component(&mut self, scope: Scope) -> bool {
        let lead = self.cursor.lead();
        if lead.word.is_empty() {
            return false;
        }
        let word = span(lead.word_start, self.cursor.pos());
        let of = self.cursor.rest_of_type(word);
        self.cursor.skip_trivia();
        let Some(name_span) = self.cursor.declared_name() else { return false };
        let name = self.cursor.text_of(name_span);
        if name == "this" {
            self.cursor.return_to(name_span.start as usize);
            return false;
        }
        let dimensions = self.cursor.dimensions();
        let signed =
            signature::typed(&mut self.declarations, name, self.cursor.text_of(of), dimensions);
        let whole = span(lead.start, self.cursor.pos());
        self.declare(Kind::RecordComponent, signed, lead.modifiers, scope, name_span, whole);
        true
    }

    /// An enum's constants, up to the `;` or `}` behind them or to something that must be entered.
    pub(super) fn constants(&mut self, scope: Scope) {
        let depth = self.frames.len();
        while self.frames.len() == depth {
            self.cursor.skip_trivia();
            if self.ends_by_layout(scope) {
                return self.end_type(scope);
            }
            match self.cursor.peek() {
                b',' => self.cursor.bump(),
                b';' => {
                    self.cursor.bump();
                    return self.end_constants(scope);
                }
                b'}' => self.close_type(scope),
                _ if self.cursor.at_end() => self.end_file(scope),
                _ => {
                    let start = self.cursor.pos();
                    if !self.constant(scope) {
                        // A member, before which the semicolon is missing.
                        self.cursor.doubt(Reason::UnexpectedToken);
                        self.cursor.return_to(start);
                        return self.end_constants(scope);
                    }
                }
            }
        }
    }

    fn end_constants(&mut self, scope: Scope) {
        self.frames.pop();
        self.frames.push(Frame::Members(scope));
    }

    /// One constant; `false` if it is something else.
    fn constant(&mut self, scope: Scope) -> bool {
        let lead = self.cursor.lead();
        if lead.word.is_empty() || begins_declaration(lead.word) {
            return false;
        }
        let name = span(lead.word_start, self.cursor.pos());
        let arguments_start = self.cursor.pos();
        let mut nested = false;
        let mut end = self.cursor.pos();
        self.cursor.skip_trivia();
        if self.cursor.take(b'(') {
            let arguments = self.cursor.skip_parens(Holds::Expressions);
            if !arguments.closed {
                self.cursor.doubt(Reason::UnclosedBracket);
            }
            nested |= arguments.nested;
            end = self.cursor.pos();
            self.cursor.skip_trivia();
        }
        if self.cursor.take(b'{') {
            if !self.cursor.skip_braces().closed {
                self.cursor.doubt(Reason::UnclosedBracket);
            }
            nested = true;
            end = self.cursor.pos();
        }
        self.cursor.skip_trivia();
        if !matches!(self.cursor.peek(), b',' | b';' | b'}') && !self.cursor.at_end() {
            // Either a comma is missing before the next constant, or this is a member's type.
            if !self.cursor.slice(end, self.cursor.pos()).contains(['\n', '\r']) {
                return false;
            }
            self.cursor.doubt(Reason::UnexpectedToken);
        }
        self.cursor.return_to(end);
        let signed = signature::bare(&mut self.declarations, lead.word);
        self.declare(
            Kind::EnumConstant,
            signed,
            lead.modifiers,
            scope,
            name,
            span(lead.start, end),
        );
        if nested {
            self.enter_code(scope, arguments_start);
        }
        true
    }
}

impl<'t> Cursor<'t> {
    /// Steps over the name that is declared here; not over a keyword that begins another
    /// declaration.
    pub(super) fn declared_name(&mut self) -> Option<Span> {
        let start = self.pos();
        if !self.at_name() || begins_member(self.word()) {
            self.return_to(start);
            return None;
        }
        Some(span(start, self.pos()))
    }

    /// Whether the `record` just stepped over declares a record rather than being a name.
    pub(super) fn at_record(&mut self) -> bool {
        let start = self.pos();
        self.skip_trivia();
        let named = self.at_name() && !self.word().is_empty();
        self.skip_trivia();
        let record = named && matches!(self.peek(), b'(' | b'<');
        self.return_to(start);
        record
    }

    /// From behind a type's name to before its body.
    fn type_header(&mut self, kind: Kind) -> Header {
        let mut header = Header { end: self.pos(), components: None, has_body: false };
        let mut after_word = true;
        loop {
            self.skip_trivia();
            let start = self.pos();
            match self.peek() {
                b'{' => {
                    header.has_body = true;
                    return header;
                }
                b'<' => {
                    self.bump();
                    if !self.skip_type_arguments().closed {
                        break;
                    }
                }
                b'(' if kind == Kind::Record && header.components.is_none() && after_word => {
                    self.bump();
                    let from = self.pos();
                    if !self.skip_parens(Holds::Parameters).closed {
                        break;
                    }
                    header.components = Some(span(from, self.pos() - 1));
                }
                b'@' => {
                    self.bump();
                    self.skip_annotation();
                }
                b'.' | b',' => self.bump(),
                _ => {
                    let word = self.word();
                    if word.is_empty() || begins_declaration(word) {
                        self.return_to(start);
                        break;
                    }
                    after_word = false;
                }
            }
            header.end = self.pos();
        }
        self.doubt(Reason::UnexpectedToken);
        header
    }

    /// The rest of the type whose first word was stepped over: `.Entry<K, V>[]`, with the `...` of
    /// a record component. Returns all of it.
    pub(super) fn rest_of_type(&mut self, word: Span) -> Span {
        let mut end = word.end as usize;
        loop {
            self.skip_trivia();
            match self.peek() {
                b'<' => {
                    self.bump();
                    if !self.skip_type_arguments().closed {
                        self.doubt(Reason::UnexpectedToken);
                        break;
                    }
                }
                b'.' if self.peek_at(1) == b'.' => {
                    self.skip_dots();
                    end = self.pos();
                    break;
                }
                b'.' => {
                    self.bump();
                    self.skip_trivia();
                    while self.take(b'@') {
                        self.skip_annotation();
                        self.skip_trivia();
                    }
                    self.declared_name();
                }
                b'[' => {
                    self.bump();
                    self.skip_trivia();
                    if !self.take(b']') {
                        break;
                    }
                }
                // `int @A []`
                b'@' => {
                    self.bump();
                    self.skip_annotation();
                }
                _ => break,
            }
            end = self.pos();
        }
        self.return_to(end);
        span(word.start as usize, end)
    }

    fn skip_dots(&mut self) {
        while self.take(b'.') {}
    }

    /// The dimensions behind a name or parameters, annotated or not; usually none.
    pub(super) fn dimensions(&mut self) -> &'t str {
        let back = self.pos();
        self.skip_trivia();
        let start = self.pos();
        if !matches!(self.peek(), b'[' | b'@') {
            self.return_to(back);
            return "";
        }
        let mut end = start;
        loop {
            self.skip_trivia();
            while self.peek() == b'@' && !self.at_interface() {
                self.bump();
                self.skip_annotation();
                self.skip_trivia();
            }
            if !self.take(b'[') {
                break;
            }
            self.skip_trivia();
            if !self.take(b']') {
                break;
            }
            end = self.pos();
        }
        self.return_to(if end == start { back } else { end });
        self.slice(start, end)
    }

    /// Over the types of a `throws` clause; returns its end, where the position is.
    pub(super) fn skip_types(&mut self) -> usize {
        let mut end = self.pos();
        loop {
            self.skip_trivia();
            match self.peek() {
                b',' | b'.' => self.bump(),
                b'@' if !self.at_interface() => {
                    self.bump();
                    self.skip_annotation();
                }
                _ => {
                    let start = self.pos();
                    let word = self.word();
                    if word.is_empty() || begins_declaration(word) {
                        self.return_to(start);
                        break;
                    }
                }
            }
            end = self.pos();
        }
        self.return_to(end);
        end
    }
}
