//! An editor beside `nova serve`: it starts it as it is set, and notices nothing when it ends.

use serde_json::json;

use super::editor::{Editor, abilities, uri};
use super::shapes;
use crate::daemon::Daemon;
use crate::processes::SOON;
use crate::run::wait_for;

#[test]
fn an_editor_keeps_its_workspace_when_nova_serve_ends_and_when_it_is_killed() {
    for is_killed in [false, true] {
        let sandbox = shapes();
        let daemon = Daemon::start(&sandbox);
        let mut editor = Editor::open(&sandbox);
        let status = editor.ask("workspace/executeCommand", json!({ "command": "nova.status" }));
        assert_eq!(status["servedBy"], daemon.id());
        let file = sandbox.file("src/shapes/Circle.java");
        editor.open_document(&file, "package shapes; class Circle { int unsaved; }");
        assert_eq!(editor.found("unsaved"), ["unsaved shapes.Circle"]);

        daemon.end_by(if is_killed { "KILL" } else { "TERM" });
        // A request that was under way may have failed; the workspace is there again, with what is open.
        let search = json!({ "query": "unsaved" });
        wait_for("the workspace", SOON, || {
            let number = editor.begin("workspace/symbol", search.clone());
            let answer = editor.answer(number);
            (answer["result"][0]["containerName"] == "shapes.Circle").then_some(())
        });
        let outline = json!({ "textDocument": { "uri": uri(&file) } });
        assert_eq!(editor.ask("textDocument/documentSymbol", outline)[0]["name"], "Circle");
        let status = editor.ask("workspace/executeCommand", json!({ "command": "nova.status" }));
        assert!(status["servedBy"].is_null(), "{status}");
        assert!(editor.shut_down().success());
        // Who was killed could not clear up.
        sandbox.nova(["serve", "--stop", "tree"]).ok();
    }
}

#[test]
fn a_daemon_that_an_editor_starts_keeps_what_the_editor_is_set_to_have() {
    let sandbox = shapes();
    sandbox.write(".ignore", "gen/\n");
    sandbox.write("gen/g/Generated.java", "package g; class Generated {}");
    let cache = sandbox.cache();
    let settings = json!({
        "daemon": "start", "jdkSources": "off", "includeIgnored": ["gen"], "maxFileSize": 100_000,
        "cacheDir": cache.to_str(),
    });
    let mut editor = Editor::greet_with(&sandbox, abilities(), settings);
    editor.settle();
    assert_eq!(editor.found("Generated"), ["Generated g"]);
    let status = editor.ask("workspace/executeCommand", json!({ "command": "nova.status" }));
    assert!(status["servedBy"].is_number(), "{status}");
    assert!(editor.shut_down().success());
    sandbox.nova(["serve", "--stop", "tree"]).ok();
}
