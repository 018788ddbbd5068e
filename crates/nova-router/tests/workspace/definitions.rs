//! What a name in a file may mean. A comment with a number stands before each name that is asked about.

use std::sync::Arc;

use nova_protocol::place::TextPosition;
use nova_router::Session;
use nova_router::definition::{Certainty, Definition};
use nova_router::report::Symbol;
use tokio_util::sync::CancellationToken;

use crate::{Fixture, VERIFY_TIMEOUT};

struct Tree {
    fixture: Fixture,
    files: &'static [(&'static str, &'static str)],
    session: Session,
}

impl Tree {
    async fn new(files: &'static [(&'static str, &'static str)]) -> Self {
        let fixture = Fixture::new(files);
        let workspace = fixture.indexed().await;
        let session = Session::new(Arc::clone(&workspace), &[]);
        Self { fixture, files, session }
    }

    async fn define(&self, mark: u32) -> Definition {
        let mark = format!("/*{mark}*/");
        let (path, text) = self.files.iter().find(|(_, text)| text.contains(&mark)).unwrap();
        let before = &text[..text.find(&mark).unwrap() + mark.len()];
        let line = before.matches('\n').count() as u32;
        let character = before.rsplit('\n').next().unwrap().encode_utf16().count() as u32;
        let (path, at) = (self.fixture.real_tree().join(path), TextPosition { line, character });
        let cancel = CancellationToken::new();
        self.session.define(&path, at, VERIFY_TIMEOUT, cancel).await.unwrap()
    }

    /// The candidates: what is around each, then its signature.
    #[track_caller]
    fn check(&self, mark: u32, expected: &[&str]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let defined = self.define(mark).await;
            let shown = |it: &Symbol| match it.around() {
                around if around.is_empty() => it.signature.clone(),
                around => format!("{around}.{}", it.signature),
            };
            let found: Vec<_> = defined.candidates.iter().map(shown).collect();
            assert_eq!(found, expected, "{mark}, {:?}, {caller}", defined.certainty);
        }
    }
}

#[tokio::test]
async fn what_no_type_around_declares_is_inherited_from_the_nearest_that_does() {
    let tree = Tree::new(&[
        ("a/Base.java", "package a; public class Base extends b.Root implements Sized { protected void up(int a) {} }"),
        ("a/Sized.java", "package a; interface Sized { int LIMIT = 1; int size(); class Part {} }"),
        ("b/Root.java", "package b; public class Root { public void up() {} private void hidden() {} }"),
        ("b/Other.java", "package b; class Other { void up(int a) {} void hidden() {} int LIMIT; class Part {} }"),
        (
            "c/Sub.java",
            "package c;
            import a.Base;
            class Sub extends Base {
                class Inner {
                    void f() {
                        /*1*/up(1); /*2*/up(); Sub.this./*3*/up(2); Sub.super./*4*/up(3);
                        int a = /*5*/LIMIT + Sub./*6*/LIMIT;
                        /*7*/Part part; /*8*/hidden();
                        /*9*/own(1);
                    }
                    void own(int a, int b) {}
                }
            }",
        ),
        ("c/Below.java", "package c; class Below extends Sub { void own(int a) {} void up() { super./*10*/up(); } }"),
        ("c/Shape.java", "package c; enum Shape { ROUND; Shape any() { return /*12*/values()[0]; } }"),
        ("c/Use.java", "package c; class Use { Object all = Shape./*13*/values(), one = Shape./*14*/valueOf(a()); }"),
        ("c/List.java", "package c; interface List { boolean all(); void f(int a, int... b); void f(int c); }"),
        ("c/Bag.java", "package c; class Bag { boolean all() { return true; } }"),
        (
            "c/Array.java",
            "package c; class Array extends Bag implements List {
                boolean all() { return super./*15*/all(); }
                class In extends Array { { /*16*/f(1); } }
            }",
        ),
        (
            "c/Outer.java",
            "package c; import a.Sized; class Outer extends Bag {
                int size() { return 1; }
                boolean all() { return false; }
                class In extends Bag { { /*17*/all(); /*18*/size(); Outer.this./*19*/all(); Outer.super./*20*/all(); } }
                private class Part {}
                class Parted implements Sized { Outer./*22*/Part part; /*23*/Part other; }
                class Listed implements List { { List.super./*21*/all(); } }
            }",
        ),
        ("d/Cycle.java", "package d; class Cycle extends Cycle { void f() { /*11*/up(7); } }"),
    ])
    .await;
    tree.check(1, &["a.Base.up(int a): void"]).await;
    tree.check(2, &["b.Root.up(): void"]).await;
    tree.check(3, &["a.Base.up(int a): void"]).await;
    tree.check(4, &["a.Base.up(int a): void"]).await;
    tree.check(5, &["a.Sized.LIMIT: int"]).await;
    tree.check(6, &["a.Sized.LIMIT: int"]).await;
    tree.check(7, &["a.Sized.Part"]).await;
    // What is private is not inherited, and means nothing elsewhere.
    tree.check(8, &["b.Other.hidden(): void"]).await;
    tree.check(9, &["c.Sub.Inner.own(int a, int b): void"]).await;
    tree.check(10, &["b.Root.up(): void"]).await;
    tree.check(12, &["c.Shape"]).await;
    tree.check(13, &["c.Shape"]).await;
    tree.check(14, &["c.Shape"]).await;
    tree.check(17, &["c.Bag.all(): boolean"]).await;
    tree.check(18, &["c.Outer.size(): int"]).await;
    tree.check(19, &["c.Outer.all(): boolean"]).await;
    tree.check(20, &["c.Bag.all(): boolean"]).await;
    tree.check(21, &["c.List.all(): boolean"]).await;
    tree.check(22, &["c.Outer.Part"]).await;
    tree.check(23, &["a.Sized.Part"]).await;
    tree.check(15, &["c.Bag.all(): boolean"]).await;
    tree.check(16, &["c.List.f(int c): void", "c.List.f(int a, int... b): void"]).await;
    assert!(!tree.define(11).await.candidates.is_empty());
}

