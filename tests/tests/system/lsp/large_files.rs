//! Files of very many lines, and of very long ones.

use std::fmt::Write;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::editor::{Editor, abilities, uri};
use super::{at, place};
use crate::processes::SOON;
use crate::run::wait_for;
use crate::sandbox::Sandbox;

const LINES: usize = 100_000;

/// A text of more bytes is not asked about its structure: nothing of it is folded, and nothing around a place selected.
const STRUCTURE_BYTES_MAX: usize = 2 << 20;
/// So often the field is used at the end of the one body.
const USES: usize = 100;

fn many_members() -> String {
    let mut text = "package large;\n\nclass Large {\n".to_owned();
    for number in 0..LINES {
        writeln!(text, "int field{number};").unwrap();
    }
    assert!(text.len() < STRUCTURE_BYTES_MAX);
    text + "}\n"
}

fn one_body() -> String {
    let mut text =
        "package large;\n\nclass Large {\n    int before;\n    void all() {\n".to_owned();
    // Calls alone are too dense for a parser that must keep up with what may be broken.
    text.push_str(&"f();\n// as a comment says\n".repeat(LINES / 2));
    text.push_str(&"f(before);\n".repeat(USES));
    assert!(text.len() < STRUCTURE_BYTES_MAX);
    text + "    }\n    int after;\n}\n"
}

fn one_line() -> String {
    let mut text = "package large; class Large { ".to_owned();
    for number in 0..LINES {
        write!(text, "private final int field{number} = {number}; ").unwrap();
    }
    assert!(text.len() > STRUCTURE_BYTES_MAX);
    text + "}"
}

/// A file that an editor has open.
struct Open {
    sandbox: Sandbox,
    editor: Editor,
    file: PathBuf,
    text: String,
    version: i64,
}

impl Open {
    fn new(text: String, abilities: Value) -> Self {
        let sandbox = Sandbox::new(&[("src/large/Large.java", &text)]);
        let mut editor = Editor::greet(&sandbox, abilities);
        editor.settle();
        let file = sandbox.file("src/large/Large.java");
        editor.open_document(&file, &text);
        Self { sandbox, editor, file, text, version: 1 }
    }

    fn document(&self) -> Value {
        json!({ "textDocument": { "uri": uri(&self.file) } })
    }

    /// The members of the one class.
    fn members(&mut self) -> Vec<Value> {
        let outline = self.editor.ask("textDocument/documentSymbol", self.document());
        assert_eq!(outline.as_array().map(Vec::len), Some(1));
        outline[0]["children"].as_array().unwrap().clone()
    }

    fn defined(&mut self, position: &Value) -> Value {
        self.editor.ask("textDocument/definition", at(&self.file, position))
    }

    fn folds(&mut self) -> Vec<Value> {
        let folds = self.editor.ask("textDocument/foldingRange", self.document());
        folds.as_array().cloned().unwrap_or_default()
    }

    /// The same of a text that is small enough to have some. The parser gives up after a second, which on a busy
    /// machine is too early.
    fn some_folds(&mut self) -> Vec<Value> {
        wait_for("what can be folded", SOON, || Some(self.folds()).filter(|it| !it.is_empty()))
    }

    /// Types before the last brace of the text, letter by letter.
    fn type_at_the_end(&mut self, typed: &str) {
        for letter in typed.chars() {
            self.insert_at_the_end(&letter.to_string());
        }
    }

    fn insert_at_the_end(&mut self, inserted: &str) {
        let end = self.text.rfind('}').unwrap();
        let line_start = self.text[..end].rfind('\n').map_or(0, |it| it + 1);
        let line = self.text[..line_start].matches('\n').count();
        // Everything here is one byte, and one unit.
        let position = json!({ "line": line, "character": end - line_start });
        self.version += 1;
        let change = json!({
            "range": { "start": position, "end": position }, "text": inserted,
        });
        self.editor.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": uri(&self.file), "version": self.version },
                "contentChanges": [change],
            }),
        );
        self.text.insert_str(end, inserted);
    }

    /// Asks everything outside of the text.
    fn ask_outside(&mut self) {
        for position in [
            json!({ "line": 2 * LINES, "character": 0 }),
            json!({ "line": 0, "character": 1_000_000_000 }),
            json!({ "line": u32::MAX, "character": u32::MAX }),
        ] {
            let outside = at(&self.file, &position);
            for method in
                ["definition", "declaration", "implementation", "hover", "documentHighlight"]
            {
                self.editor.ask(&format!("textDocument/{method}"), outside.clone());
            }
            let params =
                json!({ "textDocument": { "uri": uri(&self.file) }, "positions": [position] });
            let ranges = self.editor.ask("textDocument/selectionRange", params);
            assert!(ranges.is_null() || ranges.as_array().map(Vec::len) == Some(1), "{ranges}");
        }
    }

    fn end(self) {
        assert!(self.editor.shut_down().success());
        drop(self.sandbox);
    }
}

