//! Where a request's source roots are, and the bytes of their files.

use std::collections::HashMap;
use std::path::PathBuf;

use nova_index::{ContentHash, Stamp};
use nova_protocol::message::{Location, SourceFile, SourceRoot};
use nova_protocol::path;

use crate::archive::Archive;
use crate::disk::{self, ReadError};
use crate::scan_all::Texts;
use crate::scan_file::Text;

/// A source root that can be read from.
#[derive(Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Archive {
        archive: Archive,
        prefix: Vec<u8>,
    },
    /// An archive that cannot be opened, and why. Its files are skipped, and no others.
    Broken(String),
}

impl Place {
    /// The places of a request's roots; roots in one archive share its directory.
    pub(crate) fn all(roots: &[SourceRoot]) -> Vec<Self> {
        let mut opened: HashMap<PathBuf, Result<Archive, String>> = HashMap::new();
        let mut places = Vec::with_capacity(roots.len());
        for root in roots {
            places.push(match &root.location {
                Location::Folder(folder) => Self::Folder(path::from_bytes(folder)),
                Location::Archive { path, prefix } => {
                    let path = path::from_bytes(path);
                    let archive = opened.entry(path).or_insert_with_key(|path| {
                        Archive::open(path).map_err(|error| error.to_string())
                    });
                    match archive.clone() {
                        Ok(archive) => Self::Archive { archive, prefix: prefix.to_vec() },
                        Err(reason) => Self::Broken(reason),
                    }
                }
            });
        }
        places
    }
}

/// Reads files into one buffer.
pub(crate) struct Reader<'r> {
    places: Vec<Place>,
    files: &'r [SourceFile],
    file_bytes_max: u64,
    content: Vec<u8>,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(places: &[Place], files: &'r [SourceFile], file_bytes_max: u64) -> Self {
        Self { places: places.to_vec(), files, file_bytes_max, content: Vec::new() }
    }
}

impl Texts for Reader<'_> {
    fn read(&mut self, position: usize) -> Result<Text<'_>, ReadError> {
        let Some(file) = self.files.get(position) else { return Err(ReadError::Vanished) };
        let stamp = match self.places.get_mut(file.root as usize) {
            Some(Place::Folder(folder)) => {
                let path = folder.join(path::from_bytes(&file.path));
                disk::read(&path, self.file_bytes_max, &mut self.content)?
            }
            Some(Place::Archive { archive, prefix }) => {
                let path = [&prefix[..], &file.path].concat();
                archive.read(&path, self.file_bytes_max, &mut self.content)?
            }
            Some(Place::Broken(reason)) => {
                let (stamp, reason) = (Stamp::default(), reason.clone());
                return Err(ReadError::BadEntry { stamp, reason });
            }
            None => return Err(ReadError::Vanished),
        };
        let content_hash = ContentHash::of(&self.content);
        Ok(Text { content: &self.content, stamp, content_hash })
    }
}
