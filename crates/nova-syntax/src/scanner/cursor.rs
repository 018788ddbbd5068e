//! The lexical floor: a position in the text, and the steps over white space, comments, literals and
//! words. Knows no grammar.
//!
//! Every character outside of literals and comments that is not ASCII counts as part of a word, so
//! the position always lies on a character boundary when a token begins or ends.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::bytes::{SPACE, WORD, first_of, has};
use super::modifiers::begins_member;
use super::{Doubt, Reason};
use crate::declarations::Span;

static COMMENT_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("*/"));

/// A position that only moves forward, save by [`Cursor::return_to`].
pub(crate) struct Cursor<'t> {
    pub(super) text: &'t str,
    bytes: &'t [u8],
    pos: usize,
    comment_end: &'static Finder<'static>,
    /// The first thing that was not as expected.
    pub(super) doubt: Option<Doubt>,
    /// What was skipped as trivia last.
    trivia: Span,
    /// No `"""` closes a text block in the rest of the text: it has been searched once.
    text_blocks_are_unclosed: bool,
}

impl<'t> Cursor<'t> {
    /// At the start of `text`, behind a byte order mark; a last Ctrl-Z is ignored (JLS §3.5).
    pub(crate) fn new(text: &'t str) -> Self {
        let text = text.strip_suffix('\x1a').unwrap_or(text);
        Self {
            text,
            bytes: text.as_bytes(),
            pos: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 },
            comment_end: &COMMENT_END,
            doubt: None,
            trivia: Span::default(),
            text_blocks_are_unclosed: false,
        }
    }

    pub(crate) fn pos(&self) -> usize {
        self.pos
    }

    pub(crate) fn return_to(&mut self, pos: usize) {
        self.pos = pos;
    }

    pub(crate) fn at_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    /// The byte at the position, NUL at the end.
    pub(crate) fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> u8 {
        self.bytes.get(self.pos + ahead).copied().unwrap_or(0)
    }

    /// Steps over `byte` if it is next.
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.pos) == Some(&byte);
        self.pos += usize::from(found);
        found
    }

    /// Steps over any byte of a token that has one byte.
    pub(crate) fn bump(&mut self) {
        self.pos = (self.pos + 1).min(self.bytes.len());
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(crate) fn text_of(&self, span: Span) -> &'t str {
        self.slice(span.start as usize, span.end as usize)
    }

    /// Notes the first doubt.
    pub(super) fn doubt(&mut self, reason: Reason) {
        self.doubt_at(self.pos, reason);
    }

    pub(super) fn doubt_at(&mut self, offset: usize, reason: Reason) {
        self.doubt.get_or_insert(Doubt { offset: offset as u32, reason });
    }

    /// Steps over white space and comments.
    pub(crate) fn skip_trivia(&mut self) {
        let start = self.pos;
        loop {
            self.skip_while(SPACE);
            if self.peek() != b'/' || !self.skip_comment() {
                break;
            }
        }
        if self.pos > start {
            self.trivia = span(start, self.pos);
        }
    }

    /// The end of the last token, if no more than one skip of trivia is behind it.
    pub(super) fn token_end(&self) -> usize {
        if self.trivia.end as usize == self.pos { self.trivia.start as usize } else { self.pos }
    }

    /// Steps over the comment at the position, a slash; `false` if it is none.
    pub(crate) fn skip_comment(&mut self) -> bool {
        let Some(rest) = self.bytes.get(self.pos + 1..) else { return false };
        match rest {
            [b'*', body @ ..] => match self.comment_end.find(body) {
                Some(len) => self.pos += len + 4,
                None => {
                    self.doubt(Reason::UnclosedComment);
                    self.pos = self.bytes.len();
                }
            },
            [b'/', line @ ..] => {
                let len = memchr::memchr2(b'\n', b'\r', line).unwrap_or(line.len());
                self.pos += len + 2;
            }
            _ => return false,
        }
        true
    }

    /// Steps over the string, text block or character literal that begins at the position.
    pub(crate) fn skip_literal(&mut self) {
        let quote = self.peek();
        if quote == b'"' && self.peek_at(1) == b'"' {
            if self.peek_at(2) == b'"' && self.skip_text_block() {
                return;
            }
            self.pos += 2;
            return;
        }
        let start = self.pos;
        self.pos += 1;
        loop {
            let rest = self.bytes.get(self.pos..).unwrap_or_default();
            self.pos += first_of(rest, [quote, b'\\', b'\n', b'\r']);
            match self.peek() {
                b'\\' if !matches!(self.peek_at(1), b'\n' | b'\r') => {
                    self.pos = (self.pos + 2).min(self.bytes.len());
                }
                byte if byte == quote && !self.at_end() => return self.bump(),
                _ => return self.doubt_at(start, Reason::UnclosedLiteral),
            }
        }
    }

    /// Steps over a text block; stays if nothing closes it, for then it is but an empty string and
    /// the beginning of another one.
    fn skip_text_block(&mut self) -> bool {
        let mut at = self.pos + 3;
        while !self.text_blocks_are_unclosed {
            let Some(len) =
                self.bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
            else {
                self.text_blocks_are_unclosed = true;
                self.doubt(Reason::UnclosedLiteral);
                break;
            };
            at += len;
            if self.bytes[at] == b'\\' {
                at += 2;
            } else if self.bytes[at..].starts_with(b"\"\"\"") {
                self.pos = at + 3;
                return true;
            } else {
                at += 1;
            }
        }
        false
    }

    /// The identifier, keyword or number at the position, empty if there is none.
    pub(crate) fn word(&mut self) -> &'t str {
        let start = self.pos;
        self.skip_while(WORD);
        self.slice(start, self.pos)
    }

    /// Whether an identifier or a keyword is next.
    pub(super) fn at_name(&self) -> bool {
        !self.at_end() && has(self.peek(), WORD) && !self.peek().is_ascii_digit()
    }

    /// From a line's end to the next token. Whether this begins a member: then what the line's end
    /// is part of was left unfinished.
    pub(super) fn line_begins_member(&mut self) -> bool {
        self.skip_while(SPACE);
        begins_member(self.next_word())
    }

    /// Steps over `a . b . c`; `None` if no name is next. Ends behind the last name: a dot that no
    /// name follows is left.
    pub(crate) fn qualified_name(&mut self) -> Option<Span> {
        if !self.at_name() {
            return None;
        }
        let start = self.pos;
        loop {
            self.word();
            let end = self.pos;
            self.skip_trivia();
            if self.take(b'.') {
                let dot_end = self.pos;
                self.skip_trivia();
                // Whoever types `a.` above a member has not named it.
                if self.at_name() && (self.pos == dot_end || !begins_member(self.next_word())) {
                    continue;
                }
            }
            self.pos = end;
            return Some(span(start, end));
        }
    }

    pub(super) fn skip_while(&mut self, class: u8) {
        while let Some(&byte) = self.bytes.get(self.pos)
            && has(byte, class)
        {
            self.pos += 1;
        }
    }

    /// To the next brace, literal or comment, if not the text's end.
    pub(super) fn skip_plain_code(&mut self) {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        self.pos += first_of(rest, [b'{', b'}', b'"', b'\'', b'/']);
    }

    /// To the next quote or slash, if not the text's end.
    pub(crate) fn skip_to_literal_or_slash(&mut self) {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        self.pos += first_of(rest, [b'"', b'\'', b'/']);
    }

    pub(super) fn skip_until(&mut self, class: u8) {
        let rest = self.bytes.get(self.pos..).unwrap_or_default();
        let len = rest.iter().position(|&byte| has(byte, class));
        self.pos += len.unwrap_or(rest.len());
    }

    /// `end` without the white space before it.
    pub(super) fn trimmed(&self, end: usize) -> usize {
        let before = &self.bytes[..end];
        end - before.iter().rev().take_while(|&&byte| has(byte, SPACE)).count()
    }

    /// How far the line of `pos` is indented, if nothing else stands before `pos` on it.
    pub(super) fn indent_before(&self, pos: usize) -> Option<usize> {
        let before = &self.bytes[..pos];
        let blank = before.iter().rev().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
        let line_start = pos - blank;
        (line_start == 0 || matches!(before[line_start - 1], b'\n' | b'\r')).then_some(blank)
    }
}

pub(super) fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
