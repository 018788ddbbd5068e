//! What programs read: the JSON of every command, and tags files.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::run::Run;
use crate::sandbox::{Sandbox, large_class};

const OUTER: &str = r#"package p.q;
public class Outer<T> {
    /* 😀 */ @Deprecated protected  static int count(int[] values, String... rest) { return 0; }
    enum Color { RED, GREEN { void paint() {} } }
    record Point(int x, int y) { Point { } }
    @interface Mark { String value() default ""; }
    interface Shape { }
    Outer() { class Local { int inside; } }
}
"#;

#[test]
fn a_search_prints_one_object_a_symbol_and_one_about_the_list() {
    let sandbox = Sandbox::new(&[("src/p/q/Outer.java", OUTER)]);
    let search = sandbox.nova(["search", "count", "tree", "--json"]).ok();
    let mut found = search.json();
    assert!(found["score"].is_u64(), "{found}");
    found.as_object_mut().unwrap().remove("score");
    let expected = json!({
        "name": "count",
        "kind": "method",
        "container": "Outer",
        "package": "p.q",
        "path": "src/p/q/Outer.java",
        "line": 2,
        // In UTF-16 the face counts twice.
        "character": 47,
        "signature": "count(int[] values, String... rest): int",
        "modifiers": ["protected", "static", "deprecated"],
        "local": false,
    });
    assert_eq!(found, expected);
    let about: Value = serde_json::from_str(&search.stderr).unwrap();
    let expected = json!({
        "revision": about["revision"], "ready_shards": 1, "shards": 1,
        "total": 1, "total_is_exact": true, "cut": false, "pending": 0, "problems": [],
    });
    assert_eq!(about, expected);
    assert!(about["revision"].as_u64() > Some(0));
}

#[test]
fn an_export_lists_every_kind_of_symbol() {
    let sandbox = Sandbox::new(&[
        ("src/p/q/Outer.java", OUTER),
        ("src/p/q/package-info.java", "/** Two files, one package. */\npackage p.q;\n"),
        ("src/module-info.java", "module m.n { exports p.q; }\n"),
    ]);
    let export = sandbox.nova(["export", "tree"]).ok().says_nothing().json_lines();
    let mut symbols: Vec<String> = export
        .iter()
        .map(|symbol| {
            let text = |field: &str| symbol[field].as_str().unwrap();
            let local = if symbol["local"] == true { " (local)" } else { "" };
            assert!(symbol.get("score").is_none(), "{symbol}");
            format!("{} {}|{}{local}", text("kind"), text("container"), text("name"))
        })
        .collect();
    symbols.sort();
    let expected = [
        "annotation Outer|Mark",
        "class Outer|Local (local)",
        "class |Outer",
        "constructor Outer.Point|Point",
        "constructor Outer|Outer",
        "enum Outer|Color",
        "enum-constant Outer.Color|GREEN",
        "enum-constant Outer.Color|RED",
        "field Outer.Local|inside (local)",
        "interface Outer|Shape",
        "method Outer.Mark|value",
        "method Outer|count",
        "module |m.n",
        "package |p.q",
        "record Outer|Point",
        "record-component Outer.Point|x",
        "record-component Outer.Point|y",
    ];
    assert_eq!(symbols, expected);
}

#[test]
fn an_index_run_reports_what_scripts_rely_on() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A { int f; }")]);
    let report = sandbox.index();
    let expected = json!({ "files": 1, "symbols": 3, "source_bytes": 29, "shards": 1 });
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&report[field], value, "{field}");
    }
    assert_eq!(report["rescanned_files"], 1);
    assert_eq!(report["skipped"], json!([]));
    for field in ["index_bytes", "workers", "revision"] {
        assert!(report[field].as_u64() > Some(0), "{field}: {report}");
    }
    assert!(report["elapsed_ms"].as_f64() > Some(0.0), "{report}");
    assert!(report["digest"].as_str().is_some_and(|digest| digest.len() >= 16), "{report}");
}

