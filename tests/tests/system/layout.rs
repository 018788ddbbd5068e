//! Which files belong to which source root, and which ids the shards have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;

use crate::sandbox::{Sandbox, large_class};

fn paths(sandbox: &Sandbox, options: &[&str]) -> BTreeSet<String> {
    let export = sandbox.nova(["export", "tree"].iter().chain(options)).ok();
    export.strings("path").into_iter().collect()
}

fn set<const N: usize>(items: [&str; N]) -> BTreeSet<String> {
    items.map(str::to_owned).into()
}

#[test]
fn ignore_files_and_hidden_folders_are_heeded() {
    let sandbox = Sandbox::new(&[
        (".gitignore", "out/\n*.gen.java\n"),
        (".ignore", "private/\n"),
        ("src/.gitignore", "!Kept.gen.java\n"),
        ("src/A.java", "class A {}"),
        ("src/B.gen.java", "class B {}"),
        ("src/Kept.gen.java", "class Kept {}"),
        ("src/private/C.java", "class C {}"),
        ("out/D.java", "class D {}"),
        ("build/E.java", "class E {}"),
        (".hidden/F.java", "class F {}"),
    ]);
    let heeded = set(["build/E.java", "src/A.java", "src/Kept.gen.java"]);
    assert_eq!(paths(&sandbox, &[]), heeded);
    assert_eq!(paths(&sandbox, &["--no-ignore"]).len(), 7);
    // One follows the other in one cache.
    assert_eq!(paths(&sandbox, &[]), heeded);
    fs::write(sandbox.file(".gitignore"), "src/\n").unwrap();
    assert_eq!(paths(&sandbox, &[]), set(["build/E.java", "out/D.java"]));
}

#[test]
fn every_file_counts_once_whatever_its_package_clause_says() {
    let sandbox = Sandbox::new(&[
        ("src/p/Right.java", "package p; class Right {}"),
        ("src/p/Wrong.java", "package somewhere.else_; class Wrong {}"),
        ("src/Default.java", "class Default {}"),
        ("lone/Wrong2.java", "package q.r; class Wrong2 {}"),
        ("src/nested/java/p/Nested.java", "package p; class Nested {}"),
        ("Top.java", "class Top {}"),
        ("empty/Empty.java", ""),
    ]);
    let export = sandbox.nova(["export", "tree"]).ok();
    let mut names = export.names();
    names.sort();
    let types = ["Default", "Nested", "Right", "Top", "Wrong", "Wrong2"];
    assert_eq!(names[..6], types);
    assert_eq!(names[6..], ["p", "q.r", "somewhere.else_"]);
    let report = sandbox.index();
    assert_eq!((&report["files"], &report["rescanned_files"]), (&7.into(), &0.into()));
}

#[test]
fn a_package_in_two_source_roots_is_one_package() {
    let sandbox = Sandbox::new(&[
        ("one/p/A.java", "package p; class A {}"),
        ("two/p/A.java", "package p; class A {}"),
    ]);
    let status = |sandbox: &Sandbox| roots(sandbox).into_keys().collect::<Vec<_>>();
    sandbox.index();
    assert_eq!(status(&sandbox), ["one", "two"]);
    let mut names = sandbox.nova(["export", "tree"]).ok().names();
    names.sort();
    assert_eq!(names, ["A", "A", "p"]);
    fs::remove_dir_all(sandbox.file("one")).unwrap();
    let export = sandbox.nova(["export", "tree"]).ok();
    assert_eq!(export.strings("path"), ["two/p/A.java"; 2]);
}

#[test]
fn nested_roots_own_each_file_once() {
    let sandbox = Sandbox::new(&[
        ("one/p/A.java", "package p; class A {}"),
        ("one/inner/p/B.java", "package p; class B {}"),
        ("C.java", "class C {}"),
    ]);
    for roots in [["tree", "tree/one"], ["tree/one", "tree"], ["tree/one/inner", "tree"]] {
        let report = sandbox.nova(["index", "--json"].iter().chain(&roots)).ok().json();
        assert_eq!(report["files"], 3, "{roots:?}");
    }
    sandbox.assert_like_clean();
}

