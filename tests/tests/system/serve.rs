//! `nova serve` comes and goes: one at a time, and nothing is left of it.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::daemon::{Daemon, record, socket, wait_for_end};
use crate::processes::{SOON, busy_tree, busy_worker, is_alive, signal, workers};
use crate::run::{Running, wait_for};
use crate::sandbox::Sandbox;

/// What an interrupt takes at most.
const INTERRUPT_TIMEOUT: Duration = Duration::from_secs(1);

fn small() -> Sandbox {
    Sandbox::new(&[("a/A.java", "package a; class Alpha { int beta; }")])
}

#[test]
fn of_ten_that_start_at_once_exactly_one_stays() {
    let sandbox = small();
    for _ in 0..5 {
        let mut running: Vec<Running> =
            (0..10).map(|_| sandbox.nova(["serve", "tree"]).start()).collect();
        wait_for("nine to give up", SOON, || {
            (running.iter_mut().filter_map(|it| it.is_running().then_some(())).count() == 1)
                .then_some(())
        });
        let stays = running.iter_mut().position(Running::is_running).unwrap();
        let stays = running.remove(stays);
        let process = format!("process {}", stays.id());
        for ended in running {
            ended.end().code(1).says(&["running already", &process]);
        }
        assert_eq!(record(&sandbox).unwrap()["pid"], stays.id());
        sandbox.nova(["serve", "--stop", "tree"]).ok();
        stays.end().code(0);
        assert_eq!(sandbox.leftovers(), [""; 0]);
    }
}

#[test]
fn ten_that_start_in_the_background_at_once_are_one() {
    let sandbox = small();
    let detach = ["serve", "--detach", "--json", "tree"];
    let running: Vec<Running> = (0..10).map(|_| sandbox.nova(detach).start()).collect();
    let told: Vec<_> = running.into_iter().map(|it| it.end().code(0).json()).collect();
    let ids: HashSet<u64> = told.iter().map(|told| told["pid"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|told| told["started"] == true).count(), 1);
    let id = u32::try_from(*ids.iter().next().unwrap()).unwrap();
    assert!(is_alive(id));
    sandbox.nova(["serve", "--stop", "tree"]).ok();
    wait_for_end(id);
}

#[test]
fn in_the_background_it_goes_on_and_a_second_time_is_no_failure() {
    let sandbox = small();
    let first = sandbox.nova(["serve", "--detach", "--json", "tree"]).ok().json();
    let second = sandbox.nova(["serve", "--detach", "--json", "tree"]).ok().json();
    assert_eq!((&first["started"], &second["started"]), (&true.into(), &false.into()));
    assert_eq!(first["pid"], second["pid"]);
    assert_eq!(sandbox.found("Alpha"), ["Alpha"]);
    let status = sandbox.nova(["status", "--json", "tree"]).ok().json();
    assert_eq!(status["daemon"]["pid"], first["pid"]);
    sandbox.nova(["serve", "--stop", "tree"]).ok().says(&["ended"]);
    wait_for_end(u32::try_from(first["pid"].as_u64().unwrap()).unwrap());
    assert_eq!(workers(&sandbox), [0; 0]);
}

#[test]
fn one_that_cannot_start_in_the_background_says_why() {
    let sandbox = small();
    fs::create_dir(sandbox.cache()).unwrap();
    fs::write(sandbox.path("cache/mine.txt"), "mine").unwrap();
    let ended = sandbox.nova(["serve", "--detach", "tree"]).run().code(1);
    ended.says(&["holds other files"]);
    fs::remove_file(sandbox.path("cache/mine.txt")).unwrap();
    // The folder was looked at, and is good; the process that is started finds that it is not any more.
    sandbox.index();
    fs::create_dir(sandbox.path("cache/serve.lock")).unwrap();
    let ended = sandbox.nova(["serve", "--detach", "tree"]).run().code(1);
    ended.says(&["did not start", "serve.lock"]);
    fs::remove_dir(sandbox.path("cache/serve.lock")).unwrap();
    fs::remove_file(sandbox.path("cache/serve.log")).unwrap();
}

#[test]
fn a_killed_one_is_not_taken_for_alive_and_the_next_takes_its_place() {
    let sandbox = small();
    for _ in 0..3 {
        let daemon = Daemon::start(&sandbox);
        sandbox.nova(["search", "Alpha", "tree"]).ok();
        let socket = socket(&sandbox);
        assert_eq!(daemon.end_by("KILL").code, None);
        assert!(socket.exists() && record(&sandbox).is_some(), "it could not clear up");
        sandbox.write("a/B.java", "package a; class Gamma {}");
        assert_eq!(sandbox.found("Gamma"), ["Gamma"]);
        fs::remove_file(sandbox.file("a/B.java")).unwrap();
        let status = sandbox.nova(["status", "--json", "tree"]).ok().json();
        assert!(status["daemon"].is_null(), "{status}");
    }
    let daemon = Daemon::start(&sandbox);
    assert_eq!(sandbox.found("Alpha"), ["Alpha"]);
    daemon.stop();
}

