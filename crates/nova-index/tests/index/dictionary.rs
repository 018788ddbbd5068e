//! The merged dictionary of names: its bytes, and what a view makes of it.
//!
//! When the golden file is not met, the format changed: raise its version, write
//! docs/dictionary-format.md anew and its ledger a line, and let `NOVA_UPDATE_GOLDEN=1` write the new
//! file.

mod agreement;
mod damage;

use std::path::PathBuf;
use std::sync::Arc;

use nova_index::{
    Dictionary, FileSymbols, Query, Revision, SearchOptions, Shard, SymbolView, Total, ViewShard,
    build_dictionary, search,
};

use crate::support::{dictionary, found, line_of, meta, numbered, numbered_of, scanned};

const VERSION: u32 = 2;

fn shards() -> Vec<Arc<Shard>> {
    let map = "package java.util;\n@Deprecated public interface Map<K, V> { V put(K key, V value); \
               record Entry<K, V>(K key, V value) {} }";
    let main = "package app; import java.util.Map; import static java.util.Map.of; class Main { \
                Main() { enum Local { A } } int größe, HTTP_PORT2; }";
    vec![
        numbered(7, "lib/src.zip!/m", &[("java/util/Map.java", map), ("Map.java", "class Map {}")]),
        numbered(3, "app/src", &[("app/Main.java", main), ("module-info.java", "module a.app {}")]),
    ]
}

/// What a dictionary of these shards finds, and in which order.
fn lines(dictionary: Arc<Dictionary>, shards: &[Arc<Shard>], text: &str) -> Vec<String> {
    let shards = shards.iter().map(|shard| ViewShard::new(Arc::clone(shard), [])).collect();
    let view = SymbolView::new(Revision(1), shards, Some(dictionary));
    found(&view, text, 100).hits.iter().map(|hit| line_of(&hit.symbol)).collect()
}

#[test]
fn the_bytes_are_those_of_the_golden_file() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/golden/dictionary_v{VERSION}.bin"));
    let bytes = build_dictionary(&shards()).unwrap();
    if std::env::var_os("NOVA_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(u32::from_le_bytes(bytes[12..16].try_into().unwrap()), VERSION);
    assert!(std::fs::read(&path).unwrap() == bytes, "the format changed");
    let page = include_str!("../../../../docs/dictionary-format.md");
    assert!(page.contains(&format!("\n| {VERSION} | ")), "the ledger lacks version {VERSION}");
}

