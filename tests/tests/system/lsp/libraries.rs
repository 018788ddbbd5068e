//! The sources of libraries: which are found, and how what is in an archive is opened and asked about.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::editor::{Editor, abilities, uri};
use super::{SHAPES, at, place, places, shapes};
use crate::processes::SOON;
use crate::run::wait_for;
use crate::sandbox::Sandbox;

const LIST: &str =
    "package java.util;\n\n/** A list. */\npublic interface List<E> {\n    void add(E e);\n}\n";

const HASH_MAP: &str = "package java.util;

/** A map. */
public class HashMap<K> extends AbstractMap<K> {
    int size;

    int count() {
        int local = size;
        return local;
    }
}
";

/// An archive with these files.
pub(super) fn zip(path: &Path, files: &[(&str, &str)]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut zip = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, text) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
}

/// A library as Maven keeps it, with one class.
fn in_maven(sandbox: &Sandbox, artifact: &str, version: &str, class: &str) {
    let folder = format!("home/.m2/repository/org/acme/{artifact}/{version}");
    let archive = sandbox.path(&format!("{folder}/{artifact}-{version}-sources.jar"));
    let text = format!("package org.acme; public class {class} {{}}");
    zip(&archive, &[(&format!("org/acme/{class}.java"), &text)]);
}

fn with_sources(sources: &[&str]) -> Value {
    json!({ "jdkSources": "off", "librarySources": sources })
}

fn asking_for_texts() -> Value {
    let mut abilities = abilities();
    abilities["workspace"] = json!({ "textDocumentContent": {} });
    abilities
}

/// Waits until that is found.
#[track_caller]
fn wait_until_found(editor: &mut Editor, query: &str, expected: &[&str]) {
    let mut found = Vec::new();
    wait_for(&format!("{expected:?}"), SOON, || {
        found = editor.found(query);
        (found == expected).then_some(())
    });
}

#[test]
fn what_the_jdk_declares_is_found_after_what_the_workspace_does_and_can_be_opened() {
    let sandbox = shapes();
    sandbox.write("src/own/List.java", "package own; class List {}");
    // The test's `JAVA_HOME`.
    zip(
        &sandbox.path("jdk/lib/src.zip"),
        &[
            ("java.base/java/util/List.java", LIST),
            ("java.base/java/lang/Object.java", "package java.lang; public class Object {}"),
        ],
    );
    let mut editor = Editor::greet_with(&sandbox, abilities(), json!({}));
    wait_until_found(&mut editor, "List", &["List own", "List java.util"]);
    let file = sandbox.file("src/shapes/Shape.java");
    let text = SHAPES.replace("int sides;", "List<Shape> all;");
    editor.open_document(&file, &text);
    let place = at(&file, &place(&text, "List<Shape>"));
    let found = editor.ask("textDocument/definition", place.clone());
    assert_eq!(places(&found), ["List.java 3"]);
    let copy = found[0]["uri"].as_str().unwrap().strip_prefix("file://").unwrap();
    assert_eq!(fs::read_to_string(copy).unwrap(), LIST);
    assert!(fs::metadata(copy).unwrap().permissions().readonly());
    let hover = editor.ask("textDocument/hover", place);
    let hover = hover["contents"]["value"].as_str().unwrap();
    assert!(hover.contains("A list.") && hover.contains("in `java.util`"), "{hover}");
    assert!(editor.shut_down().success());
}

