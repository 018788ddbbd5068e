//! What stands at the bar, in small texts.

use super::*;

/// The name at the bar: its qualifier and itself, its role, its arguments.
fn found(marked: &str) -> Option<(String, Role, Option<usize>)> {
    let offset = marked.find('|').expect("a bar marks the offset");
    let text = marked.replacen('|', "", 1);
    let found = at(&text, offset)?;
    assert_eq!(&text[found.span.start as usize..found.span.end as usize], found.name);
    let mut names = found.qualifier;
    if found.is_member_of_unknown {
        names.push("?");
    }
    names.push(found.name);
    Some((names.join("."), found.role, found.arguments))
}

#[track_caller]
fn check(marked: &str, name: &str, role: Role) {
    let found = found(marked).map(|(name, role, _)| (name, role));
    assert_eq!(found, Some((name.to_owned(), role)), "{marked}");
}

#[track_caller]
fn check_arguments(marked: &str, expected: Option<usize>) {
    let arguments = found(marked).map(|(_, _, arguments)| arguments);
    assert_eq!(arguments, Some(expected), "{marked}");
}

#[test]
fn an_offset_at_either_end_of_a_name_is_on_it() {
    for marked in ["a = |foo;", "a = f|oo;", "a = foo|;", "|foo", "foo|", "/**/|foo", "foo|// a"] {
        check(marked, "foo", Role::Other);
    }
    check("a|.b", "a", Role::Other);
    check("é|é", "éé", Role::Other);
}

#[test]
fn there_is_no_name_in_literals_comments_numbers_and_keywords() {
    for marked in [
        "\"a|b\"",
        "\"ab|",
        "'a|'",
        "\"\"\"\na|b\"\"\"",
        "// a|",
        "/* a| */",
        "/** a| */",
        "1|2L",
        "0xf|f",
        "1.f|",
        "1.|e5",
        "ret|urn a;",
        "this|",
        "a.thi|s()",
        "f(super|)",
        "int|",
        "a + | b",
        "",
        "|",
        "/***/ / |",
    ] {
        let marked = if marked.contains('|') { marked.to_owned() } else { format!("{marked}|") };
        assert_eq!(found(&marked), None, "{marked}");
    }
}

#[test]
fn a_qualifier_is_the_names_before_dot_by_dot() {
    check("java.util.Map.Ent|ry<K, V> e", "java.util.Map.Entry", Role::Other);
    check("java.ut|il.Map.Entry e", "java.util", Role::Other);
    check("this . /* a.b */ x|", "this.x", Role::Other);
    check("a // b.\n  .c|", "a.c", Role::Other);
    check("A.super.b|()", "A.super.b", Role::Call);
    check("Outer<String>.Inn|er a", "Outer.Inner", Role::Other);
    check("java.lang.@NonNull Str|ing a", "java.lang.String", Role::Other);
    check("Lists.<List<A>, B>of|(a)", "Lists.of", Role::Call);
    check("void f(String... arg|s)", "args", Role::Other);
}

#[test]
fn a_member_of_no_plain_name_is_one_of_something_unknown() {
    for receiver in ["f()", "a[0]", "\"a\"", "(a)", "A.class", "new A() {}", "f().a.b", ""] {
        check(&format!("{receiver}.b|()"), "?.b", Role::Call);
    }
}

#[test]
fn calls_are_told_from_declarations_and_patterns() {
    check("return f|(a);", "f", Role::Call);
    check("a = f| /* b */ (a);", "f", Role::Call);
    check("else f|();", "f", Role::Call);
    check("i < n && j > f|(x)", "f", Role::Call);
    for declared in [
        "void f|() {}",
        "public A|() {}",
        "List<A> f|();",
        "A[] f|();",
        "a.B f|();",
        "record A|(int b) {}",
        "case A|(int b) ->",
        "if (a instanceof A|(var b))",
    ] {
        let role = found(declared).map(|(_, role, _)| role);
        assert_eq!(role, Some(Role::Other), "{declared}");
    }
}

#[test]
fn constructions_are_those_of_the_last_name() {
    check("new A|<>()", "A", Role::Construction);
    check("new a.b.C|<D>(e) {}", "a.b.C", Role::Construction);
    check("new a.B|.C()", "a.B", Role::Other);
    check("new @X A|()", "A", Role::Construction);
    check("new A|", "A", Role::Construction);
    check("new A|[3]", "A", Role::Other);
    check("new A<B|>()", "B", Role::Other);
}

