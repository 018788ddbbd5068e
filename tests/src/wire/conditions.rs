//! How bad a wire is, and when what is sent over it arrives.

use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

/// What TCP loses at a time, over Ethernet.
const SEGMENT_BYTES: usize = 1448;
/// How much later a lost segment arrives, and with it all that was sent after it: as if each loss were noticed by the
/// sender's time-out alone, of which 200 ms is the least on Linux.
const RETRANSMISSION: Range<Duration> = Duration::from_millis(200)..Duration::from_millis(400);
/// What a sender that was held up may catch up with, so that sleeping too long costs no bandwidth.
const BURST: Duration = Duration::from_millis(5);

/// How bad a wire is, each way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// How long a byte is under way.
    pub latency: Duration,
    /// Bytes that pass in a second; any number if nothing is said.
    pub bytes_per_second: Option<u64>,
    /// What is lost.
    pub loss: Loss,
}

/// What a wire loses. TCP sends it again, so that both ends see pauses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Loss {
    /// Segments of a thousand that are lost.
    pub per_mille: u64,
    /// Which ones, and how long they take, is drawn from this.
    pub seed: u64,
}

/// One direction of a connection.
#[derive(Debug)]
pub(super) struct Sending {
    conditions: Conditions,
    random: u64,
    /// When the wire takes the next byte.
    free_at: Instant,
    /// What is sent arrives no earlier than what was sent before.
    arrived_at: Instant,
}

impl Sending {
    pub(super) fn new(conditions: Conditions, number: u64) -> Self {
        let random = conditions.loss.seed.wrapping_add(number << 32);
        let now = Instant::now();
        Self { conditions, random, free_at: now, arrived_at: now }
    }

    /// Waits until the wire has taken all bytes; answers when they arrive.
    pub(super) fn send<'b>(&mut self, bytes: &'b [u8]) -> Vec<(&'b [u8], Instant)> {
        let Conditions { latency, bytes_per_second, loss } = self.conditions;
        let now = Instant::now();
        let mut sent_at = now;
        if let Some(rate) = bytes_per_second {
            let takes = Duration::from_secs_f64(bytes.len() as f64 / rate as f64);
            let earliest = now.checked_sub(BURST).unwrap_or(now);
            self.free_at = self.free_at.max(earliest) + takes;
            thread::sleep(self.free_at.saturating_duration_since(now));
            sent_at = self.free_at.max(now);
        }
        self.arrived_at = self.arrived_at.max(sent_at + latency);
        if loss.per_mille == 0 {
            return vec![(bytes, self.arrived_at)];
        }
        let segments = bytes.chunks(SEGMENT_BYTES);
        segments
            .map(|segment| {
                if self.draw(1000) < loss.per_mille {
                    let pause = self.draw_pause();
                    self.arrived_at = self.arrived_at.max(sent_at + latency + pause);
                }
                (segment, self.arrived_at)
            })
            .collect()
    }

    fn draw_pause(&mut self) -> Duration {
        let range = (RETRANSMISSION.end - RETRANSMISSION.start).as_micros() as u64;
        RETRANSMISSION.start + Duration::from_micros(self.draw(range))
    }

    /// A number below this one, by SplitMix64.
    fn draw(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_segment_delays_all_that_follows_and_the_seed_says_which() {
        let loss = Loss { per_mille: 10, seed: 7 };
        let conditions = Conditions { loss, ..Conditions::default() };
        let bytes = vec![0; 1000 * SEGMENT_BYTES];
        let pauses = |number| {
            let sent = Sending::new(conditions, number).send(&bytes).into_iter();
            let times: Vec<Instant> = sent.map(|(_, arrives_at)| arrives_at).collect();
            assert!(times.is_sorted());
            let later = times.windows(2).enumerate().filter(|(_, pair)| pair[0] < pair[1]);
            later.map(|(at, pair)| (at, pair[1] - pair[0])).collect::<Vec<_>>()
        };
        assert!(!pauses(1).is_empty());
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }

    #[test]
    fn no_more_passes_than_the_wire_takes() {
        let conditions = Conditions { bytes_per_second: Some(10 << 20), ..Conditions::default() };
        let mut sending = Sending::new(conditions, 0);
        let started = Instant::now();
        for _ in 0..32 {
            sending.send(&[0; 32 << 10]);
        }
        assert!(started.elapsed() > Duration::from_millis(90), "{:?}", started.elapsed());
    }
}
