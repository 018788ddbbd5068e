//! A second run: it does only what a change demands, and overlooks none.

use std::fs;

use crate::sandbox::{Sandbox, large_class};

fn tree() -> Sandbox {
    Sandbox::new(&[
        ("p/A.java", "package p; class Before {}"),
        ("p/B.java", "package p; class B {}"),
        ("q/C.java", "package q; class C {}"),
    ])
}

#[test]
fn nothing_is_scanned_and_no_worker_starts_when_nothing_changed() {
    let sandbox = tree();
    let cold = sandbox.index();
    assert_eq!(cold["rescanned_files"], 3);
    assert!(cold["workers"].as_u64() > Some(0), "{cold}");
    for _ in 0..2 {
        let warm = sandbox.index();
        assert_eq!((&warm["rescanned_files"], &warm["workers"]), (&0.into(), &0.into()));
        for field in ["digest", "files", "symbols", "source_bytes", "index_bytes", "shards"] {
            assert_eq!(warm[field], cold[field], "{field}");
        }
    }
}

#[test]
fn one_edit_costs_one_file() {
    let sandbox = tree();
    sandbox.index();
    sandbox.write("p/A.java", "package p; class After { int more; }");
    assert_eq!(sandbox.index()["rescanned_files"], 1);
    assert_eq!(sandbox.found("After"), ["After"]);
    assert_eq!(sandbox.found("Before"), [""; 0]);
    sandbox.assert_like_clean();
}

#[test]
fn an_edit_of_the_same_size_right_after_the_index_run_is_found() {
    let sandbox = tree();
    for (before, after) in [("Before", "Middle"), ("Middle", "Latest"), ("Latest", "Ending")] {
        assert_eq!(sandbox.found(before), [before]);
        let text = format!("package p; class {after} {{}}");
        sandbox.write("p/A.java", text);
        assert_eq!(sandbox.found(after), [after]);
        assert_eq!(sandbox.found(before), [""; 0]);
    }
    sandbox.assert_like_clean();
}

#[test]
fn an_edit_that_restores_size_and_time_is_found() {
    let sandbox = tree();
    let path = sandbox.file("p/A.java");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let age =
        || fs::File::options().append(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    age();
    assert_eq!(sandbox.found("Before"), ["Before"]);
    sandbox.write("p/A.java", "package p; class Aftera {}");
    age();
    assert_eq!(sandbox.found("Aftera"), ["Aftera"]);
    // As `cp -p` over it and `mv` onto it do.
    fs::write(sandbox.path("other"), "package p; class Afterb {}").unwrap();
    let other = fs::File::options().append(true).open(sandbox.path("other")).unwrap();
    other.set_modified(long_ago).unwrap();
    fs::rename(sandbox.path("other"), &path).unwrap();
    assert_eq!(sandbox.found("Afterb"), ["Afterb"]);
    sandbox.assert_like_clean();
}

#[test]
fn two_files_that_change_places_are_found() {
    let sandbox = Sandbox::new(&[("p/A.java", "class One {}"), ("p/B.java", "class Two {}")]);
    sandbox.index();
    fs::rename(sandbox.file("p/A.java"), sandbox.file("p/C")).unwrap();
    fs::rename(sandbox.file("p/B.java"), sandbox.file("p/A.java")).unwrap();
    fs::rename(sandbox.file("p/C"), sandbox.file("p/B.java")).unwrap();
    sandbox.assert_like_clean();
}

#[test]
fn a_deleted_file_is_gone_and_an_emptied_tree_too() {
    let sandbox = tree();
    sandbox.index();
    fs::remove_file(sandbox.file("p/A.java")).unwrap();
    assert_eq!(sandbox.found("Before"), [""; 0]);
    sandbox.assert_like_clean();
    fs::remove_dir_all(sandbox.path("tree")).unwrap();
    fs::create_dir(sandbox.path("tree")).unwrap();
    sandbox.nova(["search", "B", "tree"]).ok().says(&["no Java files"]);
    let report = sandbox.index();
    assert_eq!((&report["files"], &report["symbols"]), (&0.into(), &0.into()));
    assert_eq!(sandbox.symbols(), [""; 0]);
}

#[test]
fn a_larger_change_is_shared_by_the_workers() {
    let sandbox = tree();
    sandbox.index();
    for i in 0..40 {
        sandbox.write(format!("r/D{i}.java"), large_class("r", &format!("D{i}"), 50));
    }
    assert_eq!(sandbox.index_with(&["--workers", "2"])["rescanned_files"], 40);
    sandbox.assert_like_clean();
}
