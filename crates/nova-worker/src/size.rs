//! Sizes in bytes as people write and read them.

use std::fmt;
use std::str::FromStr;

/// A number of bytes: `1000`, `64K`, `16M`, `2G`, with or without `iB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

const UNITS: [(&str, u32); 3] = [("GiB", 30), ("MiB", 20), ("KiB", 10)];

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower = text.to_ascii_lowercase();
        let number = lower.strip_suffix("ib").or(lower.strip_suffix('b')).unwrap_or(&lower);
        let unit = |(name, shift): (&str, u32)| {
            let letter = name.to_ascii_lowercase().chars().next()?;
            Some((number.strip_suffix(letter)?, shift))
        };
        let (number, shift) = UNITS.into_iter().find_map(unit).unwrap_or((number, 0));
        let number: u64 = number.trim().parse().map_err(|_| "not a size such as 500K or 16M")?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(|| "too large".to_owned())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.into_iter().find(|(_, shift)| self.0 >> shift > 0) {
            None => write!(f, "{} B", self.0),
            Some((name, shift)) if self.0.is_multiple_of(1 << shift) => {
                write!(f, "{} {name}", self.0 >> shift)
            }
            Some((name, shift)) => write!(f, "{:.1} {name}", self.0 as f64 / f64::from(1 << shift)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        let read = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(read("1000"), Ok(1000));
        assert_eq!(read("64K"), Ok(64 << 10));
        assert_eq!(read("16 MiB"), Ok(16 << 20));
        assert_eq!(read("2gb"), Ok(2 << 30));
        assert!(read("many").is_err());
        assert!(read("99999999999G").is_err());
        assert_eq!(Size(64 << 20).to_string(), "64 MiB");
        assert_eq!(Size(1536).to_string(), "1.5 KiB");
        assert_eq!(Size(7).to_string(), "7 B");
    }
}
