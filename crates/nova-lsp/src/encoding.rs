//! What an editor counts columns in. Everything else in Nova counts UTF-16 units.

use gen_lsp_types::{Position, PositionEncodingKind};
use nova_router::place::TextPosition;

/// What columns are counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// What every editor can do.
    #[default]
    Utf16,
    Utf32,
}

impl Encoding {
    /// Of those that the editor offers: the one that costs nothing, else the one that it likes best.
    pub(crate) fn agree(offered: Option<&[PositionEncodingKind]>) -> Self {
        let known = |kind: &PositionEncodingKind| match kind {
            PositionEncodingKind::UTF8 => Some(Self::Utf8),
            PositionEncodingKind::UTF16 => Some(Self::Utf16),
            PositionEncodingKind::UTF32 => Some(Self::Utf32),
            PositionEncodingKind::Custom(_) => None,
        };
        let offered: Vec<Self> = offered.unwrap_or_default().iter().filter_map(known).collect();
        match offered.contains(&Self::Utf16) {
            true => Self::Utf16,
            false => offered.first().copied().unwrap_or_default(),
        }
    }

    /// As the protocol calls it.
    pub(crate) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    /// A position of the editor's; `line` is the line's text, which only some encodings look at.
    pub(crate) fn to_units<'l>(
        self,
        position: Position,
        line: impl FnOnce() -> Option<&'l str>,
    ) -> TextPosition {
        let Position { line: number, character } = position;
        let character = match (self, line_if(self, line)) {
            (Self::Utf16, _) | (_, None) => character,
            (_, Some(line)) => convert(line, character, self, Self::Utf16),
        };
        TextPosition { line: number, character }
    }

    /// A position for the editor.
    pub(crate) fn of_units<'l>(
        self,
        position: TextPosition,
        line: impl FnOnce() -> Option<&'l str>,
    ) -> Position {
        let TextPosition { line: number, character } = position;
        let character = match (self, line_if(self, line)) {
            (Self::Utf16, _) | (_, None) => character,
            (_, Some(line)) => convert(line, character, Self::Utf16, self),
        };
        Position { line: number, character }
    }

    /// How many a character takes.
    pub(crate) fn units(self, char: char) -> u32 {
        match self {
            Self::Utf8 => char.len_utf8() as u32,
            Self::Utf16 => char.len_utf16() as u32,
            Self::Utf32 => 1,
        }
    }
}

fn line_if<'l>(encoding: Encoding, line: impl FnOnce() -> Option<&'l str>) -> Option<&'l str> {
    if encoding == Encoding::Utf16 { None } else { line() }
}

/// A column of a line, counted otherwise. Beyond the line's end is its end.
fn convert(line: &str, character: u32, from: Encoding, to: Encoding) -> u32 {
    let (mut seen, mut converted) = (0, 0);
    for char in line.chars() {
        if seen >= character {
            break;
        }
        seen += from.units(char);
        converted += to.units(char);
    }
    converted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_nothing_is_taken_where_it_is_offered() {
        use PositionEncodingKind as Kind;
        assert_eq!(Encoding::agree(None), Encoding::Utf16);
        assert_eq!(Encoding::agree(Some(&[])), Encoding::Utf16);
        assert_eq!(Encoding::agree(Some(&[Kind::UTF8, Kind::UTF16])), Encoding::Utf16);
        assert_eq!(
            Encoding::agree(Some(&[Kind::Custom("x".into()), Kind::UTF32])),
            Encoding::Utf32
        );
    }

    #[test]
    fn columns_are_converted_both_ways() {
        let line = "aé😀b";
        for (encoding, columns) in
            [(Encoding::Utf8, [0, 1, 3, 7, 8]), (Encoding::Utf32, [0, 1, 2, 3, 4])]
        {
            for (column, units) in columns.into_iter().zip([0, 1, 2, 4, 5]) {
                let position = Position { line: 3, character: column };
                let text = TextPosition { line: 3, character: units };
                assert_eq!(encoding.to_units(position, || Some(line)), text);
                assert_eq!(encoding.of_units(text, || Some(line)), position);
            }
        }
        let beyond = Position { line: 0, character: 99 };
        assert_eq!(Encoding::Utf8.to_units(beyond, || Some(line)).character, 5);
    }
}
