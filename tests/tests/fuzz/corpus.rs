//! The files in `tests/corpus`, a folder for each target: real encodings, and whatever once failed.

use std::fs;
use std::path::PathBuf;

use crate::runner::Target;

/// All inputs of a target's corpus, in the order of their names.
pub(crate) fn inputs(target: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder(target)).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a corpus has files only")).collect()
}

/// What an input is called that has no name: it follows from its bytes.
pub(crate) fn name_of(input: &[u8]) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(input))
}

/// Asserts that a target's corpus has its seeds as they are encoded now. With `NOVA_UPDATE_CORPUS` they are written
/// instead.
pub(crate) fn check_seeds(target: &Target) {
    let folder = folder(target.name);
    for (name, seed) in (target.seeds)() {
        let path = folder.join(name);
        if std::env::var_os("NOVA_UPDATE_CORPUS").is_some() {
            fs::create_dir_all(&folder).expect("the corpus can be written");
            fs::write(&path, &seed).expect("the corpus can be written");
        }
        let is_there = fs::read(&path).is_ok_and(|bytes| bytes == seed);
        assert!(
            is_there,
            "tests/corpus/{}/{name} is not what is encoded now: NOVA_UPDATE_CORPUS=1 writes it",
            target.name
        );
    }
}

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}
