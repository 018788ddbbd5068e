//! The memory that a process takes, as proc(5) tells it. Other platforms do not tell.

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
    }
}