#[tokio::test]
async fn a_construction_leads_to_the_constructor_that_takes_the_arguments() {
    let tree = Tree::new(&[
        ("a/Shape.java", "package a; class Shape { Shape(int a) {} Shape(int a, int b) {} }"),
        ("a/Plain.java", "package a; class Plain { }"),
        ("a/Point.java", "package a; record Point(int x, int y) { }"),
        ("b/Shape.java", "package b; class Shape { Shape(int a) {} }"),
        (
            "a/Use.java",
            "package a;
            class Use extends Shape {
                Use() { super(1, 2); new /*1*/Shape(1); new /*2*/Shape(1, f(2, 3)); }
                Use(int a) { /*3*/this(); new /*4*/Plain(); new /*5*/Point(1, 2); }
                Use(int a, int b) { /*6*/super(a, b); new /*7*/Shape(); /*8*/Shape shape; }
            }",
        ),
    ])
    .await;
    tree.check(1, &["a.Shape.Shape(int a)"]).await;
    tree.check(2, &["a.Shape.Shape(int a, int b)"]).await;
    tree.check(3, &["a.Use.Use()"]).await;
    tree.check(4, &["a.Plain"]).await;
    tree.check(5, &["a.Point(int x, int y)"]).await;
    tree.check(6, &["a.Shape.Shape(int a, int b)"]).await;
    tree.check(7, &["a.Shape"]).await;
    tree.check(8, &["a.Shape"]).await;
}

