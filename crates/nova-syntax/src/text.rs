//! Bytes → text: what encoding a file is in, and its characters.
//!
//! Every file is text in some encoding, so decoding never fails; what cannot be a character becomes
//! U+FFFD. Unicode escapes are no encoding: see [`crate::escapes`].

use std::borrow::Cow;

/// The text of a file, without its byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText<'b> {
    /// The characters. Borrowed from the bytes if these are UTF-8.
    pub text: Cow<'b, str>,
    /// How they were encoded.
    pub encoding: Encoding,
}

/// The encodings that are recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16 with a little-endian byte order mark.
    Utf16Le,
    /// UTF-16 with a big-endian byte order mark.
    Utf16Be,
    /// ISO-8859-1, which is what bytes are taken for that are nothing else. Worth a note: it is a
    /// guess.
    Latin1,
}

/// Decodes `bytes`: as their byte order mark says, else as UTF-8 if they are, else as ISO-8859-1.
pub fn decode(bytes: &[u8]) -> SourceText<'_> {
    let (text, encoding) = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => (String::from_utf8_lossy(rest), Encoding::Utf8),
        [0xff, 0xfe, rest @ ..] => (utf16(rest, u16::from_le_bytes), Encoding::Utf16Le),
        [0xfe, 0xff, rest @ ..] => (utf16(rest, u16::from_be_bytes), Encoding::Utf16Be),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), Encoding::Utf8),
            Err(_) => (bytes.iter().map(|&byte| char::from(byte)).collect(), Encoding::Latin1),
        },
    };
    SourceText { text, encoding }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Cow<'static, str> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let characters = char::decode_utf16(pairs.iter().map(|&pair| unit(pair)))
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER));
    let odd = odd.first().map(|_| char::REPLACEMENT_CHARACTER);
    Cow::Owned(characters.chain(odd).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], text: &str, encoding: Encoding) {
        assert_eq!(decode(bytes), SourceText { text: text.into(), encoding });
    }

    #[test]
    fn a_byte_order_mark_decides_and_is_dropped() {
        check(b"\xef\xbb\xbfclass", "class", Encoding::Utf8);
        check(b"\xef\xbb\xbfa\xffb", "a\u{fffd}b", Encoding::Utf8);
        check(b"\xff\xfeA\0\x3d\xd8\x00\xde", "A😀", Encoding::Utf16Le);
        check(b"\xfe\xff\0A\xd8\x3d\xde\x00", "A😀", Encoding::Utf16Be);
    }

    #[test]
    fn without_a_mark_it_is_utf_8_or_else_latin_1() {
        check("é".as_bytes(), "é", Encoding::Utf8);
        check(b"caf\xe9", "café", Encoding::Latin1);
        check(b"", "", Encoding::Utf8);
    }

    #[test]
    fn half_characters_in_utf_16_are_replaced() {
        check(b"\xff\xfe\x3d\xd8A\0\x42", "\u{fffd}A\u{fffd}", Encoding::Utf16Le);
    }
}
