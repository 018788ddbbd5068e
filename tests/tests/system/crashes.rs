//! Workers and routers that are killed, and several of them at once: the end state does not show it.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

use crate::processes::{BUSY_FILES, SOON, busy_tree, busy_worker, signal, workers};
use crate::run::{Ended, Running, wait_for};
use crate::sandbox::Sandbox;

/// Workers of a dead router are gone by then.
const ORPHANS_END_TIMEOUT: Duration = Duration::from_secs(2);

/// Small shards, so that several workers have several each.
const INDEX: &[&str] = &["index", "--json", "tree", "--max-shard-size", "1M"];

#[test]
fn a_killed_worker_is_replaced_and_its_work_done_again() {
    let sandbox = busy_tree();
    for workers in ["1", "2"] {
        let index = sandbox.nova(INDEX.iter().chain(&["--rebuild", "--workers", workers])).start();
        signal(busy_worker(&sandbox), "KILL");
        let report = index.end().code(0).json();
        assert_eq!(report["files"], BUSY_FILES);
        sandbox.assert_digest_like_clean();
    }
}

#[test]
fn a_worker_that_is_killed_before_it_has_connected_is_replaced() {
    let sandbox = busy_tree();
    let index = sandbox.nova(INDEX).start();
    let first = wait_for("a worker", SOON, || workers(&sandbox).first().copied());
    signal(first, "KILL");
    index.end().code(0);
    sandbox.assert_digest_like_clean();
}

#[test]
fn a_shard_that_loses_every_worker_is_given_up_by_name_and_built_the_next_time() {
    let sandbox = busy_tree();
    let mut index = sandbox.nova(INDEX).start();
    let mut killed = HashSet::new();
    while index.is_running() {
        for worker in workers(&sandbox) {
            if killed.insert(worker) {
                signal(worker, "KILL");
            }
        }
    }
    let failed = index.end().code(1);
    assert!(killed.len() > 1, "{killed:?}");
    failed.says(&["error: shard", "worker"]);
    sandbox.assert_digest_like_clean();
}

#[test]
fn a_killed_router_leaves_no_worker_and_the_next_run_clears_up() {
    let sandbox = busy_tree();
    for _ in 0..2 {
        let router = sandbox.nova(INDEX.iter().chain(&["--rebuild"])).start();
        busy_worker(&sandbox);
        signal(router.id(), "KILL");
        let ended = router.end();
        assert_eq!(ended.code, None);
        wait_for("the workers to end", ORPHANS_END_TIMEOUT, || {
            workers(&sandbox).is_empty().then_some(())
        });
        let runs = || {
            fs::read_dir(sandbox.cache())
                .unwrap()
                .flatten()
                .filter(|entry| entry.file_name().to_string_lossy().starts_with("run-"))
                .count()
        };
        assert_eq!(runs(), 1);
        sandbox.assert_digest_like_clean();
        assert_eq!(sandbox.leftovers(), [""; 0]);
    }
}

#[test]
fn a_killed_router_with_its_socket_elsewhere_is_cleared_up_too() {
    let sandbox = busy_tree();
    let deep = format!("deep/{}/{}", "d".repeat(100), "e".repeat(100));
    let run = || sandbox.nova_at_home(INDEX.iter().chain(&["--cache-dir", &deep]));
    let router = run().start();
    busy_worker(&sandbox);
    assert_eq!(fs::read_dir(sandbox.path("tmp")).unwrap().count(), 1);
    signal(router.id(), "KILL");
    router.end();
    wait_for("the workers to end", ORPHANS_END_TIMEOUT, || {
        workers(&sandbox).is_empty().then_some(())
    });
    let report = run().ok().json();
    assert_eq!(report["digest"], sandbox.index()["digest"]);
}

fn all_at_once(sandbox: &Sandbox, commands: &[&[&str]]) -> Vec<Ended> {
    let running: Vec<Running> = commands.iter().map(|args| sandbox.nova(*args).start()).collect();
    running.into_iter().map(|running| running.end().code(0)).collect()
}

#[test]
fn runs_at_the_same_moment_on_a_cold_workspace_are_all_right() {
    const LIMIT: &str = "24";
    const SEARCH: &[&str] = &["search", "field3077", "tree", "--json", "--limit", LIMIT];
    let sandbox = busy_tree();
    let digest = sandbox.clean_digest();
    for commands in [&[INDEX, INDEX][..], &[INDEX, SEARCH, SEARCH, INDEX]] {
        drop(fs::remove_dir_all(sandbox.cache()));
        for ended in all_at_once(&sandbox, commands) {
            match ended.stderr.is_empty() {
                true => assert_eq!(ended.json()["digest"], digest),
                // One in each of the files.
                false => assert_eq!(ended.names(), ["field3077"; BUSY_FILES], "{}", ended.stderr),
            }
        }
        sandbox.assert_digest_like_clean();
    }
}

#[test]
fn runs_at_the_same_moment_after_an_edit_are_all_right() {
    let sandbox = busy_tree();
    sandbox.index();
    for round in 0..3 {
        let name = format!("Edited{round}");
        sandbox.write("src/p/A0.java", format!("package p; class {name} {{}}"));
        let search: &[&str] = &["search", &name, "tree", "--json"];
        for ended in all_at_once(&sandbox, &[search, search, search]) {
            assert_eq!(ended.names(), [&name[..]], "{}", ended.stderr);
        }
    }
    sandbox.assert_digest_like_clean();
}

#[test]
fn rebuilds_at_the_same_moment_leave_a_right_index() {
    let sandbox = busy_tree();
    let rebuild: Vec<&str> = INDEX.iter().copied().chain(["--rebuild"]).collect();
    let digests = all_at_once(&sandbox, &[&rebuild, &rebuild, INDEX]);
    let digests: HashSet<String> =
        digests.iter().map(|ended| ended.json()["digest"].to_string()).collect();
    assert_eq!(digests.len(), 1);
    sandbox.assert_digest_like_clean();
}

#[test]
fn a_run_beside_a_rebuild_is_right_too() {
    let sandbox = Sandbox::new(&[]);
    for file in 0..100 {
        sandbox.write(format!("a/C{file}.java"), format!("package a; class C{file} {{ }}"));
    }
    sandbox.index();
    let rebuild: Vec<&str> = INDEX.iter().copied().chain(["--rebuild"]).collect();
    for round in 0..8 {
        let name = format!("Edited{round}");
        sandbox.write("a/C0.java", format!("package a; class {name} {{ }}"));
        let search: &[&str] = &["search", &name, "tree", "--json"];
        let ended = all_at_once(&sandbox, &[&rebuild, search]);
        assert!(ended[1].names().contains(&name), "in round {round}: {}", ended[1].stderr);
    }
    sandbox.assert_digest_like_clean();
}
