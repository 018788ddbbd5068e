//! Byte offsets ⇄ lines and UTF-16 columns, as LSP counts them.
//!
//! Declarations come in the order of the text, so a cursor that goes from one offset to the next
//! reads the text once and keeps no table of lines.

use memchr::{memchr, memchr_iter, memchr2, memrchr, memrchr2};

/// A place in a text, counted from zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line; lines end with LF, CRLF or CR.
    pub line: u32,
    /// UTF-16 units since the line's start.
    pub character: u32,
}

/// Finds the positions of offsets in one text, fastest in increasing order.
///
/// A step from one offset to another costs what is between them, in either direction; a step back
/// over a line's end costs what is before the offset on its line as well.
#[derive(Debug, Clone)]
pub struct Lines<'t> {
    text: &'t str,
    /// Some line may end with a lone CR: LF alone does not tell the lines.
    has_cr: bool,
    /// The offset that was asked last, and its position.
    at: usize,
    position: Position,
}

impl<'t> Lines<'t> {
    /// At the start of `text`.
    pub fn new(text: &'t str) -> Self {
        let has_cr = memchr(b'\r', text.as_bytes()).is_some();
        Self { text, has_cr, at: 0, position: Position::default() }
    }

    /// The position of the byte at `offset`. Past the end is the end; inside a character is its
    /// start; the LF of a CRLF is still on the line that it ends.
    pub fn position(&mut self, offset: u32) -> Position {
        let offset = self.text.floor_char_boundary(offset as usize);
        if offset >= self.at {
            self.go_forward(offset);
        } else if offset < self.at / 2 {
            (self.at, self.position) = (0, Position::default());
            self.go_forward(offset);
        } else {
            self.go_back(offset);
        }
        self.at = offset;
        self.position
    }

    fn go_forward(&mut self, offset: usize) {
        match self.last_break_between(self.at, offset) {
            Some(line_start) => {
                self.position.line += self.breaks_between(self.at, offset);
                self.position.character = self.units_between(line_start, offset);
            }
            None => self.position.character += self.units_between(self.at, offset),
        }
    }

    fn go_back(&mut self, offset: usize) {
        let breaks = self.breaks_between(offset, self.at);
        if breaks == 0 {
            self.position.character -= self.units_between(offset, self.at);
        } else {
            let line_start = self.last_break_between(0, offset).unwrap_or(0);
            self.position.line -= breaks;
            self.position.character = self.units_between(line_start, offset);
        }
    }

    /// Where the last line begins whose predecessor's end is between the offsets.
    fn last_break_between(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut between = &bytes[start..end];
        let at = if self.has_cr {
            // The CR of a CRLF that `end` divides ends nothing yet.
            if between.last() == Some(&b'\r') && bytes.get(end) == Some(&b'\n') {
                between = &between[..between.len() - 1];
            }
            memrchr2(b'\n', b'\r', between)
        } else {
            memrchr(b'\n', between)
        };
        at.map(|at| start + at + 1)
    }

    /// How many lines end between the offsets.
    fn breaks_between(&self, start: usize, end: usize) -> u32 {
        let bytes = self.text.as_bytes();
        let mut breaks = memchr_iter(b'\n', &bytes[start..end]).count();
        if self.has_cr {
            let is_lone = |at: &usize| bytes.get(start + at + 1) != Some(&b'\n');
            breaks += memchr_iter(b'\r', &bytes[start..end]).filter(is_lone).count();
        }
        breaks as u32
    }

    fn units_between(&self, start: usize, end: usize) -> u32 {
        let between = &self.text[start..end];
        let units = if between.is_ascii() { between.len() } else { between.encode_utf16().count() };
        units as u32
    }
}

/// The byte at a position: beyond a line's end it is that end, beyond the last line the text's, and inside a pair of
/// surrogates what follows the pair.
pub fn offset(text: &str, position: Position) -> usize {
    let start = line_start(text, position.line);
    let line = &text[start..];
    let line = &line[..memchr2(b'\n', b'\r', line.as_bytes()).unwrap_or(line.len())];
    let mut units = 0;
    let at = line.char_indices().find(|(_, char)| {
        let is_there = units >= position.character;
        units += char.len_utf16() as u32;
        is_there
    });
    start + at.map_or(line.len(), |(at, _)| at)
}

/// Where a line begins.
fn line_start(text: &str, line: u32) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    for _ in 0..line {
        let Some(end) = memchr2(b'\n', b'\r', &bytes[at..]) else { return text.len() };
        let is_crlf = bytes[at + end..].starts_with(b"\r\n");
        at += end + if is_crlf { 2 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the cursor must find, the slow way.
    fn expected(text: &str, offset: usize) -> Position {
        let mut position = Position::default();
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if at + character.len_utf8() > offset {
                break;
            }
            let crlf = character == '\r' && characters.peek().is_some_and(|&(_, c)| c == '\n');
            if matches!(character, '\n' | '\r') && !crlf {
                position = Position { line: position.line + 1, character: 0 };
            } else {
                position.character += character.len_utf16() as u32;
            }
        }
        position
    }

    const TEXTS: [&str; 6] = [
        "",
        "class A {\n\n  int é = '😀', b;\n}",
        "a\r\nb\r\n\r\n😀c\r\n",
        "a\rb\r\rc",
        "\r\n\r\n\n\r\r\na",
        "\n\n\n",
    ];

    #[test]
    fn every_offset_is_found_in_order_and_backwards() {
        for text in TEXTS {
            let offsets = (0..=text.len() + 1).chain((0..=text.len()).rev());
            let mut lines = Lines::new(text);
            for offset in offsets {
                let expected = expected(text, offset);
                assert_eq!(lines.position(offset as u32), expected, "{text:?} at {offset}");
            }
        }
    }

    #[test]
    fn a_position_leads_back_to_its_offset() {
        for text in ["", "a\nbc\r\nd\re", "é😀b\n😀", "\r\n\r\n"] {
            for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let is_within_crlf = text[..at].ends_with('\r') && text[at..].starts_with('\n');
                let position = Lines::new(text).position(at as u32);
                assert!(is_within_crlf || offset(text, position) == at, "{at} of {text:?}");
            }
        }
    }

    #[test]
    fn every_offset_is_found_after_every_other() {
        for text in TEXTS {
            for first in 0..=text.len() {
                for second in 0..=text.len() {
                    let mut lines = Lines::new(text);
                    lines.position(first as u32);
                    let found = lines.position(second as u32);
                    assert_eq!(found, expected(text, second), "{text:?}: {second} after {first}");
                }
            }
        }
    }
}
