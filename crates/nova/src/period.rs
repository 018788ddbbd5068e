//! Spans of time as people write and read them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A span of time: `90s`, `10m`, `3h`, `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

const UNITS: [(char, u64); 4] = [('d', 24 * 3600), ('h', 3600), ('m', 60), ('s', 1)];

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || "not a time such as 90s, 10m, 3h or 30d".to_owned();
        let unit = |(unit, seconds)| Some((text.strip_suffix(unit)?, seconds));
        let (number, seconds) = UNITS.into_iter().find_map(unit).ok_or_else(malformed)?;
        let number: u64 = number.parse().map_err(|_| malformed())?;
        let seconds = number.checked_mul(seconds).filter(|&seconds| seconds <= SECONDS_MAX);
        seconds.map(|it| Self(Duration::from_secs(it))).ok_or_else(|| "too long".to_owned())
    }
}

/// A hundred years: a clock can add that to any time.
const SECONDS_MAX: u64 = 100 * 365 * 24 * 3600;

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let whole = UNITS.into_iter().find(|(_, length)| seconds.is_multiple_of(*length));
        let (unit, length) = whole.unwrap_or(('s', 1));
        write!(f, "{}{unit}", seconds / length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_with_their_unit() {
        let check = |text: &str, seconds: u64, written: &str| {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.0.as_secs(), seconds, "{text}");
            assert_eq!(period.to_string(), written);
        };
        check("90s", 90, "90s");
        check("10m", 600, "10m");
        check("180m", 10_800, "3h");
        check("30d", 2_592_000, "30d");
        for text in ["", "3", "h", "-3h", "1.5h", "99999999999999999h", "4000000000s"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
