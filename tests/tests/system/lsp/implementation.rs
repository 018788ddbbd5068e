//! `textDocument/implementation`, by name.

use serde_json::Value;

use super::editor::Editor;
use super::{at, place, places};
use crate::daemon::Daemon;
use crate::sandbox::Sandbox;

const TASK: &str = "package tasks;

public interface Task {
    void run(int times);
    int size();
}
";
const USE: &str = "package uses;
import tasks.Task;
class Use { Task task; String last; void all() { task.run(3); } }
";

fn tasks() -> Sandbox {
    Sandbox::new(&[
        ("src/tasks/Task.java", TASK),
        (
            "src/tasks/Slow.java",
            "package tasks;\nclass Slow implements Task {\n public void run(int n) { }\n public int size() { return 0; } }\n",
        ),
        (
            "src/uses/Slower.java",
            "package uses;\nclass Slower extends tasks.Slow {\n public void run(int m) { }\n void run() { } }\n",
        ),
        ("src/uses/Use.java", USE),
        (
            "src/uses/Task.java",
            "package uses.other;\ninterface Task { void run(int x); }\nclass Stranger implements Task { public void run(int x) { } }\n",
        ),
    ])
}

fn implementations(
    editor: &mut Editor,
    sandbox: &Sandbox,
    file: &str,
    position: &Value,
) -> Vec<String> {
    let params = at(&sandbox.file(file), position);
    places(&editor.ask("textDocument/implementation", params))
}

fn assert_found(editor: &mut Editor, sandbox: &Sandbox) {
    let of_type = implementations(editor, sandbox, "src/uses/Use.java", &place(USE, "Task task"));
    assert_eq!(of_type, ["Slow.java 1", "Slower.java 1"]);
    let method = place(TASK, "run(int");
    let of_method = implementations(editor, sandbox, "src/tasks/Task.java", &method);
    assert_eq!(of_method, ["Slow.java 2", "Slower.java 2"]);
}

#[test]
fn implementations_are_found_below_a_type_and_of_a_method() {
    let sandbox = tasks();
    let mut editor = Editor::open(&sandbox);
    assert_found(&mut editor, &sandbox);
    // Nothing is below this one: it is its own.
    let slower = "package uses;\nclass Slower extends tasks.Slow {\n public void run(int m) { }\n void run() { } }\n";
    let own =
        implementations(&mut editor, &sandbox, "src/uses/Slower.java", &place(slower, "Slower"));
    assert_eq!(own, ["Slower.java 1"]);
    let nowhere =
        implementations(&mut editor, &sandbox, "src/uses/Use.java", &place(USE, "String"));
    assert_eq!(nowhere, Vec::<String>::new());
    // What is typed counts.
    editor.open_document(
        &sandbox.file("src/uses/New.java"),
        "package uses;\n\nclass New implements tasks.Task { }\n",
    );
    let typed = implementations(&mut editor, &sandbox, "src/tasks/Task.java", &place(TASK, "Task"));
    assert_eq!(typed, ["Slow.java 1", "New.java 2", "Slower.java 1"]);
    assert!(editor.shut_down().success());
}

#[test]
fn a_daemon_finds_the_same_implementations() {
    let sandbox = tasks();
    let daemon = Daemon::start(&sandbox);
    let mut editor = Editor::open(&sandbox);
    assert_found(&mut editor, &sandbox);
    assert!(editor.shut_down().success());
    daemon.stop();
}
