//! ROOTs and files that are not as they should be: each is told by name, and all others are indexed.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::sandbox::Sandbox;

/// The reason for which the only skipped file was skipped.
#[track_caller]
fn skipped(report: &Value, path: &str) -> String {
    let skipped = report["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 1, "{report}");
    assert_eq!(skipped[0]["path"], path);
    skipped[0]["reason"].as_str().unwrap().to_owned()
}

#[test]
fn a_missing_root_and_a_plain_file_are_told_by_name() {
    let sandbox = Sandbox::new(&[("p/A.java", "class A {}")]);
    for command in [&["index"][..], &["search", "A"], &["export"], &["status"]] {
        let run = |root: &str| sandbox.nova(command.iter().chain(&[root])).run().code(1);
        run("nowhere").says(&["nowhere", "no such folder or archive"]);
        run("tree/p/A.java").says(&["tree/p/A.java", "neither a folder nor a source archive"]);
        run("tree/p/A.java/below").says(&["tree/p/A.java/below"]);
    }
    sandbox.nova(["index", "tree", "nowhere"]).run().code(1).says(&["nowhere"]);
    assert!(!sandbox.cache().exists());
}

#[test]
fn a_root_without_java_is_a_warning() {
    let sandbox = Sandbox::new(&[("readme.md", "")]);
    for command in [&["index"][..], &["search", "A"], &["export"]] {
        sandbox
            .nova(command.iter().chain(&["tree"]))
            .ok()
            .says(&["warning: no Java files in tree"]);
    }
    let report = sandbox.index();
    assert_eq!((&report["files"], &report["symbols"]), (&0.into(), &0.into()));
}

#[test]
fn text_that_is_not_utf8_is_read_with_a_note() {
    let sandbox = Sandbox::new(&[]);
    sandbox.write("p/Latin.java", b"class Latin { int caf\xe9; }");
    sandbox.write("p/Wide.java", b"\xff\xfec\0l\0a\0s\0s\0 \0W\0 \0{\0}\0");
    sandbox.write("p/Bom.java", b"\xef\xbb\xbfclass Bom {}");
    let report = sandbox.index();
    assert_eq!((&report["files"], &report["skipped"]), (&3.into(), &serde_json::json!([])));
    let notes = report["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(notes[0]["path"], "p/Latin.java");
    assert!(notes[0]["reason"].as_str().unwrap().contains("ISO-8859-1"), "{notes:?}");
    assert_eq!(sandbox.found("caf\u{e9}"), ["caf\u{e9}"]);
    let wide = sandbox.nova(["search", "--json", "W", "--kind", "class", "tree"]).ok().json_lines();
    assert_eq!(wide[0]["character"], 6);
    let summary = sandbox.nova(["index", "tree"]).ok().text();
    assert!(summary.contains("1 file not in UTF-8"), "{summary}");
}

#[test]
fn a_file_of_two_gigabytes_is_skipped_with_its_reason() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A {}")]);
    File::create(sandbox.file("p/Huge.java")).unwrap().set_len(2 << 30).unwrap();
    let reason = skipped(&sandbox.index(), "p/Huge.java");
    assert!(reason.contains("--max-file-size"), "{reason}");
    let warned = sandbox.nova(["index", "tree"]).ok();
    assert!(warned.text().contains("1 file skipped"), "{}", warned.text());
    warned.says(&["warning: skipped tree/p/Huge.java"]);
    for command in [&["index"][..], &["search", "A"], &["export"]] {
        let strict = sandbox.nova(command.iter().chain(&["--strict", "tree"])).run().code(1);
        strict.says(&["--strict"]);
    }
    assert_eq!(sandbox.found("A"), ["A"]);
    let status = sandbox.nova(["status", "--json", "tree"]).ok().json();
    skipped(&status, "p/Huge.java");
    assert_eq!(status["files"], 1);
}

#[test]
fn the_bound_on_files_can_be_chosen() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A { /* longer */ }")]);
    sandbox.write("p/B.java", "class B {}");
    assert_eq!(sandbox.index_with(&["--max-file-size", "20"])["files"], 1);
    // What was too large by the old bound is not so by the new one.
    assert_eq!(sandbox.index()["files"], 2);
    assert_eq!(sandbox.index_with(&["--max-file-size", "20"])["files"], 1);
}

