//! Fields: the declarators of one declaration.

use super::cursor::span;
use super::modifiers::Lead;
use super::{Frame, Reason, Scanner, Scope};
use crate::declarations::{Kind, Modifiers, Span};
use crate::signature;

/// A field declaration, between two of its declarators.
#[derive(Clone, Copy)]
pub(super) struct FieldList {
    scope: Scope,
    start: usize,
    modifiers: Modifiers,
    of: Span,
    /// The field declared last, and whether it is the first one.
    last: u32,
    single: bool,
}

impl<'t> Scanner<'t> {
    /// From behind the first declarator's name to the declaration's end.
    pub(super) fn field(&mut self, lead: &Lead<'t>, scope: Scope, of: Span, name: Span) {
        let Lead { start, modifiers, .. } = *lead;
        let mut list = FieldList { scope, start, modifiers, of, last: 0, single: true };
        if !self.declarator(&mut list, name) {
            self.fields(list);
        }
    }

    /// From behind a declarator to the declaration's end, or to code that must be entered first.
    pub(super) fn fields(&mut self, mut list: FieldList) {
        loop {
            let end = self.cursor.pos();
            self.cursor.skip_trivia();
            if self.cursor.take(b',') {
                list.single = false;
                self.cursor.skip_trivia();
                let Some(name) = self.cursor.declared_name() else {
                    return self.cursor.doubt(Reason::UnexpectedToken);
                };
                if self.declarator(&mut list, name) {
                    return;
                }
                continue;
            }
            let closed = self.cursor.take(b';');
            if list.single {
                let end = if closed { self.cursor.pos() } else { end };
                self.declarations.symbols[list.last as usize].span = span(list.start, end);
            }
            if !closed {
                self.cursor.doubt(Reason::UnexpectedToken);
                self.cursor.return_to(end);
            }
            return;
        }
    }

    /// From behind a declarator's name over its dimensions and initialiser. `true` if the latter
    /// must be entered; the frame that continues the list lies below it then.
    fn declarator(&mut self, list: &mut FieldList, name: Span) -> bool {
        let dimensions = self.cursor.dimensions();
        let signed = signature::typed(
            &mut self.declarations,
            self.cursor.text_of(name),
            self.cursor.text_of(list.of),
            dimensions,
        );
        let end = if dimensions.is_empty() { name.end as usize } else { self.cursor.pos() };
        let whole = span(name.start as usize, end);
        list.last = self.declare(Kind::Field, signed, list.modifiers, list.scope, name, whole);
        let declared = self.cursor.pos();
        self.cursor.skip_trivia();
        if !self.cursor.take(b'=') {
            self.cursor.return_to(declared);
            return false;
        }
        let start = self.cursor.pos();
        let skipped = self.cursor.skip_initialiser(true);
        if !skipped.closed {
            self.cursor.doubt(Reason::UnclosedBracket);
        }
        self.declarations.symbols[list.last as usize].span.end = skipped.content_end as u32;
        if !skipped.nested {
            return false;
        }
        self.frames.push(Frame::Fields(*list));
        self.enter_code(list.scope, start);
        true
    }
}
