//! Small changes that make a new input of known ones. It knows bytes and numbers in them, and no format.

use crate::random::Random;

/// No input is longer: a few frames, or a small shard.
pub(crate) const INPUT_BYTES_MAX: usize = 64 << 10;

/// Changes of one input come in a row of at most so many.
const CHANGES_MAX: usize = 6;

/// Values at which comparisons and sums go wrong.
const INTERESTING: &[u64] = &[
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0xff_fffe,
    0xff_ffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    1 << 63,
    u64::MAX,
];

/// Changes an input in any way, with parts of others.
pub(crate) fn mutate(random: &mut Random, pool: &[Vec<u8>], input: &mut Vec<u8>) {
    for _ in 0..=random.small(CHANGES_MAX) {
        match random.below(10) {
            0 => input.truncate(random.below(input.len() + 1)),
            1 => {
                let range = part(random, input.len());
                input.drain(range);
            }
            // Mostly once; many times makes long lists and deep nesting.
            2 => {
                let times = 1 + random.small(64) * usize::from(random.below(4) == 0);
                let copy = input[part(random, input.len())].repeat(times);
                insert(random, input, &copy);
            }
            3 => {
                let bytes: Vec<u8> = (0..=random.small(8)).map(|_| random.next() as u8).collect();
                insert(random, input, &bytes);
            }
            4 => {
                let other = random.one_of(pool);
                let copy = &other[part(random, other.len())];
                insert(random, input, copy);
            }
            5 => {
                let other = random.one_of(pool);
                input.truncate(random.below(input.len() + 1));
                input.extend_from_slice(&other[random.below(other.len() + 1)..]);
            }
            _ => overwrite(random, pool, input),
        }
    }
    input.truncate(INPUT_BYTES_MAX);
}

/// Changes some bytes of an input, and not its length.
pub(crate) fn overwrite(random: &mut Random, pool: &[Vec<u8>], input: &mut [u8]) {
    if input.is_empty() {
        return;
    }
    let at = random.below(input.len());
    match random.below(7) {
        0 => input[at] ^= 1 << random.below(8),
        1 => input[at] = random.next() as u8,
        2 => input[at] = input[at].wrapping_add(*random.one_of(&[1, 2, 0xfe, 0xff])),
        3 => {
            let value = *random.one_of(INTERESTING);
            write_number(random, &mut input[at..], |_| value);
        }
        4 => {
            let delta = random.small(16) as u64;
            let sign = random.below(2) == 0;
            write_number(random, &mut input[at..], |value| {
                if sign { value.wrapping_add(delta) } else { value.wrapping_sub(delta) }
            });
        }
        // A length that fits: of what follows, or up to another place.
        5 => {
            let follows = input.len() - at;
            let length = if random.below(2) == 0 { follows } else { random.below(input.len() + 1) };
            write_number(random, &mut input[at..], |_| length as u64);
        }
        _ => {
            let from = random.one_of(pool);
            let part = part(random, from.len());
            let length = part.len().min(input.len() - at);
            input[at..at + length].copy_from_slice(&from[part.start..part.start + length]);
        }
    }
}

/// Changes a little-endian number at the beginning of some bytes.
fn write_number(random: &mut Random, bytes: &mut [u8], change: impl FnOnce(u64) -> u64) {
    let width = (*random.one_of(&[1, 2, 3, 4, 8])).min(bytes.len());
    let mut number = [0; 8];
    number[..width].copy_from_slice(&bytes[..width]);
    let number = change(u64::from_le_bytes(number)).to_le_bytes();
    bytes[..width].copy_from_slice(&number[..width]);
}

fn insert(random: &mut Random, input: &mut Vec<u8>, bytes: &[u8]) {
    let at = random.below(input.len() + 1);
    input.splice(at..at, bytes.iter().copied());
}

/// A part of so many bytes: mostly a short one.
fn part(random: &mut Random, bytes: usize) -> std::ops::Range<usize> {
    let start = random.below(bytes + 1);
    let length = match random.below(4) {
        0 => random.small(bytes - start),
        _ => random.small((bytes - start).min(64)),
    };
    start..start + length
}
