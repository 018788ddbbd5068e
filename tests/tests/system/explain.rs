//! `nova explain PATH`: why a file or folder is in the index, or why it is not.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::archives::write_zip;
use crate::sandbox::Sandbox;

/// What is said of a path below the sandbox, with further arguments.
#[track_caller]
fn explain(sandbox: &Sandbox, path: &str, args: &[&str]) -> Value {
    let first = ["explain", "--json", path];
    sandbox.nova(first.iter().chain(args)).ok().says_nothing().json()
}

/// Asserts some fields of what is said of a path when `tree` is the ROOT.
#[track_caller]
fn check(sandbox: &Sandbox, path: &str, expected: &Value) {
    let explained = explain(sandbox, path, &["tree"]);
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&explained[field], value, "{field} of {explained}");
    }
}

fn sources() -> Sandbox {
    Sandbox::new(&[
        ("src/p/A.java", "package p; class A { int a; class Inner {} } interface B {}"),
        ("src/p/q/C.java", "package p.q; enum C {}"),
        ("readme.md", ""),
    ])
}

#[test]
fn an_indexed_file_is_told_with_what_is_known_of_it() {
    let sandbox = sources();
    let expected = json!({
        "path": "src/p/A.java", "verdict": "indexed", "package": "p", "types": ["A", "B"],
        "symbols": 4, "source_bytes": 59, "source_root": "src", "shard": 0, "latin1": false,
        "via_tree": false, "doubtful": false,
    });
    assert_eq!(explain(&sandbox, "tree/src/p/A.java", &["tree"]), expected);
    let text = sandbox.nova(["explain", "tree/src/p/A.java", "tree"]).ok().says_nothing().text();
    for line in ["path         tree/src/p/A.java", "verdict      indexed", "types        A, B"] {
        assert!(text.lines().any(|it| it == line), "{line:?} in {text}");
    }
    sandbox.write("src/p/Latin.java", b"class Latin { int caf\xe9; }");
    check(&sandbox, "tree/src/p/Latin.java", &json!({ "verdict": "indexed", "latin1": true }));
}

#[test]
fn a_folder_is_told_with_what_is_below_it() {
    let sandbox = sources();
    fs::create_dir(sandbox.file("empty")).unwrap();
    let check = |path: &str, files: u64, symbols: u64| {
        let expected = json!({ "verdict": "folder", "files": files, "symbols": symbols });
        check(&sandbox, path, &expected);
    };
    check("tree", 2, 5);
    check("tree/src/p", 2, 5);
    check("tree/src/p/q", 1, 1);
    check("tree/empty", 0, 0);
    assert_eq!(explain(&sandbox, "tree", &["tree"])["path"], ".");
}

#[test]
fn a_folder_of_which_nothing_is_indexed_is_explained_by_one_of_its_files() {
    let sandbox = sources();
    sandbox.write("gen/.gitignore", "*.java\n");
    sandbox.write("gen/p/G.java", "package p; class G {}");
    let folder = explain(&sandbox, "tree/gen", &["tree"]);
    assert_eq!((&folder["verdict"], &folder["files"]), (&"folder".into(), &0.into()));
    assert_eq!(folder["example"]["path"], "gen/p/G.java");
    assert_eq!(folder["example"]["verdict"], "ignored");
    let text = sandbox.nova(["explain", "tree/gen", "tree"]).ok().text();
    assert!(text.contains("tree/gen/.gitignore:1 says *.java"), "{text}");
    assert!(text.contains("--no-ignore"), "{text}");
}

