//! Rust text → its code: as much of a lexer as it takes to tell code from comments and literals, and
//! to find where functions begin and end.

use std::ops::Range;

/// The text with every comment and literal blanked out; all else keeps its place.
pub(crate) fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        match literal_or_comment(bytes, at) {
            Some(end) => {
                for byte in &mut code[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
            }
            None => at = word_end(bytes, at).max(at + 1),
        }
    }
    String::from_utf8(code).expect("literals and comments begin and end between characters")
}

/// Where the comment or literal ends that begins here, if one does.
fn literal_or_comment(bytes: &[u8], at: usize) -> Option<usize> {
    match &bytes[at..] {
        [b'/', b'/', ..] => Some(until(bytes, at, |rest| rest.starts_with(b"\n"))),
        [b'/', b'*', ..] => Some(block_comment_end(bytes, at)),
        [b'"', ..] => Some(quoted_end(bytes, at)),
        [b'\'', b'\\', ..] => Some(quoted_end(bytes, at)),
        [b'\'', ..] => char_end(bytes, at),
        [b'b' | b'c', b'"', ..] => Some(quoted_end(bytes, at + 1)),
        [b'b', b'\'', ..] => Some(quoted_end(bytes, at + 1)),
        [b'r', b'"' | b'#', ..] => raw_end(bytes, at + 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] => raw_end(bytes, at + 2),
        _ => None,
    }
}

fn until(bytes: &[u8], at: usize, is_end: impl Fn(&[u8]) -> bool) -> usize {
    (at..bytes.len()).find(|&at| is_end(&bytes[at..])).unwrap_or(bytes.len())
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut at, mut depth) = (at, 0_usize);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] if depth == 1 => return at + 2,
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a literal whose first and last byte is the one at `at`.
fn quoted_end(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut at = at + 1;
    while at < bytes.len() && bytes[at] != quote {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The end of a character literal; `None` for a lifetime.
fn char_end(bytes: &[u8], at: usize) -> Option<usize> {
    let is_boundary = |at: &usize| bytes.get(*at).is_some_and(|byte| byte & 0xc0 != 0x80);
    let quote = (at + 2..bytes.len()).find(is_boundary)?;
    (bytes[quote] == b'\'').then_some(quote + 1)
}

/// The end of a raw string whose hashes begin at `at`; `None` for a raw identifier.
fn raw_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let end = [b"\"", "#".repeat(hashes).as_bytes()].concat();
    let found = until(bytes, at + hashes + 1, |rest| rest.starts_with(&end));
    Some((found + end.len()).min(bytes.len()))
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    until(bytes, at, |rest| !(rest[0].is_ascii_alphanumeric() || rest[0] == b'_'))
}

/// The words of some code (or of any text), with their places.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let start = at + code[at..].find(is_word)?;
        let end = code[start..].find(|c| !is_word(c)).map_or(code.len(), |length| start + length);
        at = end;
        Some((start, &code[start..end]))
    })
}

/// The number of the line that a place is in, from one.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count()
}

/// The functions with a body: name, and place from `fn` to the closing brace.
pub(crate) fn functions(code: &str) -> Vec<(&str, Range<usize>)> {
    let keywords: Vec<_> = words(code).collect();
    let declared = keywords.windows(2).filter(|pair| {
        let ((at, word), (next, _)) = (pair[0], pair[1]);
        // In the type `fn(u8)` a parenthesis comes between.
        word == "fn" && code[at + word.len()..next].trim().is_empty()
    });
    let bodies = declared.filter_map(|pair| {
        let (start, name) = (pair[0].0, pair[1].1);
        Some((name, start..body_end(code, pair[1].0)?))
    });
    bodies.collect()
}

/// The end of the body of a function whose name is at `at`; `None` without a body.
fn body_end(code: &str, at: usize) -> Option<usize> {
    let mut brackets = 0_usize;
    let mut braces = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets = brackets.saturating_sub(1),
            b'{' => braces += 1,
            b'}' if braces <= 1 => return Some(offset + 1),
            b'}' => braces -= 1,
            b';' if braces == 0 && brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

#[test]
fn comments_and_literals_are_no_code() {
    let check = |text: &str, words_of_code: &[&str]| {
        let code = code_of(text);
        assert_eq!(code.len(), text.len());
        let found: Vec<_> = words(&code).map(|(_, word)| word).collect();
        assert_eq!(found, words_of_code, "{text}");
    };
    check("a // b\nc /* d /* e */ f */ g", &["a", "c", "g"]);
    check(r##"a "b \" c" d r"e\" f r#"g " h"# i b"j" k br"l" m"##, &["a", "d", "f", "i", "k", "m"]);
    check(
        r"a 'b' c '\'' d 'é' e: &'f g, r#h b'\'' i",
        &["a", "c", "d", "e", "f", "g", "r", "h", "i"],
    );
    check("a \"// b\" c '\"' d \"e", &["a", "c", "d"]);
}

#[test]
fn functions_are_found_with_their_bodies() {
    let code = code_of(
        "fn a<T>(b: [u8; 2]) -> T where T: C {\n if d { e }\n}\nfn f();\nlet g: fn(u8);\nasync fn h() {}",
    );
    let found: Vec<_> =
        functions(&code).into_iter().map(|(name, at)| (name, code[at].lines().count())).collect();
    assert_eq!(found, [("a", 3), ("h", 1)]);
}
