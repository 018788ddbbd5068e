//! Paths in the output: relative to one ROOT, absolute for several, and as reached where people read.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use crate::sandbox::Sandbox;

fn two_folders() -> Sandbox {
    Sandbox::new(&[
        ("a/p/A.java", "package p; class A {}"),
        ("b/p/B.java", "package p; class B {}"),
    ])
}

#[test]
fn one_root_gives_relative_paths_and_several_give_absolute_ones() {
    let sandbox = two_folders();
    let paths = |roots: &[&str]| {
        let mut args = vec!["export"];
        args.extend(roots);
        let mut paths = sandbox.nova(args).ok().strings("path");
        paths.sort();
        paths.dedup();
        paths
    };
    let absolute = |relative: &str| sandbox.file(relative).to_str().unwrap().to_owned();
    assert_eq!(paths(&["tree"]), ["a/p/A.java", "b/p/B.java"]);
    assert_eq!(paths(&["tree/"]), ["a/p/A.java", "b/p/B.java"]);
    assert_eq!(paths(&["tree/a"]), ["p/A.java"]);
    assert_eq!(paths(&["tree/b", "tree/a"]), [absolute("a/p/A.java"), absolute("b/p/B.java")]);
}

#[test]
fn people_read_the_path_through_the_root_that_they_gave() {
    let sandbox = two_folders();
    symlink("tree/a", sandbox.path("link")).unwrap();
    let place = |folder: &str, roots: &[&str]| {
        let args = ["--cache-dir", "../cache", "search", "A", "--kind", "class"];
        let nova = sandbox.nova_at_home(args.iter().chain(roots)).in_folder(sandbox.path(folder));
        nova.ok().text().split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(place("home", &["../tree"]), "../tree/a/p/A.java:1:18");
    assert_eq!(place("home", &["../tree/a/"]), "../tree/a/p/A.java:1:18");
    assert_eq!(place("home", &["../link"]), "../link/p/A.java:1:18");
    assert_eq!(place("tree", &[]), "a/p/A.java:1:18");
    assert_eq!(place("tree", &["."]), "a/p/A.java:1:18");
    assert_eq!(place("tree", &["a", "b"]), "a/p/A.java:1:18");
    let absolute = sandbox.file("a");
    let absolute = absolute.to_str().unwrap();
    assert_eq!(place("home", &[absolute]), format!("{absolute}/p/A.java:1:18"));
}

#[test]
fn a_root_that_is_given_twice_counts_once() {
    let sandbox = two_folders();
    let export = sandbox.nova(["export", "tree", "tree/../tree"]).ok();
    assert_eq!(export.names().iter().filter(|name| *name == "A").count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn bytes_that_are_not_utf8_are_percent_escaped() {
    let sandbox = Sandbox::new(&[]);
    sandbox.write(OsStr::from_bytes(b"p\xe9/A\xff\xfe.java"), "class A {}");
    sandbox.write("p\u{e9}/%B.java", "class B {}");
    let mut paths = sandbox.nova(["export", "tree"]).ok().strings("path");
    paths.sort();
    assert_eq!(paths, ["p%E9/A%FF%FE.java", "p\u{e9}/%B.java"]);
    let found = sandbox.nova(["search", "A", "tree"]).ok().text();
    assert!(found.starts_with("tree/p%E9/A%FF%FE.java:1:7 "), "{found}");
    assert_eq!(sandbox.index()["rescanned_files"], 0);
    fs::remove_dir_all(sandbox.file(OsStr::from_bytes(b"p\xe9"))).unwrap();
    sandbox.assert_like_clean();
}

#[cfg(target_os = "linux")]
#[test]
fn the_root_itself_may_have_a_name_that_is_not_utf8() {
    let sandbox = Sandbox::new(&[]);
    let name = OsStr::from_bytes(b"r\xff");
    sandbox.write(std::path::Path::new(name).join("p/A.java"), "package p; class A {}");
    let root = sandbox.file(name);
    let export = sandbox.nova_at_home([OsStr::new("export"), root.as_os_str()]).ok();
    assert_eq!(export.strings("path"), ["p/A.java"; 2]);
    let again = sandbox.nova_at_home([OsStr::new("index"), "--json".as_ref(), root.as_os_str()]);
    assert_eq!(again.ok().json()["rescanned_files"], 0);
}

#[test]
fn odd_names_are_names_like_others() {
    let sandbox = Sandbox::new(&[
        ("with space/A.java", "class A {}"),
        ("new\nline/B.java", "class B {}"),
        ("-dash/C.java", "class C {}"),
        ("src.zip!/D.java", "class D {}"),
        (".java", "class Hidden {}"),
    ]);
    let mut paths = sandbox.nova(["export", "tree"]).ok().strings("path");
    paths.sort();
    let expected = ["-dash/C.java", "new\nline/B.java", "src.zip!/D.java", "with space/A.java"];
    assert_eq!(paths, expected);
    sandbox.assert_like_clean();
}
