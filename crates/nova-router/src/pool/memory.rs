//! How much memory a worker may take.

use nova_worker::memory::machine_bytes;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_half_of_the_machine_and_have_enough_each() {
        assert_eq!(share(16 << 30, 4), 2 << 30);
        assert_eq!(share(1 << 30, 64), 256 << 20);
    }
}
