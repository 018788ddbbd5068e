//! How deep a text nests, told before the parser sees it.

/// How deep brackets may be open in a text that may have errors: where the parser recovers from one,
/// it takes memory by the square of that (40 KB of `a<` take 3 GB).
pub(crate) const RECOVERY_NESTING_MAX: usize = 500;

/// Whether brackets nest deeper in `text` than [`RECOVERY_NESTING_MAX`].
pub(crate) fn is_too_deep(text: &str) -> bool {
    nesting(text.as_bytes()) > RECOVERY_NESTING_MAX
}

/// How many brackets are open at most, as far as bytes tell: what strings and comments hold counts,
/// and an angle bracket that a statement leaves open was none.
fn nesting(text: &[u8]) -> usize {
    let (mut open, mut angles, mut most) = (0_usize, 0_usize, 0);
    for byte in text {
        match byte {
            b'(' | b'[' => open += 1,
            b')' | b']' => open = open.saturating_sub(1),
            b'<' => angles += 1,
            b'>' => angles = angles.saturating_sub(1),
            b';' => angles = 0,
            b'{' => (open, angles) = (open + 1, 0),
            b'}' => (open, angles) = (open.saturating_sub(1), 0),
            _ => continue,
        }
        most = most.max(open + angles);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::nesting;

    #[test]
    fn open_brackets_are_counted_and_comparisons_are_forgotten() {
        assert_eq!(nesting(b"f(a < b, c[d]); g(e < f); { h(i -> { }); }"), 3);
    }
}
