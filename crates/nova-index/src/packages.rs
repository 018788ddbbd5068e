//! The packages of one shard, each with the file that stands for it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::merit::{Merit, Purpose};
use crate::shard::{FileRef, Shard};
use crate::view::compare_places;

/// A package, placed at one of its files.
#[derive(Clone, Copy)]
pub(crate) struct Package<'a> {
    /// `a.b.c`
    pub(crate) name: &'a str,
    /// The file whose clause stands for it.
    pub(crate) file: FileRef<'a>,
}

impl<'a> Package<'a> {
    /// The packages of some files, sorted by name.
    pub(crate) fn of_files(files: impl Iterator<Item = FileRef<'a>>) -> Vec<Self> {
        let mut best: HashMap<&str, FileRef<'a>> = HashMap::new();
        for file in files {
            let Some(package) = file.package() else { continue };
            match best.entry(package) {
                Entry::Vacant(entry) => drop(entry.insert(file)),
                Entry::Occupied(mut entry) => {
                    if precedes(file, *entry.get()) {
                        entry.insert(file);
                    }
                }
            }
        }
        let mut packages: Vec<_> =
            best.into_iter().map(|(name, file)| Self { name, file }).collect();
        packages.sort_unstable_by_key(|package| package.name);
        packages
    }

    /// The packages of a whole shard.
    pub(crate) fn of_shard(shard: &'a Shard) -> Vec<Self> {
        Self::of_files(shard.files())
    }

    /// Whether the package is deprecated: only its own file can say so (JLS 7.4.1).
    pub(crate) fn is_deprecated(file: FileRef<'_>) -> bool {
        is_package_info(file) && file.package_clause().is_some_and(|clause| clause.deprecated)
    }

    /// The reasons of rank that no query changes.
    pub(crate) fn merit(&self) -> Merit {
        Merit::of_package(Self::is_deprecated(self.file), Purpose::of_file(self.file))
    }
}

/// Whether a package is placed at the one file rather than at the other: at `package-info.java` if there
/// is one, else at the first path.
pub(crate) fn precedes(a: FileRef<'_>, b: FileRef<'_>) -> bool {
    is_package_info(b).cmp(&is_package_info(a)).then_with(|| compare_places(a, b)).is_lt()
}

/// Whether the file is the one that documents and annotates its package.
fn is_package_info(file: FileRef<'_>) -> bool {
    file.file_name() == b"package-info.java"
}
