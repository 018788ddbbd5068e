//! What goes into a shard comes out of it.

use crate::support::{line_of, view};

#[test]
fn every_symbol_comes_back_as_declared() {
    let view = view(&[
        (
            "a/b/C.java",
            "package a.b;\n\npublic class C<T> extends D {\n  @Deprecated static final int x, y = 1;\n  \
             void f(int i) { class L { int m; } }\n  enum E { P, Q }\n  static class N { class O { } int z; }\n  int w;\n}\n",
        ),
        ("a/b/package-info.java", "/** Doc. */ @Deprecated package a.b;"),
        ("Empty.java", ""),
        ("R.java", "record R(String s, int... t) { R { } }"),
    ]);
    let lines: Vec<_> = view.symbols().map(|symbol| line_of(&symbol)).collect();
    let expected = [
        r#"R.java:0:7 record R(String s, int... t) []"#,
        r#"R.java:0:16 record-component R.s: String []"#,
        r#"R.java:0:26 record-component R.t: int... []"#,
        r#"R.java:0:31 constructor R.R []"#,
        r#"a/b/C.java:2:13 class C<T> extends D ["public"]"#,
        r#"a/b/C.java:3:31 field C.x: int ["static", "final", "deprecated"]"#,
        r#"a/b/C.java:3:34 field C.y: int ["static", "final", "deprecated"]"#,
        r#"a/b/C.java:4:7 method C.f(int i): void []"#,
        r#"a/b/C.java:4:24 class C.L [] (local)"#,
        r#"a/b/C.java:4:32 field C.L.m: int [] (local)"#,
        r#"a/b/C.java:5:7 enum C.E []"#,
        r#"a/b/C.java:5:11 enum-constant C.E.P []"#,
        r#"a/b/C.java:5:14 enum-constant C.E.Q []"#,
        r#"a/b/C.java:6:15 class C.N ["static"]"#,
        r#"a/b/C.java:6:25 class C.N.O []"#,
        r#"a/b/C.java:6:35 field C.N.z: int []"#,
        r#"a/b/C.java:7:6 field C.w: int []"#,
        r#"a/b/package-info.java:0:32 package a.b ["deprecated"]"#,
    ];
    assert_eq!(lines, expected);
    assert_eq!(view.symbol_count(), expected.len() as u64);
    assert_eq!(view.file_count(), 4);
}

#[test]
fn a_name_far_into_a_line_keeps_its_column() {
    let at_column_70_000 = |keyword: &str, rest: &str| {
        format!("{}{keyword}{rest}", " ".repeat(70_000 - keyword.len()))
    };
    let view = view(&[
        ("A.java", &at_column_70_000("class ", "A { }")),
        ("a/package-info.java", &at_column_70_000("package ", "a;")),
    ]);
    let lines: Vec<_> = view.symbols().map(|symbol| line_of(&symbol)).collect();
    let expected = ["A.java:0:70000 class A []", "a/package-info.java:0:70000 package a []"];
    assert_eq!(lines, expected);
}
