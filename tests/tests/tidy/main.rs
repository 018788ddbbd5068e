//! The cheap promises of this repository, kept by an ordinary test: who may use whom, how long files
//! and functions get, which limits are documented, whether the documents speak of what exists.
//!
//! Each check is a function from a [`Tree`] to what is wrong with it, so that the same function runs
//! on this repository and, in its own module, on small trees that are wrong.

mod code;
mod document;
mod edges;
mod faults;
mod limits;
mod names;
mod rooms;
mod size;
mod snippets;
mod traces;
mod tree;

use tree::{Complaint, Tree};

#[test]
fn crates_use_only_what_the_design_lets_them_use() {
    hold(edges::complaints);
}

#[test]
fn nothing_breaks_on_purpose_in_what_users_get() {
    hold(faults::complaints);
}

#[test]
fn files_and_functions_stay_short() {
    hold(size::complaints);
}

#[test]
fn every_limit_is_documented_with_its_value() {
    hold(limits::complaints);
}

#[test]
fn what_documents_name_exists() {
    hold(names::complaints);
}

#[test]
fn what_documents_give_to_be_copied_parses() {
    hold(snippets::complaints);
}

#[test]
fn every_file_has_a_subject_and_says_which() {
    hold(rooms::complaints);
}

#[test]
fn no_unfinished_or_unsafe_code_and_no_trace_of_a_machine() {
    hold(traces::complaints);
}

/// Asserts that a check finds nothing wrong with this repository.
#[track_caller]
fn hold(check: fn(&Tree) -> Vec<Complaint>) {
    let complaints = check(&Tree::of_repository());
    let lines: Vec<String> = complaints.iter().map(Complaint::to_string).collect();
    assert!(complaints.is_empty(), "\n{}", lines.join("\n"));
}
