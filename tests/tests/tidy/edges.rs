//! Which crate may use which, and what only one of them may touch: the absences that
//! `docs/architecture.md` speaks of.

use crate::code::{code_of, line_of};
use crate::tree::{Complaint, File, Tree};

/// The crates of the design: each may use those before it.
const CRATES: &[&str] = &[
    "nova-syntax",
    "nova-index",
    "nova-protocol",
    "nova-rpc",
    "nova-worker",
    "nova-router",
    "nova-lsp",
    "nova",
];

/// Crates that do not know each other, although the order would allow it.
const STRANGERS: &[(&str, &str)] = &[("nova-protocol", "nova-index")];

/// Dependencies that stand for a job, with the crates that have it.
const JOBS: &[(&str, &[&str])] = &[
    ("tree-sitter", &["nova-syntax"]),
    ("tree-sitter-java", &["nova-syntax"]),
    ("memmap2", &["nova-index"]),
    ("postcard", &["nova-protocol"]),
    ("interprocess", &["nova-rpc"]),
    ("ignore", &["nova-router"]),
    ("inotify", &["nova-router"]),
    ("notify", &["nova-router"]),
    ("rmcp", &["nova"]),
    ("arc-swap", &["nova-router"]),
    ("tokio", &["nova-rpc", "nova-worker", "nova-router", "nova-lsp", "nova"]),
];

/// What of the syntax crate a router may use: a hostile file can only hurt a worker.
/// Headers are read from signatures, which workers made, and a scope is made of names that they found.
const ROUTER_SYNTAX: &[&str] = &["package_clause", "declarations", "header", "lines", "scope"];

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in &tree.files {
        match file.path.split('/').collect::<Vec<_>>()[..] {
            ["crates", name, "Cargo.toml"] => complaints.extend(manifest(name, file)),
            ["crates", "nova-router", "src", ..] => complaints.extend(router_syntax(file)),
            _ => {}
        }
    }
    complaints
}

fn manifest(name: &str, file: &File) -> Vec<Complaint> {
    let Some(rank) = CRATES.iter().position(|known| *known == name) else {
        let advice =
            format!("`{name}` is no crate of the design: give its job to one of {CRATES:?}");
        return vec![file.complaint(1, advice)];
    };
    let mut complaints = Vec::new();
    for (line, used) in dependencies(file) {
        let above = CRATES.iter().position(|known| *known == used);
        if above.is_some_and(|above| above >= rank) || STRANGERS.contains(&(name, used)) {
            let advice = format!("`{name}` may not use `{used}`: see docs/architecture.md");
            complaints.push(file.complaint(line, advice));
        }
        let job = JOBS.iter().find(|(dependency, _)| *dependency == used);
        if let Some((_, crates)) = job.filter(|(_, crates)| !crates.contains(&name)) {
            let advice = format!("`{used}` is for {crates:?} alone: ask them instead");
            complaints.push(file.complaint(line, advice));
        }
    }
    complaints
}

/// The names on the left side in every table of dependencies.
fn dependencies(manifest: &File) -> impl Iterator<Item = (usize, &str)> {
    let mut is_table = false;
    manifest.lines().filter_map(move |(line, text)| {
        if text.starts_with('[') {
            is_table = text.trim_end().ends_with("dependencies]");
            return None;
        }
        let name = text.split(['.', '=', ' ']).next()?;
        (is_table && !name.is_empty() && !name.starts_with('#')).then_some((line, name))
    })
}

fn router_syntax(file: &File) -> Vec<Complaint> {
    const CRATE: &str = "nova_syntax::";
    let code = code_of(&file.text);
    let uses = code.match_indices(CRATE).filter(|(at, _)| {
        let rest = &code[at + CRATE.len()..];
        !ROUTER_SYNTAX.iter().any(|allowed| rest.starts_with(allowed))
    });
    let advice =
        format!("the router may use {ROUTER_SYNTAX:?} of nova-syntax only: let a worker do it");
    uses.map(|(at, _)| file.complaint(line_of(&code, at), advice.as_str())).collect()
}

#[test]
fn an_edge_that_the_design_does_not_have_is_found() {
    let files = [
        ("crates/nova-index/Cargo.toml", "[dependencies]\nnova-rpc.workspace = true\n"),
        ("crates/nova-protocol/Cargo.toml", "[dev-dependencies]\nnova-index = { path = \"\" }"),
        ("crates/nova-tools/Cargo.toml", ""),
        (
            "crates/nova-rpc/Cargo.toml",
            "[package]\nnova-router = 1\n[dependencies]\nnova-index = 1",
        ),
    ];
    let expected = [
        "crates/nova-index/Cargo.toml:2",
        "crates/nova-protocol/Cargo.toml:2",
        "crates/nova-tools/Cargo.toml:1",
    ];
    crate::tree::assert_complaints(complaints, &files, &expected);
}

#[test]
fn a_job_done_in_the_wrong_crate_is_found() {
    let files = [
        ("crates/nova-worker/Cargo.toml", "[dependencies]\ninterprocess.workspace = true"),
        (
            "crates/nova-router/src/a.rs",
            "use nova_syntax::declarations::Kind;\nuse nova_syntax::scanner;",
        ),
    ];
    let expected = ["crates/nova-worker/Cargo.toml:2", "crates/nova-router/src/a.rs:2"];
    crate::tree::assert_complaints(complaints, &files, &expected);
}
