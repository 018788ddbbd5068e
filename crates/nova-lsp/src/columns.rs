//! Columns of one text, for many places in it: each costs what lies between it and the place before.

use std::cell::RefCell;

use gen_lsp_types::{Position, Range};
use nova_router::place::{TextPosition, TextRange};

use crate::encoding::Encoding;

/// The columns of a text as it is now.
#[derive(Debug)]
pub(crate) struct Columns {
    encoding: Encoding,
    /// None if all columns are as they are.
    text: Option<Text>,
}

#[derive(Debug)]
struct Text {
    text: String,
    /// The offsets at which lines begin; a line ends with LF, CRLF or CR.
    starts: Vec<usize>,
    /// The place that was asked for last.
    last: RefCell<Place>,
}

/// A place in the text, counted in each way.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    line: u32,
    offset: usize,
    units: u32,
    column: u32,
}

impl Columns {
    /// Those of a text; without one, columns are UTF-16 units.
    pub(crate) fn new(encoding: Encoding, text: Option<String>) -> Self {
        let text = text.map(|text| {
            let bytes = text.as_bytes();
            let is_end = |at: usize| match bytes[at] {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            let ends = (0..bytes.len()).filter(|&at| is_end(at));
            let starts = std::iter::once(0).chain(ends.map(|at| at + 1)).collect();
            Text { text, starts, last: RefCell::default() }
        });
        Self { encoding, text }
    }

    /// A stretch of the text for the editor.
    pub(crate) fn range(&self, range: TextRange) -> Range {
        Range { start: self.position(range.start), end: self.position(range.end) }
    }

    fn position(&self, at: TextPosition) -> Position {
        let TextPosition { line, character } = at;
        let column = self.text.as_ref().map(|text| text.column(at, self.encoding));
        Position { line, character: column.unwrap_or(character) }
    }
}

impl Text {
    /// A column of the editor's. Beyond the line's end is its end.
    fn column(&self, at: TextPosition, encoding: Encoding) -> u32 {
        let mut place = self.last.borrow_mut();
        if place.line != at.line || at.character < place.units / 2 {
            let start = self.starts.get(at.line as usize).copied();
            let offset = start.unwrap_or(self.text.len());
            *place = Place { line: at.line, offset, units: 0, column: 0 };
        }
        while place.units > at.character {
            let Some(char) = self.text[..place.offset].chars().next_back() else { break };
            place.offset -= char.len_utf8();
            place.units -= char.len_utf16() as u32;
            place.column -= encoding.units(char);
        }
        while place.units < at.character {
            let next = self.text[place.offset..].chars().next();
            let Some(char) = next.filter(|char| !matches!(char, '\n' | '\r')) else { break };
            place.offset += char.len_utf8();
            place.units += char.len_utf16() as u32;
            place.column += encoding.units(char);
        }
        place.column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_right_in_any_order() {
        let text = "aé😀b\r\nü\r\rlast".to_owned();
        let columns = Columns::new(Encoding::Utf8, Some(text));
        let places = [
            ((0, 0), 0),
            ((0, 5), 8),
            ((0, 4), 7),
            ((0, 1), 1),
            ((0, 2), 3),
            ((0, 99), 8),
            ((1, 1), 2),
            ((2, 1), 0),
            ((3, 4), 4),
            ((9, 9), 0),
        ];
        for ((line, character), expected) in places.into_iter().chain(places.into_iter().rev()) {
            let position = columns.position(TextPosition { line, character });
            assert_eq!(position, Position { line, character: expected }, "{line}:{character}");
        }
        let at = TextPosition { line: 0, character: 4 };
        assert_eq!(Columns::new(Encoding::Utf16, None).position(at).character, 4);
    }
}