#[test]
fn an_ignored_file_is_told_by_rule_file_and_line() {
    let sandbox = sources();
    sandbox.write(".gitignore", "# what is built\n*.tmp.java\nout/\n");
    sandbox.write("a/.ignore", "\n!*.tmp.java\nLocal.java\n");
    for path in ["out/p/O.java", "a/b/Local.java", "a/b/X.tmp.java", "b/X.tmp.java"] {
        sandbox.write(path, "class X {}");
    }
    let ignored = |path: &str, because_of: &str, rule: &str, file: &str, line: u32| {
        let expected = json!({
            "path": path, "verdict": "ignored", "because_of": because_of, "rule": rule,
            "rule_file": file, "rule_line": line,
        });
        assert_eq!(explain(&sandbox, &format!("tree/{path}"), &["tree"]), expected);
    };
    ignored("out/p/O.java", "out", "out/", ".gitignore", 3);
    ignored("out", "out", "out/", ".gitignore", 3);
    ignored("a/b/Local.java", "a/b/Local.java", "Local.java", "a/.ignore", 3);
    ignored("b/X.tmp.java", "b/X.tmp.java", "*.tmp.java", ".gitignore", 2);
    check(&sandbox, "tree/a/b/X.tmp.java", &json!({ "verdict": "indexed" }));
    // The files of folders around the ROOT count too.
    let explained = explain(&sandbox, "tree/b/X.tmp.java", &["tree/b"]);
    assert_eq!(explained["rule_file"], sandbox.file(".gitignore").to_str().unwrap());
    let all = explain(&sandbox, "tree/out/p/O.java", &["tree", "--no-ignore"]);
    assert_eq!(all["verdict"], "indexed");
    let included = ["tree", "--include-ignored", "out"];
    let all = explain(&sandbox, "tree/out/p/O.java", &included);
    assert_eq!(all["verdict"], "indexed");
    let still = explain(&sandbox, "tree/b/X.tmp.java", &included);
    assert_eq!(still["verdict"], "ignored");
    let text = sandbox.nova(["explain", "tree/out/p/O.java", "tree"]).ok().text();
    assert!(text.contains("ignored, as tree/out is: tree/.gitignore:3 says out/"), "{text}");
}

#[test]
fn a_folder_that_is_a_root_itself_is_not_left_out() {
    let sandbox = sources();
    sandbox.write(".gitignore", "out/\n");
    sandbox.write("out/p/O.java", "package p; class O {}");
    let explained = explain(&sandbox, "tree/out/p/O.java", &["tree", "tree/out"]);
    assert_eq!(explained["verdict"], "indexed");
}

#[test]
fn a_hidden_file_is_told_by_the_name_that_hides_it() {
    let sandbox = sources();
    sandbox.write(".build/p/H.java", "class H {}");
    let expected = json!({ "verdict": "hidden", "because_of": ".build" });
    check(&sandbox, "tree/.build/p/H.java", &expected);
    check(&sandbox, "tree/.build", &expected);
    let all = explain(&sandbox, "tree/.build/p/H.java", &["tree", "--no-ignore"]);
    assert_eq!(all["verdict"], "indexed");
}

#[test]
fn a_skipped_file_is_told_with_its_reason() {
    let sandbox = sources();
    let args = ["tree", "--max-file-size", "50"];
    let explained = explain(&sandbox, "tree/src/p/A.java", &args);
    assert_eq!(explained["verdict"], "skipped");
    assert!(explained["reason"].as_str().unwrap().contains("--max-file-size"), "{explained}");
    let folder = explain(&sandbox, "tree/src", &args);
    assert_eq!(
        (&folder["files"], &folder["skipped"][0]["path"]),
        (&1.into(), &"src/p/A.java".into())
    );
    let strict = ["explain", "tree/src/p/A.java", "--strict"];
    sandbox.nova(strict.iter().chain(&args)).run().code(1).says(&["--strict"]);
}

#[test]
fn what_is_outside_of_the_roots_or_missing_is_told_apart() {
    let sandbox = sources();
    fs::create_dir(sandbox.path("other")).unwrap();
    fs::write(sandbox.path("other/O.java"), "class O {}").unwrap();
    let roots = [sandbox.file("").to_str().unwrap().trim_end_matches('/').to_owned()];
    check(&sandbox, "other/O.java", &json!({ "verdict": "outside", "roots": roots }));
    check(&sandbox, "other", &json!({ "verdict": "outside" }));
    let elsewhere = json!({ "verdict": "missing", "elsewhere": ["src/p/A.java"] });
    check(&sandbox, "tree/p/A.java", &elsewhere);
    check(&sandbox, "nowhere/A.java", &elsewhere);
    check(&sandbox, "tree/p/Other.java", &json!({ "verdict": "missing", "elsewhere": [] }));
}

