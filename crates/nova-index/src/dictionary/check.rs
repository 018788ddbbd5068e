//! What opening a dictionary checks: all that reading it relies on.

use std::ops::Range;

use nova_syntax::declarations::Kind;
use zerocopy::little_endian::U64;

use super::format::{
    BLOCK_NAMES, BlockRow, Header, KIND_SETS, LETTER_SETS, NameRow, PAIR_SETS, PackageRow,
    SECTIONS, Section, kind_set,
};
use super::{Dictionary, OpenDictionaryError};
use crate::format::U24;

impl Dictionary {
    /// What the accessors rely on.
    pub(super) fn check(&self) -> Result<(), OpenDictionaryError> {
        check(self.packing.is_sound(), "its postings cannot be unpacked")?;
        let postings = self.section(Section::Postings).len();
        check(postings.is_multiple_of(self.packing.bytes()), "a posting is cut")?;
        self.check_names()?;
        self.check_packages()?;
        let folded = self.rows::<U24>(Section::Folded);
        check(folded.len() == self.names, "names that are not in order")?;
        let exist = folded.iter().all(|name| (name.get() as usize) < self.names);
        check(exist, "a name that is not there")?;
        let words = self.set_words();
        for (section, sets) in [
            (Section::Letters, LETTER_SETS),
            (Section::Pairs, PAIR_SETS),
            (Section::Starts, LETTER_SETS),
        ] {
            check(self.rows::<U64>(section).len() == sets * words, "a set that is no set")?;
        }
        let last = Kind::ALL[KIND_SETS - 1];
        let kinds = kind_set(last, self.leading_count() as usize, self.names).end;
        check(self.rows::<U64>(Section::Kinds).len() == kinds, "a set that is no set")
    }

    /// Names, their blocks, and what of them leads.
    fn check_names(&self) -> Result<(), OpenDictionaryError> {
        let rows = self.rows::<NameRow>(Section::Names).chunks(BLOCK_NAMES);
        let blocks = self.rows::<BlockRow>(Section::Blocks);
        check(blocks.len() == rows.len(), "names without a block")?;
        let (mut text_start, mut postings_start) = (0_u64, 0_u64);
        for (block, rows) in blocks.iter().zip(rows) {
            let starts = (block.text_start.get().into(), block.postings_start.get().into());
            check(starts == (text_start, postings_start), "blocks in disorder")?;
            let (mut text_end, mut postings_end) = (0, 0);
            for row in rows {
                let (text, postings) = (row.text_end.get(), row.postings_end.get());
                check(text >= text_end && postings >= postings_end, "names in disorder")?;
                (text_end, postings_end) = (text, postings);
            }
            text_start += u64::from(text_end);
            postings_start += u64::from(postings_end);
        }
        let text = self.section(Section::NameText).len();
        check(text_start == text as u64, "text without a name")?;
        let postings = self.section(Section::Postings).len() / self.packing.bytes();
        check(postings_start == postings as u64, "postings without a name")?;

        let leading = self.rows::<U24>(Section::Leading);
        check(leading.len() <= self.names, "more names that lead than names")?;
        let homes = self.section(Section::Homes).len();
        check_ends(leading.iter().map(|end| end.get()), homes, self.home_bytes())
    }

    fn check_packages(&self) -> Result<(), OpenDictionaryError> {
        let parts = self.rows::<U24>(Section::Parts);
        let text = self.section(Section::PartText);
        check_ends(parts.iter().map(|end| end.get()), text.len(), 1)?;
        let packages = self.rows::<PackageRow>(Section::Packages);
        let is_inner = |(number, row): (u32, &PackageRow)| {
            row.outer.get() < number && (row.part.get() as usize) < parts.len()
        };
        check((1..).zip(packages.iter().skip(1)).all(is_inner), "packages in disorder")?;
        let names = self.rows::<U24>(Section::PackageNames);
        check_ends(packages.iter().map(|row| row.names_end.get()), names.len(), 1)?;
        let leading = self.leading_count();
        check(names.iter().all(|name| name.get() < leading), "a name that does not lead")
    }
}

fn check(holds: bool, problem: &'static str) -> Result<(), OpenDictionaryError> {
    if holds { Ok(()) } else { Err(OpenDictionaryError::Inconsistent(problem)) }
}

/// Ends in order, of which the last one is the end of all; what they divide has so many bytes, and each
/// row so many of them.
fn check_ends(
    ends: impl Iterator<Item = u32>,
    bytes: usize,
    row_bytes: usize,
) -> Result<(), OpenDictionaryError> {
    let mut last = 0;
    for end in ends {
        check(end >= last, "ends in disorder")?;
        last = end;
    }
    check(last as usize * row_bytes == bytes, "rows beyond the last end")
}

/// Where the sections lie: in bounds, whole rows, one after the other.
pub(super) fn sections(header: &Header) -> Result<[Range<usize>; SECTIONS], OpenDictionaryError> {
    let mut ranges = [const { 0..0 }; SECTIONS];
    let mut end = size_of::<Header>() as u64;
    for (section, (row, range)) in
        Section::ALL.into_iter().zip(header.contents.iter().zip(&mut ranges))
    {
        let (offset, bytes) = (row.offset.get(), row.bytes.get());
        let fits = offset == end
            && bytes <= header.file_bytes.get().saturating_sub(end)
            && bytes % section.row_bytes() as u64 == 0;
        if !fits {
            return Err(OpenDictionaryError::Inconsistent("a section out of its place"));
        }
        end += bytes;
        *range = offset as usize..end as usize;
    }
    if end != header.file_bytes.get() {
        return Err(OpenDictionaryError::Inconsistent("something follows the last section"));
    }
    Ok(ranges)
}
