//! `nova mcp`, as agents know it: by the client of the protocol's own SDK.

mod agent;

use std::fs;
use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::sandbox::Sandbox;
use agent::{Agent, command};

const SHAPE: &str = "package shapes;

/** A shape. */
public class Shape {
    private int sides;

    public void add(Shape other) {
    }

    void add(Shape other, int count) { }

    enum Color { RED, GREEN }
}
";

fn shapes() -> Sandbox {
    Sandbox::new(&[
        ("src/shapes/Shape.java", SHAPE),
        ("src/shapes/Circle.java", "package shapes;\nclass Circle extends Shape { }\n"),
        ("src/other/Shape.java", "package other;\nclass Shape {\n    void add() { }\n}\n"),
    ])
}

/// `container.name path:line` of each symbol.
fn places(answer: &Value) -> Vec<String> {
    let place = |it: &Value| {
        let text = |field: &str| it[field].as_str().unwrap_or_default().to_owned();
        format!("{}.{} {}:{}", text("container"), text("name"), text("path"), it["line"])
    };
    answer["symbols"].as_array().unwrap().iter().map(place).collect()
}

#[tokio::test]
async fn every_tool_answers() {
    let sandbox = shapes();
    let agent = Agent::start(&sandbox).await;
    let about = agent.client().peer_info().unwrap();
    assert_eq!(about.server_info.as_ref().unwrap().name, "nova");
    assert!(about.instructions.as_ref().unwrap().contains("Lines count from 1"));
    let tools = agent.tools().await;
    let names: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["search_symbols", "outline", "find_definition", "wait_until_indexed"]);
    for tool in &tools {
        assert_eq!(tool.input_schema["type"], "object", "{}", tool.name);
        assert_eq!(tool.annotations.as_ref().unwrap().read_only_hint, Some(true));
    }

    let indexed = agent.call("wait_until_indexed", json!({})).await;
    assert_eq!(
        (&indexed["files"], &indexed["skipped"], &indexed["failed_shards"]),
        (&json!(3), &json!(0), &json!(0))
    );
    let revision = indexed["revision"].as_u64().unwrap();

    let found = agent.call("search_symbols", json!({ "query": "Shape", "kinds": ["class"] })).await;
    assert_eq!(
        found["symbols"][0],
        json!({
            "name": "Shape", "kind": "class", "container": "shapes", "path": "src/shapes/Shape.java",
            "line": 4, "signature": "Shape",
        })
    );
    assert_eq!((&found["total"], &found["cut"]), (&json!(2), &json!(false)));
    assert!(found["revision"].as_u64().unwrap() >= revision);
    let first = agent.call("search_symbols", json!({ "query": "Shape", "limit": 1 })).await;
    assert_eq!((first["symbols"].as_array().unwrap().len(), &first["cut"]), (1, &json!(true)));

    let outline = agent.call("outline", json!({ "path": "src/shapes/Shape.java" })).await;
    assert_eq!((&outline["path"], &outline["total"]), (&json!("src/shapes/Shape.java"), &json!(7)));
    assert!(outline["revision"].is_u64());
    assert_eq!(
        outline["symbols"][2],
        json!({
            "name": "add", "kind": "method", "container": "Shape", "line": 7, "end_line": 8,
            "signature": "add(Shape other): void",
        })
    );
    assert_eq!(outline["symbols"][5]["container"], "Shape.Color");

    for (name, expected) in [
        (
            "Shape.add",
            &[
                "shapes.Shape.add src/shapes/Shape.java:7",
                "shapes.Shape.add src/shapes/Shape.java:10",
                "other.Shape.add src/other/Shape.java:3",
            ][..],
        ),
        ("other.Shape#add()", &["other.Shape.add src/other/Shape.java:3"]),
        ("Shape$Color", &["shapes.Shape.Color src/shapes/Shape.java:12"]),
        ("shapes", &[".shapes src/shapes/Circle.java:1"]),
        ("Shap", &[]),
        ("shape", &[]),
    ] {
        let found = agent.call("find_definition", json!({ "name": name })).await;
        let mut found_places = places(&found);
        if name == "Shape.add" {
            found_places.sort_by_key(|place| place.starts_with("other"));
        }
        assert_eq!(found_places, expected, "{name}: {found}");
        assert_eq!((&found["total"], &found["cut"]), (&json!(expected.len()), &json!(false)));
        assert_eq!(found["hint"].is_string(), expected.is_empty());
    }
    for path in ["src/other/Shape.java", "src/shapes/Circle.java"] {
        let near = json!({ "name": "Shape", "near_path": path });
        let found = agent.call("find_definition", near).await;
        let folder = path.rsplit_once('/').unwrap().0;
        assert!(places(&found)[0].contains(folder), "{found}");
    }
    agent.end().await;
}