#[test]
fn a_file_of_a_hundred_thousand_lines_is_answered_wholly() {
    let mut open = Open::new(many_members(), abilities());
    let members = open.members();
    assert_eq!(members.len(), LINES);
    let last = &members[LINES - 1];
    let name = format!("field{}", LINES - 1);
    assert_eq!(last["name"], name);
    assert_eq!(last["selectionRange"]["start"], place(&open.text, &name));
    let folds = open.some_folds();
    assert!(folds.iter().any(|it| it["startLine"] == 2), "the class can be folded");
    open.insert_at_the_end("int twice() { return typed; }\n");
    open.type_at_the_end("int typed;");
    let members = open.members();
    assert_eq!(members.len(), LINES + 2);
    let declared = place(&open.text, "typed;}");
    assert_eq!(members[LINES + 1]["selectionRange"]["start"], declared);
    let used = place(&open.text, "typed; }");
    let found = open.defined(&used);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["range"]["start"], declared);
    assert_eq!(open.editor.found("typed kind:field"), ["typed large.Large"]);
    open.ask_outside();
    open.end();
}

#[test]
fn a_body_of_a_hundred_thousand_lines_is_answered_wholly() {
    let mut open = Open::new(one_body(), abilities());
    let names = |members: &[Value]| -> Vec<String> {
        members.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&open.members()), ["before", "all", "after"]);
    let folds = open.some_folds();
    let body = json!(4);
    let is_body =
        |it: &Value| it["startLine"] == body && it["endLine"].as_u64() > Some(LINES as u64);
    assert!(folds.iter().any(is_body), "the body can be folded");
    let used = place(&open.text, "before);");
    let found = open.defined(&used);
    assert_eq!(found[0]["range"]["start"], place(&open.text, "before;"));
    wait_for("the marks", SOON, || {
        let marks = open.editor.ask("textDocument/documentHighlight", at(&open.file, &used));
        (marks.as_array().map(Vec::len) == Some(USES + 1)).then_some(())
    });
    open.type_at_the_end("int typed;");
    assert_eq!(names(&open.members()), ["before", "all", "after", "typed"]);
    open.ask_outside();
    open.end();
}

#[test]
fn a_line_of_some_megabytes_is_answered_wholly() {
    let mut open = Open::new(one_line(), abilities());
    let members = open.members();
    assert_eq!(members.len(), LINES);
    let name = format!("field{}", LINES - 1);
    assert_eq!(members[LINES - 1]["selectionRange"]["start"], place(&open.text, &name));
    assert_eq!(open.folds(), Vec::<Value>::new());
    open.type_at_the_end("int x=field0;");
    let (used, declared) = (place(&open.text, "field0;}"), place(&open.text, "field0 "));
    // What was typed may be in the index only after the time that a definition has.
    wait_for("the definition", SOON, || {
        let found = open.defined(&used);
        (found[0]["range"]["start"] == declared).then_some(())
    });
    open.ask_outside();
    open.end();
}

#[test]
fn columns_in_bytes_take_no_look_at_the_whole_text_for_each() {
    let mut abilities = abilities();
    abilities["general"] = json!({ "positionEncodings": ["utf-8"] });
    for text in [many_members(), one_line()] {
        let mut open = Open::new(text, abilities.clone());
        let members = open.members();
        let last = &members[LINES - 1];
        let name = last["name"].as_str().unwrap().to_owned();
        assert_eq!(last["selectionRange"]["start"], place(&open.text, &name));
        open.folds();
        open.end();
    }
}
