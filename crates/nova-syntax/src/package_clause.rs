//! The package clause of a file, read alone and from its beginning only.
//!
//! This is all of Java that a router reads. It must be safe on hostile files: it lexes a bounded
//! prefix, needs no memory beyond that, and takes linear time.

use crate::declarations::Declarations;
use crate::scanner::Cursor;
use crate::{escapes, signature, text};

/// Only this much of a file is looked at; the longest licence before a package clause in the JDK
/// has a tenth of it.
pub const PACKAGE_CLAUSE_PREFIX_BYTES_MAX: usize = 64 << 10;

/// The package that the file with these first `bytes` is in: `a.b.c`; `None` without a clause, in
/// the prefix at least.
pub fn package_clause(bytes: &[u8]) -> Option<String> {
    let text = text::decode(prefix(bytes)).text;
    let translation = escapes::translate(&text);
    let mut cursor = Cursor::new(translation.text());
    cursor.skip_trivia();
    let lead = cursor.lead();
    if lead.word != "package" {
        return None;
    }
    cursor.skip_trivia();
    let name = cursor.qualified_name()?;
    cursor.skip_trivia();
    if !cursor.take(b';') {
        return None;
    }
    let mut declarations = Declarations::default();
    let name = signature::dotted(&mut declarations, cursor.text_of(name));
    Some(declarations.text(name).to_owned())
}

/// At most [`PACKAGE_CLAUSE_PREFIX_BYTES_MAX`] of `bytes`, not ending inside a character: that would
/// make UTF-8 look like something else.
fn prefix(bytes: &[u8]) -> &[u8] {
    if bytes.len() <= PACKAGE_CLAUSE_PREFIX_BYTES_MAX {
        return bytes;
    }
    let is_boundary = |at: &usize| !(0x80..0xc0).contains(&bytes[*at]);
    let nearest = PACKAGE_CLAUSE_PREFIX_BYTES_MAX - 3..=PACKAGE_CLAUSE_PREFIX_BYTES_MAX;
    let end = nearest.rev().find(is_boundary).unwrap_or(PACKAGE_CLAUSE_PREFIX_BYTES_MAX);
    &bytes[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: impl AsRef<[u8]>, expected: Option<&str>) {
        assert_eq!(package_clause(bytes.as_ref()).as_deref(), expected);
    }

    #[test]
    fn the_clause_is_found_behind_comments_and_annotations() {
        check("package a.b.c;", Some("a.b.c"));
        check(
            "/* package x; */ // package y;\r package a /**/ . b // c\n ; class C {}",
            Some("a.b"),
        );
        check("@A @B(c = \"package d;\", e = {1, 2}) package f;", Some("f"));
        check("\u{feff}\r\n\x0c package a;", Some("a"));
        check(b"\xff\xfep\0a\0c\0k\0a\0g\0e\0 \0a\0;\0", Some("a"));
        check(b"// \xe9\npackage a;", Some("a"));
        check(r"package \u0061.b;", Some("a.b"));
    }

    #[test]
    fn a_file_without_a_clause_is_in_no_package() {
        for text in
            ["", "class A {}", "import a.b; package c;", "package", "package a", "package ;"]
        {
            check(text, None);
        }
        check("packages a;", None);
        check("module a { }", None);
        check("/* package a;", None);
    }

    #[test]
    fn only_the_prefix_is_read() {
        let comment = |len: usize| format!("/*{}*/package a;", "é".repeat(len / 2));
        check(comment(PACKAGE_CLAUSE_PREFIX_BYTES_MAX - 100), Some("a"));
        check(comment(PACKAGE_CLAUSE_PREFIX_BYTES_MAX + 1), None);
        let cut = format!("package é;{}", "é".repeat(PACKAGE_CLAUSE_PREFIX_BYTES_MAX));
        check(cut, Some("é"));
    }
}
