//! By a dictionary the same is found as without one.

use std::sync::Arc;

use nova_index::{
    FileSymbols, Query, Revision, SearchOptions, Shard, SymbolView, ViewShard, search,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{dictionary, numbered_of, scanned};

/// One shard's files, each with whether the view hides it.
type Files = Vec<(File, bool)>;

#[derive(Debug, Clone)]
struct File {
    root: u32,
    name: &'static str,
    package: &'static str,
    types: Vec<String>,
    /// Members of no type: there are none where there is a package (JLS 7.3).
    compact: String,
}

/// Three of these make a name of which the end is not searched.
const LONG: &str = "abcabcabcabcabcabcabcabcA";

/// Names that differ little, so that most queries find several: in words, in case, beyond ASCII.
fn name() -> impl Strategy<Value = String> {
    let hump = select(vec!["a", "b", "Ab", "ba", "B", "C", "A1", "_", "ä", "Kb", "aab", LONG]);
    vec(hump, 0..4).prop_map(|humps| {
        let name = humps.concat();
        // So that it is a name, and no keyword.
        if name.trim_matches('_').is_empty() { format!("c{name}") } else { name }
    })
}

fn modifiers() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "public ", "private ", "protected ", "@Deprecated ", "public static "])
}

/// Members; outside a type, those of a compact source file.
fn member() -> impl Strategy<Value = String> {
    (modifiers(), name(), 0..4_u8).prop_map(|(modifiers, name, form)| match form {
        0 => format!("{modifiers}int {name};"),
        1 => format!("{modifiers}void {name}() {{ class {name} {{ int {name}; }} }}"),
        2 => format!("{modifiers}void {name}(int i) {{}} {modifiers}void {name}() {{}}"),
        _ => format!("{modifiers}{name}() {{}}"),
    })
}

/// A type, with types and members in it.
fn declared_type() -> impl Strategy<Value = String> {
    let leaf = vec(member(), 0..4).prop_map(|members| members.concat());
    let nested =
        leaf.prop_recursive(3, 12, 3, |inner| vec(a_type(inner), 0..3).prop_map(|it| it.concat()));
    a_type(nested)
}

fn a_type(body: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let form = select(vec!["class", "class", "interface", "@interface", "enum", "record"]);
    (modifiers(), form, name(), body).prop_map(|(modifiers, form, name, body)| {
        let (head, semicolon) = match form {
            "record" => ("(int c)", ""),
            "enum" => ("", "Ab, B;"),
            _ => ("", ""),
        };
        format!("{modifiers}{form} {name}{head} {{ {semicolon} {body} }} ")
    })
}

fn file() -> impl Strategy<Value = File> {
    let name =
        select(vec!["A.java", "B.java", "ATest.java", "package-info.java", "module-info.java"]);
    let package = select(vec!["", "a", "a.b", "b.Ab", "a.ba.c"]);
    let compact = prop_oneof![3 => Just(String::new()), 1 => member()];
    (0..3_u32, name, package, vec(declared_type(), 0..3), compact).prop_map(
        |(root, name, package, types, compact)| File { root, name, package, types, compact },
    )
}

impl File {
    fn path(&self) -> String {
        format!("{}/{}", self.package.replace('.', "/"), self.name).trim_start_matches('/').into()
    }

    fn scanned(&self) -> FileSymbols {
        let clause = |before: &str| match self.package {
            "" => String::new(),
            package => format!("{before}package {package}; "),
        };
        let text = match self.name {
            "module-info.java" if self.package.is_empty() => "module b.ab {}".to_owned(),
            "package-info.java" => clause("@Deprecated "),
            _ if self.package.is_empty() => self.types.concat() + &self.compact,
            _ => clause("") + &self.types.concat(),
        };
        scanned(self.root, &self.path(), &text)
    }
}

