//! How much memory a worker may take.

use std::path::Path;

use super::loss::control_group;

/// A worker is given no less: a scan of one large file must fit.
pub const WORKER_MEMORY_BYTES_MIN: u64 = 64 << 20;

/// Workers together are given this part of the machine's memory, unless the command line says otherwise.
const MACHINE_SHARE: u64 = 2;

/// A worker that takes so many times its budget within one task is killed.
pub(super) const RUNAWAY_FACTOR: u64 = 2;

/// What each of so many workers may take by default; `None` where the platform does not tell how much
/// there is.
pub(super) fn budget_bytes(workers: usize) -> Option<u64> {
    Some(share(machine_bytes()?, workers))
}

fn share(machine_bytes: u64, workers: usize) -> u64 {
    let share = machine_bytes / MACHINE_SHARE / workers.max(1) as u64;
    share.max(4 * WORKER_MEMORY_BYTES_MIN)
}

/// The machine's memory, or what this process's control group may take of it.
fn machine_bytes() -> Option<u64> {
    let total = total_bytes(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    let limit = |group: &Path| {
        std::fs::read_to_string(group.join("memory.max")).ok()?.trim().parse::<u64>().ok()
    };
    let group = control_group();
    let limits = group.iter().flat_map(|group| group.ancestors()).filter_map(limit);
    Some(limits.fold(total, u64::min))
}

/// The line `MemTotal: 123 kB` of proc(5).
fn total_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_half_of_the_machine_and_have_enough_each() {
        assert_eq!(total_bytes("MemTotal:       24000 kB\nMemFree: 1 kB\n"), Some(24000 << 10));
        assert_eq!(share(16 << 30, 4), 2 << 30);
        assert_eq!(share(1 << 30, 64), 256 << 20);
    }
}