#[test]
fn what_build_tools_have_fetched_is_found_each_artifact_once_and_what_is_broken_costs_itself() {
    let sandbox = shapes();
    sandbox.write("src/own/Target.java", "package own; class Target {}");
    in_maven(&sandbox, "target", "1.9", "Target");
    in_maven(&sandbox, "target", "1.10", "Target");
    in_maven(&sandbox, "other", "1.0", "Target2");
    let gradle = |path: &str| sandbox.path(&format!("gradle/caches/modules-2/files-2.1/{path}"));
    zip(
        &gradle("org.gradle/third/2.0/0a1b/third-2.0-sources.jar"),
        &[("g/Target3.java", "package g; class Target3 {}"), ("g/Target3.kt", "class Target9")],
    );
    fs::write(gradle("org.gradle/third/broken-1.0-sources.jar"), "half of it").unwrap();
    zip(&sandbox.path("vendor/x.jar"), &[("v/Target4.java", "package v; class Target4 {}")]);
    let vendor = sandbox.path("vendor/x.jar");
    let sources = ["maven", "gradle", vendor.to_str().unwrap(), "/nowhere/at/all"];
    let mut editor = Editor::greet_with(&sandbox, abilities(), with_sources(&sources));
    let all = ["Target own", "Target org.acme", "Target2 org.acme", "Target3 g", "Target4 v"];
    wait_until_found(&mut editor, "Target", &all);
    let found = editor.ask("workspace/symbol", json!({ "query": "Target" }));
    let newest = found[1]["location"]["uri"].as_str().unwrap();
    assert!(newest.contains("/target-1.10-sources.jar/"), "{newest}");
    for amiss in ["/nowhere/at/all", "broken-1.0-sources.jar"] {
        let is_told = |it: &Value| {
            it["method"] == "window/showMessage"
                && it["params"]["message"].as_str().unwrap().contains(amiss)
        };
        while !editor.heard.iter().any(is_told) {
            editor.hear();
        }
    }
    let explained = json!({ "command": "nova.explain", "arguments": [newest] });
    let explained = editor.ask("workspace/executeCommand", explained);
    assert!(explained.as_str().unwrap().contains("indexed"), "{explained}");
}

#[test]
fn what_a_library_declares_is_inherited_here() {
    let sandbox = Sandbox::new(&[
        ("src/own/Base.java", "package own; public class Base extends org.acme.Thing<Integer> {}"),
        ("src/own/Other.java", "package own; class Other { void act(int a) {} }"),
    ]);
    let user = "package own; class User extends Base { int f() { act(1); return hashCode(); } }";
    sandbox.write("src/own/User.java", user);
    zip(
        &sandbox.path("lib/thing-sources.jar"),
        &[
            (
                "org/acme/Thing.java",
                "package org.acme; public class Thing<T> extends Root { public void act() {} }",
            ),
            ("org/acme/Root.java", "package org.acme;\nclass Root { public void act(int a) {} }"),
            (
                "java/lang/Object.java",
                "package java.lang; class Object { public int hashCode() {} }",
            ),
        ],
    );
    let library = sandbox.path("lib");
    let settings = with_sources(&[library.to_str().unwrap()]);
    let mut editor = Editor::greet_with(&sandbox, abilities(), settings);
    wait_until_found(&mut editor, "Thing", &["Thing org.acme"]);
    let file = sandbox.file("src/own/User.java");
    for (name, expected) in [("act", "Root.java 1"), ("hashCode", "Object.java 0")] {
        let found = editor.ask("textDocument/definition", at(&file, &place(user, name)));
        assert_eq!(places(&found), [expected]);
    }
}

#[test]
fn a_library_that_is_fetched_is_found_when_everything_is_looked_at() {
    let sandbox = shapes();
    in_maven(&sandbox, "target", "1.0", "Target");
    let mut editor = Editor::greet_with(&sandbox, abilities(), with_sources(&["maven"]));
    wait_until_found(&mut editor, "Target", &["Target org.acme"]);
    in_maven(&sandbox, "other", "1.0", "Target2");
    editor.ask("workspace/executeCommand", json!({ "command": "nova.reindex" }));
    assert_eq!(editor.found("Target"), ["Target org.acme", "Target2 org.acme"]);
    fs::remove_dir_all(sandbox.path("home/.m2/repository/org/acme/target")).unwrap();
    assert_eq!(editor.found("Target"), ["Target2 org.acme"]);
}

#[test]
fn several_servers_use_one_cache_of_libraries_each_those_that_it_wants() {
    let sandbox = shapes();
    for number in 0..20 {
        in_maven(&sandbox, &format!("lib{number}"), "1.0", &format!("Target{number}"));
    }
    let only = sandbox.path("home/.m2/repository/org/acme/lib7");
    let settings = [with_sources(&["maven"]), with_sources(&[only.to_str().unwrap()])];
    let start = |it: &Value| Editor::greet_with(&sandbox, abilities(), it.clone());
    for _ in 0..3 {
        let mut editors = [start(&settings[0]), start(&settings[1]), start(&settings[0])];
        wait_until_found(&mut editors[1], "Target", &["Target7 org.acme"]);
        for editor in [0, 2] {
            let all = |editor: &mut Editor| (editor.found("Target").len() == 20).then_some(());
            wait_for("all libraries", SOON, || all(&mut editors[editor]));
        }
        assert_eq!(editors[1].found("Target"), ["Target7 org.acme"]);
    }
    assert!(sandbox.path("java-libraries/layout.json").exists());
}

