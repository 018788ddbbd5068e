//! What bytes mean to the scanner: classes of them, and the search for some of them.

/// White space between tokens.
pub(crate) const SPACE: u8 = 1;
/// What identifiers, keywords and numbers consist of.
pub(crate) const WORD: u8 = 1 << 1;
/// What type arguments consist of, besides nested ones, annotations, comments and line ends.
pub(crate) const TYPE: u8 = 1 << 2;
/// Where skipping over an expression must look: brackets, separators, literals, comments, line ends.
pub(crate) const EXPRESSION_STOP: u8 = 1 << 3;
/// Where skipping over a body by its layout must look: braces, literals, comments, line ends.
pub(crate) const LAYOUT_STOP: u8 = 1 << 4;

/// Whether `byte` is of a class.
pub(crate) fn has(byte: u8, class: u8) -> bool {
    CLASSES[usize::from(byte)] & class != 0
}

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'$' | b'0'..=b'9' | 0x80.. => WORD | TYPE,
            // Ignorable parts of identifiers (JLS §3.8).
            0..=0x08 | 0x0e..=0x1b | 0x7f => WORD,
            b' ' | b'\t' | 0x0c => SPACE | TYPE,
            b'\n' | b'\r' => SPACE | EXPRESSION_STOP | LAYOUT_STOP,
            b'{' | b'}' | b'/' | b'"' | b'\'' => EXPRESSION_STOP | LAYOUT_STOP,
            b'(' | b')' | b'<' | b';' => EXPRESSION_STOP,
            b'[' | b']' | b',' => EXPRESSION_STOP | TYPE,
            b'.' | b'?' | b'&' => TYPE,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// Where the first of the `wanted` bytes is, or the end.
///
/// Takes eight bytes at a time: a byte's highest bit in `found` is set if the byte is wanted. The
/// subtraction may set it for bytes above a wanted one as well, never for those below.
pub(super) fn first_of<const N: usize>(bytes: &[u8], wanted: [u8; N]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (words, tail) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = wanted.iter().fold(0, |found, &byte| {
            let difference = word ^ (ONES * u64::from(byte));
            found | (difference.wrapping_sub(ONES) & !difference)
        });
        let found = found & (ONES << 7);
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let in_tail = tail.iter().position(|byte| wanted.contains(byte));
    words.len() * 8 + in_tail.unwrap_or(tail.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wanted_byte_is_found_wherever_it_is() {
        for len in 0..40 {
            for at in 0..=len {
                let mut bytes = vec![0x81; len];
                // Neighbours that differ from a wanted byte in one bit, and one wanted byte more.
                bytes.iter_mut().skip(at + 1).for_each(|byte| *byte = b'{' ^ 1);
                bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = b'{');
                bytes.iter_mut().skip(at + 3).take(1).for_each(|byte| *byte = b'"');
                assert_eq!(first_of(&bytes, [b'"', b'{']), at, "{bytes:?}");
            }
        }
    }
}
