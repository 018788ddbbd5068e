//! The memory of this process, or of another and its children, watched through `/proc` while they
//! run.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::ensure;

/// How often the processes are looked at.
const INTERVAL: Duration = Duration::from_millis(1);

/// Runs a command and answers the most that it and its children had resident together, in bytes:
/// mapped files included, and pages that they share counted in each of them.
pub fn peak_resident_bytes(command: &mut Command) -> anyhow::Result<u64> {
    let mut child = command.spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(resident_bytes_of_tree(child.id()));
        std::thread::sleep(INTERVAL);
    }
    ensure!(child.wait()?.success(), "the command failed");
    Ok(peak)
}

/// What a process has resident, mapped files included, in bytes; `None` if there is no such process.
pub fn resident_bytes(process: u32) -> Option<u64> {
    field(&process.to_string(), "VmRSS:").map(|kibibytes| kibibytes * 1024)
}

/// What this process has resident that is not a part of a file: its heap and its stacks, in bytes.
pub fn anonymous_bytes() -> u64 {
    field("self", "RssAnon:").unwrap_or(0) * 1024
}

/// Watches this process's anonymous memory from a thread of its own.
pub struct Anonymous {
    before: u64,
    peak: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    watcher: JoinHandle<()>,
}

impl Anonymous {
    /// Begins to watch.
    pub fn watch() -> Self {
        let (peak, is_over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let watcher = std::thread::spawn({
            let (peak, is_over) = (Arc::clone(&peak), Arc::clone(&is_over));
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    peak.fetch_max(anonymous_bytes(), Ordering::Relaxed);
                    std::thread::sleep(INTERVAL);
                }
            }
        });
        Self { before: anonymous_bytes(), peak, is_over, watcher }
    }

    /// Ends it. How much more there was at times than at the beginning.
    pub fn growth_bytes(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.watcher.join().expect("the watcher only reads numbers");
        self.peak.load(Ordering::Relaxed).saturating_sub(self.before)
    }
}

fn resident_bytes_of_tree(root: u32) -> u64 {
    let processes: HashMap<u32, Process> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, Process::read(pid)?)))
        .collect();
    let is_of_tree = |pid: u32| {
        let parent = |pid: &u32| processes.get(pid).map(|process| process.parent);
        std::iter::successors(Some(pid), parent).take(processes.len()).any(|pid| pid == root)
    };
    let tree = processes.iter().filter(|(pid, _)| is_of_tree(**pid));
    tree.map(|(_, process)| process.resident_bytes).sum()
}

struct Process {
    parent: u32,
    resident_bytes: u64,
}

impl Process {
    /// Reads the lines `PPid:` and `VmRSS:` of proc(5).
    fn read(pid: u32) -> Option<Self> {
        let pid = pid.to_string();
        let parent = u32::try_from(field(&pid, "PPid:")?).ok()?;
        Some(Self { parent, resident_bytes: field(&pid, "VmRSS:").unwrap_or(0) * 1024 })
    }
}

/// The number behind this word in a process's status.
fn field(process: &str, name: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