#[test]
fn links_are_not_followed_and_loops_not_entered() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A {}")]);
    symlink(sandbox.path("tree"), sandbox.file("p/loop")).unwrap();
    symlink("loop2", sandbox.file("loop2")).unwrap();
    symlink("p/A.java", sandbox.file("Link.java")).unwrap();
    symlink("nowhere", sandbox.file("Dangling.java")).unwrap();
    fs::create_dir(sandbox.file("Folder.java")).unwrap();
    let report = sandbox.index();
    assert_eq!((&report["files"], &report["skipped"]), (&1.into(), &serde_json::json!([])));
}

/// The shards of each source root.
fn roots(sandbox: &Sandbox) -> BTreeMap<String, Vec<u64>> {
    let status = sandbox.nova(["status", "--json", "tree"]).ok().json();
    let roots = status["roots"].as_array().unwrap().iter().map(|root| {
        let shards = root["shards"].as_array().unwrap().iter();
        let name = root["root"].as_str().unwrap().to_owned();
        (name, shards.map(|shard| shard.as_u64().unwrap()).collect())
    });
    roots.collect()
}

/// Each source root is sliced into shards of its own.
const SMALL: &[&str] = &["--max-shard-size", "1K"];

fn add_root(sandbox: &Sandbox, name: &str) {
    for package in ["p", "q", "r"] {
        let text = large_class(package, "A", 10);
        sandbox.write(format!("{name}/{package}/A.java"), text);
    }
}

#[test]
fn a_large_root_is_split_and_is_whole_all_the_same() {
    let sandbox = Sandbox::new(&[]);
    add_root(&sandbox, "one");
    let whole = sandbox.clean();
    let report = sandbox.index_with(SMALL);
    assert!(report["shards"].as_u64() > Some(1), "{report}");
    assert_eq!(report["digest"], whole.1);
    assert_eq!(sandbox.symbols(), whole.0);
    // The bound is for roots that are new.
    assert_eq!(sandbox.index()["shards"], report["shards"]);
}

#[test]
fn ids_stay_when_roots_come_and_go_and_change_places() {
    let sandbox = Sandbox::new(&[]);
    add_root(&sandbox, "m");
    add_root(&sandbox, "n");
    sandbox.index_with(SMALL);
    let first = roots(&sandbox);
    assert!(first["m"].len() > 1 && first["n"].len() > 1, "{first:?}");
    let keeps_ids = |sandbox: &Sandbox| {
        sandbox.index_with(SMALL);
        let now = roots(sandbox);
        for (name, shards) in &now {
            if let Some(before) = first.get(name) {
                assert_eq!(shards, before, "{name}");
            } else {
                let taken = first.values().flatten().any(|shard| shards.contains(shard));
                assert!(!taken, "{name}: {shards:?} of {first:?}");
            }
        }
        now
    };
    add_root(&sandbox, "a");
    add_root(&sandbox, "z");
    assert_eq!(keeps_ids(&sandbox).len(), 4);
    fs::remove_dir_all(sandbox.file("m")).unwrap();
    keeps_ids(&sandbox);
    add_root(&sandbox, "b");
    keeps_ids(&sandbox);
    let order = ["index", "--json", "tree/z", "tree/n", "tree/a", "--max-shard-size", "1K"];
    assert_eq!(sandbox.nova(order).ok().json()["rescanned_files"], 0);
    add_root(&sandbox, "m");
    keeps_ids(&sandbox);
    sandbox.assert_like_clean();
}

#[test]
fn a_rebuild_never_reuses_an_id() {
    let sandbox = Sandbox::new(&[]);
    add_root(&sandbox, "m");
    let mut used = BTreeSet::new();
    for options in [&["--rebuild"][..], &["--rebuild", "--max-shard-size", "1K"], &["--rebuild"]] {
        let report = sandbox.index_with(options);
        assert_eq!(report["rescanned_files"], 3);
        for id in roots(&sandbox).into_values().flatten() {
            assert!(used.insert(id), "{id} again after {options:?}");
        }
        let files = fs::read_dir(sandbox.cache()).unwrap().flatten();
        let shards = files.filter(|f| f.file_name().to_string_lossy().starts_with("shard_"));
        assert_eq!(shards.count() as u64, report["shards"].as_u64().unwrap());
        sandbox.assert_like_clean();
    }
}
