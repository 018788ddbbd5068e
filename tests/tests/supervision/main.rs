//! What lives on when something dies: a router whose workers hang, are stopped or killed, or take too much;
//! editors whose router is killed.
//!
//! Of the first the router is in this process, with less patience than the command line has; its workers are
//! real ones.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

mod editors;
mod fixture;
#[path = "../system/programs.rs"]
mod programs;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use fixture::{Fixture, PATIENCE, patient, signal, wait_for};
use nova_router::{Launch, Supervision};

const HANG: &str = "package p; class Hang {} // nova-fault: hang\n";

/// Files that keep a worker busy for a moment, in several shards.
fn busy_tree() -> Fixture {
    let fixture = Fixture::new(&[]);
    for package in ["p", "q", "r", "s"] {
        let members: String =
            (0..3000).map(|i| format!("int f{i}; int m{i}(int a) {{ return a; }}\n")).collect();
        for file in 0..5 {
            let text = format!("package {package}; class A{file} {{ {members} }}");
            fixture.write(&format!("{package}/A{file}.java"), &text);
        }
    }
    fixture
}

#[tokio::test]
async fn a_file_at_which_its_worker_hangs_is_found_within_three_restarts() {
    let fixture = Fixture::new(&[
        ("p/A.java", "package p; class A {}"),
        ("p/Hang.java", HANG),
        ("p/Z.java", "package p; class Z {}"),
    ]);
    let workspace = fixture.workspace(1, PATIENCE);
    let report = fixture.index(&workspace).await;
    assert_eq!(report.skipped.len(), 1);
    assert_eq!(report.skipped[0].reason, "quarantined: hung for 0.8 s");
    assert_eq!(workspace.contents().files, 2);
    assert!(report.workers <= 4, "{} restarts", report.workers - 1);
    assert_eq!(fixture.index(&fixture.workspace(1, PATIENCE)).await.workers, 0);
}

#[tokio::test]
async fn a_stopped_worker_is_replaced_and_no_file_is_blamed() {
    let fixture = busy_tree();
    let workspace = fixture.workspace(1, PATIENCE);
    let running = fixture.start_index(&workspace);
    let worker = fixture.busy_worker().await;
    signal(worker, "STOP");
    let report = running.await.unwrap();
    assert_eq!((report.failed, report.skipped), (vec![], vec![]));
    assert_eq!((workspace.contents().files, report.workers), (20, 2));
    wait_for("the stopped one to end", || (!fixture.workers().contains(&worker)).then_some(()))
        .await;
}

#[tokio::test]
async fn workers_that_are_killed_at_random_moments_leave_no_trace() {
    let seed = std::env::var("NOVA_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("NOVA_TEST_SEED={seed}");
    let mut random = seed;
    let mut draw = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) % below
    };
    let clean = busy_tree();
    let workspace = clean.workspace(2, patient());
    clean.index(&workspace).await;
    let digest = workspace.contents().digest;
    for _ in 0..6 {
        let fixture = busy_tree();
        let workspace = fixture.workspace(2, patient());
        let running = fixture.start_index(&workspace);
        wait_for("a worker", || fixture.workers().first().copied()).await;
        for _ in 0..2 {
            let moment = Instant::now() + Duration::from_millis(draw(40));
            wait_for("the moment", || (Instant::now() >= moment).then_some(())).await;
            // One at a time: a shard that three workers were lost at is given up.
            fixture.workers().first().into_iter().for_each(|worker| signal(*worker, "KILL"));
        }
        let report = running.await.unwrap();
        assert_eq!((report.failed, report.skipped), (vec![], vec![]));
        assert_eq!(workspace.contents().digest, digest);
    }
}

#[tokio::test]
async fn workers_that_others_kill_blame_no_file_and_after_three_the_shard_is_given_up() {
    let fixture = Fixture::new(&[("p/Hang.java", HANG)]);
    let workspace = fixture.workspace(1, patient());
    let running = fixture.start_index(&workspace);
    for _ in 0..3 {
        fixture.busy_with_a_shard(&workspace).await;
        let killed = fixture.workers();
        killed.iter().for_each(|&worker| signal(worker, "KILL"));
        wait_for("the worker to end", || {
            fixture.workers().iter().all(|worker| !killed.contains(worker)).then_some(())
        })
        .await;
    }
    let report = running.await.unwrap();
    assert_eq!((report.failed.len(), report.skipped), (1, vec![]));
    assert!(report.failed[0].reason.contains("SIGKILL"), "{}", report.failed[0].reason);
    assert!(workspace.status().unwrap().unwrap().quarantined.is_empty());
}

#[tokio::test]
async fn an_edit_goes_through_while_the_only_worker_is_at_a_shard() {
    let fixture = Fixture::new(&[("p/A.java", "package p;\nclass Target {}")]);
    let workspace = fixture.workspace(1, patient());
    fixture.index(&workspace).await;
    fixture.write("q/Hang.java", HANG);
    let running = fixture.start_index(&workspace);
    fixture.busy_with_a_shard(&workspace).await;
    fixture.write("p/A.java", "package p;\n\n\nclass Target { int more; }");
    assert_eq!(fixture.lines(&workspace, "Target").await, [3]);
    assert_eq!((workspace.workers(), running.is_finished()), (1, false));
    running.abort();
}

