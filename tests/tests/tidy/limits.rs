//! Every limit of the code is in `docs/limits.md`, under the file that it is in and with the value that
//! it has; and nothing is there that is not in the code.

use crate::code::{code_of, line_of, words};
use crate::document::code_spans;
use crate::tree::{Complaint, File, Tree};

const DOCUMENT: &str = "docs/limits.md";

/// A constant as the code has it.
struct Constant<'t> {
    file: &'t File,
    line: usize,
    name: &'t str,
    value: String,
}

/// A row of the document.
struct Entry<'t> {
    document: &'t File,
    line: usize,
    file: &'t str,
    name: &'t str,
    value: &'t str,
}

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let constants: Vec<Constant<'_>> = tree.crate_sources().flat_map(constants).collect();
    let document = tree.files.iter().find(|file| file.path == DOCUMENT);
    let entries = document.map(entries).unwrap_or_default();
    let is_of = |entry: &Entry<'_>, constant: &Constant<'_>| {
        entry.file == constant.file.path && entry.name == constant.name
    };
    let mut complaints = Vec::new();
    for constant in constants.iter().filter(|constant| is_limit(constant.name)) {
        let Constant { name, value, file, line } = constant;
        let documented = entries.iter().find(|entry| is_of(entry, constant));
        if documented.is_none_or(|entry| entry.value != value) {
            let advice =
                format!("write into {DOCUMENT}, below this file: | `{name}` | `{value}` |");
            complaints.push(file.complaint(*line, advice));
        }
    }
    let gone = |entry: &&Entry<'_>| !constants.iter().any(|constant| is_of(entry, constant));
    complaints.extend(entries.iter().filter(gone).map(|entry| {
        let advice = format!("`{}` is not in `{}`: remove or move it", entry.name, entry.file);
        entry.document.complaint(entry.line, advice)
    }));
    complaints
}

fn is_limit(name: &str) -> bool {
    name.contains("_MAX") || name.ends_with("_TIMEOUT") || name.ends_with("_INTERVAL")
}

/// The constants of a file, those of its tests left out.
fn constants(file: &File) -> Vec<Constant<'_>> {
    let code = code_of(&file.text);
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut declared = Vec::new();
    let mut after_const = false;
    for (at, word) in words(code) {
        if after_const && !word.contains(|c: char| c.is_ascii_lowercase()) {
            let name = &file.text[at..at + word.len()];
            let value =
                value(&file.text, code, at).split_whitespace().collect::<Vec<_>>().join(" ");
            declared.push(Constant { file, line: line_of(code, at), name, value });
        }
        after_const = word == "const";
    }
    declared
}

/// What stands between the `=` and the `;` of the constant whose name is at `at`.
fn value<'t>(text: &'t str, code: &str, at: usize) -> &'t str {
    let Some(start) = code[at..].find('=').map(|offset| at + offset + 1) else { return "" };
    let mut depth = 0_i32;
    for (offset, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b';' if depth == 0 => return text[start..offset].trim(),
            _ => {}
        }
    }
    ""
}

/// The rows ``| `NAME` | `value` | …`` below headings that name a source file.
fn entries(document: &File) -> Vec<Entry<'_>> {
    let spans = code_spans(document);
    let on = |line| spans.iter().filter(move |(at, _)| *at == line).map(|(_, span)| *span);
    let mut entries = Vec::new();
    let mut file = "";
    for (line, text) in document.lines() {
        if text.starts_with('#') {
            file = on(line).find(|span| span.ends_with(".rs")).unwrap_or_default();
        } else if text.starts_with("| `") {
            let mut cells = on(line);
            if let (Some(name), Some(value)) = (cells.next(), cells.next()) {
                entries.push(Entry { document, line, file, name, value });
            }
        }
    }
    entries
}

#[test]
fn a_limit_that_is_missing_or_has_another_value_is_found() {
    let code = "pub const A_MAX: usize = 1 << 20;\nconst B_TIMEOUT: Duration = Duration::from_secs(1);\n\
        const C_MAX: [u8; 2] = [1; 2];\nconst D: u8 = 1;\n#[cfg(test)]\nmod tests { const E_MAX: u8 = 1; }";
    let document = "# `crates/a/src/b.rs`\n\n| limit | value |\n|---|---|\n| `A_MAX` | `1 << 20` |\n\
        | `B_TIMEOUT` | `Duration::from_secs(2)` |\n| `D` | `1` | |\n| `GONE_MAX` | `1` | |";
    let files = [("crates/a/src/b.rs", code), (DOCUMENT, document)];
    let expected = ["crates/a/src/b.rs:2", "crates/a/src/b.rs:3", "docs/limits.md:8"];
    crate::tree::assert_complaints(complaints, &files, &expected);
}

#[test]
fn a_limit_of_another_file_does_not_count() {
    let files = [
        ("crates/a/src/b.rs", "const A_MAX: u8 = 1;"),
        ("crates/a/src/c.rs", "const A_MAX: u8 = 1;"),
        (DOCUMENT, "# `crates/a/src/b.rs`\n\n| `A_MAX` | `1` | |"),
    ];
    crate::tree::assert_complaints(complaints, &files, &["crates/a/src/c.rs:1"]);
}
