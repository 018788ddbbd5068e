//! Small texts with what trips naive scanners. Both paths must see the same in each of them, and in
//! every beginning of each of them neither may stumble.

use nova_syntax::scanner::scan;

use crate::verdict::{Verdict, judge};

/// Legal Java, all of it, on which both must be sure.
pub(crate) const LEGAL: &[&str] = &[
    // Contextual keywords as names.
    "class A { int record, sealed, permits, module, open, with, when, to, uses; \
     A record(A yield) { record = sealed; record.module(open -> when); return this; } \
     void when() { int var = 1; var += record; var yield = 2; } void with() {} void open() {} }",
    "class module {} class open { open open; } interface to { with exports(to to); } class when {}",
    "record Point(int record, int sealed) { Point { record = 1; } Point(int record) { this(1, 2); } }",
    "class record_ { record_ record(record_ record) { record.record(record); record = null; } }",
    "sealed interface S permits A, B {} non-sealed class A implements S {} final class B implements S \
     { int non = 1, sealed = non-sealed; } abstract sealed class C permits D {} final class D extends C {}",
    "class A { module.T a; open.T b; with.T c; when.T d; yield.T e; module f; open[] g; when<T> h() {} to i, j; }",
    "class A { { switch (b) { case record: case sealed: class C {} } switch (when) { case open -> { class D {} } } } }",
    // Generics.
    "class A<T extends Comparable<? super List<Map<String, List<T>>>>> extends B<C<D<E>>> { \
     Map<K, Map<K, Map<K, List<T>>>> a, b = c < d ? e : f; <U, V extends List<List<U>>> void g() {} \
     boolean h = a < b, i = c > d; int j = a >>> b >> c << d, k; int l = f.<A, B>g(), m; }",
    "class A { List<@X(\">\") ? extends @Y({1, 2}) T>[] a = new ArrayList<>() {}, b; Map.@Z Entry<K, V> c; \
     <@W T extends @V(a = 1, b = @U) Object & Comparable<T>> @N T f(T @L [] @M [] a) { return null; } }",
    "class A { Function<Integer, Integer> f = a -> a < 1 ? a > 2 ? 3 : 4 : 5, g = (a, b) -> { return; }; \
     Runnable r = A::<B, C>new, s = int[]::new, t = List<String>::size; int u = (a < b) ? c : d, v; }",
    // Initialisers.
    "class A { int a[] = {1, {2, 3}, f(4, 5)}, b = f(x, y), c; int d = switch (e) { case 1, 2 -> 3; \
     case 4 -> { yield 5; } default -> 6; }, g; Object h = new Object() { int i; void j() {} }, k; }",
    "class A { Runnable a = () -> { class L { int b; void c() { record M(int d) {} } } enum N { O } }, p; \
     Object q = new Object() { int r; class S { int t; } Object u = new Object() { class V {} }; }; }",
    "class A { static { class B { } } { interface C { int d(); } } A() { new Object() { class E {} }; } \
     void f() { for (;;) { if (g) { class H<T> { T i; } } } } Object j = switch (k) { default -> { class L {} yield 1; } }; }",
    "class A { boolean a = x instanceof B b && b.c > 0, d = y instanceof E(var f, G(int h)) && h > 1; \
     Object i = (J & K) () -> {}, l = (M) n, o = (P) (q), r = s ? t -> u : v -> { w(); }; }",
    "class A { String class_ = A.class.getName() + int.class + int[].class + a.b.C.class, d; \
     void f() { g(A.class); enum E { F; class G {} } interface H {} record I() {} @interface J_ {} } }",
    // Strings, characters, comments.
    "class A { char a = '\"', b = '\\'', c = '\\\\', d = '{', e = ';', f = '\\u007d'; int g; }",
    "class A { String a = \"// { \\\" } /* \", b = \"\\\\\", c = \"'\", d = \"\"; int e; /* \" */ int f; // \" '\n int g; }",
    "class A { String a = \"\"\"\n { \" \"\" \\\"\"\" class B { // /*\n\"\"\", b = \"\"\"\n  \\\\\"\"\"; int c; }",
    "class A { String a = \"\"\"\n\"\"\"; String b = \"\" + \"\"\"\n  \"x\" \\\n \"\"\".trim(), c; }",
    "/**/ package /* a */ a /**/ . // b\n b /***/ ; /* c */ import /**/ static /**/ c . d /**/ . * /**/ ;",
    "/*a*/public/*b*/final/*c*/class/*d*/A/*e*/</*f*/T/*g*/>/*h*/extends/*i*/B/*j*/{/*k*/int/*l*/c/*m*/[/*n*/]\
     /*o*/=/*p*/1/*q*/,/*r*/d/*s*/;/*t*/void/*u*/e/*v*/(/*w*/int/*x*/f/*y*/)/*z*/throws/**/G/**/{/**/}/**/}/**/",
    "class A { int /* } */ a; // }\n /** } */ void f() { /* } */ // }\n } /*/ } */ int b; /* * / */ int c; /**//**/ }",
    // Annotations.
    "@A @B() @C(1) @D(\")\") @E({@F(')'), @G}) @H(a = 1, b = {2, 3}) @I(J.class) @ K @/**/L . M class N { \
     @Override public @O static final @P(x = \"}\") int q = 1; @java.lang.Deprecated void r() {} @Deprecated() N() {} }",
    "@interface A { int a() default 1; String[] b()[] default {\"}\", \";\"}; @C(d = 1) E e() default @E(f = {}); \
     int G = 1, H[] = {}; class I {} @interface J {} enum K { L } int default_() default -1; Class<?> m() default N.class; }",
    "enum A { @X B, @Y(1) C(2) { int d; void e() {} class F { int g; } }, H { }, ; int i; A(int... j) {} }",
    "enum A { } enum B { ; } enum C { , } enum D { ,; } enum E { F, } enum G { H; int i; } enum J implements K, L { M(N.O), P }",
    "enum A { B(() -> { class C {} }), D(new Object() { class E { } }) { { class F {} } }; enum G { H } }",
    // Members of every shape.
    "class A { A() {} <T> A(T a) throws B {} int a()[] { } int @X [] b(int c @Y [])@Z [] { return null; } \
     void d(A this) {} void e(@W A<T> this, int... f) {} class G { G(A A.this) {} } abstract void h(final int @V ... i); }",
    "interface A { int a = 1, b[] = {}; default void c() {} static <T> T d() { return null; } private void e() {} void f(); ; }",
    "record A() {} record B(int a) implements C {} record D<T>(@E T a, int @F ... b) { static int c; D { } void d() {} record G(int[] x[]) {} }",
    "record A(int a, List<Map<K, V>> b, final C<?>[] d) { public A(int a, List b, C[] d) { } @Deprecated A { if (a) { class L {} } } }",
    "class A { ; ; int a; ; void f() {} ; class B {} ; } ; class C {} ; interface D { ; } ;",
    "public abstract strictfp class A { protected transient volatile int a; private static final synchronized native void b(); \
     public static void main(String[] args) throws Exception {} static int c; static { } static <T> void d() {} }",
    // Compact source files.
    "import java.util.*; void main() { IO.println(1); } int a = 1, b[] = {2}; String c() { return \"}\"; } \
     static final int d = 3; record E(int f) {} enum G { H } @Deprecated <T> T i(T j) { class K {} return j; }",
    "record A(int b) {} A record(A c) { return c; } sealed interface S permits A {} int sealed = 1; void open() {}",
    // Modules.
    "module a {}",
    "import x.Y; @Deprecated(since = \"}\") /* a */ open /**/ module a . b /**/ . c { requires transitive static d; requires static e; \
     exports e.f to g, h.i; opens j; uses k.L; provides m.N with o.P, q.R; }",
    "import module java.base; import module.a.B; import static module.C.*; import open.D; class E {}",
    // Whitespace and the edges of a file.
    "",
    " \t\x0c\r\n",
    "\u{feff}class A { int b; }",
    "class A {\r\n  // a }\r\n  int b;\r\n}\r\n",
    "class A {\r  // a }\r  int b; /* \r */ String c = \"\"\"\r }\r\"\"\";\r}\r",
    "class\x0cA\x0c{\x0cint\x0cb;\x0c}\x0c",
    "class A { int b; }\x1a",
    "class A { int b; } // c\x1a",
    "class A { int a\0b; /* \0 */ String c = \"\0\"; // \0\n char d = '\0'; }",
    "class A { int b; } // no final newline",
    "class Ä { int ß, 名前, $a, _b; String 𝒳 = \"😀}\"; void é() { class Ω { } } }",
    r"\u0063lass \u0041 \u007b int \u0062 = '\u005c''; String c = \u0022}\u0022; /* \u002a/ int d; \u007d",
];

