//! Protocol versions, and which one two sides speak.

use std::fmt;

/// The number of a protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProtocolVersion(pub u16);

/// The versions that a side speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionRange {
    /// The oldest.
    pub min: ProtocolVersion,
    /// The newest.
    pub max: ProtocolVersion,
}

impl VersionRange {
    /// What this build speaks.
    pub const CURRENT: VersionRange =
        VersionRange { min: ProtocolVersion(1), max: ProtocolVersion(1) };

    /// The newest version that both speak.
    pub fn common(self, other: VersionRange) -> Option<ProtocolVersion> {
        let newest = self.max.min(other.max);
        (newest >= self.min.max(other.min)).then_some(newest)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            self.min.fmt(f)
        } else {
            write!(f, "{} to {}", self.min, self.max)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sides_speak_the_newest_version_that_both_know() {
        let range =
            |min, max| VersionRange { min: ProtocolVersion(min), max: ProtocolVersion(max) };
        let check = |a: VersionRange, b: VersionRange, expected: Option<u16>| {
            assert_eq!(a.common(b), expected.map(ProtocolVersion), "{a} and {b}");
            assert_eq!(b.common(a), expected.map(ProtocolVersion), "{b} and {a}");
        };
        check(range(1, 1), range(1, 1), Some(1));
        check(range(1, 3), range(2, 5), Some(3));
        check(range(1, 9), range(4, 5), Some(5));
        check(range(1, 2), range(3, 4), None);
        check(range(1, 2), range(9, 0), None);
    }
}