#[tokio::test]
async fn what_an_agent_has_just_written_is_found_at_once() {
    let sandbox = shapes();
    let agent = Agent::start(&sandbox).await;
    let mut revision = 0;
    for number in 0..20 {
        let name = format!("Fresh{number}");
        sandbox.write(
            format!("src/shapes/{name}.java"),
            format!("package shapes; class {name} {{ }}"),
        );
        let found = agent.call("find_definition", json!({ "name": name })).await;
        assert_eq!(places(&found), [format!("shapes.{name} src/shapes/{name}.java:1")]);
        let now = found["revision"].as_u64().unwrap();
        assert!(now > revision);
        revision = now;
        fs::remove_file(sandbox.file(format!("src/shapes/{name}.java"))).unwrap();
        let found =
            agent.call("search_symbols", json!({ "query": name, "kinds": ["class"] })).await;
        assert!(!places(&found).iter().any(|it| it.contains(&name)), "{found}");
    }
    sandbox.write("src/shapes/Circle.java", "package shapes;\n\n\nclass Circle { int radius; }");
    let outline = agent.call("outline", json!({ "path": "src/shapes/Circle.java" })).await;
    assert_eq!(outline["symbols"][1]["line"], 4);
    let indexed = agent.call("wait_until_indexed", json!({})).await;
    assert_eq!(indexed["files"], 3);
    agent.end().await;
}

#[tokio::test]
async fn what_makes_no_sense_is_told_and_the_rest_goes_on() {
    let sandbox = shapes();
    fs::write(sandbox.path("Secret.java"), "class Secret { }").unwrap();
    let agent = Agent::start(&sandbox).await;
    for (tool, arguments, said) in [
        ("search_symbols", json!({}), "missing field `query`"),
        ("search_symbols", json!({ "query": 5 }), "expected a string"),
        ("search_symbols", json!({ "query": "a", "limit": 0 }), "from 1 to 100"),
        ("search_symbols", json!({ "query": "a", "limit": 101 }), "from 1 to 100"),
        ("search_symbols", json!({ "query": "a", "kinds": ["struct"] }), "the kinds are"),
        ("search_symbols", json!({ "query": "a", "colour": "red" }), "unknown field `colour`"),
        ("find_definition", json!({ "name": "a b" }), "search_symbols takes more"),
        ("find_definition", json!({ "name": "" }), "search_symbols takes more"),
        ("find_definition", json!({ "name": "A", "near_path": "No.java" }), "there is no file"),
        ("outline", json!({ "path": "src/shapes/Gone.java" }), "there is no file"),
        ("outline", json!({ "path": "src/shapes" }), "no Java file"),
        ("outline", json!({ "path": "../Secret.java" }), "not below"),
        ("wait_until_indexed", json!({ "forever": true }), "unknown field"),
    ] {
        let refusal = agent.refused(tool, arguments).await;
        assert!(refusal.contains(said), "{tool}: {refusal}");
    }
    let unknown = agent.said("find_usages", json!({})).await.unwrap_err();
    assert!(unknown.to_string().contains("there is no tool"), "{unknown}");
    let found = agent.call("search_symbols", json!({ "query": "a b c d e f g h i j" })).await;
    assert!(found["problems"][0].as_str().unwrap().contains("left out"), "{found}");
    assert_eq!(found["symbols"], json!([]));
    let found = agent.call("search_symbols", json!({ "query": "Circle" })).await;
    assert_eq!(places(&found)[0], "shapes.Circle src/shapes/Circle.java:2");
    assert!(agent.last_words().await.contains("there is no tool"));
}

