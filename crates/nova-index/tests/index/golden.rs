//! The format is what was written by the release that introduced it.
//!
//! When this fails, the format changed: raise its version, write docs/shard-format.md anew and its
//! ledger a line, and let `NOVA_UPDATE_GOLDEN=1` write the new file.

use std::path::PathBuf;

use nova_index::{FileMeta, FileSymbols, Root, ShardBuilder, ShardId, Stamp};

use crate::support::{IDENTITY, line_of, meta, open, scanned, view_of};

const VERSION: u32 = 2;

fn build() -> Vec<u8> {
    let archive = Stamp { size: 10, mtime_ns: 20, ctime_ns: 30, inode: 40 };
    let roots = vec![
        Root { identity: b"lib/src.zip!/m/".to_vec(), archive_stamp: Some(archive) },
        Root { identity: b"app/src".to_vec(), archive_stamp: None },
    ];
    let mut builder = ShardBuilder::new(ShardId(7), IDENTITY, 1_000, roots);
    let map = "package java.util;\n\nimport java.io.*;\n\n@Deprecated\npublic interface Map<K, V> {\n  \
               V put(K key, V value);\n  record Entry<K, V>(K key, V value) {}\n}\n";
    for file in [
        scanned(0, "java/util/Map.java", map),
        scanned(0, "java/util/package-info.java", "@Deprecated package java.util;"),
        scanned(1, "Main.java", "class Main { void main() { enum Local { A } } }"),
        FileSymbols::skipped(FileMeta { note: "not a file".into(), ..meta(1, "Fifo.java", "") }),
    ] {
        builder.add(&file).expect("a small file fits");
    }
    builder.finish().expect("the files are different")
}

#[test]
fn the_bytes_are_those_of_the_golden_file() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/golden/shard_v{VERSION}.bin"));
    let bytes = build();
    if std::env::var_os("NOVA_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(u32::from_le_bytes(bytes[12..16].try_into().unwrap()), VERSION);
    assert!(std::fs::read(&path).unwrap() == bytes, "the format changed");
    let page = include_str!("../../../../docs/shard-format.md");
    assert!(page.contains(&format!("\n| {VERSION} | ")), "the ledger lacks version {VERSION}");
}

#[test]
fn the_golden_file_says_what_it_always_said() {
    let bytes = include_bytes!("../golden/shard_v2.bin");
    let view = view_of(open(bytes.to_vec()));
    let lines: Vec<_> = view.symbols().map(|symbol| line_of(&symbol)).collect();
    let expected = [
        r#"Main.java:0:6 class Main []"#,
        r#"Main.java:0:18 method Main.main(): void []"#,
        r#"Main.java:0:32 enum Main.Local [] (local)"#,
        r#"Main.java:0:40 enum-constant Main.Local.A [] (local)"#,
        r#"java/util/Map.java:5:17 interface Map<K, V> ["public", "deprecated"]"#,
        r#"java/util/Map.java:6:4 method Map.put(K key, V value): V []"#,
        r#"java/util/Map.java:7:9 record Map.Entry<K, V>(K key, V value) []"#,
        r#"java/util/Map.java:7:23 record-component Map.Entry.key: K []"#,
        r#"java/util/Map.java:7:30 record-component Map.Entry.value: V []"#,
        r#"java/util/package-info.java:0:20 package java.util ["deprecated"]"#,
    ];
    assert_eq!(lines, expected);
    let skipped: Vec<_> =
        view.files().map(|file| file.note()).filter(|it| !it.is_empty()).collect();
    assert_eq!(skipped, ["not a file"]);
}
