//! The memory of a process and its children, watched through `/proc` while they run.

use std::collections::HashMap;
use std::fs;
use std::process::Command;
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
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let parent = u32::try_from(field("PPid:")?).ok()?;
        Some(Self { parent, resident_bytes: field("VmRSS:").unwrap_or(0) * 1024 })
    }
}
