//! The digest: one value that follows from relative paths and contents alone.

use std::fs;

use crate::sandbox::{Sandbox, large_class};

/// Three source roots, each in more than one shard when shards are small.
fn tree() -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    for root in ["one", "two/src", "three/java"] {
        for package in ["p", "p/q", "r"] {
            let name = format!("C{}", package.len());
            let text = large_class(&package.replace('/', "."), &name, 20);
            sandbox.write(format!("{root}/{package}/{name}.java"), text);
        }
    }
    sandbox.write("one/NoPackage.java", "class NoPackage {}");
    sandbox.write("two/src/p/Latin.java", b"package p; class Latin { int caf\xe9; }");
    sandbox
}

/// The digest, and all symbols in the order that they are exported in.
fn digest(sandbox: &Sandbox, cache: &str, root: &str, options: &[&str]) -> (String, String) {
    let args = ["index", "--json", root, "--cache-dir", cache];
    let report = sandbox.nova_at_home(args.iter().chain(options)).ok().json();
    let export = sandbox.nova_at_home(["export", root, "--cache-dir", cache]).ok();
    (report["digest"].to_string(), export.text())
}

#[test]
fn workers_and_shards_leave_no_trace_in_it() {
    let sandbox = tree();
    let expected = digest(&sandbox, "c0", "tree", &[]);
    for (number, options) in [
        &["--workers", "1"][..],
        &["--workers", "4"],
        &["--worker-per-shard"],
        &["--max-shard-size", "1K"],
        &["--max-shard-size", "1K", "--worker-per-shard"],
        &["--max-shard-size", "1K", "--workers", "3"],
    ]
    .iter()
    .enumerate()
    {
        let cache = format!("c{}", number + 1);
        assert_eq!(digest(&sandbox, &cache, "tree", options), expected, "{options:?}");
    }
    assert_eq!(digest(&sandbox, "c0", "tree", &["--rebuild"]), expected);
}

#[test]
fn a_copy_elsewhere_has_the_same() {
    let sandbox = tree();
    let expected = digest(&sandbox, "cache", "tree", &[]);
    fs::create_dir(sandbox.path("deep")).unwrap();
    sandbox.program("cp", ["-R", "tree", "deep/copy"]).ok();
    assert_eq!(digest(&sandbox, "other", "deep/copy", &[]), expected);
    fs::create_dir(sandbox.path("deep/copy/.git")).unwrap();
    assert_eq!(digest(&sandbox, "third", "deep/copy", &[]), expected);
}

#[test]
fn a_touched_file_changes_nothing() {
    let sandbox = tree();
    let before = sandbox.index();
    let touched = fs::File::options().append(true).open(sandbox.file("one/p/C1.java")).unwrap();
    touched.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let after = sandbox.index();
    assert_eq!(after["digest"], before["digest"]);
    assert_eq!(after["rescanned_files"], 0);
    assert_eq!(sandbox.index()["workers"], 0);
}

#[test]
fn every_change_to_paths_or_contents_shows_and_undoing_it_restores_it() {
    let sandbox = tree();
    let original = sandbox.index()["digest"].clone();
    let rename = |from: &str, to: &str| {
        fs::rename(sandbox.file(from), sandbox.file(to)).unwrap();
        sandbox.index()["digest"].clone()
    };
    assert_ne!(rename("one/p/C1.java", "one/p/D1.java"), original);
    assert_eq!(rename("one/p/D1.java", "one/p/C1.java"), original);
    assert_ne!(rename("three", "four"), original);
    assert_eq!(rename("four", "three"), original);
    let text = fs::read_to_string(sandbox.file("one/p/C1.java")).unwrap();
    sandbox.write("one/p/C1.java", text.replace("field7;", "fieldX;"));
    assert_ne!(sandbox.index()["digest"], original);
    sandbox.write("one/p/C1.java", &text);
    assert_eq!(sandbox.index()["digest"], original);
    sandbox.write("one/p/New.java", "package p; class New {}");
    assert_ne!(sandbox.index()["digest"], original);
    fs::remove_file(sandbox.file("one/p/New.java")).unwrap();
    assert_eq!(sandbox.index()["digest"], original);
}
