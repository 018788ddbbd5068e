//! A dictionary is trusted only after checks.

use std::sync::Arc;

use bytes::Bytes;
use nova_index::{
    Dictionary, OpenDictionaryError, Query, Revision, SearchOptions, SymbolView, ViewShard,
    build_dictionary, search,
};
use nova_syntax::declarations::Kind;
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::shards;

/// Where the checksum stands, and where what it covers begins; see docs/dictionary-format.md.
const CHECKSUM: std::ops::Range<usize> = 16..24;
const PACKING: std::ops::Range<usize> = 32..36;
const TABLE_OF_CONTENTS: std::ops::Range<usize> = 36..324;

fn sound() -> Vec<u8> {
    build_dictionary(&shards()).expect("a few shards fit")
}

fn open(bytes: &[u8]) -> Result<Dictionary, OpenDictionaryError> {
    Dictionary::from_bytes(Bytes::copy_from_slice(bytes))
}

#[test]
fn every_flipped_bit_is_detected() {
    let mut bytes = sound();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            bytes[index] ^= 1 << bit;
            assert!(open(&bytes).is_err(), "bit {bit} of byte {index}");
            bytes[index] ^= 1 << bit;
        }
    }
    assert!(open(&bytes).is_ok());
}

#[test]
fn every_truncation_and_every_appended_byte_is_detected() {
    let mut bytes = sound();
    for len in 0..bytes.len() {
        assert!(open(&bytes[..len]).is_err(), "{len} bytes");
    }
    bytes.push(0);
    assert!(matches!(open(&bytes), Err(OpenDictionaryError::Damaged)));
    let mut bytes = sound();
    bytes.push(0);
    let len = bytes.len() as u64;
    bytes[CHECKSUM.end..CHECKSUM.end + 8].copy_from_slice(&len.to_le_bytes());
    assert!(matches!(open(&forged(bytes)), Err(OpenDictionaryError::Inconsistent(_))));
}

#[test]
fn what_is_wrong_is_named() {
    let changed = |range: std::ops::Range<usize>, to: &[u8]| {
        let mut bytes = sound();
        bytes[range].copy_from_slice(to);
        open(&bytes).unwrap_err().to_string()
    };
    assert_eq!(open(b"").unwrap_err().to_string(), "it is not a dictionary");
    assert_eq!(changed(0..4, b"Nova"), "it is not a dictionary");
    assert_eq!(changed(12..16, &9_u32.to_le_bytes()), "its format is version 9, not 2");
    let damaged = "its checksum or its length is not what was written";
    assert_eq!(changed(CHECKSUM, &[0; 8]), damaged);
    assert_eq!(open(&sound()[..100]).unwrap_err().to_string(), damaged);
    let forged_at = |range: std::ops::Range<usize>, to: &[u8]| {
        let mut bytes = sound();
        bytes[range].copy_from_slice(to);
        open(&forged(bytes)).unwrap_err().to_string()
    };
    let packing = "it contradicts the format: its postings cannot be unpacked";
    for unsound in [[33, 2, 8, 0], [5, 40, 8, 0], [5, 2, 0, 0], [5, 2, 9, 0], [5, 7, 3, 0]] {
        assert_eq!(forged_at(PACKING, &unsound), packing, "{unsound:?}");
    }
    // The table's entry of the section, then its first row.
    let entry = TABLE_OF_CONTENTS.start + 4 * 16;
    let folded = u64::from_le_bytes(sound()[entry..entry + 8].try_into().unwrap()) as usize;
    let name = "it contradicts the format: a name that is not there";
    assert_eq!(forged_at(folded..folded + 4, &12_u32.to_le_bytes()), name);
    let place = "it contradicts the format: a section out of its place";
    assert_eq!(forged_at(TABLE_OF_CONTENTS.start..TABLE_OF_CONTENTS.start + 1, &[0]), place);
}

#[test]
fn a_file_is_mapped_and_checked_like_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("names.bin");
    nova_index::write_index(&path, &sound()).unwrap();
    assert_eq!(Dictionary::open(&path).unwrap().byte_count(), sound().len() as u64);
    nova_index::write_index(&path, b"").unwrap();
    assert!(matches!(Dictionary::open(&path), Err(OpenDictionaryError::NotADictionary)));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Dictionary::open(&path), Err(OpenDictionaryError::Io(_))));
}

/// Someone who changes a file on purpose makes the checksum right again.
fn forged(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = xxh3_64(&bytes[CHECKSUM.end..]);
    bytes[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Asks a view that goes by the dictionary everything that there is to be asked.
fn walk(dictionary: Dictionary) {
    let dictionary = Arc::new(dictionary);
    let shards = shards();
    let first = shards[0].files().next().map(|file| file.id());
    for hidden in [None, first] {
        let shards = shards.iter().map(|shard| ViewShard::new(Arc::clone(shard), hidden));
        let view = SymbolView::new(Revision(1), shards.collect(), Some(Arc::clone(&dictionary)));
        let near = Some((b"app/src".as_slice(), b"app/Main.java".as_slice()));
        for near in [None, near] {
            for text in [
                "",
                "c",
                "m",
                "hm",
                "HP2",
                "a.b",
                "Map.E.k",
                "java.util",
                "put map",
                "gröse",
                "mian",
            ] {
                for kinds in [&[][..], &[Kind::Field, Kind::Package]] {
                    let options = SearchOptions { limit: 5, near, recent_from_ns: Some(0) };
                    let found = search(&view, &Query::new(text, kinds), &options, &|| false);
                    let hits = found.expect("nobody cancels it").hits;
                    assert!(hits.len() <= 5);
                    hits.iter().for_each(|hit| drop(crate::support::line_of(&hit.symbol)));
                }
            }
        }
    }
}

#[test]
fn no_forged_byte_makes_a_reader_panic() {
    let bytes = sound();
    let mut opened = 0;
    for index in CHECKSUM.end..bytes.len() {
        for value in [0, 1, 0x7f, 0xff, bytes[index] ^ 1, bytes[index].wrapping_add(1)] {
            let mut bytes = bytes.clone();
            bytes[index] = value;
            if let Ok(dictionary) = open(&forged(bytes)) {
                opened += 1;
                walk(dictionary);
            }
        }
    }
    assert!(opened > 0, "a changed merit is nobody's contradiction");
}

proptest! {
    #[test]
    fn no_forged_file_makes_a_reader_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..9),
    ) {
        let mut bytes = sound();
        for (index, value) in changes {
            let index = CHECKSUM.end + index.index(bytes.len() - CHECKSUM.end);
            bytes[index] = value;
        }
        if let Ok(dictionary) = open(&forged(bytes)) {
            walk(dictionary);
        }
    }

    #[test]
    fn no_forged_table_of_contents_makes_a_reader_panic(
        section in 0..10_usize, field in 0..2_usize, value in any::<u64>(), small in 0..2000_u64,
    ) {
        for value in [value, small, u64::MAX - small] {
            let mut bytes = sound();
            let at = TABLE_OF_CONTENTS.start + section * 16 + field * 8;
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            if let Ok(dictionary) = open(&forged(bytes)) {
                walk(dictionary);
            }
        }
    }
}
