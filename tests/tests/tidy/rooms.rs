//! A file has one subject, is named by it, and begins by saying what it is.

use crate::tree::{Complaint, Tree};

/// Rooms for everything, and so for nothing.
const FORBIDDEN: &[&str] = &["util", "utils", "common", "misc", "helper", "helpers"];

/// The same as a crate's own module; further in it may be about Java's types.
const FORBIDDEN_MODULE: &str = "/src/types.rs";

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in tree.rust() {
        let mut rooms = file.path.split('/').map(|room| room.trim_end_matches(".rs"));
        if rooms.any(|room| FORBIDDEN.contains(&room)) || file.path.ends_with(FORBIDDEN_MODULE) {
            let advice = "a name that says nothing: name it by a noun of the domain";
            complaints.push(file.complaint(1, advice));
        }
    }
    for file in tree.rust().filter(|file| !file.text.starts_with("//!")) {
        let advice = "begin with `//!`: what the module owns and what it refuses to know";
        complaints.push(file.complaint(1, advice));
    }
    complaints
}

#[test]
fn a_room_for_everything_and_a_file_without_a_subject_are_found() {
    let files = [
        ("crates/a/src/utils/b.rs", "//! B."),
        ("crates/a/src/types.rs", "//! Types."),
        ("crates/a/src/lib.rs", "mod b;"),
        ("crates/a/src/scanner/types.rs", "//! Java's types."),
    ];
    let expected =
        ["crates/a/src/utils/b.rs:1", "crates/a/src/types.rs:1", "crates/a/src/lib.rs:1"];
    crate::tree::assert_complaints(complaints, &files, &expected);
}
