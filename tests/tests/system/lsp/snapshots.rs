//! What the server answers, as a whole: a snapshot for each request on a small tree, and each request once on a JDK.
//!
//! Any other answer fails. Whoever has read it and finds it right has it taken over by `INSTA_UPDATE=always`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::editor::{Editor, abilities, uri};
use super::{SHAPES, at, place, shapes};
use crate::daemon::Daemon;
use crate::jdk::source_archive_of;
use crate::processes::SOON;
use crate::run::wait_for;
use crate::sandbox::Sandbox;

/// Numbers that are others in the next run, or with the next version of a format.
const REDACTED: [&str; 3] = ["version", "indexBytes", "servedBy"];

/// Compares an answer with the snapshot of this name.
#[track_caller]
fn check(sandbox: &Sandbox, name: &str, answer: &Value) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_json_snapshot!(name, redacted(sandbox, answer)));
}

/// The same on any machine, and in fewer lines: `line:character` for a position.
fn redacted(sandbox: &Sandbox, value: &Value) -> Value {
    let here = sandbox.path("");
    let here = here.to_str().unwrap().trim_end_matches('/');
    let position = |at: &Value| Some(format!("{}:{}", at.get("line")?, at.get("character")?));
    match value {
        Value::String(text) => Value::String(text.replace(here, "[sandbox]")),
        Value::Array(all) => all.iter().map(|it| redacted(sandbox, it)).collect(),
        Value::Object(fields) => {
            let (start, end) = (value.get("start"), value.get("end"));
            if let (Some(start), Some(end)) = (start.and_then(position), end.and_then(position)) {
                return Value::String(format!("{start}-{end}"));
            }
            let field = |(name, value): (&String, &Value)| {
                let is_redacted = REDACTED.contains(&name.as_str()) && !value.is_null();
                let value =
                    if is_redacted { json!("[redacted]") } else { redacted(sandbox, value) };
                (name.clone(), value)
            };
            let sorted: BTreeMap<String, Value> = fields.iter().map(field).collect();
            Value::Object(sorted.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// Greets with these abilities and waits for the index; the greeting.
fn greet(editor: &mut Editor, sandbox: &Sandbox, abilities: &Value) -> Value {
    let folder = json!({ "uri": uri(&sandbox.file("")), "name": "tree" });
    let greeting = editor.ask(
        "initialize",
        json!({
            "processId": null, "capabilities": abilities, "workspaceFolders": [folder],
            "initializationOptions": { "jdkSources": "off" },
        }),
    );
    editor.tell("initialized", json!({}));
    greeting
}

#[test]
fn each_request_is_answered_as_its_snapshot_has_it() {
    let sandbox = shapes();
    let mut editor = Editor::start(&sandbox);
    let greeting = greet(&mut editor, &sandbox, &abilities());
    check(&sandbox, "initialize", &greeting);
    editor.settle();
    let mut ask = |name: &str, method: &str, params: Value| {
        let answer = editor.ask(method, params);
        check(&sandbox, name, &answer);
    };
    let file = sandbox.file("src/shapes/Shape.java");
    let document = json!({ "textDocument": { "uri": uri(&file) } });
    let on = |needle: &str| at(&file, &place(SHAPES, needle));

    ask("workspace_symbol", "workspace/symbol", json!({ "query": "add" }));
    ask("workspace_symbol_of_nothing", "workspace/symbol", json!({ "query": "zzzz" }));
    ask("document_symbol", "textDocument/documentSymbol", document.clone());
    ask("definition", "textDocument/definition", on("help(sides)"));
    ask("declaration", "textDocument/declaration", on("Helper helper"));
    ask("implementation", "textDocument/implementation", on("Shape {"));
    ask("hover", "textDocument/hover", on("add(Shape other) {"));
    ask("hover_of_a_local", "textDocument/hover", on("sides);\n    }"));
    ask("hover_of_a_guess", "textDocument/hover", on("help(sides)"));
    ask("hover_of_nothing", "textDocument/hover", on("import"));
    ask("folding_range", "textDocument/foldingRange", document);
    let positions = [place(SHAPES, "this.sides"), place(SHAPES, "GREEN")];
    let selected = json!({ "textDocument": { "uri": uri(&file) }, "positions": positions });
    ask("selection_range", "textDocument/selectionRange", selected);
    ask("document_highlight", "textDocument/documentHighlight", on("sides = this"));
    let status = json!({ "command": "nova.status" });
    ask("status", "workspace/executeCommand", status);
    assert!(editor.shut_down().success());
}

#[test]
fn a_broken_text_is_answered_as_its_snapshot_has_it() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let file = sandbox.file("src/shapes/Shape.java");
    let text = "package shapes;\nclass New {\n    void half( ;\n    class Inner { int x; }\n    int y = ;\n";
    editor.open_document(&file, text);
    let document = json!({ "textDocument": { "uri": uri(&file) } });
    let outline = editor.ask("textDocument/documentSymbol", document.clone());
    check(&sandbox, "document_symbol_of_a_broken_text", &outline);
    let folds = editor.ask("textDocument/foldingRange", document);
    check(&sandbox, "folding_range_of_a_broken_text", &folds);
    let hover = editor.ask("textDocument/hover", at(&file, &place(text, "Inner")));
    check(&sandbox, "hover_in_a_broken_text", &hover);
    assert!(editor.shut_down().success());
}

#[test]
fn an_editor_that_can_do_little_is_answered_as_its_snapshot_has_it() {
    let sandbox = shapes();
    let daemon = Daemon::start(&sandbox);
    let mut editor = Editor::start(&sandbox);
    greet(&mut editor, &sandbox, &json!({}));
    let file = sandbox.file("src/shapes/Shape.java");
    wait_for("the index", SOON, || (editor.found("Circle").len() == 1).then_some(()));
    let document = json!({ "textDocument": { "uri": uri(&file) } });
    let outline = editor.ask("textDocument/documentSymbol", document);
    check(&sandbox, "document_symbol_as_a_list", &outline);
    let hover = editor.ask("textDocument/hover", at(&file, &place(SHAPES, "add(Shape other) {")));
    check(&sandbox, "hover_without_markdown", &hover);
    let status = editor.ask("workspace/executeCommand", json!({ "command": "nova.status" }));
    check(&sandbox, "status_of_a_daemon", &status);
    assert!(editor.shut_down().success());
    daemon.stop();
}

const USE: &str = "package use;

import java.util.*;

class Use {
    HashMap<String, Deque<String>> map;
    ArrayList<String> list;
    Optional<String> maybe;
}
";

/// A real library: what of it is the same in all its updates, so names and texts, not lines.
#[test]
fn each_request_is_answered_on_the_jdk() {
    let Some(archive) = source_archive_of(25) else {
        assert!(std::env::var_os("CI").is_none(), "no src.zip of JDK 25");
        eprintln!("skipped: no src.zip of JDK 25 in JAVA_HOME or /usr/lib/jvm");
        return;
    };
    let sandbox = Sandbox::new(&[("src/use/Use.java", USE)]);
    let settings = json!({ "jdkSources": archive.to_str().unwrap(), "workers": 2 });
    let mut editor = Editor::greet_with(&sandbox, abilities(), settings);
    wait_for("the JDK", 3 * SOON, || {
        editor.found("java.util.Deque").contains(&"Deque java.util".to_owned()).then_some(())
    });
    let file = sandbox.file("src/use/Use.java");
    editor.open_document(&file, USE);
    let mut symbols = editor.found("HashMap kind:class");
    symbols.truncate(5);
    let hover = editor.ask("textDocument/hover", at(&file, &place(USE, "HashMap<")));
    let hover = hover["contents"]["value"].as_str().unwrap().lines().take(6);
    let hover: Vec<&str> = hover.collect();
    let mut definition =
        |name: &str| editor.ask("textDocument/definition", at(&file, &place(USE, name)));
    let (list, deque) = (definition("ArrayList<"), definition("Deque<"));
    let (list, optional) = (&list, definition("Optional<"));

    // In the library itself.
    let (list_file, list_text) = copy(list);
    editor.open_document(&list_file, &list_text);
    let copied = at(&list_file, &place(&list_text, "copyOf("));
    let copy_of = editor.ask("textDocument/definition", copied.clone());
    let declared = editor.ask("textDocument/declaration", copied);
    let below = at(&file, &place(USE, "Deque<"));
    let below: BTreeSet<String> =
        shown(&editor.ask("textDocument/implementation", below)).into_iter().collect();
    let (optional_file, optional_text) = copy(&optional);
    let document = json!({ "textDocument": { "uri": uri(&optional_file) } });
    let outline = editor.ask("textDocument/documentSymbol", document.clone());
    let members = outline[0]["children"].as_array().unwrap();
    let members: Vec<String> =
        members.iter().take(8).map(|it| format!("{} {}", it["kind"], it["detail"])).collect();
    let folds = editor.ask("textDocument/foldingRange", document);
    let lines: Vec<&str> = optional_text.lines().collect();
    let fold = |it: &Value| {
        let line = lines[it["startLine"].as_u64().unwrap() as usize].trim();
        format!("{} {line}", it["kind"].as_str().unwrap_or("code"))
    };
    let mut folds: Vec<String> = folds.as_array().unwrap().iter().map(fold).collect();
    folds.truncate(4);
    let value = place(&optional_text, "value;\n");
    let marks = editor.ask("textDocument/documentHighlight", at(&optional_file, &value));
    let marks = marks.as_array().unwrap().iter();
    let marks: BTreeSet<String> = marks
        .map(|it| format!("{} {}", it["kind"], text_at(&optional_text, &it["range"])))
        .collect();
    let selected = json!({ "textDocument": { "uri": uri(&optional_file) }, "positions": [value] });
    let selected = editor.ask("textDocument/selectionRange", selected);
    let mut around = vec![text_at(&optional_text, &selected[0]["range"])];
    let mut parent = &selected[0]["parent"];
    while parent.is_object() && around.len() < 4 {
        around.push(text_at(&optional_text, &parent["range"]));
        parent = &parent["parent"];
    }
    let status = editor.ask("workspace/executeCommand", json!({ "command": "nova.status" }));
    let answers = json!({
        "workspace/symbol HashMap": symbols,
        "hover HashMap": hover,
        "definition ArrayList, Deque, Optional": [shown(list), shown(&deque), shown(&optional)],
        "definition copyOf in ArrayList": shown(&copy_of),
        "declaration copyOf in ArrayList": shown(&declared),
        "implementation Deque": below,
        "documentSymbol Optional": members,
        "foldingRange Optional": folds,
        "documentHighlight value in Optional": marks,
        "selectionRange value in Optional": around,
        "nova.status": status,
    });
    check(&sandbox, "jdk", &answers);
    assert!(editor.shut_down().success());
}

/// The file of the first location, which is a copy, and its text.
fn copy(locations: &Value) -> (PathBuf, String) {
    let file =
        PathBuf::from(locations[0]["uri"].as_str().unwrap().strip_prefix("file://").unwrap());
    let text = fs::read_to_string(&file).unwrap();
    (file, text)
}

/// `file name` of each location, as its file has the name.
fn shown(locations: &Value) -> Vec<String> {
    let shown = |it: &Value| {
        let file = Path::new(it["uri"].as_str().unwrap().strip_prefix("file://").unwrap());
        let text = fs::read_to_string(file).unwrap();
        let below = file.to_str().unwrap().split_once("/java.base/");
        let (_, below) = below.unwrap_or_else(|| panic!("{} is not of java.base", file.display()));
        format!("{below} {}", text_at(&text, &it["range"]))
    };
    locations.as_array().unwrap().iter().map(shown).collect()
}

/// A stretch of a text that is of one line; of a longer one its start.
fn text_at(text: &str, range: &Value) -> String {
    let number = |at: &Value, name: &str| at[name].as_u64().unwrap() as usize;
    let (start, end) = (&range["start"], &range["end"]);
    let line = text.lines().nth(number(start, "line")).unwrap();
    let first = number(start, "character");
    match number(start, "line") == number(end, "line") {
        true => line[first..number(end, "character")].to_owned(),
        false => format!("{} …", &line[first..]),
    }
}

#[test]
fn every_snapshot_is_of_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/lsp/snapshots");
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().file_name().into_string().unwrap();
        // What is to be looked at is no snapshot yet.
        let Some(name) = file.strip_suffix(".snap") else { continue };
        let is_used = include_str!("snapshots.rs").contains(&format!("\"{name}\""));
        assert!(is_used, "no test compares anything with snapshots/{file}");
    }
}
