//! Which cache serves which ROOTs.

use serde_json::Value;

use crate::sandbox::Sandbox;

fn two_modules() -> Sandbox {
    Sandbox::new(&[
        ("one/src/p/A.java", "package p; class A {}"),
        ("two/src/p/B.java", "package p; class B {}"),
        ("two/src/p/q/C.java", "package p.q; class C {}"),
    ])
}

fn index(sandbox: &Sandbox, roots: &[&str]) -> Value {
    sandbox.nova_at_home(["index", "--json"].iter().chain(roots)).ok().json()
}

fn export(sandbox: &Sandbox, roots: &[&str]) -> Vec<String> {
    let export = sandbox.nova_at_home(["export"].iter().chain(roots)).ok();
    let mut names = export.names();
    names.sort();
    names
}

fn cached(sandbox: &Sandbox) -> usize {
    sandbox.nova_at_home(["cache", "list", "--json"]).ok().json_lines().len()
}

fn a_subfolder_uses_the_index_of_the_whole(sandbox: &Sandbox) {
    assert_eq!(index(sandbox, &["tree"])["rescanned_files"], 3);
    for folder in ["tree/two", "tree/two/src", "tree/two/src/p"] {
        let report = index(sandbox, &[folder]);
        assert_eq!(
            (&report["rescanned_files"], &report["files"]),
            (&0.into(), &2.into()),
            "{folder}"
        );
        assert_eq!(report["workers"], 0, "{folder}");
    }
    assert_eq!(export(sandbox, &["tree/two"]), ["B", "C", "p", "p.q"]);
    assert_eq!(export(sandbox, &["tree/two/src/p/q"]), ["C", "p.q"]);
    let search = sandbox.nova_at_home(["search", "--json", "A", "tree/two"]).ok();
    assert_eq!(search.text(), "");
    assert_eq!(cached(sandbox), 1);
    // What was kept is still true of the whole.
    assert_eq!(index(sandbox, &["tree"])["rescanned_files"], 0);
}

#[test]
fn a_subfolder_of_an_indexed_checkout_uses_its_index() {
    let sandbox = two_modules();
    std::fs::create_dir(sandbox.file(".git")).unwrap();
    a_subfolder_uses_the_index_of_the_whole(&sandbox);
}

#[test]
fn a_subfolder_of_an_indexed_folder_uses_its_index() {
    a_subfolder_uses_the_index_of_the_whole(&two_modules());
}

#[test]
fn a_checkout_has_one_index_wherever_one_begins() {
    let sandbox = two_modules();
    std::fs::create_dir(sandbox.file(".git")).unwrap();
    assert_eq!(index(&sandbox, &["tree/one"])["rescanned_files"], 1);
    assert_eq!(index(&sandbox, &["tree/two"])["rescanned_files"], 2);
    assert_eq!(index(&sandbox, &["tree"])["rescanned_files"], 0);
    assert_eq!(cached(&sandbox), 1);
}

#[test]
fn other_roots_add_to_a_workspace_and_take_nothing_away() {
    let sandbox = two_modules();
    let files = |roots: &[&str]| {
        let report = sandbox.nova(["index", "--json"].iter().chain(roots)).ok().json();
        (report["files"].as_u64().unwrap(), report["rescanned_files"].as_u64().unwrap())
    };
    assert_eq!(files(&["tree/one"]), (1, 1));
    assert_eq!(files(&["tree/two"]), (2, 2));
    assert_eq!(files(&["tree/one"]), (1, 0));
    assert_eq!(files(&["tree/two", "tree/one"]), (3, 0));
}

#[test]
fn what_changed_outside_of_the_roots_given_is_found_when_its_turn_comes() {
    let sandbox = two_modules();
    sandbox.index();
    sandbox.write("one/src/p/A.java", "package p; class Changed {}");
    sandbox.write("two/src/p/B.java", "package p; class Other {}");
    assert_eq!(sandbox.nova(["index", "--json", "tree/two"]).ok().json()["rescanned_files"], 1);
    sandbox.assert_like_clean();
}

#[test]
fn a_workspace_that_was_moved_takes_a_named_cache_along() {
    let sandbox = two_modules();
    sandbox.index();
    std::fs::rename(sandbox.path("tree"), sandbox.path("moved")).unwrap();
    let report = sandbox.nova(["index", "--json", "moved"]).ok().json();
    assert_eq!(report["rescanned_files"], 0);
    let export = sandbox.nova(["export", "moved"]).ok();
    assert_eq!(export.names().len(), 5);
    std::fs::create_dir(sandbox.path("tree")).unwrap();
}

#[test]
fn a_named_cache_serves_an_unrelated_tree_rightly() {
    let sandbox = Sandbox::new(&[("one/p/A.java", "package p; class A {}")]);
    sandbox.write("two/p/A.java", "package p; class Other {}");
    let names = |root: &str| sandbox.nova(["export", root]).ok().names();
    for _ in 0..2 {
        assert_eq!(names("tree/one"), ["A", "p"]);
        assert_eq!(names("tree/two"), ["Other", "p"]);
    }
}

#[test]
fn the_platforms_variable_moves_the_cache() {
    let sandbox = two_modules();
    let elsewhere = sandbox.path("elsewhere");
    let run = sandbox.nova_at_home(["index", "tree"]);
    run.env("XDG_CACHE_HOME", &elsewhere).ok();
    if cfg!(target_os = "linux") {
        assert!(elsewhere.is_dir());
        assert_eq!(cached(&sandbox), 0);
    }
}
