//! What an editor finds while the workspace is indexed for the first time.

use serde_json::{Value, json};

use super::editor::{Editor, abilities, uri};
use crate::processes::{SOON, signal, workers};
use crate::run::wait_for;
use crate::sandbox::Sandbox;

/// Two source roots that are large enough to have shards of their own; the worker of one comes to no end.
fn tree() -> Sandbox {
    let padding = format!("// {}\n", "x".repeat(1 << 20));
    let healthy = "package ready;\nclass Ready { int one; }\n";
    let endless = format!("package late;\n// nova-fault: hang\nclass Late {{ }}\n{padding}");
    Sandbox::new(&[
        ("one/ready/Ready.java", healthy),
        ("one/ready/More.java", &format!("package ready;\nclass More {{ }}\n{padding}")),
        ("two/late/Late.java", &endless),
    ])
}

#[test]
fn what_is_finished_is_found_before_the_first_index_is() {
    let sandbox = tree();
    let settings = json!({ "jdkSources": "off", "workers": 2 });
    let mut editor = Editor::greet_with(&sandbox, abilities(), settings);
    // It is open before there is a shard to which it belongs.
    let file = sandbox.file("one/ready/Ready.java");
    editor.open_document(&file, "package ready;\n\nclass Ready { int two; }\n");
    wait_for("a shard", SOON, || (editor.found("More") == ["More ready"]).then_some(()));
    let says_so = |it: &Value| {
        let message = it["params"]["value"]["message"].as_str().unwrap_or_default();
        message.ends_with("; 1 of 2 shards can be searched")
    };
    let is_over = |it: &Value| it["params"]["value"]["kind"] == "end";
    assert!(!editor.heard.iter().any(is_over), "the first index is over already");
    let lines = |editor: &mut Editor| -> Vec<Value> {
        let found = editor.ask("workspace/symbol", json!({ "query": "Ready kind:class" }));
        let found = found.as_array().unwrap().iter();
        found.map(|it| it["location"]["range"]["start"]["line"].clone()).collect()
    };
    assert_eq!(lines(&mut editor), [2], "what is typed stands for the file");
    assert_eq!(editor.found("Late"), Vec::<String>::new());
    let outline = json!({ "textDocument": { "uri": uri(&file) } });
    assert_eq!(editor.ask("textDocument/documentSymbol", outline)[0]["name"], "Ready");
    while !editor.heard.iter().any(says_so) {
        editor.hear();
    }

    // The worker that comes to no end is killed, and the file is another one for the next.
    sandbox.write("two/late/Late.java", "package late; class Late { }");
    workers(&sandbox).into_iter().for_each(|worker| signal(worker, "KILL"));
    editor.settle();
    assert_eq!(editor.found("Late kind:class"), ["Late late"]);
    assert_eq!(lines(&mut editor), [2]);
    assert_eq!(editor.found("More"), ["More ready"]);
    assert!(editor.shut_down().success());
}

#[test]
fn an_index_that_was_cancelled_is_completed_when_somebody_asks_for_it() {
    let sandbox = tree();
    let settings = json!({ "jdkSources": "off", "workers": 2 });
    let mut editor = Editor::greet_with(&sandbox, abilities(), settings);
    wait_for("a shard", SOON, || (editor.found("More") == ["More ready"]).then_some(()));
    let begun = editor.heard.iter().find(|it| it["params"]["value"]["kind"] == "begin").unwrap();
    let token = json!({ "token": begun["params"]["token"] });
    editor.tell("window/workDoneProgress/cancel", token);
    let shown = |editor: &Editor| {
        let mut messages = editor.heard.iter().filter(|it| it["method"] == "window/showMessage");
        messages.any(|it| it["params"]["message"].as_str().unwrap().contains("nova.reindex"))
    };
    while !shown(&editor) {
        editor.hear();
    }
    editor.settle();

    sandbox.write("two/late/Late.java", "package late; class Late { }");
    editor.ask("workspace/executeCommand", json!({ "command": "nova.reindex" }));
    assert_eq!(editor.found("Late kind:class"), ["Late late"]);
    // From here on changes are seen again.
    sandbox.write("two/late/Later.java", "package late; class Later { }");
    wait_for("the new file", SOON, || (editor.found("Later") == ["Later late"]).then_some(()));
    assert!(editor.shut_down().success());
}
