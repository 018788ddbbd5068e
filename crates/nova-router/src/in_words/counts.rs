//! How many there are, in words.

use std::fmt::Display;

use crate::Total;

/// `12`, `at least 300`.
pub fn total(total: Total) -> String {
    match total {
        Total::Exactly(count) => count.to_string(),
        Total::AtLeast(count) => format!("at least {count}"),
    }
}

/// A number of things, in the singular if it is one.
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
