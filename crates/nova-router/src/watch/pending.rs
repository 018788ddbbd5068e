//! What changed since it was last asked for, within a bound.

use std::collections::BTreeSet;

/// With more paths, looking at everything costs less than remembering them.
const PENDING_PATHS_MAX: usize = 1 << 16;

/// What changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Absolute paths; none if it is not complete.
    pub(crate) paths: BTreeSet<Vec<u8>>,
    /// Whether this is all. If not, anything may have changed.
    pub(crate) is_complete: bool,
}

impl Changes {
    /// That anything may have changed.
    pub(super) fn anything() -> Self {
        Self { paths: BTreeSet::new(), is_complete: false }
    }

    fn nothing() -> Self {
        Self { paths: BTreeSet::new(), is_complete: true }
    }

    /// Whether nothing has changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_complete && self.paths.is_empty()
    }
}

/// Changes that nobody has asked for yet.
///
/// ```text
///            add              add beyond the bound, or forget
/// Nothing ────────▶ Paths ─────────────────────────────────────▶ Anything ◀─ new
///    ▲                │ take                                        │ take
///    └────────────────┴─────────────────────────────────────────────┘
/// ```
#[derive(Debug)]
pub(super) struct Pending(Changes);

impl Pending {
    /// Before anything is watched anything may change unseen.
    pub(super) fn new() -> Self {
        Self(Changes::anything())
    }

    pub(super) fn add(&mut self, path: Vec<u8>) {
        if !self.0.is_complete {
            return;
        }
        self.0.paths.insert(path);
        if self.0.paths.len() > PENDING_PATHS_MAX {
            self.forget();
        }
    }

    /// From now on anything may have changed.
    pub(super) fn forget(&mut self) {
        self.0 = Changes::anything();
    }

    pub(super) fn take(&mut self) -> Changes {
        std::mem::replace(&mut self.0, Changes::nothing())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there are more paths than these, or anything may have changed.
    pub(super) fn exceeds(&self, paths: usize) -> bool {
        !self.0.is_complete || self.0.paths.len() > paths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_its_bound_it_holds_nothing_until_it_is_taken() {
        let mut pending = Pending::new();
        assert_eq!(pending.take(), Changes::anything());
        assert!(!pending.exceeds(0));
        for number in 0..PENDING_PATHS_MAX {
            pending.add(number.to_string().into_bytes());
            pending.add(number.to_string().into_bytes());
        }
        assert_eq!(pending.0.paths.len(), PENDING_PATHS_MAX);
        for number in 0..10 {
            pending.add(format!("one more {number}").into_bytes());
        }
        assert_eq!(pending.take(), Changes::anything());
        pending.add(b"/w/A.java".to_vec());
        let changes = pending.take();
        assert!(changes.is_complete);
        assert_eq!(changes.paths.len(), 1);
        assert!(pending.is_empty());
    }
}
