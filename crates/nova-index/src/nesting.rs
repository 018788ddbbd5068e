//! How types enclose symbols: what holds of a file's symbols in source order.
//!
//! A type's members begin right after it. So at any symbol the types that can enclose it are those
//! that enclose the one before, and that one itself; and the parents that are written down for all
//! symbols can be checked in one pass.

use thiserror::Error;

/// Types around a symbol: a file that nests deeper is skipped, as a container's length, and with it
/// that of an export, would grow with the square of the source.
pub const TYPE_NESTING_MAX: usize = 255;

/// The types that enclose a symbol, from the outside in.
#[derive(Default)]
pub(crate) struct Nesting {
    open: Vec<u32>,
}

/// Why symbols cannot lie in each other like this.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum NestingError {
    #[error("types nested more than {TYPE_NESTING_MAX} deep")]
    TooDeep,
    #[error("a member that does not follow its type")]
    Misplaced,
}

impl Nesting {
    /// Goes on to a symbol. Those before, back to the last one entered, have the same parent as it.
    pub(crate) fn enter(
        &mut self,
        symbol: u32,
        parent: Option<u32>,
        is_type: impl Fn(u32) -> bool,
    ) -> Result<(), NestingError> {
        let Some(parent) = parent else {
            self.open.clear();
            return Ok(());
        };
        while self.open.last().is_some_and(|&last| last > parent) {
            self.open.pop();
        }
        if self.open.last() == Some(&parent) {
            return Ok(());
        }
        if parent.checked_add(1) != Some(symbol) || !is_type(parent) {
            return Err(NestingError::Misplaced);
        }
        if self.open.len() == TYPE_NESTING_MAX {
            return Err(NestingError::TooDeep);
        }
        self.open.push(parent);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter for each symbol, capital for a type, and its parent.
    #[track_caller]
    fn check(kinds: &str, parents: &[Option<u32>], expected: Result<(), NestingError>) {
        let is_type = |symbol: u32| kinds.as_bytes()[symbol as usize].is_ascii_uppercase();
        let mut nesting = Nesting::default();
        let mut symbols = (0..).zip(parents);
        let found = symbols.try_for_each(|(id, parent)| nesting.enter(id, *parent, is_type));
        assert_eq!(found, expected, "{kinds}");
    }

    #[test]
    fn members_follow_their_type_and_may_go_on_after_inner_types() {
        check("AmBmmCm", &[None, Some(0), Some(0), Some(2), Some(0), None, Some(5)], Ok(()));
        check("ABCm", &[None, Some(0), Some(1), Some(0)], Ok(()));
    }

    #[test]
    fn a_member_that_does_not_follow_its_type_is_an_error() {
        check("AmBm", &[None, Some(0), None, Some(0)], Err(NestingError::Misplaced));
        check("ABm", &[None, None, Some(0)], Err(NestingError::Misplaced));
        check("ABmm", &[None, Some(0), Some(0), Some(1)], Err(NestingError::Misplaced));
        check("am", &[None, Some(0)], Err(NestingError::Misplaced));
        check("A", &[Some(0)], Err(NestingError::Misplaced));
    }

    #[test]
    fn types_nest_as_deep_as_the_bound_says() {
        let chain = |len: u32| (0..len).map(|id| id.checked_sub(1)).collect::<Vec<_>>();
        let deepest = TYPE_NESTING_MAX as u32 + 1;
        check(&"A".repeat(300), &chain(deepest), Ok(()));
        check(&"A".repeat(300), &chain(deepest + 1), Err(NestingError::TooDeep));
    }
}
