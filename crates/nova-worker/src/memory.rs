//! The memory that there is, and that a process takes, as proc(5) tells it. Other platforms do not tell.

use std::path::{Path, PathBuf};

/// Memory of one process in bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) resident_bytes: u64,
    pub(crate) resident_bytes_peak: u64,
}

/// The resident memory of a process; `None` where the platform does not tell, or if it is gone.
pub fn resident_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    Some(Memory::from_proc_status(&status).resident_bytes).filter(|&bytes| bytes > 0)
}

/// The machine's memory, or what this process's control group may take of it.
pub fn machine_bytes() -> Option<u64> {
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

/// The folder of this process's control group, of the second version.
pub fn control_group() -> Option<PathBuf> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(PathBuf::from("/sys/fs/cgroup").join(group))
}

impl Memory {
    /// Zeros where the platform does not tell.
    pub(crate) fn of_this_process() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self::from_proc_status(&status)
    }

    /// Reads the lines `VmRSS:  123 kB` and `VmHWM:` of proc(5).
    fn from_proc_status(status: &str) -> Self {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        };
        let bytes = |name| field(name).unwrap_or(0) * 1024;
        Self { resident_bytes: bytes("VmRSS:"), resident_bytes_peak: bytes("VmHWM:") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_proc_and_zero_without_it() {
        let status = "Name:\tnova\nVmHWM:\t    2000 kB\nVmRSS:\t    1000 kB\n";
        let expected = Memory { resident_bytes: 1_024_000, resident_bytes_peak: 2_048_000 };
        assert_eq!(Memory::from_proc_status(status), expected);
        assert_eq!(Memory::from_proc_status(""), Memory::default());
        assert_eq!(total_bytes("MemTotal:       24000 kB\nMemFree: 1 kB\n"), Some(24000 << 10));
    }
}
