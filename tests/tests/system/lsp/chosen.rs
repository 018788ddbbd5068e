//! Symbols that are given in parts, or that somebody has chosen; files that the editor moves; folders that go.

use std::fs;

use serde_json::{Value, json};

use super::editor::{Editor, abilities, uri};
use super::{SHAPES, place, shapes};

/// An editor that resolves what was chosen.
fn resolving() -> Value {
    let mut abilities = abilities();
    let symbol = json!({ "resolveSupport": { "properties": ["location.range"] } });
    abilities["workspace"] = json!({ "symbol": symbol, "workspaceFolders": true });
    abilities
}

#[test]
fn an_answer_in_parts_is_the_whole_answer_in_its_order() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let whole = editor.ask("workspace/symbol", json!({ "query": "help" }));
    assert!(whole.as_array().unwrap().len() > 2);
    for token in [json!("part"), json!(7)] {
        let params = json!({ "query": "help", "partialResultToken": token });
        let rest = editor.ask("workspace/symbol", params);
        assert_eq!(rest, json!([]));
        let is_part = |it: &&Value| it["method"] == "$/progress" && it["params"]["token"] == token;
        let parts = editor.heard.iter().filter(is_part);
        let parts: Vec<Value> =
            parts.flat_map(|it| it["params"]["value"].as_array().unwrap().clone()).collect();
        assert_eq!(Value::Array(parts), whole);
    }
    assert!(editor.shut_down().success());
}

#[test]
fn a_chosen_symbol_is_where_it_is_by_then_or_gone() {
    let sandbox = shapes();
    let mut editor = Editor::greet(&sandbox, resolving());
    editor.settle();
    let found = editor.ask("workspace/symbol", json!({ "query": "Shape.add" }));
    let mut chosen = found[0].clone();
    // An extension may show it under another name.
    chosen["name"] = json!("Shape.add");
    let file = sandbox.file("src/shapes/Shape.java");
    let moved = format!("\n\n{SHAPES}");
    editor.open_document(&file, &moved);
    let resolved = editor.ask("workspaceSymbol/resolve", chosen.clone());
    assert_eq!(resolved["name"], "Shape.add");
    let overload = chosen["data"]["signature"].as_str().unwrap();
    assert_eq!(
        resolved["location"]["range"]["start"],
        place(&moved, overload.split(':').next().unwrap())
    );

    editor.change_document(&file, 2, "package shapes; class Shape { }");
    assert_eq!(editor.refused("workspaceSymbol/resolve", chosen.clone()), -32801);
    chosen["data"] = json!({ "nonsense": 1 });
    assert_eq!(editor.refused("workspaceSymbol/resolve", chosen.clone()), -32602);
    // What has no data is what it was.
    chosen.as_object_mut().unwrap().remove("data");
    assert_eq!(editor.ask("workspaceSymbol/resolve", chosen.clone()), chosen);
    assert!(editor.shut_down().success());
}

#[test]
fn what_the_editor_does_with_files_is_seen_by_the_next_request() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let (old, new) = (sandbox.file("src/shapes/Circle.java"), sandbox.file("src/shapes/Disc.java"));
    fs::rename(&old, &new).unwrap();
    sandbox.write("src/shapes/Disc.java", "package shapes; class Disc { }");
    editor.tell(
        "workspace/didRenameFiles",
        json!({ "files": [{ "oldUri": uri(&old), "newUri": uri(&new) }] }),
    );
    assert_eq!(editor.found("Disc kind:class"), ["Disc shapes"]);
    assert_eq!(editor.found("Circle kind:class"), Vec::<String>::new());
    fs::remove_file(&new).unwrap();
    editor.tell("workspace/didDeleteFiles", json!({ "files": [{ "uri": uri(&new) }] }));
    assert_eq!(editor.found("Disc kind:class"), Vec::<String>::new());
    assert!(editor.shut_down().success());
}

