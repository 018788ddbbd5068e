//! Scans one file and answers with the index of that file alone: a delta.

use nova_index::{ContentHash, Root, ShardBuilder, ShardId, ShardIdentity};
use nova_protocol::message::{
    FileUpdated, Location, OpenFile, RequestError, SourceFile, SourceRoot, UpdateFile,
};

use crate::disk;
use crate::open_files::OpenFiles;
use crate::scan_all::{Texts, failed};
use crate::scan_file::{Scanned, Text, scan_read, scan_unsaved};
use crate::source::{Place, Reader};

/// Does the whole request. A file that is gone has an index without files. A worker that keeps no open files
/// scans each text as it comes.
pub(crate) fn update_file(
    request: UpdateFile,
    open_files: Option<&OpenFiles>,
) -> Result<FileUpdated, RequestError> {
    let file = file(&request);
    let mut version = request.version;
    let scanned = match (&request.text, request.stamp) {
        (None, _) => {
            let mut reader = reader(&request.root, &file, request.file_bytes_max);
            scan_read(&file, reader.read(0), None)
        }
        (Some(content), Some(stamp)) => {
            let stamp = disk::from_message(stamp);
            let content_hash = ContentHash::of(content);
            scan_read(&file, Ok(Text { content, stamp, content_hash }), None)
        }
        (Some(text), None) => {
            let path = absolute(&request.root.location, &request.path);
            let (session, text) = (request.session, text.clone());
            let given = OpenFile { session, path, version, text };
            let text = match open_files {
                Some(open_files) => {
                    let newest = open_files.load(given);
                    version = newest.version;
                    newest.text
                }
                None => given.text,
            };
            Scanned::File(Box::new(scan_unsaved(&file, &text)))
        }
    };
    index_of(&request, version, scanned)
}

/// The file that a request is about.
pub(crate) fn file(request: &UpdateFile) -> SourceFile {
    SourceFile { root: 0, path: request.path.clone() }
}

/// Reads the one file that a request is about from the disk.
pub(crate) fn reader<'f>(
    root: &SourceRoot,
    file: &'f SourceFile,
    file_bytes_max: u64,
) -> Reader<'f> {
    let places = Place::all(std::slice::from_ref(root));
    Reader::new(&places, std::slice::from_ref(file), file_bytes_max)
}

/// The index of what became of the file.
pub(crate) fn index_of(
    request: &UpdateFile,
    version: u64,
    scanned: Scanned,
) -> Result<FileUpdated, RequestError> {
    let roots = vec![Root { identity: request.root.identity.to_vec(), archive_stamp: None }];
    let (shard, identity) = (ShardId(request.shard), ShardIdentity(request.identity));
    let mut builder = ShardBuilder::new(shard, identity, crate::clock::now_ns(), roots);
    if let Scanned::File(symbols) = scanned {
        builder.add(&symbols).map_err(failed)?;
    }
    let index = builder.finish().map_err(failed)?;
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