#[test]
fn a_file_that_cannot_be_read_is_skipped_and_found_when_it_can() {
    let sandbox = Sandbox::new(&[("p/A.java", "class A {}"), ("p/B.java", "class B {}")]);
    let set_mode = |mode| {
        fs::set_permissions(sandbox.file("p/A.java"), fs::Permissions::from_mode(mode)).unwrap();
    };
    set_mode(0o000);
    if File::open(sandbox.file("p/A.java")).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    let reason = skipped(&sandbox.index(), "p/A.java");
    assert!(reason.contains("cannot read"), "{reason}");
    assert_eq!(sandbox.found("B"), ["B"]);
    set_mode(0o644);
    sandbox.assert_like_clean();
}

#[test]
fn what_is_no_file_is_passed_over() {
    let sandbox = Sandbox::new(&[("p/A.java", "class A {}")]);
    sandbox.program("mkfifo", ["tree/p/Pipe.java"]).ok();
    let socket = std::os::unix::net::UnixListener::bind(sandbox.file("p/Socket.java")).unwrap();
    let report = sandbox.index();
    assert_eq!(report["files"], 1, "{report}");
    drop(socket);
}

#[test]
fn a_pipe_that_is_called_like_an_archive_is_told_at_once() {
    let sandbox = Sandbox::new(&[]);
    sandbox.program("mkfifo", ["src.zip"]).ok();
    let told = sandbox.nova(["index", "src.zip"]).run().code(1);
    told.says(&["src.zip", "neither a folder nor a source archive"]);
}

#[test]
fn hostile_text_harms_no_other_file() {
    let sandbox = Sandbox::new(&[("p/Good.java", "package p; class Good {}")]);
    let deep = 100_000;
    for (number, text) in [
        "class A { int x = ".to_owned() + &"(".repeat(deep),
        "class A{".repeat(deep),
        "class A { void m() {".to_owned() + &"{".repeat(deep) + "class B {",
        "class A extends ".to_owned() + &"B<".repeat(deep),
        "@A(".repeat(deep),
        "class A { Object o = ".to_owned() + &"new Object() { Object o = ".repeat(deep / 10),
        "/*".repeat(deep),
        "\"".repeat(deep),
        "\\u007b".repeat(deep),
        "class A { int a".to_owned() + &",a".repeat(deep) + "; }",
        format!("class {} {{}}", "A".repeat(deep)),
        "package ".to_owned() + &"p.".repeat(deep) + "q; class A {}",
        "x -> ".repeat(deep),
        "\0".repeat(deep),
    ]
    .iter()
    .enumerate()
    {
        sandbox.write(format!("p/Bad{number}.java"), text);
    }
    let report = sandbox.nova(["index", "--json", "tree"]).ok().json();
    assert_eq!(sandbox.found("Good"), ["Good"], "{report}");
    let known =
        report["files"].as_u64().unwrap() + report["skipped"].as_array().unwrap().len() as u64;
    assert_eq!(known, 15, "{report}");
    sandbox.assert_like_clean();
}

#[test]
fn a_tree_that_changes_under_a_run_is_right_once_it_is_quiet() {
    let sandbox = Sandbox::new(&[]);
    let text =
        |i: usize| format!("package p;\nclass C{i} {{\n{}}}\n", "    int a;\n".repeat(i % 500));
    for file in 0..200 {
        sandbox.write(format!("p/F{file}.java"), text(file));
    }
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in (0..).take_while(|_| !is_done.load(Ordering::Relaxed)) {
                let path = format!("p/F{}.java", i % 200);
                match i % 7 {
                    0 => drop(fs::remove_file(sandbox.file(path))),
                    1 => drop(fs::rename(
                        sandbox.file(path),
                        sandbox.file(format!("p/R{}.java", i % 50)),
                    )),
                    2 => drop(
                        File::options().write(true).open(sandbox.file(path)).map(|f| f.set_len(9)),
                    ),
                    _ => sandbox.write(path, text(i)),
                }
            }
        });
        for _ in 0..5 {
            let run = sandbox.nova(["export", "tree"]).run();
            assert_eq!(run.code, Some(0), "{}", run.stderr);
        }
        is_done.store(true, Ordering::Relaxed);
    });
    sandbox.assert_like_clean();
}