/// Root identities: later shards have earlier ones, so that the two orders are told apart.
fn roots(number: u32) -> [String; 3] {
    ["src/main/java", "src/test/java", "lib.zip!/"].map(|root| format!("m{}/{root}", 9 - number))
}

fn shard(number: u32, files: &[&File]) -> Arc<Shard> {
    let roots = roots(number);
    let mut places: Vec<_> = files.iter().map(|file| ((file.root, file.path()), *file)).collect();
    places.sort_by(|(a, _), (b, _)| a.cmp(b));
    places.dedup_by(|(a, _), (b, _)| a == b);
    let files: Vec<_> = places.iter().map(|(_, file)| file.scanned()).collect();
    numbered_of(number, &roots.each_ref().map(String::as_str), &files)
}

/// Shards of which some files are hidden, and a delta in the place of one of these.
fn view_shards(shards: &[Files], delta: &File) -> Vec<ViewShard> {
    let mut views = Vec::new();
    let mut replaced = None;
    for (number, files) in (0..).zip(shards) {
        let shard = shard(number, &files.iter().map(|(file, _)| file).collect::<Vec<_>>());
        let hidden: Vec<_> = files
            .iter()
            .filter(|(_, is_hidden)| *is_hidden)
            .filter_map(|(file, _)| {
                replaced = Some((number, file));
                let root = &roots(number)[file.root as usize];
                Some(shard.find_file(root.as_bytes(), file.path().as_bytes())?.id())
            })
            .collect();
        views.push(ViewShard::new(shard, hidden));
    }
    if let Some((number, file)) = replaced {
        let File { root, name, package, .. } = *file;
        let delta = File { root, name, package, ..delta.clone() };
        views.push(ViewShard::new(shard(number, &[&delta]), []));
    }
    views
}

fn query() -> impl Strategy<Value = String> {
    let filter = select(vec!["", "", "", "class:", "kind:package ", "kind:method ", "-path:test "]);
    let piece = select(vec![
        "a", "b", "c", "A", "B", "C", "ab", "AB", "ba", "ä", "1", "_", ".", " ", "#", "x", "kb",
        "aab",
    ]);
    (filter, vec(piece, 0..6)).prop_map(|(filter, pieces)| format!("{filter}{}", pieces.concat()))
}

proptest! {
    #[test]
    fn with_a_dictionary_the_same_is_found(
        shards in vec(vec((file(), proptest::bool::weighted(0.3)), 0..5), 1..5),
        delta in file(),
        queries in vec((query(), 0..12_usize), 12),
        near in (0..4_u32, file()),
    ) {
        let views = view_shards(&shards, &delta);
        let base: Vec<_> = views[..shards.len()].iter().map(|it| Arc::clone(it.shard())).collect();
        let direct = SymbolView::new(Revision(1), views.clone(), None);
        let all = SymbolView::new(Revision(1), views.clone(), Some(dictionary(&base)));
        let some = SymbolView::new(Revision(1), views, Some(dictionary(&base[1..])));
        let (number, file) = near;
        let (root, path) = (roots(number)[0].clone(), file.path());
        for (text, limit) in queries {
            for near in [None, Some((root.as_bytes(), path.as_bytes()))] {
                let options = SearchOptions { limit, near, recent_from_ns: None };
                let answer = |view| {
                    let query = Query::new(&text, &[]);
                    let found = search(view, &query, &options, &|| false).expect("not cancelled");
                    let hits = found.hits.iter().map(|hit| {
                        let root = String::from_utf8_lossy(hit.symbol.file().root_identity());
                        format!("{:?} in {root}", (hit, hit.score.reasons()))
                    });
                    (hits.collect::<Vec<_>>(), found.total, found.cut)
                };
                let expected = answer(&direct);
                prop_assert_eq!(answer(&all), expected.clone(), "{:?}, {} hits", text, limit);
                prop_assert_eq!(answer(&some), expected, "{:?}, {} hits", text, limit);
            }
        }
    }
}
