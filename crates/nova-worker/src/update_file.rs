//! Scans one file and answers with the index of that file alone: a delta.

use nova_index::{Root, ShardBuilder, ShardId, ShardIdentity};
use nova_protocol::message::{
    FileUpdated, Location, OpenFile, RequestError, SourceFile, UpdateFile,
};

use crate::open_files::OpenFiles;
use crate::scan_file::{Scanned, scan_read, scan_unsaved};
use crate::source::{Place, Reader};

/// Does the whole request. A file that is gone has an index without files.
pub(crate) fn update_file(
    request: UpdateFile,
    open_files: &OpenFiles,
) -> Result<FileUpdated, RequestError> {
    let failed = |error: &dyn std::fmt::Display| RequestError::Failed(error.to_string());
    let roots = vec![Root { identity: request.root.identity.to_vec(), archive_stamp: None }];
    let (shard, identity) = (ShardId(request.shard), ShardIdentity(request.identity));
    let mut builder = ShardBuilder::new(shard, identity, crate::clock::now_ns(), roots);
    let file = SourceFile { root: 0, path: request.path.clone() };
    let mut version = request.version;
    let scanned = match request.text {
        Some(text) => {
            let path = absolute(&request.root.location, &request.path);
            let session = request.session;
            let newest = open_files.load(OpenFile { session, path, version, text });
            version = newest.version;
            Scanned::File(Box::new(scan_unsaved(&file, &newest.text)))
        }
        None => {
            let places = Place::all(&[request.root]).map_err(|error| failed(&error))?;
            scan_read(&file, Reader::new(&places, request.file_bytes_max).read(&file), None)
        }
    };
    if let Scanned::File(symbols) = scanned {
        builder.add(&symbols).map_err(|error| failed(&error))?;
    }
    let index = builder.finish().map_err(|error| failed(&error))?;
    Ok(FileUpdated { version, index: index.into() })
}

fn absolute(location: &Location, path: &[u8]) -> bytes::Bytes {
    match location {
        Location::Folder(folder) => [folder, &b"/"[..], path].concat().into(),
        Location::Archive { path: archive, prefix } => {
            [archive, &b"!/"[..], prefix, path].concat().into()
        }
    }
}
