//! What systems of this kind are known to get wrong, where no other test holds it.

use std::fs;

use crate::daemon::Daemon;
use crate::sandbox::Sandbox;

#[test]
fn a_restart_pins_no_stale_result() {
    let sandbox = Sandbox::new(&[
        ("a/A.java", "package a; class Before {}"),
        ("a/B.java", "package a; class Gone {}"),
    ]);
    let daemon = Daemon::start(&sandbox);
    assert_eq!(sandbox.found("Before"), ["Before"]);
    daemon.end_by("KILL");
    sandbox.write("a/A.java", "package a;\n\nclass After {}");
    fs::remove_file(sandbox.file("a/B.java")).unwrap();
    let daemon = Daemon::start(&sandbox);
    for name in ["Before", "Gone", "After"] {
        // Also who does not wait for a look at the tree hears nothing that is not so.
        let answer = sandbox.nova(["search", "--json", "--no-wait", name, "tree"]).ok();
        assert!(answer.names().iter().all(|found| found == "After"), "{name}: {}", answer.text());
    }
    assert_eq!(sandbox.found("After"), ["After"]);
    assert_eq!(sandbox.found("Before"), [""; 0]);
    daemon.stop();
}

#[test]
fn overloads_are_all_found_and_shown_once_each() {
    let text = "package a; class A { void put() {} void put(int a) {} void put(String a) {} }";
    let sandbox = Sandbox::new(&[("a/A.java", text), ("a/B.java", "package a; class B {}")]);
    let signatures = || {
        let found = sandbox.nova(["search", "--json", "put", "tree"]).ok();
        let mut signatures = found.strings("signature");
        signatures.sort();
        signatures
    };
    let all = ["put(): void", "put(String a): void", "put(int a): void"];
    assert_eq!(signatures(), all);
    let daemon = Daemon::start(&sandbox);
    assert_eq!(signatures(), all);
    sandbox.write("a/A.java", text.replace("void put() {} ", ""));
    assert_eq!(signatures(), all[1..]);
    daemon.stop();
}

#[test]
fn one_file_that_is_not_utf8_does_not_fail_its_shard() {
    let sandbox = Sandbox::new(&[("a/A.java", "package a; class A {}")]);
    sandbox.write("a/Latin.java", b"package a; class Latin { int \xe4; }");
    sandbox.write("a/Wide.java", b"\xff\xfep\x00a\x00");
    sandbox.write("a/Noise.java", (0..=255).collect::<Vec<u8>>());
    assert_eq!(sandbox.found("class:A"), ["A", "Latin"][..1].to_vec());
    assert_eq!(sandbox.found("class:Latin"), ["Latin"]);
}

const PACKAGES: [&str; 6] = ["p", "q", "r", "s", "t", "u"];

#[test]
fn one_shard_that_fails_aborts_no_other() {
    let sandbox = Sandbox::new(&[]);
    for package in PACKAGES {
        for file in 0..4 {
            let fields = "    int padding;\n".repeat(40);
            let text = format!("package {package}; class C{package}{file} {{\n{fields}}}");
            sandbox.write(format!("{package}/C{package}{file}.java"), text);
        }
    }
    let options = ["--max-shard-size", "1K"];
    let shards = sandbox.index_with(&options)["shards"].as_u64().unwrap();
    assert!(shards >= 3, "{shards} shards");
    // Where a folder has its name, a shard's file cannot be put.
    let shard = sandbox.cache().join("shard_1.bin");
    fs::remove_file(&shard).unwrap();
    fs::create_dir_all(shard.join("in the way")).unwrap();
    for package in PACKAGES {
        let path = format!("{package}/D{package}.java");
        sandbox.write(path, format!("package {package}; class D{package} {{}}"));
    }
    let ended = sandbox.nova(["search", "--json", "class:D", "tree"].iter().chain(&options)).run();
    let found = ended.code(1).says(&["shard 1"]).names().len();
    assert!(0 < found && found < PACKAGES.len(), "{found} of the other shards are there");
}
