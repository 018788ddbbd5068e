//! Texts and what they declare. That the scanner and the tree agree is tested by their judge; here
//! it is written down what they must agree on.

use super::*;
use crate::declarations::ImportKind;

/// One line for each symbol: kind, container and signature, modifiers, `local`.
fn dump(text: &str) -> (Vec<String>, Option<Reason>) {
    let translation = crate::escapes::translate(text);
    let Scan { declarations, doubt } = scan(translation.text());
    let lines = declarations.symbols.iter().map(|symbol| {
        let name =
            &translation.text()[symbol.name_span.start as usize..symbol.name_span.end as usize];
        assert_eq!(name.replace(' ', ""), declarations.text(symbol.name));
        let mut container = String::new();
        let mut parent = symbol.parent;
        while let Some(owner) = parent.map(|index| &declarations.symbols[index as usize]) {
            container = format!("{}.{container}", declarations.text(owner.name));
            parent = owner.parent;
        }
        let signature = declarations.text(symbol.signature);
        let mut line = format!("{} {container}{signature}", symbol.kind.as_str());
        for modifier in symbol.modifiers.iter() {
            line += &format!(" +{}", modifier.as_str());
        }
        line + if symbol.local { " local" } else { "" }
    });
    (lines.collect(), doubt.map(|doubt| doubt.reason))
}

/// `text` declares what `expected` lists, one a line, and the scanner is sure of it.
#[track_caller]
fn check(text: &str, expected: &str) {
    let expected: Vec<_> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (found, doubt) = dump(text);
    assert_eq!(found, expected, "{text}");
    assert_eq!(doubt, None, "{text}");
}

/// The members of a class whose body is `body`.
#[track_caller]
fn check_members(body: &str, expected: &str) {
    check(&format!("class A {{ {body} }}"), &format!("class A\n{expected}"));
}

/// `text` is broken, and yet this much can be made out.
#[track_caller]
fn check_broken(text: &str, expected: &str) {
    let expected: Vec<_> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let (found, doubt) = dump(text);
    assert_eq!(found, expected, "{text}");
    assert!(doubt.is_some(), "{text}");
}

#[test]
fn types_of_all_kinds_are_found_with_their_headers() {
    check(
        "public class A<K,V> extends B<K> implements C, D<V> { }
         sealed interface I<T extends A<T> & B> permits J, K {}
         non-sealed interface J extends I {}
         enum E implements I { }
         record R<T>(int x, T... y) implements I { }
         public @interface N { }",
        "class A<K,V> extends B<K> implements C, D<V> +public
         interface I<T extends A<T> & B> permits J, K +sealed
         interface J extends I +non-sealed
         enum E implements I
         record R<T>(int x, T... y) implements I
         record-component R.x: int
         record-component R.y: T...
         annotation N +public",
    );
    check(
        "class A { class B { interface C { int d = 1; } } }",
        "class A\nclass A.B\ninterface A.B.C\nfield A.B.C.d: int",
    );
}