#[test]
fn annotations_references_imports_and_packages_are_told() {
    check("@A| class B {}", "A", Role::Annotation);
    check("@a.B|(c) int d", "a.B", Role::Annotation);
    check("@a|.B(c) int d", "a", Role::Other);
    check("A::b|", "A.b", Role::MethodReference);
    check("f()::b|", "?.b", Role::MethodReference);
    check("List<A>::<B>b|", "List.b", Role::MethodReference);
    check("import a.b|.C;", "a.b", Role::Import);
    check("import static a.B.c|;", "a.B.c", Role::Import);
    check("import a|.*;", "a", Role::Import);
    check("import module java.ba|se;", "java.base", Role::Import);
    assert_eq!(found("import mod|ule java.base;"), None);
    check("package a.b|;", "a.b", Role::PackageClause);
}

#[test]
fn arguments_are_counted_up_to_their_end() {
    check_arguments("f|()", Some(0));
    check_arguments("f|( /* a, b */ )", Some(0));
    check_arguments("f|(a, \"b, c\", ',')", Some(3));
    check_arguments("f|(g(a, b), new int[] {1, 2}, (c, d) -> { e(f, g); })", Some(3));
    check_arguments("f|(new Map<A, B>(), C.<D, E>g(), Map<F, G>::new)", Some(3));
    check_arguments("f|(a < b, c > d)", Some(2));
    check_arguments("new A|<B, C>(d)", Some(1));
    check_arguments("new A|", None);
    check_arguments("f|(a, b; }", None);
    check_arguments("f|(a, b", None);
    check_arguments("f|(a]", None);
    check_arguments("f.a|", None);
}

#[test]
fn doc_comments_link_by_their_tags() {
    check("/** {@link Foo|} */", "Foo", Role::DocLink);
    check("/** {@link java.util.Li|st the list} */", "java.util.List", Role::DocLink);
    check("/** {@linkplain\n * Foo#bar|(int, String) label} */", "Foo.bar", Role::DocLink);
    check("/** {@link #bar|} */", "bar", Role::DocLink);
    check("/** {@link Foo#bar(int, a.Str|ing)} */", "a.String", Role::DocLink);
    check("/** {@link java.base/java.lang.Str|ing} */", "java.lang.String", Role::DocLink);
    check("/**\n * @see Foo#ba|r\n */", "Foo.bar", Role::DocLink);
    check("/**\n * @throws IOExc|eption if */", "IOException", Role::DocLink);
    check("/// See {@link Foo|}", "Foo", Role::DocLink);
    check("/// See [Foo#bar|()]", "Foo.bar", Role::DocLink);
    for none in [
        "/** {@link Foo lab|el} */",
        "/** {@code Foo|} */",
        "/* {@link Foo|} */",
        "/** {@link Foo} B|ar */",
        "/** a @see Foo| */",
        "/** [Foo|] */",
        "/** {@link Foo#b(c) d|} */",
    ] {
        assert_eq!(found(none), None, "{none}");
    }
}

#[test]
fn hostile_text_is_read_in_linear_time() {
    for piece in ["a<", "a.", "@a ", "a<b,c>.", "/**/", "\"\"\"", "(", "f(a<", "{@link ", ">", "::"]
    {
        let text = piece.repeat(300_000 / piece.len());
        for offset in [0, text.len() / 2, text.len() - 1, text.len()] {
            at(&text, offset);
        }
        at(&format!("f({text}"), 1);
    }
}

#[test]
fn a_constructor_may_call_another() {
    check("A() { thi|s(1); }", "this", Role::Construction);
    check("A() { <T> sup|er(1, 2); }", "super", Role::Construction);
    check_arguments("A() { super|(1, f(2, 3)); }", Some(2));
}

#[test]
fn an_element_of_an_annotation_is_called_where_it_is_given() {
    check("@Job(pri|o = 3)", "Job.prio", Role::Call);
    check(
        "@a.b.Job(x = {1, 2}, y = \"(\" /* ( */, pri|o=@N(1)) int f;",
        "a.b.Job.prio",
        Role::Call,
    );
    check("@Job(x = @N(val|ue = 2), prio = 1)", "N.value", Role::Call);
    check("@Job(x = @N(value = 2), prio| = 1)", "Job.prio", Role::Call);
    check("f(a| = 3)", "a", Role::Other);
    check("@Job(a| == 3)", "a", Role::Other);
    check("@Job void f() { a| = 3; }", "a", Role::Other);
    check("@Job(x = {a| = 3})", "a", Role::Other);
    check("a| = 3", "a", Role::Other);
}
