//! A real tree: the sources of an installed JDK, as the archive that they come in and unpacked.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use zip::ZipArchive;

use crate::sandbox::{Sandbox, assert_same};

#[test]
fn the_jdk_is_the_same_in_its_archive_and_unpacked_with_one_worker_and_with_three() {
    let Some(archive) = source_archive() else {
        assert!(std::env::var_os("CI").is_none(), "no src.zip in JAVA_HOME or /usr/lib/jvm");
        eprintln!("skipped: no src.zip in JAVA_HOME or /usr/lib/jvm");
        return;
    };
    let archive = archive.to_str().unwrap();
    let sandbox = Sandbox::new(&[]);
    let unpacked = std::thread::scope(|scope| {
        let unpacked = scope.spawn(|| unpack(archive.as_ref(), &sandbox.path("tree")));
        check(&sandbox, archive, unpacked)
    });
    assert!(unpacked > 10_000, "{unpacked} files");
}

fn check(
    sandbox: &Sandbox,
    archive: &str,
    unpacked: std::thread::ScopedJoinHandle<'_, u64>,
) -> u64 {
    let index = |cache: &str, root: &str, workers: &str| {
        let args = ["index", "--json", "--cache-dir", cache, "--workers", workers, root];
        sandbox.nova_at_home(args).ok().json()
    };
    let packed = index("packed", archive, "2");
    let files = unpacked.join().expect("the archive can be unpacked");
    assert_eq!(packed["files"], files);
    assert_eq!(packed["skipped"], Value::Array(Vec::new()));
    for (cache, workers) in [("one", "1"), ("three", "3")] {
        let report = index(cache, "tree", workers);
        for field in ["files", "symbols", "source_bytes", "digest"] {
            assert_eq!(report[field], packed[field], "{field} with {workers} workers");
        }
        let share =
            report["index_bytes"].as_f64().unwrap() / report["source_bytes"].as_f64().unwrap();
        assert!(share <= 0.08, "the index is {share} of the source");
    }
    for (root, cache) in [(archive, "packed"), ("tree", "one")] {
        let args = ["search", "HashMap", "--kind", "class", "--cache-dir", cache, root];
        let search = sandbox.nova_at_home(args).ok().text();
        let place = search.split(':').next().unwrap();
        assert!(place.ends_with("java.base/java/util/HashMap.java"), "{search}");
    }
    let names = |cache: &str, root: &str| {
        let args = ["search", "Map", "--limit", "5000", "--json", "--cache-dir", cache, root];
        let mut names = sandbox.nova_at_home(args).ok().names();
        names.sort();
        names
    };
    assert_same(&names("packed", archive), &names("three", "tree"));
    let warm = index("three", "tree", "3");
    assert_eq!((&warm["rescanned_files"], &warm["workers"]), (&0.into(), &0.into()));
    files
}

/// Writes the archive's Java files; answers how many there are.
fn unpack(archive: &Path, to: &Path) -> u64 {
    let mut zip = ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let mut files = 0;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let path = to.join(entry.enclosed_name().expect("a JDK's names are sound"));
        if path.extension().is_some_and(|extension| extension == "java") {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::io::copy(&mut entry, &mut File::create(path).unwrap()).unwrap();
            files += 1;
        }
    }
    files
}

/// The first `src.zip` of `JAVA_HOME` and `/usr/lib/jvm`.
fn source_archive() -> Option<PathBuf> {
    source_archives().into_iter().next()
}

/// The `src.zip` of this release.
pub(crate) fn source_archive_of(release: u32) -> Option<PathBuf> {
    let is_of_release = |archive: &PathBuf| {
        let mut archive = ZipArchive::new(File::open(archive).ok()?).ok()?;
        let mut entry = archive.by_name("java.base/java/lang/VersionProps.java").ok()?;
        let mut text = String::new();
        entry.read_to_string(&mut text).ok()?;
        Some(text.contains(&format!("VERSION_SPECIFICATION =\n        \"{release}\"")))
    };
    let archives = source_archives().into_iter();
    archives.into_iter().find(|archive| is_of_release(archive) == Some(true))
}

fn source_archives() -> BTreeSet<PathBuf> {
    let installed = fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let homes = std::env::var_os("JAVA_HOME").map(PathBuf::from).into_iter();
    homes
        .chain(installed.map(|entry| entry.path()))
        .filter_map(|home| home.join("lib/src.zip").canonicalize().ok())
        .collect()
}