#[test]
fn methods_and_constructors_have_their_parameters_and_results() {
    check_members(
        "A() {} <T> A(T t) throws X, Y { } private int f()[] { return null; }
         abstract java.util.Map<K, V>[] g(final int a, String ... b) throws Z;
         public static <T extends B<T>> @N T h(@M(\")\") T t) { } void k(A this) {}",
        "constructor A.A()
         constructor A.A<T>(T t)
         method A.f(): int[] +private
         method A.g(final int a, String... b): java.util.Map<K, V>[] +abstract
         method A.h<T extends B<T>>(@M(\")\") T t): T +public +static
         method A.k(A this): void",
    );
    check(
        "record P(@Deprecated int x, @N final List<T> y[]) { public P { if (x) {} } P(int z) { this(z, null); } }",
        "record P(@Deprecated int x, @N final List<T> y[])
         record-component P.x: int +deprecated
         record-component P.y: List<T>[] +final
         constructor P.P +public
         constructor P.P(int z)",
    );
    check(
        "@interface N { int a() default 1; String[] b() default {\"}\", \";\"}; N c() default @N(a = 2); int D = 3; }",
        "annotation N
         method N.a(): int
         method N.b(): String[]
         method N.c(): N
         field N.D: int",
    );
}

#[test]
fn each_declarator_is_a_field() {
    check_members(
        "int a[], b = f(x, y), c; final int[] d[] = {{1, 2}, {3}}, e @N [] = {};",
        "field A.a: int[]\nfield A.b: int\nfield A.c: int\nfield A.d: int[][] +final\nfield A.e: int[]@N [] +final",
    );
}

#[test]
fn a_comma_in_type_arguments_ends_no_declarator_and_one_behind_a_comparison_does() {
    check_members(
        "Map<A,B> m = new HashMap<A, B>(), n; boolean p = x < y, q = z > w; int r = a << b, s = c >>> d;
         Object t = A.<B, C<D>>f(), u = B<C, D[]>::new, v = x < y ? z : w, o = i < j < k, l = 1;",
        "field A.m: Map<A,B>
         field A.n: Map<A,B>
         field A.p: boolean
         field A.q: boolean
         field A.r: int
         field A.s: int
         field A.t: Object
         field A.u: Object
         field A.v: Object
         field A.o: Object
         field A.l: Object",
    );
    check_members(
        "Map<A, Map<B, List<C>>> a = new M<A, Map<B, List<C>>>(), b; List<List<List<D>>>c;",
        "field A.a: Map<A, Map<B, List<C>>>\nfield A.b: Map<A, Map<B, List<C>>>\nfield A.c: List<List<List<D>>>",
    );
    check_members(
        "Map<? super @N(\">\") A, ?> a, b = c;",
        "field A.a: Map<? super @N(\">\") A, ?>\nfield A.b: Map<? super @N(\">\") A, ?>",
    );
}

#[test]
fn initialisers_of_any_kind_are_skipped() {
    check_members(
        "F a = (x, y) -> { int b = 1; return x; }, c = x -> y, d = A::new;
         int e = switch (f) { case 1, 2 -> { yield 3; } default -> 4; }, g;
         Object h = new Object() { int i; void j() {} { int k; } }, l[] = {new A() { int m; }, null}, n;",
        "field A.a: F\nfield A.c: F\nfield A.d: F\nfield A.e: int\nfield A.g: int
         field A.h: Object\nfield A.l: Object[]\nfield A.n: Object",
    );
}

#[test]
fn enum_constants_may_have_arguments_and_bodies() {
    check(
        "enum E { A, @Deprecated B(1, f(2)), C { int x; void f() {} }, D(() -> { ; }) { }, ; int y; E(int... z) {} }",
        "enum E
         enum-constant E.A
         enum-constant E.B +deprecated
         enum-constant E.C
         enum-constant E.D
         field E.y: int
         constructor E.E(int... z)",
    );
    check(
        "enum E { } enum F { , } enum G { ; } enum H { I }",
        "enum E\nenum F\nenum G\nenum H\nenum-constant H.I",
    );
}

#[test]
fn named_types_in_code_are_local_and_members_of_anonymous_classes_are_no_symbols() {
    check_members(
        "void f() { final @N class L { int x; void g() { record R(int y) {} } } new B() { int no; void no() {} class M { int z; } }; }
         { interface I {} } static { enum E { C } }
         Object o = new B() { void no() { class N {} } }, p;
         enum F { D(new B() { class O {} }) { class P {} void no() {} } }",
        "method A.f(): void
         class A.L +final local
         field A.L.x: int local
         method A.L.g(): void local
         record A.L.R(int y) local
         record-component A.L.R.y: int local
         class A.M local
         field A.M.z: int local
         interface A.I local
         enum A.E local
         enum-constant A.E.C local
         field A.o: Object
         class A.N local
         field A.p: Object
         enum A.F
         enum-constant A.F.D
         class A.F.O local
         class A.F.P local",
    );
    check_members(
        "void f() { if (A.class == B[].class) { g(int.class); } record.x(); case B record when (y) -> { } /* class C { */ String s = \"class D {\"; }",
        "method A.f(): void",
    );
}

#[test]
fn contextual_keywords_are_names_as_well() {
    check_members(
        "int record, sealed, var, module, yield, when, permits, open; record with(open record) { }
         when sealed; open module; non non; void yield() { } when<T> when; int non = 1;",
        "field A.record: int\nfield A.sealed: int\nfield A.var: int\nfield A.module: int\nfield A.yield: int
         field A.when: int\nfield A.permits: int\nfield A.open: int
         record A.with(open record)
         record-component A.with.record: open
         field A.sealed: when
         field A.module: open\nfield A.non: non\nmethod A.yield(): void\nfield A.when: when<T>\nfield A.non: int",
    );
}

#[test]
fn a_file_has_a_package_clause_and_imports() {
    let text = "@Deprecated package a /**/ . b ; import c.D; import e.*; import static f.G.h;
        import static i.J.*; import module k.l; import module.M; import static module.N.*; class O {}";
    let Scan { declarations, doubt } = scan(text);
    let package = declarations.package.as_ref().expect("the text has a clause");
    assert_eq!((declarations.text(package.name), package.deprecated), ("a.b", true));
    assert_eq!((package.span, package.name_span), (cursor::span(0, 32), cursor::span(20, 30)));
    let imports: Vec<_> = declarations
        .imports
        .iter()
        .map(|import| (import.kind, declarations.text(import.path)))
        .collect();
    let expected = [
        (ImportKind::Type, "c.D"),
        (ImportKind::TypeOnDemand, "e"),
        (ImportKind::Static, "f.G.h"),
        (ImportKind::StaticOnDemand, "i.J"),
        (ImportKind::Module, "k.l"),
        (ImportKind::Type, "module.M"),
        (ImportKind::StaticOnDemand, "module.N"),
    ];
    assert_eq!(imports, expected);
    assert_eq!(doubt, None);
}

#[test]
fn a_module_is_a_symbol_and_its_directives_are_none() {
    check(
        "import a.B; @Deprecated open module a . b { requires transitive c; provides d.E with f.G; }",
        "module a.b +open +deprecated",
    );
    check("module a {}", "module a");
}

#[test]
fn a_compact_source_file_has_members_without_a_container() {
    check(
        "void main() { IO.println(); } static int a = 1, b; record R(int c) {} <T> T f(T t) { return t; } module m; open o;",
        "method main(): void\nfield a: int +static\nfield b: int +static\nrecord R(int c)\nrecord-component R.c: int
         method f<T>(T t): T\nfield m: module\nfield o: open",
    );
}

#[test]
fn modifiers_keep_their_order_and_deprecated_comes_last() {
    check_members(
        "@Deprecated(since = \"1\") final @N static public volatile transient int a; @java . lang.Deprecated void b() {}
         @x.Deprecated protected abstract strictfp synchronized native void c(); default void d() {}",
        "field A.a: int +final +static +public +volatile +transient +deprecated
         method A.b(): void +deprecated
         method A.c(): void +protected +abstract +strictfp +synchronized +native
         method A.d(): void +default",
    );
}

#[test]
fn literals_and_comments_hide_what_is_in_them() {
    check_members(
        r#"char a = '"', b = '\'', c = '\\', d = '{'; String e = "// { \" /*", f = "\\", g = ""; // class B { "
           /* " } ' */ int h; /** } */ void i() { char j = '}'; String k = "}"; /* } */ // }
           } int l;"#,
        "field A.a: char\nfield A.b: char\nfield A.c: char\nfield A.d: char
         field A.e: String\nfield A.f: String\nfield A.g: String\nfield A.h: int\nmethod A.i(): void\nfield A.l: int",
    );
    check_members(
        "String a = \"\"\"\n } \" \"\" \\\"\"\" class B { // /*\n\"\"\", b = \"\"\"\n\\\\\"\"\"; void f() { g(\"\"\"\n } ' \"\"\"); } int c;",
        "field A.a: String\nfield A.b: String\nmethod A.f(): void\nfield A.c: int",
    );
}

#[test]
fn comments_may_stand_between_any_two_tokens() {
    check(
        "/**/public/**/class/**/A/**/</**/T/**/>/**/extends/**/B/**/./**/C/**/{/**/int/**/a/**/[/**/]/**/=/**/1/**/,/**/b/**/;\
         /**/@/**/N/**/(/**/1/**/)/**/void/**/f/**/(/**/int/**/x/**/)/**/throws/**/E/**/{/**/}/**/enum/**/G/**/{/**/H/**/(/**/)/**/{/**/}/**/}/**/}/**/",
        "class A <T> extends B.C +public
         field A.a: int[]
         field A.b: int
         method A.f(int x): void
         enum A.G
         enum-constant A.G.H",
    );
}

#[test]
fn line_ends_and_white_space_of_any_kind_are_that() {
    check("class A {\r\n  // }\r\n  int a;\r\n}\r\n", "class A\nfield A.a: int");
    check("class A {\r  // }\r  int a;\r}", "class A\nfield A.a: int");
    check("class\x0cA\t{\x0c}\x1a", "class A");
    check("\u{feff}class A {}", "class A");
    check(
        "class Ä { int ß, 名前, $a, _b; 𝒳<é> f() {} }",
        "class Ä\nfield Ä.ß: int\nfield Ä.名前: int\nfield Ä.$a: int\nfield Ä._b: int\nmethod Ä.f(): 𝒳<é>",
    );
    check(
        r"cl\u0061ss A \u007b char c = '\u005c''; int \u0062; \u007D",
        "class A\nfield A.c: char\nfield A.b: int",
    );
    check("", "");
    check(";;class A { ; ; };", "class A");
}

#[test]
fn a_doubt_tells_where_and_why() {
    for (text, offset, reason) in [
        ("class A { B() {} }", 10, Reason::StrangeConstructor),
        ("class A { ) }", 10, Reason::UnexpectedToken),
        ("class A {", 9, Reason::UnclosedBracket),
        ("class A { } }", 13, Reason::UnclosedBracket),
        ("class A { } /* ", 12, Reason::UnclosedComment),
        ("class A { char c = '", 19, Reason::UnclosedLiteral),
    ] {
        let doubt = scan(text).doubt;
        assert_eq!(doubt, Some(Doubt { offset, reason }), "{text}");
    }
}

#[test]
fn what_follows_an_unfinished_member_is_found() {
    let unfinished = [
        ("int a", "field A.a: int"),
        ("int a = ", "field A.a: int"),
        ("int a = f(1, ", "field A.a: int"),
        ("int a = x < y", "field A.a: int"),
        ("int a, ", "field A.a: int"),
        ("private ", ""),
        ("java.", ""),
        ("foo.bar(", ""),
        ("@N", ""),
        ("@N(1, ", ""),
        ("Map<K, ", ""),
        ("if (x) y();", ""),
        ("String s = \"abc", "field A.s: String"),
        ("void f(int x, ", "method A.f(int x,: void"),
        ("void f()", "method A.f(): void"),
        ("void f() throws ", "method A.f(): void"),
        ("void f() { g(; }", "method A.f(): void"),
        ("class B", "class A.B"),
        ("class B extends", "class A.B extends"),
        (
            "enum E {\n    X,\n    Y\n    Z, int i; }",
            "enum A.E\nenum-constant A.E.X\nenum-constant A.E.Y\nenum-constant A.E.Z\nfield A.E.i: int",
        ),
        ("void f() { if (x) { }", "method A.f(): void"),
        ("void f() {", "method A.f(): void"),
        ("void f() { } }", "method A.f(): void"),
        ("void f() { if (x) } }", "method A.f(): void"),
    ];
    for (member, expected) in unfinished {
        let text = format!("class A {{\n  {member}\n  public void g() {{\n  }}\n  int h;\n}}\n");
        let (found, _) = dump(&text);
        let found: Vec<_> = found.iter().filter_map(|line| line.split(" +").next()).collect();
        let expected = ["class A", expected, "method A.g(): void", "field A.h: int"];
        let expected: Vec<_> = expected.iter().flat_map(|lines| lines.lines()).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn the_layout_tells_where_types_end_that_lack_a_brace() {
    check_broken(
        "class A {\n  class B {\n    void f() {\n      if (x) {\n    }\n  int b;\n  void g() {}\n}\nclass C {\n  int c;\n}\n",
        "class A\nclass A.B\nmethod A.B.f(): void\nfield A.b: int\nmethod A.g(): void\nclass C\nfield C.c: int",
    );
    check_broken(
        "enum E {\n  X { void f() {\n  }, Y\n}\nclass C {\n  int c;\n}\n",
        "enum E\nenum-constant E.X\nclass C\nfield C.c: int",
    );
}

#[test]
fn no_beginning_and_no_end_of_a_text_is_a_problem() {
    let text = "package a.b; import c.D; @N(x = {1, \"}\"}) class A<T extends B<C[]>> { int a[] = {1}, b = x < y ? '\\'' : 2; \
        enum E { X(1) { class L {} }, Y; } record R(int x, T... y) { R { } } void f(int x) throws Z { \"\"\"\n\"\"\"; } /* c */ } // d";
    for (at, _) in text.char_indices() {
        scan(&text[..at]);
        scan(&text[at..]);
        scan(&format!("{}{}", &text[at..], &text[..at]));
    }
}

#[test]
fn whatever_is_repeated_and_never_closed_overflows_no_stack() {
    let deep = |text: &str| text.repeat(5_000);
    for unit in [
        "class A{",
        "enum A{B{",
        "class A{void f(){",
        "interface A{int a=",
        "(",
        "[",
        "<",
        "{",
        "@A(",
        "a<",
        "a.",
        "@",
        "/*",
        "\"",
        "'",
        "\"\"\"",
        "\\\"\"\"\n",
        "int a=b<",
        "int a=b<c,",
        "\npublic f(",
        "\npublic A<",
        "\n public int a=f(",
        "record A(",
        "}",
        "class A{}}",
        "class A {\n int a=x<y,\n",
        "?",
        "x?",
        "int a = ??",
        "import a.",
        "@interface ",
        "public ",
        "class ",
    ] {
        scan(&deep(unit));
        scan(&format!("class A {{ int x = {}", deep(unit)));
        scan(&format!("class A {{ void f() {{ {}", deep(unit)));
        scan(&format!("class A {{\n  void f() {{\n {}", deep(unit)));
        scan(&format!("enum A {{ {}", deep(unit)));
    }
}