#[tokio::test]
async fn an_edit_is_served_soon_after_every_worker_was_killed() {
    const SOON: Duration = Duration::from_millis(500);
    let fixture = Fixture::new(&[("p/A.java", "package p;\nclass Target {}")]);
    let workspace = fixture.workspace(2, patient());
    fixture.index(&workspace).await;
    for line in 2..5 {
        fixture.write("p/A.java", &format!("package p;{}class Target {{}}", "\n".repeat(line)));
        let killed = Instant::now();
        fixture.workers().into_iter().for_each(|worker| signal(worker, "KILL"));
        assert_eq!(fixture.lines(&workspace, "Target").await, [line as u32]);
        assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
    }
}

#[tokio::test]
async fn an_edit_at_which_workers_hang_hides_its_file_and_nothing_else() {
    let fixture = Fixture::new(&[
        ("p/Hang.java", "package p; class Hang {}"),
        ("p/Other.java", "package p; class Other {}"),
    ]);
    let workspace = fixture.workspace(1, PATIENCE);
    fixture.index(&workspace).await;
    fixture.write("p/Hang.java", HANG);
    assert_eq!(fixture.lines(&workspace, "Hang").await, [0; 0]);
    assert_eq!(fixture.lines(&workspace, "Other").await, [0]);
    let status = workspace.status().unwrap().unwrap();
    assert_eq!(status.quarantined[0].reason, "hung for 0.5 s");
    fixture.write("p/Hang.java", "package p; class Hang { }");
    fixture.index(&workspace).await;
    assert_eq!(fixture.lines(&workspace, "Hang").await, [0]);
    assert!(workspace.status().unwrap().unwrap().quarantined.is_empty());
}

#[tokio::test]
async fn a_worker_that_keeps_too_much_memory_is_replaced_between_two_shards() {
    let measured = busy_tree();
    let workspace = measured.workspace(1, patient());
    let stats = measured.index(&workspace).await.worker_stats;
    let resident_bytes = stats[0].stats.resident_bytes;
    let fixture = busy_tree();
    // More than it has when it begins with a shard, and less than twice as much as it has ever.
    let supervision = Supervision { memory_bytes: Some(resident_bytes * 3 / 5), ..patient() };
    let workspace = fixture.workspace(1, supervision);
    let report = fixture.index(&workspace).await;
    assert_eq!((report.failed, report.skipped), (vec![], vec![]));
    assert!(report.workers > 1, "of {resident_bytes} bytes");
    assert_eq!(workspace.contents().files, 20);
}

/// More than a tick of the clock that files are stamped by.
const STAMPS_SETTLE_TIME: Duration = Duration::from_millis(100);

/// Starts a worker for whose first shard there is no room: the device on which there is never any stands where
/// that is to be written.
const WITHOUT_ROOM: &str = r#"
for run in "$NOVA_TEST_CACHE"/run-*; do ln -s /dev/full "$run/shard_0.0.bin"; done
exec "$0" "$@"
"#;

#[tokio::test]
async fn without_room_for_a_shard_the_old_one_is_served_and_the_next_run_makes_it_good() {
    let fixture = Fixture::new(&[
        ("p/A.java", "package p;\nclass Target {}"),
        ("p/B.java", "package p;\nclass Other {}"),
    ]);
    // A file that was just written would be read again together with what changed.
    let written = Instant::now();
    wait_for("the stamps", || (written.elapsed() > STAMPS_SETTLE_TIME).then_some(())).await;
    fixture.index(&fixture.workspace(1, patient())).await;
    fixture.write("p/A.java", "package p;\n\n\nclass Target { int more; }");
    let worker = programs::programs().nova_worker.clone().into_os_string();
    let script = WITHOUT_ROOM.replace("$NOVA_TEST_CACHE", fixture.cache().to_str().unwrap());
    let arguments = vec!["-c".into(), script.into(), worker];
    let launch = Launch::Process { executable: PathBuf::from("/bin/sh"), arguments };
    let workspace = fixture.workspace_with(1, patient(), launch);
    let report = fixture.index(&workspace).await;
    let reason = &report.failed[0].reason;
    assert!(reason.contains("cannot write") && reason.contains("No space left"), "{reason}");
    assert_eq!(fixture.lines(&workspace, "Other").await, [1]);
    assert_eq!(fixture.lines(&workspace, "Target").await, [0; 0]);
    assert_eq!(fixture.index(&workspace).await.failed, []);
    assert_eq!(fixture.lines(&workspace, "Target").await, [3]);
}

#[tokio::test]
async fn a_program_that_cannot_be_a_worker_fails_every_shard_for_one_reason() {
    let fixture = busy_tree();
    let launch = Launch::Process { executable: PathBuf::from("/nowhere/nova"), arguments: vec![] };
    let workspace = fixture.workspace_with(2, patient(), launch);
    for _ in 0..2 {
        let report = fixture.index(&workspace).await;
        assert!(report.failed.len() > 1);
        let reason = &report.failed[0].reason;
        assert!(reason.contains("cannot start a worker from /nowhere/nova"), "{reason}");
        assert!(report.failed.iter().all(|failed| failed.reason == *reason));
    }
}