#[test]
fn what_is_no_java_file_is_told_by_what_it_is() {
    let sandbox = sources();
    symlink("src/p/A.java", sandbox.file("Link.java")).unwrap();
    symlink("nothing", sandbox.file("Broken.java")).unwrap();
    fs::create_dir(sandbox.path("other")).unwrap();
    symlink("../other", sandbox.file("away")).unwrap();
    sandbox.program("mkfifo", ["tree/Pipe.java"]).ok();
    check(&sandbox, "tree/readme.md", &json!({ "verdict": "not-java" }));
    check(&sandbox, "tree/Pipe.java", &json!({ "verdict": "not-a-file" }));
    let link = json!({ "path": "Link.java", "verdict": "link", "target": "src/p/A.java" });
    check(&sandbox, "tree/Link.java", &link);
    check(&sandbox, "tree/Broken.java", &json!({ "verdict": "link", "target": null }));
    let away = json!({ "path": "away/A.java", "verdict": "link", "because_of": "away" });
    check(&sandbox, "tree/away/A.java", &away);
}

#[test]
fn a_file_in_an_archive_is_explained_if_the_archive_is_a_root() {
    let sandbox = sources();
    write_zip(&sandbox.file("lib/src.zip"), &[("m/p/Z.java", b"package p; class Z {}")]);
    let inside = "tree/lib/src.zip!/m/p/Z.java";
    let expected = json!({ "verdict": "archive-not-a-root", "because_of": "lib/src.zip" });
    check(&sandbox, inside, &expected);
    check(&sandbox, "tree/lib/src.zip", &expected);
    let verdict = |path: &str| explain(&sandbox, path, &["tree/lib/src.zip"])["verdict"].clone();
    assert_eq!(verdict(inside), "indexed");
    assert_eq!(verdict("tree/lib/src.zip"), "folder");
    assert_eq!(verdict("tree/lib/src.zip!/m"), "folder");
    assert_eq!(verdict("tree/lib/src.zip!/m/p/Y.java"), "missing");
    assert_eq!(verdict("tree/src/p/A.java"), "outside");
}

/// Three types that match, one of them in a test, and one file that is too large.
fn ranked() -> Sandbox {
    Sandbox::new(&[
        ("src/main/java/p/Apple.java", "package p; public class Apple { void peel() {} }"),
        ("src/main/java/p/ApplePie.java", "package p; class ApplePie { Apple apple; }"),
        ("src/test/java/p/AppleTest.java", "package p; public class AppleTest {}"),
        (
            "src/main/java/p/AppleJuice.java",
            &format!("class AppleJuice {{}} // {}", "x".repeat(4096)),
        ),
    ])
}

#[test]
fn the_matches_of_a_query_are_told_with_their_reasons() {
    let sandbox = ranked();
    let explained = sandbox.nova(["explain", "--json", "class:apple", "tree"]).ok().json();
    assert_eq!(explained["read_as"], "apple; class");
    assert_eq!(explained["total"], 4);
    assert_eq!(explained["unfiltered_total"], 5);
    let hits = explained["hits"].as_array().unwrap();
    let told: Vec<_> = hits
        .iter()
        .map(|hit| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let reasons = &hit["reasons"];
            [&hit["symbol"]["name"], &reasons["match"], &reasons["access"], &reasons["where"]]
                .map(text)
        })
        .collect();
    assert_eq!(
        told,
        [
            ["Apple", "exact", "public", "main"],
            ["AppleTest", "prefix", "public", "test"],
            ["ApplePie", "prefix", "package-private", "main"],
            ["AppleJuice", "prefix", "package-private", "main"],
        ]
    );
    let text = sandbox.nova(["explain", "apple", "tree"]).ok().text();
    assert!(text.contains("read as    apple\n"), "{text}");
    assert!(text.contains("public class"), "{text}");
}

#[test]
fn a_query_without_matches_is_told_with_what_may_be_the_reason() {
    let sandbox = ranked();
    let args = ["explain", "AppleJuice", "tree", "--max-file-size", "1K"];
    let told = sandbox.nova(args).ok();
    assert!(told.text().contains("matches    0\n"), "{}", told.text());
    assert!(told.text().contains("AppleJuice.java: larger than"), "{}", told.text());
    let told = sandbox.nova(["explain", "kind:recod apple", "tree"]).ok().text();
    assert!(told.contains("there is no kind") && told.contains("5 without the filters"), "{told}");
}
