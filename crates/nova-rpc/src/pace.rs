//! How fast a peer may send that this side does not trust to know measure.
//!
//! What was asked for is read later if it comes faster than this: the peer waits, and nothing is lost. What a
//! peer sends of its own accord (progress reports, pings) costs it next to nothing, and costs this side a wake-up each: who
//! sends more of that than any worker would is cut off.

use std::time::Duration;

use nova_protocol::frame::Kind;
use tokio::time::Instant;

use crate::closed::Closed;

/// Bytes that are read in a second: more than the fastest of usual networks carries.
const BYTES_PER_SECOND_MAX: u32 = 256 << 20;
/// Frames that are read in a second; full ones are over the bound above before.
const FRAMES_PER_SECOND_MAX: u32 = 20_000;
/// Reports and pings in a second. A worker at eight shards sends 160.
const REPORTS_PER_SECOND_MAX: u32 = 1_000;
/// Of what is read later so much may come at once.
const BURST: Duration = Duration::from_secs(1);
/// Of reports: this side may have been stopped itself, for as long as the peer's keepalive puts up with.
const REPORTS_BURST: Duration = Duration::from_secs(60);

/// What one peer has sent lately.
#[derive(Debug)]
pub(crate) struct Pace {
    bytes: Bucket,
    frames: Bucket,
    reports: Bucket,
}

impl Pace {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Bucket::new(BYTES_PER_SECOND_MAX, BURST),
            frames: Bucket::new(FRAMES_PER_SECOND_MAX, BURST),
            reports: Bucket::new(REPORTS_PER_SECOND_MAX, REPORTS_BURST),
        }
    }

    /// Counts bytes that were read.
    pub(crate) fn read(&mut self, bytes: usize) {
        self.bytes.add(bytes as f64);
    }

    /// Counts a frame; fails if the peer is to be cut off for it.
    pub(crate) fn receive(&mut self, kind: Kind) -> Result<(), Closed> {
        match kind {
            Kind::Progress | Kind::Ping | Kind::Pong => self.reports.add(1.0),
            Kind::Request | Kind::Response | Kind::Error | Kind::Cancel | Kind::Goodbye => {
                self.frames.add(1.0);
            }
        }
        match self.reports.excess() {
            None => Ok(()),
            Some(_) => Err(Closed::Flooded { per_second: REPORTS_PER_SECOND_MAX }),
        }
    }

    /// How long to read nothing.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.bytes.excess().max(self.frames.excess())
    }
}

/// Runs out at a steady rate, and may hold so much.
#[derive(Debug)]
struct Bucket {
    per_second: f64,
    holds: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    fn new(per_second: u32, burst: Duration) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, holds: per_second * burst.as_secs_f64(), level: 0.0, at: Instant::now() }
    }

    fn add(&mut self, amount: f64) {
        let now = Instant::now();
        let run_out = self.per_second * (now - self.at).as_secs_f64();
        self.level = (self.level - run_out).max(0.0) + amount;
        self.at = now;
    }

    /// How long it takes until it holds no more than it may.
    fn excess(&self) -> Option<Duration> {
        let over = self.level - self.holds;
        (over > 0.0).then(|| Duration::from_secs_f64(over / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_sends_what_was_asked_for_is_read_at_a_steady_rate() {
        let (mut pace, began) = (Pace::new(), Instant::now());
        const READ: usize = 64 << 10;
        for _ in 0..(5 * BYTES_PER_SECOND_MAX as usize) / READ {
            pace.read(READ);
            pace.receive(Kind::Response).unwrap();
            if let Some(pause) = pace.pause() {
                tokio::time::sleep(pause).await;
            }
        }
        let seconds = began.elapsed().as_secs_f64();
        // The first second's worth comes at once; each pause is rounded to a millisecond.
        assert!((4.0..9.0).contains(&seconds), "{seconds}");
        for _ in 0..10 * FRAMES_PER_SECOND_MAX {
            pace.receive(Kind::Response).unwrap();
        }
        assert!(pace.pause().unwrap() > Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn who_reports_as_often_as_a_worker_at_many_shards_is_not_cut_off() {
        let mut pace = Pace::new();
        for _ in 0..100_000 {
            pace.receive(Kind::Progress).unwrap();
            tokio::time::advance(Duration::from_secs(1) / 160).await;
        }
        // What was queued while this side was stopped.
        (0..160 * 60).for_each(|_| pace.receive(Kind::Progress).unwrap());
        let flooded = (0..100_000).find_map(|_| pace.receive(Kind::Ping).err());
        assert!(matches!(flooded, Some(Closed::Flooded { .. })), "{flooded:?}");
    }
}
