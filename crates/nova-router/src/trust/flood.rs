//! How many refusals are written down: whoever is refused can come again as often as they like.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Refusals that are written down in each interval; the others are counted.
const REFUSALS_WRITTEN_MAX: u32 = 32;
/// How long such an interval is.
const REFUSALS_INTERVAL: Duration = Duration::from_secs(60);

/// Lets the first few refusals of each interval through.
#[derive(Debug, Default)]
pub(super) struct Flood(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    since: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl Flood {
    /// Whether one more refusal is to be written down.
    pub(super) fn admits(&self, now: Instant) -> bool {
        let mut state = self.state();
        if !state.is_within(now) {
            // What was left out before stays until it is asked for.
            (state.since, state.written) = (Some(now), 0);
        }
        let is_admitted = state.written < REFUSALS_WRITTEN_MAX;
        if is_admitted {
            state.written += 1;
        } else {
            state.left_out += 1;
        }
        is_admitted
    }

    /// How many were left out of an interval that is over, told once.
    pub(super) fn left_out(&self, now: Instant) -> Option<u64> {
        let mut state = self.state();
        if state.is_within(now) {
            return None;
        }
        Some(std::mem::take(&mut state.left_out)).filter(|count| *count > 0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_within(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.duration_since(since) < REFUSALS_INTERVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_a_few_lines_in_each_interval_and_a_count_of_the_others() {
        let (flood, start) = (Flood::default(), Instant::now());
        let admitted = |at: Instant| (0..1000).filter(|_| flood.admits(at)).count();
        assert_eq!(flood.left_out(start), None);
        assert_eq!(admitted(start), REFUSALS_WRITTEN_MAX as usize);
        assert_eq!(flood.left_out(start), None);
        let later = start + REFUSALS_INTERVAL;
        assert_eq!(flood.left_out(later), Some(1000 - u64::from(REFUSALS_WRITTEN_MAX)));
        assert_eq!(flood.left_out(later), None);
        assert_eq!(admitted(later), REFUSALS_WRITTEN_MAX as usize);
    }
}