#[tokio::test]
async fn many_calls_at_once_are_all_answered() {
    let sandbox = shapes();
    let agent = Agent::start(&sandbox).await;
    let calls = (0..300).map(|_| agent.call("find_definition", json!({ "name": "Circle" })));
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    // Polled together: more of them are under way than the server takes.
    let answers = std::future::poll_fn(|context| {
        use std::task::Poll;
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            Poll::Ready(answer) => {
                assert_eq!(answer["total"], 1);
                false
            }
            Poll::Pending => true,
        });
        if calls.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    });
    answers.await;
    drop(calls);
    agent.end().await;
}

#[tokio::test]
async fn several_roots_have_absolute_paths() {
    let sandbox = shapes();
    sandbox.write("more/m/More.java", "package m; class More { }");
    let agent = Agent::start_with(&sandbox, &["tree/src", "tree/more"]).await;
    let found = agent.call("find_definition", json!({ "name": "More" })).await;
    let path = sandbox.file("more/m/More.java");
    assert_eq!(found["symbols"][0]["path"], path.to_str().unwrap());
    for path in [path.to_str().unwrap(), "m/More.java"] {
        let outline = agent.call("outline", json!({ "path": path })).await;
        assert_eq!(outline["total"], 1, "{path}: {outline}");
    }
    agent.end().await;
}

#[tokio::test]
async fn who_keeps_the_workspace_open_is_asked_and_done_without_when_it_is_gone() {
    let sandbox = shapes();
    let daemon = Daemon::start(&sandbox);
    let agent = Agent::start(&sandbox).await;
    agent.call("wait_until_indexed", json!({})).await;
    sandbox.write("src/shapes/Square.java", "package shapes;\n\nclass Square { }");
    let found = agent.call("find_definition", json!({ "name": "Square" })).await;
    assert_eq!(places(&found), ["shapes.Square src/shapes/Square.java:3"]);
    let outline = agent.call("outline", json!({ "path": "src/shapes/Square.java" })).await;
    assert_eq!(outline["symbols"][0]["line"], 3);
    assert!(outline["revision"].as_u64() >= found["revision"].as_u64());
    let found = agent.call("search_symbols", json!({ "query": "Circle" })).await;
    assert_eq!(places(&found)[0], "shapes.Circle src/shapes/Circle.java:2");
    assert_eq!(agent.workers(), [0; 0], "nova serve has them");
    daemon.stop();

    sandbox.write("src/shapes/Oval.java", "package shapes; class Oval { }");
    let found = agent.call("find_definition", json!({ "name": "Oval" })).await;
    assert_eq!(places(&found), ["shapes.Oval src/shapes/Oval.java:1"]);
    let outline = agent.call("outline", json!({ "path": "src/shapes/Oval.java" })).await;
    assert_eq!(outline["total"], 1);
    assert_ne!(agent.workers(), [0; 0], "now it has its own");
    agent.end().await;
}

#[test]
fn nothing_but_the_protocol_is_on_standard_output_and_the_end_of_input_is_the_end() {
    let sandbox = shapes();
    // Nobody ever says anything: it ends in the middle of its first look.
    for _ in 0..20 {
        sandbox.nova(["mcp", "tree"]).ok().says_nothing();
    }
    // It is of no use where there is nothing.
    sandbox.nova(["mcp", "nowhere"]).run().code(1).says(&["no such folder"]);

    let greeting = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": { "name": "script", "version": "1" },
        },
    });
    let greeted = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let call = json!({
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": "find_definition", "arguments": { "name": "Circle" } },
    });
    let long = format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{}\"}}", "x".repeat(2 << 20));
    let mut server = command(&sandbox, &["tree"]).into_std();
    let mut server =
        server.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = server.stdin.take().unwrap();
    for line in [&greeting.to_string(), &greeted.to_string(), "no JSON", &long, &call.to_string()] {
        writeln!(input, "{line}").unwrap();
    }
    // What was asked before the end is answered.
    drop(input);
    let ended = server.wait_with_output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let lines: Vec<Value> = String::from_utf8(ended.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    let answer = lines.iter().find(|line| line["id"] == 2).unwrap();
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("Circle.java"));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("maximum line length"));
}
