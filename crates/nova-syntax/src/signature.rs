//! Signatures: a declaration's header on one line, as written but for white space and comments.
//!
//! The scanner and the tree both know which slices of the text make up a signature; this module
//! alone decides how the slices are put together, so that the two cannot differ in it. The name is
//! the signature's beginning and shares its bytes in the arena.

use crate::declarations::{Declarations, Text};

/// A longer signature is cut and ends in `…`; a name alone is never cut.
pub(crate) const SIGNATURE_BYTES_MAX: usize = 4096;

/// Once the signatures of a file are made of this much text, the others are but names. Each of many
/// declarators repeats their type, so a small file could ask for gigabytes.
pub(crate) const SIGNATURE_SOURCE_BYTES_MAX: usize = 64 << 20;

const ELLIPSIS: &str = "…";

/// A name and the signature that begins with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    pub(crate) name: Text,
    pub(crate) signature: Text,
}

/// `NAME`: modules, enum constants and compact constructors.
pub(crate) fn bare(declarations: &mut Declarations, name: &str) -> Signed {
    Draft::begin(declarations, name).end()
}

/// `Name<T> extends Base<T>`: types. `rest` is the text from the name's end up to the body.
pub(crate) fn header(declarations: &mut Declarations, name: &str, rest: &str) -> Signed {
    let mut draft = Draft::begin(declarations, name);
    draft.push(rest);
    draft.end()
}

/// `name<T>(T parameter): Result[]`: methods; without a `result`: constructors.
///
/// A `result` is the type as written, without annotations before it, and the dimensions that
/// `int f()[]` writes behind the parameters.
pub(crate) fn callable(
    declarations: &mut Declarations,
    name: &str,
    type_parameters: &str,
    parameters: &str,
    result: Option<(&str, &str)>,
) -> Signed {
    let mut draft = Draft::begin(declarations, name);
    draft.push(type_parameters);
    draft.push(parameters);
    if let Some((written, dimensions)) = result {
        draft.push_type(written, dimensions);
    }
    draft.end()
}

/// `name: Type[]`: fields and record components.
///
/// `written` is the type as written, without annotations before it (for `int... x` it is `int...`),
/// and `dimensions` those behind the name, as in `int x[]`.
pub(crate) fn typed(
    declarations: &mut Declarations,
    name: &str,
    written: &str,
    dimensions: &str,
) -> Signed {
    let mut draft = Draft::begin(declarations, name);
    draft.push_type(written, dimensions);
    draft.end()
}

/// `a.b.c`: a qualified name, without its white space and comments.
pub(crate) fn dotted(declarations: &mut Declarations, source: &str) -> Text {
    let start = declarations.arena().len();
    push_dotted(declarations.arena(), source);
    declarations.text_since(start)
}

/// Whether an annotation's name, as written, is that of `java.lang.Deprecated`.
pub(crate) fn is_deprecated(name: &str) -> bool {
    if !name.ends_with("Deprecated") {
        return false;
    }
    let mut dotted = String::new();
    push_dotted(&mut dotted, name);
    matches!(dotted.as_str(), "Deprecated" | "java.lang.Deprecated")
}

fn push_dotted(arena: &mut String, source: &str) {
    let bytes = source.as_bytes();
    if !bytes.iter().any(|&byte| SPACELESS[usize::from(byte)] & ODD != 0) {
        return arena.push_str(source);
    }
    let mut at = 0;
    while at < bytes.len() {
        at = blank_end(bytes, at).unwrap_or_else(|| {
            let end = token_end(bytes, at);
            arena.push_str(&source[at..end]);
            end
        });
    }
}

/// A signature under construction at the arena's end.
struct Draft<'a> {
    declarations: &'a mut Declarations,
    start: usize,
    name: Text,
    bytes_max: usize,
    /// The file's signatures have taken too much already: this one is but the name.
    exhausted: bool,
}