#[test]
fn to_stop_a_killed_one_clears_up_after_it() {
    let sandbox = small();
    let daemon = Daemon::start(&sandbox);
    // While it starts a worker, its locks are held by that one as well, for a moment.
    sandbox.nova(["search", "Alpha", "tree"]).ok();
    daemon.end_by("KILL");
    sandbox.nova(["serve", "--stop", "tree"]).ok().says(&["no nova serve"]);
    assert_eq!(sandbox.leftovers(), [""; 0]);
}

#[test]
fn a_signal_ends_it_within_a_second_and_leaves_nothing() {
    for name in ["INT", "TERM"] {
        let sandbox = busy_tree();
        let daemon = Daemon::start(&sandbox);
        // In the midst of its work, with a worker that does not answer.
        signal(busy_worker(&sandbox), "STOP");
        let signalled = Instant::now();
        daemon.end_by(name).code(130);
        let took = signalled.elapsed();
        assert!(took < INTERRUPT_TIMEOUT, "it took {took:?}");
        assert_eq!(workers(&sandbox), [0; 0]);
        assert_eq!(sandbox.leftovers(), [""; 0]);
    }
}

#[test]
fn it_is_stopped_in_the_midst_of_its_work() {
    let sandbox = busy_tree();
    let daemon = Daemon::start(&sandbox);
    signal(busy_worker(&sandbox), "STOP");
    daemon.stop();
    assert_eq!(workers(&sandbox), [0; 0]);
}

#[test]
fn it_ends_when_nobody_asked_for_the_time_that_was_said() {
    let sandbox = small();
    let daemon = Daemon::start_with(&sandbox, &["--idle-timeout", "1s", "tree"]);
    // Somebody is there for longer than that.
    let stays = crate::daemon::connect(&sandbox);
    let came = Instant::now();
    wait_for("the time to pass", SOON, || {
        (came.elapsed() > Duration::from_millis(1500)).then_some(())
    });
    assert_eq!(sandbox.found("Alpha"), ["Alpha"]);
    assert!(is_alive(daemon.id()));
    drop(stays);
    wait_for_end(daemon.id());
    assert_eq!(sandbox.leftovers(), [""; 0]);
}

#[test]
fn its_cache_is_not_cleaned_away() {
    let sandbox = small();
    let daemon = Daemon::start(&sandbox);
    assert_eq!(sandbox.found("Alpha"), ["Alpha"]);
    sandbox.nova(["cache", "clean"]).run().code(1).says(&["nova serve --stop"]);
    daemon.stop();
    sandbox.nova(["cache", "clean"]).ok();
    assert!(!sandbox.cache().exists());
}

#[test]
fn one_whose_cache_folder_is_deleted_ends_and_leaves_the_next_one_alone() {
    let sandbox = small();
    let displaced = Daemon::start(&sandbox);
    assert_eq!(sandbox.found("Alpha"), ["Alpha"]);
    wait_for("the folder to be gone", SOON, || fs::remove_dir_all(sandbox.cache()).ok());
    let next = Daemon::start(&sandbox);
    displaced.end().code(1).says(&["cache folder was deleted"]);
    let status = sandbox.nova(["status", "--json", "tree"]).ok().json();
    assert_eq!(status["daemon"]["pid"], next.id());
    assert_eq!(sandbox.found("Alpha"), ["Alpha"]);
    next.stop();
}

#[test]
fn a_cache_folder_too_deep_for_a_socket_is_served_as_well() {
    let sandbox = small();
    let deep = format!("{}/cache", "deep/".repeat(30));
    let nova = |args: &[&str]| sandbox.nova_at_home(args.iter().chain(&["--cache-dir", &deep]));
    let told = nova(&["serve", "--detach", "--json", "tree"]).ok().json();
    assert_eq!(nova(&["search", "--json", "Alpha", "tree"]).ok().names(), ["Alpha"]);
    let status = nova(&["status", "--json", "tree"]).ok().json();
    assert_eq!(status["daemon"]["pid"], told["pid"]);
    nova(&["serve", "--stop", "tree"]).ok();
    wait_for_end(u32::try_from(told["pid"].as_u64().unwrap()).unwrap());
}

#[test]
fn its_socket_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = small();
    let daemon = Daemon::start(&sandbox);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let socket = socket(&sandbox);
    assert_eq!(mode(&socket), 0o600);
    assert_eq!(mode(socket.parent().unwrap()), 0o700);
    daemon.stop();
}