#[test]
fn inside_a_library_everything_is_asked_as_in_any_file() {
    let sandbox = Sandbox::new(&[
        ("src/own/AbstractMap.java", "package own; class AbstractMap { int size; }"),
        ("src/own/User.java", "package own; class User { java.util.HashMap map; }"),
    ]);
    zip(
        &sandbox.path("jdk/lib/src.zip"),
        &[
            ("java.base/java/util/HashMap.java", HASH_MAP),
            ("java.base/java/util/AbstractMap.java", "package java.util; class AbstractMap<K> {}"),
            ("java.base/sun/AbstractMap.java", "package sun; class AbstractMap { int size; }"),
        ],
    );
    for (abilities, scheme) in [(abilities(), "file://"), (asking_for_texts(), "nova-archive://")] {
        let mut editor = Editor::greet_with(&sandbox, abilities, json!({}));
        wait_until_found(&mut editor, "HashMap", &["HashMap java.util"]);
        let user = sandbox.file("src/own/User.java");
        let name = json!({ "line": 0, "character": 42 });
        let found = editor.ask("textDocument/definition", at(&user, &name));
        assert_eq!(places(&found), ["HashMap.java 3"]);
        let document = found[0]["uri"].as_str().unwrap().to_owned();
        assert!(document.starts_with(scheme), "{document}");
        assert!(document.ends_with("/java.base/java/util/HashMap.java"), "{document}");
        let document = json!({ "uri": document });
        let text = match document["uri"].as_str().unwrap().strip_prefix("file://") {
            Some(copy) => fs::read_to_string(copy).unwrap(),
            None => {
                let content = editor.ask("workspace/textDocumentContent", document.clone());
                content["text"].as_str().unwrap().to_owned()
            }
        };
        assert_eq!(text, HASH_MAP);
        let opened = json!({
            "uri": document["uri"], "languageId": "java", "version": 1, "text": text,
        });
        editor.tell("textDocument/didOpen", json!({ "textDocument": opened }));
        // It is no file of the workspace, whoever reads it.
        assert_eq!(editor.found("HashMap"), ["HashMap java.util"]);
        let here =
            |needle: &str| json!({ "textDocument": document, "position": place(&text, needle) });
        for (needle, expected) in [
            ("AbstractMap<K> {", "java/util/AbstractMap.java"),
            ("size;\n        return", "java/util/HashMap.java"),
            ("local;\n", "java/util/HashMap.java"),
            ("HashMap<K>", "java/util/HashMap.java"),
        ] {
            let found = editor.ask("textDocument/definition", here(needle));
            let [found] = &found.as_array().unwrap()[..] else { panic!("{needle}: {found}") };
            let leads_to = found["uri"].as_str().unwrap();
            assert!(leads_to.starts_with(scheme) && leads_to.ends_with(expected), "{leads_to}");
        }
        let hover = editor.ask("textDocument/hover", here("HashMap<K>"));
        assert!(hover["contents"]["value"].as_str().unwrap().contains("A map."), "{hover}");
        let highlights = editor.ask("textDocument/documentHighlight", here("local;\n"));
        assert_eq!(highlights.as_array().unwrap().len(), 2);
        let whole = json!({ "textDocument": document });
        let outline = editor.ask("textDocument/documentSymbol", whole.clone());
        assert_eq!(outline[0]["children"][1]["name"], "count");
        assert_ne!(editor.ask("textDocument/foldingRange", whole.clone()), json!([]));
        editor.tell("textDocument/didClose", whole);
        assert!(editor.shut_down().success());
    }
}

#[test]
fn only_what_is_in_archives_is_given_as_text() {
    let sandbox = shapes();
    let mut editor = Editor::greet_with(&sandbox, asking_for_texts(), with_sources(&[]));
    editor.settle();
    let text = |uri: String| json!({ "uri": uri });
    let method = "workspace/textDocumentContent";
    for (uri, code) in [
        ("http://a/b".to_owned(), -32602),
        ("nova-archive:///etc/passwd".to_owned(), -32602),
        ("nova-archive:///no.zip!/../../etc/passwd".to_owned(), -32803),
        (uri(&sandbox.file("src/shapes/Shape.java")), -32803),
    ] {
        assert_eq!(editor.refused(method, text(uri.clone())), code, "{uri}");
    }
}
