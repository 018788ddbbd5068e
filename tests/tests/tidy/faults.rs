//! The code that breaks workers on purpose is in no program that a user gets: no crate has it by default,
//! and none asks another for it but by its own feature of that name.

use crate::tree::{Complaint, File, Tree};

const FEATURE: &str = "fault-injection";

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let manifests = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("Cargo.toml") && !file.path.starts_with("tests/"));
    let sources = tree.crate_sources().filter(|file| !file.path.contains("/tests/"));
    manifests.flat_map(in_manifest).chain(sources.flat_map(in_source)).collect()
}

/// Only a line `fault-injection = …` of a table of features may name it.
fn in_manifest(manifest: &File) -> Vec<Complaint> {
    let mut is_features = false;
    let mut complaints = Vec::new();
    for (line, text) in manifest.lines() {
        if text.starts_with('[') {
            is_features = text.trim_end() == "[features]";
        }
        let is_own = is_features && text.split('=').next().is_some_and(|it| it.trim() == FEATURE);
        if text.contains(FEATURE) && !is_own {
            let advice = format!("`{FEATURE}` would be in what users get: leave it to tests");
            complaints.push(manifest.complaint(line, advice));
        }
    }
    complaints
}

/// What is called by that name is built by the feature alone.
fn in_source(file: &File) -> Vec<Complaint> {
    let lines: Vec<&str> = file.text.lines().collect();
    let is_bare = |(at, line): &(usize, &&str)| {
        let names = line.trim_start() == "mod fault;" || line.contains("crate::fault::");
        let above = at.checked_sub(1).map(|above| lines[above].trim());
        names && above != Some("#[cfg(feature = \"fault-injection\")]")
    };
    let bare = lines.iter().enumerate().filter(is_bare);
    let advice = "write `#[cfg(feature = \"fault-injection\")]` above";
    bare.map(|(at, _)| file.complaint(at + 1, advice.to_owned())).collect()
}

#[test]
fn faults_in_what_users_get_are_found() {
    let files = [
        (
            "crates/a/Cargo.toml",
            "[features]\ndefault = [\"fault-injection\"]\nfault-injection = []",
        ),
        ("crates/b/Cargo.toml", "[dependencies]\na = { features = [\"fault-injection\"] }"),
        ("crates/a/src/lib.rs", "#[cfg(feature = \"fault-injection\")]\nmod fault;"),
        ("crates/a/src/scan.rs", "fn f() {\n    crate::fault::inject();\n}"),
        ("tests/Cargo.toml", "a = { features = [\"fault-injection\"] }"),
    ];
    let expected = ["crates/a/Cargo.toml:2", "crates/b/Cargo.toml:2", "crates/a/src/scan.rs:2"];
    crate::tree::assert_complaints(complaints, &files, &expected);
}