#[test]
fn the_status_agrees_with_the_index_run() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A { int f; }")]);
    let status = || sandbox.nova(["status", "--json", "tree"]).ok().says_nothing().json();
    assert_eq!(status()["indexed"], false);
    let report = sandbox.index();
    let status = status();
    assert_eq!(status["indexed"], true);
    for field in ["files", "symbols", "source_bytes", "index_bytes", "skipped"] {
        assert_eq!(status[field], report[field], "{field}");
    }
    assert_eq!(status["shards"][0]["id"], 0);
    assert_eq!(status["roots"].as_array().unwrap().len(), 1);
    assert_eq!(status["cache"].as_str(), sandbox.cache().to_str());
    let text = sandbox.nova(["status", "tree"]).ok().text();
    assert!(text.contains("shards    1 of 1 ready"), "{text}");
}

#[test]
fn vim_and_readtags_take_the_tags_file() {
    let sandbox = Sandbox::new(&[
        ("p/q/Outer.java", OUTER),
        ("p/B.java", "package p;\n/** d */ interface B extends A { void count(); }\n"),
    ]);
    sandbox.nova(["export", "--format", "ctags", "-o", "tags", "tree"]).ok();
    assert!(fs::read_to_string(sandbox.path("tags")).unwrap().starts_with("!_TAG_FILE_FORMAT\t2"));
    if Command::new("readtags").arg("-h").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "readtags is missing");
        eprintln!("skipped: readtags is missing");
        return;
    }
    let readtags = |name: &str| {
        let text = sandbox.program("readtags", ["-t", "tags", "-en", name]).ok().text();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let lines = readtags("count");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("count\ttree/p/B.java\t2;\""), "{lines:?}");
    assert!(lines[0].contains("kind:method"), "{lines:?}");
    assert!(lines[1].starts_with("count\ttree/p/q/Outer.java\t3;\""), "{lines:?}");
    assert!(lines[1].contains("signature:count(int[] values, String... rest): int"), "{lines:?}");
    let all = sandbox.program("readtags", ["-t", "tags", "-l"]).ok().text();
    assert_eq!(all.lines().count(), sandbox.symbols().len());
}

#[test]
fn an_export_to_a_file_is_whole_or_not_there() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A { }")]);
    sandbox.nova(["export", "-o", "out.jsonl", "tree"]).ok().says_nothing();
    assert_eq!(fs::read_to_string(sandbox.path("out.jsonl")).unwrap().lines().count(), 2);
    let failed = sandbox.nova(["export", "-o", "nowhere/out.jsonl", "tree"]).run().code(1);
    failed.says(&["nowhere/out.jsonl"]);
    let in_sandbox = fs::read_dir(sandbox.path("")).unwrap().flatten();
    let mut names: Vec<_> = in_sandbox.map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["cache", "home", "out.jsonl", "tmp", "tree"]);
}

#[test]
fn an_export_to_what_cannot_be_a_file_names_it_as_it_was_given() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A { }")]);
    let check = |path: &str, message: &str| {
        let export = sandbox.nova(["export", "-o", path, "tree"]).run().code(1);
        assert_eq!(export.stderr, format!("error: cannot write {path}: {message}\n"));
    };
    check("tree", "it is a folder");
    check("nowhere/x", "No such file or directory (os error 2)");
}

#[test]
fn an_export_into_a_pipe_leaves_it_a_pipe() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A { }")]);
    sandbox.program("mkfifo", ["pipe"]).ok();
    let reader = sandbox.program("cat", ["pipe"]).start();
    sandbox.nova(["export", "-o", "pipe", "tree"]).ok().says_nothing();
    drop(reader);
    assert!(!fs::metadata(sandbox.path("pipe")).unwrap().is_file());
}

