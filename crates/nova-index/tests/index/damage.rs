//! A shard file is trusted only after checks.

use bytes::Bytes;
use nova_index::{OpenShardError, Revision, Shard, ShardIdentity, SymbolView, ViewShard};
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use crate::support::{IDENTITY, found, merged, shard_bytes};

/// Where the checksum stands, and where what it covers begins; see docs/shard-format.md.
const CHECKSUM: std::ops::Range<usize> = 16..24;
const TABLE_OF_CONTENTS: std::ops::Range<usize> = 80..320;

fn sound() -> Vec<u8> {
    shard_bytes(&[
        (
            "a/b/C.java",
            "package a.b; import java.util.List; import static x.Y.*; @Deprecated public class C<T> \
             { static final int x = 1; void größe(int i) { class L { int m; } } enum E { P } }",
        ),
        ("a/b/package-info.java", "@Deprecated package a.b;"),
        ("Empty.java", ""),
        ("R.java", "record R(String s) { R { } }"),
    ])
}

fn open(bytes: &[u8]) -> Result<Shard, OpenShardError> {
    Shard::from_bytes(Bytes::copy_from_slice(bytes), &IDENTITY)
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
fn every_truncation_is_detected() {
    let bytes = sound();
    for len in 0..bytes.len() {
        assert!(open(&bytes[..len]).is_err(), "{len} bytes");
    }
}

#[test]
fn an_appended_byte_is_detected() {
    let mut bytes = sound();
    let len = bytes.len() as u64;
    bytes.push(0);
    let error = open(&bytes).unwrap_err();
    assert!(
        matches!(error, OpenShardError::Length { found, expected } if (found, expected) == (len + 1, len))
    );
}

#[test]
fn what_is_wrong_is_named() {
    let bytes = sound();
    let changed = |range: std::ops::Range<usize>, to: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[range].copy_from_slice(to);
        open(&bytes).unwrap_err().to_string()
    };
    assert_eq!(open(b"").unwrap_err().to_string(), "it is not a shard file");
    assert_eq!(changed(0..4, b"Nova"), "it is not a shard file");
    let version = u32::from_le_bytes(bytes[12..16].try_into().unwrap());
    assert_eq!(
        changed(12..16, &0u32.to_le_bytes()),
        format!("its format is version 0, older than {version}")
    );
    assert_eq!(
        changed(12..16, &(version + 1).to_le_bytes()),
        format!("its format is version {}, newer than {version}", version + 1)
    );
    assert!(changed(CHECKSUM, &[0; 8]).starts_with("its checksum is "));
    let error = Shard::from_bytes(bytes.into(), &ShardIdentity([1; 16])).unwrap_err();
    assert!(matches!(error, OpenShardError::Foreign { found: IDENTITY, .. }), "{error}");
}

#[test]
fn a_file_is_mapped_and_checked_like_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shard_7.bin");
    let bytes = sound();
    nova_index::write_index(&path, &bytes).unwrap();
    assert_eq!(&Shard::open(&path, &IDENTITY).unwrap().bytes()[..], bytes);
    nova_index::write_index(&path, b"").unwrap();
    assert!(matches!(Shard::open(&path, &IDENTITY), Err(OpenShardError::NotAShard)));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(Shard::open(&path, &IDENTITY), Err(OpenShardError::Io(_))));
}

/// Someone who changes a file on purpose makes the checksum right again.
fn forged(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = xxh3_64(&bytes[CHECKSUM.end..]);
    bytes[CHECKSUM].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Calls everything that there is to be called.
fn walk(shard: Shard) {
    let shard = std::sync::Arc::new(shard);
    for file in shard.files() {
        let place = (file.root_identity(), file.path());
        assert_eq!(shard.find_file(place.0, &place.1).map(|it| it.id()), Some(file.id()));
        let _ = (file.stamp(), file.content_hash(), file.note(), file.digest(), file.flags());
        let _ = (file.package_clause(), file.imports().count());
    }
    let whole = SymbolView::new(Revision(1), vec![ViewShard::new(shard.clone(), [])], None);
    for symbol in whole.symbols() {
        let _ = (symbol.signature(), symbol.container(), symbol.package(), symbol.modifiers());
        let _ = (symbol.line(), symbol.character(), symbol.local(), symbol.kind(), symbol.file());
    }
    for view in [&whole, &merged(&whole)] {
        for text in ["", "c", "C.größe", "a.b.C", "gröse"] {
            assert!(found(view, text, 5).hits.len() <= 5);
        }
    }
    let first = shard.files().next().map(|file| file.id());
    let rest = SymbolView::new(Revision(2), vec![ViewShard::new(shard, first)], None);
    assert!(rest.symbols().count() > 0);
}

#[test]
fn no_forged_byte_makes_a_reader_panic() {
    let bytes = sound();
    let mut opened = 0;
    for index in CHECKSUM.end..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, bytes[index] ^ 1, bytes[index].wrapping_add(1)] {
            let mut bytes = bytes.clone();
            bytes[index] = value;
            if let Ok(shard) = open(&forged(bytes)) {
                opened += 1;
                walk(shard);
            }
        }
    }
    assert!(opened > 0, "a changed stamp is nobody's contradiction");
}

proptest! {
    #[test]
    fn no_forged_file_makes_a_reader_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = sound();
        for (index, value) in changes {
            let index = CHECKSUM.end + index.index(bytes.len() - CHECKSUM.end);
            bytes[index] = value;
        }
        if let Ok(shard) = open(&forged(bytes)) {
            walk(shard);
        }
    }

    #[test]
    fn no_forged_table_of_contents_makes_a_reader_panic(
        section in 0..15usize, field in 0..2usize, value in any::<u64>(), small in 0..2000u64,
    ) {
        for value in [value, small, u64::MAX - small] {
            let mut bytes = sound();
            let at = TABLE_OF_CONTENTS.start + section * 16 + field * 8;
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
            if let Ok(shard) = open(&forged(bytes)) {
                walk(shard);
            }
        }
    }
}
