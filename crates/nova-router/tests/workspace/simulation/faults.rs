//! What befalls the workers and the disk, as the simulation has decreed it.
//!
//! At most one fault is in wait at a time, for a frame on any wire. What lasts, such as a full disk, is a state.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::dice::Dice;

/// Frames that a fault lets pass before it strikes, at most.
const SKIPPED_MAX: usize = 6;
/// A shorter delay than what the router takes for hanging.
const DELAY_SECONDS_MAX: usize = 8;
/// One more worker that is lost at the same shard may cost the shard.
const LOSSES_MAX: u32 = 2;

/// What a write meets with when there is no room.
const FULL: &str = "/dev/full";

/// What befalls a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The worker is gone, and the frame with it.
    Kill,
    /// A part of the frame arrives, and nothing more; the worker lives to see that.
    Cut,
    /// Nothing more arrives on this way, and nobody is told.
    Hang,
    /// It and all that follows it arrive so much later.
    Delay(Duration),
    /// It arrives twice.
    Repeat,
    /// The last answer comes once more before it.
    RepeatAnswer,
}

/// Where a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    ToWorker,
    ToRouter,
}

/// The faults of one sequence.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    waiting: Option<Waiting>,
    /// Workers that were, or will be, lost since it was quiet.
    losses: u32,
    /// Those of them that hang now.
    hanging: u32,
    is_disk_full: bool,
    /// Who needs the clock to stand still.
    pauses: u32,
}

#[derive(Debug)]
struct Waiting {
    fault: Fault,
    way: Way,
    skipped: usize,
}

impl Faults {
    /// Lies in wait with a fault, unless there is one.
    pub(super) fn lie_in_wait(&self, dice: &mut Dice) {
        let fault = match dice.below(9) {
            0 | 1 => Fault::Kill,
            2 => Fault::Cut,
            3 => Fault::Hang,
            4..=6 => Fault::Delay(Duration::from_secs(1 + dice.below(DELAY_SECONDS_MAX) as u64)),
            7 => Fault::Repeat,
            _ => Fault::RepeatAnswer,
        };
        let is_of_answers = matches!(fault, Fault::Repeat | Fault::RepeatAnswer);
        let way = if is_of_answers || dice.below(2) == 0 { Way::ToRouter } else { Way::ToWorker };
        let skipped = dice.below(SKIPPED_MAX + 1);
        let mut state = self.state();
        // What hangs after another was lost at the same file proves to the router that this file breaks workers.
        let losses_max = if fault == Fault::Hang { 1 } else { LOSSES_MAX };
        let is_loss = !matches!(fault, Fault::Delay(_));
        if state.waiting.is_none() && (!is_loss || state.losses < losses_max) {
            state.losses += u32::from(is_loss);
            state.waiting = Some(Waiting { fault, way, skipped });
        }
    }

    /// What befalls the frame that is next on a way.
    pub(super) fn next(&self, way: Way) -> Option<Fault> {
        let mut state = self.state();
        let waiting = state.waiting.as_mut().filter(|waiting| waiting.way == way)?;
        if waiting.skipped > 0 {
            waiting.skipped -= 1;
            return None;
        }
        state.waiting.take().map(|waiting| waiting.fault)
    }

    /// Nothing is in work any more: whoever is lost from now on was not lost at the same. But one that hangs, and was
    /// not needed meanwhile, is lost as soon as it is given something.
    pub(super) fn quiet(&self) {
        let mut state = self.state();
        (state.waiting, state.losses) = (None, state.hanging);
    }

    /// A worker hangs for as long as the guard lives.
    pub(super) fn hang(&self) -> Hanging {
        self.state().hanging += 1;
        Hanging { faults: self.clone(), _paused: self.pause_clock() }
    }

    /// From now on what is written finds no room, where it can be told where that will be.
    pub(super) fn fill_disk(&self) {
        self.state().is_disk_full = true;
    }

    pub(super) fn clear_disk(&self) {
        self.state().is_disk_full = false;
    }

    pub(super) fn is_disk_full(&self) -> bool {
        self.state().is_disk_full
    }

    /// A file of this name is about to be written.
    pub(super) fn about_to_write(&self, file: &Path) {
        if self.is_disk_full() && fs::symlink_metadata(file).is_err() {
            // Somebody may have been faster, and has found room.
            drop(symlink(FULL, file));
        }
    }

    /// Has the clock run on by itself when nobody has anything to do, for as long as the guard lives.
    pub(super) fn pause_clock(&self) -> PausedClock {
        let mut state = self.state();
        state.pauses += 1;
        if state.pauses == 1 {
            tokio::time::pause();
        }
        PausedClock(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// What takes long takes no time.
pub(super) struct PausedClock(Faults);

impl Drop for PausedClock {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.pauses -= 1;
        if state.pauses == 0 && tokio::runtime::Handle::try_current().is_ok() {
            tokio::time::resume();
        }
    }
}

/// A worker that hangs.
pub(super) struct Hanging {
    faults: Faults,
    _paused: PausedClock,
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.faults.state().hanging -= 1;
    }
}
