//! What a worker is called in the policy: a name that may stand in a file's name, in a log and in a terminal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// Bytes of a worker's name: as many as a label of a DNS name may have.
const WORKER_NAME_BYTES_MAX: usize = 63;

/// A worker's name: letters, digits, `-`, `_` and `.` of ASCII, of which the first is a letter or a digit. Names
/// that differ in case only are the same.
#[derive(Debug, Clone)]
pub struct WorkerName(String);

/// Text that is no worker's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkerNameError {
    /// It has no or too many bytes.
    #[error("a worker's name has 1 to {WORKER_NAME_BYTES_MAX} bytes")]
    Length,
    /// A character has no place in it.
    #[error(
        "a worker's name has letters, digits, `-`, `_` and `.`, and begins with a letter or a digit"
    )]
    Characters,
}

impl WorkerName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all that count as the same name.
    pub(super) fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl PartialEq for WorkerName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for WorkerName {}

impl FromStr for WorkerName {
    type Err = WorkerNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > WORKER_NAME_BYTES_MAX {
            return Err(WorkerNameError::Length);
        }
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !begins_well || !text.chars().all(is_allowed) {
            return Err(WorkerNameError::Characters);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WorkerName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_do_nothing_to_a_path_a_log_or_a_terminal() {
        for text in ["big", "Big-2", "big.example.org", "a_b", "0"] {
            assert_eq!(text.parse::<WorkerName>().unwrap().as_str(), text);
        }
        let overlong = "a".repeat(WORKER_NAME_BYTES_MAX + 1);
        for text in ["", ".", "..", "../a", "a/b", "-a", "a b", "a\n", "a\u{1b}[0m", "ä", &overlong]
        {
            assert!(text.parse::<WorkerName>().is_err(), "{text:?}");
        }
        assert_eq!("Big".parse::<WorkerName>(), "big".parse());
    }
}