#[tokio::test]
async fn clauses_have_full_names_and_annotations_have_elements() {
    let tree = Tree::new(&[
        ("x/a/One.java", "package x.a; public class One { int a; public static int ONE; }"),
        ("y/a/Two.java", "package y.a; class Two { int prio; }"),
        (
            "x/Job.java",
            "package x; public @interface Job { int prio(); String[] names() default {}; }",
        ),
        (
            "y/Use.java",
            "package y;
            import x./*1*/a.One;
            import static x.a./*2*/One./*3*/ONE;
            import z./*4*/Two;
            import x.Job;
            @Job(names = {\"a\"}, /*5*/prio = 1)
            class Use {}",
        ),
    ])
    .await;
    tree.check(1, &["x.a"]).await;
    tree.check(2, &["x.a.One"]).await;
    tree.check(3, &["x.a.One.ONE: int"]).await;
    tree.check(4, &[]).await;
    tree.check(5, &["x.Job.prio(): int"]).await;
}

#[tokio::test]
async fn of_one_full_name_in_two_roots_that_of_the_own_root_is_meant() {
    let tree = Tree::new(&[
        ("m/src/a/Same.java", "package a; class Same { void f() { /*1*/g(); } void g() {} }"),
        ("n/src/a/Same.java", "package a; class Same { void f() { } void g() {} int here; }"),
        ("n/src/a/Use.java", "package a; class Use { /*2*/Same same; }"),
        ("o/src/a/Use.java", "package a; class Use { /*3*/Same same; }"),
    ])
    .await;
    let files = async |mark: u32| {
        let defined = tree.define(mark).await;
        let files = defined.candidates.iter().map(|it| String::from_utf8_lossy(&it.file));
        files.map(|file| file.contains("/n/src/")).collect::<Vec<_>>()
    };
    assert_eq!(files(1).await, [false]);
    assert_eq!(files(2).await, [true]);
    assert_eq!(files(3).await.len(), 2);
}

#[tokio::test]
async fn with_the_name_alone_the_same_file_comes_first_then_types_called_like_the_variable() {
    let tree = Tree::new(&[
        ("a/Able.java", "package a; class Able { void put() {} }"),
        ("a/Reservoir.java", "package a; class Reservoir { void put() {} }"),
        (
            "b/Use.java",
            "package b; class Use { void f(Object reservoir) { reservoir./*1*/put(); } class Own { void put() {} } }",
        ),
    ])
    .await;
    let expected = ["b.Use.Own.put(): void", "a.Reservoir.put(): void", "a.Able.put(): void"];
    tree.check(1, &expected).await;
}

#[tokio::test]
async fn what_is_inherited_hides_the_package_and_imports_and_what_cannot_be_is_not_meant() {
    let tree = Tree::new(&[
        ("util/X.java", "package own.util; public class X {}"),
        (
            "own/Base.java",
            "package own; class Base { X util; static class Entry { Entry(int a) {} } void far() {} }
            class X { void run() {} }",
        ),
        ("own/Entry.java", "package own; class Entry {}"),
        ("lib/Named.java", "package lib; public class Named {} "),
        ("lib/Pack.java", "package lib; public class Pack { void go() {} protected void near() {} }"),
        (
            "own/Sub.java",
            "package own; import lib.Named;
            class Sub extends Base {
                void f() { /*1*/util.run(); /*2*/Entry e = new /*3*/Entry(3); }
                class In extends Holder { /*4*/Named named; }
                class Packed extends lib.Pack { { /*5*/go(); /*6*/near(); } }
                class Head extends /*7*/Part { class Part {} { this./*8*/f(); super./*9*/far(); } }
            }
            class Holder { class Named {} void go(int a) {} }
            class Part {}",
        ),
        ("Main.java", "int count = 1; String greet(String a) { return a; } void main() {}"),
        ("Plain.java", "class Plain extends Above { { /*10*/greet(null); int q = /*11*/count; } }"),
        ("Above.java", "class Above { String greet(String a) { return a; } int count; }"),
    ])
    .await;
    tree.check(1, &["own.Base.util: X"]).await;
    tree.check(2, &["own.Base.Entry"]).await;
    tree.check(3, &["own.Base.Entry.Entry(int a)"]).await;
    tree.check(4, &["own.Holder.Named"]).await;
    assert_eq!(tree.define(5).await.certainty, Certainty::Name);
    tree.check(6, &["lib.Pack.near(): void"]).await;
    tree.check(7, &["own.Part"]).await;
    assert_eq!(tree.define(8).await.certainty, Certainty::Name);
    assert_eq!(tree.define(9).await.certainty, Certainty::Name);
    tree.check(10, &["Above.greet(String a): String"]).await;
    tree.check(11, &["Above.count: int"]).await;
}
