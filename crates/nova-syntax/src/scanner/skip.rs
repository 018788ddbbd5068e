//! Skipping: over bodies, arguments, type arguments and initialisers to where they end.
//!
//! Each step over a group takes time linear in the group, whatever it holds, and keeps no stack:
//! inside braces only braces count, and inside parentheses braces are skipped as a whole.

use super::Reason;
use super::bytes::{EXPRESSION_STOP, TYPE};
use super::cursor::Cursor;
use super::modifiers::begins_member;
use crate::declarations::Span;

/// What was skipped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Skipped {
    /// The end that was looked for is there; if not, the position is where looking for it ended.
    pub(super) closed: bool,
    /// There are braces in braces, without which nothing in a body or an expression can declare a
    /// type.
    pub(super) nested: bool,
}

/// An initialiser that was skipped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Initialiser {
    /// As for [`Skipped`].
    pub(super) closed: bool,
    /// As for [`Skipped`].
    pub(super) nested: bool,
    /// Where it ends, without the white space and comments behind it.
    pub(super) content_end: usize,
}

/// A comma between what may be type arguments.
struct Comma {
    /// How many angle brackets are open around it.
    depth: usize,
    /// Where the token before it ends.
    token_end: usize,
    start: usize,
}

/// What parentheses may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Parameters or record components: braces only in the arguments of annotations.
    Parameters,
    /// Expressions: lambdas' and anonymous classes' bodies.
    Expressions,
}

