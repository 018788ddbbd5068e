//! `nova lsp`, as editors know it.

mod beside_daemon;
mod chosen;
mod editor;
mod emacs;
mod first_index;
mod implementation;
mod large_files;
mod libraries;
mod malformed;
mod neovim;
mod open_documents;
mod snapshots;
mod unread;
mod vanished;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::processes::{SOON, signal, workers};
use crate::run::wait_for;
use crate::sandbox::Sandbox;
use editor::{Editor, abilities, uri};

const SHAPES: &str = "package shapes;

import java.util.List;
import shapes.sub.Helper;

/** A shape. */
public class Shape {
    private int sides;

    /**
     * Adds {@code other}.
     * @param other what is added
     */
    @Deprecated
    public void add(Shape other) {
        Helper helper = new Helper();
        helper.help(sides);
        int sides = this.sides + 1;
        add(other, sides);
    }

    void add(Shape other, int count) { }

    enum Color { RED, GREEN }
}
";

fn shapes() -> Sandbox {
    Sandbox::new(&[
        ("src/shapes/Shape.java", SHAPES),
        (
            "src/shapes/sub/Helper.java",
            "package shapes.sub;\npublic class Helper {\n    public void help(int n) { }\n}\n",
        ),
        ("src/other/Helper.java", "package other;\nclass Helper { void help(int n) { } }\n"),
        (
            "src/shapes/Circle.java",
            "package shapes;\nclass Circle extends Shape { Shape inner; }\n",
        ),
    ])
}

/// Where a text first stands in another: LSP's position.
fn place(text: &str, needle: &str) -> Value {
    let at = text.find(needle).unwrap_or_else(|| panic!("no {needle}"));
    let line = text[..at].matches('\n').count();
    let start = text[..at].rfind('\n').map_or(0, |it| it + 1);
    json!({ "line": line, "character": text[start..at].encode_utf16().count() })
}

fn at(file: &Path, position: &Value) -> Value {
    json!({ "textDocument": { "uri": uri(file) }, "position": position })
}

