//! Types below others, by name.

use std::sync::Arc;

use nova_index::{MethodShape, Revision, Subtypes, SymbolView, ViewShard, ViewSymbol, subtypes};

use crate::support::{builder, open, scanned};

fn view(files: &[(&str, &str)]) -> SymbolView {
    let mut builder = builder(&["src"]);
    for (path, text) in files {
        builder.add(&scanned(0, path, text)).expect("a small file fits");
    }
    let shard = open(builder.finish().expect("the files are different"));
    SymbolView::new(Revision(1), vec![ViewShard::new(Arc::new(shard), [])], None)
}

fn found(view: &SymbolView, of: &str, method: Option<(&str, u32)>) -> Vec<String> {
    let method = method.map(|(name, parameters)| MethodShape { name: name.to_owned(), parameters });
    let wanted = Subtypes { of: vec![of.to_owned()], method, limit: 100 };
    let found = subtypes(view, &wanted, &|| false).expect("nobody cancels it");
    let name = |symbol: ViewSymbol<'_>| match symbol.container().as_str() {
        "" => format!("{}.{}", symbol.package(), symbol.name()),
        container => format!("{}.{container}.{}", symbol.package(), symbol.name()),
    };
    found.hits.iter().map(|hit| name(hit.symbol)).collect()
}

#[test]
fn subtypes_are_those_that_mean_the_type_by_imports_and_package() {
    let view = view(&[
        ("a/Base.java", "package a; public interface Base { class Part { } }"),
        ("a/Same.java", "package a; class Same implements Base { }"),
        ("b/Base.java", "package b; public class Base { }"),
        ("b/Other.java", "package b; class Other extends Base { }"),
        ("b/Single.java", "package b; import a.Base; class Single implements Base { }"),
        ("c/Full.java", "package c; class Full<T> implements java.io.Serializable, a.Base { }"),
        ("c/Demand.java", "package c; import a.*; interface Demand extends @X(1) Base { }"),
        ("c/Blind.java", "package c; class Blind extends Base { }"),
        ("c/Choice.java", "package c; import a.*; import b.Base; class Choice extends Base { }"),
        ("c/Parts.java", "package c; import a.Base; enum Parts implements Base.Part { }"),
    ]);
    assert_eq!(found(&view, "a.Base", None), ["a.Same", "b.Single", "c.Demand", "c.Full"]);
    assert_eq!(found(&view, "b.Base", None), ["b.Other", "c.Choice"]);
    assert_eq!(found(&view, "a.Base.Part", None), ["c.Parts"]);
    assert_eq!(found(&view, "a.Nobody", None), Vec::<String>::new());
}

#[test]
fn subtypes_of_subtypes_follow_the_nearest_first() {
    let view = view(&[
        ("p/I.java", "package p; interface I { }"),
        ("p/A.java", "package p; class A extends Z { class Inner extends A.Base { } }"),
        ("p/Z.java", "package p; class Z implements I { static class Base implements I { } }"),
        ("p/R.java", "package p; record R(int x) implements Comparable<R>, I { }"),
        ("p/Loop.java", "package p; class Loop extends Pool { } class Pool extends Loop { }"),
    ]);
    assert_eq!(found(&view, "p.I", None), ["p.R", "p.Z", "p.Z.Base", "p.A"]);
    assert_eq!(found(&view, "p.Loop", None), ["p.Pool", "p.Loop"], "which is no Java");
}

#[test]
fn nested_types_are_known_where_they_are_members() {
    let view = view(&[
        (
            "p/Outer.java",
            "package p; class Outer { class Node { } class Leaf extends Node { class Deep extends Leaf { } } }",
        ),
        (
            "q/Heir.java",
            "package q; import p.Outer; class Heir extends Outer { class Twig extends Node { } }",
        ),
        ("q/Stranger.java", "package q; class Stranger { class Twig extends Node { } }"),
        ("q/Static.java", "package q; import static p.Outer.Node; class Static extends Node { }"),
    ]);
    assert_eq!(
        found(&view, "p.Outer.Node", None),
        ["p.Outer.Leaf", "q.Heir.Twig", "q.Static", "p.Outer.Leaf.Deep"]
    );
}

#[test]
fn what_is_nearer_hides_what_is_called_alike() {
    let view = view(&[
        ("a/Node.java", "package a; public class Node { }"),
        ("b/Node.java", "package b; public class Node { }"),
        ("b/Nested.java", "package b; class Nested { class Node { } class Leaf extends Node { } }"),
        ("b/Own.java", "package b; import a.*; class Own extends Node { }"),
        ("b/Beside.java", "package b; class Beside extends Nested { class Twig extends Node { } }"),
        ("java/lang/Node.java", "package java.lang; public class Node { }"),
    ]);
    assert_eq!(found(&view, "a.Node", None), Vec::<String>::new());
    assert_eq!(found(&view, "b.Node", None), ["b.Own"]);
    assert_eq!(found(&view, "b.Nested.Node", None), ["b.Beside.Twig", "b.Nested.Leaf"]);
    assert_eq!(found(&view, "java.lang.Node", None), Vec::<String>::new());
}

#[test]
fn a_method_is_declared_anew_by_its_shape() {
    let view = view(&[
        (
            "p/I.java",
            "package p; interface I { void run(int a); default int size() { return 0; } }",
        ),
        (
            "p/A.java",
            "package p; class A implements I { public void run(int b) { } void run() { } }",
        ),
        ("p/B.java", "package p; class B extends A { @Override public void run(int c) { } }"),
        ("p/R.java", "package p; record R(int size) implements I { public void run(int d) { } }"),
        ("p/X.java", "package p; class X { void run(int e) { } }"),
        ("p/Y.java", "package p; class Y extends A { private void run(int f) { } }"),
    ]);
    assert_eq!(found(&view, "p.I", Some(("run", 1))), ["p.A.run", "p.R.run", "p.B.run"]);
    assert_eq!(found(&view, "p.I", Some(("size", 0))), ["p.R.size"]);
}

#[test]
fn no_more_are_given_than_are_wanted_and_the_rest_is_told() {
    let files: Vec<(String, String)> = (0..20)
        .map(|i| (format!("p/C{i:02}.java"), format!("package p; class C{i:02} extends B {{ }}")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let view = view(&files);
    let wanted = Subtypes { of: vec!["p.B".to_owned()], method: None, limit: 3 };
    let found = subtypes(&view, &wanted, &|| false).expect("nobody cancels it");
    assert_eq!((found.hits.len(), found.cut), (3, true));
    assert!(subtypes(&view, &wanted, &|| true).is_err());
}
