//! What documents name must exist: files, crates, code, options of the command line. And so must the
//! documents that code names.

use std::collections::HashSet;

use crate::code::words;
use crate::document::{code_spans, links};
use crate::tree::{Complaint, File, Tree};

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let known = Known::new(tree);
    let documents = tree.files.iter().filter(|file| is_document(&file.path));
    let in_documents = documents.flat_map(|document| known.complaints(document));
    let in_code = tree.rust().filter(is_speaking).flat_map(|file| documents_of_code(tree, file));
    in_documents.chain(in_code).collect()
}

/// Whether a file means what it says: the tidy test itself is full of examples.
fn is_speaking(file: &&File) -> bool {
    !file.path.starts_with("tests/tests/tidy/")
}

/// What code says of documents.
fn documents_of_code(tree: &Tree, file: &File) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (line, text) in file.lines() {
        let is_path = |c: char| c.is_alphanumeric() || "._-/".contains(c);
        for name in text.split(|c| !is_path(c)).filter(|name| name.ends_with(".md")) {
            let is_named = ["docs/", "adr/"].iter().any(|folder| name.starts_with(folder));
            if is_named && !tree.has(name) {
                let advice = format!("there is no document `{name}`: write it, or name another");
                complaints.push(file.complaint(line, advice));
            }
        }
    }
    complaints
}

fn is_document(path: &str) -> bool {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    path.ends_with(".md") && ["", "docs", "docs/editors", "adr"].contains(&folder)
}

/// What there is to name.
struct Known<'t> {
    tree: &'t Tree,
    /// Folders and files at the top.
    top: HashSet<&'t str>,
    /// Words of Rust code, comments and literals included.
    words: HashSet<&'t str>,
    /// Lines of manifests that name a package or a program.
    names: HashSet<&'t str>,
}

impl<'t> Known<'t> {
    fn new(tree: &'t Tree) -> Self {
        let tops = tree.files.iter().filter_map(|file| file.path.split('/').next());
        let words = tree.rust().filter(is_speaking).flat_map(|file| words(&file.text));
        let manifests = tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml"));
        let lines = manifests.flat_map(|file| file.text.lines());
        Self {
            tree,
            top: tops.collect(),
            words: words.map(|(_, word)| word).collect(),
            names: lines.filter(|line| line.starts_with("name = ")).collect(),
        }
    }

    fn complaints(&self, document: &File) -> Vec<Complaint> {
        let names = code_spans(document).into_iter().filter_map(|(line, name)| {
            let missing = self.missing(name)?;
            let advice = format!("there is no {missing} `{name}`: say what there is instead");
            Some(document.complaint(line, advice))
        });
        let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let links = links(document).into_iter().filter_map(|(line, target)| {
            if target.is_empty() || target.contains("://") || self.tree.has(&join(folder, target)) {
                return None;
            }
            Some(document.complaint(line, format!("nothing is at `{target}`: link to what exists")))
        });
        names.chain(links).collect()
    }

    /// What a piece of inline code is, if it is something that could exist here and does not.
    fn missing(&self, name: &str) -> Option<&'static str> {
        let missing = |kind, exists: bool| (!exists).then_some(kind);
        let word = name.trim_end_matches("()").trim_end_matches('!');
        if let Some(option) = name.strip_prefix("--") {
            let option = option.split([' ', '=']).next().unwrap_or_default();
            missing("option", option.is_empty() || self.has_option(option))
        } else if is_path(name, &self.top) {
            missing("file or folder", self.has_path(name))
        } else if is_crate(name) {
            missing("crate or program", self.names.contains(format!("name = \"{name}\"").as_str()))
        } else if is_code(word) {
            missing("code", word.split("::").all(|part| self.words.contains(part)))
        } else {
            None
        }
    }

    /// Whether the code names an option, as a field or in quotes.
    fn has_option(&self, option: &str) -> bool {
        let quoted = format!("\"{option}\"");
        self.words.contains(option.replace('-', "_").as_str())
            || self.tree.crate_sources().any(|file| file.text.contains(&quoted))
    }

    /// Whether there is a file or folder of this path, or a file whose path ends in it.
    fn has_path(&self, path: &str) -> bool {
        let ends_in_it = |file: &File| {
            file.path.strip_suffix(path).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        self.tree.has(path) || self.tree.files.iter().any(ends_in_it)
    }
}