#[test]
fn without_its_last_folder_there_is_nothing_until_a_file_is_opened() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let folder = json!({ "uri": uri(&sandbox.file("")), "name": "tree" });
    let gone = json!({ "event": { "added": [], "removed": [folder] } });
    editor.tell("workspace/didChangeWorkspaceFolders", gone);
    assert_eq!(editor.refused("workspace/symbol", json!({ "query": "Shape" })), -32803);
    editor.open_document(&sandbox.file("src/other/Helper.java"), "package other; class Aide { }");
    assert_eq!(editor.found("Aide"), ["Aide other"]);
    let back = json!({ "event": { "added": [folder], "removed": [] } });
    editor.tell("workspace/didChangeWorkspaceFolders", back);
    assert_eq!(editor.found("Aide"), ["Aide other"]);
    assert!(editor.shut_down().success());
}

#[test]
fn explanations_are_those_of_the_command_line() {
    let sandbox = shapes();
    sandbox.write(".ignore", "generated/\n");
    sandbox.write("generated/Made.java", "class Made { }");
    let mut editor = Editor::open(&sandbox);
    let mut explain = |subject: &str| {
        let params = json!({ "command": "nova.explain", "arguments": [subject] });
        editor.ask("workspace/executeCommand", params).as_str().unwrap().to_owned()
    };
    let query = explain("Shape kind:class");
    assert!(query.contains("read as    ") && query.contains("shapes.Shape"), "{query}");
    let file = explain(&uri(&sandbox.file("src/shapes/Shape.java")));
    assert!(file.contains("verdict      indexed"), "{file}");
    let ignored = explain(sandbox.file("generated/Made.java").to_str().unwrap());
    assert!(ignored.contains("ignored, as ") && ignored.contains("says generated/"), "{ignored}");
    let without = json!({ "command": "nova.explain" });
    assert_eq!(editor.refused("workspace/executeCommand", without), -32602);
    assert!(editor.shut_down().success());
}

#[test]
fn a_text_that_is_no_file_is_known_like_one() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let text = "package shapes;\nclass Sketch extends Shape {\n    void draw() { }\n}\n";
    let document = json!({
        "uri": "untitled:Untitled-1", "languageId": "java", "version": 1, "text": text,
    });
    editor.tell("textDocument/didOpen", json!({ "textDocument": document }));
    let found = editor.ask("workspace/symbol", json!({ "query": "Sketch.draw" }));
    assert_eq!(found[0]["location"]["uri"], "untitled:Untitled-1");
    assert_eq!(found[0]["location"]["range"]["start"], place(text, "draw"));
    let document = json!({ "uri": "untitled:Untitled-1" });
    let outline = editor.ask("textDocument/documentSymbol", json!({ "textDocument": document }));
    assert_eq!(outline[0]["children"][0]["name"], "draw");
    let at = json!({ "textDocument": document, "position": place(text, "Shape") });
    let definition = editor.ask("textDocument/definition", at);
    assert_eq!(definition[0]["uri"], uri(&sandbox.file("src/shapes/Shape.java")));
    editor.tell("textDocument/didClose", json!({ "textDocument": document }));
    assert_eq!(editor.found("Sketch"), Vec::<String>::new());
    assert!(editor.shut_down().success());
}

#[test]
fn an_ignored_file_stays_out_whether_it_is_opened_saved_or_closed() {
    let sandbox = shapes();
    sandbox.write("build/Made.java", "package made; class Made { }");
    let mut editor = Editor::open(&sandbox);
    assert_eq!(editor.found("Made kind:class"), ["Made made"]);
    sandbox.write(".gitignore", "build/\n");
    let changed = json!({ "command": "nova.reindex" });
    editor.ask("workspace/executeCommand", changed);
    assert_eq!(editor.found("Made kind:class"), Vec::<String>::new());
    let file = sandbox.file("build/Made.java");
    editor.open_document(&file, "package made; class Made { }");
    let document = json!({ "textDocument": { "uri": uri(&file) } });
    for told in ["textDocument/didSave", "textDocument/didClose"] {
        editor.tell(told, document.clone());
    }
    // Both are looked into beside what comes next.
    for _ in 0..20 {
        assert_eq!(editor.found("Made kind:class"), Vec::<String>::new());
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    assert!(editor.shut_down().success());
}

#[test]
fn a_package_is_where_its_whole_name_is() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let found = editor.ask("workspace/symbol", json!({ "query": "shapes.sub kind:package" }));
    let range =
        json!({ "start": { "line": 0, "character": 8 }, "end": { "line": 0, "character": 18 } });
    assert_eq!(found[0]["location"]["range"], range);
    assert!(editor.shut_down().success());
}