#[test]
fn the_golden_file_says_what_it_always_said() {
    let bytes = include_bytes!("../golden/dictionary_v2.bin");
    let golden = || Arc::new(Dictionary::from_bytes(bytes.as_slice().into()).unwrap());
    assert_eq!((golden().name_count(), golden().byte_count()), (12, bytes.len() as u64));
    let found = |text: &str| lines(golden(), &shards(), text);
    let expected = [
        r#"java/util/Map.java:1:29 interface Map<K, V> ["public", "deprecated"]"#,
        r#"Map.java:0:6 class Map []"#,
    ];
    assert_eq!(found("map"), expected);
    assert_eq!(found("HP2"), [r#"app/Main.java:0:119 field Main.HTTP_PORT2: int []"#]);
    assert_eq!(found("GRÖ"), [r#"app/Main.java:0:112 field Main.größe: int []"#]);
    assert_eq!(
        found("Map.En.k"),
        [r#"java/util/Map.java:1:85 record-component Map.Entry.key: K []"#]
    );
    let expected =
        [r#"app/Main.java:0:8 package app []"#, r#"module-info.java:0:7 module a.app []"#];
    assert_eq!(found("app"), expected);
}

#[test]
fn the_same_shards_make_the_same_bytes() {
    let bytes = build_dictionary(&shards()).unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(one.install(|| build_dictionary(&shards()).unwrap()) == bytes);
    let empty = build_dictionary(&[]).unwrap();
    assert_eq!(Dictionary::from_bytes(empty.into()).unwrap().name_count(), 0);
}

#[test]
fn a_dictionary_of_another_state_of_a_shard_is_not_asked_about_it() {
    let old = shards();
    let mut new = old.clone();
    new[1] = numbered(3, "app/src", &[("app/Main.java", "package app; class Moan { int größe; }")]);
    let dictionary = dictionary(&old);
    assert!(dictionary.speaks_of(&old[1]) && !dictionary.speaks_of(&new[1]));
    let größe = [r#"app/Main.java:0:30 field Moan.größe: int []"#];
    assert_eq!(lines(Arc::clone(&dictionary), &new, "größe"), größe);
    assert_eq!(lines(Arc::clone(&dictionary), &new, "local"), [""; 0]);
    assert_eq!(lines(dictionary, &new, "entry").len(), 1);
}

/// The digest of a shard does not tell which of its roots a file is in.
#[test]
fn a_file_that_moved_to_another_root_of_its_shard_is_found_there() {
    let shard = |root: u32| {
        let moved = scanned(root, "p/Moved.java", "package p; class Moved { int a, b, c; }");
        let other = scanned(1, "p/Other.java", "package p; class Other { void f() {} }");
        numbered_of(1, &["one", "three/src/test/java", "two"], &[moved, other])
    };
    let before = shard(0);
    for root in [1, 2] {
        let after = shard(root);
        assert_eq!(before.digest(), after.digest());
        let dictionary = dictionary(&[Arc::clone(&before)]);
        assert!(!dictionary.speaks_of(&after));
        let shards = [after];
        assert_eq!(lines(Arc::clone(&dictionary), &shards, "f").len(), 1);
        assert_eq!(lines(dictionary, &shards, "Moved").len(), 1);
    }
}

#[test]
fn a_shard_whose_files_were_only_touched_is_not_younger() {
    let text = "class A {}";
    let shard = |mtime_ns| {
        let mut meta = meta(0, "A.java", text);
        meta.stamp.mtime_ns = mtime_ns;
        let declarations = nova_syntax::scanner::scan(text).declarations;
        numbered_of(1, &["src"], &[FileSymbols::new(meta, text, declarations)])
    };
    assert!(dictionary(&[shard(1)]).speaks_of(&shard(2)));
}

#[test]
fn a_shard_that_is_in_a_view_twice_is_searched_twice() {
    let files = [("A.java", "class Apple {}"), ("B.java", "class Bapple {}")];
    let shard = numbered(1, "src", &files);
    let ids: Vec<_> = shard.files().map(|file| file.id()).collect();
    let part = |hidden| ViewShard::new(Arc::clone(&shard), [hidden]);
    let parts = vec![part(ids[0]), part(ids[1])];
    let view = SymbolView::new(Revision(1), parts, Some(dictionary(&[Arc::clone(&shard)])));
    assert_eq!(found(&view, "apple", 10).hits.len(), 2);
}

/// In several shards, and with other words before the dot than after it.
#[test]
fn equal_symbols_of_several_shards_come_in_the_order_of_their_places() {
    let text = "package p; class B { void m() {} void m(int i) {} }";
    let files = [("p/A.java", "package p; class A {}"), ("p/B.java", text)];
    let shards =
        [numbered(1, "y", &files), numbered(2, "x", &files[1..]), numbered(3, "z", &files[1..])];
    let views = || shards.iter().map(|shard| ViewShard::new(Arc::clone(shard), [])).collect();
    let view = SymbolView::new(Revision(1), views(), Some(dictionary(&shards)));
    for text in ["m", "B"] {
        let places = |limit| -> Vec<_> {
            let hits = found(&view, text, limit).hits;
            let place = |symbol: nova_index::ViewSymbol<'_>| {
                let root = String::from_utf8_lossy(symbol.file().root_identity()).into_owned();
                (root, symbol.character())
            };
            hits.into_iter().map(|hit| place(hit.symbol)).collect()
        };
        let all = places(100);
        assert!(all.is_sorted(), "{all:?}");
        for limit in 1..all.len() {
            assert_eq!(places(limit), all[..limit], "{text}");
        }
    }
}

#[test]
fn a_module_ranks_by_its_whole_name() {
    let file = |path: &'static str, text| [(path, text)];
    let shards = [
        numbered(1, "a", &file("module-info.java", "module a.very.long.base {}")),
        numbered(2, "b", &file("module-info.java", "module base {}")),
        numbered(3, "c", &file("module-info.java", "module a.base {}")),
    ];
    let views = || shards.iter().map(|shard| ViewShard::new(Arc::clone(shard), [])).collect();
    let direct = SymbolView::new(Revision(1), views(), None);
    let merged = SymbolView::new(Revision(1), views(), Some(dictionary(&shards)));
    for limit in 1..4 {
        for view in [&direct, &merged] {
            let hits = found(view, "base", limit).hits;
            let names: Vec<_> = hits.iter().map(|hit| hit.symbol.name()).collect();
            assert_eq!(names, ["base", "a.base", "a.very.long.base"][..limit]);
        }
        let scores = |view| format!("{:?}", found(view, "base", limit).hits);
        assert_eq!(scores(&direct), scores(&merged));
    }
}

#[test]
fn who_wants_no_hits_gets_the_same_count() {
    let shard = numbered(1, "src", &[("A.java", "class List {} class Lost {}")]);
    let view = |dictionary| {
        SymbolView::new(Revision(1), vec![ViewShard::new(Arc::clone(&shard), [])], dictionary)
    };
    for view in [view(None), view(Some(dictionary(&[Arc::clone(&shard)])))] {
        assert_eq!(found(&view, "list", 0).total, Total::Exactly(1));
    }
}

#[test]
fn a_count_that_leaves_types_out_is_no_exact_one() {
    let names: Vec<_> = (0..300).map(|it| (format!("p{it}/Builder.java"), it)).collect();
    let texts: Vec<_> = names
        .iter()
        .map(|(path, it)| scanned(0, path, &format!("package p{it}; class Builder {{ int foo; }}")))
        .collect();
    let shard = numbered_of(1, &["src"], &texts);
    let views = vec![ViewShard::new(Arc::clone(&shard), [])];
    let view = SymbolView::new(Revision(1), views, Some(dictionary(&[shard])));
    for text in ["Builder.foo", "builder foo"] {
        let options = SearchOptions { limit: 10, ..SearchOptions::default() };
        let found = search(&view, &Query::new(text, &[]), &options, &|| false).unwrap();
        assert!(found.total.counted() >= 300 || !found.total.is_exact(), "{:?}", found.total);
    }
}