/// A path that would be one of this repository.
fn is_path(name: &str, top: &HashSet<&str>) -> bool {
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c));
    let is_file = [".rs", ".md", ".toml"].iter().any(|end| name.ends_with(end) && name != *end);
    let is_below_top = name.split_once('/').is_some_and(|(first, _)| top.contains(first));
    is_plain && (is_file || is_below_top)
}

/// `nova-` and a word, which is how crates and programs are called.
fn is_crate(name: &str) -> bool {
    let rest = name.strip_prefix("nova-").unwrap_or_default();
    !rest.is_empty() && rest.chars().all(|c| c.is_ascii_lowercase())
}

/// `UPPER_CASE`, `TwoHumps`, `a_test_is_a_sentence`, or words joined by `::`.
fn is_code(name: &str) -> bool {
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let has_lowercase = name.contains(|c: char| c.is_ascii_lowercase());
    let is_upper = !has_lowercase && name.trim_matches('_').contains('_');
    let is_sentence = has_lowercase && name.matches('_').count() > 2;
    let humps = name.chars().filter(char::is_ascii_uppercase).count();
    let has_humps = name.starts_with(|c: char| c.is_ascii_uppercase())
        && has_lowercase
        && humps > 1
        && !name.contains('_');
    let is_path = name.contains("::");
    name.split("::").all(is_word) && (is_path || is_upper || is_sentence || has_humps)
}

/// A path relative to a folder, `..` resolved.
fn join(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: (&str, &str) = (
        "crates/nova-index/src/view.rs",
        "use nova_index; struct SymbolView; const A_MAX: u8; cache_dir; \"to-do\"",
    );
    const MANIFEST: (&str, &str) = ("crates/nova-index/Cargo.toml", "name = \"nova-index\"");

    #[test]
    fn a_name_of_nothing_is_found() {
        let document = "`crates/nova-index/src/view.rs` `view.rs` `SymbolView` `A_MAX` `nova-index`\n\
            `crates/nova-index/src/gone.rs`\n`gone.rs`\n`SymbolGone`\n`B_MAX`\n`nova-gone`\n\
            `nova_index::SymbolView`\n`SymbolView::gone`\n`--cache-dir DIR` `--to-do`\n`--gone`\n`crates/gone/`\n\
            `a_test_that_is_gone` `short_name`";
        let files = [CODE, MANIFEST, ("docs/a.md", document)];
        let expected = [2, 3, 4, 5, 6, 8, 10, 11, 12].map(|line| format!("docs/a.md:{line}"));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        crate::tree::assert_complaints(complaints, &files, &expected);
    }

    #[test]
    fn a_link_to_nowhere_is_found() {
        let document =
            "[a](../README.md) [b](c.md#d)\n[e](gone.md) [f](https://example.org) [g](#h)";
        let files = [("docs/a.md", document), ("docs/c.md", ""), ("README.md", "[a](docs/c.md)")];
        crate::tree::assert_complaints(complaints, &files, &["docs/a.md:2"]);
    }

    #[test]
    fn a_document_that_only_code_knows_is_found() {
        let code = "//! See docs/a.md.\n//! `docs/gone.md` tells, `gone.md` is another's";
        let files = [("docs/a.md", ""), ("crates/a/src/b.rs", code)];
        crate::tree::assert_complaints(complaints, &files, &["crates/a/src/b.rs:2"]);
    }

    #[test]
    fn what_is_not_of_this_repository_is_let_be() {
        let document =
            "`src/main/java` `HashMap` `shard_<id>.bin` `HASH` `Map` `crates/*/src` `a::`";
        let files = [("a.rs", "HashMap"), ("docs/a.md", document)];
        crate::tree::assert_complaints(complaints, &files, &[]);
    }
}
