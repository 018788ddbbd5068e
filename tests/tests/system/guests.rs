//! Workers that a person starts by hand against a running router.

use std::fs;

use serde_json::Value;

use crate::processes::SOON;
use crate::run::{Running, wait_for};
use crate::sandbox::{Sandbox, large_class};

/// A tree in several shards, and a token.
fn waiting_router() -> (Sandbox, Running) {
    let sandbox = Sandbox::new(&[]);
    for package in ["p", "q", "r"] {
        sandbox.write(format!("src/{package}/A.java"), large_class(package, "A", 20));
    }
    for (name, token) in [("token", "open sesame\n"), ("wrong", "open barley\n"), ("empty", "")] {
        fs::write(sandbox.path(name), token).unwrap();
    }
    let options = ["--workers", "0", "--listen", "unix:socket", "--auth-token-file", "token"];
    let index = ["index", "--json", "-vvv", "tree", "--max-shard-size", "1K"];
    let router = sandbox.nova(index.iter().chain(&options)).start();
    wait_for("the socket", SOON, || sandbox.path("socket").exists().then_some(()));
    (sandbox, router)
}

const WORKER: &[&str] = &["--connect", "unix:socket", "--cache-dir", "cache"];

fn worker(sandbox: &Sandbox, options: &[&str]) -> crate::run::Run {
    sandbox.nova_worker(WORKER.iter().chain(options))
}

#[track_caller]
fn assert_done(sandbox: &Sandbox, router: Running) -> Value {
    let ended = router.end().code(0);
    assert_secret(&ended.stderr);
    let report = ended.json();
    assert_eq!(report["files"], 3, "{report}");
    assert!(!sandbox.path("socket").exists(), "the socket is left");
    sandbox.assert_like_clean();
    report
}

/// Asserts that a log shows no token.
#[track_caller]
fn assert_secret(log: &str) {
    assert!(!log.contains("sesame") && !log.contains("barley"), "{log}");
}

#[test]
fn a_worker_that_is_started_by_hand_does_the_work() {
    let (sandbox, router) = waiting_router();
    let worker = worker(&sandbox, &["--auth-token-file", "token", "--name", "mine"]).start();
    let report = assert_done(&sandbox, router);
    assert_eq!(report["workers"], 1);
    assert_eq!(report["worker_stats"][0]["name"], "mine");
    assert_eq!(report["worker_stats"][0]["files_scanned"], 3);
    worker.end().code(0).says_nothing();
}

#[test]
fn the_one_program_is_a_worker_too_and_the_token_may_come_by_the_environment() {
    let (sandbox, router) = waiting_router();
    let worker = sandbox.nova_at_home(["worker"].iter().chain(WORKER));
    let worker = worker.env("NOVA_AUTH_TOKEN", "open sesame").start();
    assert_done(&sandbox, router);
    worker.end().code(0).says_nothing();
}

#[test]
fn a_token_on_the_command_line_works_with_a_warning() {
    let (sandbox, router) = waiting_router();
    let worker = worker(&sandbox, &["--auth-token", "open sesame"]).start();
    assert_done(&sandbox, router);
    let ended = worker.end().code(0).says(&["WARN", "other users", "--auth-token-file"]);
    assert_secret(&ended.stderr);
}

#[test]
fn a_wrong_token_is_refused_clearly_and_harms_nothing() {
    let (sandbox, router) = waiting_router();
    for options in [&["--auth-token-file", "wrong"][..], &[]] {
        let refused = worker(&sandbox, options).run().code(1).says(&["error", "token"]);
        assert_secret(&refused.stderr);
    }
    worker(&sandbox, &["--auth-token-file", "empty"]).run().code(1).says(&["token", "empty"]);
    worker(&sandbox, &["--auth-token-file", "nowhere"]).run().code(1).says(&["nowhere"]);
    let worker = worker(&sandbox, &["--auth-token-file", "token"]).start();
    assert_done(&sandbox, router);
    worker.end().code(0);
}

#[test]
fn a_worker_with_another_cache_folder_is_sent_away() {
    let (sandbox, router) = waiting_router();
    let options = ["--connect", "unix:socket", "--cache-dir", "home", "--auth-token-file", "token"];
    sandbox.nova_worker(options).run();
    let worker = worker(&sandbox, &["--auth-token-file", "token"]).start();
    let ended = router.end().code(0);
    assert_eq!(ended.json()["files"], 3);
    worker.end().code(0);
}

#[test]
fn a_worker_for_one_shard_does_that_one_only() {
    let (sandbox, router) = waiting_router();
    let published = || -> Vec<String> {
        let entries = fs::read_dir(sandbox.cache()).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("shard_")).collect()
    };
    let picky =
        worker(&sandbox, &["--auth-token-file", "token", "--shard-id", "1", "--name", "picky"]);
    let picky = picky.start();
    wait_for("the one shard", SOON, || (published() == ["shard_1.bin"]).then_some(()));
    let other = worker(&sandbox, &["--auth-token-file", "token", "--name", "other"]).start();
    let report = assert_done(&sandbox, router);
    let stats = report["worker_stats"].as_array().unwrap();
    let files = |name: &str| {
        stats.iter().find(|worker| worker["name"] == name).unwrap()["files_scanned"]
            .as_u64()
            .unwrap()
    };
    assert!(files("picky") >= 1 && files("other") >= 1, "{report}");
    assert_eq!(files("picky") + files("other"), 3);
    picky.end().code(0);
    other.end().code(0);
}

#[test]
fn a_guest_that_is_killed_is_replaced_by_the_next_one() {
    let (sandbox, router) = waiting_router();
    let first = worker(&sandbox, &["--auth-token-file", "token", "--shard-id", "77"]).start();
    crate::processes::signal(first.id(), "KILL");
    first.end();
    let second = worker(&sandbox, &["--auth-token-file", "token"]).start();
    assert_done(&sandbox, router);
    second.end().code(0);
}

#[test]
fn a_socket_that_a_killed_router_left_is_told_with_what_to_do() {
    let (sandbox, router) = waiting_router();
    crate::processes::signal(router.id(), "KILL");
    router.end();
    worker(&sandbox, &["--auth-token-file", "token"]).run().code(1).says(&["unix:socket"]);
    let listen = ["index", "tree", "--listen", "unix:socket", "--auth-token-file", "token"];
    sandbox.nova(listen).run().code(1).says(&["unix:socket", "in use", "delete it"]);
    fs::remove_file(sandbox.path("socket")).unwrap();
    sandbox.nova(listen).ok();
    sandbox.assert_like_clean();
}

#[test]
fn a_router_that_is_not_there_and_a_socket_that_cannot_be_are_told() {
    let sandbox = Sandbox::new(&[("A.java", "class A {}")]);
    fs::write(sandbox.path("token"), "t").unwrap();
    worker(&sandbox, &[]).run().code(1).says(&["socket", "is the router running?"]);
    let long = format!("unix:{}", "s".repeat(200));
    let too_long = sandbox.nova_worker(["--connect", &long, "--cache-dir", "cache"]).run();
    assert_ne!(too_long.code, Some(0));
    too_long.says(&["107"]);
    let index = ["index", "tree", "--listen", &long, "--auth-token-file", "token"];
    let too_long = sandbox.nova(index).run();
    assert_ne!(too_long.code, Some(0));
    too_long.says(&["107"]);
    sandbox
        .nova(["index", "--workers", "0", "tree"])
        .run()
        .code(1)
        .says(&["--workers 0", "--listen"]);
}