/// `file line` of each location.
fn places(locations: &Value) -> Vec<String> {
    let locations = locations.as_array().cloned().unwrap_or_default();
    let place = |it: &Value| {
        let file = it["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        format!("{file} {}", it["range"]["start"]["line"])
    };
    locations.iter().map(place).collect()
}

/// What a process has in memory.
fn memory_kib(process: u32) -> u64 {
    status_kib(process, "VmRSS:")
}

/// The most that it ever had.
fn peak_memory_kib(process: u32) -> u64 {
    status_kib(process, "VmHWM:")
}

fn status_kib(process: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let value = status.lines().find_map(|line| line.strip_prefix(name));
    value.map_or(0, |it| it.trim().trim_end_matches(" kB").parse().unwrap())
}

#[test]
fn a_conversation_from_the_greeting_to_the_end() {
    let sandbox = shapes();
    let mut editor = Editor::start(&sandbox);
    assert_eq!(editor.refused("workspace/symbol", json!({ "query": "x" })), -32002);
    let folder = json!({ "uri": uri(&sandbox.file("")), "name": "tree" });
    let params = json!({
        "processId": null, "capabilities": abilities(), "workspaceFolders": [folder],
        "initializationOptions": { "nova": { "jdkSources": "off" } },
    });
    let greeting = editor.ask("initialize", params.clone());
    assert_eq!(greeting["serverInfo"]["name"], "nova");
    assert_eq!(greeting["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(editor.refused("initialize", params), -32600);
    editor.tell("initialized", json!({}));
    editor.settle();
    assert_eq!(editor.found("Circle"), ["Circle shapes"]);
    assert_eq!(editor.refused("textDocument/formatting", json!({})), -32601);
    assert_eq!(editor.refused("textDocument/hover", json!({ "nonsense": 1 })), -32602);
    let kinds: Vec<_> =
        editor.heard.iter().map(|it| it["params"]["value"]["kind"].clone()).collect();
    assert_eq!(
        (&kinds[0], &kinds[1], kinds.last().unwrap()),
        (&Value::Null, &json!("begin"), &json!("end"))
    );
    assert_eq!(editor.ask("shutdown", Value::Null), Value::Null);
    assert_eq!(editor.refused("workspace/symbol", json!({ "query": "x" })), -32600);
    editor.tell("exit", Value::Null);
    assert!(editor.ended().success());
    drop(editor);

    let mut rude = Editor::open(&sandbox);
    rude.tell("exit", Value::Null);
    assert_eq!(rude.ended().code(), Some(1));
}

#[test]
fn symbols_have_their_kind_their_container_and_the_range_of_their_name() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let symbols = editor.ask("workspace/symbol", json!({ "query": "Shape.add" }));
    let first = &symbols[0];
    assert_eq!((&first["name"], &first["containerName"]), (&json!("add"), &json!("shapes.Shape")));
    let start = place(SHAPES, "add(Shape other, int");
    assert_eq!(first["kind"], 6);
    let deprecated =
        symbols.as_array().unwrap().iter().find(|it| it["tags"] == json!([1])).unwrap();
    assert_eq!(deprecated["location"]["range"]["start"], place(SHAPES, "add(Shape other) {"));
    let other = symbols.as_array().unwrap().iter().find(|it| it["tags"].is_null()).unwrap();
    let end =
        json!({ "line": start["line"], "character": start["character"].as_u64().unwrap() + 3 });
    assert_eq!(other["location"]["range"], json!({ "start": start, "end": end }));
    assert_eq!(other["location"]["uri"], uri(&sandbox.file("src/shapes/Shape.java")));
    assert!(editor.shut_down().success());
}

#[test]
fn an_outline_is_a_tree_of_what_the_editor_has_also_while_it_is_broken() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let file = sandbox.file("src/shapes/Shape.java");
    let document = json!({ "textDocument": { "uri": uri(&file) } });
    fn names(symbols: &Value) -> Value {
        let symbols = symbols.as_array().cloned().unwrap_or_default();
        let name = |it: &Value| match it.get("children") {
            Some(children) => json!({ it["name"].as_str().unwrap(): names(children) }),
            None => it["name"].clone(),
        };
        Value::Array(symbols.iter().map(name).collect())
    }
    let outline = editor.ask("textDocument/documentSymbol", document.clone());
    assert_eq!(
        names(&outline),
        json!([{ "Shape": ["sides", "add", "add", { "Color": ["RED", "GREEN"] }] }])
    );
    assert_eq!(outline[0]["range"]["start"], place(SHAPES, "public class"));
    assert_eq!(outline[0]["selectionRange"]["start"], place(SHAPES, "Shape {"));
    assert_eq!(outline[0]["children"][1]["detail"], "add(Shape other): void");
    editor
        .open_document(&file, "package shapes; class New { void half( ; class Inner { int x; } }");
    let outline = editor.ask("textDocument/documentSymbol", document);
    assert!(
        outline.to_string().contains("Inner") && outline.to_string().contains("New"),
        "{outline}"
    );
    assert_eq!(
        editor
            .ask("textDocument/documentSymbol", json!({ "textDocument": { "uri": "untitled:1" } })),
        Value::Null
    );
}

#[test]
fn a_name_leads_to_what_its_import_its_package_and_its_type_say() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let file = sandbox.file("src/shapes/Shape.java");
    editor.open_document(&file, SHAPES);
    for (needle, expected) in [
        ("Helper helper", &["Helper.java 1"][..]),
        ("Helper();", &["Helper.java 1"]),
        ("add(other, sides)", &["Shape.java 21"]),
        ("sides + 1", &["Shape.java 7"]),
        ("sides);\n    }", &["Shape.java 17"]),
        ("other, sides", &["Shape.java 14"]),
        ("Shape other)", &["Shape.java 6"]),
        ("help(sides)", &["Helper.java 2", "Helper.java 1"]),
        ("Shape {", &["Shape.java 6"]),
    ] {
        let found = editor.ask("textDocument/definition", at(&file, &place(SHAPES, needle)));
        assert_eq!(places(&found), expected, "{needle}");
        let declared = editor.ask("textDocument/declaration", at(&file, &place(SHAPES, needle)));
        assert_eq!(declared, found);
    }
    let keyword = editor.ask("textDocument/definition", at(&file, &place(SHAPES, "class Shape")));
    assert_eq!(keyword, Value::Null);
    let hover = editor.ask("textDocument/hover", at(&file, &place(SHAPES, "add(Shape other) {")));
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.starts_with("```java\n@Deprecated\npublic add(Shape other): void\n```"), "{text}");
    assert!(text.contains("in `shapes.Shape`") && text.contains("Adds `other`."), "{text}");
    assert!(text.contains("Shape.java:15`"), "{text}");
    let guess = editor.ask("textDocument/hover", at(&file, &place(SHAPES, "help(sides)")));
    let text = guess["contents"]["value"].as_str().unwrap();
    assert!(text.contains("one other is called so"), "{text}");
}

