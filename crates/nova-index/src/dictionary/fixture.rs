//! Shards made of Java text, for the tests of this module.

use std::sync::Arc;

use nova_syntax::scanner;

use crate::{FileMeta, FileSymbols, Root, Shard, ShardBuilder, ShardId, ShardIdentity};

/// A shard with one root, numbered so that it has an identity of its own.
pub(super) fn shard(number: u8, root: &str, files: &[(&str, &str)]) -> Arc<Shard> {
    let identity = ShardIdentity([number; 16]);
    let roots = vec![Root { identity: root.as_bytes().to_vec(), archive_stamp: None }];
    let mut builder = ShardBuilder::new(ShardId(number.into()), identity, 0, roots);
    for (path, text) in files {
        let meta = FileMeta { path: path.as_bytes().to_vec(), ..FileMeta::default() };
        let file = FileSymbols::new(meta, text, scanner::scan(text).declarations);
        builder.add(&file).expect("a small file fits");
    }
    let bytes = builder.finish().expect("the files are different");
    Arc::new(Shard::from_bytes(bytes.into(), &identity).expect("the builder's bytes are sound"))
}