impl<'a> Draft<'a> {
    fn begin(declarations: &'a mut Declarations, name: &str) -> Self {
        let start = declarations.arena().len();
        declarations.arena().push_str(name);
        let bytes_max = SIGNATURE_BYTES_MAX.max(name.len() + ELLIPSIS.len());
        let name = declarations.text_since(start);
        let exhausted = declarations.signature_source() > SIGNATURE_SOURCE_BYTES_MAX;
        Self { declarations, start, name, bytes_max, exhausted }
    }

    fn push_type(&mut self, written: &str, dimensions: &str) {
        if !self.exhausted {
            self.declarations.arena().push_str(": ");
        }
        self.push(written);
        self.push(dimensions);
    }

    /// Appends `source` normalised; once the signature is too long, nothing more.
    ///
    /// Comments and runs of white space become one space; none is left after `(`, `[`, `<`, before
    /// `)`, `]`, `>`, `,`, `;`, or around a dot (after the dots of `int... x` it stays). Literals,
    /// which stand in the arguments of annotations, are kept.
    fn push(&mut self, source: &str) {
        if self.exhausted {
            return;
        }
        self.declarations.note_signature_source(source.len());
        let arena = self.declarations.arena();
        if is_normal(arena.as_bytes(), source.as_bytes()) {
            arena.push_str(source);
        } else {
            let bytes_max = self.start + self.bytes_max;
            push_normalised(arena, source, bytes_max);
        }
    }

    fn end(self) -> Signed {
        let arena = self.declarations.arena();
        if arena.len() - self.start > self.bytes_max {
            let kept = arena.floor_char_boundary(self.start + self.bytes_max - ELLIPSIS.len());
            arena.truncate(kept);
            arena.push_str(ELLIPSIS);
        }
        Signed { name: self.name, signature: self.declarations.text_since(self.start) }
    }
}

/// Whether `source`, behind what is `written`, would stay as it is. Few signatures do not.
fn is_normal(written: &[u8], source: &[u8]) -> bool {
    let mut last = written.last().copied().unwrap_or(0);
    for (at, &byte) in source.iter().enumerate() {
        if byte == b' ' {
            let next = source.get(at + 1).copied().unwrap_or(b' ');
            if SPACELESS[usize::from(last)] & BEHIND != 0
                || SPACELESS[usize::from(next)] & AHEAD != 0
            {
                return false;
            }
        } else if SPACELESS[usize::from(byte)] & ODD != 0 {
            return false;
        }
        last = byte;
    }
    true
}

/// Appends `source` normalised until the arena has over `bytes_max` bytes.
fn push_normalised(arena: &mut String, source: &str, bytes_max: usize) {
    let bytes = source.as_bytes();
    let mut at = 0;
    let mut gap = false;
    while at < bytes.len() && arena.len() <= bytes_max {
        if let Some(end) = blank_end(bytes, at) {
            gap = true;
            at = end;
            continue;
        }
        if gap && keeps_gap(arena.as_bytes(), bytes[at]) {
            arena.push(' ');
        }
        gap = false;
        let end = token_end(bytes, at);
        push_on_one_line(arena, &source[at..end]);
        at = end;
    }
}

/// No space is left behind this byte, or it takes a longer look to see whether one is.
const BEHIND: u8 = 1;
/// No space is left ahead of this byte, or it takes a longer look.
const AHEAD: u8 = 1 << 1;
/// White space, or what may begin a comment or a literal.
const ODD: u8 = 1 << 2;

static SPACELESS: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'(' | b'[' | b'<' => BEHIND,
            b')' | b']' | b'>' | b',' | b';' => AHEAD,
            b'.' => BEHIND | AHEAD,
            0..=b' ' | b'/' | b'"' | b'\'' => BEHIND | AHEAD | ODD,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// The end of the white space or the comment at `at`, if there is one.
