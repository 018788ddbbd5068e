//! Ctrl-C: within a second everything has ended, and nothing is left.

use std::time::{Duration, Instant};

use crate::processes::{busy_tree, busy_worker, signal, workers};
use crate::run::{Ended, Running};
use crate::sandbox::{Sandbox, large_class};

const INTERRUPT_TIMEOUT: Duration = Duration::from_secs(1);

#[track_caller]
fn interrupt(running: Running, name: &str) -> Ended {
    let interrupted = Instant::now();
    signal(running.id(), name);
    let ended = running.end().code(130);
    assert!(interrupted.elapsed() < INTERRUPT_TIMEOUT, "it took {:?}", interrupted.elapsed());
    ended
}

#[track_caller]
fn assert_nothing_left(sandbox: &Sandbox) {
    assert_eq!(workers(sandbox), [0; 0]);
    assert_eq!(sandbox.leftovers(), [""; 0]);
}

#[test]
fn an_index_run_stops_with_its_workers() {
    let sandbox = busy_tree();
    for name in ["INT", "TERM"] {
        let running = sandbox.nova(["index", "tree", "--rebuild"]).start();
        // A worker that does not answer must not keep the router waiting.
        signal(busy_worker(&sandbox), "STOP");
        let ended = interrupt(running, name);
        assert_eq!(ended.text(), "");
        assert_nothing_left(&sandbox);
    }
    sandbox.assert_digest_like_clean();
}

#[test]
fn a_search_stops_while_it_indexes() {
    let sandbox = busy_tree();
    let running = sandbox.nova(["search", "A", "tree"]).start();
    signal(busy_worker(&sandbox), "STOP");
    interrupt(running, "INT");
    assert_nothing_left(&sandbox);
    sandbox.assert_digest_like_clean();
}

#[test]
fn output_that_nobody_reads_does_not_hold_it_up() {
    let sandbox = Sandbox::new(&[("p/A.java", &large_class("p", "A", 5000))]);
    sandbox.index();
    let mut running = sandbox.nova(["export", "tree"]).start();
    let mut unread = running.take_stdout();
    std::io::Read::read_exact(&mut unread, &mut [0; 1]).unwrap();
    interrupt(running, "INT");
    assert_nothing_left(&sandbox);
}

#[test]
fn an_export_to_a_file_leaves_no_half_of_it() {
    let sandbox = busy_tree();
    let running = sandbox.nova(["export", "-o", "tags", "--format", "ctags", "tree"]).start();
    signal(busy_worker(&sandbox), "STOP");
    interrupt(running, "INT");
    assert!(!sandbox.path("tags").exists());
    assert_nothing_left(&sandbox);
}
