//! Unicode escapes (JLS §3.3): translated before anything else looks at the text, and the way back
//! from offsets in the translated text to offsets in the text as written.
//!
//! Few files have any, so a text without `\u` is passed through untouched.

use std::borrow::Cow;

use memchr::{memchr, memmem};

/// A text without unicode escapes, which knows where its characters come from.
#[derive(Debug, Clone)]
pub struct Translation<'t> {
    text: Cow<'t, str>,
    /// In order.
    runs: Vec<Run>,
}

/// Escapes one behind another that are equally long, as their characters are.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Where the first one is written.
    written: u32,
    /// Where its character is in the translated text.
    translated: u32,
    count: u32,
    /// How long each is as written.
    written_bytes: u32,
    /// How long the character of each is.
    translated_bytes: u32,
}

impl Run {
    fn written_end(&self) -> u32 {
        self.written + self.count * self.written_bytes
    }

    /// Where `offset`, which is not before the run, is written.
    fn written_at(&self, offset: u32) -> u32 {
        let bytes = offset - self.translated;
        let characters = (bytes / self.translated_bytes).min(self.count);
        self.written
            + characters * self.written_bytes
            + (bytes - characters * self.translated_bytes)
    }
}

impl Translation<'_> {
    /// The translated text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the character at `offset` of the translated text is written.
    pub fn written_at(&self, offset: u32) -> u32 {
        let before = self.runs.partition_point(|run| run.translated <= offset);
        before.checked_sub(1).map_or(offset, |index| self.runs[index].written_at(offset))
    }

    /// Whether offsets are the same in both texts.
    pub fn is_unchanged(&self) -> bool {
        self.runs.is_empty()
    }
}

/// Translates the unicode escapes in `text`. What only looks like one stays as it is; a surrogate
/// without its other half becomes U+FFFD. A text whose offsets do not fit 32 bits stays as well: no
/// one can scan it.
pub fn translate(text: &str) -> Translation<'_> {
    let is_too_large = text.len() > u32::MAX as usize;
    if is_too_large || memmem::find(text.as_bytes(), br"\u").is_none() {
        return Translation { text: Cow::Borrowed(text), runs: Vec::new() };
    }
    let mut translated = String::with_capacity(text.len());
    let mut runs = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(backslash) = backslash_from(text.as_bytes(), at) {
        let Some((character, end)) = escape_at(text.as_bytes(), backslash) else {
            // A backslash that begins no escape takes the one behind it along (JLS §3.3).
            let doubled = text.as_bytes().get(backslash + 1) == Some(&b'\\');
            at = backslash + if doubled { 2 } else { 1 };
            continue;
        };
        if copied < backslash {
            translated.push_str(&text[copied..backslash]);
        }
        let escape = Run {
            written: backslash as u32,
            translated: translated.len() as u32,
            count: 1,
            written_bytes: (end - backslash) as u32,
            translated_bytes: character.len_utf8() as u32,
        };
        push_escape(&mut runs, escape);
        translated.push(character);
        copied = end;
        at = end;
    }
    translated.push_str(&text[copied..]);
    Translation { text: Cow::Owned(translated), runs }
}

/// Adds an escape to the last run, or begins another one with it.
fn push_escape(runs: &mut Vec<Run>, escape: Run) {
    match runs.last_mut() {
        Some(run)
            if run.written_end() == escape.written
                && run.written_bytes == escape.written_bytes
                && run.translated_bytes == escape.translated_bytes =>
        {
            run.count += 1;
        }
        _ => runs.push(escape),
    }
}

/// Texts that are written in escapes have them one after another.
fn backslash_from(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes.get(at) == Some(&b'\\') {
        return Some(at);
    }
    memchr(b'\\', bytes.get(at..)?).map(|len| at + len)
}

/// The character that the escape at `at` stands for, together with the escape of a low surrogate
/// behind it, and their end.
fn escape_at(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let (unit, end) = unit_at(bytes, at)?;
    if let Some(character) = char::from_u32(u32::from(unit)) {
        return Some((character, end));
    }
    if let Some((low, low_end)) = unit_at(bytes, end)
        && let Some(Ok(character)) = char::decode_utf16([unit, low]).next()
    {
        return Some((character, low_end));
    }
    Some((char::REPLACEMENT_CHARACTER, end))
}

/// The UTF-16 unit that `\uXXXX` at `at` stands for, and its end.
#[inline]
fn unit_at(bytes: &[u8], at: usize) -> Option<(u16, usize)> {
    match bytes.get(at..)? {
        [b'\\', b'u', a, b, c, d, ..] if *a != b'u' => Some((unit([*a, *b, *c, *d])?, at + 6)),
        [b'\\', b'u', rest @ ..] => {
            let more_us = rest.iter().take_while(|&&byte| byte == b'u').count();
            Some((unit(*rest[more_us..].first_chunk()?)?, at + 2 + more_us + 4))
        }
        _ => None,
    }
}

fn unit(digits: [u8; 4]) -> Option<u16> {
    let unit = digits.iter().fold(0, |unit, &digit| unit << 4 | DIGITS[usize::from(digit)]);
    (unit & NO_DIGITS == 0).then_some(unit as u16)
}

/// What hexadecimal digits are worth.
static DIGITS: [u32; 256] = {
    let mut digits = [NO_DIGITS; 256];
    let mut value = 0;
    while value < 16 {
        digits[b"0123456789abcdef"[value] as usize] = value as u32;
        digits[b"0123456789ABCDEF"[value] as usize] = value as u32;
        value += 1;
    }
    digits
};

/// Set above a unit's 16 bits if any of the four bytes that it was made of is no digit.
const NO_DIGITS: u32 = 0x1111_0000;

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
        let written = r"a\u00e9b\ud83d\ude00c\u4e00\u4e01\uu4e02\u0064\u0065f";
        let translation = translate(written);
        for (character, expected) in [
            ("a", 0),
            ("é", 1),
            ("b", 7),
            ("😀", 8),
            ("c", 20),
            ("一", 21),
            ("丁", 27),
            ("丂", 33),
            ("d", 40),
            ("e", 46),
            ("f", 52),
        ] {
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
