//! Very many documents that are open and not saved.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::json;

use super::editor::{Editor, abilities, uri};
use super::memory_kib;
use crate::processes::{SOON, signal, workers};
use crate::run::wait_for;
use crate::sandbox::Sandbox;

const DOCUMENTS: usize = 2000;
/// So many of them are closed: what a search gives at most.
const CLOSED: usize = 1_000;
/// What server and workers may take together. It is far less; and far more if anything grows with each document.
const MEMORY_KIB_MAX: u64 = 400 << 10;

/// Half of the names begin by the one word, half by the other, so that a search can give all of a half.
fn name(number: usize) -> String {
    format!("{}{number}", if number.is_multiple_of(2) { "typed" } else { "written" })
}

fn path(number: usize) -> String {
    format!("src/p{}/D{number}.java", number % 20)
}

fn text(number: usize, name: &str) -> String {
    format!("package p{};\n\nclass D{number} {{\n    int {name};\n}}\n", number % 20)
}

/// All fields of which the name begins so. No more than once each.
fn fields(editor: &mut Editor, start: &str) -> BTreeSet<String> {
    let symbols = editor.ask("workspace/symbol", json!({ "query": format!("{start} kind:field") }));
    let names = symbols.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap());
    let names: Vec<&str> = names.filter(|name| name.starts_with(start)).collect();
    let set: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(names.len(), set.len(), "something is found twice");
    set
}

#[test]
fn two_thousand_unsaved_documents_are_found_once_each_whatever_dies() {
    let sandbox = Sandbox::new(&[]);
    for number in 0..DOCUMENTS {
        sandbox.write(path(number), text(number, &format!("saved{number}")));
    }
    let file = |number: usize| -> PathBuf { sandbox.file(path(number)) };
    let settings = json!({ "jdkSources": "off", "symbolLimit": 1000 });
    let mut editor = Editor::greet_with(&sandbox, abilities(), settings);
    editor.settle();
    for number in 0..DOCUMENTS {
        editor.open_document(&file(number), &text(number, &name(number)));
    }
    let expected = |start: &str| -> BTreeSet<String> {
        (0..DOCUMENTS).map(name).filter(|name| name.starts_with(start)).collect()
    };
    let (typed, written) = (expected("typed"), expected("written"));
    let all_are_found = |editor: &mut Editor| {
        for (start, expected) in [("typed", &typed), ("written", &written)] {
            wait_for("all that is open", SOON, || {
                (fields(editor, start) == *expected).then_some(())
            });
        }
    };
    all_are_found(&mut editor);
    assert_eq!(fields(&mut editor, "saved"), BTreeSet::new());
    for number in [0, DOCUMENTS - 1] {
        let symbols = editor.ask("workspace/symbol", json!({ "query": name(number) }));
        assert_eq!(symbols[0]["location"]["uri"], uri(&file(number)));
        assert_eq!(symbols[0]["location"]["range"]["start"], json!({ "line": 3, "character": 8 }));
    }

    // Whoever scanned them is gone.
    let kill_workers = || {
        let killed =
            wait_for("a worker", SOON, || Some(workers(&sandbox)).filter(|it| !it.is_empty()));
        killed.iter().for_each(|worker| signal(*worker, "KILL"));
    };
    kill_workers();
    all_are_found(&mut editor);
    editor.change_document(&file(7), 2, &text(7, "changed7"));
    let changed = |editor: &mut Editor| fields(editor, "changed").into_iter().collect::<Vec<_>>();
    wait_for("the change", SOON, || (changed(&mut editor) == ["changed7"]).then_some(()));
    let used: u64 = workers(&sandbox).into_iter().chain([editor.id()]).map(memory_kib).sum();
    assert!(used < MEMORY_KIB_MAX, "{used} KiB");
    kill_workers();
    let mut still_written = written.clone();
    still_written.remove("written7");
    assert_eq!(fields(&mut editor, "written"), still_written);
    assert_eq!(fields(&mut editor, "typed"), typed);
    assert_eq!(changed(&mut editor), ["changed7"]);

    for number in 0..CLOSED {
        let document = json!({ "textDocument": { "uri": uri(&file(number)) } });
        editor.tell("textDocument/didClose", document);
    }
    let open = |start: &str| -> BTreeSet<String> {
        let names = (CLOSED..DOCUMENTS).map(name);
        names.filter(|name| name.starts_with(start)).collect()
    };
    for start in ["typed", "written"] {
        assert_eq!(fields(&mut editor, start), open(start));
    }
    assert_eq!(changed(&mut editor), [""; 0]);
    let saved: BTreeSet<String> = (0..CLOSED).map(|number| format!("saved{number}")).collect();
    wait_for("what is on the disk", SOON, || (fields(&mut editor, "saved") == saved).then_some(()));
    assert!(editor.shut_down().success());
}
