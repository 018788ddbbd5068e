//! A cache is trusted only after checks: whatever happens to its files, the answers are right.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::sandbox::{Sandbox, assert_same, large_class};

/// An indexed tree, with what its cache looks like and what it says.
struct Healthy {
    sandbox: Sandbox,
    files: BTreeMap<PathBuf, Vec<u8>>,
    symbols: Vec<String>,
}

impl Healthy {
    fn new() -> Self {
        let sandbox = Sandbox::new(&[]);
        for package in ["p", "q", "r"] {
            sandbox.write(format!("src/{package}/A.java"), large_class(package, "A", 5));
        }
        sandbox.index_with(&["--max-shard-size", "1K"]);
        let entries = fs::read_dir(sandbox.cache()).unwrap().flatten();
        let files = entries.map(|entry| (entry.path(), fs::read(entry.path()).unwrap())).collect();
        let symbols = sandbox.symbols();
        assert_eq!(symbols.len(), 36);
        Self { sandbox, files, symbols }
    }

    fn shards(&self) -> Vec<&PathBuf> {
        let is_shard = |path: &&PathBuf| path.extension().is_some_and(|e| e == "bin");
        let shards: Vec<_> = self.files.keys().filter(is_shard).collect();
        assert!(shards.len() > 1);
        shards
    }

    /// Does damage to a healthy cache and asserts that it does no harm.
    #[track_caller]
    fn check(&self, what: &str, damage: impl FnOnce()) {
        for (path, bytes) in &self.files {
            fs::write(path, bytes).unwrap();
        }
        damage();
        eprintln!("after {what}:");
        self.sandbox.nova(["status", "--json", "tree"]).ok().json();
        assert_same(&self.sandbox.symbols(), &self.symbols);
        let again = self.sandbox.index();
        assert_eq!(again["rescanned_files"], 0, "{what} is not repaired");
    }

    /// Flips a byte in so many places of a file.
    fn check_flips(&self, path: &PathBuf, places: impl Iterator<Item = usize>) {
        for at in places {
            let mut bytes = self.files[path].clone();
            bytes[at] ^= 1 << (at % 8);
            let what = format!("flipping byte {at} of {}", path.display());
            self.check(&what, || fs::write(path, &bytes).unwrap());
        }
    }

    fn check_truncations(&self, path: &PathBuf) {
        let bytes = &self.files[path];
        for length in [0, 1, 8, bytes.len() / 2, bytes.len() - 1] {
            let what = format!("cutting {} to {length} bytes", path.display());
            self.check(&what, || fs::write(path, &bytes[..length]).unwrap());
        }
        let longer = [&bytes[..], b"more"].concat();
        self.check("appending", || fs::write(path, &longer).unwrap());
        self.check("deleting", || fs::remove_file(path).unwrap());
    }
}

#[test]
fn a_flipped_byte_in_a_shards_header_is_detected() {
    let healthy = Healthy::new();
    // The magic, the version, and some of what follows.
    healthy.check_flips(healthy.shards()[0], (0..16).chain((16..128).step_by(11)));
}

#[test]
fn a_flipped_byte_anywhere_in_a_shard_is_detected_or_harmless() {
    let healthy = Healthy::new();
    let path = healthy.shards()[1];
    let length = healthy.files[path].len();
    healthy.check_flips(path, (0..20).map(|i| i * (length - 1) / 19));
}

#[test]
fn a_flipped_byte_in_the_layout_is_detected_or_harmless() {
    let healthy = Healthy::new();
    let path = healthy.sandbox.cache().join("layout.json");
    let length = healthy.files[&path].len();
    // Most of it is one long list.
    healthy.check_flips(&path, (0..160).step_by(8).chain([length / 2, length - 2, length - 1]));
}

#[test]
fn cut_and_missing_files_are_built_again() {
    let healthy = Healthy::new();
    healthy.check_truncations(healthy.shards()[0]);
    healthy.check_truncations(&healthy.sandbox.cache().join("layout.json"));
    healthy.check("deleting the lock", || {
        fs::remove_file(healthy.sandbox.cache().join("lock")).unwrap();
    });
}

#[test]
fn a_shard_of_another_id_or_workspace_is_not_taken() {
    let healthy = Healthy::new();
    let shards = healthy.shards();
    healthy.check("swapping shards", || {
        fs::write(shards[0], &healthy.files[shards[1]]).unwrap();
        fs::write(shards[1], &healthy.files[shards[0]]).unwrap();
    });
    let stranger = Healthy::new();
    healthy.check("taking a stranger's shard", || {
        fs::write(shards[0], &stranger.files[stranger.shards()[0]]).unwrap();
    });
    healthy.check("taking a stranger's shards", || {
        for (path, bytes) in &stranger.files {
            if path.extension().is_some_and(|extension| extension == "bin") {
                let own = healthy.sandbox.cache().join(path.file_name().unwrap());
                fs::write(own, bytes).unwrap();
            }
        }
    });
}

#[test]
fn files_that_nobody_knows_do_no_harm() {
    let healthy = Healthy::new();
    let cache = healthy.sandbox.cache();
    healthy.check("a shard that is not in the layout", || {
        fs::write(cache.join("shard_77.bin"), "stranger").unwrap();
    });
    healthy.check("half a layout", || fs::write(cache.join("layout.json.new"), "{").unwrap());
    fs::remove_file(cache.join("layout.json.new")).unwrap();
}

#[test]
fn a_damaged_dictionary_is_derived_again() {
    let sandbox = Sandbox::new(&[
        ("p/A.java", "package p; public class Apple { void peel() {} }"),
        ("p/B.java", "package p; import p.Apple; class AppleTree {}"),
    ]);
    sandbox.index();
    let path = sandbox.cache().join("names.bin");
    let whole = fs::read(&path).unwrap();
    let before = sandbox.found("apple");
    assert_eq!(before, ["Apple", "AppleTree"]);
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let cut = |len: usize| whole[..len].to_vec();
    let (last, middle) = (whole.len() - 1, whole.len() / 2);
    for bytes in
        [cut(0), cut(10), cut(middle), flipped(0), flipped(13), flipped(middle), flipped(last)]
    {
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        assert_eq!(sandbox.found("apple"), before);
        assert!(fs::read(&path).unwrap() == whole, "it is the same as before");
    }
}
