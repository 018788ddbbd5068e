//! Files that break their worker: the others are indexed, they themselves are found, told and left alone
//! until they hold something else.

use std::fs;

use serde_json::Value;

use crate::run::Ended;
use crate::sandbox::Sandbox;

/// A tree of a few good files with a bad one among them, in one shard.
fn tree_with(bad: &str, text: &str) -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    for name in ["A", "B", "C", "X", "Y", "Z"] {
        sandbox.write(format!("src/p/{name}.java"), format!("package p; class {name} {{}}"));
    }
    sandbox.write(format!("src/p/{bad}.java"), text);
    sandbox
}

const CRASH: &str = "package p; class Bad {} // nova-fault: crash\n";

/// `nova index` by one worker, with its restarts counted.
#[track_caller]
fn index(sandbox: &Sandbox) -> Value {
    sandbox.index_with(&["--workers", "1"])
}

#[track_caller]
fn assert_quarantined(report: &Value, path: &str, reason: &str) {
    let skipped = report["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 1, "{report}");
    assert_eq!(skipped[0]["path"], path);
    let told = skipped[0]["reason"].as_str().unwrap();
    assert!(told.starts_with("quarantined: ") && told.contains(reason), "{told}");
}

#[test]
fn a_file_that_crashes_its_worker_is_found_within_three_restarts_and_left_alone() {
    let sandbox = tree_with("Bad", CRASH);
    sandbox.let_stamps_settle();
    let report = index(&sandbox);
    assert_quarantined(&report, "src/p/Bad.java", "killed its worker (SIGABRT)");
    assert_eq!(report["files"], 6);
    let restarts = report["workers"].as_u64().unwrap() - 1;
    assert!((1..=3).contains(&restarts), "{restarts} restarts");

    sandbox.let_stamps_settle();
    let again = index(&sandbox);
    assert_eq!((&again["workers"], &again["rescanned_files"]), (&0.into(), &0.into()));
    assert_quarantined(&again, "src/p/Bad.java", "killed its worker (SIGABRT)");
}

#[test]
fn a_quarantined_file_is_a_warning_and_an_error_when_that_is_asked_for() {
    let sandbox = tree_with("Bad", CRASH);
    let ended = sandbox.nova(["index", "tree"]).ok();
    ended.says(&["warning: skipped", "Bad.java: quarantined: killed its worker (SIGABRT)"]);
    sandbox.nova(["index", "tree", "--strict"]).run().code(1);
}

#[test]
fn another_content_is_tried_again_and_the_same_is_not() {
    let sandbox = tree_with("Bad", CRASH);
    index(&sandbox);
    // A file of the same content, with another stamp.
    fs::remove_file(sandbox.file("src/p/Bad.java")).unwrap();
    sandbox.write("src/p/Bad.java", CRASH);
    sandbox.let_stamps_settle();
    let touched = index(&sandbox);
    assert_quarantined(&touched, "src/p/Bad.java", "SIGABRT");
    assert_eq!((&touched["workers"], &touched["rescanned_files"]), (&1.into(), &0.into()));
    sandbox.let_stamps_settle();
    assert_eq!(index(&sandbox)["workers"], 0);

    sandbox.write("src/p/Bad.java", "package p; class Healed {}");
    let healed = index(&sandbox);
    assert_eq!(healed["skipped"], Value::Array(Vec::new()));
    assert_eq!((&healed["files"], &healed["workers"]), (&7.into(), &1.into()));
    assert_eq!(sandbox.found("Healed"), ["Healed"]);
    assert!(!sandbox.cache().join("quarantine.json").exists());

    sandbox.write("src/p/Bad.java", CRASH);
    assert_quarantined(&index(&sandbox), "src/p/Bad.java", "SIGABRT");
}

#[test]
fn what_is_quarantined_is_told_by_status_and_explain() {
    let sandbox = tree_with("Bad", CRASH);
    index(&sandbox);
    let status = sandbox.nova(["status", "tree", "--json"]).ok().json();
    assert_eq!(status["quarantined"][0]["path"], "src/p/Bad.java");
    assert_eq!(status["quarantined"][0]["reason"], "killed its worker (SIGABRT)");
    assert_eq!(status["skipped"], Value::Array(Vec::new()));
    let text = sandbox.nova(["status", "tree"]).ok().text();
    assert!(text.contains("Bad.java: killed its worker (SIGABRT)"), "{text}");

    let explain = |options: &[&str]| -> Ended {
        sandbox.nova(["explain", "tree/src/p/Bad.java", "tree"].iter().chain(options)).ok()
    };
    let told = explain(&["--json"]).json();
    assert_eq!(told["verdict"], "quarantined");
    assert_eq!(told["reason"], "killed its worker (SIGABRT)");
    assert_eq!(told["content_hash"], status["quarantined"][0]["content_hash"]);
    let text = explain(&[]).text();
    assert!(text.contains("quarantined: killed its worker (SIGABRT)"), "{text}");
    assert!(text.contains("when it holds something else"), "{text}");
}

#[test]
fn several_bad_files_of_a_shard_cost_a_restart_each() {
    let sandbox = tree_with("Bad", CRASH);
    sandbox.write("src/p/AWorse.java", "class Worse {} // nova-fault: crash");
    sandbox.write("src/q/Worst.java", "package q; class Worst {} // nova-fault: crash");
    let report = index(&sandbox);
    assert_eq!(report["skipped"].as_array().unwrap().len(), 3, "{report}");
    assert_eq!((&report["files"], &report["workers"]), (&6.into(), &5.into()));
}

#[test]
fn a_rebuild_tries_all_again_and_so_does_who_has_lost_the_list() {
    let sandbox = tree_with("Bad", CRASH);
    index(&sandbox);
    let rebuilt = sandbox.index_with(&["--workers", "1", "--rebuild"]);
    assert_quarantined(&rebuilt, "src/p/Bad.java", "SIGABRT");
    assert_eq!(rebuilt["workers"], 3);
    for damage in ["", "{", "{\"version\":77,\"files\":[]}"] {
        fs::write(sandbox.cache().join("quarantine.json"), damage).unwrap();
        let again = index(&sandbox);
        assert_quarantined(&again, "src/p/Bad.java", "SIGABRT");
        assert_eq!(again["workers"], 3, "after {damage:?}");
    }
    fs::remove_file(sandbox.cache().join("quarantine.json")).unwrap();
    sandbox.write("src/p/Bad.java", "package p; class Healed {}");
    assert_eq!(index(&sandbox)["files"], 7);
}

#[test]
fn a_file_in_an_archive_is_quarantined_by_its_entry() {
    let sandbox = Sandbox::new(&[]);
    let good = ("a/Good.java", &b"package a; class Good {}"[..]);
    let archive = |bad: &str| {
        let entries = [good, ("a/Bad.java", bad.as_bytes())];
        crate::archives::write_zip(&sandbox.file("src.zip"), &entries);
    };
    let index = || sandbox.nova(["index", "--json", "--workers", "1", "tree/src.zip"]).ok().json();
    archive("package a; class Bad {} // nova-fault: crash");
    let report = index();
    assert_eq!((&report["files"], &report["workers"]), (&1.into(), &3.into()));
    assert_eq!(report["skipped"][0]["path"], "src.zip!/a/Bad.java");
    assert_eq!(index()["workers"], 0);
    archive("package a; class Healed {}");
    assert_eq!(index()["files"], 2);
}

#[test]
fn a_file_that_takes_memory_without_end_is_ended_by_its_workers_budget() {
    let sandbox = tree_with("Bad", "package p; class Bad {} // nova-fault: memory");
    let report = sandbox.index_with(&["--workers", "1", "--worker-memory", "64M"]);
    assert_quarantined(&report, "src/p/Bad.java", "out of memory");
    assert_eq!((&report["files"], &report["workers"]), (&6.into(), &3.into()));
    sandbox
        .nova(["index", "tree", "--worker-memory", "1M"])
        .run()
        .code(1)
        .says(&["--worker-memory", "64 MiB"]);
}

#[test]
fn an_edit_that_breaks_workers_hides_the_file_and_nothing_else() {
    let sandbox = tree_with("Bad", "package p; class Bad {}");
    index(&sandbox);
    sandbox.write("src/p/Bad.java", CRASH);
    assert_eq!(sandbox.found("Bad"), [""; 0]);
    assert_eq!(sandbox.found("X"), ["X"]);
    sandbox.write("src/p/Bad.java", "package p; class Bad {} ");
    assert_eq!(sandbox.found("Bad"), ["Bad"]);
}
