//! The same files make the same bytes, whatever the way.

use nova_index::{
    AddFileError, BuildShardError, Digest, FileId, FileMeta, FileSymbols, Root, ShardBuilder, Stamp,
};
use proptest::prelude::*;

use crate::support::{builder, meta, open, scanned, shard_bytes};

const FILES: [(u32, &str, &str); 6] = [
    (0, "a/B.java", "package a; import java.util.*; class B { int x; static final int Y = 1; }"),
    (0, "a/b/B.java", "package a.b; import static java.util.List.of; class B { void x() {} }"),
    (0, "a.java", "class a { class b { class c {} int x; } }"),
    (1, "a/B.java", "package a; @Deprecated interface B<T> { T get(); }"),
    (1, "Z.java", "enum Z { P, Q { int y; }, R; Z() {} }"),
    (1, "module-info.java", "open module m.n { requires java.base; }"),
];

fn files() -> Vec<FileSymbols> {
    let mut files: Vec<_> =
        FILES.iter().map(|(root, path, text)| scanned(*root, path, text)).collect();
    files.push(huge(1));
    files
}

fn huge(root: u32) -> FileSymbols {
    let note = "larger than the 32 MiB bound".to_owned();
    FileSymbols::skipped(FileMeta { note, ..meta(root, "Huge.java", "") })
}

fn built(files: impl IntoIterator<Item = FileSymbols>) -> Vec<u8> {
    let mut builder = builder(&["one", "two"]);
    files.into_iter().for_each(|file| builder.add(&file).expect("a small file fits"));
    builder.finish().expect("the files are different")
}

proptest! {
    #[test]
    fn the_order_of_adding_leaves_no_trace(order in Just(files()).prop_shuffle()) {
        prop_assert_eq!(built(order), built(files()));
    }

    #[test]
    fn a_file_taken_over_is_as_good_as_one_scanned(
        copied in proptest::collection::vec(any::<bool>(), files().len()),
        order in Just((0..files().len()).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let expected = built(files());
        let old = open(expected.clone());
        let mut builder = builder(&["one", "two"]);
        for index in order {
            let file = &files()[index];
            if copied[index] {
                let (root, path) = place(index);
                let row = old.find_file(root.as_bytes(), path.as_bytes()).expect("it was built");
                builder.copy(&old, row.id(), row.stamp()).expect("a small file fits");
            } else {
                builder.add(file).expect("a small file fits");
            }
        }
        prop_assert_eq!(builder.finish().expect("the files are different"), expected);
    }
}

fn place(index: usize) -> (&'static str, &'static str) {
    let (root, path) = FILES.get(index).map_or((1, "Huge.java"), |row| (row.0, row.1));
    (["one", "two"][root as usize], path)
}

#[test]
fn the_order_of_roots_leaves_no_trace() {
    let mut swapped = builder(&["two", "one"]);
    for (root, path, text) in FILES {
        swapped.add(&scanned(1 - root, path, text)).unwrap();
    }
    swapped.add(&huge(0)).unwrap();
    assert_eq!(swapped.finish().unwrap(), built(files()));
}

#[test]
fn the_digest_depends_on_paths_and_contents_alone() {
    let shard = |root: &str, stamp: Stamp, text: &str| {
        let mut builder = builder(&[root]);
        let mut file = meta(0, "a/B.java", text);
        file.stamp = stamp;
        let declarations = nova_syntax::scanner::scan(text).declarations;
        builder.add(&FileSymbols::new(file, text, declarations)).unwrap();
        open(builder.finish().unwrap()).digest()
    };
    let stamp = Stamp { size: 9, mtime_ns: 9, ctime_ns: 9, inode: 9 };
    let digest = shard("here", stamp, "class B {}");
    assert_eq!(digest, shard("there", Stamp::default(), "class B {}"));
    assert_ne!(digest, shard("here", stamp, "class C {}"));
    assert_ne!(digest, shard("here", stamp, "class B {} //"));
}

#[test]
fn digests_of_parts_add_up_to_the_digest_of_the_whole() {
    let whole = open(built(files()));
    let mut sum = Digest::default();
    whole.files().rev().for_each(|file| sum.add(&file.path(), file.digest()));
    assert_eq!(sum, whole.digest());
    assert_eq!(sum.to_string().len(), 32);
}

#[test]
fn what_cannot_be_in_a_shard_is_refused_and_the_rest_goes_on() {
    let old = open(shard_bytes(&[("A.java", "class A {}")]));
    let mut builder = builder(&["one"]);
    let text = "class A {}";
    assert_eq!(builder.add(&scanned(1, "A.java", text)), Err(AddFileError::UnknownRoot));
    let refused = AddFileError::BadPath(b"../A.java".to_vec());
    assert_eq!(builder.add(&scanned(0, "../A.java", text)), Err(refused));
    let stamp = Stamp::default();
    assert_eq!(builder.copy(&old, FileId(0), stamp), Err(AddFileError::UnknownRoot));
    assert_eq!(builder.copy(&old, FileId(1), stamp), Err(AddFileError::UnknownFile(FileId(1))));
    builder.add(&scanned(0, "A.java", text)).unwrap();
    let mut expected = crate::support::builder(&["one"]);
    expected.add(&scanned(0, "A.java", text)).unwrap();
    assert_eq!(builder.finish().unwrap(), expected.finish().unwrap());
}

#[test]
fn a_file_or_root_that_comes_twice_is_an_error() {
    let mut twice = builder(&["one"]);
    twice.add(&scanned(0, "a/B.java", "class A {}")).unwrap();
    twice.add(&scanned(0, "a/B.java", "class B {}")).unwrap();
    assert_eq!(twice.finish(), Err(BuildShardError::DuplicateFile(b"a/B.java".to_vec())));
    let twice = builder(&["one", "two", "one"]);
    assert_eq!(twice.finish(), Err(BuildShardError::DuplicateRoot(b"one".to_vec())));
}

#[test]
fn an_archive_keeps_its_stamp() {
    let stamp = Stamp { size: 1, mtime_ns: -2, ctime_ns: 3, inode: 4 };
    let roots = vec![
        Root { identity: b"src.zip!/b".to_vec(), archive_stamp: Some(stamp) },
        Root { identity: b"a".to_vec(), archive_stamp: None },
    ];
    let builder = ShardBuilder::new(nova_index::ShardId(1), crate::support::IDENTITY, -5, roots);
    let shard = open(builder.finish().unwrap());
    let roots: Vec<_> = shard.roots().map(|root| (root.identity, root.archive_stamp)).collect();
    assert_eq!(roots, [(&b"a"[..], None), (b"src.zip!/b", Some(stamp))]);
    assert_eq!((shard.id().0, shard.scanned_at_ns(), shard.file_count()), (1, -5, 0));
}
