//! Changes of files that are a header, a table of contents and sections: such that they pass the checks of their
//! checksum and their length, which any damage fails.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use crate::mutation::{mutate, overwrite};
use crate::random::Random;

/// Where the checksum of what follows it stands, and then the length of the file.
const CHECKSUM: Range<usize> = 16..24;
const FILE_BYTES: Range<usize> = 24..32;

/// Changes a file whose table of contents, of an offset and a length for each section, lies there.
pub(crate) fn mutate_sections(
    table: &Range<usize>,
    random: &mut Random,
    pool: &[Vec<u8>],
    file: &mut Vec<u8>,
) {
    match random.below(8) {
        0 => mutate(random, pool, file),
        1 => {
            let other = random.one_of(pool);
            if let (Some(mut sections), Some(others)) =
                (sections(table, file), sections(table, other))
            {
                let at = random.below(sections.len());
                sections[at].clone_from(&others[at]);
                *file = assembled(table, file, &sections);
            }
        }
        2 | 3 => {
            if let Some(mut sections) = sections(table, file) {
                let at = random.below(sections.len());
                mutate(random, pool, &mut sections[at]);
                *file = assembled(table, file, &sections);
            }
        }
        4 => overwrite(random, pool, file),
        _ => {
            if let Some(mut sections) = sections(table, file) {
                for _ in 0..=random.small(4) {
                    let at = random.below(sections.len());
                    overwrite(random, pool, &mut sections[at]);
                }
                *file = assembled(table, file, &sections);
            }
        }
    }
    seal(file);
}

/// The bytes of each section, if the table says where they are.
fn sections(table: &Range<usize>, file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let section = |entry: &[u8]| {
        let (offset, bytes) = entry.split_at(8);
        let number =
            |bytes: &[u8]| usize::try_from(u64::from_le_bytes(bytes.try_into().ok()?)).ok();
        let start = number(offset)?;
        Some(file.get(start..start.checked_add(number(bytes)?)?)?.to_vec())
    };
    file.get(table.clone())?.chunks_exact(16).map(section).collect()
}

/// A file of the same header with these sections, one after the other.
fn assembled(table: &Range<usize>, file: &[u8], sections: &[Vec<u8>]) -> Vec<u8> {
    let mut assembled = file[..table.start].to_vec();
    let mut offset = table.end as u64;
    for section in sections {
        let bytes = section.len() as u64;
        assembled.extend(offset.to_le_bytes());
        assembled.extend(bytes.to_le_bytes());
        offset += bytes;
    }
    sections.iter().for_each(|section| assembled.extend_from_slice(section));
    assembled
}

/// Makes length and checksum right again.
fn seal(file: &mut [u8]) {
    if file.len() >= FILE_BYTES.end {
        let bytes = file.len() as u64;
        file[FILE_BYTES].copy_from_slice(&bytes.to_le_bytes());
        let checksum = xxh3_64(&file[CHECKSUM.end..]);
        file[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
    }
}
