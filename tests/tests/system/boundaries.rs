//! Whatever befalls a worker elsewhere, its router or the wire between them, after whichever frame: the end is that of
//! a clean index.
//!
//! The wire is in the clear, so that it sees where frames end. A conversation has as many boundaries, each way, as it
//! has frames; some of them are tried, or with `NOVA_TEST_BOUNDARIES=all` every one.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use nova_tests::wire::{WAYS, Way, Wire};
use serde_json::Value;

use crate::network::free_port;
use crate::processes::{SOON, signal};
use crate::run::{Run, Running, wait_for};
use crate::sandbox::{Sandbox, assert_same, large_class, sorted_lines, unpackable_class};

/// How many boundaries are tried unless all are.
const TRIED: usize = 16;
const TOKEN: &[&str] = &["--auth-token-file", "token"];
const SMALL_SHARDS: &[&str] = &["--max-shard-size", "1K", "tree"];

/// A router and a worker that have only a wire between them.
struct Pair {
    sandbox: Sandbox,
    port: u16,
    wire: Wire,
    /// What a clean index is: its symbols and its digest.
    clean: (Vec<String>, Value),
}

impl Pair {
    /// Two shards, one of them with two texts, the other with one that takes several frames.
    fn new() -> Self {
        let sandbox = Sandbox::new(&[]);
        for name in ["A", "B"] {
            sandbox.write(format!("src/p/{name}.java"), large_class("p", name, 8));
        }
        sandbox.write("src/q/A.java", unpackable_class("q", "A", 15_000));
        fs::write(sandbox.path("token"), "open sesame").unwrap();
        let clean = sandbox.in_clean_cache(|nova| {
            let small = &SMALL_SHARDS[..2];
            let digest =
                nova(&[&["index", "--json"], small].concat()).ok().json()["digest"].clone();
            (sorted_lines(&nova(&[&["export"], small].concat()).ok().text()), digest)
        });
        let port = free_port();
        let wire = Wire::new(port).unwrap();
        Self { sandbox, port, wire, clean }
    }

    fn router(&self) -> Run {
        let listen = format!("tcp:127.0.0.1:{}", self.port);
        let index = ["index", "--json", "--workers", "0", "--listen", &listen];
        self.sandbox.nova(index.iter().chain(TOKEN).chain(SMALL_SHARDS))
    }

    fn worker(&self) -> Run {
        let endpoint = format!("tcp:127.0.0.1:{}", self.wire.port);
        let connect = ["--connect", &endpoint, "--cache-dir", "store"];
        self.sandbox.nova_worker(connect.iter().chain(TOKEN))
    }

    /// Nothing is indexed, and the worker has no text.
    fn forget(&self) {
        for folder in ["cache", "store"] {
            drop(fs::remove_dir_all(self.sandbox.path(folder)));
        }
    }

    #[track_caller]
    fn assert_like_clean(&self, router: Running, context: &str) {
        let report = router.end().code(0).json();
        assert_eq!(report["digest"], self.clean.1, "{context}: {report}");
        let export = ["export"].iter().chain(SMALL_SHARDS);
        let symbols = sorted_lines(&self.sandbox.nova(export).ok().text());
        assert_same(&symbols, &self.clean.0);
    }

    /// Every boundary of a conversation that nothing befalls: after none of the frames one way, after the first one, ...
    fn boundaries(&self) -> Vec<(Way, u64)> {
        let router = self.router().start();
        let _worker = self.worker().start();
        self.assert_like_clean(router, "nothing befell it");
        let frames = self.wire.frames();
        WAYS.into_iter()
            .flat_map(|way| (0..=frames[way as usize]).map(move |frame| (way, frame)))
            .collect()
    }

    /// Has something befall each boundary that is tried; it answers whether the boundary was reached.
    fn check(&self, befall: impl Fn(&Self, Way, u64, &str) -> bool) {
        let all = self.boundaries();
        let is_all = std::env::var("NOVA_TEST_BOUNDARIES").is_ok_and(|it| it == "all");
        let step = if is_all { 1 } else { all.len().div_ceil(TRIED) };
        let seed = std::env::var("NOVA_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos() as usize;
        let seed = seed.unwrap_or_else(now);
        let tried: Vec<_> = all.iter().skip(seed % step).step_by(step).collect();
        eprintln!("NOVA_TEST_SEED={seed}");
        let mut missed = 0;
        for &&(way, frame) in &tried {
            let context = format!("after {frame} frames {way:?}");
            self.forget();
            // A worker that is faster says less of its progress.
            missed += usize::from(!befall(self, way, frame, &context));
        }
        let tried = tried.len();
        eprintln!("{tried} of {} boundaries, {missed} not reached", all.len());
        assert!(missed <= 1 + tried / 4);
    }

    /// Waits for the cut; answers whether it comes, or the router is done first.
    #[track_caller]
    fn wait_for_cut(&self, router: &mut Running) -> bool {
        wait_for("the cut", SOON, || {
            let is_done = !router.is_running() && self.wire.leave_whole();
            (is_done || self.wire.was_cut()).then_some(!is_done)
        })
    }
}

#[test]
fn a_wire_that_is_cut_after_any_frame_leaves_no_trace() {
    Pair::new().check(|pair, way, frame, context| {
        let router = pair.router().start();
        pair.wire.after_frames(way, frame, || {});
        let _worker = pair.worker().start();
        pair.assert_like_clean(router, context);
        !pair.wire.leave_whole()
    });
}

#[test]
fn a_worker_that_is_killed_after_any_frame_leaves_no_trace() {
    Pair::new().check(|pair, way, frame, context| {
        // It waits for the router.
        let worker = pair.worker().start();
        let id = worker.id();
        pair.wire.after_frames(way, frame, move || signal(id, "KILL"));
        let mut router = pair.router().start();
        let was_cut = pair.wait_for_cut(&mut router);
        let _next = was_cut.then(|| {
            worker.end();
            pair.worker().start()
        });
        pair.assert_like_clean(router, context);
        was_cut
    });
}

#[test]
fn a_router_that_is_killed_after_any_frame_leaves_no_trace() {
    let pair = Pair::new();
    pair.check(|pair, way, frame, context| {
        let mut router = pair.router().start();
        let id = router.id();
        pair.wire.after_frames(way, frame, move || signal(id, "KILL"));
        let _worker = pair.worker().start();
        let was_cut = pair.wait_for_cut(&mut router);
        if was_cut {
            router.end();
            router = pair.router().start();
        }
        pair.assert_like_clean(router, context);
        was_cut
    });
    // A run that has nothing to write leaves the folder of one that was killed to the next that has.
    pair.sandbox.write("src/p/C.java", "package p; class C {}");
    pair.sandbox.nova(["index"].iter().chain(SMALL_SHARDS)).ok();
}