impl<'t> Cursor<'t> {
    /// From behind an opening brace to behind the one that closes it.
    pub(super) fn skip_braces(&mut self) -> Skipped {
        let mut depth = 1_usize;
        let mut nested = false;
        loop {
            self.skip_plain_code();
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
                        return Skipped { closed: true, nested };
                    }
                }
                b'"' | b'\'' => self.skip_literal(),
                b'/' => self.skip_slash(),
                _ => return Skipped { closed: false, nested },
            }
        }
    }

    /// From behind an opening parenthesis to behind the one that closes it; stays before a token
    /// that cannot stand inside.
    pub(super) fn skip_parens(&mut self, holds: Holds) -> Skipped {
        let mut depth = 1_usize;
        let mut nested = false;
        loop {
            self.skip_until(EXPRESSION_STOP);
            match self.peek() {
                b'(' => {
                    depth += 1;
                    self.bump();
                }
                b')' => {
                    depth -= 1;
                    self.bump();
                    if depth == 0 {
                        return Skipped { closed: true, nested };
                    }
                }
                b'{' if holds == Holds::Expressions || depth > 1 => {
                    self.bump();
                    let braces = self.skip_braces();
                    nested |= braces.nested;
                    if !braces.closed {
                        return Skipped { closed: false, nested };
                    }
                }
                b'"' | b'\'' => self.skip_literal(),
                b'/' => self.skip_slash(),
                b'<' | b',' | b'[' | b']' => self.bump(),
                b'\n' | b'\r' if !self.line_begins_member() => {}
                _ => return Skipped { closed: false, nested },
            }
        }
    }

    /// From behind `<` to behind the `>` that closes it; stays before a token that cannot stand
    /// between them.
    pub(super) fn skip_type_arguments(&mut self) -> Skipped {
        let mut depth = 1_usize;
        loop {
            self.skip_while(TYPE);
            match self.peek() {
                b'<' => {
                    depth += 1;
                    self.bump();
                }
                b'>' => {
                    depth -= 1;
                    self.bump();
                    if depth == 0 {
                        return Skipped { closed: true, nested: false };
                    }
                }
                b'@' => {
                    self.bump();
                    self.skip_annotation();
                }
                b'/' if self.skip_comment() => {}
                b'\n' | b'\r' if !self.line_begins_member() => {}
                _ => return Skipped::default(),
            }
        }
    }

    /// From behind `@` over an annotation's name and arguments; the name.
    pub(super) fn skip_annotation(&mut self) -> &'t str {
        self.skip_trivia();
        let Some(name) = self.qualified_name() else {
            self.doubt(Reason::UnexpectedToken);
            return "";
        };
        let end = self.pos();
        self.skip_trivia();
        if !self.take(b'(') {
            self.return_to(end);
        } else if !self.skip_parens(Holds::Expressions).closed {
            self.doubt(Reason::UnclosedBracket);
        }
        self.text_of(name)
    }

    /// From behind `=` to before the `;` that ends the declaration, or, if other declarators may
    /// follow, to before the `,` that ends the declarator; stays before what cannot stand inside.
    pub(super) fn skip_initialiser(&mut self, ends_at_comma: bool) -> Initialiser {
        let mut parens = 0_usize;
        let mut nested = false;
        let mut comments = Span::default();
        let closed = loop {
            self.skip_until(EXPRESSION_STOP);
            match self.peek() {
                b';' => break parens == 0,
                b',' if parens == 0 && ends_at_comma => break true,
                b'<' if parens == 0 && ends_at_comma => {
                    self.bump();
                    if let Some(comma) = self.skip_angle() {
                        self.return_to(comma.start);
                        return Initialiser { closed: true, nested, content_end: comma.token_end };
                    }
                }
                b'(' | b'[' => {
                    parens += 1;
                    self.bump();
                }
                b')' | b']' if parens > 0 => {
                    parens -= 1;
                    self.bump();
                }
                b'{' => {
                    self.bump();
                    let braces = self.skip_braces();
                    nested |= braces.nested;
                    if !braces.closed {
                        break false;
                    }
                }
                b'"' | b'\'' => self.skip_literal(),
                b'/' => self.skip_slash_noting(&mut comments),
                b',' | b'<' => self.bump(),
                b'\n' | b'\r' if !self.line_begins_member() => {}
                _ => break false,
            }
        };
        let mut content_end = self.trimmed(self.pos());
        if content_end == comments.end as usize {
            content_end = self.trimmed(comments.start as usize);
        }
        Initialiser { closed, nested, content_end }
    }

    /// From behind a `<` in an expression: over type arguments, whose commas separate nothing, up
    /// to the token that settles whether they are some. If they are not, the `<` compares, and the
    /// first comma since ends the declarator.
    ///
    /// Going back to that comma costs no more than linear time: only a declarator's `=` leads back
    /// to an initialiser, and there is none before the token that settled it.
    fn skip_angle(&mut self) -> Option<Comma> {
        let mut depth = 1_usize;
        // The first one that no closed pair of brackets is around.
        let mut comma = None;
        loop {
            let token_end = self.pos();
            self.skip_trivia();
            match self.peek() {
                b',' => {
                    comma.get_or_insert(Comma { depth, token_end, start: self.pos() });
                }
                b'<' => depth += 1,
                b'>' => {
                    depth -= 1;
                    comma = comma.filter(|comma| comma.depth <= depth);
                    if depth == 0 {
                        self.bump();
                        return None;
                    }
                }
                b'.' | b'[' | b']' => {}
                b'?' if self.at_wildcard() => {}
                b'@' => {
                    self.bump();
                    self.skip_annotation();
                    continue;
                }
                _ if self.at_name() && !begins_member(self.next_word()) => {
                    self.word();
                    continue;
                }
                _ => {
                    self.return_to(token_end);
                    return comma;
                }
            }
            self.bump();
        }
    }

    /// Whether the `?` at the position is a wildcard rather than a conditional operator.
    fn at_wildcard(&mut self) -> bool {
        let start = self.pos();
        self.bump();
        self.skip_trivia();
        let wildcard =
            matches!(self.peek(), b',' | b'>') || matches!(self.word(), "extends" | "super");
        self.return_to(start);
        wildcard
    }

    /// A comment, which prolongs `comments` if nothing else is between, or the operator that is none.
    fn skip_slash_noting(&mut self, comments: &mut Span) {
        let start = self.pos();
        if !self.skip_comment() {
            return self.bump();
        }
        if self.trimmed(start) != comments.end as usize {
            comments.start = start as u32;
        }
        comments.end = self.pos() as u32;
    }

    /// A comment, or the operator that is none.
    pub(super) fn skip_slash(&mut self) {
        if !self.skip_comment() {
            self.bump();
        }
    }
}
