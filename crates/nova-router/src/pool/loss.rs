//! How a worker was lost, and whether what it was at is to blame.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use nova_worker::memory::control_group;

/// How a worker was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Loss {
    /// A signal of its own making ended it.
    Crashed(i32),
    /// Somebody sent it a signal.
    Killed(i32),
    /// The system ended it for want of memory.
    OutOfMemory,
    /// It had taken far more memory than its budget and was killed for that.
    OverBudget { resident_bytes: u64, budget_bytes: u64 },
    /// It did not get on for so long and was killed for that.
    Hung(Duration),
    /// The same, but somebody had stopped it.
    Stopped,
    /// It ended by itself.
    Ended(ExitStatus),
    /// Its connection ended, and there is no process to ask.
    Gone,
}

/// Whether what a worker was at is to blame for its loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// It is.
    Certain,
    /// It may be: so it is if that happens once more.
    Possible,
    /// It is not.
    None,
}

/// Signals that a process brings upon itself: ILL, TRAP, ABRT, BUS (7 or 10), FPE, SEGV, SYS (12 or 31).
const OWN_SIGNALS: &[i32] = &[4, 5, 6, 7, 8, 10, 11, 12, 31];
/// The signal that nobody can catch, and that the system sends for want of memory.
const KILL: i32 = 9;

impl Loss {
    /// Judges how a process ended that this router had not killed; `oom_kills` of before and of now.
    pub(super) fn of_process(status: ExitStatus, before: OomKills, now: OomKills) -> Self {
        match signal(status) {
            Some(KILL) => match now.exceeds(before) {
                Some(true) => Self::OutOfMemory,
                Some(false) => Self::Killed(KILL),
                None => Self::Gone,
            },
            Some(signal) if OWN_SIGNALS.contains(&signal) => Self::Crashed(signal),
            Some(signal) => Self::Killed(signal),
            None => Self::Ended(status),
        }
    }

    pub(super) fn blame(&self) -> Blame {
        match self {
            Self::Crashed(_) | Self::OutOfMemory | Self::OverBudget { .. } | Self::Hung(_) => {
                Blame::Certain
            }
            Self::Ended(_) | Self::Gone => Blame::Possible,
            Self::Killed(_) | Self::Stopped => Blame::None,
        }
    }

    /// Whether a file may be to blame at which the worker began with so much memory. A shard as a whole
    /// may go beyond the budget, too, and then it is not the file that happened to be the last.
    pub(super) fn fits(&self, resident_bytes_before: u64) -> bool {
        match self {
            Self::OverBudget { resident_bytes, budget_bytes } => {
                resident_bytes.saturating_sub(resident_bytes_before) >= *budget_bytes
            }
            _ => true,
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crashed(signal) | Self::Killed(signal) => {
                write!(f, "killed its worker ({})", signal_name(*signal))
            }
            Self::OutOfMemory => f.write_str("out of memory"),
            Self::OverBudget { resident_bytes, budget_bytes } => write!(
                f,
                "out of memory: its worker took {} MiB of {} (--worker-memory raises it)",
                resident_bytes >> 20,
                budget_bytes >> 20
            ),
            Self::Hung(bound) => write!(f, "hung for {} s", bound.as_secs_f64()),
            Self::Stopped => f.write_str("its worker was stopped"),
            Self::Ended(status) => write!(f, "ended its worker ({status})"),
            Self::Gone => f.write_str("lost its worker"),
        }
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        15 => "SIGTERM",
        _ if signal == BUS => "SIGBUS",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

const BUS: i32 = if cfg!(target_os = "linux") { 7 } else { 10 };

/// How many processes the system has killed for want of memory, as far as it tells: of this machine, and
/// of the control group that this process and its workers are in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct OomKills {
    machine: Option<u64>,
    group: Option<u64>,
}

impl OomKills {
    pub(super) fn now() -> Self {
        let count = |path: PathBuf| field(&std::fs::read_to_string(path).ok()?, "oom_kill");
        let group = control_group().map(|group| group.join("memory.events"));
        Self { machine: count(PathBuf::from("/proc/vmstat")), group: group.and_then(count) }
    }

    /// Whether there are more than before; `None` if nothing tells.
    fn exceeds(self, before: Self) -> Option<bool> {
        let more = |now: Option<u64>, before: Option<u64>| Some(now? > before?);
        match (more(self.machine, before.machine), more(self.group, before.group)) {
            (None, None) => None,
            (machine, group) => Some(machine == Some(true) || group == Some(true)),
        }
    }
}

/// The number in a line `name number`.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.trim().parse().ok()
}

/// Whether a process was stopped by a signal or a debugger: the state `T` or `t` of proc(5).
pub(super) fn is_stopped(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    matches!(state, Some('T' | 't'))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    const QUIET: OomKills = OomKills { machine: Some(3), group: None };

    fn of_signal(signal: i32, now: OomKills) -> Loss {
        Loss::of_process(ExitStatus::from_raw(signal), QUIET, now)
    }

    #[test]
    fn a_kill_is_for_want_of_memory_if_the_system_counted_one() {
        assert_eq!(of_signal(9, QUIET), Loss::Killed(9));
        let counted = OomKills { machine: Some(4), group: None };
        assert_eq!(of_signal(9, counted), Loss::OutOfMemory);
        assert_eq!(of_signal(9, OomKills::default()), Loss::Gone);
        assert_eq!(of_signal(15, counted), Loss::Killed(15));
    }

    #[test]
    fn a_file_is_to_blame_for_what_only_it_can_bring_about() {
        let blame = |status| Loss::of_process(ExitStatus::from_raw(status), QUIET, QUIET).blame();
        assert_eq!(blame(6), Blame::Certain);
        assert_eq!(blame(11), Blame::Certain);
        assert_eq!(blame(9), Blame::None);
        assert_eq!(blame(15), Blame::None);
        assert_eq!(blame(1 << 8), Blame::Possible);
    }

    #[test]
    fn a_file_that_took_little_is_not_to_blame_for_a_budget_that_was_used_up() {
        let loss = Loss::OverBudget { resident_bytes: 200, budget_bytes: 100 };
        assert!(loss.fits(90));
        assert!(!loss.fits(110));
    }

    #[test]
    fn the_counters_of_the_system_are_read() {
        assert_eq!(field("oom_kill 7\noom_kill_x 9\n", "oom_kill"), Some(7));
        assert_eq!(field("oom 7\n", "oom_kill"), None);
    }
}
