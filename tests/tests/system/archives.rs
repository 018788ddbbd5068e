//! Source archives as ROOTs, the hostile ones too.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::sandbox::Sandbox;

pub(crate) fn write_zip(path: &Path, entries: &[(&str, &[u8])]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn each_module_folder_is_a_root_and_paths_go_through_the_archive() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A {}")]);
    let archive = sandbox.path("lib/src.zip");
    write_zip(
        &archive,
        &[
            ("m.one/p/B.java", b"package p; class B {}"),
            ("m.one/module-info.java", b"module m.one {}"),
            ("m.two/p/C.java", b"package p; class C {}"),
            ("m.two/p/notes.txt", b"no"),
        ],
    );
    let mut paths = sandbox.nova(["export", "lib/src.zip"]).ok().strings("path");
    paths.sort();
    paths.dedup();
    let expected = ["m.one/module-info.java", "m.one/p/B.java", "m.two/p/C.java"];
    assert_eq!(paths, expected.map(|path| format!("src.zip!/{path}")));
    let status = sandbox.nova(["status", "--json", "lib/src.zip"]).ok().json();
    let roots =
        status["roots"].as_array().unwrap().iter().map(|root| root["root"].as_str().unwrap());
    assert_eq!(roots.collect::<Vec<_>>(), ["src.zip!/m.one", "src.zip!/m.two"]);

    let search = sandbox.nova(["search", "C", "--kind", "class", "lib/src.zip"]).ok().text();
    assert!(search.starts_with("lib/src.zip!/m.two/p/C.java:1:18 "), "{search}");
    let both = sandbox.nova(["export", "lib/src.zip", "tree"]).ok().strings("path");
    let prefix = format!("{}!/m.one/p/B.java", archive.display());
    assert!(both.contains(&prefix), "{both:?}");
}

#[test]
fn an_archive_is_scanned_again_only_where_it_changed() {
    let sandbox = Sandbox::new(&[]);
    let archive = sandbox.path("a-sources.jar");
    let rescanned = |entries: &[(&str, &[u8])]| {
        write_zip(&archive, entries);
        let index = sandbox.nova(["index", "--json", "a-sources.jar"]).ok().json();
        index["rescanned_files"].as_u64().unwrap()
    };
    let names = || {
        let mut names = sandbox.nova(["export", "a-sources.jar"]).ok().names();
        names.sort();
        names
    };
    assert_eq!(rescanned(&[("p/A.java", b"class A {}"), ("p/B.java", b"class B {}")]), 2);
    assert_eq!(rescanned(&[("p/A.java", b"class A {}"), ("p/B.java", b"class B {}")]), 0);
    assert_eq!(rescanned(&[("p/A.java", b"class X {}"), ("p/B.java", b"class B {}")]), 1);
    assert_eq!(names(), ["B", "X"]);
    assert_eq!(rescanned(&[("p/A.java", b"class X {}")]), 0);
    assert_eq!(names(), ["X"]);
}

#[test]
fn an_archive_has_the_digest_of_the_folder_that_it_was_made_of() {
    let files =
        [("m/p/A.java", "package p; class A { int f; }"), ("m/q/B.java", "package q; class B {}")];
    let sandbox = Sandbox::new(&files);
    write_zip(&sandbox.path("src.zip"), &files.map(|(path, text)| (path, text.as_bytes())));
    let archive = sandbox.nova_at_home(["index", "--json", "src.zip"]).ok().json();
    assert_eq!(archive["digest"], sandbox.index()["digest"]);
}

#[test]
fn names_that_lead_out_of_the_archive_are_refused_and_the_rest_is_indexed() {
    let sandbox = Sandbox::new(&[]);
    let refused = ["../Out.java", "p/../../Out2.java", "/Absolute.java"];
    let entries = refused.map(|name| (name, &b"class Out {}"[..]));
    let entries = [&entries[..], &[("p/A.java", b"class A {}")]].concat();
    write_zip(&sandbox.path("src.zip"), &entries);
    let index = sandbox.nova(["index", "--json", "src.zip"]).ok().json();
    assert_eq!(index["files"], 1);
    let skipped = index["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), refused.len(), "{skipped:?}");
    for line in skipped {
        assert!(line["reason"].as_str().unwrap().contains("out of the archive"), "{line}");
    }
    sandbox.nova(["index", "src.zip"]).ok().says(&["Out.java"]);
    sandbox.nova(["index", "--strict", "src.zip"]).run().code(1);
}

#[test]
fn a_bomb_is_skipped_by_name_and_the_rest_is_indexed() {
    let sandbox = Sandbox::new(&[]);
    let bomb = vec![b' '; 40 << 20];
    write_zip(
        &sandbox.path("src.zip"),
        &[("p/A.java", b"class A {}"), ("p/Bomb.java", &bomb), ("p/Bomb2.java", &bomb)],
    );
    // One that claims to be small.
    let mut bytes = fs::read(sandbox.path("src.zip")).unwrap();
    let size = u32::try_from(bomb.len()).unwrap().to_le_bytes();
    let at: Vec<_> = (0..bytes.len() - 4).filter(|&at| bytes[at..at + 4] == size).collect();
    let last = *at.last().expect("the size is in the archive's directory");
    bytes[last..last + 4].copy_from_slice(&100_u32.to_le_bytes());
    fs::write(sandbox.path("src.zip"), bytes).unwrap();

    let index = sandbox.nova(["index", "--json", "src.zip"]).ok().json();
    assert_eq!(index["files"], 1, "{index}");
    let skipped = index["skipped"].to_string();
    assert!(skipped.contains("p/Bomb.java") && skipped.contains("p/Bomb2.java"), "{skipped}");
    assert!(skipped.contains("--max-file-size"), "{skipped}");
    for worker in index["worker_stats"].as_array().unwrap() {
        assert!(worker["resident_bytes_peak"].as_u64() < Some(150 << 20), "{worker}");
    }
}

#[test]
fn a_corrupt_archive_is_told_and_other_roots_are_indexed() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A {}")]);
    fs::write(sandbox.path("src.zip"), "this is no archive").unwrap();
    let index = sandbox.nova(["index", "--json", "tree", "src.zip"]).run();
    assert_eq!(index.json()["files"], 1);
    assert!(index.json()["skipped"].to_string().contains("src.zip"), "{}", index.text());
    let alone = sandbox.nova(["index", "src.zip"]).run();
    alone.says(&["src.zip"]);

    // A sound directory over torn contents.
    write_zip(&sandbox.path("torn.zip"), &[("p/B.java", &b"package p; class B {}".repeat(99))]);
    let mut bytes = fs::read(sandbox.path("torn.zip")).unwrap();
    bytes[50] ^= 0xff;
    fs::write(sandbox.path("torn.zip"), bytes).unwrap();
    let torn = sandbox.nova(["index", "--json", "tree", "torn.zip"]).ok().json();
    assert_eq!(torn["files"], 1);
    assert!(torn["skipped"].to_string().contains("p/B.java"), "{torn}");
}

#[test]
fn an_archive_in_a_folder_is_no_root_unless_it_is_named() {
    let sandbox = Sandbox::new(&[("p/A.java", "package p; class A {}")]);
    write_zip(&sandbox.file("lib/src.zip"), &[("p/B.java", b"package p; class B {}")]);
    assert_eq!(sandbox.index()["files"], 1);
    let both = sandbox.nova(["index", "--json", "tree", "tree/lib/src.zip"]).ok().json();
    assert_eq!(both["files"], 2);
    assert_eq!(sandbox.index()["files"], 1);
    sandbox.assert_like_clean();
}
