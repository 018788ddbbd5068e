//! What a query finds, and in which order.

use std::cell::Cell;
use std::sync::Arc;

use nova_index::{Cancelled, Query, Revision, SymbolView, ViewShard, search};
use nova_syntax::declarations::Kind;

use crate::support::{builder, open, scanned, view};

/// Checks the qualified names of all hits, best first.
#[track_caller]
fn check(view: &SymbolView, text: &str, kinds: &[Kind], expected: &[&str]) {
    let found = search(view, &Query::new(text, kinds), 100, &|| false).expect("not cancelled");
    let names: Vec<_> = found
        .hits
        .iter()
        .map(|hit| {
            let parts = [hit.symbol.container(), hit.symbol.name().to_owned()];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
        })
        .collect();
    assert_eq!(names, expected, "for {text:?}");
    assert_eq!((found.total, found.cut), (names.len() as u64, false));
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
        "HashMap.HashMap",
        "HashMap.hashmap",
        "HASH_MAP",
        "ConcurrentHashMap",
    ];
    check(&collections(), "HashMap", &[], &expected);
    check(&collections(), "ConHM", &[], &["ConcurrentHashMap"]);
    check(
        &collections(),
        "hm",
        &[Kind::Class],
        &["HashMap", "HashMap", "HASH_MAP", "HashMap.HashMap", "ConcurrentHashMap"],
    );
    check(&collections(), "hash map", &[Kind::Field], &["HashMap.hashmap"]);
    check(&collections(), "xyzzy", &[], &[]);
}

#[test]
fn leading_parts_say_where_a_symbol_is() {
    check(&collections(), "Map.Entry", &[], &["Map.Entry"]);
    check(&collections(), "HashMap.put", &[], &["HashMap.put"]);
    check(&collections(), "HashMap#put", &[], &["HashMap.put"]);
    check(&collections(), "Map::Entry", &[], &["Map.Entry"]);
    check(&collections(), "util.hashmap.put", &[], &["HashMap.put"]);
    check(&collections(), "concurrent.put", &[], &[]);
    check(&collections(), "java.util.Map", &[Kind::Interface], &["Map"]);
    check(&collections(), "java.util", &[], &["java.util"]);
    check(&collections(), "util", &[Kind::Package], &["java.util"]);
    check(&collections(), "Map.", &[], &["Map.Entry"]);
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
    let found = search(&view, &Query::new("", &[]), 3, &|| false).unwrap();
    assert_eq!((found.hits.len(), found.total, found.cut), (3, view.symbol_count(), true));
    let none = search(&view, &Query::new("", &[]), 0, &|| false).unwrap();
    assert_eq!((none.hits.len(), none.total, none.cut), (0, view.symbol_count(), true));
}

#[test]
fn the_best_of_many_are_those_of_a_full_sort() {
    let view = collections();
    for text in ["", "h", "a", "map", "put"] {
        let query = Query::new(text, &[]);
        let all = search(&view, &query, usize::MAX, &|| false).unwrap();
        for limit in 0..all.hits.len() {
            let best = search(&view, &query, limit, &|| false).unwrap();
            assert_eq!(best.total, all.total);
            let places = |hits: &[nova_index::Hit<'_>]| {
                hits.iter().map(|hit| format!("{:?}", hit.symbol)).collect::<Vec<_>>()
            };
            assert_eq!(places(&best.hits), places(&all.hits[..limit]), "{limit} for {text:?}");
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
        let view = SymbolView::new(Revision(1), shards);
        let found = search(&view, &Query::new("a", &[]), 3, &|| false).unwrap();
        let root = |hit: &nova_index::Hit<'_>| hit.symbol.file().root_identity().to_vec();
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
    let view = SymbolView::new(Revision(2), vec![ViewShard::new(shard, [file])]);
    check(&view, "put", &[], &["ConcurrentHashMap.put"]);
}

#[test]
fn a_cancelled_search_ends() {
    let view = collections();
    let query = Query::new("map", &[]);
    let asked = Cell::new(0u32);
    let counted = search(&view, &query, 10, &|| {
        asked.set(asked.get() + 1);
        false
    });
    assert!(counted.is_ok() && asked.get() > 1);
    for allowed in 0..asked.get() {
        let left = Cell::new(allowed);
        let outcome =
            search(&view, &query, 10, &|| left.replace(left.get().saturating_sub(1)) == 0);
        assert_eq!(outcome.map(|found| found.total), Err(Cancelled));
    }
}