fn blank_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    match rest {
        [b' ' | b'\t' | b'\n' | b'\r' | 0x0c, ..] => Some(at + 1),
        [b'/', b'*', body @ ..] => {
            Some(memchr::memmem::find(body, b"*/").map_or(bytes.len(), |end| at + end + 4))
        }
        [b'/', b'/', ..] => {
            Some(memchr::memchr2(b'\n', b'\r', rest).map_or(bytes.len(), |end| at + end))
        }
        _ => None,
    }
}

/// The end of what is copied whole from `at`: a literal, or all up to the next literal or blank.
fn token_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    if rest.starts_with(b"\"\"\"") {
        return literal_end(bytes, at + 3, b"\"\"\"");
    }
    if let quote @ (b'"' | b'\'') = bytes[at] {
        return literal_end(bytes, at + 1, &[quote]);
    }
    let stop =
        |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'/' | b'"' | b'\'');
    rest[1..].iter().position(stop).map_or(bytes.len(), |len| at + 1 + len)
}

fn literal_end(bytes: &[u8], mut at: usize, quote: &[u8]) -> usize {
    while at < bytes.len() && !bytes[at..].starts_with(quote) {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + quote.len()).min(bytes.len())
}

/// Whether white space is kept between what was written last and the token that begins with `next`.
fn keeps_gap(written: &[u8], next: u8) -> bool {
    let after_bracket_or_dot = match written {
        [.., b'.', b'.', b'.'] => false,
        [.., last] => matches!(last, b'(' | b'[' | b'<' | b'.'),
        [] => true,
    };
    !after_bracket_or_dot && !matches!(next, b')' | b']' | b'>' | b',' | b';' | b'.')
}

/// A signature has one line, so control characters in its literals become spaces.
fn push_on_one_line(arena: &mut String, token: &str) {
    if token.bytes().any(|byte| byte < b' ') {
        arena.extend(token.chars().map(|c| if c < ' ' { ' ' } else { c }));
    } else {
        arena.push_str(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rest: &str, expected: &str) {
        let mut declarations = Declarations::default();
        let signed = header(&mut declarations, "N", rest);
        assert_eq!(declarations.text(signed.signature), expected);
        assert_eq!(declarations.text(signed.name), "N");
    }

    #[test]
    fn white_space_and_comments_become_one_space() {
        check("\r\n  extends /* a */ // b\r B\t\x0c", "N extends B");
        check("<T/**/super/***/U>", "N<T super U>");
    }

    #[test]
    fn no_space_is_left_inside_brackets_and_around_dots() {
        check("< K , V [ ] > ( int a , a . b c )", "N<K, V []> (int a, a.b c)");
        check("(int ... a, @A ... b)", "N(int... a, @A... b)");
    }

    #[test]
    fn literals_are_kept_on_one_line() {
        check(r#"(@A("a  , // \" b") int c)"#, r#"N(@A("a  , // \" b") int c)"#);
        check("(@A('\"')  int c)", "N(@A('\"') int c)");
        check("(@A(\"\"\"\n a \" b\"\"\")  int c)", "N(@A(\"\"\"  a \" b\"\"\") int c)");
    }

    #[test]
    fn what_is_unclosed_ends_with_the_text() {
        check(" a \"b\\", "N a \"b\\");
        check(" a /* b", "N a");
        check(" a // b", "N a");
    }

    #[test]
    fn a_long_signature_is_cut_and_a_long_name_is_not() {
        let mut declarations = Declarations::default();
        let long = "é".repeat(SIGNATURE_BYTES_MAX);
        let signed = header(&mut declarations, "N", &format!(" a {long} b"));
        let signature = declarations.text(signed.signature);
        assert!(signature.len() <= SIGNATURE_BYTES_MAX && signature.ends_with("é…"));

        let signed = typed(&mut declarations, &long, "int", "");
        assert_eq!(declarations.text(signed.name), long);
        assert_eq!(declarations.text(signed.signature), format!("{long}…"));
    }
}
