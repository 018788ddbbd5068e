//! Editors that break the rules: of JSON, of the protocol, of its order, and of what documents are.

use serde_json::{Value, json};

use super::editor::{Editor, abilities, uri};
use super::{at, peak_memory_kib, shapes};
use crate::processes::{SOON, workers};
use crate::run::wait_for;
use crate::sandbox::Sandbox;

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;

/// All that the server answers to a body, which are so many messages at least.
fn answers(editor: &mut Editor, body: &[u8], count: usize) -> Vec<Value> {
    editor.send_body(body);
    let marker = editor.begin("workspace/symbol", json!({ "query": "Circle kind:class" }));
    let (mut answers, mut is_over) = (Vec::new(), false);
    while !is_over || answers.len() < count {
        let message = editor.hear();
        if message.get("method").is_some() {
            continue;
        }
        match message["id"] == marker {
            true => is_over = true,
            false => answers.push(message),
        }
    }
    let found = editor.answer(marker);
    assert_eq!(found["result"][0]["name"], "Circle", "the next request is answered: {found}");
    answers
}

#[test]
fn what_is_no_request_is_answered_once_by_an_error_with_the_number_that_it_has() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let deep = "[".repeat(100_000);
    let text = |text: &str| text.as_bytes().to_vec();
    for (body, code, id) in [
        (text(""), PARSE_ERROR, Value::Null),
        (text("{"), PARSE_ERROR, Value::Null),
        (text("{\"id\":\"a\",}"), PARSE_ERROR, Value::Null),
        (text("{} {}"), PARSE_ERROR, Value::Null),
        (text(&deep), PARSE_ERROR, Value::Null),
        (vec![0xff, 0xfe, 0], PARSE_ERROR, Value::Null),
        (text("null"), INVALID_REQUEST, Value::Null),
        (text("5"), INVALID_REQUEST, Value::Null),
        (text("\"shutdown\""), INVALID_REQUEST, Value::Null),
        (text("{}"), INVALID_REQUEST, Value::Null),
        (text("[]"), INVALID_REQUEST, Value::Null),
        // The protocol has no batches: nothing of one is done.
        (text(r#"[{"jsonrpc":"2.0","id":"a","method":"shutdown"}]"#), INVALID_REQUEST, Value::Null),
        (text(r#"{"jsonrpc":"2.0","id":"a"}"#), INVALID_REQUEST, json!("a")),
        (text(r#"{"jsonrpc":"2.0","id":"a","method":5}"#), INVALID_REQUEST, json!("a")),
        (text(r#"{"jsonrpc":"2.0","method":5}"#), INVALID_REQUEST, Value::Null),
        (text(r#"{"jsonrpc":"2.0","id":null,"method":"shutdown"}"#), INVALID_REQUEST, Value::Null),
        (text(r#"{"jsonrpc":"2.0","id":1.5,"method":"shutdown"}"#), INVALID_REQUEST, Value::Null),
        (text(r#"{"jsonrpc":"2.0","id":{},"method":"shutdown"}"#), INVALID_REQUEST, Value::Null),
    ] {
        let answers = answers(&mut editor, &body, 1);
        let body = String::from_utf8_lossy(&body);
        let body: String = body.chars().take(80).collect();
        assert_eq!(answers.len(), 1, "{body}: {answers:?}");
        assert_eq!(
            (&answers[0]["error"]["code"], &answers[0]["id"]),
            (&json!(code), &id),
            "{body}"
        );
    }
    assert!(editor.shut_down().success());
}

#[test]
fn a_request_that_cannot_be_understood_is_answered_by_an_error() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    for (method, params, code) in [
        ("textDocument/nothing", json!({}), METHOD_NOT_FOUND),
        ("$/nothing", json!({}), METHOD_NOT_FOUND),
        ("", json!({}), METHOD_NOT_FOUND),
        // These are told, not asked.
        ("textDocument/didOpen", json!({}), METHOD_NOT_FOUND),
        ("exit", json!({}), METHOD_NOT_FOUND),
        ("workspace/symbol", Value::Null, INVALID_PARAMS),
        ("workspace/symbol", json!({}), INVALID_PARAMS),
        ("workspace/symbol", json!({ "query": 5 }), INVALID_PARAMS),
        (
            "textDocument/hover",
            json!({ "position": { "line": 1, "character": 1 } }),
            INVALID_PARAMS,
        ),
        (
            "textDocument/definition",
            json!({ "textDocument": { "uri": "file:///a" }, "position": { "line": -1, "character": 0 } }),
            INVALID_PARAMS,
        ),
        ("textDocument/selectionRange", json!({ "textDocument": { "uri": 5 } }), INVALID_PARAMS),
        ("workspace/executeCommand", json!({ "command": "rm" }), INVALID_PARAMS),
    ] {
        assert_eq!(editor.refused(method, params.clone()), code, "{method} {params}");
    }
    // Without parameters at all.
    let body = br#"{"jsonrpc":"2.0","id":"a","method":"workspace/symbol"}"#;
    assert_eq!(answers(&mut editor, body, 1)[0]["error"]["code"], INVALID_PARAMS);
    // Documents that are none of ours, or nowhere.
    let nowhere = sandbox.file("src/shapes/Nowhere.java");
    for uri in ["untitled:1", "http://a/b.java", "nonsense", "", &uri(&nowhere)] {
        let document = json!({ "textDocument": { "uri": uri } });
        for method in ["documentSymbol", "foldingRange"] {
            let number = editor.begin(&format!("textDocument/{method}"), document.clone());
            editor.answer(number);
        }
    }
    assert!(editor.shut_down().success());
}

#[test]
fn numbers_of_requests_are_given_back_as_they_came_however_often() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    let ask = |id: &Value| {
        let params = json!({ "query": "Circle" });
        json!({ "jsonrpc": "2.0", "id": id, "method": "workspace/symbol", "params": params })
            .to_string()
    };
    let long = "x".repeat(10_000);
    for id in [json!("a"), json!(""), json!("7"), json!(long), json!(-1), json!(i32::MAX)] {
        if id.is_i64() {
            editor.expect(id.as_i64().unwrap());
        }
        let answers = answers(&mut editor, ask(&id).as_bytes(), 1);
        assert_eq!((answers.len(), &answers[0]["id"]), (1, &id));
        assert_eq!(answers[0]["result"][0]["name"], "Circle");
    }
    // One more than numbers of the protocol can be.
    let large = json!(i64::from(i32::MAX) + 1);
    editor.expect(large.as_i64().unwrap());
    let refused = answers(&mut editor, ask(&large).as_bytes(), 1);
    assert_eq!(
        (&refused[0]["id"], &refused[0]["error"]["code"]),
        (&large, &json!(INVALID_REQUEST))
    );
    // The same number twice at the same time: two requests, two answers.
    editor.send_body(ask(&json!("twice")).as_bytes());
    let twice = answers(&mut editor, ask(&json!("twice")).as_bytes(), 2);
    assert!(twice.len() == 2 && twice.iter().all(|it| it["id"] == "twice"), "{twice:?}");
    assert!(editor.shut_down().success());
}

#[test]
fn what_needs_no_answer_gets_none_however_wrong_it_is() {
    let sandbox = shapes();
    let mut editor = Editor::open(&sandbox);
    for body in [
        json!({ "jsonrpc": "2.0", "method": "$/nothing" }),
        json!({ "jsonrpc": "2.0", "method": "$/nothing", "params": [1, 2] }),
        json!({ "jsonrpc": "2.0", "method": "workspace/nothing", "params": {} }),
        json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }),
        json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": 99_999 } }),
        json!({ "jsonrpc": "2.0", "method": "$/cancelRequest", "params": { "id": null } }),
        json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen" }),
        json!({ "jsonrpc": "2.0", "method": "textDocument/didChange", "params": { "x": true } }),
        json!({ "jsonrpc": "2.0", "method": "workspace/didChangeConfiguration", "params": 5 }),
        json!({ "jsonrpc": "2.0", "method": "workspace/didChangeWorkspaceFolders", "params": [] }),
        json!({ "jsonrpc": "2.0", "method": "window/workDoneProgress/cancel", "params": { "token": 5 } }),
        // Answers that nobody waits for.
        json!({ "jsonrpc": "2.0", "id": 99_999, "result": null }),
        json!({ "jsonrpc": "2.0", "id": "x", "error": { "code": 1, "message": "no" } }),
        json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32700, "message": "no" } }),
        json!({ "jsonrpc": "2.0", "id": 0, "result": { "nonsense": true }, "error": 5 }),
    ] {
        let answers = answers(&mut editor, body.to_string().as_bytes(), 0);
        assert_eq!(answers, Vec::<Value>::new(), "{body}");
    }
    assert!(editor.shut_down().success());
}

#[test]
fn what_is_no_frame_ends_the_server_and_what_is_announced_takes_no_memory() {
    let sandbox = shapes();
    for bytes in [
        "GET / HTTP/1.1\r\n\r\n",
        "Content-Type: application/json\r\n\r\n{}",
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "Content-Length: 268435457\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        &"x".repeat(10_000),
        &"a: b\r\n".repeat(100),
    ] {
        let mut editor = Editor::open(&sandbox);
        editor.write(bytes.as_bytes());
        assert_eq!(editor.ended().code(), Some(1), "{bytes:.40}");
        wait_for("the workers' end", SOON, || workers(&sandbox).is_empty().then_some(()));
        assert_eq!(sandbox.leftovers(), [""; 0]);
    }
    let mut editor = Editor::open(&sandbox);
    editor.found("Circle");
    editor.write(b"Content-Length: 268435456\r\n\r\n{");
    let peak = peak_memory_kib(editor.id());
    assert!(peak < 200 << 10, "{peak} KiB");
    editor.hang_up();
    assert_eq!(editor.ended().code(), Some(1));
}

#[test]
fn nothing_counts_before_the_greeting_and_nothing_after_the_goodbye() {
    let sandbox = shapes();
    let mut editor = Editor::start(&sandbox);
    let file = sandbox.file("src/shapes/Circle.java");
    let hover = || at(&file, &json!({ "line": 0, "character": 0 }));
    editor.open_document(&file, "package shapes; class Early { }");
    editor.tell("initialized", json!({}));
    editor.tell(
        "workspace/didChangeConfiguration",
        json!({ "settings": { "nova": { "workers": 3 } } }),
    );
    for (method, params) in [
        ("workspace/symbol", json!({ "query": "x" })),
        ("textDocument/hover", hover()),
        ("shutdown", Value::Null),
        ("textDocument/nothing", Value::Null),
    ] {
        assert_eq!(editor.refused(method, params), NOT_INITIALIZED, "{method}");
    }
    let folder = json!({ "uri": uri(&sandbox.file("")), "name": "tree" });
    let mut greeting = json!({
        "processId": null, "capabilities": abilities(), "workspaceFolders": [folder],
        "initializationOptions": { "jdkSources": "off" },
    });
    // A greeting that makes no sense is none.
    assert_eq!(editor.refused("initialize", json!({ "capabilities": 5 })), INVALID_PARAMS);
    assert_eq!(editor.refused("workspace/symbol", json!({ "query": "x" })), NOT_INITIALIZED);
    editor.ask("initialize", greeting.take());
    editor.tell("initialized", json!({}));
    editor.settle();
    assert_eq!(editor.found("Early"), Vec::<String>::new());
    assert_eq!(editor.ask("shutdown", Value::Null), Value::Null);
    editor.open_document(&file, "package shapes; class Late { }");
    for method in ["workspace/symbol", "shutdown", "initialize", "textDocument/nothing"] {
        assert_eq!(editor.refused(method, json!({ "query": "x" })), INVALID_REQUEST, "{method}");
    }
    wait_for("the workers' end", SOON, || workers(&sandbox).is_empty().then_some(()));
    // Who has said goodbye may go without a word.
    editor.hang_up();
    assert!(editor.ended().success());
}

#[test]
fn documents_are_what_was_said_last_in_the_order_of_versions() {
    let sandbox = Sandbox::new(&[("src/a/A.java", "package a;\nclass A { int saved; }\n")]);
    let mut editor = Editor::open(&sandbox);
    let file = sandbox.file("src/a/A.java");
    let class = |field: &str| format!("package a;\nclass A {{ int {field}; }}\n");
    let fields = |editor: &mut Editor| -> Vec<String> {
        let document = json!({ "textDocument": { "uri": uri(&file) } });
        let outline = editor.ask("textDocument/documentSymbol", document);
        let members = outline[0]["children"].as_array().cloned().unwrap_or_default();
        members.iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let close = |editor: &mut Editor| {
        editor.tell("textDocument/didClose", json!({ "textDocument": { "uri": uri(&file) } }));
    };
    let insert = |version: i64, start: Value, end: Value, text: &str| {
        json!({
            "textDocument": { "uri": uri(&file), "version": version },
            "contentChanges": [{ "range": { "start": start, "end": end }, "text": text }],
        })
    };
    let position = |line: u32, character: u32| json!({ "line": line, "character": character });

    // What is not open is neither changed nor closed.
    editor.change_document(&file, 1, &class("unopened"));
    assert_eq!(fields(&mut editor), ["saved"]);
    close(&mut editor);
    assert_eq!(fields(&mut editor), ["saved"]);

    editor.open_document(&file, &class("first"));
    editor.change_document(&file, 5, &class("fifth"));
    for version in [5, 4, 1, 0, -7] {
        editor.change_document(&file, version, &class("older"));
        assert_eq!(fields(&mut editor), ["fifth"], "version {version}");
    }
    // Opened twice: the text of the second time, and its version.
    editor.open_document(&file, &class("again"));
    assert_eq!(fields(&mut editor), ["again"]);
    editor.change_document(&file, 2, &class("second"));
    assert_eq!(fields(&mut editor), ["second"]);

    // Ranges that are backwards, or reach beyond the end.
    editor.tell("textDocument/didChange", insert(3, position(1, 20), position(1, 14), "third"));
    assert_eq!(fields(&mut editor), ["third"]);
    let end = position(u32::MAX, u32::MAX);
    editor.tell("textDocument/didChange", insert(4, end.clone(), end, "class B { }"));
    assert_eq!(editor.found("B kind:class"), ["B a"]);
    editor.tell(
        "textDocument/didChange",
        insert(5, position(0, 0), position(u32::MAX, 0), &class("whole")),
    );
    assert_eq!(fields(&mut editor), ["whole"]);
    assert_eq!(editor.found("B kind:class"), Vec::<String>::new());

    close(&mut editor);
    close(&mut editor);
    editor.change_document(&file, 9, &class("closed"));
    assert_eq!(fields(&mut editor), ["saved"]);
    assert_eq!(editor.found("closed"), Vec::<String>::new());
    assert!(editor.shut_down().success());
}
