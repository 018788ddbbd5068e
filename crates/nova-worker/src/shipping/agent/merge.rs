//! Checks an index that came from elsewhere, and puts it together with what needed no scanning.

use std::collections::HashMap;
use std::path::Path;

use nova_index::{Shard, ShardBuilder, ShardId, ShardIdentity, write_index};
use nova_protocol::message::{IndexShard, RequestError};
use nova_protocol::shipping::BuildIndex;

use super::manifest::{Kept, output};
use crate::disk;
use crate::index_shard::{roots, skipped, take_over};
use crate::scan_all::failed;

/// Opens an index that was fetched; an error says what is wrong with it.
pub(super) fn check(path: &Path, build: &BuildIndex) -> Result<Shard, String> {
    let index = Shard::open(path, &ShardIdentity(build.identity))
        .map_err(|error| format!("its index is damaged: {error}"))?;
    let wrong = |what: &str| Err(format!("its index is not of the files given: {what}"));
    if index.file_count() as usize != build.files.len() {
        return wrong("it has more or fewer");
    }
    let given = build.files.iter().map(|given| {
        let root = build.roots.get(given.file.root as usize).map_or(&[][..], |root| root);
        ((root, &given.file.path[..]), given)
    });
    let given: HashMap<_, _> = given.collect();
    for file in index.files() {
        let path = file.path();
        let Some(given) = given.get(&(file.root_identity(), &path[..])) else {
            return wrong("it has another one");
        };
        if file.content_hash().0 != given.content_hash {
            return wrong("one has another content");
        }
        if file.stamp() != disk::from_message(given.stamp) {
            return wrong("one has another stamp");
        }
    }
    Ok(index)
}

/// Whether there is anything to put together.
pub(super) fn is_needed(request: &IndexShard, kept: &Kept) -> bool {
    kept.base.is_some() || !kept.skipped.is_empty() || !request.quarantined.is_empty()
}

/// Writes the index of the whole shard to where it goes; answers its length.
pub(super) fn merge(
    request: &IndexShard,
    kept: &Kept,
    scanned: Option<&Shard>,
    read_at_ns: i64,
) -> Result<u64, RequestError> {
    let base = kept.base.as_ref();
    let (shard, identity) = (ShardId(request.shard), ShardIdentity(request.identity));
    let mut builder = ShardBuilder::new(shard, identity, read_at_ns, roots(request, base));
    if let Some(base) = base {
        take_over(base, request, &mut builder)?;
        for (file, stamp) in &kept.unchanged {
            builder.copy(base, *file, *stamp).map_err(failed)?;
        }
    }
    for quarantined in &request.quarantined {
        builder.add(&skipped(quarantined)).map_err(failed)?;
    }
    for file in &kept.skipped {
        builder.add(file).map_err(failed)?;
    }
    if let Some(scanned) = scanned {
        for file in scanned.files() {
            builder.copy(scanned, file.id(), file.stamp()).map_err(failed)?;
        }
    }
    let bytes = builder.finish().map_err(failed)?;
    let output = output(request);
    write_index(&output, &bytes)
        .map_err(|error| failed(format!("cannot write {}: {error}", output.display())))?;
    Ok(bytes.len() as u64)
}
