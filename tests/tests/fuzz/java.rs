//! Java texts, and the shards made of them that the corpus begins with.

use std::sync::Arc;

use bytes::Bytes;
use nova_index::{
    ContentHash, FileMeta, FileSymbols, Root, Shard, ShardBuilder, ShardId, ShardIdentity, Stamp,
};
use nova_syntax::extract::{self, Fallback};

/// A little of everything that can be declared.
pub(crate) const TEXTS: [(&str, &str); 4] = [
    (
        "a/b/C.java",
        "package a.b;\nimport java.util.List;\nimport static x.Y.*;\n@Deprecated public sealed class C<T \
         extends Comparable<? super T>> permits D {\n  static final int x = 1, y[] = {2};\n  void größe(int i) \
         { class L { int m; } Runnable r = () -> {}; }\n  enum E { P, Q { int z; } }\n  @interface I { int v() \
         default 1; }\n}\n",
    ),
    ("a/b/package-info.java", "/** Doc. */ @Deprecated package a.b;"),
    (
        "R.java",
        "record R(String s, int... t) { R { } interface N { class O<U> { U u; } } }\nvoid main() { \
         String b = \"\"\"\n  \\u0041 { \"\"\"; char c = '\\''; }",
    ),
    ("module-info.java", "open module a.b { requires java.base; exports a.b to c, d; }"),
];

/// A shard of these texts, with two roots.
pub(crate) fn shard(number: u32, root: &str, texts: &[(&str, &str)]) -> Arc<Shard> {
    let identity = identity(number);
    let archive = Stamp { size: 10, mtime_ns: 20, ctime_ns: 30, inode: 40 };
    let roots = vec![
        Root { identity: root.as_bytes().to_vec(), archive_stamp: None },
        Root { identity: b"lib/src.zip!/m".to_vec(), archive_stamp: Some(archive) },
    ];
    let mut builder = ShardBuilder::new(ShardId(number), identity, 1_000, roots);
    for (path, text) in texts {
        let declarations = extract::declarations(text, Fallback::Tree).declarations;
        let file = FileSymbols::new(meta(0, path, text), text, declarations);
        builder.add(&file).expect("a small file fits");
    }
    let note = "not a file".to_owned();
    let skipped = FileSymbols::skipped(FileMeta { note, ..meta(1, "q/Fifo.java", "") });
    builder.add(&skipped).expect("a small file fits");
    let bytes = builder.finish().expect("the files are different");
    Arc::new(Shard::from_bytes(Bytes::from(bytes), &identity).expect("it is sound"))
}

fn identity(number: u32) -> ShardIdentity {
    let mut identity = *b"identity of fuzz";
    identity[..4].copy_from_slice(&number.to_le_bytes());
    ShardIdentity(identity)
}

fn meta(root: u32, path: &str, text: &str) -> FileMeta {
    FileMeta {
        root,
        path: path.as_bytes().to_vec(),
        stamp: Stamp { size: text.len() as u64, mtime_ns: 1, ctime_ns: 2, inode: 3 },
        content_hash: ContentHash::of(text.as_bytes()),
        source_bytes: text.len() as u64,
        ..FileMeta::default()
    }
}
