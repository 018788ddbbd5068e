//! Recovery by layout: how far lines are indented tells where bodies end when braces do not.
//!
//! A brace too few or too many shifts everything behind it, and while someone types that is normal.
//! So a text whose braces do not balance is scanned once more, and this time a member's body is over
//! at the latest before a line that is indented no deeper than the member and begins another one, or
//! at a closing brace below the member's beginning. This holds for types whose members are indented
//! deeper than they are; others are left to their braces.

use super::bytes::LAYOUT_STOP;
use super::cursor::Cursor;
use super::modifiers::{begins_declaration, begins_member};
use super::skip::Skipped;
use super::{Scanner, Scope};

impl Scanner<'_> {
    /// How far the type is indented whose header begins at `start` and whose body at the position,
    /// if its layout can be relied on and must be.
    pub(super) fn layout_of_type(&mut self, start: usize) -> Option<usize> {
        if !self.by_layout {
            return None;
        }
        let indent = self.cursor.indent_before(start)?;
        let back = self.cursor.pos();
        self.cursor.skip_trivia();
        let first = self.cursor.indent_before(self.cursor.pos());
        self.cursor.return_to(back);
        first.is_some_and(|first| first > indent).then_some(indent)
    }

    /// How far the member that begins at `start` is indented, if that tells where it ends.
    pub(super) fn layout_of_member(&self, scope: Scope, start: usize) -> Option<usize> {
        let type_indent = scope.indent?;
        self.cursor.indent_before(start).filter(|&indent| indent > type_indent)
    }

    /// At a token in the body of `scope`: whether the layout shows that the body is over, without a
    /// brace. Steps over a brace that it shows to be one too many.
    pub(super) fn ends_by_layout(&mut self, scope: Scope) -> bool {
        let Some(type_indent) = scope.indent else { return false };
        while !self.cursor.at_end() {
            let closing = self.cursor.peek() == b'}';
            match self.cursor.indent_before(self.cursor.pos()) {
                Some(indent) if indent == type_indent && closing => return false,
                Some(indent) if indent <= type_indent => return true,
                _ if !closing => return false,
                _ => self.cursor.bump(),
            }
            self.cursor.skip_trivia();
        }
        false
    }
}

impl Cursor<'_> {
    /// [`Cursor::skip_braces`] for the body of a member that is indented by `indent`.
    pub(super) fn skip_braces_by_layout(&mut self, indent: usize) -> Skipped {
        let mut depth = 1_usize;
        let mut nested = false;
        let closed = loop {
            self.skip_until(LAYOUT_STOP);
            match self.peek() {
                b'{' => {
                    depth += 1;
                    nested = true;
                    self.bump();
                }
                b'}' => {
                    depth -= 1;
                    self.bump();
                    if depth == 0 {
                        break true;
                    }
                }
                b'"' | b'\'' => self.skip_literal(),
                b'/' => self.skip_slash(),
                b'\n' | b'\r' => {
                    self.bump();
                    match self.end_on_line(indent) {
                        None => {}
                        Some(LineEnd::ClosingBrace) => {
                            self.bump();
                            break depth == 1;
                        }
                        Some(LineEnd::NextMember) => break false,
                    }
                }
                _ => break false,
            }
        };
        Skipped { closed, nested }
    }

    /// Whether the line that begins at the position shows that the body of a member that is
    /// indented by `indent` is over. To the line's first token.
    fn end_on_line(&mut self, indent: usize) -> Option<LineEnd> {
        let start = self.pos();
        while self.take(b' ') || self.take(b'\t') {}
        let found = self.pos() - start;
        if found > indent {
            return None;
        }
        match self.peek() {
            b'}' if found == indent => Some(LineEnd::ClosingBrace),
            b'}' | b'@' => Some(LineEnd::NextMember),
            _ => {
                let token = self.pos();
                let word = self.word();
                self.return_to(token);
                (begins_member(word) || begins_declaration(word)).then_some(LineEnd::NextMember)
            }
        }
    }
}

/// What ends a body by its layout.
enum LineEnd {
    /// The brace that the member is closed by, whatever others are missing.
    ClosingBrace,
    /// What follows the member: its own brace is missing.
    NextMember,
}
