//! Views over several shards and deltas.

use std::sync::Arc;

use nova_index::{Revision, Shard, SymbolView, ViewShard};

use crate::support::{builder, line_of, open, scanned};

fn shard(root: &str, files: &[(&str, &str)]) -> Arc<Shard> {
    let mut builder = builder(&[root]);
    for (path, text) in files {
        builder.add(&scanned(0, path, text)).expect("a small file fits");
    }
    Arc::new(open(builder.finish().expect("the files are different")))
}

fn lines(view: &SymbolView) -> Vec<String> {
    view.symbols().map(|symbol| line_of(&symbol)).collect()
}

#[test]
fn a_delta_hides_what_it_supersedes() {
    let base = shard(
        "src",
        &[("a/A.java", "package a; class A { int old; }"), ("a/B.java", "package a; class B {}")],
    );
    let delta = shard("src", &[("a/A.java", "package a;\nclass A { int young; }")]);
    let old = base.find_file(b"src", b"a/A.java").unwrap().id();
    let shards = vec![ViewShard::new(base, [old]), ViewShard::new(delta, [])];
    let view = SymbolView::new(Revision(3), shards, None);
    assert_eq!(
        lines(&view),
        [
            "a/A.java:1:6 class A []",
            "a/A.java:1:14 field A.young: int []",
            "a/B.java:0:17 class B []",
            "a/A.java:0:8 package a []",
        ]
    );
    assert_eq!((view.file_count(), view.symbol_count(), view.revision()), (2, 4, Revision(3)));
}

#[test]
fn how_files_are_spread_over_shards_leaves_no_trace() {
    let files = [
        ("p/A.java", "package p; class A {}"),
        ("p/q/B.java", "package p.q; class B {}"),
        ("p/q/package-info.java", "@Deprecated package p.q;"),
        ("p/C.java", "package p; class C {}"),
    ];
    let whole = SymbolView::new(Revision(1), vec![ViewShard::new(shard("src", &files), [])], None);
    let parts = |parts: [&[(&str, &str)]; 2]| {
        let shards = parts.map(|files| ViewShard::new(shard("src", files), []));
        SymbolView::new(Revision(1), shards.into(), None)
    };
    assert_eq!(lines(&whole), lines(&parts([&files[..2], &files[2..]])));
    assert_eq!(lines(&whole), lines(&parts([&files[1..], &files[..1]])));
}

#[test]
fn a_package_is_one_symbol_and_stands_at_its_package_info() {
    let shard = shard(
        "src",
        &[
            ("p/A.java", "package p; class A {}"),
            ("p/package-info.java", "/** x */\n@Deprecated\npackage p;"),
            ("p/Z.java", "package p; class Z {}"),
        ],
    );
    let packages = |hidden: &[&str]| {
        let hidden =
            hidden.iter().map(|path| shard.find_file(b"src", path.as_bytes()).unwrap().id());
        let view = SymbolView::new(Revision(1), vec![ViewShard::new(shard.clone(), hidden)], None);
        view.packages().map(|package| line_of(&package)).collect::<Vec<_>>()
    };
    assert_eq!(packages(&[]), [r#"p/package-info.java:2:8 package p ["deprecated"]"#]);
    assert_eq!(packages(&["p/package-info.java"]), ["p/A.java:0:8 package p []"]);
    assert_eq!(packages(&["p/package-info.java", "p/A.java"]), ["p/Z.java:0:8 package p []"]);
    assert_eq!(packages(&["p/package-info.java", "p/A.java", "p/Z.java"]), [""; 0]);
}