#[test]
fn what_is_typed_is_found_by_who_types_it_and_by_nobody_else() {
    let sandbox = shapes();
    let daemon = Daemon::start(&sandbox);
    let (mut first, mut second) = (Editor::open(&sandbox), Editor::open(&sandbox));
    let file = sandbox.file("src/shapes/Circle.java");
    first.open_document(&file, "package shapes; class Circle { int radius; }");
    assert_eq!(first.found("radius"), ["radius shapes.Circle"]);
    for version in 2..50 {
        first.change_document(
            &file,
            version,
            &format!("package shapes; class Circle {{ int r{version}; }}"),
        );
        assert_eq!(first.found(&format!("r{version}")), [format!("r{version} shapes.Circle")]);
    }
    // What is older changes nothing.
    first.change_document(&file, 7, "package shapes; class Old { }");
    assert_eq!(first.found("Old"), Vec::<String>::new());
    assert_eq!(second.found("r49"), Vec::<String>::new());
    fs::write(&file, "package shapes; class Circle { int saved; }").unwrap();
    first.tell("textDocument/didSave", json!({ "textDocument": { "uri": uri(&file) } }));
    first.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(&file) } }));
    for editor in [&mut first, &mut second] {
        wait_for("what was saved", SOON, || (editor.found("saved").len() == 1).then_some(()));
    }
    drop((first, second));
    daemon.stop();
}

#[test]
fn changes_of_the_disk_are_found_without_a_word_of_the_editor() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    sandbox.write("src/shapes/Square.java", "package shapes; class Square {}");
    wait_for("a new file", SOON, || (editor.found("Square").len() == 1).then_some(()));
    fs::rename(sandbox.file("src/shapes"), sandbox.file("src/forms")).unwrap();
    wait_for("a renamed folder", SOON, || {
        let found = editor.ask("workspace/symbol", json!({ "query": "Square" }));
        found[0]["location"]["uri"].as_str().is_some_and(|it| it.contains("/forms/")).then_some(())
    });
    fs::remove_file(sandbox.file("src/forms/Square.java")).unwrap();
    assert_eq!(editor.found("Square"), Vec::<String>::new());
}

#[test]
fn a_request_that_is_cancelled_is_answered_at_once() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let document =
        json!({ "textDocument": { "uri": uri(&sandbox.file("src/shapes/Shape.java")) } });
    editor.ask("textDocument/foldingRange", document.clone());
    // Nobody can answer now.
    let stopped = workers(&sandbox);
    assert_ne!(stopped, Vec::<u32>::new());
    stopped.iter().for_each(|worker| signal(*worker, "STOP"));
    let number = editor.begin("textDocument/foldingRange", document.clone());
    editor.tell("$/cancelRequest", json!({ "id": number }));
    assert_eq!(editor.answer(number)["error"]["code"], -32800);
    stopped.iter().for_each(|worker| signal(*worker, "CONT"));
    assert!(editor.ask("textDocument/foldingRange", document).is_array());
}

#[test]
fn a_server_whose_editor_is_gone_ends_and_so_do_its_workers() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let file = sandbox.file("src/shapes/Shape.java");
    editor.open_document(&file, SHAPES);
    editor.ask("textDocument/foldingRange", json!({ "textDocument": { "uri": uri(&file) } }));
    assert_ne!(workers(&sandbox), Vec::<u32>::new());
    editor.hang_up();
    editor.ended();
    wait_for("the workers' end", SOON, || workers(&sandbox).is_empty().then_some(()));
}

#[test]
fn columns_are_counted_as_the_editor_counts_them() {
    let text = "package a; class A { String é😀 = \"\"; int after; }";
    let sandbox = Sandbox::new(&[("a/A.java", text)]);
    let mut abilities = abilities();
    abilities["general"] = json!({ "positionEncodings": ["utf-8"] });
    let mut editor = Editor::greet(&sandbox, abilities);
    editor.settle();
    let file = sandbox.file("a/A.java");
    let document = json!({ "textDocument": { "uri": uri(&file) } });
    let column = text.find("after").unwrap();
    let check = |editor: &mut Editor, column: usize| {
        let outline = editor.ask("textDocument/documentSymbol", document.clone());
        let after = &outline[0]["children"].as_array().unwrap().last().unwrap()["selectionRange"];
        assert_eq!(after["start"]["character"], column);
    };
    check(&mut editor, column);
    editor.open_document(&file, text);
    check(&mut editor, column);
    let position = json!({ "line": 0, "character": column });
    let change = json!({ "range": { "start": position, "end": position }, "text": "ü" });
    editor.tell(
        "textDocument/didChange",
        json!({
            "textDocument": { "uri": uri(&file), "version": 2 }, "contentChanges": [change],
        }),
    );
    assert_eq!(editor.found("üafter"), ["üafter a.A"]);
    let hits = editor.ask("workspace/symbol", json!({ "query": "üafter" }));
    assert_eq!(hits[0]["location"]["range"]["start"]["character"], column);
    assert_eq!(hits[0]["location"]["range"]["end"]["character"], column + "üafter".len());
}