/// Legal Java that the grammar takes for a syntax error, and the names it declares. The scanner must
/// be right on its own; `docs/judge.md` gives the section of the specification for each.
const BEYOND_THE_GRAMMAR: &[(&str, &[&str])] = &[
    ("class A { record.T a; sealed.T b() {} }", &["A", "a", "b"]),
    ("module.T a; open b; when[] c; with d() {}", &["a", "b", "c", "d"]),
    ("class A { void b() { module.T c; record.T d; class E {} } }", &["A", "b", "E"]),
    ("module a { requires transitive; requires static transitive; }", &["a"]),
];

#[test]
fn the_scanner_knows_legal_java_that_the_grammar_does_not() {
    for (text, names) in BEYOND_THE_GRAMMAR {
        let verdict = judge(text);
        assert!(matches!(verdict, Verdict::NoTree(_)), "{verdict:?}\n{text}");
        let found = scan(text).declarations;
        let found: Vec<_> = found.symbols.iter().map(|symbol| found.text(symbol.name)).collect();
        assert_eq!(found, *names, "{text}");
    }
}

#[test]
fn they_agree_on_nasty_java() {
    for text in LEGAL {
        assert_eq!(judge(text), Verdict::Agree, "{text}");
    }
}

#[test]
fn they_do_not_differ_on_any_beginning_of_nasty_java() {
    for text in LEGAL {
        for (end, _) in text.char_indices() {
            let verdict = judge(&text[..end]);
            assert!(!matches!(verdict, Verdict::Disagree(_)), "{verdict:?}\n{}", &text[..end]);
        }
    }
}
