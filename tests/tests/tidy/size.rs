//! Files and functions stay so short that a reader can hold them.

use crate::code::{code_of, functions, line_of};
use crate::tree::{Complaint, Tree};

const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 100;

pub(crate) fn complaints(tree: &Tree) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in tree.rust() {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            let advice = format!(
                "{lines} lines, more than {FILE_LINES_MAX}: split the file by its subjects"
            );
            complaints.push(file.complaint(1, advice));
        }
        let code = code_of(&file.text);
        for (name, at) in functions(&code) {
            let lines = code[at.clone()].lines().count();
            if lines > FUNCTION_LINES_MAX {
                let advice = format!(
                    "`{name}` has {lines} lines, more than {FUNCTION_LINES_MAX}: give its parts names"
                );
                complaints.push(file.complaint(line_of(&code, at.start), advice));
            }
        }
    }
    complaints
}

#[test]
fn a_long_file_and_a_long_function_are_found() {
    let long_file = "\n".repeat(FILE_LINES_MAX + 1);
    let long_function = format!("\nfn f() {{{}}}", "\n".repeat(FUNCTION_LINES_MAX));
    let files = [("a.rs", long_file.as_str()), ("b.rs", &long_function), ("c.md", &long_file)];
    crate::tree::assert_complaints(complaints, &files, &["a.rs:1", "b.rs:2"]);
    let longest = format!("fn f() {{{}}}", "\n".repeat(FUNCTION_LINES_MAX - 1));
    crate::tree::assert_complaints(complaints, &[("a.rs", &longest)], &[]);
}
