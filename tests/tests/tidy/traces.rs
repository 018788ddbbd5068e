//! Code that is not finished, code that nobody checks, and traces of the machine it was written on.

use crate::code::{code_of, line_of, words};
use crate::tree::{Complaint, File, Tree};

/// Code that promises to be written later.
const UNFINISHED: &[&str] = &["#[ignore", "todo!", "unimplemented!", "dbg!"];

/// The one file that maps files.
const UNSAFE_HOME: &str = "crates/nova-index/src/map.rs";

/// Folders that only a developer's machine has.
const MACHINE_FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/")];

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let in_code = tree.rust().flat_map(code_complaints);
    in_code.chain(tree.files.iter().flat_map(text_complaints)).collect()
}

fn code_complaints(file: &File) -> Vec<Complaint> {
    let code = code_of(&file.text);
    let mut complaints = Vec::new();
    for unfinished in UNFINISHED {
        for (at, _) in code.match_indices(unfinished) {
            let advice = format!("`{unfinished}`: finish it, or leave it out");
            complaints.push(file.complaint(line_of(&code, at), advice));
        }
    }
    for (at, word) in words(&code) {
        if word == "unsafe" && file.path != UNSAFE_HOME {
            let advice = format!("`unsafe` belongs to {UNSAFE_HOME} alone: find a safe way");
            complaints.push(file.complaint(line_of(&code, at), advice));
        }
    }
    complaints
}

fn text_complaints(file: &File) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for (line, text) in file.lines() {
        for folder in MACHINE_FOLDERS.iter().filter(|folder| names_absolutely(text, folder)) {
            let advice = format!("`{folder}` is on one machine only: take a path that all have");
            complaints.push(file.complaint(line, advice));
        }
    }
    complaints
}

/// Whether the folder is named, and not one of that name within another.
fn names_absolutely(text: &str, folder: &str) -> bool {
    let is_within = |c: char| c.is_alphanumeric() || "._-}>)]*".contains(c);
    text.match_indices(folder).any(|(at, _)| !text[..at].ends_with(is_within))
}

#[test]
fn unfinished_and_unsafe_code_is_found() {
    let files = [
        ("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() { todo!() }"),
        ("b.rs", "fn g() {\n unimplemented!(\"later\")\n}\n// todo!"),
        ("c.rs", "fn h() { unsafe { i() } }\n#![forbid(unsafe_code)] // unsafe"),
        (UNSAFE_HOME, "unsafe fn j() {}"),
    ];
    crate::tree::assert_complaints(complaints, &files, &["a.rs:2", "a.rs:3", "b.rs:2", "c.rs:1"]);
}

#[test]
fn a_path_of_one_machine_is_found() {
    let text = format!("first\nsee `{0}x`\nnot src{0}x", MACHINE_FOLDERS[0]);
    crate::tree::assert_complaints(complaints, &[("README.md", &text)], &["README.md:2"]);
}