#[test]
fn folders_come_and_go_and_what_is_open_stays_open() {
    let sandbox = shapes();
    sandbox.write("../more/b/Second.java", "package b; class Second {}");
    let mut editor = Editor::open(&sandbox);
    let file = sandbox.file("src/shapes/Circle.java");
    editor.open_document(&file, "package shapes; class Circle { int unsaved; }");
    assert_eq!(editor.found("Second"), Vec::<String>::new());
    let more = json!({ "uri": uri(&sandbox.path("more")), "name": "more" });
    let change = |added: &[&Value], removed: &[&Value]| json!({ "event": { "added": added, "removed": removed } });
    editor.tell("workspace/didChangeWorkspaceFolders", change(&[&more], &[]));
    wait_for("the other folder", SOON, || (editor.found("Second").len() == 1).then_some(()));
    assert_eq!(editor.found("unsaved"), ["unsaved shapes.Circle"]);
    editor.change_document(&file, 2, "package shapes; class Circle { int later; }");
    assert_eq!(editor.found("later"), ["later shapes.Circle"]);
    editor.tell("workspace/didChangeWorkspaceFolders", change(&[], &[&more]));
    wait_for("the folder to go", SOON, || editor.found("Second").is_empty().then_some(()));
    assert_eq!(editor.found("later"), ["later shapes.Circle"]);
}

#[test]
fn settings_count_from_the_start_and_when_they_change() {
    let sandbox = shapes();
    sandbox.write(".gitignore", "gen/\n");
    sandbox.write("gen/Made.java", "class Made {}");
    let mut editor = Editor::open(&sandbox);
    assert_eq!(editor.found("Made"), Vec::<String>::new());
    let settings = json!({ "settings": { "nova": { "heedIgnoreFiles": false, "symbolLimit": 2, "jdkSources": "off" } } });
    editor.tell("workspace/didChangeConfiguration", settings);
    wait_for("the setting", SOON, || (editor.found("Made").len() == 1).then_some(()));
    assert_eq!(editor.found("s").len(), 2);
    let nonsense = json!({ "settings": { "nova": { "workers": "many" } } });
    editor.tell("workspace/didChangeConfiguration", nonsense);
    assert_eq!(editor.found("Made"), ["Made "]);
    let told = editor.heard.iter().any(|it| it["method"] == "window/showMessage");
    assert!(told, "what makes no sense is told");
}

#[test]
fn an_included_folder_counts_from_when_it_is_there_and_nothing_ignored_beside_it() {
    let sandbox = shapes();
    sandbox.write(".gitignore", "target/\n");
    sandbox.write("m/src/m/M.java", "package m; class M {}");
    sandbox.write("m/target/classes/Made9.java", "class Made9 {}");
    let settings = json!({ "jdkSources": "off", "includeIgnored": ["target/generated-sources"] });
    let mut editor = Editor::greet_with(&sandbox, abilities(), settings);
    editor.settle();
    assert_eq!(editor.found("Made"), Vec::<String>::new());
    let mut made = Vec::new();
    for (path, name) in [
        ("m/target/generated-sources/a/g/Made.java", "Made g"),
        ("m/target/generated-sources/a/g/Made2.java", "Made2 g"),
        ("target/generated-sources/g/Made3.java", "Made3 g"),
    ] {
        let class = name.trim_end_matches(" g");
        sandbox.write(path, format!("package g; class {class} {{}}"));
        made.push(name);
        wait_for(name, SOON, || (editor.found("Made") == made).then_some(()));
    }
}

#[test]
fn commands_do_what_they_are_called() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let run = |editor: &mut Editor, command: &str| {
        editor.ask("workspace/executeCommand", json!({ "command": command }))
    };
    let report = run(&mut editor, "nova.reindex");
    assert_eq!((&report["files"], &report["rescannedFiles"]), (&json!(4), &json!(0)));
    let status = run(&mut editor, "nova.status");
    assert_eq!((&status["files"], &status["servedBy"]), (&json!(4), &Value::Null));
    let unknown = json!({ "command": "nova.nothing" });
    assert_eq!(editor.refused("workspace/executeCommand", unknown), -32602);
}

#[test]
fn without_a_folder_the_first_file_says_what_the_workspace_is() {
    let sandbox = shapes();
    let mut editor = Editor::start(&sandbox);
    let params = json!({
        "processId": null, "capabilities": abilities(),
        "initializationOptions": { "jdkSources": "off" },
    });
    editor.ask("initialize", params);
    editor.tell("initialized", json!({}));
    assert_eq!(editor.refused("workspace/symbol", json!({ "query": "x" })), -32803);
    let file = sandbox.file("src/shapes/Circle.java");
    editor.open_document(&file, "package shapes; class Circle { int unsaved; }");
    // The first worker is still to be started.
    let is_found = |editor: &mut Editor| editor.found("unsaved") == ["unsaved shapes.Circle"];
    wait_for("the open document", SOON, || is_found(&mut editor).then_some(()));
    editor.settle();
    assert_eq!(editor.found("Shape.sides"), ["sides shapes.Shape"]);
}
