//! What an input made its target do, in short: whatever does something new is worth changing further.
//!
//! This takes the place of coverage, which the stable toolchain does not tell a running program.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::discriminant;

/// The steps that a target took, each with the one before it.
#[derive(Default)]
pub(crate) struct Trace {
    last: u64,
    steps: Vec<u64>,
}

impl Trace {
    pub(crate) fn note(&mut self, what: impl Hash) {
        let mut step = DefaultHasher::new();
        what.hash(&mut step);
        let step = step.finish();
        self.steps.push(step ^ self.last.rotate_left(1));
        self.last = step;
    }

    /// Which alternative it was, and not what was in it.
    pub(crate) fn note_kind<T>(&mut self, what: &T) {
        self.note(discriminant(what));
    }

    /// About how many: else each number would be something new.
    pub(crate) fn note_count(&mut self, count: usize) {
        self.note(usize::BITS - count.leading_zeros());
    }

    pub(crate) fn steps(&self) -> &[u64] {
        &self.steps
    }
}
