//! What a running `nova serve` answers: the same as a command that looks for itself.

use std::fs;
use std::io::Read;

use serde_json::Value;

use crate::daemon::Daemon;
use crate::processes::{SOON, busy_tree, busy_worker, has_connected, signal, workers};
use crate::run::{Ended, Run, Running, wait_for};
use crate::sandbox::{Sandbox, large_class};

/// Two trees of several packages, with what is skipped, ignored, hidden and read otherwise.
fn two_roots() -> Sandbox {
    let sandbox = Sandbox::new(&[
        (
            "one/src/main/java/a/Alpha.java",
            "package a;\nimport a.b.Beta;\npublic class Alpha { Beta beta; void put() {} }",
        ),
        (
            "one/src/main/java/a/b/Beta.java",
            "package a.b;\n@Deprecated public class Beta { int put(int alpha) { return 1; } }",
        ),
        (
            "one/src/test/java/a/AlphaTest.java",
            "package a;\nclass AlphaTest { enum Kind { ONE, TWO } }",
        ),
        ("one/Unnamed.java", "record Unnamed(int alpha) {}"),
        (".git/HEAD", ""),
        ("one/.ignore", "gen/\n"),
        ("one/gen/a/Gen.java", "package a; class AlphaGen {}"),
        ("one/.hidden/H.java", "class AlphaHidden {}"),
        ("two/x/Alpha.java", "package x;\ninterface Alpha { String NAME = \"\"; }"),
        ("two/x/y/Deep.java", "package x.y;\nclass Deep { static class Alpha {} }"),
    ]);
    sandbox.write("one/src/main/java/a/Latin.java", b"package a; class Latin { int \xe4lter; }");
    sandbox.write("two/x/Huge.java", large_class("x", "Huge", 3000));
    sandbox
}

/// A run of `nova` with the sandbox's cache, from a folder of the sandbox.
fn nova(sandbox: &Sandbox, folder: &str, args: &[&str]) -> Run {
    let cache = sandbox.cache().into_os_string().into_string().unwrap();
    let args = ["--cache-dir", &cache].into_iter().chain(args.iter().copied());
    sandbox.nova_at_home(args).in_folder(sandbox.path(folder))
}

