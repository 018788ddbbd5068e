//! Unicode escapes (JLS §3.3): translated before anything else looks at the text, and the way back
//! from offsets in the translated text to offsets in the text as written.
//!
//! Few files have any, so a text without `\u` is passed through untouched.

use std::borrow::Cow;

use memchr::memmem;

/// A text without unicode escapes, which knows where its characters come from.
#[derive(Debug, Clone)]
pub struct Translation<'t> {
    text: Cow<'t, str>,
    /// The ends of the escapes, in order.
    anchors: Vec<Anchor>,
}

/// From here to the next anchor, offsets in both texts differ by the same amount.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    translated: usize,
    written: usize,
}

impl Translation<'_> {
    /// The translated text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the character at `offset` of the translated text is written.
    pub fn written_at(&self, offset: u32) -> u32 {
        let offset = offset as usize;
        let before = self.anchors.partition_point(|anchor| anchor.translated <= offset);
        let written = match before.checked_sub(1).map(|index| self.anchors[index]) {
            Some(anchor) => anchor.written + (offset - anchor.translated),
            None => offset,
        };
        written as u32
    }

    /// Whether offsets are the same in both texts.
    pub fn is_unchanged(&self) -> bool {
        self.anchors.is_empty()
    }
}

/// Translates the unicode escapes in `text`. What only looks like one stays as it is; a surrogate
/// without its other half becomes U+FFFD.
pub fn translate(text: &str) -> Translation<'_> {
    if memmem::find(text.as_bytes(), br"\u").is_none() {
        return Translation { text: Cow::Borrowed(text), anchors: Vec::new() };
    }
    let mut translated = String::with_capacity(text.len());
    let mut anchors = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(backslash) = memchr::memchr(b'\\', &text.as_bytes()[at..]) {
        at += backslash;
        let Some((character, end)) = escape_at(text, at) else {
            // A backslash that is not the first half of an escape takes its partner along.
            at += if text.as_bytes().get(at + 1) == Some(&b'\\') { 2 } else { 1 };
            continue;
        };
        translated.push_str(&text[copied..at]);
        translated.push(character);
        anchors.push(Anchor { translated: translated.len(), written: end });
        copied = end;
        at = end;
    }
    translated.push_str(&text[copied..]);
    Translation { text: Cow::Owned(translated), anchors }
}

/// The character that the escape at `at` stands for, together with the escape of a low surrogate
/// behind it, and their end.
fn escape_at(text: &str, at: usize) -> Option<(char, usize)> {
    let (unit, end) = unit_at(text, at)?;
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Some((character, end));
    }
    if let Some((low, low_end)) = unit_at(text, end)
        && let Some(Ok(character)) = char::decode_utf16([unit, low]).next()
    {
        return Some((character, low_end));
    }
    Some((char::REPLACEMENT_CHARACTER, end))
}

/// The UTF-16 unit that `\uXXXX` at `at` stands for, and its end.
fn unit_at(text: &str, at: usize) -> Option<(u16, usize)> {
    let bytes = text.as_bytes();
    let rest = bytes.get(at..)?.strip_prefix(b"\\")?;
    let us = rest.iter().take_while(|&&byte| byte == b'u').count();
    let digits = rest.get(us..us + 4)?;
    if us == 0 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let end = at + 1 + us + 4;
    let unit = u16::from_str_radix(&text[end - 4..end], 16).ok()?;
    Some((unit, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(written: &str, expected: &str) {
        assert_eq!(translate(written).text(), expected);
    }

    #[test]
    fn escapes_are_translated_and_what_only_looks_like_one_stays() {
        check(r"caf\u00e9 \uuu0041\u0042", "café AB");
        check(r"\u12 \u12g4 \x \u", r"\u12 \u12g4 \x \u");
        check(r"\u00", r"\u00");
        check(r"é\uué", r"é\uué");
    }

    #[test]
    fn only_a_backslash_behind_an_even_number_of_them_begins_an_escape() {
        check(r"\\u0041 \\\u0041 \\\\u0041", r"\\u0041 \\A \\\\u0041");
    }

    #[test]
    fn a_translated_backslash_begins_no_further_escape() {
        check(r"\u005cu0041", r"\u0041");
    }

    #[test]
    fn surrogates_are_joined_and_lone_ones_replaced() {
        check(r"\ud83d\ude00 \uD83D\uuDE00", "😀 😀");
        check(r"\ud83d \ude00 \ud83d\u0041", "\u{fffd} \u{fffd} \u{fffd}A");
    }

    #[test]
    fn offsets_lead_back_to_where_characters_are_written() {
        let written = r"a\u00e9b\ud83d\ude00c";
        let translation = translate(written);
        for (character, expected) in [("a", 0), ("b", 7), ("c", 20)] {
            let offset = translation.text().find(character).unwrap() as u32;
            assert_eq!(translation.written_at(offset), expected, "{character}");
        }
        let end = translation.text().len() as u32;
        assert_eq!(translation.written_at(end), written.len() as u32);
    }

    #[test]
    fn text_without_escapes_is_not_copied() {
        let translation = translate(r"C:\temp");
        assert!(matches!(translation.text, Cow::Borrowed(_)) && translation.is_unchanged());
    }
}