#[test]
fn a_tags_file_names_files_byte_for_byte_or_not_at_all() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::new(&[("a\tb/A.java", "class A {}")]);
    let name = std::ffi::OsStr::from_bytes(b"B\xff.java");
    if fs::write(sandbox.file("").join(name), "class B {}").is_err() {
        return; // this file system takes UTF-8 only
    }
    let export = sandbox.nova(["export", "--format", "ctags", "tree"]).ok();
    let lines = export.stdout.split(|&byte| byte == b'\n');
    let tags: Vec<_> = lines.filter(|line| !line.starts_with(b"!") && !line.is_empty()).collect();
    assert_eq!(tags.len(), 1);
    assert!(tags[0].starts_with(b"B\ttree/B\xff.java\t1;\""), "{:?}", tags[0]);
    export.says(&["left out 1 symbol:"]);
}

#[test]
fn an_export_that_finds_no_room_fails_and_leaves_nothing() {
    let sandbox = Sandbox::new(&[("p/A.java", &large_class("p", "A", 200))]);
    sandbox.index();
    let nova = crate::programs::programs().nova.to_str().unwrap();
    let small_files = |rest: &str| -> Run {
        let script =
            format!("trap '' XFSZ; ulimit -f 4; exec {nova} --cache-dir cache export {rest}");
        sandbox.program("sh", ["-c", &script])
    };
    small_files("-o out.jsonl tree").run().code(1).says(&["out.jsonl"]);
    assert!(!sandbox.path("out.jsonl").exists());
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    if let Ok(full) = full {
        let export = sandbox.nova(["export", "tree"]).stdout_to(full).run().code(1);
        assert!(export.stderr.starts_with("error: "), "{}", export.stderr);
    }
}

#[test]
fn the_cache_is_listed_and_cleaned() {
    let sandbox = Sandbox::new(&[("a/A.java", "class A {}"), ("b/B.java", "class B {}")]);
    let list = || {
        let listed = sandbox.nova_at_home(["cache", "list", "--json"]).ok().json_lines();
        let workspace = |line: &Value| line["workspace"].as_str().unwrap().to_owned();
        let by_name: BTreeMap<String, Value> =
            listed.iter().map(|line| (workspace(line), line.clone())).collect();
        by_name
    };
    assert!(list().is_empty());
    for root in ["tree/a", "tree/b"] {
        sandbox.nova_at_home(["index", root]).ok();
    }
    let listed = list();
    let (a, b) = (sandbox.file("a"), sandbox.file("b"));
    assert!(listed.keys().eq([a.to_str().unwrap(), b.to_str().unwrap()]), "{listed:?}");
    for line in listed.values() {
        assert!(line["bytes"].as_u64() > Some(100), "{line}");
        assert!(line["last_used"].as_u64() > Some(1_500_000_000), "{line}");
        assert!(
            line["cache"].as_str().unwrap().starts_with(sandbox.path("home").to_str().unwrap())
        );
    }
    sandbox.nova_at_home(["cache", "clean", "tree/a"]).ok();
    sandbox.nova_at_home(["cache", "clean", "tree/a"]).ok().says(&["tree/a is not cached"]);
    assert!(list().keys().eq([b.to_str().unwrap()]));
    sandbox.nova_at_home(["cache", "clean"]).ok();
    assert!(list().is_empty());
    let again = sandbox.nova_at_home(["index", "--json", "tree/b"]).ok().json();
    assert_eq!(again["rescanned_files"], 1);
}

#[test]
fn cleaning_a_named_cache_folder_leaves_what_is_not_the_products() {
    let sandbox = Sandbox::new(&[("A.java", "class A {}")]);
    sandbox.index();
    fs::write(sandbox.cache().join("mine.txt"), "mine").unwrap();
    sandbox.nova(["cache", "clean"]).ok();
    let left: Vec<_> = fs::read_dir(sandbox.cache()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1);
    fs::remove_file(left[0].path()).unwrap();
}