/// Without what no two runs have in common.
fn comparable(ended: &Ended) -> (String, String) {
    const VOLATILE: &[&str] = &["revision", "elapsed_ms"];
    let strip = |text: &str| -> String {
        let lines = text.lines().map(|line| match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(mut object)) => {
                VOLATILE.iter().for_each(|name| drop(object.remove(*name)));
                Value::Object(object).to_string()
            }
            _ => line.split(" in 0.").next().unwrap().to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    (strip(&ended.text()), strip(&ended.stderr))
}

#[track_caller]
fn assert_same_answers(sandbox: &Sandbox, folder: &str, roots: &[&str], paths: &[&str]) {
    let with_roots = |command: &[&str]| {
        let args = command.iter().chain(roots);
        args.map(|arg| (*arg).to_owned()).collect::<Vec<String>>()
    };
    let mut commands: Vec<Vec<String>> = [
        &["search", "Alpha"][..],
        &["search", "alpha", "--json", "--limit", "3"],
        &["search", "put", "--kind", "method", "--json"],
        &["search", "nothing of that name"],
        &["search", "kind:nonsense x", "--json"],
        &["explain", "alpha kind:class"],
        &["explain", "Alpha -path:test", "--json"],
        &["explain", "Huge", "--json"],
        &["export"],
        &["export", "--format", "ctags"],
        &["index"],
        &["index", "--json"],
        &["index", "--strict"],
    ]
    .into_iter()
    .map(with_roots)
    .collect();
    for path in paths {
        commands.push(with_roots(&["explain", path]));
        commands.push(with_roots(&["explain", path, "--json"]));
    }
    for command in &commands {
        let args: Vec<&str> = command.iter().map(String::as_str).collect();
        let alone: Vec<&str> = args.iter().copied().chain(["--no-daemon"]).collect();
        let (asked, alone) =
            (nova(sandbox, folder, &args).run(), nova(sandbox, folder, &alone).run());
        assert_eq!(asked.code, alone.code, "{args:?}: {} {}", asked.stderr, alone.stderr);
        assert_eq!(comparable(&asked), comparable(&alone), "{args:?} in {folder}");
    }
}

/// Asserts that the command has asked the one that serves; otherwise its revision is that of a first run.
#[track_caller]
fn assert_asks(sandbox: &Sandbox, folder: &str, args: &[&str], is_asked: bool) {
    let args: Vec<&str> =
        ["search", "--json", "Alpha"].into_iter().chain(args.iter().copied()).collect();
    let about = nova(sandbox, folder, &args).ok().stderr;
    let about: Value = serde_json::from_str(about.lines().next_back().unwrap()).unwrap();
    assert_eq!(about["revision"].as_u64() > Some(4), is_asked, "{args:?} in {folder}: {about}");
}

/// Lets the revision of the one that serves grow beyond that of any first run.
#[track_caller]
fn let_revision_grow(sandbox: &Sandbox, roots: &[&str]) {
    for _ in 0..5 {
        sandbox.nova(["index"].iter().chain(roots)).ok();
    }
}

const ROOTS: &[&str] = &["tree/one", "tree/two"];

#[test]
fn it_answers_as_a_command_does_that_looks_for_itself() {
    let sandbox = two_roots();
    let served = [ROOTS, &["--max-file-size", "100K"]].concat();
    let daemon = Daemon::start_with(&sandbox, &served);
    let roots = [ROOTS, &["--max-file-size", "100K"]].concat();
    let paths = [
        "tree/one/src/main/java/a/Alpha.java",
        "tree/one/src/main/java/a/Latin.java",
        "tree/one/src/main",
        "tree/one/gen/a/Gen.java",
        "tree/one/gen",
        "tree/one/.hidden/H.java",
        "tree/two/x/Huge.java",
        "tree/two/x/Beta.java",
        "tree/one/.ignore",
        "home",
        "no.zip!/a/A.java",
    ];
    assert_same_answers(&sandbox, "", &roots, &paths);
    daemon.stop();
}

#[test]
fn in_a_part_of_what_it_serves_it_answers_about_that_alone() {
    let sandbox = two_roots();
    let daemon = Daemon::start_with(&sandbox, ROOTS);
    let_revision_grow(&sandbox, ROOTS);
    for (folder, roots) in [
        ("tree/one", &[][..]),
        ("tree/two", &[]),
        ("tree/two/x/y", &["."]),
        ("tree", &["one/src", "two/x/y"]),
        ("", &["tree/one/src/main/java/a/b"]),
        ("tree/two", &["../one"]),
    ] {
        assert_same_answers(&sandbox, folder, roots, &["Alpha.java", "x/y/Deep.java", "."]);
        assert_asks(&sandbox, folder, roots, true);
    }
    daemon.stop();
}

#[test]
fn what_it_does_not_serve_a_command_looks_for_itself() {
    let sandbox = two_roots();
    let daemon = Daemon::start_with(&sandbox, &["tree/one"]);
    let_revision_grow(&sandbox, &["tree/one"]);
    assert_asks(&sandbox, "", &["tree/one"], true);
    for args in [
        &["tree/one", "--no-daemon"][..],
        &["tree/one", "--no-ignore"],
        &["tree/one", "--include-ignored", "gen"],
        &["tree/one", "--max-file-size", "1K"],
        &["tree/one", "--max-shard-size", "1M"],
        &["tree/one", "--workers", "1"],
        &["tree/one", "--worker-per-shard"],
        &["tree/two"],
        &["tree"],
        // Named, it is looked through, whatever rules say.
        &["tree/one/gen"],
        &["tree/one/.hidden"],
    ] {
        assert_asks(&sandbox, "", args, false);
    }
    let found = |args: &[&str]| nova(&sandbox, "", args).ok().names();
    assert_eq!(found(&["search", "--json", "AlphaGen", "tree/one/gen"]), ["AlphaGen"]);
    assert_eq!(found(&["search", "--json", "AlphaGen", "tree/one"]), [""; 0]);
    daemon.stop();
}

#[test]
fn a_rebuild_beside_it_is_right_and_so_is_what_it_says_afterwards() {
    let sandbox = two_roots();
    let daemon = Daemon::start(&sandbox);
    let symbols = sandbox.symbols();
    for round in 0..3 {
        sandbox.index_with(&["--rebuild"]);
        assert_eq!(sandbox.symbols(), symbols);
        let name = format!("Edited{round}");
        sandbox.write("two/x/Edited.java", format!("package x; class {name} {{}}"));
        assert_eq!(sandbox.found(&name), [&name[..]]);
        fs::remove_file(sandbox.file("two/x/Edited.java")).unwrap();
    }
    daemon.stop();
}

#[test]
fn what_was_written_before_a_search_is_found() {
    let sandbox = two_roots();
    let daemon = Daemon::start(&sandbox);
    for round in 0..50 {
        let name = format!("Round{round}Written");
        sandbox.write("two/x/Written.java", format!("package x; class {name} {{}}"));
        assert_eq!(sandbox.found(&name), [&name[..]]);
    }
    fs::remove_file(sandbox.file("two/x/Written.java")).unwrap();
    assert_eq!(sandbox.found("Written"), [""; 0]);
    sandbox.assert_like_clean();
    daemon.stop();
}

#[test]
fn many_that_ask_at_once_after_an_edit_all_find_it() {
    let sandbox = two_roots();
    let daemon = Daemon::start(&sandbox);
    for round in 0..5 {
        let name = format!("Round{round}Edited");
        sandbox.write("two/x/Edited.java", format!("package x; class {name} {{}}"));
        let search = ["search", "--json", &name, "tree"];
        let running: Vec<Running> = (0..20).map(|_| sandbox.nova(search).start()).collect();
        for running in running {
            assert_eq!(running.end().code(0).names(), [&name[..]]);
        }
    }
    daemon.stop();
}

#[test]
fn who_asks_while_it_looks_waits_for_the_next_look() {
    let sandbox = busy_tree();
    let daemon = Daemon::start(&sandbox);
    // The tree has been walked, and the run cannot end.
    let worker = busy_worker(&sandbox);
    signal(worker, "STOP");
    sandbox.write("src/p/Late.java", "package p; class LateArrival {}");
    let search = sandbox.nova(["search", "--json", "LateArrival", "tree"]).start();
    wait_for("the search to ask", SOON, || has_connected(search.id()).then_some(()));
    signal(worker, "CONT");
    assert_eq!(search.end().code(0).names(), ["LateArrival"]);
    daemon.stop();
}

#[test]
fn without_waiting_it_answers_from_what_it_has() {
    let sandbox = two_roots();
    let daemon = Daemon::start(&sandbox);
    // The first time, it has nothing yet, and that is no answer.
    let search = ["search", "--json", "--no-wait", "AlphaTest", "tree"];
    assert_eq!(sandbox.nova(search).ok().names(), ["AlphaTest"]);
    // With a worker that does not answer, an edit is not taken in; this need not wait for it.
    for id in workers(&sandbox) {
        signal(id, "STOP");
    }
    sandbox.write("two/x/Deep.java", "package x; class Other {}");
    let mut waits = sandbox.nova(["search", "--json", "Other", "tree"]).start();
    wait_for("the search to ask", SOON, || has_connected(waits.id()).then_some(()));
    assert_eq!(sandbox.nova(search).ok().names(), ["AlphaTest"]);
    assert!(waits.is_running());
    for id in workers(&sandbox) {
        signal(id, "CONT");
    }
    assert_eq!(waits.end().code(0).names(), ["Other"]);
    daemon.stop();
}

#[test]
fn an_export_of_many_parts_is_whole() {
    let sandbox = busy_tree();
    let daemon = Daemon::start(&sandbox);
    let asked = sandbox.nova(["export", "tree"]).ok();
    let alone = sandbox.nova(["export", "--no-daemon", "tree"]).ok();
    assert!(asked.stdout == alone.stdout && asked.text().lines().count() > 100_000);
    daemon.stop();
}

#[test]
fn one_that_dies_while_it_is_asked_is_done_without() {
    let sandbox = busy_tree();
    let daemon = Daemon::start(&sandbox);
    let found = || sandbox.nova(["search", "--json", "--limit", "1", "field3999", "tree"]);
    let expected = found().ok().stdout;

    // Before it has greeted.
    signal(daemon.id(), "STOP");
    let search = found().start();
    wait_for("the search to ask", SOON, || has_connected(search.id()).then_some(()));
    daemon.end_by("KILL");
    assert_eq!(search.end().code(0).stdout, expected);

    // While it catches up, and cannot go on.
    let daemon = Daemon::start(&sandbox);
    sandbox.found("A");
    sandbox.write("src/p/A0.java", large_class("p", "Edited", 4000));
    for id in workers(&sandbox) {
        signal(id, "STOP");
    }
    let index = sandbox.nova(["index", "--json", "tree"]).start();
    let worker = busy_worker(&sandbox);
    signal(worker, "STOP");
    wait_for("the run to ask", SOON, || has_connected(index.id()).then_some(()));
    daemon.end_by("KILL");
    for id in workers(&sandbox) {
        signal(id, "CONT");
    }
    let report = index.end().code(0).json();
    assert_eq!(report["digest"], sandbox.clean_digest());
    sandbox.nova(["serve", "--stop", "tree"]).ok();
}

#[test]
fn an_export_that_was_cut_off_is_a_failure() {
    let sandbox = busy_tree();
    let daemon = Daemon::start(&sandbox);
    let whole = sandbox.nova(["export", "tree"]).ok().stdout;
    let mut export = sandbox.nova(["export", "tree"]).start();
    let mut stdout = export.take_stdout();
    stdout.read_exact(&mut [0; 1]).unwrap();
    // It waits for what it has printed to be read.
    daemon.end_by("KILL");
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    assert!(rest.len() + 1 < whole.len());
    export.end().code(1).says(&["nova serve ended", "run the command again"]);

    // Into a file it is all or nothing.
    let daemon = Daemon::start(&sandbox);
    let export = sandbox.nova(["export", "-o", "out.jsonl", "tree"]).start();
    wait_for("the export to ask", SOON, || has_connected(export.id()).then_some(()));
    daemon.end_by("KILL");
    let ended = export.end();
    match fs::read(sandbox.path("out.jsonl")) {
        Ok(written) => assert!(ended.code == Some(0) && written == whole),
        Err(_) => drop(ended.code(1)),
    }
    sandbox.nova(["serve", "--stop", "tree"]).ok();
}

#[test]
fn status_tells_who_serves() {
    let sandbox = two_roots();
    let daemon = Daemon::start(&sandbox);
    sandbox.index();
    let status = || sandbox.nova(["status", "--json", "tree"]).ok().json();
    let (asked, alone) = (status(), sandbox.nova(["status", "--json", "--no-daemon", "tree"]).ok());
    assert_eq!(asked["daemon"]["pid"], daemon.id());
    assert_eq!(asked["daemon"]["frontends"], 0);
    assert!(!asked["workers"].as_array().unwrap().is_empty());
    for field in ["shards", "roots", "files", "symbols", "skipped", "workspace", "cache"] {
        assert_eq!(asked[field], alone.json()[field], "{field}");
    }
    let other = crate::daemon::connect(&sandbox);
    assert_eq!(status()["daemon"]["frontends"], 1);
    drop(other);
    let text = sandbox.nova(["status", "tree"]).ok().text();
    assert!(text.contains(&format!("served    by process {}", daemon.id())), "{text}");
    daemon.stop();
    assert!(status()["daemon"].is_null());
}
