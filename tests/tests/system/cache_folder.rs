//! A cache folder that cannot be what it should be: read-only, full, a file, too deep for a socket.

use std::fs;

use crate::run::Run;
use crate::sandbox::{Sandbox, large_class};

fn tree() -> Sandbox {
    Sandbox::new(&[("p/A.java", "package p; class First {}")])
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_a_way_out() {
    let sandbox = tree();
    fs::write(sandbox.path("file"), "").unwrap();
    for folder in ["file", "file/below", "/proc/nova", "/sys/nova"] {
        for command in [&["index"][..], &["search", "First"], &["export"]] {
            let options = ["--cache-dir", folder, "tree"];
            let failed = sandbox.nova_at_home(command.iter().chain(&options)).run().code(1);
            failed.says(&[folder, "--cache-dir"]);
        }
    }
    assert_eq!(fs::read(sandbox.path("file")).unwrap(), b"");
}

#[test]
fn files_that_are_folders_are_told() {
    for name in ["layout.json", "lock"] {
        let sandbox = tree();
        sandbox.index();
        fs::remove_file(sandbox.cache().join(name)).unwrap();
        fs::create_dir(sandbox.cache().join(name)).unwrap();
        sandbox.write("more/More.java", "package more; class More {}");
        sandbox.nova(["index", "tree"]).run().code(1).says(&[name]);
        fs::remove_dir(sandbox.cache().join(name)).unwrap();
        sandbox.assert_like_clean();
    }
}

/// Runs with files of at most 4 KiB, which is what a full disk is to who writes more.
fn with_full_disk(sandbox: &Sandbox, blocks: u32, command: &str) -> Run {
    let nova = crate::programs::programs().nova.to_str().unwrap();
    let script =
        format!("trap '' XFSZ; ulimit -f {blocks}; exec {nova} --cache-dir cache {command}");
    sandbox.program("sh", ["-c", &script])
}

#[test]
fn with_a_full_disk_the_old_index_is_served_without_what_changed() {
    let sandbox = tree();
    sandbox.write("p/B.java", "package p; class Second {}");
    sandbox.let_stamps_settle();
    sandbox.index();
    let text = large_class("p", "Third", 500);
    sandbox.write("p/A.java", &text);
    let failed = with_full_disk(&sandbox, 4, "search --json Second tree").run().code(1);
    assert_eq!(failed.names(), ["Second"]);
    failed.says(&["shard 0", "write"]);
    let failed = with_full_disk(&sandbox, 4, "search --json First tree").run().code(1);
    assert_eq!(failed.names(), [""; 0]);
    let failed = with_full_disk(&sandbox, 4, "index tree").run().code(1);
    failed.says(&["cannot write", "shard_0"]);
    // What was there before is untouched, and all is well when there is room again.
    sandbox.write("p/A.java", "package p; class First {}");
    assert_eq!(sandbox.found("First"), ["First"]);
    sandbox.write("p/A.java", &text);
    assert_eq!(sandbox.found("Third"), ["Third"]);
    sandbox.assert_like_clean();
}

#[test]
fn a_layout_that_finds_no_room_fails_by_name_and_the_next_run_is_right() {
    let sandbox = tree();
    let failed = with_full_disk(&sandbox, 0, "index tree").run().code(1);
    failed.says(&["cache"]);
    sandbox.assert_like_clean();
    assert!(!sandbox.cache().join("layout.json.new").exists());
}

/// The device on which there is never room stands for the disk, under the name that is written.
#[cfg(target_os = "linux")]
fn without_room_for(sandbox: &Sandbox, name: &str) {
    std::os::unix::fs::symlink("/dev/full", sandbox.cache().join(name)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn without_room_for_names_all_is_found_and_the_next_run_has_them() {
    let sandbox = tree();
    sandbox.let_stamps_settle();
    sandbox.index();
    let names = sandbox.cache().join("names.bin");
    fs::remove_file(&names).unwrap();
    without_room_for(&sandbox, "names.bin.new");
    let run = sandbox.nova(["index", "tree"]).run().code(0);
    run.says(&["No space left on device", "names.bin"]);
    assert!(!names.exists());
    assert_eq!(sandbox.found("First"), ["First"]);
    assert!(names.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn without_room_for_a_layout_what_was_indexed_is_served_and_the_next_run_is_right() {
    let sandbox = tree();
    sandbox.let_stamps_settle();
    sandbox.index();
    sandbox.write("more/q/More.java", "package q; class More {}");
    without_room_for(&sandbox, "layout.json.new");
    let failed = sandbox.nova(["index", "tree"]).run().code(1);
    failed.says(&["No space left on device", "layout.json"]);
    let search = sandbox.nova(["search", "--json", "First", "tree"]).run().code(1);
    assert_eq!(search.names(), ["First"]);
    search.says(&["what has changed is left out", "No space left on device"]);
    fs::remove_file(sandbox.cache().join("layout.json.new")).unwrap();
    assert_eq!(sandbox.found("First"), ["First"]);
    sandbox.assert_like_clean();
}

#[test]
fn a_cache_folder_that_is_too_deep_for_a_socket_works() {
    let sandbox = tree();
    let deep = format!("deep/{}/{}", "d".repeat(100), "e".repeat(100));
    let index = ["index", "--json", "tree", "--cache-dir", &deep];
    assert_eq!(sandbox.nova_at_home(index).ok().json()["files"], 1);
    let entries = fs::read_dir(sandbox.path(&deep)).unwrap().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    assert_eq!(names, ["CACHEDIR.TAG", "layout.json", "lock", "names.bin", "shard_0.bin"]);
}

#[test]
fn a_removed_cache_folder_is_made_again() {
    let sandbox = tree();
    sandbox.index();
    fs::remove_dir_all(sandbox.cache()).unwrap();
    assert_eq!(sandbox.index()["rescanned_files"], 1);
}
