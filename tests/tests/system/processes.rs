//! The processes of a test, found in `/proc`, and the signals that befall them.

use std::collections::HashSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::run::wait_for;
use crate::sandbox::{Sandbox, large_class};

/// How long something that happens at once may take on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The worker processes that serve the sandbox's cache.
pub(crate) fn workers(sandbox: &Sandbox) -> Vec<u32> {
    let cache = sandbox.path("").into_os_string().into_encoded_bytes();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| {
        let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        let contains = |part: &[u8]| arguments.windows(part.len()).any(|window| window == part);
        contains(b"--connect") && contains(&cache)
    })
    .collect()
}

/// Waits for a worker that has begun to read sources.
#[track_caller]
pub(crate) fn busy_worker(sandbox: &Sandbox) -> u32 {
    wait_for("a worker that reads", SOON, || {
        workers(sandbox).into_iter().find(|&id| bytes_read(id) > 256 << 10)
    })
}

fn bytes_read(id: u32) -> u64 {
    let counts = fs::read_to_string(format!("/proc/{id}/io")).unwrap_or_default();
    let read = counts.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.and_then(|read| read.parse().ok()).unwrap_or(0)
}

/// Sends a signal, such as `KILL`; a process that is gone does not mind.
pub(crate) fn signal(id: u32, name: &str) {
    let kill = Command::new("sh").arg("-c").arg(format!("kill -{name} {id} 2>&1")).output();
    kill.expect("a shell can be started");
}

/// Whether a process is there and has not ended, waited for or not.
pub(crate) fn is_alive(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    state.is_some_and(|state| !"ZX".contains(state))
}

/// Whether a command has connected to somebody. It has a pair of sockets of its own, for signals.
pub(crate) fn has_connected(id: u32) -> bool {
    let files = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    let sockets = targets.filter(|target| target.to_string_lossy().starts_with("socket:"));
    sockets.collect::<HashSet<_>>().len() > 2
}

/// How many files a busy tree has.
pub(crate) const BUSY_FILES: usize = 24;

/// A tree that keeps workers busy for a moment.
pub(crate) fn busy_tree() -> Sandbox {
    let sandbox = Sandbox::new(&[]);
    for package in ["p", "q", "r", "s"] {
        let text = large_class(package, "A", 4000);
        for file in 0..BUSY_FILES / 4 {
            sandbox.write(format!("src/{package}/A{file}.java"), &text);
        }
    }
    sandbox
}
