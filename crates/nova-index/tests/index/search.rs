//! What a query finds, and in which order: directly, and by a dictionary.

use std::cell::Cell;
use std::sync::Arc;

use nova_index::{
    Cancelled, Hit, Query, Revision, SearchOptions, SymbolView, Total, ViewShard, search,
};
use nova_syntax::declarations::Kind;

use crate::support::{builder, found, merged, open, scanned, view};

/// Checks the qualified names of all hits, best first, without a dictionary and with one.
#[track_caller]
fn check(view: &SymbolView, text: &str, kinds: &[Kind], expected: &[&str]) {
    for view in [view, &merged(view)] {
        let options = SearchOptions { limit: 100, ..SearchOptions::default() };
        let query = Query::new(text, kinds);
        let found = search(view, &query, &options, &|| false).expect("not cancelled");
        let names: Vec<_> = found.hits.iter().map(qualified).collect();
        assert_eq!(names, expected, "for {text:?}, {:?}", view.dictionary());
        assert_eq!((found.total, found.cut), (Total::Exactly(names.len() as u64), false));
    }
}

fn qualified(hit: &Hit<'_>) -> String {
    let parts = [hit.symbol.container(), hit.symbol.name().to_owned()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}

fn collections() -> SymbolView {
    view(&[
        (
            "java/util/HashMap.java",
            "package java.util; public class HashMap { public void put() {} public int hashmap; \
             static class Entry {} void f() { class HashMap {} } }",
        ),
        (
            "java/util/concurrent/ConcurrentHashMap.java",
            "package java.util.concurrent; public class ConcurrentHashMap { public void put() {} }",
        ),
        ("java/util/Map.java", "package java.util; public interface Map { interface Entry {} }"),
        ("org/Harm.java", "package org; @Deprecated public class HashMap {} class HASH_MAP {}"),
    ])
}

#[test]
fn better_matches_come_first() {
    let expected = [
        "HashMap",
        "HashMap",
        "HASH_MAP",
        "HashMap.HashMap",
        "HashMap.hashmap",
        "ConcurrentHashMap",
    ];
    check(&collections(), "hashmap", &[], &expected);
    check(&collections(), "ConHM", &[], &["ConcurrentHashMap"]);
    check(
        &collections(),
        "hm",
        &[Kind::Class],
        &["HashMap", "HashMap", "HASH_MAP", "HashMap.HashMap", "ConcurrentHashMap"],
    );
    check(&collections(), "xyzzy", &[], &[]);
}

#[test]
fn a_capital_that_was_typed_decides_after_the_match() {
    check(
        &collections(),
        "HashMap",
        &[],
        &["HashMap", "HashMap", "HASH_MAP", "HashMap.HashMap", "ConcurrentHashMap"],
    );
    check(&collections(), "Put", &[], &["HashMap.put", "ConcurrentHashMap.put"]);
    let view = view(&[("A.java", "class list {} class A { int List; void LIST() {} }")]);
    check(&view, "List", &[], &["A.LIST", "A.List", "list"]);
    check(&view, "list", &[], &["list", "A.LIST", "A.List"]);
}

#[test]
fn leading_parts_say_where_a_symbol_is() {
    check(&collections(), "Map.Entry", &[], &["Map.Entry", "HashMap.Entry"]);
    check(&collections(), "Map$Entry", &[], &["Map.Entry", "HashMap.Entry"]);
    check(&collections(), "HashMap.put", &[], &["HashMap.put", "ConcurrentHashMap.put"]);
    check(&collections(), "HM#put", &[], &["HashMap.put", "ConcurrentHashMap.put"]);
    check(&collections(), "util.hashmap.put", &[], &["HashMap.put", "ConcurrentHashMap.put"]);
    check(&collections(), "concurrent.put", &[], &["ConcurrentHashMap.put"]);
    check(&collections(), "java.util.Map", &[Kind::Interface], &["Map"]);
    check(&collections(), "j.Map", &[Kind::Interface], &["Map"]);
    check(&collections(), "org.Map", &[Kind::Interface], &[]);
    check(&collections(), "java.util", &[], &["java.util"]);
    check(&collections(), "util", &[Kind::Package], &["java.util"]);
    check(&collections(), "Map.E", &[], &["Map.Entry", "HashMap.Entry"]);
}

#[test]
fn words_are_found_in_any_order_in_the_name_or_around_it() {
    let view = view(&[(
        "b/Buffers.java",
        "package java.nio; class ByteBuffer { void put() {} } class BufferOfBytes {} class Put {}",
    )]);
    check(&view, "buffer byte", &[], &["ByteBuffer", "BufferOfBytes"]);
    check(&view, "bytebuffer put", &[], &["ByteBuffer.put"]);
    check(&view, "nio put", &[], &["Put"]);
    check(&view, "put bytebuffer nio", &[], &["ByteBuffer.put"]);
}

#[test]
fn one_typo_is_forgiven_where_nothing_better_matches() {
    check(
        &collections(),
        "hahsmap",
        &[Kind::Class],
        &["HashMap", "HashMap", "HASH_MAP", "HashMap.HashMap"],
    );
    check(&collections(), "HAshMp", &[Kind::Interface], &[]);
    let view = view(&[("A.java", "class Lost {} class List {}")]);
    check(&view, "list", &[], &["List"]);
    check(&view, "lust", &[], &["List", "Lost"]);
}

#[test]
fn a_trace_finds_the_overload_around_its_line() {
    let text = "package p;\npublic class A {\n  public void m(int i) {\n  }\n  void m() {\n  }\n  class B { void m() {} } }";
    let view = view(&[("p/A.java", text), ("p/B.java", "package p; class Other { void m() {} }")]);
    for view in [&view, &merged(&view)] {
        for (line, expected) in [(3, 2), (4, 2), (6, 4)] {
            let found = found(view, &format!("at x/p.A.m(A.java:{line})"), 10);
            assert_eq!(found.hits[0].symbol.line(), expected, "line {line}");
            assert_eq!(found.hits.len(), 2);
        }
    }
    check(&view, "at p.A$B.m(A.java:7)", &[], &["A.B.m"]);
}

#[test]
fn filters_leave_the_others_out() {
    let view = view(&[
        ("core/A.java", "package core; class Foo { void foo() {} } @interface Fooled {}"),
        ("test/ATest.java", "package test; class FooTest {}"),
        ("module-info.java", "module some.thing {}"),
    ]);
    check(&view, "class:foo", &[], &["Foo", "FooTest"]);
    check(&view, "foo -path:test", &[], &["Foo", "Foo.foo", "Fooled"]);
    check(&view, "path:core kind:method foo", &[], &["Foo.foo"]);
    check(&view, "in:some.th class:foo -path:ATest", &[], &["Foo"]);
    check(&view, "in:other foo", &[], &[]);
    check(&view, "@fo", &[], &["Fooled"]);
    check(&view, "foo(", &[], &["Foo.foo"]);
}

#[test]
fn what_many_files_import_comes_first_among_equals() {
    let view = merged(&view(&[
        ("a/Apple.java", "package a; public class Apple { public void eat() {} }"),
        ("b/Apple.java", "package b; public class Apple { public void eat() {} }"),
        ("c/C.java", "package c; import b.Apple; class C {}"),
        ("d/AppleTest.java", "package d; public class Apple { public void eat() {} }"),
    ]));
    let packages = |text: &str| {
        let found = found(&view, text, 10);
        found.hits.iter().map(|hit| hit.symbol.package().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(packages("class:apple"), ["b", "a", "d"]);
    assert_eq!(packages("eat"), ["b", "a", "d"]);
}

#[test]
fn what_is_near_comes_first_among_equals() {
    let whole = view(&[
        ("a/Apple.java", "package a; class Apple {}"),
        ("b/Apple.java", "package b; class Apple {}"),
        ("b/Other.java", "package b; class Other { class Apple {} }"),
    ]);
    for view in [&whole, &merged(&whole)] {
        let near = |path: &str| {
            let options = SearchOptions {
                limit: 10,
                near: Some((b"src", path.as_bytes())),
                ..SearchOptions::default()
            };
            let found = search(view, &Query::new("apple", &[]), &options, &|| false).unwrap();
            found
                .hits
                .iter()
                .map(|it| String::from_utf8(it.symbol.file().path()).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(near("b/Other.java"), ["b/Other.java", "b/Apple.java", "a/Apple.java"]);
        assert_eq!(near("b/New.java"), ["b/Apple.java", "b/Other.java", "a/Apple.java"]);
        assert_eq!(near("Apple.java"), ["a/Apple.java", "b/Apple.java", "b/Other.java"]);
    }
}

#[test]
fn a_module_is_found_by_its_whole_name() {
    let view = view(&[("module-info.java", "module java.base {}"), ("A.java", "class base {}")]);
    check(&view, "java.base", &[], &["java.base"]);
    check(&view, "base", &[], &["base", "java.base"]);
}

#[test]
fn an_empty_query_finds_everything() {
    let view = collections();
    for view in [&view, &merged(&view)] {
        let all = Total::Exactly(view.symbol_count());
        let three = found(view, "", 3);
        assert_eq!((three.hits.len(), three.total, three.cut), (3, all, true));
        let none = found(view, "", 0);
        assert_eq!((none.hits.len(), none.total, none.cut), (0, all, true));
    }
}

#[test]
fn an_empty_query_shows_first_what_was_changed_lately() {
    let file = |path: &str, text: &str, mtime_ns| {
        let mut meta = crate::support::meta(0, path, text);
        meta.stamp.mtime_ns = mtime_ns;
        let declarations = nova_syntax::scanner::scan(text).declarations;
        nova_index::FileSymbols::new(meta, text, declarations)
    };
    let mut builder = builder(&["src"]);
    builder.add(&file("A.java", "class A {}", 10)).unwrap();
    builder.add(&file("B.java", "class Bee {}", 30)).unwrap();
    let shard = ViewShard::new(Arc::new(open(builder.finish().unwrap())), []);
    let view = merged(&SymbolView::new(Revision(1), vec![shard], None));
    let first = |recent_from_ns| {
        let options = SearchOptions { limit: 1, recent_from_ns, near: None };
        let found = search(&view, &Query::new("", &[]), &options, &|| false).unwrap();
        found.hits[0].symbol.name().to_owned()
    };
    assert_eq!(first(Some(20)), "Bee");
    // Everything is recent, or nothing.
    assert_eq!(first(Some(5)), "A");
    assert_eq!(first(Some(40)), "A");
    assert_eq!(first(None), "A");
}

#[test]
fn the_best_of_many_are_those_of_a_full_sort() {
    let view = collections();
    for view in [&view, &merged(&view)] {
        for text in ["", "h", "a", "map", "put", "HM", "java.", "java hash", "hahsmap"] {
            let all = found(view, text, usize::MAX);
            for limit in 0..all.hits.len() {
                let best = found(view, text, limit);
                assert_eq!(best.total, all.total);
                let places = |hits: &[Hit<'_>]| {
                    hits.iter().map(|hit| format!("{:?}", hit.symbol)).collect::<Vec<_>>()
                };
                assert_eq!(places(&best.hits), places(&all.hits[..limit]), "{limit} for {text:?}");
            }
        }
    }
}

#[test]
fn the_numbering_of_shards_leaves_no_trace() {
    let shard = |root: &str, text: &str| {
        let mut builder = builder(&[root]);
        builder.add(&scanned(0, "p/A.java", text)).unwrap();
        ViewShard::new(Arc::new(open(builder.finish().unwrap())), [])
    };
    let shards = [
        shard("one", "package p; class A { int a; }"),
        shard("two", "package p; class A { int a; }"),
    ];
    let roots = |shards: Vec<ViewShard>| {
        let view = SymbolView::new(Revision(1), shards, None);
        let found = found(&view, "a", 3);
        let root = |hit: &Hit<'_>| hit.symbol.file().root_identity().to_vec();
        found.hits.iter().map(root).collect::<Vec<_>>()
    };
    let [one, two] = shards;
    assert_eq!(roots(vec![one.clone(), two.clone()]), roots(vec![two, one]));
}

#[test]
fn hidden_files_are_not_found() {
    let whole = collections();
    let shard = whole.shards()[0].shard().clone();
    let file = shard.find_file(b"src", b"java/util/HashMap.java").unwrap().id();
    let view = SymbolView::new(Revision(2), vec![ViewShard::new(shard, [file])], None);
    check(&view, "put", &[], &["ConcurrentHashMap.put"]);
    check(&view, "HashMap.put", &[], &["ConcurrentHashMap.put"]);
    check(&view, "java.util", &[], &["java.util"]);
}

#[test]
fn a_delta_takes_the_place_of_its_file() {
    let whole = merged(&collections());
    let shard = whole.shards()[0].clone();
    let file = shard.shard().find_file(b"src", b"java/util/Map.java").unwrap().id();
    let mut builder = builder(&["src"]);
    builder.add(&scanned(0, "java/util/Map.java", "package java.util; class Maple {}")).unwrap();
    let delta = ViewShard::new(Arc::new(open(builder.finish().unwrap())), []);
    let shards = vec![ViewShard::new(shard.shard().clone(), [file]), delta];
    let view = SymbolView::new(Revision(2), shards, whole.dictionary().cloned());
    let names = |text: &str| found(&view, text, 10).hits.iter().map(qualified).collect::<Vec<_>>();
    assert_eq!(names("map")[..3], ["Maple", "HashMap", "ConcurrentHashMap"]);
    assert_eq!(names("java.util"), ["java.util"]);
    assert_eq!(names("Map.Entry"), ["HashMap.Entry"]);
}

#[test]
fn a_cancelled_search_ends() {
    let view = collections();
    for view in [&view, &merged(&view)] {
        let query = Query::new("map", &[]);
        let options = SearchOptions { limit: 10, ..SearchOptions::default() };
        let asked = Cell::new(0u32);
        let counted = search(view, &query, &options, &|| {
            asked.set(asked.get() + 1);
            false
        });
        assert!(counted.is_ok() && asked.get() > 0);
        for allowed in 0..asked.get() {
            let left = Cell::new(allowed);
            let is_cancelled = || left.replace(left.get().saturating_sub(1)) == 0;
            let outcome = search(view, &query, &options, &is_cancelled);
            assert_eq!(outcome.map(|found| found.total), Err(Cancelled));
        }
    }
}
