//! Waiting between attempts: longer each time, and never twice the same.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(5);

/// The pauses of one who tries.
#[derive(Debug)]
pub(super) struct Backoff {
    attempts: u32,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { attempts: 0 }
    }

    /// Waits for half to all of a time that doubles with each attempt.
    pub(super) async fn wait(&mut self) {
        let pause = FIRST.saturating_mul(1 << self.attempts.min(16)).min(LONGEST);
        self.attempts += 1;
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_up_to_a_bound() {
        let mut backoff = Backoff::new();
        let mut last = Duration::ZERO;
        for _ in 0..30 {
            let before = tokio::time::Instant::now();
            backoff.wait().await;
            last = before.elapsed();
            assert!(last <= LONGEST + Duration::from_millis(2), "{last:?}");
        }
        assert!(last >= LONGEST / 2, "{last:?}");
    }
}
